/* SPDX-License-Identifier: MIT */
#include "report/printer.h"

#include <stdarg.h>

#include "base/escape.h"
#include "base/size.h"

void lopt_printer_init(struct lopt_printer *printer, FILE *to, size_t columns, bool color, bool unicode)
{
	*printer = (struct lopt_printer){
		.to = to,
		.line = LOPT_BUF_INIT(SIZE_MAX / 2),
		.cell = LOPT_BUF_INIT(SIZE_MAX / 2),
		.columns = columns,
		.color = color,
		.unicode = unicode,
	};
}

enum lopt_status lopt_printer_finish(struct lopt_printer *printer, struct lopt_error *err)
{
	bool failed = printer->line.failed || printer->cell.failed;
	lopt_buf_release(&printer->line);
	lopt_buf_release(&printer->cell);
	return failed ? lopt_error_memory(err) : LOPT_OK;
}

void lopt_printer_text(struct lopt_printer *printer, const char *text)
{
	lopt_buf_text(&printer->line, text);
	printer->column += strlen(text);
}

void lopt_printer_printf(struct lopt_printer *printer, const char *fmt, ...)
{
	char text[256];
	va_list args;
	va_start(args, fmt);
	if (vsnprintf(text, sizeof text, fmt, args) < 0)
		text[0] = '\0';
	va_end(args);
	lopt_printer_text(printer, text);
}

static void spaces(struct lopt_printer *printer, size_t count)
{
	for (size_t i = 0; i < count; i++)
		lopt_buf_char(&printer->line, ' ');
	printer->column += count;
}

void lopt_printer_to_column(struct lopt_printer *printer, size_t column)
{
	if (printer->column < column)
		spaces(printer, column - printer->column);
	else if (printer->column > 0)
		spaces(printer, 1);
}

/* GitHub takes a line that starts with "::", spaces aside, for a command of the program that prints it. */
static void disarm(struct lopt_buf *line)
{
	size_t at = 0;
	while (at < line->len && line->data[at] == ' ')
		at++;
	if (line->failed || line->len - at < 2 || memcmp(line->data + at, "::", 2) != 0)
		return;
	if (!lopt_buf_reserve(line, 1))
		return;
	memmove(line->data + at + 1, line->data + at, line->len - at);
	line->data[at] = '\\';
	line->len++;
}

void lopt_printer_end(struct lopt_printer *printer)
{
	struct lopt_buf *line = &printer->line;
	disarm(line);
	while (line->len && line->data[line->len - 1] == ' ')
		line->len--;
	lopt_buf_char(line, '\n');
	/* A failed line stays failed: nothing may be missing from the middle of a report. */
	if (line->failed)
		return;
	(void)fwrite(line->data, 1, line->len, printer->to);
	lopt_buf_clear(line);
	printer->column = 0;
}

void lopt_printer_line(struct lopt_printer *printer, const char *text)
{
	lopt_printer_text(printer, text);
	lopt_printer_end(printer);
}

/* Text of the input. */

static struct lopt_str escaped(struct lopt_printer *printer, struct lopt_str text)
{
	if (printer->cell.failed)
		return lopt_str_make(NULL, 0);
	lopt_buf_clear(&printer->cell);
	lopt_escape_text(&printer->cell, text);
	return lopt_buf_view(&printer->cell);
}

static void put(struct lopt_printer *printer, struct lopt_str text)
{
	lopt_buf_str(&printer->line, text);
	printer->column += lopt_text_width(text);
}

void lopt_printer_raw(struct lopt_printer *printer, struct lopt_str text)
{
	put(printer, escaped(printer, text));
}

/* Bytes and columns of the character at `at`. */
static size_t character(struct lopt_str text, size_t at, size_t *width)
{
	uint32_t rune;
	size_t len = lopt_utf8_decode(text, at, &rune);
	if (len == 0)
		len = 1;
	*width = lopt_text_width(lopt_str_make(text.ptr + at, len));
	return len;
}

/* The first byte behind the characters from `at` on that fit into `width`. */
static size_t fitting(struct lopt_str text, size_t at, size_t width)
{
	while (at < text.len) {
		size_t columns;
		size_t len = character(text, at, &columns);
		if (columns > width)
			break;
		width -= columns;
		at += len;
	}
	return at;
}

void lopt_text_elide(struct lopt_buf *out, struct lopt_str text, size_t width)
{
	static const char dots[] = "...";
	size_t total = lopt_text_width(text);
	if (total <= width) {
		lopt_buf_str(out, text);
		return;
	}
	/* The end of a path says more than its beginning. */
	size_t room = width > sizeof dots - 1 ? width - (sizeof dots - 1) : 0;
	size_t head = room / 3;
	size_t tail = room - head;
	size_t head_end = fitting(text, 0, head);
	size_t tail_start = head_end;
	size_t left = total - lopt_text_width(lopt_str_make(text.ptr, head_end));
	while (tail_start < text.len && left > tail) {
		size_t columns;
		tail_start += character(text, tail_start, &columns);
		left -= columns;
	}
	lopt_buf_add(out, text.ptr, head_end);
	lopt_buf_add(out, dots, width < sizeof dots - 1 ? width : sizeof dots - 1);
	lopt_buf_add(out, text.ptr + tail_start, text.len - tail_start);
}

