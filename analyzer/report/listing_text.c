/* SPDX-License-Identifier: MIT */
#include "report/listing.h"

#include <inttypes.h>
#include <time.h>

#include "base/escape.h"

/* Lines in the manner of `ls -l` and `tar -tv`; widths are fixed, because a row is gone before the next is known. */

static void put_mode(struct lopt_buf *out, const struct lopt_row *row)
{
	static const char letters[] = "rwxrwxrwx";
	static const struct {
		unsigned bit, at;
		char set, bare; /* with and without the execute bit */
	} special[] = { { 04000, 2, 's', 'S' }, { 02000, 5, 's', 'S' }, { 01000, 8, 't', 'T' } };
	char text[11] = { row->type == LOPT_FILE ? '-' : (char)row->type };
	for (unsigned i = 0; i < 9; i++)
		text[i + 1] = row->mode & (0400u >> i) ? letters[i] : '-';
	for (size_t i = 0; i < sizeof special / sizeof special[0]; i++) {
		char *at = &text[special[i].at + 1];
		if (row->mode & special[i].bit)
			*at = *at == 'x' ? special[i].set : special[i].bare;
	}
	lopt_buf_text(out, text);
}

/* UTC, to the second; "-" for what has none. */
static void put_time(struct lopt_buf *out, const struct lopt_row *row)
{
	int64_t seconds = row->mtime_ns / 1000000000 - (row->mtime_ns % 1000000000 < 0);
	time_t when = (time_t)seconds;
	struct tm tm;
	if (!row->has_time || !gmtime_r(&when, &tm))
		lopt_buf_printf(out, " %-19s", "-");
	else
		lopt_buf_printf(out, " %04d-%02d-%02d %02d:%02d:%02d", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday,
				tm.tm_hour, tm.tm_min, tm.tm_sec);
}

static void put_size(struct lopt_buf *out, const struct lopt_row *row)
{
	char text[32];
	if (row->type == LOPT_CHAR || row->type == LOPT_BLOCK)
		(void)snprintf(text, sizeof text, "%" PRIu32 ",%" PRIu32, row->major, row->minor);
	else
		(void)snprintf(text, sizeof text, "%" PRIu64, row->type == LOPT_FILE ? row->size : 0);
	lopt_buf_printf(out, " %12s", text);
}

static void put_columns(struct lopt_buf *out, const struct lopt_row *row)
{
	char owner[48];
	put_mode(out, row);
	(void)snprintf(owner, sizeof owner, "%" PRId64 ":%" PRId64, row->uid, row->gid);
	lopt_buf_printf(out, " %-11s", owner);
	put_size(out, row);
	put_time(out, row);
	lopt_buf_printf(out, " %3zu ", row->layer);
}

void lopt_listing_line(struct lopt_lister *lister, const struct lopt_row *row)
{
	struct lopt_buf *out = &lister->scratch;
	lopt_buf_clear(out);
	if (lister->options->long_form)
		put_columns(out, row);
	lopt_escape_text(out, row->path);
	if (lister->options->long_form && row->link.len) {
		lopt_buf_text(out, " -> ");
		lopt_escape_text(out, row->link);
	}
	if (lister->options->long_form && row->hardlink.len && !lopt_str_equal(row->hardlink, row->path)) {
		lopt_buf_text(out, " link to ");
		lopt_escape_text(out, row->hardlink);
	}
	if (row->whiteout || row->opaque)
		lopt_buf_text(out, row->opaque ? " (opaque)" : " (whiteout)");
	lopt_buf_char(out, '\n');
	if (!out->failed)
		(void)fwrite(out->data, 1, out->len, lister->to);
}
