/* SPDX-License-Identifier: MIT */
#include "dockerfile/dockerfile.h"

#include "base/cleanup.h"
#include "dockerfile/runes.h"
#include "dockerfile/words.h"

enum { ARENA_MAX = 512 << 20 };

enum directive { DIRECTIVE_SYNTAX, DIRECTIVE_ESCAPE, DIRECTIVE_CHECK, DIRECTIVE_COUNT };
static const char *const directive_names[DIRECTIVE_COUNT] = { "syntax", "escape", "check" };

struct lopt_dockerfile {
	struct lopt_arena arena;
	struct lopt_instruction *list;
	size_t count, cap;
	char escape;
	struct lopt_str directives[DIRECTIVE_COUNT];
	uint32_t empty_continuation;
};

/* The file, line by line. */
struct reader {
	struct lopt_dockerfile *file;
	struct lopt_str source;
	size_t at;
	uint32_t line;	   /* number of the line last read */
	size_t line_start; /* where it starts */
	bool past_directives;
	size_t stages;
	struct lopt_buf text; /* the logical line */
	struct lopt_error *err;
};

static enum lopt_status at_line(const struct reader *r, uint32_t line, enum lopt_status status)
{
	if (status < 0 && status != LOPT_E_MEMORY)
		(void)lopt_error_context(r->err, "line %u", line);
	return status;
}

/* The next line with its newline; LOPT_END behind the last. */
static enum lopt_status next_line(struct reader *r, struct lopt_str *line)
{
	if (r->at == r->source.len)
		return LOPT_END;
	struct lopt_str rest = lopt_str_skip(r->source, r->at);
	size_t len = lopt_str_find(rest, '\n');
	r->line++;
	if (len > LOPT_DOCKERFILE_LINE_MAX)
		return at_line(r, r->line,
			       lopt_error_set(r->err, LOPT_E_INPUT, "a line of a Dockerfile may have %d bytes",
					      LOPT_DOCKERFILE_LINE_MAX));
	len += len < rest.len;
	r->line_start = r->at;
	r->at += len;
	*line = lopt_str_make(rest.ptr, len);
	return LOPT_OK;
}

static struct lopt_str trim_newline(struct lopt_str line)
{
	while (line.len && (line.ptr[line.len - 1] == '\n' || line.ptr[line.len - 1] == '\r'))
		line.len--;
	return line;
}

static bool is_comment(struct lopt_str line)
{
	line = lopt_str_trim_left(line);
	return line.len && line.ptr[0] == '#';
}

/* ---- parser directives */

static bool is_key_byte(char c, bool first)
{
	return ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || (!first && c >= '0' && c <= '9');
}

static bool is_pattern_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\f' || c == '\r';
}

static enum directive find_directive(struct lopt_str key)
{
	for (int i = 0; i < DIRECTIVE_COUNT; i++) {
		const char *name = directive_names[i];
		size_t at = 0;
		while (at < key.len && name[at] && (key.ptr[at] | 0x20) == name[at])
			at++;
		if (at == key.len && !name[at])
			return (enum directive)i;
	}
	return DIRECTIVE_COUNT;
}

/* "key = value" behind the "#"; false when the line is an ordinary comment. */
static bool match_directive(struct lopt_str text, struct lopt_str *key, struct lopt_str *value)
{
	size_t at = 0;
	while (at < text.len && is_key_byte(text.ptr[at], at == 0))
		at++;
	*key = lopt_str_make(text.ptr, at);
	while (at < text.len && is_pattern_space(text.ptr[at]))
		at++;
	if (key->len == 0 || at == text.len || text.ptr[at] != '=')
		return false;
	size_t from = ++at, end = text.len;
	while (at < text.len && is_pattern_space(text.ptr[at]))
		at++;
	if (at == text.len && at > from)
		at--; /* a value of blanks only is its last blank */
	while (end > at + 1 && is_pattern_space(text.ptr[end - 1]))
		end--;
	*value = lopt_str_make(text.ptr + at, end - at);
	return value->len > 0;
}

