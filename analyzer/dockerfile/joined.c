/* SPDX-License-Identifier: MIT */
#include "dockerfile/joined.h"

#include "base/cleanup.h"
#include "dockerfile/runes.h"

void lopt_joined_release(struct lopt_joined *joined)
{
	lopt_buf_release(&joined->text);
	free(joined->at);
	joined->at = NULL;
}

/* One physical line without what ends it. */
struct line {
	size_t at, end;
};

static void trim_return(struct line *line, struct lopt_str source)
{
	while (line->end > line->at && source.ptr[line->end - 1] == '\r')
		line->end--;
}

static bool next_line(struct line *line, struct lopt_str source, size_t *at)
{
	if (*at >= source.len)
		return false;
	size_t len = lopt_str_find(lopt_str_skip(source, *at), '\n');
	*line = (struct line){ *at, *at + len };
	*at += len + 1;
	trim_return(line, source);
	return true;
}

static struct lopt_str line_text(struct lopt_str source, struct line line)
{
	return lopt_str_make(source.ptr + line.at, line.end - line.at);
}

/* Take a trailing escape and the blanks behind it off, as the parser does. */
static bool cut_continuation(struct lopt_str source, struct line *line, char escape)
{
	size_t end = line->end;
	while (end > line->at && (source.ptr[end - 1] == ' ' || source.ptr[end - 1] == '\t'))
		end--;
	if (end == line->at || source.ptr[end - 1] != escape || (end > line->at + 1 && source.ptr[end - 2] == escape))
		return false;
	line->end = end - 1;
	return true;
}

static void add_line(struct lopt_joined *out, struct lopt_str source, struct line line)
{
	for (size_t i = line.at; i < line.end; i++)
		out->at[out->text.len + i - line.at] = (uint32_t)i;
	lopt_buf_add(&out->text, source.ptr + line.at, line.end - line.at);
}

static void note_open(struct lopt_joined *out, struct lopt_str source, struct line line, bool more, char escape)
{
	struct line rest = line;
	out->open_end = line.end + 1;
	if (!more || out->open == SIZE_MAX || lopt_str_trim_left(line_text(source, line)).len) {
		out->open = more ? line.end : SIZE_MAX;
		trim_return(&rest, source);
		out->stuck = more && cut_continuation(source, &rest, escape);
	}
}

enum lopt_status lopt_joined_read(struct lopt_joined *out, const struct lopt_instruction *instruction, char escape,
				  struct lopt_error *err)
{
	struct lopt_str source = instruction->source;
	struct line line;
	size_t at = 0;
	*out = (struct lopt_joined){ .text = LOPT_BUF_INIT(source.len + 1), .open = SIZE_MAX };
	out->at = calloc(source.len + 1, sizeof *out->at);
	if (!out->at)
		return lopt_error_memory(err);
	for (bool first = true; next_line(&line, source, &at); first = false) {
		struct lopt_str text = lopt_str_trim_left(line_text(source, line));
		if (!first && (text.len == 0 || text.ptr[0] == '#'))
			continue;
		if (first)
			line.at = line.end - text.len;
		bool more = cut_continuation(source, &line, escape);
		note_open(out, source, line, more, escape);
		add_line(out, source, line);
		if (!more)
			break;
	}
	return out->text.failed ? lopt_error_memory(err) : LOPT_OK;
}
