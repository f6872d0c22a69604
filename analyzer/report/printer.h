/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_REPORT_PRINTER_H
#define LAYEROPT_REPORT_PRINTER_H

#include <stdio.h>

#include "base/buf.h"

/**
 * Lines of text for people, put together cell by cell and counted in terminal columns. Text of the input goes through
 * lopt_printer_raw, _elided or _wrapped, which escape it. Failures are sticky until lopt_printer_finish.
 */
struct lopt_printer {
	FILE *to;
	struct lopt_buf line; /* what is being put together */
	struct lopt_buf cell; /* one piece of it */
	size_t column;	      /* columns used of this line */
	size_t columns;	      /* how many there are */
	bool color;
	bool unicode;
};

enum lopt_style { LOPT_STYLE_STRONG, LOPT_STYLE_GOOD, LOPT_STYLE_WARN, LOPT_STYLE_BAD, LOPT_STYLE_DIM };

/** `to` stays the caller's. */
void lopt_printer_init(struct lopt_printer *printer, FILE *to, size_t columns, bool color, bool unicode);
/** Releases; LOPT_E_MEMORY when anything did not fit into memory. */
LOPT_CHECKED enum lopt_status lopt_printer_finish(struct lopt_printer *printer, struct lopt_error *err);

/** Printable ASCII of the program's own. */
void lopt_printer_text(struct lopt_printer *printer, const char *text);
void lopt_printer_printf(struct lopt_printer *printer, const char *fmt, ...) LOPT_PRINTF(2, 3);
/** Spaces up to a column; one at least where the line is longer already. */
void lopt_printer_to_column(struct lopt_printer *printer, size_t column);
/** End of line: spaces at its end go, and it is written; where it would start with "::", a backslash is in front of it. */
void lopt_printer_end(struct lopt_printer *printer);
/** An empty line, and one of its own that stands out. */
void lopt_printer_heading(struct lopt_printer *printer, const char *text);
/** Columns left of this line; 1 at least. */
size_t lopt_printer_room(const struct lopt_printer *printer);
/** A whole line. */
void lopt_printer_line(struct lopt_printer *printer, const char *text);

/** Text of the input, escaped. */
void lopt_printer_raw(struct lopt_printer *printer, struct lopt_str text);
/** The same, its middle replaced by "..." where it takes more than `width` columns. */
void lopt_printer_elided(struct lopt_printer *printer, struct lopt_str text, size_t width);
/** The same, its end cut off: the beginning of an instruction says most. */
void lopt_printer_cut(struct lopt_printer *printer, struct lopt_str text, size_t width);
/** Text of the input, broken at spaces; later lines start at column `indent`. Ends its last line. */
void lopt_printer_wrapped(struct lopt_printer *printer, struct lopt_str text, size_t indent);

/** Right-aligned in `width` columns: "1.5 MB", "1,234", "21.9%" */
void lopt_printer_size(struct lopt_printer *printer, uint64_t bytes, size_t width);
void lopt_printer_count(struct lopt_printer *printer, uint64_t count, size_t width);
void lopt_printer_right(struct lopt_printer *printer, const char *text, size_t width);

/** Colour until lopt_printer_plain; nothing where there is none. */
void lopt_printer_style(struct lopt_printer *printer, enum lopt_style style);
void lopt_printer_plain(struct lopt_printer *printer);

/** Cut escaped text in its middle so that it takes at most `width` columns; appended to `out`. */
void lopt_text_elide(struct lopt_buf *out, struct lopt_str text, size_t width);
/** "21.9%": a share of a whole with one decimal; "0.0%" of nothing. Never "100.0%" of less than the whole, nor "0.0%" of something. */
void lopt_percent_format(struct lopt_buf *out, uint64_t part, uint64_t whole);

#endif
