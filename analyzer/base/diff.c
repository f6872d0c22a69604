/* SPDX-License-Identifier: MIT */
#include "base/diff.h"

#include "base/cleanup.h"

enum { CONTEXT = 3 };

struct text {
	struct lopt_str *lines; /* with their newlines */
	bool *changed;		/* deleted from the old, inserted into the new */
	size_t count, cap;
};

struct diff {
	struct text old, new;
	size_t prefix, suffix; /* lines in common */
};

static void diff_release(struct diff *diff)
{
	free(diff->old.lines);
	free(diff->old.changed);
	free(diff->new.lines);
	free(diff->new.changed);
}

static bool split(struct text *text, struct lopt_str bytes)
{
	size_t at = 0;
	while (at < bytes.len) {
		const char *newline = memchr(bytes.ptr + at, '\n', bytes.len - at);
		size_t end = newline ? (size_t)(newline - bytes.ptr) + 1 : bytes.len;
		struct lopt_str *lines = lopt_grow(text->lines, &text->cap, text->count + 1, sizeof *lines);
		if (!lines)
			return false;
		text->lines = lines;
		lines[text->count++] = lopt_str_make(bytes.ptr + at, end - at);
		at = end;
	}
	text->changed = calloc(text->count + 1, sizeof *text->changed);
	return text->changed != NULL;
}

static bool is_same(const struct diff *diff, size_t old, size_t new)
{
	return lopt_str_equal(diff->old.lines[old], diff->new.lines[new]);
}

static void trim(struct diff *diff)
{
	size_t least = diff->old.count < diff->new.count ? diff->old.count : diff->new.count;
	while (diff->prefix < least && is_same(diff, diff->prefix, diff->prefix))
		diff->prefix++;
	least -= diff->prefix;
	while (diff->suffix < least &&
	       is_same(diff, diff->old.count - 1 - diff->suffix, diff->new.count - 1 - diff->suffix))
		diff->suffix++;
}

static void change_all(struct diff *diff)
{
	for (size_t i = diff->prefix; i < diff->old.count - diff->suffix; i++)
		diff->old.changed[i] = true;
	for (size_t i = diff->prefix; i < diff->new.count - diff->suffix; i++)
		diff->new.changed[i] = true;
}

/* ---- Myers, "An O(ND) difference algorithm": how far each diagonal gets with each number of edits */

struct search {
	int old, new; /* lines between prefix and suffix */
	int edits;    /* needed */
	int *reach;   /* of all numbers of edits, one behind the other: those of e start at e * e */
};

static int *row(const struct search *s, int edits)
{
	return s->reach + (size_t)edits * (size_t)edits + edits; /* [-edits .. edits] */
}

/* Whether the best way to diagonal k with one edit more comes from above, by an insertion. */
static bool comes_down(const int *before, int edits, int k)
{
	return k == -edits || (k != edits && before[k - 1] < before[k + 1]);
}

static int follow(const struct diff *diff, const struct search *s, int x, int y)
{
	while (x < s->old && y < s->new &&is_same(diff, diff->prefix + (size_t)x, diff->prefix + (size_t)y)) {
		x++;
		y++;
	}
	return x;
}

static bool search_row(const struct diff *diff, struct search *s, int edits)
{
	int *here = row(s, edits);
	for (int k = -edits; k <= edits; k += 2) {
		int x = 0;
		if (edits) {
			const int *before = row(s, edits - 1);
			x = comes_down(before, edits, k) ? before[k + 1] : before[k - 1] + 1;
		}
		/* off the edge there is nothing to follow */
		here[k] = x <= s->old && x - k <= s->new &&x >= k ? follow(diff, s, x, x - k) : x;
		if (here[k] == s->old && here[k] - k == s->new)
			return true;
	}
	return false;
}

static void mark(struct diff *diff, const struct search *s)
{
	int x = s->old, y = s->new;
	for (int edits = s->edits; edits > 0; edits--) {
		const int *before = row(s, edits - 1);
		int k = x - y;
		bool down = comes_down(before, edits, k);
		x = down ? before[k + 1] : before[k - 1];
		y = x - (down ? k + 1 : k - 1);
		if (down)
			diff->new.changed[diff->prefix + (size_t)y] = true;
		else
			diff->old.changed[diff->prefix + (size_t)x] = true;
	}
}

