/* SPDX-License-Identifier: MIT */
#include "dockerfile/draft.h"

#include "base/cleanup.h"
#include "dockerfile/joined.h"
#include "dockerfile/runes.h"
#include "dockerfile/weave.h"

enum { ARENA_MAX = 512 << 20, PRINT_MAX = 64 << 20 };

#define NOWHERE SIZE_MAX
#define BYTE_ORDER_MARK "\xef\xbb\xbf"

struct edit {
	size_t at, len;
	struct lopt_str with;
	bool flag; /* with is " --flag=value", put there by lopt_draft_flag */
};

/* What a RUN is printed from once it is more than itself. */
struct piece {
	size_t owner;		 /* the instruction it belongs to */
	bool command;		 /* a command of append or prepend; else the owner's own text */
	struct lopt_str source;	 /* of a command, as a RUN */
	struct lopt_shell shell; /* of a command */
};

struct item {
	struct edit *edits;
	size_t edit_count, edit_cap;
	struct piece *pieces;
	size_t piece_count, piece_cap; /* none: the instruction is only itself */
	size_t home;		       /* the one it was folded into, or NOWHERE */
	bool gone;
};

/* The file is a chain: for each instruction the lines in front of it, then itself; what is inserted; the last lines. */
struct node {
	size_t previous, next;
	struct lopt_str text; /* of an inserted line */
};

struct lopt_draft {
	const struct lopt_dockerfile *file;
	struct lopt_str source;
	size_t count;
	char escape;
	const char *newline;
	size_t header;	       /* end of byte order mark and parser directives, which stay where they are */
	size_t open, open_end; /* where the last instruction waits for a line, in its source; or NOWHERE */
	bool stuck;	       /* and nothing can follow it */
	bool errexit;	       /* a SHELL has -e */
	struct item *items;
	struct node *nodes;
	size_t node_count, node_cap;
	struct lopt_arena arena;
};

/* ---- where things stand in the file */

static const struct lopt_instruction *at(const struct lopt_draft *draft, size_t index)
{
	return lopt_dockerfile_at(draft->file, index);
}

static size_t source_start(const struct lopt_draft *draft, size_t index)
{
	return (size_t)(at(draft, index)->source.ptr - draft->source.ptr);
}

static size_t source_end(const struct lopt_draft *draft, size_t index)
{
	return source_start(draft, index) + at(draft, index)->source.len;
}

/* Behind the instruction's newline. */
static size_t line_end(const struct lopt_draft *draft, size_t index)
{
	size_t end = source_end(draft, index);
	while (end < draft->source.len && draft->source.ptr[end] == '\r')
		end++;
	return end + (end < draft->source.len);
}

static size_t gap_start(const struct lopt_draft *draft, size_t index)
{
	return index ? line_end(draft, index - 1) : draft->header;
}

/* Where the comment directly above the instruction starts; the instruction itself when there is none. */
static size_t block_start(const struct lopt_draft *draft, size_t index)
{
	size_t first = gap_start(draft, index), start = source_start(draft, index);
	while (start > first) {
		size_t line = start - 1;
		while (line > first && draft->source.ptr[line - 1] != '\n')
			line--;
		struct lopt_str text = lopt_str_trim_left(lopt_str_make(draft->source.ptr + line, start - line));
		if (text.len == 0 || text.ptr[0] != '#')
			break;
		start = line;
	}
	return start;
}

static struct lopt_str slice(const struct lopt_draft *draft, size_t start, size_t end)
{
	return lopt_str_make(draft->source.ptr + start, end - start);
}

static size_t find_header(const struct lopt_draft *draft)
{
	static const char *const names[] = { "syntax", "escape", "check" };
	size_t end = lopt_str_starts(draft->source, BYTE_ORDER_MARK) ? 3 : 0;
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		struct lopt_str value = lopt_dockerfile_directive(draft->file, names[i]);
		if (value.len == 0)
			continue;
		size_t from = (size_t)(value.ptr - draft->source.ptr);
		size_t line = from + lopt_str_find(lopt_str_skip(draft->source, from), '\n');
		line += line < draft->source.len;
		end = line > end ? line : end;
	}
	return end;
}