static enum lopt_status set_directive(struct reader *r, enum directive which, struct lopt_str value)
{
	struct lopt_str *slot = &r->file->directives[which];
	if (slot->len)
		return lopt_error_set(r->err, LOPT_E_INPUT, "only one %s parser directive can be used",
				      directive_names[which]);
	*slot = value;
	if (which != DIRECTIVE_ESCAPE)
		return LOPT_OK;
	if (!lopt_str_is(value, "\\") && !lopt_str_is(value, "`"))
		return lopt_error_set(r->err, LOPT_E_INPUT, "invalid escape token '%.*s' does not match ` or \\",
				      LOPT_STR_ARGS(value));
	r->file->escape = value.ptr[0];
	return LOPT_OK;
}

static enum lopt_status read_directive(struct reader *r, struct lopt_str line)
{
	struct lopt_str key, value;
	if (r->past_directives)
		return LOPT_OK;
	r->past_directives = true;
	if (line.len == 0 || line.ptr[0] != '#' ||
	    !match_directive(lopt_str_trim_left(lopt_str_skip(line, 1)), &key, &value))
		return LOPT_OK;
	enum directive which = find_directive(key);
	if (which == DIRECTIVE_COUNT)
		return LOPT_OK;
	r->past_directives = false;
	return at_line(r, r->line, set_directive(r, which, value));
}

/* ---- logical lines */

/* Take a trailing escape and the blanks behind it off; a doubled escape continues nothing. */
static bool cut_continuation(const struct reader *r, struct lopt_str *line)
{
	char escape = r->file->escape;
	size_t end = line->len;
	while (end && (line->ptr[end - 1] == ' ' || line->ptr[end - 1] == '\t'))
		end--;
	if (end == 0 || line->ptr[end - 1] != escape || (end > 1 && line->ptr[end - 2] == escape))
		return false;
	line->len = end - 1;
	return true;
}

/* The lines that continue an instruction, up to the one that does not end in an escape. */
static enum lopt_status read_continuation(struct reader *r, uint32_t first)
{
	struct lopt_str line = { 0 };
	for (;;) {
		enum lopt_status status = next_line(r, &line);
		if (status != LOPT_OK)
			return status == LOPT_END ? LOPT_OK : status;
		line = trim_newline(line);
		if (is_comment(line))
			continue;
		if (lopt_str_trim_left(line).len == 0) {
			if (!r->file->empty_continuation)
				r->file->empty_continuation = first;
			continue;
		}
		bool more = cut_continuation(r, &line);
		lopt_buf_str(&r->text, line);
		if (!more)
			return LOPT_OK;
	}
}

static struct lopt_str trim_tabs(struct lopt_str line)
{
	while (line.len && line.ptr[0] == '\t')
		line = lopt_str_skip(line, 1);
	return line;
}

static enum lopt_status read_heredoc(struct reader *r, struct lopt_heredoc *doc, uint32_t first)
{
	size_t start = r->at;
	for (;;) {
		struct lopt_str line = { 0 };
		enum lopt_status status = next_line(r, &line);
		if (status == LOPT_END)
			return at_line(r, first,
				       lopt_error_set(r->err, LOPT_E_INPUT,
						      "unterminated heredoc: no line reads \"%.*s\"",
						      LOPT_STR_ARGS(doc->name)));
		LOPT_TRY(status);
		line = trim_newline(line);
		if (lopt_str_equal(doc->chomp ? trim_tabs(line) : line, doc->name)) {
			doc->content = lopt_str_make(r->source.ptr + start, r->line_start - start);
			return LOPT_OK;
		}
	}
}

static enum lopt_status read_heredocs(struct reader *r, struct lopt_instruction *in)
{
	struct lopt_heredoc *docs;
	size_t count;
	LOPT_TRY(at_line(r, in->line, lopt_instruction_heredocs(&r->file->arena, &docs, &count, in, r->err)));
	for (size_t i = 0; i < count; i++)
		LOPT_TRY(read_heredoc(r, &docs[i], in->line));
	in->heredocs = docs;
	in->heredoc_count = count;
	return LOPT_OK;
}

static enum lopt_status append(struct reader *r, const struct lopt_instruction *in)
{
	struct lopt_dockerfile *file = r->file;
	struct lopt_instruction *list = lopt_grow(file->list, &file->cap, file->count + 1, sizeof *list);
	if (!list)
		return lopt_error_memory(r->err);
	file->list = list;
	file->list[file->count++] = *in;
	return LOPT_OK;
}

