/* SPDX-License-Identifier: MIT */
#include "dockerfile/chain.h"

#include "base/cleanup.h"
#include "dockerfile/form.h"
#include "dockerfile/node.h"
#include "dockerfile/runes.h"

void lopt_chain_release(struct lopt_chain *chain)
{
	free(chain->items);
	*chain = (struct lopt_chain){ 0 };
}

static void state_release(struct lopt_state *s)
{
	lopt_scope_release(&s->globals);
	lopt_scope_release(&s->scope);
	lopt_buf_release(&s->text);
}

enum lopt_status lopt_state_keep(struct lopt_state *s, struct lopt_str text, struct lopt_str *out)
{
	if (text.len > LOPT_CHAIN_BYTES_MAX - s->chain->bytes)
		return lopt_error_set(s->err, LOPT_E_LIMIT, "the instructions expand to too much text");
	s->chain->bytes += text.len;
	*out = lopt_arena_copy(s->arena, text);
	return out->ptr ? LOPT_OK : lopt_error_memory(s->err);
}

enum lopt_status lopt_state_expand(struct lopt_state *s, const struct lopt_scope *scope, struct lopt_buf *out,
				   struct lopt_str word)
{
	const struct lopt_expand how = {
		.escape = lopt_dockerfile_escape(s->file),
		.lookup = lopt_scope_lookup,
		.context = scope,
		.pattern_steps = &s->pattern_steps,
	};
	return lopt_expand_word(out, &how, word, s->err);
}

/* ---- what an instruction changes for those behind it */

static enum lopt_status set_variable(struct lopt_state *s, struct lopt_scope *scope, struct lopt_str name,
				     struct lopt_str value, enum lopt_variable state, bool env)
{
	struct lopt_scope_variable variable = { .state = state, .env = env };
	LOPT_TRY(lopt_state_keep(s, name, &variable.name));
	LOPT_TRY(lopt_state_keep(s, value, &variable.value));
	return lopt_scope_set(scope, variable, s->err);
}

/* A value that the builder could not have expanded, or that is too long to, is unknown from here on. */
static enum lopt_status expand_value(struct lopt_state *s, const struct lopt_scope *scope, struct lopt_buf *out,
				     struct lopt_str word, enum lopt_variable *state)
{
	lopt_buf_clear(out);
	enum lopt_status status = lopt_state_expand(s, scope, out, word);
	*state = status == LOPT_OK ? LOPT_VARIABLE_SET : LOPT_VARIABLE_UNKNOWN;
	return status == LOPT_E_MEMORY ? status : LOPT_OK;
}

/* All values of one ENV are expanded with what was set before it. */
static enum lopt_status apply_env(struct lopt_state *s, const struct lopt_instruction *in)
{
	LOPT_CLEANUP(lopt_scope_release) struct lopt_scope next = { 0 };
	LOPT_CLEANUP(lopt_buf_release) struct lopt_buf name = LOPT_BUF_INIT(LOPT_EXPAND_BYTES_MAX);
	LOPT_CLEANUP(lopt_buf_release) struct lopt_buf value = LOPT_BUF_INIT(LOPT_EXPAND_BYTES_MAX);
	for (size_t i = 0; i + 2 < in->word_count; i += 3) {
		enum lopt_variable name_state, state;
		LOPT_TRY(expand_value(s, &s->scope, &name, in->words[i], &name_state));
		LOPT_TRY(expand_value(s, &s->scope, &value, in->words[i + 1], &state));
		LOPT_TRY(set_variable(s, &next, lopt_buf_view(&name), lopt_buf_view(&value), state, true));
	}
	for (size_t i = 0; i < next.count; i++)
		LOPT_TRY(lopt_scope_set(&s->scope, next.list[i], s->err));
	return LOPT_OK;
}

/* What the history shows of a build argument beats its default; without a default a global one counts. */
static enum lopt_status apply_arg_word(struct lopt_state *s, struct lopt_scope *scope, struct lopt_str word,
				       struct lopt_buf *value)
{
	size_t sign = lopt_str_find(word, '=');
	struct lopt_str name = lopt_str_make(word.ptr, sign);
	const struct lopt_scope_variable *known = lopt_scope_get(s->learned, name);
	const struct lopt_scope_variable *global = scope == &s->globals ? NULL : lopt_scope_get(&s->globals, name);
	if (known)
		return set_variable(s, scope, name, known->value, known->state, false);
	if (sign < word.len) {
		enum lopt_variable state;
		LOPT_TRY(expand_value(s, scope, value, lopt_str_skip(word, sign + 1), &state));
		return set_variable(s, scope, name, lopt_buf_view(value), state, false);
	}
	if (global)
		return set_variable(s, scope, name, global->value, global->state, false);
	return set_variable(s, scope, name, lopt_str_from(""), LOPT_VARIABLE_UNKNOWN, false);
}

