/* SPDX-License-Identifier: MIT */
#include <sys/utsname.h>

#include "source/plan.h"

/* uname's machine and GOARCH for the same thing. */
static const struct {
	const char *machine, *architecture;
} machines[] = {
	{ "x86_64", "amd64" },	  { "aarch64", "arm64" }, { "armv8l", "arm" },	    { "armv7l", "arm" },
	{ "armv6l", "arm" },	  { "i386", "386" },	  { "i586", "386" },	    { "i686", "386" },
	{ "ppc64le", "ppc64le" }, { "s390x", "s390x" },	  { "riscv64", "riscv64" }, { "loongarch64", "loong64" },
	{ "mips64", "mips64le" }, { "ppc64", "ppc64" },
};

struct lopt_platform lopt_platform_host(void)
{
	struct utsname name;
	struct lopt_platform host = { .os = lopt_str_from("linux"), .architecture = lopt_str_from("unknown") };
	if (uname(&name) != 0)
		return host;
	for (size_t i = 0; i < sizeof machines / sizeof machines[0]; i++)
		if (strcmp(name.machine, machines[i].machine) == 0)
			host.architecture = lopt_str_from(machines[i].architecture);
	return host;
}

enum lopt_status lopt_platform_parse(struct lopt_platform *out, const char *text, struct lopt_error *err)
{
	struct lopt_str parts[3] = { { NULL, 0 } };
	size_t count = 0;
	for (const char *at = text; count < 3;) {
		const char *slash = strchr(at, '/');
		parts[count++] = lopt_str_make(at, slash ? (size_t)(slash - at) : strlen(at));
		if (!slash)
			break;
		if (count == 3 || slash[1] == '\0')
			count = 4;
		at = slash + 1;
	}
	if (count < 2 || count > 3 || parts[0].len == 0 || parts[1].len == 0)
		return lopt_error_set(err, LOPT_E_USAGE,
				      "--platform %s: it is written os/arch[/variant], as in linux/arm64", text);
	*out = (struct lopt_platform){ parts[0], parts[1], parts[2] };
	return LOPT_OK;
}

static bool same_variant(const struct lopt_platform *wanted, const struct lopt_platform *has)
{
	if (lopt_str_equal(wanted->variant, has->variant))
		return true;
	if (has->variant.len)
		return false;
	const char *usual = lopt_str_is(has->architecture, "arm64") ? "v8"
			    : lopt_str_is(has->architecture, "arm") ? "v7"
								    : "v1";
	return lopt_str_is(wanted->variant, usual);
}

bool lopt_platform_matches(const struct lopt_platform *wanted, const struct lopt_platform *has)
{
	return lopt_str_equal(wanted->os, has->os) && lopt_str_equal(wanted->architecture, has->architecture) &&
	       (wanted->variant.len == 0 || same_variant(wanted, has));
}

void lopt_platform_print(struct lopt_buf *out, const struct lopt_platform *platform)
{
	lopt_buf_str(out, platform->os);
	lopt_buf_char(out, '/');
	lopt_buf_str(out, platform->architecture);
	if (platform->variant.len) {
		lopt_buf_char(out, '/');
		lopt_buf_str(out, platform->variant);
	}
}
