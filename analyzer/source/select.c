/* SPDX-License-Identifier: MIT */
#include "base/cleanup.h"
#include "source/plan.h"

enum { LIST_MAX = 700 };

static void list_choice(struct lopt_buf *out, const struct lopt_choice *choice, size_t number)
{
	lopt_buf_printf(out, "%s%zu", number > 1 ? ", " : "", number);
	for (size_t i = 0; i < choice->name_count; i++) {
		lopt_buf_text(out, i ? ", " : " (");
		lopt_buf_str(out, choice->names[i]);
	}
	if (choice->name_count)
		lopt_buf_char(out, ')');
}

/* The whole list, or as much of it as an error message takes. */
static enum lopt_status refuse(const struct lopt_choice *choices, size_t count, const char *select,
			       struct lopt_error *err)
{
	LOPT_CLEANUP(lopt_buf_release) struct lopt_buf list = LOPT_BUF_INIT(LIST_MAX);
	size_t shown = 0, fits = 0;
	for (; shown < count && !list.failed; shown++) {
		fits = list.len;
		list_choice(&list, &choices[shown], shown + 1);
	}
	size_t len = list.failed ? fits : list.len;
	const char *more = list.failed ? ", ..." : "";
	const char *text = list.data ? list.data : "";
	if (select)
		return lopt_error_set(err, LOPT_E_USAGE, "no image \"%s\" (--select) among: %.*s%s", select, (int)len,
				      text, more);
	return lopt_error_set(err, LOPT_E_USAGE, "%zu images; choose one with --select NAME|N: %.*s%s", count, (int)len,
			      text, more);
}

static bool has_name(const struct lopt_choice *choice, const char *name)
{
	for (size_t i = 0; i < choice->name_count; i++)
		if (lopt_str_is(choice->names[i], name))
			return true;
	return false;
}

/* A number from 1 to `count`, or 0. */
static size_t parse_number(const char *text, size_t count)
{
	size_t n = 0;
	for (const char *c = text; *c; c++) {
		if (*c < '0' || *c > '9' || n > count)
			return 0;
		n = n * 10 + (size_t)(*c - '0');
	}
	return n <= count ? n : 0;
}

enum lopt_status lopt_select_image(size_t *out, const struct lopt_choice *choices, size_t count, const char *select,
				   struct lopt_error *err)
{
	if (!select && count == 1) {
		*out = 0;
		return LOPT_OK;
	}
	if (!select)
		return refuse(choices, count, NULL, err);
	for (size_t i = 0; i < count; i++) {
		if (has_name(&choices[i], select)) {
			*out = i;
			return LOPT_OK;
		}
	}
	size_t number = parse_number(select, count);
	if (number == 0)
		return refuse(choices, count, select, err);
	*out = number - 1;
	return LOPT_OK;
}
