/* SPDX-License-Identifier: MIT */
#include "advice/stage.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "dockerfile/runes.h"

enum {
	ARENA_MAX = 64 << 20,
	PATH_BYTES_MAX = 4096, /* a longer directory is not followed */
};

void lopt_stage_release(struct lopt_stage *stage)
{
	lopt_arena_release(&stage->arena);
	*stage = (struct lopt_stage){ 0 };
}

/* ---- small questions */

struct lopt_str lopt_step_flag(const struct lopt_instruction *instruction, const char *name)
{
	size_t len = strlen(name);
	for (size_t i = 0; i < instruction->flag_count; i++) {
		struct lopt_str flag = instruction->flags[i];
		if (lopt_str_starts(flag, "--") && flag.len > len + 2 && flag.ptr[len + 2] == '=' &&
		    memcmp(flag.ptr + 2, name, len) == 0)
			return lopt_str_skip(flag, len + 3);
	}
	return lopt_str_make(NULL, 0);
}

struct lopt_str lopt_list_value(struct lopt_str list, const char *name)
{
	size_t len = strlen(name);
	while (list.len) {
		size_t end = lopt_str_find(list, ',');
		struct lopt_str part = lopt_str_make(list.ptr, end);
		if (part.len > len && part.ptr[len] == '=' && memcmp(part.ptr, name, len) == 0)
			return lopt_str_skip(part, len + 1);
		list = lopt_str_skip(list, end + (end < list.len));
	}
	return lopt_str_make(NULL, 0);
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

size_t lopt_stage_find(const struct lopt_dockerfile *file, size_t before, struct lopt_str name)
{
	size_t found = SIZE_MAX, number = 0;
	const struct lopt_instruction *in;
	for (size_t i = 0; (in = lopt_dockerfile_at(file, i)); i++)
		if (lopt_str_is(in->keyword, "from") && in->stage < before && in->word_count == 3 &&
		    equal_any_case(in->words[2], name))
			found = in->stage;
	if (found != SIZE_MAX)
		return found;
	for (size_t i = 0; i < name.len; i++) {
		if (name.ptr[i] < '0' || name.ptr[i] > '9' || number > 1000000)
			return SIZE_MAX;
		number = number * 10 + (size_t)(name.ptr[i] - '0');
	}
	return name.len && number < before ? number : SIZE_MAX;
}

static bool is_name(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

bool lopt_text_names(struct lopt_str text, struct lopt_str name)
{
	struct lopt_str rest = text;
	while (name.len && rest.len >= name.len) {
		const char *at = memmem(rest.ptr, rest.len, name.ptr, name.len);
		if (!at)
			return false;
		const char *end = at + name.len;
		if ((at == text.ptr || !is_name(at[-1])) && (end == text.ptr + text.len || !is_name(*end)))
			return true;
		rest = lopt_str_skip(rest, (size_t)(at + 1 - rest.ptr));
	}
	return false;
}

struct lopt_str lopt_path_absolute(struct lopt_arena *arena, struct lopt_str from, struct lopt_str path)
{
	struct lopt_str parts[2] = { from, path };
	size_t len = 0;
	char *out = lopt_arena_alloc(arena, from.len + path.len + 3);
	if (!out)
		return lopt_str_make(NULL, 0);
	for (size_t i = lopt_str_starts(path, "/") ? 1 : 0; i < 2; i++) {
		struct lopt_str rest = parts[i];
		while (rest.len) {
			struct lopt_str part = lopt_str_make(rest.ptr, lopt_str_find(rest, '/'));
			rest = lopt_str_skip(rest, part.len + (part.len < rest.len));
			if (lopt_str_is(part, "..")) {
				while (len && out[--len] != '/')
					;
			} else if (part.len && !lopt_str_is(part, ".")) {
				out[len++] = '/';
				memcpy(out + len, part.ptr, part.len);
				len += part.len;
			}
		}
	}
	if (len == 0)
		out[len++] = '/';
	out[len] = '\0';
	return lopt_str_make(out, len);
}

/* ---- what instructions set */

struct reader {
	struct lopt_stage *stage;
	const struct lopt_dockerfile *file;
	const struct lopt_image_info *image;
	struct lopt_scope globals, scope;
	struct lopt_str cwd;
	struct lopt_buf text;
	size_t pattern_steps;
	struct lopt_error *err;
};

static void reader_release(struct reader *r)
{
	lopt_scope_release(&r->globals);
	lopt_scope_release(&r->scope);
	lopt_buf_release(&r->text);
}

/* The arena is full, or there is no memory. */
static enum lopt_status no_room(const struct reader *r)
{
	if (r->stage->arena.used < ARENA_MAX / 2)
		return lopt_error_memory(r->err);
	return lopt_error_set(r->err, LOPT_E_LIMIT, "the texts of a stage become too long");
}

/* Where the builder would stop, the text is not known. */
static enum lopt_status expand(struct reader *r, const struct lopt_scope *scope, struct lopt_str word,
			       struct lopt_str *out)
{
	const struct lopt_expand how = {
		.escape = lopt_dockerfile_escape(r->file),
		.lookup = lopt_scope_lookup,
		.context = scope,
		.pattern_steps = &r->pattern_steps,
	};
	lopt_buf_clear(&r->text);
	enum lopt_status status = lopt_expand_word(&r->text, &how, word, r->err);
	if (status == LOPT_E_MEMORY)
		return status;
	if (status != LOPT_OK) {
		*out = lopt_str_make("", 1); /* one hole */
		return LOPT_OK;
	}
	*out = lopt_arena_copy(&r->stage->arena, lopt_buf_view(&r->text));
	return out->ptr ? LOPT_OK : no_room(r);
}

static bool has_hole(struct lopt_str text)
{
	return lopt_str_find(text, LOPT_EXPAND_HOLE) < text.len;
}

static enum lopt_status set(struct reader *r, struct lopt_scope *scope, struct lopt_str name, struct lopt_str value,
			    bool env)
{
	const struct lopt_scope_variable variable = {
		.name = name,
		.value = value,
		.state = has_hole(value) ? LOPT_VARIABLE_UNKNOWN : LOPT_VARIABLE_SET,
		.env = env,
	};
	return lopt_scope_set(scope, variable, r->err);
}

/* All values of one ENV are expanded with what was set before it. */
static enum lopt_status apply_env(struct reader *r, const struct lopt_instruction *in)
{
	struct lopt_str *values = lopt_arena_zalloc(&r->stage->arena, in->word_count + 1, sizeof *values);
	if (!values)
		return no_room(r);
	for (size_t i = 0; i + 2 < in->word_count; i += 3) {
		LOPT_TRY(expand(r, &r->scope, in->words[i], &values[i]));
		LOPT_TRY(expand(r, &r->scope, in->words[i + 1], &values[i + 1]));
	}
	for (size_t i = 0; i + 2 < in->word_count; i += 3)
		LOPT_TRY(set(r, &r->scope, values[i], values[i + 1], true));
	return LOPT_OK;
}

static enum lopt_status apply_arg(struct reader *r, struct lopt_scope *scope, const struct lopt_instruction *in)
{
	for (size_t i = 0; i < in->word_count; i++) {
		struct lopt_str word = in->words[i], name = lopt_str_make(word.ptr, lopt_str_find(word, '='));
		struct lopt_str value = lopt_str_make("", 1);
		const struct lopt_scope_variable *global = lopt_scope_get(&r->globals, name);
		if (name.len < word.len)
			LOPT_TRY(expand(r, scope, lopt_str_skip(word, name.len + 1), &value));
		else if (scope != &r->globals && global && global->state == LOPT_VARIABLE_SET)
			value = global->value;
		LOPT_TRY(set(r, scope, name, value, false));
	}
	return LOPT_OK;
}

static enum lopt_status apply_workdir(struct reader *r, const struct lopt_step *step)
{
	struct lopt_str path = step->word_count ? step->words[0] : lopt_str_make("", 1);
	bool known = !has_hole(path) && (r->cwd.ptr || lopt_str_starts(path, "/"));
	r->cwd = lopt_str_make(NULL, 0);
	if (!known)
		return LOPT_OK;
	r->cwd = lopt_path_absolute(&r->stage->arena, step->cwd, path);
	if (!r->cwd.ptr)
		return no_room(r);
	if (r->cwd.len > PATH_BYTES_MAX)
		r->cwd.ptr = NULL;
	return LOPT_OK;
}

static enum lopt_status apply(struct reader *r, const struct lopt_step *step)
{
	switch (step->keyword) {
	case LOPT_KEYWORD_ENV:
		return apply_env(r, step->instruction);
	case LOPT_KEYWORD_ARG:
		return apply_arg(r, &r->scope, step->instruction);
	case LOPT_KEYWORD_WORKDIR:
		return apply_workdir(r, step);
	default:
		return LOPT_OK;
	}
}

/* ---- steps */

static enum lopt_status read_words(struct reader *r, struct lopt_step *step)
{
	const struct lopt_instruction *in = step->instruction;
	bool line = step->keyword == LOPT_KEYWORD_WORKDIR || step->keyword == LOPT_KEYWORD_USER;
	size_t count = line ? 1 : in->word_count;
	struct lopt_str *words = lopt_arena_zalloc(&r->stage->arena, count + 1, sizeof *words);
	if (!words)
		return no_room(r);
	for (size_t i = 0; i < count; i++)
		LOPT_TRY(expand(r, &r->scope, line ? in->args : in->words[i], &words[i]));
	step->words = words;
	step->word_count = count;
	return LOPT_OK;
}

static enum lopt_status read_variables(struct reader *r, struct lopt_step *step)
{
	struct lopt_scope_variable *list = lopt_arena_zalloc(&r->stage->arena, r->scope.count + 1, sizeof *list);
	if (!list)
		return no_room(r);
	if (r->scope.count)
		memcpy(list, r->scope.list, r->scope.count * sizeof *list);
	step->variables = list;
	step->variable_count = r->scope.count;
	return LOPT_OK;
}

static enum lopt_status read_step(struct reader *r, struct lopt_step *step, const struct lopt_instruction *in)
{
	*step = (struct lopt_step){ .instruction = in, .keyword = lopt_keyword_find(in->keyword), .cwd = r->cwd };
	switch (step->keyword) {
	case LOPT_KEYWORD_ADD:
	case LOPT_KEYWORD_COPY:
	case LOPT_KEYWORD_USER:
	case LOPT_KEYWORD_VOLUME:
	case LOPT_KEYWORD_WORKDIR:
		LOPT_TRY(read_words(r, step));
		break;
	case LOPT_KEYWORD_RUN:
		LOPT_TRY(read_variables(r, step));
		break;
	default:
		break;
	}
	return apply(r, step);
}

/* ---- what the base set */

static bool stage_sets(const struct reader *r, struct lopt_str name)
{
	const struct lopt_instruction *in;
	for (size_t i = r->stage->first; (in = lopt_dockerfile_at(r->file, i)); i++)
		if (lopt_str_is(in->keyword, "env") && lopt_text_names(in->args, name))
			return true;
	return false;
}

/* What no instruction of the stage sets, the image has from its base. */
static enum lopt_status learn_base(struct reader *r)
{
	const struct lopt_instruction *in;
	bool moves = false;
	r->scope.open = true;
	if (!r->image)
		return LOPT_OK;
	for (size_t i = r->stage->first; (in = lopt_dockerfile_at(r->file, i)); i++)
		moves |= lopt_str_is(in->keyword, "workdir");
	if (!moves) {
		r->cwd = lopt_path_absolute(&r->stage->arena, r->image->working_dir, lopt_str_from(""));
		if (!r->cwd.ptr)
			return no_room(r);
	}
	for (size_t i = 0; i < r->image->env_count; i++)
		if (!stage_sets(r, r->image->env[i].name))
			LOPT_TRY(set(r, &r->scope, r->image->env[i].name, r->image->env[i].value, true));
	return LOPT_OK;
}

static enum lopt_status find_bounds(struct reader *r, size_t index, size_t *end)
{
	const struct lopt_instruction *in;
	bool found = false;
	for (size_t i = 0; (in = lopt_dockerfile_at(r->file, i)); i++) {
		if (in->stage == SIZE_MAX && lopt_str_is(in->keyword, "arg"))
			LOPT_TRY(apply_arg(r, &r->globals, in));
		if (lopt_str_is(in->keyword, "from") && (index == SIZE_MAX || in->stage == index)) {
			r->stage->first = i;
			found = true;
		}
		if (found && in->stage == lopt_dockerfile_at(r->file, r->stage->first)->stage)
			*end = i + 1;
	}
	return found ? LOPT_OK : lopt_error_set(r->err, LOPT_E_INPUT, "the Dockerfile has no such stage");
}

static enum lopt_status read_stage(struct reader *r, size_t index)
{
	size_t end = 0;
	LOPT_TRY(find_bounds(r, index, &end));
	LOPT_TRY(learn_base(r));
	struct lopt_stage *stage = r->stage;
	stage->steps = lopt_arena_zalloc(&stage->arena, end - stage->first, sizeof *stage->steps);
	if (!stage->steps)
		return no_room(r);
	for (size_t i = stage->first; i < end; i++)
		LOPT_TRY(read_step(r, &stage->steps[stage->count++], lopt_dockerfile_at(r->file, i)));
	stage->cwd = r->cwd;
	return LOPT_OK;
}

enum lopt_status lopt_stage_read(struct lopt_stage *out, const struct lopt_dockerfile *file, size_t index,
				 const struct lopt_image_info *image, struct lopt_error *err)
{
	LOPT_CLEANUP(reader_release)
	struct reader r = {
		.stage = out,
		.file = file,
		.image = image,
		.text = LOPT_BUF_INIT(LOPT_EXPAND_BYTES_MAX),
		.pattern_steps = LOPT_EXPAND_PATTERN_STEPS,
		.err = err,
	};
	*out = (struct lopt_stage){ 0 };
	lopt_arena_init(&out->arena, ARENA_MAX);
	enum lopt_status status = read_stage(&r, index);
	if (status != LOPT_OK)
		lopt_stage_release(out);
	return status;
}
