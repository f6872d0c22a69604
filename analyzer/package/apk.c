/* SPDX-License-Identifier: MIT */
#include "package/apk.h"

#include "base/cleanup.h"
#include "package/teller.h"
#include "package/text.h"

struct apk {
	struct lopt_teller teller;
	struct lopt_package package;
	struct lopt_str folder;
	bool told; /* the package of this record, to the sink */
};

static void start_record(struct apk *apk)
{
	apk->package = (struct lopt_package){ .manager = "apk" };
	apk->folder = lopt_str_make(NULL, 0);
	apk->told = false;
}

/* Name and version stand before the first file. */
static enum lopt_status tell_package(struct apk *apk, struct lopt_error *err)
{
	if (apk->told || apk->package.name.len == 0)
		return LOPT_OK;
	apk->told = true;
	return apk->teller.sink->package(apk->teller.sink, &apk->package, err);
}

static enum lopt_status tell_file(struct apk *apk, struct lopt_str folder, struct lopt_str name, struct lopt_error *err)
{
	LOPT_TRY(tell_package(apk, err));
	return apk->told ? lopt_teller_file(&apk->teller, folder, name, err) : LOPT_OK;
}

static enum lopt_status take(struct apk *apk, char letter, struct lopt_str value, struct lopt_error *err)
{
	switch (letter) {
	case 'P':
		if (!apk->told)
			apk->package.name = value;
		return LOPT_OK;
	case 'V':
		if (!apk->told)
			apk->package.version = value;
		return LOPT_OK;
	case 'F':
		apk->folder = value;
		return tell_file(apk, lopt_str_make(NULL, 0), value, err);
	case 'R':
		return tell_file(apk, apk->folder, value, err);
	default:
		return LOPT_OK;
	}
}

static enum lopt_status read_lines(struct apk *apk, struct lopt_str text, struct lopt_error *err)
{
	struct lopt_str line;
	start_record(apk);
	while (lopt_text_line(&text, &line)) {
		if (line.len == 0) {
			LOPT_TRY(tell_package(apk, err));
			start_record(apk);
		} else if (line.len >= 2 && line.ptr[1] == ':') {
			LOPT_TRY(take(apk, line.ptr[0], lopt_str_make(line.ptr + 2, line.len - 2), err));
		}
	}
	return tell_package(apk, err);
}

enum lopt_status lopt_apk_parse(struct lopt_str text, struct lopt_str path, struct lopt_package_sink *sink,
				struct lopt_error *err)
{
	(void)path;
	struct apk apk;
	lopt_teller_init(&apk.teller, sink, text);
	enum lopt_status status = read_lines(&apk, text, err);
	lopt_teller_release(&apk.teller);
	return status;
}