static bool shell_has_errexit(const struct lopt_instruction *in)
{
	for (size_t i = 0; i < in->word_count; i++) {
		struct lopt_str word = in->words[i];
		bool letters = word.len > 1 && word.ptr[0] == '-' && word.ptr[1] != '-';
		if (lopt_str_is(word, "errexit") || (letters && lopt_str_find(word, 'e') < word.len))
			return true;
	}
	return false;
}

/* ---- the chain */

static size_t gap_node(size_t index)
{
	return 2 * index;
}

static size_t own_node(size_t index)
{
	return 2 * index + 1;
}

static size_t tail_node(const struct lopt_draft *draft)
{
	return 2 * draft->count;
}

static void unlink_node(struct lopt_draft *draft, size_t node)
{
	struct node *n = &draft->nodes[node];
	draft->nodes[n->previous].next = n->next;
	draft->nodes[n->next].previous = n->previous;
}

static void link_before(struct lopt_draft *draft, size_t node, size_t before)
{
	struct node *n = &draft->nodes[node];
	n->next = before;
	n->previous = draft->nodes[before].previous;
	draft->nodes[before].previous = node;
	if (n->previous != NOWHERE)
		draft->nodes[n->previous].next = node;
}

/* The lines behind the stage. */
static size_t stage_end_node(const struct lopt_draft *draft, size_t index)
{
	size_t stage = at(draft, index)->stage;
	while (index < draft->count && at(draft, index)->stage == stage)
		index++;
	return gap_node(index);
}

/* ---- making one */

static void draft_release(struct lopt_draft **draft)
{
	lopt_draft_free(*draft);
}

static enum lopt_status find_open(struct lopt_draft *draft, struct lopt_error *err)
{
	LOPT_CLEANUP(lopt_joined_release) struct lopt_joined joined = { 0 };
	draft->open = NOWHERE;
	/* behind a here-document no line is waited for */
	const struct lopt_instruction *last = at(draft, draft->count - 1);
	if (last->heredoc_count)
		return LOPT_OK;
	LOPT_TRY(lopt_joined_read(&joined, last, draft->escape, err));
	draft->open = joined.open;
	draft->open_end = joined.open_end;
	draft->stuck = joined.stuck;
	return LOPT_OK;
}

static void fill(struct lopt_draft *draft)
{
	size_t first = lopt_str_find(draft->source, '\n');
	draft->newline = first && first < draft->source.len && draft->source.ptr[first - 1] == '\r' ? "\r\n" : "\n";
	draft->header = find_header(draft);
	draft->node_count = draft->node_cap = tail_node(draft) + 1;
	for (size_t i = 0; i < draft->node_count; i++)
		draft->nodes[i] = (struct node){ .previous = i ? i - 1 : NOWHERE, .next = i + 1 };
	draft->nodes[tail_node(draft)].next = NOWHERE;
	for (size_t i = 0; i < draft->count; i++) {
		draft->items[i].home = NOWHERE;
		draft->errexit |= lopt_str_is(at(draft, i)->keyword, "shell") && shell_has_errexit(at(draft, i));
	}
}

enum lopt_status lopt_draft_new(struct lopt_draft **out, const struct lopt_dockerfile *file, struct lopt_str source,
				struct lopt_error *err)
{
	LOPT_CLEANUP(draft_release) struct lopt_draft *draft = calloc(1, sizeof *draft);
	if (!draft)
		return lopt_error_memory(err);
	lopt_arena_init(&draft->arena, ARENA_MAX);
	draft->file = file;
	draft->source = source;
	draft->count = lopt_dockerfile_count(file);
	draft->escape = lopt_dockerfile_escape(file);
	draft->items = calloc(draft->count, sizeof *draft->items);
	draft->nodes = calloc(tail_node(draft) + 1, sizeof *draft->nodes);
	if (!draft->items || !draft->nodes)
		return lopt_error_memory(err);
	fill(draft);
	LOPT_TRY(find_open(draft, err));
	*out = LOPT_MOVE(draft);
	return LOPT_OK;
}

void lopt_draft_free(struct lopt_draft *draft)
{
	if (!draft)
		return;
	for (size_t i = 0; draft->items && i < draft->count; i++) {
		free(draft->items[i].edits);
		free(draft->items[i].pieces);
	}
	free(draft->items);
	free(draft->nodes);
	lopt_arena_release(&draft->arena);
	free(draft);
}

/* ---- what all of them ask first */