static enum lopt_status apply_arg(struct lopt_state *s, struct lopt_scope *scope, const struct lopt_instruction *in)
{
	LOPT_CLEANUP(lopt_buf_release) struct lopt_buf value = LOPT_BUF_INIT(LOPT_EXPAND_BYTES_MAX);
	for (size_t i = 0; i < in->word_count; i++)
		LOPT_TRY(apply_arg_word(s, scope, in->words[i], &value));
	return LOPT_OK;
}

/* Take "." and ".." out of an absolute path. */
static void clean_path(struct lopt_buf *out, struct lopt_str path)
{
	size_t start = out->len;
	while (path.len) {
		size_t len = lopt_str_find(path, '/');
		struct lopt_str part = lopt_str_make(path.ptr, len);
		path = lopt_str_skip(path, len + (len < path.len));
		if (lopt_str_is(part, "..")) {
			while (out->len > start && out->data[--out->len] != '/')
				;
		} else if (part.len && !lopt_str_is(part, ".")) {
			lopt_buf_char(out, '/');
			lopt_buf_str(out, part);
		}
	}
	if (out->len == start)
		lopt_buf_char(out, '/');
}

/* A path that begins with what is not known keeps a hole in front; what is behind the hole is cleaned. */
static enum lopt_status join_path(struct lopt_state *s, struct lopt_str path, struct lopt_buf *out)
{
	LOPT_CLEANUP(lopt_buf_release) struct lopt_buf joined = LOPT_BUF_INIT(LOPT_CHAIN_BYTES_MAX);
	bool open = path.len && path.ptr[0] == LOPT_EXPAND_HOLE;
	if (!open && !lopt_str_starts(path, "/")) {
		lopt_buf_str(&joined, s->workdir);
		lopt_buf_char(&joined, '/');
	}
	lopt_buf_str(&joined, path);
	if (joined.failed)
		return lopt_error_memory(s->err);
	struct lopt_str whole = lopt_buf_view(&joined);
	if (whole.ptr[0] != LOPT_EXPAND_HOLE) {
		clean_path(out, whole);
		return LOPT_OK;
	}
	lopt_buf_char(out, LOPT_EXPAND_HOLE);
	whole = lopt_str_skip(whole, 1);
	if (whole.len && whole.ptr[0] == '/')
		clean_path(out, whole);
	return LOPT_OK;
}

static enum lopt_status apply_workdir(struct lopt_state *s, const struct lopt_instruction *in)
{
	LOPT_CLEANUP(lopt_buf_release) struct lopt_buf path = LOPT_BUF_INIT(LOPT_EXPAND_BYTES_MAX);
	LOPT_CLEANUP(lopt_buf_release) struct lopt_buf clean = LOPT_BUF_INIT(LOPT_CHAIN_BYTES_MAX);
	enum lopt_variable state;
	LOPT_TRY(expand_value(s, &s->scope, &path, in->args, &state));
	if (state == LOPT_VARIABLE_UNKNOWN)
		return lopt_state_keep(s, lopt_str_make("", 1), &s->workdir);
	LOPT_TRY(join_path(s, lopt_buf_view(&path), &clean));
	return clean.failed ? lopt_error_memory(s->err) : lopt_state_keep(s, lopt_buf_view(&clean), &s->workdir);
}

static enum lopt_status apply_shell(struct lopt_state *s, const struct lopt_instruction *in)
{
	LOPT_CLEANUP(lopt_buf_release) struct lopt_buf plain = LOPT_BUF_INIT(LOPT_CHAIN_BYTES_MAX);
	LOPT_CLEANUP(lopt_buf_release) struct lopt_buf quoted = LOPT_BUF_INIT(12 * (size_t)LOPT_CHAIN_BYTES_MAX);
	for (size_t i = 0; i < in->word_count; i++) {
		if (i) {
			lopt_buf_char(&plain, ' ');
			lopt_buf_char(&quoted, ' ');
		}
		lopt_buf_str(&plain, in->words[i]);
		lopt_go_quote(&quoted, in->words[i]);
	}
	if (plain.failed || quoted.failed)
		return lopt_error_memory(s->err);
	LOPT_TRY(lopt_state_keep(s, lopt_buf_view(&plain), &s->shell));
	return lopt_state_keep(s, lopt_buf_view(&quoted), &s->quoted_shell);
}

