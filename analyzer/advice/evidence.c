/* SPDX-License-Identifier: MIT */
#include "advice/evidence.h"

#include <stdlib.h>

#include "base/cleanup.h"

/* Which instruction made which layer. */

static size_t instruction_at_line(const struct lopt_dockerfile *file, uint32_t line)
{
	for (size_t i = 0; line && i < lopt_dockerfile_count(file); i++)
		if (lopt_dockerfile_at(file, i)->line == line)
			return i;
	return SIZE_MAX;
}

static enum lopt_status match_layers(struct lopt_evidence *evidence, struct lopt_error *err)
{
	const struct lopt_analysis *analysis = evidence->input->analysis;
	evidence->instruction_of = lopt_arena_zalloc(evidence->arena, evidence->layers + 1, sizeof(size_t));
	evidence->layer_of = lopt_arena_zalloc(evidence->arena, evidence->instructions + 1, sizeof(size_t));
	evidence->staged = lopt_arena_zalloc(evidence->arena, evidence->instructions + 1, sizeof(bool));
	if (!evidence->instruction_of || !evidence->layer_of || !evidence->staged)
		return lopt_error_memory(err);
	for (size_t i = 0; i < evidence->instructions; i++)
		evidence->layer_of[i] = LOPT_NO_LAYER;
	for (size_t layer = 0; layer < evidence->layers; layer++) {
		size_t instruction = instruction_at_line(evidence->file, analysis->layers[layer].line);
		evidence->instruction_of[layer] = instruction;
		if (instruction != SIZE_MAX)
			evidence->layer_of[instruction] = layer;
	}
	return LOPT_OK;
}

/* Directories: WORKDIR with variables, or below a base image's, is not known. */

static struct lopt_str workdir_behind(struct lopt_evidence *evidence, const struct lopt_instruction *instruction,
				      struct lopt_str before, struct lopt_error *err, bool *failed)
{
	LOPT_CLEANUP(lopt_buf_release) struct lopt_buf path = LOPT_BUF_INIT(65536);
	struct lopt_str text = instruction->args;
	(void)err;
	if (memchr(text.ptr, '$', text.len) || memchr(text.ptr, '"', text.len) || memchr(text.ptr, '\\', text.len))
		return lopt_str_make("", 0);
	if (text.len && text.ptr[0] == '/')
		return text;
	if (!before.len)
		return before;
	lopt_buf_str(&path, before);
	if (before.ptr[before.len - 1] != '/')
		lopt_buf_char(&path, '/');
	lopt_buf_str(&path, text);
	struct lopt_str joined = lopt_arena_copy(evidence->arena, lopt_buf_view(&path));
	*failed |= path.failed || !joined.ptr;
	return joined.ptr ? joined : lopt_str_make("", 0);
}

static enum lopt_status read_instructions(struct lopt_evidence *evidence, struct lopt_error *err)
{
	char escape = lopt_dockerfile_escape(evidence->file);
	bool failed = false, posix = true;
	struct lopt_str workdir = lopt_str_make("", 0);
	evidence->keywords = lopt_arena_zalloc(evidence->arena, evidence->instructions + 1, sizeof *evidence->keywords);
	evidence->shells = lopt_arena_zalloc(evidence->arena, evidence->instructions + 1, sizeof *evidence->shells);
	evidence->workdirs = lopt_arena_zalloc(evidence->arena, evidence->instructions + 1, sizeof *evidence->workdirs);
	if (!evidence->keywords || !evidence->shells || !evidence->workdirs)
		return lopt_error_memory(err);
	for (size_t i = 0; i < evidence->instructions; i++) {
		const struct lopt_instruction *instruction = lopt_evidence_at(evidence, i);
		enum lopt_keyword keyword = lopt_keyword_find(instruction->keyword);
		evidence->keywords[i] = keyword;
		if (keyword == LOPT_KEYWORD_FROM) {
			evidence->first = i + 1;
			posix = true;
			workdir = lopt_str_make("/", 1);
		}
		if (keyword == LOPT_KEYWORD_SHELL) /* other than /bin/sh and /bin/bash is not understood */
			posix = instruction->word_count && (lopt_str_is(instruction->words[0], "/bin/sh") ||
							    lopt_str_is(instruction->words[0], "/bin/bash"));
		if (keyword == LOPT_KEYWORD_WORKDIR)
			workdir = workdir_behind(evidence, instruction, workdir, err, &failed);
		evidence->workdirs[i] = workdir;
		if (keyword == LOPT_KEYWORD_RUN && posix)
			LOPT_TRY(lopt_shell_read(&evidence->shells[i], evidence->arena, instruction, escape, err));
	}
	return failed ? lopt_error_memory(err) : LOPT_OK;
}

/* What is below what. */

static bool is_path(const void *owner, uint32_t value, uint64_t number, struct lopt_str key)
{
	const struct lopt_evidence *evidence = owner;
	const struct lopt_occurrence *at = &evidence->occurrences[value];
	(void)number;
	return lopt_str_equal(lopt_image_layer(evidence->image, at->layer)->entries[at->entry].path, key);
}

static enum lopt_status remember(struct lopt_evidence *evidence, size_t layer, uint32_t entry, struct lopt_error *err)
{
	struct lopt_str path = lopt_image_layer(evidence->image, layer)->entries[entry].path;
	struct lopt_occurrence *items = lopt_grow(evidence->occurrences, &evidence->occurrence_cap,
						  evidence->occurrence_count + 1, sizeof *items);
	if (!items)
		return lopt_error_memory(err);
	evidence->occurrences = items;
	uint32_t below = lopt_table_find(&evidence->paths, 0, path, is_path, evidence);
	items[evidence->occurrence_count] = (struct lopt_occurrence){ layer, entry, below };
	if (below != LOPT_TABLE_NONE)
		lopt_table_remove(&evidence->paths, 0, path, below);
	if (!lopt_table_insert(&evidence->paths, 0, path, (uint32_t)evidence->occurrence_count))
		return lopt_error_memory(err);
	evidence->occurrence_count++;
	return LOPT_OK;
}