/* The instruction whose place in the file this one has. */
static size_t find_home(struct lopt_draft *draft, size_t index)
{
	size_t home = index;
	while (draft->items[home].home != NOWHERE)
		home = draft->items[home].home;
	while (draft->items[index].home != NOWHERE) {
		size_t next = draft->items[index].home;
		draft->items[index].home = home;
		index = next;
	}
	return home;
}

static enum lopt_status refuse(const struct lopt_draft *draft, size_t index, const char *why, struct lopt_error *err)
{
	return lopt_error_set(err, LOPT_E_USAGE, "line %u: %s", at(draft, index)->line, why);
}

static enum lopt_status must_exist(struct lopt_draft *draft, size_t index, struct lopt_error *err)
{
	if (index >= draft->count)
		return lopt_error_set(err, LOPT_E_USAGE, "there is no instruction %zu", index);
	if (draft->items[index].gone || draft->items[find_home(draft, index)].gone)
		return refuse(draft, index, "the instruction was dropped", err);
	return LOPT_OK;
}

static enum lopt_status must_stand_alone(struct lopt_draft *draft, size_t index, struct lopt_error *err)
{
	LOPT_TRY(must_exist(draft, index, err));
	if (draft->items[index].home != NOWHERE)
		return refuse(draft, index, "the instruction was folded into another", err);
	return LOPT_OK;
}

static enum lopt_status keep(struct lopt_draft *draft, struct lopt_str text, struct lopt_str *out,
			     struct lopt_error *err)
{
	*out = lopt_arena_copy(&draft->arena, text);
	return out->ptr ? LOPT_OK : lopt_error_memory(err);
}

/* ---- edits */

static bool overlap(const struct edit *a, const struct edit *b)
{
	if (a->len && b->len)
		return a->at < b->at + b->len && b->at < a->at + a->len;
	return a->at < b->at ? b->at < a->at + a->len : a->at > b->at && a->at < b->at + b->len;
}

/* Edits stay in the order they are printed in. */
static size_t edit_place(const struct item *item, const struct edit *edit)
{
	size_t place = item->edit_count;
	while (place && (item->edits[place - 1].at > edit->at ||
			 (item->edits[place - 1].at == edit->at && edit->len == 0 && item->edits[place - 1].len)))
		place--;
	return place;
}

static enum lopt_status add_edit(struct lopt_draft *draft, size_t index, struct edit edit, struct lopt_error *err)
{
	struct item *item = &draft->items[index];
	for (size_t i = 0; i < item->edit_count; i++)
		if (overlap(&item->edits[i], &edit))
			return refuse(draft, index, "another change is in the way", err);
	struct edit *edits = lopt_grow(item->edits, &item->edit_cap, item->edit_count + 1, sizeof *edits);
	if (!edits)
		return lopt_error_memory(err);
	item->edits = edits;
	LOPT_TRY(keep(draft, edit.with, &edit.with, err));
	size_t place = edit_place(item, &edit);
	memmove(edits + place + 1, edits + place, (item->edit_count - place) * sizeof *edits);
	edits[place] = edit;
	item->edit_count++;
	return LOPT_OK;
}

enum lopt_status lopt_draft_replace(struct lopt_draft *draft, size_t instruction, size_t from, size_t len,
				    struct lopt_str with, struct lopt_error *err)
{
	LOPT_TRY(must_exist(draft, instruction, err));
	size_t size = at(draft, instruction)->source.len;
	if (from > size || len > size - from)
		return refuse(draft, instruction, "the change goes beyond the instruction", err);
	return add_edit(draft, instruction, (struct edit){ .at = from, .len = len, .with = with }, err);
}

/* The instruction with its edits; an escape that waits for a line goes, when one is to follow. */
static void render(struct lopt_buf *out, const struct lopt_draft *draft, size_t index, bool close)
{
	const struct item *item = &draft->items[index];
	struct lopt_str source = at(draft, index)->source;
	struct edit closing = { .at = draft->open };
	if (close && index + 1 == draft->count && draft->open != NOWHERE)
		closing.len = draft->open_end - draft->open;
	size_t done = 0;
	for (size_t i = 0; i <= item->edit_count; i++) {
		const struct edit *edit = i < item->edit_count ? &item->edits[i] : NULL;
		if (closing.len && edit && overlap(&closing, edit))
			closing.len = 0;
		if (closing.len && (!edit || edit->at > closing.at)) {
			lopt_buf_add(out, source.ptr + done, closing.at - done);
			done = closing.at + closing.len;
			closing.len = 0;
		}
		size_t until = edit ? edit->at : source.len;
		lopt_buf_add(out, source.ptr + done, until - done);
		if (edit)
			lopt_buf_str(out, edit->with);
		done = edit ? edit->at + edit->len : until;
	}
}