static enum lopt_status apply(struct lopt_state *s, enum lopt_keyword keyword, const struct lopt_instruction *in)
{
	switch (keyword) {
	case LOPT_KEYWORD_ENV:
		return apply_env(s, in);
	case LOPT_KEYWORD_ARG:
		return apply_arg(s, &s->scope, in);
	case LOPT_KEYWORD_SHELL:
		return in->json ? apply_shell(s, in) : LOPT_OK;
	default:
		return LOPT_OK;
	}
}

/* ---- stages */

static enum lopt_status add_item(struct lopt_state *s, const struct lopt_instruction *in, uint32_t line)
{
	struct lopt_chain *chain = s->chain;
	if (chain->count == LOPT_CHAIN_ITEMS_MAX)
		return lopt_error_set(s->err, LOPT_E_LIMIT, "more than %d instructions", LOPT_CHAIN_ITEMS_MAX);
	struct lopt_item item = { .keyword = lopt_keyword_find(in->keyword), .line = line };
	item.ships = item.keyword == LOPT_KEYWORD_RUN || item.keyword == LOPT_KEYWORD_COPY ||
		     item.keyword == LOPT_KEYWORD_ADD;
	if (item.keyword == LOPT_KEYWORD_NONE || item.keyword == LOPT_KEYWORD_FROM)
		return LOPT_OK;
	if (item.keyword == LOPT_KEYWORD_WORKDIR)
		LOPT_TRY(apply_workdir(s, in));
	if (item.keyword == LOPT_KEYWORD_SHELL)
		LOPT_TRY(apply(s, item.keyword, in));
	LOPT_TRY(lopt_form_write(&item, s, in));
	struct lopt_item *items = lopt_grow(chain->items, &chain->cap, chain->count + 1, sizeof *items);
	if (!items)
		return lopt_error_memory(s->err);
	chain->items = items;
	chain->items[chain->count++] = item;
	return item.keyword == LOPT_KEYWORD_SHELL ? LOPT_OK : apply(s, item.keyword, in);
}

/* The instructions of the file, by stage. */
struct stage {
	const struct lopt_instruction *from;
	size_t first, end; /* of its instructions, FROM left out */
	size_t base;	   /* an earlier stage, or SIZE_MAX for an image */
	bool scratch;
};

struct stages {
	struct stage *list;
	size_t count;
};

static void stages_release(struct stages *stages)
{
	free(stages->list);
}

/* What a digit-only name means; SIZE_MAX when it is none. */
static size_t read_index(struct lopt_str text)
{
	size_t value = 0;
	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] < '0' || text.ptr[i] > '9' || value > 1000000)
			return SIZE_MAX;
		value = value * 10 + (size_t)(text.ptr[i] - '0');
	}
	return text.len ? value : SIZE_MAX;
}

static bool equal_any_case(struct lopt_str a, struct lopt_str b)
{
	for (size_t i = 0; a.len == b.len && i < a.len; i++) {
		unsigned char x = (unsigned char)a.ptr[i], y = (unsigned char)b.ptr[i];
		if (x != y && ((x ^ y) != 0x20 || (x | 0x20) < 'a' || (x | 0x20) > 'z'))
			return false;
	}
	return a.len == b.len;
}

/* The latest earlier stage of that name, else the stage of that number. */
static size_t find_base(const struct stages *stages, size_t before, struct lopt_str name)
{
	for (size_t i = before; i-- > 0;) {
		const struct lopt_instruction *from = stages->list[i].from;
		if (from->word_count == 3 && equal_any_case(from->words[2], name))
			return i;
	}
	size_t index = read_index(name);
	return index < before ? index : SIZE_MAX;
}

static enum lopt_status find_stages(struct lopt_state *s, struct stages *stages)
{
	size_t count = lopt_dockerfile_count(s->file);
	stages->list = calloc(count, sizeof *stages->list);
	if (!stages->list)
		return lopt_error_memory(s->err);
	for (size_t i = 0; i < count; i++) {
		const struct lopt_instruction *in = lopt_dockerfile_at(s->file, i);
		enum lopt_keyword keyword = lopt_keyword_find(in->keyword);
		if (keyword == LOPT_KEYWORD_FROM)
			stages->list[stages->count++] = (struct stage){ .from = in, .first = i + 1, .base = SIZE_MAX };
		else if (stages->count == 0 && keyword == LOPT_KEYWORD_ARG)
			LOPT_TRY(apply_arg(s, &s->globals, in));
		if (stages->count)
			stages->list[stages->count - 1].end = i + 1;
	}
	return LOPT_OK;
}