void lopt_printer_elided(struct lopt_printer *printer, struct lopt_str text, size_t width)
{
	struct lopt_str plain = escaped(printer, text);
	size_t before = printer->line.len;
	lopt_text_elide(&printer->line, plain, width);
	if (!printer->line.failed)
		printer->column +=
			lopt_text_width(lopt_str_make(printer->line.data + before, printer->line.len - before));
}

void lopt_printer_cut(struct lopt_printer *printer, struct lopt_str text, size_t width)
{
	struct lopt_str plain = escaped(printer, text);
	if (lopt_text_width(plain) <= width) {
		put(printer, plain);
		return;
	}
	put(printer, lopt_str_make(plain.ptr, fitting(plain, 0, width > 3 ? width - 3 : 0)));
	lopt_printer_text(printer, "...");
}

/* How much of the text from `at` on goes into `width` columns: whole words, or a part of one that is too long. */
static size_t words_fitting(struct lopt_str text, size_t at, size_t width)
{
	size_t end = fitting(text, at, width);
	if (end == text.len || text.ptr[end] == ' ')
		return end;
	size_t space = end;
	while (space > at && text.ptr[space - 1] != ' ')
		space--;
	if (space > at)
		return space;
	size_t columns;
	return end > at ? end : at + character(text, at, &columns);
}

void lopt_printer_wrapped(struct lopt_printer *printer, struct lopt_str text, size_t indent)
{
	struct lopt_str plain = escaped(printer, text);
	for (size_t at = 0; at < plain.len;) {
		size_t width = printer->columns > printer->column ? printer->columns - printer->column : 1;
		size_t end = words_fitting(plain, at, width);
		put(printer, lopt_str_make(plain.ptr + at, end - at));
		while (end < plain.len && plain.ptr[end] == ' ')
			end++;
		at = end;
		if (at < plain.len) {
			lopt_printer_end(printer);
			spaces(printer, indent);
		}
	}
	lopt_printer_end(printer);
}

/* Figures. */

void lopt_printer_right(struct lopt_printer *printer, const char *text, size_t width)
{
	size_t len = strlen(text);
	if (len < width)
		spaces(printer, width - len);
	lopt_printer_text(printer, text);
}

static void put_cell(struct lopt_printer *printer, size_t width)
{
	if (!printer->cell.failed)
		lopt_printer_right(printer, printer->cell.data, width);
}

void lopt_printer_size(struct lopt_printer *printer, uint64_t bytes, size_t width)
{
	if (printer->cell.failed)
		return;
	lopt_buf_clear(&printer->cell);
	lopt_size_format(&printer->cell, bytes);
	put_cell(printer, width);
}

void lopt_printer_count(struct lopt_printer *printer, uint64_t count, size_t width)
{
	if (printer->cell.failed)
		return;
	lopt_buf_clear(&printer->cell);
	lopt_count_format(&printer->cell, count);
	put_cell(printer, width);
}

void lopt_percent_format(struct lopt_buf *out, uint64_t part, uint64_t whole)
{
	unsigned tenths = 0;
	if (whole && part >= whole)
		tenths = 1000;
	else if (whole)
		tenths = (unsigned)((double)part / (double)whole * 1000 + 0.5);
	if (part < whole && tenths >= 1000)
		tenths = 999;
	if (part && tenths == 0)
		tenths = 1;
	lopt_buf_printf(out, "%u.%u%%", tenths / 10, tenths % 10);
}

/* Colour. */

static void sgr(struct lopt_printer *printer, const char *code)
{
	if (printer->color)
		lopt_buf_text(&printer->line, code);
}

void lopt_printer_style(struct lopt_printer *printer, enum lopt_style style)
{
	static const char *const codes[] = {
		[LOPT_STYLE_STRONG] = "\033[1m", [LOPT_STYLE_GOOD] = "\033[32m", [LOPT_STYLE_WARN] = "\033[33m",
		[LOPT_STYLE_BAD] = "\033[31m",	 [LOPT_STYLE_DIM] = "\033[2m",
	};
	sgr(printer, codes[style]);
}

void lopt_printer_plain(struct lopt_printer *printer)
{
	sgr(printer, "\033[0m");
}

void lopt_printer_heading(struct lopt_printer *printer, const char *text)
{
	lopt_printer_end(printer);
	lopt_printer_style(printer, LOPT_STYLE_STRONG);
	lopt_printer_text(printer, text);
	lopt_printer_plain(printer);
	lopt_printer_end(printer);
}

size_t lopt_printer_room(const struct lopt_printer *printer)
{
	return printer->columns > printer->column ? printer->columns - printer->column : 1;
}