/* ---- an instruction as its edits leave it */

struct look {
	struct lopt_buf text;
	struct lopt_dockerfile *file;
	const struct lopt_instruction *in; /* NULL: it is no single instruction any more */
	struct lopt_shell shell;
};

static void look_release(struct look *look)
{
	lopt_dockerfile_free(look->file);
	lopt_buf_release(&look->text);
}

/* Spans of the shell go into look->in->source. */
static enum lopt_status look_at(struct look *look, struct lopt_arena *arena, const struct lopt_draft *draft,
				size_t index, bool close, struct lopt_error *err)
{
	*look = (struct look){ .text = LOPT_BUF_INIT(PRINT_MAX) };
	if (draft->escape == '`')
		lopt_buf_text(&look->text, "# escape=`\n");
	render(&look->text, draft, index, close);
	if (look->text.failed)
		return lopt_error_memory(err);
	enum lopt_status status = lopt_dockerfile_parse(&look->file, lopt_buf_view(&look->text), err);
	if (status == LOPT_E_INPUT || status == LOPT_E_LIMIT)
		return LOPT_OK;
	LOPT_TRY(status);
	if (lopt_dockerfile_count(look->file) != 1)
		return LOPT_OK;
	look->in = lopt_dockerfile_at(look->file, 0);
	return lopt_shell_read(&look->shell, arena, look->in, draft->escape, err);
}

static bool is_run(const struct look *look)
{
	return look->in && lopt_str_is(look->in->keyword, "run") && look->shell.understood;
}

static enum lopt_status must_be_run(const struct look *look, const struct lopt_draft *draft, size_t index,
				    struct lopt_error *err)
{
	return is_run(look) ? LOPT_OK
			    : refuse(draft, index, "no RUN in shell form whose commands can be followed", err);
}

/* ---- commands */

static enum lopt_status read_command(struct lopt_draft *draft, struct piece *piece, struct lopt_str command,
				     struct lopt_error *err)
{
	LOPT_CLEANUP(lopt_buf_release) struct lopt_buf text = LOPT_BUF_INIT(LOPT_SHELL_BYTES_MAX);
	lopt_buf_text(&text, "RUN ");
	lopt_buf_str(&text, command);
	if (text.failed)
		return lopt_error_memory(err);
	LOPT_TRY(keep(draft, lopt_buf_view(&text), &piece->source, err));
	struct lopt_dockerfile *file = NULL;
	enum lopt_status status = LOPT_E_INPUT;
	if (lopt_str_find(command, '\n') == command.len)
		status = lopt_dockerfile_parse(&file, piece->source, err);
	bool good = status == LOPT_OK;
	if (good) {
		const struct lopt_instruction *in = lopt_dockerfile_at(file, 0);
		status = lopt_shell_read(&piece->shell, &draft->arena, in, draft->escape, err);
		good = piece->shell.understood && in->flag_count == 0;
	}
	lopt_dockerfile_free(file);
	if (status == LOPT_E_MEMORY || (status == LOPT_OK && good))
		return status;
	return lopt_error_set(err, LOPT_E_USAGE, "no command on one line: %.*s", LOPT_STR_ARGS(command));
}

static enum lopt_status reserve_pieces(struct item *item, size_t owner, size_t more, struct lopt_error *err)
{
	struct piece *pieces = lopt_grow(item->pieces, &item->piece_cap, item->piece_count + more + 1, sizeof *pieces);
	if (!pieces)
		return lopt_error_memory(err);
	item->pieces = pieces;
	if (item->piece_count == 0)
		pieces[item->piece_count++] = (struct piece){ .owner = owner };
	return LOPT_OK;
}

/* In front of the first, or behind the last, that belongs to `owner`; of the home itself: of all. */
static size_t piece_place(const struct item *item, size_t home, size_t owner, bool front)
{
	if (home == owner)
		return front ? 0 : item->piece_count;
	size_t first = 0, behind = item->piece_count;
	while (first < item->piece_count && item->pieces[first].owner != owner)
		first++;
	while (behind > first && item->pieces[behind - 1].owner != owner)
		behind--;
	return front ? first : behind;
}