static enum lopt_status resolve_base(struct lopt_state *s, struct stages *stages, size_t index)
{
	struct stage *stage = &stages->list[index];
	LOPT_CLEANUP(lopt_buf_release) struct lopt_buf name = LOPT_BUF_INIT(LOPT_EXPAND_BYTES_MAX);
	enum lopt_variable state;
	if (stage->from->word_count == 0)
		return LOPT_OK;
	LOPT_TRY(expand_value(s, &s->globals, &name, stage->from->words[0], &state));
	stage->base = find_base(stages, index, lopt_buf_view(&name));
	stage->scratch = stage->base == SIZE_MAX && lopt_str_is(lopt_buf_view(&name), "scratch");
	return LOPT_OK;
}

/* A stage runs what the stage below it left for it. */
static enum lopt_status add_triggers(struct lopt_state *s, const struct stage *below)
{
	for (size_t i = below->first; i < below->end; i++) {
		const struct lopt_instruction *in = lopt_dockerfile_at(s->file, i);
		if (in->trigger)
			LOPT_TRY(add_item(s, in->trigger, in->line));
	}
	return LOPT_OK;
}

static enum lopt_status add_stage(struct lopt_state *s, const struct stages *stages, size_t index)
{
	const struct stage *stage = &stages->list[index];
	if (stage->base != SIZE_MAX) {
		if (s->builder == LOPT_BUILDER_LEGACY)
			lopt_scope_forget_args(&s->scope);
		LOPT_TRY(add_triggers(s, &stages->list[stage->base]));
	}
	for (size_t i = stage->first; i < stage->end; i++) {
		const struct lopt_instruction *in = lopt_dockerfile_at(s->file, i);
		LOPT_TRY(add_item(s, in, in->line));
	}
	return LOPT_OK;
}

static enum lopt_status add_stages(struct lopt_state *s, struct stages *stages)
{
	if (stages->count == 0)
		return LOPT_OK;
	LOPT_CLEANUP(lopt_cleanup_bytes) size_t *path = reallocarray(NULL, stages->count, sizeof *path);
	if (!path)
		return lopt_error_memory(s->err);
	enum { DEPTH_MAX = 256 };
	size_t depth = 0, at = stages->count - 1;
	for (; at != SIZE_MAX; at = stages->list[at].base) {
		if (depth == DEPTH_MAX)
			return lopt_error_set(s->err, LOPT_E_LIMIT, "more than %d stages on top of each other",
					      DEPTH_MAX);
		LOPT_TRY(resolve_base(s, stages, at));
		path[depth++] = at;
	}
	bool scratch = stages->list[path[depth - 1]].scratch;
	s->scope.open = !scratch;
	LOPT_TRY(lopt_state_keep(s, scratch ? lopt_str_from("/") : lopt_str_make("", 1), &s->workdir));
	s->shell = lopt_str_from("/bin/sh -c");
	s->quoted_shell = lopt_str_from(scratch ? "\"/bin/sh\" \"-c\"" : "");
	while (depth-- > 0)
		LOPT_TRY(add_stage(s, stages, path[depth]));
	return LOPT_OK;
}

enum lopt_status lopt_chain_build(struct lopt_chain *chain, struct lopt_arena *arena,
				  const struct lopt_dockerfile *dockerfile, enum lopt_builder builder,
				  const struct lopt_scope *learned, struct lopt_error *err)
{
	LOPT_CLEANUP(state_release)
	struct lopt_state s = {
		.chain = chain,
		.arena = arena,
		.file = dockerfile,
		.builder = builder,
		.learned = learned,
		.err = err,
		.text = LOPT_BUF_INIT(LOPT_EXPAND_BYTES_MAX),
		.pattern_steps = LOPT_EXPAND_PATTERN_STEPS,
	};
	s.globals.open = true; /* TARGETARCH and its kin */
	LOPT_CLEANUP(stages_release) struct stages stages = { 0 };
	LOPT_TRY(find_stages(&s, &stages));
	return add_stages(&s, &stages);
}