static enum lopt_status index_entries(struct lopt_evidence *evidence, struct lopt_error *err)
{
	enum { UNSEEN = LOPT_ENTRY_WHITEOUT | LOPT_ENTRY_OPAQUE | LOPT_ENTRY_REPLACED | LOPT_ENTRY_IGNORED };
	evidence->claimed = lopt_arena_zalloc(evidence->arena, evidence->layers + 1, sizeof *evidence->claimed);
	if (!evidence->claimed)
		return lopt_error_memory(err);
	for (size_t i = 0; i < evidence->layers; i++) {
		const struct lopt_layer *layer = lopt_image_layer(evidence->image, i);
		evidence->claimed[i] = lopt_arena_zalloc(evidence->arena, layer->inode_count + 1, sizeof(bool));
		if (!evidence->claimed[i])
			return lopt_error_memory(err);
		for (size_t j = 0; j < layer->entry_count; j++)
			if (!(layer->entries[j].flags & UNSEEN))
				LOPT_TRY(remember(evidence, i, (uint32_t)j, err));
	}
	return LOPT_OK;
}

enum lopt_status lopt_evidence_gather(struct lopt_evidence *evidence, struct lopt_plan *plan,
				      const struct lopt_plan_input *input, struct lopt_error *err)
{
	*evidence = (struct lopt_evidence){
		.input = input,
		.file = input->file,
		.image = input->analysis->image,
		.plan = plan,
		.arena = &plan->arena,
		.instructions = lopt_dockerfile_count(input->file),
		.layers = lopt_image_layer_count(input->analysis->image),
	};
	LOPT_TRY(match_layers(evidence, err));
	LOPT_TRY(read_instructions(evidence, err));
	return index_entries(evidence, err);
}

void lopt_evidence_release(struct lopt_evidence *evidence)
{
	lopt_table_release(&evidence->paths);
	free(evidence->occurrences);
}

/* Questions. */

uint64_t lopt_evidence_least(const struct lopt_evidence *evidence, uint64_t parts)
{
	uint64_t share = evidence->input->analysis->totals.content_bytes / 1000000 * parts;
	return share > LOPT_EDIT_BYTES_LEAST ? share : LOPT_EDIT_BYTES_LEAST;
}

bool lopt_evidence_is_run(const struct lopt_evidence *evidence, size_t instruction)
{
	return instruction < evidence->instructions && evidence->layer_of[instruction] != LOPT_NO_LAYER &&
	       evidence->keywords[instruction] == LOPT_KEYWORD_RUN && evidence->shells[instruction].understood;
}

const struct lopt_entry *lopt_evidence_below(const struct lopt_evidence *evidence, struct lopt_str path, size_t layer,
					     size_t *at)
{
	uint32_t i = lopt_table_find(&evidence->paths, 0, path, is_path, evidence);
	while (i != LOPT_TABLE_NONE && evidence->occurrences[i].layer >= layer)
		i = evidence->occurrences[i].before;
	if (i == LOPT_TABLE_NONE)
		return NULL;
	*at = evidence->occurrences[i].layer;
	return &lopt_image_layer(evidence->image, *at)->entries[evidence->occurrences[i].entry];
}

uint32_t lopt_evidence_mentioned(const struct lopt_evidence *evidence, size_t behind, struct lopt_str text)
{
	for (size_t i = behind + 1; text.len && i < evidence->instructions; i++) {
		const struct lopt_instruction *instruction = lopt_evidence_at(evidence, i);
		if (memmem(instruction->source.ptr, instruction->source.len, text.ptr, text.len))
			return instruction->line;
	}
	return 0;
}

bool lopt_word_is_plain(struct lopt_str word)
{
	for (size_t i = 0; i < word.len; i++) {
		char c = word.ptr[i];
		bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
		if (!letter && !(c && strchr("._/-+@%,=:", c)))
			return false;
	}
	return word.len > 0;
}

static struct lopt_str base_of(struct lopt_str path)
{
	const char *slash = path.len ? memrchr(path.ptr, '/', path.len) : NULL;
	if (!slash)
		return path;
	size_t gone = (size_t)(slash - path.ptr) + 1;
	return lopt_str_make(path.ptr + gone, path.len - gone);
}

struct lopt_str lopt_command_program(const struct lopt_shell_command *command, size_t *word)
{
	static const char *const wrappers[] = { "!", "sudo", "env", "time", "nice", "eatmydata", "command", "exec" };
	for (size_t i = 0; i < command->word_count; i++) {
		struct lopt_str text = base_of(command->words[i].text);
		bool skip = (text.len && text.ptr[0] == '-') || memchr(text.ptr, '=', text.len);
		for (size_t j = 0; !skip && j < sizeof wrappers / sizeof wrappers[0]; j++)
			skip = lopt_str_is(text, wrappers[j]);
		if (skip)
			continue;
		*word = i;
		return command->words[i].literal ? text : lopt_str_make("", 0);
	}
	*word = command->word_count;
	return lopt_str_make("", 0);
}

size_t lopt_shell_find(const struct lopt_shell *shell, const char *name, size_t from)
{
	for (size_t i = from; i < shell->count; i++) {
		size_t word;
		if (lopt_str_is(lopt_command_program(&shell->commands[i], &word), name))
			return i;
	}
	return SIZE_MAX;
}