static void open_gap(struct item *item, size_t place, size_t count)
{
	memmove(item->pieces + place + count, item->pieces + place, (item->piece_count - place) * sizeof *item->pieces);
	item->piece_count += count;
}

static enum lopt_status add_command(struct lopt_draft *draft, size_t index, struct lopt_str command, bool front,
				    struct lopt_error *err)
{
	LOPT_TRY(must_exist(draft, index, err));
	struct lopt_arena arena;
	lopt_arena_init(&arena, ARENA_MAX);
	struct look look = { 0 };
	enum lopt_status status = look_at(&look, &arena, draft, index, false, err);
	if (status == LOPT_OK)
		status = must_be_run(&look, draft, index, err);
	look_release(&look);
	lopt_arena_release(&arena);
	LOPT_TRY(status);
	struct piece piece = { .owner = index, .command = true };
	LOPT_TRY(read_command(draft, &piece, command, err));
	size_t home = find_home(draft, index);
	struct item *item = &draft->items[home];
	LOPT_TRY(reserve_pieces(item, home, 1, err));
	size_t place = piece_place(item, home, index, front);
	open_gap(item, place, 1);
	item->pieces[place] = piece;
	return LOPT_OK;
}

enum lopt_status lopt_draft_append(struct lopt_draft *draft, size_t instruction, struct lopt_str command,
				   struct lopt_error *err)
{
	return add_command(draft, instruction, command, false, err);
}

enum lopt_status lopt_draft_prepend(struct lopt_draft *draft, size_t instruction, struct lopt_str command,
				    struct lopt_error *err)
{
	return add_command(draft, instruction, command, true, err);
}

/* ---- flags */

static struct lopt_str flag_name(struct lopt_str flag)
{
	return lopt_str_make(flag.ptr, lopt_str_find(flag, '='));
}

static bool is_list_flag(struct lopt_str name)
{
	return lopt_str_is(name, "--mount") || lopt_str_is(name, "--exclude");
}

/* Behind the flag that starts at `from`, read as lopt_instruction_split reads it. */
static size_t flag_end(struct lopt_str text, size_t from, char escape)
{
	char quote = '\0';
	for (size_t i = from; i < text.len; i++) {
		char c = text.ptr[i];
		if (quote && c == quote)
			quote = '\0';
		else if (!quote && (lopt_is_blank(c) || lopt_rune_is_space((unsigned char)c)))
			return i;
		else if (!quote && (c == '\'' || c == '"'))
			quote = c;
		else if (c == escape)
			i++;
	}
	return text.len;
}

/* The `index`-th flag in the logical line. */
static bool find_flag(struct lopt_str text, size_t from, size_t index, char escape, size_t *start, size_t *end)
{
	for (;;) {
		while (from < text.len && lopt_rune_is_space((unsigned char)text.ptr[from]))
			from++;
		if (text.len - from < 2 || text.ptr[from] != '-' || text.ptr[from + 1] != '-')
			return false;
		*start = from;
		*end = from = flag_end(text, from, escape);
		if (index-- == 0)
			return true;
	}
}

/* Where the flag goes: in place of the one of its name, or behind the keyword. */
static enum lopt_status place_flag(const struct lopt_draft *draft, size_t index, struct lopt_str name,
				   struct edit *edit, struct lopt_error *err)
{
	const struct lopt_instruction *in = at(draft, index);
	LOPT_CLEANUP(lopt_joined_release) struct lopt_joined joined = { 0 };
	LOPT_TRY(lopt_joined_read(&joined, in, draft->escape, err));
	struct lopt_str text = lopt_buf_view(&joined.text);
	size_t behind = text.len - lopt_str_trim_left(text).len + in->keyword.len, start, end;
	if (in->keyword.len == 0 || in->trigger || !lopt_str_equal(text, in->text))
		return refuse(draft, index, "the instruction takes no flags", err);
	edit->at = (size_t)joined.at[behind - 1] + 1;
	for (size_t i = 0; i < in->flag_count && !is_list_flag(name); i++) {
		if (!lopt_str_equal(flag_name(in->flags[i]), name))
			continue;
		if (!find_flag(text, behind, i, draft->escape, &start, &end))
			return refuse(draft, index, "its flags cannot be followed", err);
		edit->at = joined.at[start];
		edit->len = (size_t)joined.at[end - 1] + 1 - edit->at;
		break;
	}
	return LOPT_OK;
}