static enum lopt_status finish_instruction(struct reader *r, struct lopt_instruction *in, size_t start)
{
	struct lopt_arena *arena = &r->file->arena;
	struct lopt_str text = r->text.failed ? lopt_str_make(NULL, 0)
					      : lopt_arena_copy(arena, lopt_buf_view(&r->text));
	if (!text.ptr)
		return lopt_error_memory(r->err);
	LOPT_TRY(at_line(r, in->line, lopt_instruction_split(in, arena, text, r->file->escape, r->err)));
	LOPT_TRY(read_heredocs(r, in));
	if (lopt_str_is(in->keyword, "from"))
		r->stages++;
	in->stage = r->stages ? r->stages - 1 : SIZE_MAX;
	in->last_line = r->line;
	in->source = trim_newline(lopt_str_make(r->source.ptr + start, r->at - start));
	return append(r, in);
}

/* An instruction that starts on the line just read, or nothing when that is empty or a comment. */
static enum lopt_status read_instruction(struct reader *r, struct lopt_str line)
{
	size_t start = r->line_start;
	if (r->line == 1 && lopt_str_starts(line, "\xef\xbb\xbf")) {
		line = lopt_str_skip(line, 3);
		start += 3;
	}
	line = lopt_str_trim_left(trim_newline(line));
	LOPT_TRY(read_directive(r, line));
	if (is_comment(line))
		return LOPT_OK;
	struct lopt_instruction in = { .line = r->line };
	bool more = cut_continuation(r, &line);
	if (!more && line.len == 0)
		return LOPT_OK;
	lopt_buf_clear(&r->text);
	lopt_buf_str(&r->text, line);
	if (more)
		LOPT_TRY(read_continuation(r, in.line));
	return finish_instruction(r, &in, start);
}

static enum lopt_status read_file(struct reader *r)
{
	struct lopt_str line = { 0 };
	for (;;) {
		enum lopt_status status = next_line(r, &line);
		if (status == LOPT_END)
			break;
		LOPT_TRY(status);
		LOPT_TRY(read_instruction(r, line));
	}
	if (r->file->count == 0)
		return lopt_error_set(r->err, LOPT_E_INPUT, "file with no instructions");
	return LOPT_OK;
}

static void dockerfile_release(struct lopt_dockerfile **file)
{
	lopt_dockerfile_free(*file);
}

enum lopt_status lopt_dockerfile_parse(struct lopt_dockerfile **out, struct lopt_str source, struct lopt_error *err)
{
	if (source.len > LOPT_DOCKERFILE_BYTES_MAX)
		return lopt_error_set(err, LOPT_E_LIMIT, "a Dockerfile may have %d bytes, this one has %zu",
				      LOPT_DOCKERFILE_BYTES_MAX, source.len);
	LOPT_CLEANUP(dockerfile_release) struct lopt_dockerfile *file = calloc(1, sizeof *file);
	if (!file)
		return lopt_error_memory(err);
	lopt_arena_init(&file->arena, ARENA_MAX);
	file->escape = '\\';
	struct reader r = { .file = file, .source = source, .err = err, .text = LOPT_BUF_INIT(source.len + 1) };
	enum lopt_status status = read_file(&r);
	lopt_buf_release(&r.text);
	if (status == LOPT_OK)
		*out = LOPT_MOVE(file);
	return status;
}

void lopt_dockerfile_free(struct lopt_dockerfile *dockerfile)
{
	if (!dockerfile)
		return;
	lopt_arena_release(&dockerfile->arena);
	free(dockerfile->list);
	free(dockerfile);
}

size_t lopt_dockerfile_count(const struct lopt_dockerfile *dockerfile)
{
	return dockerfile->count;
}

const struct lopt_instruction *lopt_dockerfile_at(const struct lopt_dockerfile *dockerfile, size_t index)
{
	return index < dockerfile->count ? &dockerfile->list[index] : NULL;
}

char lopt_dockerfile_escape(const struct lopt_dockerfile *dockerfile)
{
	return dockerfile->escape;
}

struct lopt_str lopt_dockerfile_directive(const struct lopt_dockerfile *dockerfile, const char *name)
{
	enum directive which = find_directive(lopt_str_from(name));
	return which < DIRECTIVE_COUNT ? dockerfile->directives[which] : lopt_str_from("");
}

uint32_t lopt_dockerfile_empty_continuation(const struct lopt_dockerfile *dockerfile)
{
	return dockerfile->empty_continuation;
}
