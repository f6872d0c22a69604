/* SPDX-License-Identifier: MIT */
/* rpm's databases. The first byte chooses: a header alone, a whole database, or the older forms. */
#include "package/rpm.h"
#include "package/rpm_header.h"
#include "databases.h"

static enum lopt_status parse_header(struct lopt_str text, struct lopt_str path, struct lopt_package_sink *sink,
				     struct lopt_error *err)
{
	(void)path;
	struct lopt_teller teller;
	lopt_teller_init(&teller, sink, text);
	enum lopt_status status = lopt_rpm_header_tell(&teller, text, err);
	lopt_teller_release(&teller);
	return status;
}

static lopt_package_parse *const parsers[] = {
	parse_header, lopt_rpm_parse, lopt_rpm_parse_berkeley, lopt_rpm_parse_ndb, lopt_rpm_parse_wal,
};
enum { PARSERS = sizeof parsers / sizeof parsers[0] };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	struct examiner examiner;
	struct lopt_str text = lopt_str_make((const char *)data + 1, size - 1);
	lopt_package_parse *parse = parsers[data[0] % PARSERS];
	enum lopt_status status = examine_database(&examiner, parse, text, lopt_str_from("var/lib/rpm/rpmdb.sqlite"));
	MUST(parse != parse_header || status != LOPT_E_INPUT || examiner.packages == 0);
	return 0;
}