/* A flag of that name that an earlier call put there. */
static struct edit *earlier_flag(const struct item *item, struct lopt_str name)
{
	for (size_t i = 0; i < item->edit_count && !is_list_flag(name); i++)
		if (item->edits[i].flag && lopt_str_equal(flag_name(lopt_str_trim(item->edits[i].with)), name))
			return &item->edits[i];
	return NULL;
}

enum lopt_status lopt_draft_flag(struct lopt_draft *draft, size_t instruction, struct lopt_str flag,
				 struct lopt_error *err)
{
	LOPT_TRY(must_stand_alone(draft, instruction, err));
	if (flag.len < 3 || !lopt_str_starts(flag, "--") || lopt_str_find(flag, '\n') < flag.len)
		return lopt_error_set(err, LOPT_E_USAGE, "no flag: %.*s", LOPT_STR_ARGS(flag));
	LOPT_CLEANUP(lopt_buf_release) struct lopt_buf with = LOPT_BUF_INIT(LOPT_SHELL_BYTES_MAX);
	struct edit *earlier = earlier_flag(&draft->items[instruction], flag_name(flag));
	struct edit edit = { .flag = true };
	if (earlier)
		edit.len = earlier->len;
	else
		LOPT_TRY(place_flag(draft, instruction, flag_name(flag), &edit, err));
	lopt_buf_text(&with, edit.len ? "" : " ");
	lopt_buf_str(&with, flag);
	if (with.failed)
		return lopt_error_memory(err);
	edit.with = lopt_buf_view(&with);
	if (!earlier)
		return add_edit(draft, instruction, edit, err);
	LOPT_TRY(keep(draft, edit.with, &edit.with, err));
	earlier->with = edit.with;
	return LOPT_OK;
}

/* ---- whole instructions */

enum lopt_status lopt_draft_drop(struct lopt_draft *draft, size_t instruction, struct lopt_error *err)
{
	LOPT_TRY(must_exist(draft, instruction, err));
	size_t home = find_home(draft, instruction);
	struct item *item = &draft->items[home];
	draft->items[instruction].gone = true;
	if (home == instruction)
		return LOPT_OK;
	size_t kept = 0;
	for (size_t i = 0; i < item->piece_count; i++)
		if (item->pieces[i].owner != instruction)
			item->pieces[kept++] = item->pieces[i];
	item->piece_count = kept;
	return LOPT_OK;
}

static bool same_flags(const struct lopt_instruction *a, const struct lopt_instruction *b)
{
	bool same = a->flag_count == b->flag_count;
	for (size_t i = 0; same && i < a->flag_count; i++)
		same = lopt_str_equal(a->flags[i], b->flags[i]);
	return same;
}

static bool shell_between(const struct lopt_draft *draft, size_t a, size_t b)
{
	for (size_t i = a < b ? a : b; i < a || i < b; i++)
		if (lopt_str_is(at(draft, i)->keyword, "shell"))
			return true;
	return false;
}

static enum lopt_status may_fold(const struct lopt_draft *draft, size_t from, size_t into, struct look looks[2],
				 struct lopt_arena *arena, struct lopt_error *err)
{
	LOPT_TRY(look_at(&looks[0], arena, draft, from, false, err));
	LOPT_TRY(look_at(&looks[1], arena, draft, into, false, err));
	LOPT_TRY(must_be_run(&looks[0], draft, from, err));
	LOPT_TRY(must_be_run(&looks[1], draft, into, err));
	if (!same_flags(looks[0].in, looks[1].in))
		return refuse(draft, from, "the two RUN have different flags", err);
	if (at(draft, from)->stage != at(draft, into)->stage || shell_between(draft, from, into))
		return refuse(draft, from, "the two RUN have no shell in common", err);
	return LOPT_OK;
}