/* False when memory is short. */
static bool compare(struct diff *diff)
{
	trim(diff);
	size_t old = diff->old.count - diff->prefix - diff->suffix, new = diff->new.count - diff->prefix - diff->suffix;
	if (old == 0 || new == 0 || old > LOPT_DIFF_LINES_MAX || new > LOPT_DIFF_LINES_MAX) {
		change_all(diff);
		return true;
	}
	struct search s = { .old = (int)old, .new = (int)new };
	size_t cap = 0;
	bool found = false;
	for (; !found && s.edits <= LOPT_DIFF_EDITS_MAX; s.edits++) {
		size_t need = (size_t)(s.edits + 1) * (size_t)(s.edits + 1);
		int *reach = lopt_grow(s.reach, &cap, need, sizeof *reach);
		if (!reach) {
			free(s.reach);
			return false;
		}
		s.reach = reach;
		found = search_row(diff, &s, s.edits);
	}
	s.edits--;
	if (found)
		mark(diff, &s);
	else
		change_all(diff);
	free(s.reach);
	return true;
}

/* ---- hunks */

struct place {
	size_t old, new;
};

static bool is_changed(const struct diff *diff, struct place at)
{
	return (at.old < diff->old.count && diff->old.changed[at.old]) ||
	       (at.new < diff->new.count && diff->new.changed[at.new]);
}

static bool is_end(const struct diff *diff, struct place at)
{
	return at.old == diff->old.count && at.new == diff->new.count;
}

/* Over all changes that stand here together. */
static struct place skip_changes(const struct diff *diff, struct place at)
{
	while (at.old < diff->old.count && diff->old.changed[at.old])
		at.old++;
	while (at.new < diff->new.count && diff->new.changed[at.new])
		at.new ++;
	return at;
}

/* Up to the next change, at most `most` lines. */
static struct place skip_common(const struct diff *diff, struct place at, size_t most)
{
	while (most-- && !is_end(diff, at) && !is_changed(diff, at)) {
		at.old++;
		at.new ++;
	}
	return at;
}

static void write_line(struct lopt_buf *out, char sign, struct lopt_str line)
{
	lopt_buf_char(out, sign);
	lopt_buf_str(out, line);
	if (line.ptr[line.len - 1] != '\n')
		lopt_buf_text(out, "\n\\ No newline at end of file\n");
}

/* "12,3"; one line has no ",1", none stand behind the line before. */
static void write_range(struct lopt_buf *out, char sign, size_t from, size_t end)
{
	lopt_buf_printf(out, "%c%zu", sign, end > from ? from + 1 : from);
	if (end - from != 1)
		lopt_buf_printf(out, ",%zu", end - from);
}

static void write_hunk(struct lopt_buf *out, const struct diff *diff, struct place from, struct place end)
{
	lopt_buf_text(out, "@@ ");
	write_range(out, '-', from.old, end.old);
	lopt_buf_char(out, ' ');
	write_range(out, '+', from.new, end.new);
	lopt_buf_text(out, " @@\n");
	while (from.old < end.old || from.new < end.new) {
		if (from.old < end.old && diff->old.changed[from.old]) {
			write_line(out, '-', diff->old.lines[from.old++]);
		} else if (from.new < end.new && diff->new.changed[from.new]) {
			write_line(out, '+', diff->new.lines[from.new ++]);
		} else {
			write_line(out, ' ', diff->old.lines[from.old++]);
			from.new ++;
		}
	}
}

/* From the change at `at` to where more than 2 * CONTEXT lines are in common; the context behind included. */
static struct place hunk_end(const struct diff *diff, struct place at)
{
	for (;;) {
		at = skip_changes(diff, at);
		struct place next = skip_common(diff, at, (size_t)2 * CONTEXT);
		if (is_end(diff, next) || !is_changed(diff, next))
			return skip_common(diff, at, CONTEXT);
		at = next;
	}
}

static void write_hunks(struct lopt_buf *out, const struct diff *diff)
{
	struct place at = { 0 };
	for (;;) {
		at = skip_common(diff, at, SIZE_MAX);
		if (is_end(diff, at))
			return;
		size_t context = at.old < CONTEXT ? at.old : CONTEXT;
		struct place from = { at.old - context, at.new - context };
		at = hunk_end(diff, at);
		write_hunk(out, diff, from, at);
	}
}

/* A tab ends a name with a blank in it; patch reads a date behind. */
static void write_name(struct lopt_buf *out, const char *sign, const char *name)
{
	lopt_buf_printf(out, "%s %s%s\n", sign, name, strchr(name, ' ') ? "\t" : "");
}

void lopt_diff_write(struct lopt_buf *out, const char *old_name, const char *new_name, struct lopt_str old,
		     struct lopt_str new)
{
	if (lopt_str_equal(old, new))
		return;
	LOPT_CLEANUP(diff_release) struct diff diff = { 0 };
	if (!split(&diff.old, old) || !split(&diff.new, new) || !compare(&diff)) {
		out->failed = true;
		return;
	}
	write_name(out, "---", old_name);
	write_name(out, "+++", new_name);
	write_hunks(out, &diff);
}