static enum lopt_status take_pieces(struct lopt_draft *draft, size_t from, size_t into, struct lopt_error *err)
{
	size_t home = find_home(draft, into);
	struct item *item = &draft->items[home], *given = &draft->items[from];
	LOPT_TRY(reserve_pieces(given, from, 0, err));
	LOPT_TRY(reserve_pieces(item, home, given->piece_count, err));
	size_t place = piece_place(item, home, into, false);
	open_gap(item, place, given->piece_count);
	memcpy(item->pieces + place, given->pieces, given->piece_count * sizeof *given->pieces);
	given->piece_count = 0;
	given->home = home;
	return LOPT_OK;
}

enum lopt_status lopt_draft_fold(struct lopt_draft *draft, size_t from, size_t into, struct lopt_error *err)
{
	LOPT_TRY(must_stand_alone(draft, from, err));
	LOPT_TRY(must_exist(draft, into, err));
	if (find_home(draft, into) == from)
		return refuse(draft, from, "the two RUN are one", err);
	struct lopt_arena arena;
	lopt_arena_init(&arena, ARENA_MAX);
	struct look looks[2] = { 0 };
	enum lopt_status status = may_fold(draft, from, into, looks, &arena, err);
	look_release(&looks[0]);
	look_release(&looks[1]);
	lopt_arena_release(&arena);
	return status == LOPT_OK ? take_pieces(draft, from, into, err) : status;
}

enum lopt_status lopt_draft_move(struct lopt_draft *draft, size_t from, size_t before, struct lopt_error *err)
{
	LOPT_TRY(must_stand_alone(draft, from, err));
	if (before > draft->count)
		return lopt_error_set(err, LOPT_E_USAGE, "there is no instruction %zu", before);
	if (from == before)
		return LOPT_OK;
	unlink_node(draft, own_node(from));
	link_before(draft, own_node(from), before < draft->count ? own_node(before) : stage_end_node(draft, from));
	return LOPT_OK;
}

enum lopt_status lopt_draft_insert(struct lopt_draft *draft, size_t before, struct lopt_str line,
				   struct lopt_error *err)
{
	if (before > draft->count)
		return lopt_error_set(err, LOPT_E_USAGE, "there is no instruction %zu", before);
	struct node *nodes = lopt_grow(draft->nodes, &draft->node_cap, draft->node_count + 1, sizeof *nodes);
	if (!nodes)
		return lopt_error_memory(err);
	draft->nodes = nodes;
	struct node *node = &nodes[draft->node_count];
	LOPT_TRY(keep(draft, line, &node->text, err));
	link_before(draft, draft->node_count++, before < draft->count ? own_node(before) : tail_node(draft));
	return LOPT_OK;
}

/* ---- printing */

struct printer {
	const struct lopt_draft *draft;
	struct lopt_buf *out;
	size_t base; /* of the file in `out`, byte order mark left out */
	bool begun;  /* something stands behind the header */
	struct lopt_arena arena;
	struct lopt_error *err;
};

/*
 * Lines from somewhere in the file or from elsewhere. What comes to stand at the top, and did not before, must not be
 * taken for a parser directive or a byte order mark: an empty line ends the place for those.
 */
static void begin_lines(struct printer *p, struct lopt_str text)
{
	if (text.len == 0)
		return;
	const struct lopt_draft *draft = p->draft;
	struct lopt_buf *out = p->out;
	if (out->len > p->base && out->data[out->len - 1] != '\n')
		lopt_buf_text(out, draft->newline);
	struct lopt_str trimmed = lopt_str_trim_left(text);
	if (!p->begun && text.ptr != draft->source.ptr + draft->header &&
	    (lopt_str_starts(trimmed, "#") || lopt_str_starts(text, BYTE_ORDER_MARK)))
		lopt_buf_text(out, draft->newline);
	p->begun = true;
}

static void print_lines(struct printer *p, struct lopt_str text)
{
	begin_lines(p, text);
	lopt_buf_str(p->out, text);
}

struct weaving {
	struct look *looks;
	struct lopt_weave_part *parts;
	size_t count;
};

static void weaving_release(struct weaving *w)
{
	for (size_t i = 0; w->looks && i < w->count; i++)
		look_release(&w->looks[i]);
	free(w->looks);
	free(w->parts);
}

static enum lopt_status weave_piece(struct printer *p, struct weaving *w, const struct piece *piece, size_t home,
				    bool close)
{
	struct lopt_weave_part *part = &w->parts[w->count];
	if (piece->command) {
		*part = (struct lopt_weave_part){ piece->source, piece->shell, true };
		w->count++;
		return LOPT_OK;
	}
	struct look *look = &w->looks[w->count++];
	LOPT_TRY(look_at(look, &p->arena, p->draft, piece->owner, close && piece->owner == home, p->err));
	LOPT_TRY(must_be_run(look, p->draft, piece->owner, p->err));
	*part = (struct lopt_weave_part){ look->in->source, look->shell, false };
	return LOPT_OK;
}

static enum lopt_status print_pieces(struct printer *p, size_t home, bool close)
{
	const struct lopt_draft *draft = p->draft;
	const struct item *item = &draft->items[home];
	LOPT_CLEANUP(weaving_release) struct weaving w = { 0 };
	w.looks = calloc(item->piece_count, sizeof *w.looks);
	w.parts = calloc(item->piece_count, sizeof *w.parts);
	if (!w.looks || !w.parts)
		return lopt_error_memory(p->err);
	const struct lopt_weave_part *own = NULL;
	for (size_t i = 0; i < item->piece_count; i++) {
		const struct piece *piece = &item->pieces[i];
		LOPT_TRY(weave_piece(p, &w, piece, home, close));
		if (!piece->command && piece->owner == home)
			own = &w.parts[i];
	}
	if (!own)
		return lopt_error_set(p->err, LOPT_E_BUG, "a RUN without its own text");
	struct lopt_weave_style style = {
		.newline = lopt_str_from(draft->newline),
		.indent = lopt_str_from("    "),
		.escape = draft->escape,
		.errexit = draft->errexit,
	};
	lopt_weave_style_read(&style, own);
	lopt_buf_add(p->out, own->source.ptr, own->shell.at);
	lopt_weave(p->out, w.parts, w.count, &style);
	lopt_buf_str(p->out, lopt_str_skip(own->source, own->shell.end));
	return LOPT_OK;
}

static enum lopt_status print_instruction(struct printer *p, size_t index)
{
	const struct lopt_draft *draft = p->draft;
	const struct item *item = &draft->items[index];
	struct lopt_str source = at(draft, index)->source;
	struct lopt_str block = slice(draft, block_start(draft, index), source_start(draft, index));
	print_lines(p, block);
	if (item->gone || item->home != NOWHERE)
		return LOPT_OK;
	begin_lines(p, source);
	bool close = draft->nodes[own_node(index)].next != tail_node(draft);
	if (close && draft->stuck && index + 1 == draft->count)
		return refuse(draft, index, "it ends in an escape, and nothing can follow it", p->err);
	if (item->piece_count)
		LOPT_TRY(print_pieces(p, index, close));
	else
		render(p->out, draft, index, close);
	lopt_buf_str(p->out, slice(draft, source_end(draft, index), line_end(draft, index)));
	return LOPT_OK;
}

static enum lopt_status print_node(struct printer *p, size_t node)
{
	const struct lopt_draft *draft = p->draft;
	if (node > tail_node(draft)) {
		print_lines(p, draft->nodes[node].text);
		lopt_buf_text(p->out, draft->newline);
	} else if (node == tail_node(draft)) {
		print_lines(p, slice(draft, line_end(draft, draft->count - 1), draft->source.len));
	} else if (node % 2) {
		return print_instruction(p, node / 2);
	} else {
		print_lines(p, slice(draft, gap_start(draft, node / 2), block_start(draft, node / 2)));
	}
	return LOPT_OK;
}

static enum lopt_status print_file(struct printer *p)
{
	const struct lopt_draft *draft = p->draft;
	lopt_buf_str(p->out, slice(draft, 0, draft->header));
	p->base += lopt_str_starts(draft->source, BYTE_ORDER_MARK) ? 3 : 0;
	for (size_t node = gap_node(0); node != NOWHERE; node = draft->nodes[node].next)
		LOPT_TRY(print_node(p, node));
	return p->out->failed ? lopt_error_memory(p->err) : LOPT_OK;
}

enum lopt_status lopt_draft_print(const struct lopt_draft *draft, struct lopt_buf *out, struct lopt_error *err)
{
	struct printer p = { .draft = draft, .out = out, .base = out->len, .err = err };
	lopt_arena_init(&p.arena, ARENA_MAX);
	enum lopt_status status = print_file(&p);
	lopt_arena_release(&p.arena);
	return status;
}
