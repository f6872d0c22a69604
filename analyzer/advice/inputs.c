/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "advice/evidence.h"
#include "base/cleanup.h"
#include "layer/path.h"

/*
 * What a COPY brings and a later RUN removes: a mount lets the RUN see it without a layer that holds it; an archive is
 * unpacked as it is added.
 */

/* One COPY of one source, all of which a RUN removes. */
struct input {
	size_t copy, run;     /* instructions */
	struct lopt_str from; /* as written */
	struct lopt_str to;   /* path from the root */
	bool is_file;
};

static struct lopt_str base_of(struct lopt_str path)
{
	while (path.len > 1 && path.ptr[path.len - 1] == '/')
		path.len--;
	const char *slash = path.len ? memrchr(path.ptr, '/', path.len) : NULL;
	size_t gone = slash ? (size_t)(slash - path.ptr) + 1 : 0;
	return lopt_str_make(path.ptr + gone, path.len - gone);
}

static const struct lopt_entry *entry_at(const struct lopt_layer *layer, struct lopt_str path)
{
	for (size_t i = 0; i < layer->entry_count; i++)
		if (lopt_str_equal(layer->entries[i].path, path))
			return &layer->entries[i];
	return NULL;
}

/* The layer that removed every file of this one; SIZE_MAX where some stay, or several removed them. */
static size_t remover_of(const struct lopt_layer *layer)
{
	size_t by = SIZE_MAX;
	for (size_t i = 0; i < layer->inode_count; i++) {
		const struct lopt_inode *inode = &layer->inodes[i];
		if (inode->cause != LOPT_CAUSE_REMOVED || (by != SIZE_MAX && inode->masked_by != by))
			return SIZE_MAX;
		by = inode->masked_by;
	}
	return by;
}

static bool is_simple_copy(const struct lopt_instruction *instruction)
{
	if (instruction->word_count != 2 || instruction->heredoc_count || instruction->flag_count)
		return false;
	for (size_t i = 0; i < 2; i++)
		if (!lopt_word_is_plain(instruction->words[i]) ||
		    memchr(instruction->words[i].ptr, ',', instruction->words[i].len)) /* ends a word of --mount */
			return false;
	return !memmem(instruction->words[0].ptr, instruction->words[0].len, "://", 3);
}

static bool find_input(struct lopt_maker *maker, size_t copy, struct input *out)
{
	struct lopt_evidence *evidence = maker->evidence;
	const struct lopt_instruction *instruction = lopt_evidence_at(evidence, copy);
	if (evidence->keywords[copy] != LOPT_KEYWORD_COPY || evidence->layer_of[copy] == LOPT_NO_LAYER ||
	    !is_simple_copy(instruction))
		return false;
	const struct lopt_layer *layer = lopt_image_layer(evidence->image, evidence->layer_of[copy]);
	size_t by = remover_of(layer);
	if (by == SIZE_MAX || !lopt_evidence_is_run(evidence, evidence->instruction_of[by]))
		return false;
	*out = (struct input){ .copy = copy,
			       .run = evidence->instruction_of[by],
			       .from = instruction->words[0],
			       .to = lopt_maker_path(maker, copy, instruction->words[1]) };
	if (!out->to.len)
		return false;
	const struct lopt_entry *at = entry_at(layer, out->to);
	if (at && at->type == LOPT_FILE) {
		out->is_file = true;
		return true;
	}
	struct lopt_str inside =
		lopt_maker_text(maker, "%.*s/%.*s", LOPT_STR_ARGS(out->to), LOPT_STR_ARGS(base_of(out->from)));
	at = entry_at(layer, inside);
	if (at && at->type == LOPT_FILE && layer->inode_count == 1) {
		out->is_file = true;
		out->to = inside;
	}
	return true;
}

/* Commands of the RUN. */

static bool names(struct lopt_maker *maker, size_t run, const struct lopt_shell_word *word, struct lopt_str path)
{
	return word->literal && lopt_str_equal(lopt_maker_path(maker, run, word->text), path);
}

/* The "rm" that names the path, with its words counted; SIZE_MAX where there is none at the top level. */
static size_t find_rm(struct lopt_maker *maker, size_t run, struct lopt_str path, size_t *word, size_t *operands)
{
	const struct lopt_shell *shell = &maker->evidence->shells[run];
	for (size_t i = 0; i < shell->count; i++) {
		const struct lopt_shell_command *command = &shell->commands[i];
		size_t program;
		if (command->depth || !lopt_str_is(lopt_command_program(command, &program), "rm"))
			continue;
		size_t found = 0;
		*operands = 0;
		for (size_t j = program + 1; j < command->word_count; j++) {
			if (command->words[j].text.len && command->words[j].text.ptr[0] == '-')
				continue;
			++*operands;
			if (names(maker, run, &command->words[j], path))
				found = j;
		}
		*word = found;
		if (found)
			return i;
	}
	return SIZE_MAX;
}

/* The path out of its "rm". */
static bool drop_removal(struct lopt_maker *maker, const struct input *input)
{
	size_t word, operands;
	size_t index = find_rm(maker, input->run, input->to, &word, &operands);
	if (index == SIZE_MAX)
		return false;
	const struct lopt_shell_command *command = &maker->evidence->shells[input->run].commands[index];
	if (operands == 1) {
		lopt_maker_drop_command(maker, input->run, index);
		return true;
	}
	size_t start = command->words[word - 1].end;
	lopt_maker_step(maker, (struct lopt_edit_step){ .kind = LOPT_STEP_REPLACE,
							.instruction = input->run,
							.at = start,
							.len = command->words[word].end - start,
							.text = lopt_str_make("", 0) });
	return true;
}

static void claim_all(struct lopt_maker *maker, const struct input *input)
{
	size_t layer = maker->evidence->layer_of[input->copy];
	for (uint32_t i = 0; i < lopt_image_layer(maker->evidence->image, layer)->inode_count; i++)
		lopt_maker_claim(maker, layer, i);
}

/* What instructions up to the one that removes it all make in there goes into the mount, too. */
static void claim_made_inside(struct lopt_maker *maker, const struct input *input)
{
	const struct lopt_evidence *evidence = maker->evidence;
	for (size_t i = input->copy + 1; i < input->run; i++) {
		if (!lopt_evidence_is_run(evidence, i))
			continue;
		const struct lopt_layer *layer = lopt_image_layer(evidence->image, evidence->layer_of[i]);
		for (uint32_t j = 0; j < layer->inode_count; j++)
			if (layer->inodes[j].cause != LOPT_CAUSE_NONE &&
			    lopt_path_is_beneath(layer->inodes[j].path, input->to))
				lopt_maker_claim(maker, evidence->layer_of[i], j);
	}
}

static void describe(struct lopt_maker *maker, const struct input *input)
{
	unsigned line = lopt_evidence_at(maker->evidence, input->copy)->line;
	unsigned by = lopt_evidence_at(maker->evidence, input->run)->line;
	struct lopt_str size = lopt_maker_size(maker, lopt_maker_bytes(maker));
	maker->edit.line = line;
	maker->edit.evidence =
		lopt_maker_text(maker, "line %u ships %.*s that line %u removes.", line, LOPT_STR_ARGS(size), by);
}

/* Archives. */

static bool is_archive(struct lopt_str name)
{
	static const char *const ends[] = { ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz" };
	for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
		size_t len = strlen(ends[i]);
		if (name.len > len && memcmp(name.ptr + name.len - len, ends[i], len) == 0)
			return true;
	}
	return false;
}

/* A plain "tar xf PATH [-C DIR]": the command's index and where it unpacks to. */
static size_t find_tar(struct lopt_maker *maker, const struct input *input, struct lopt_str *to)
{
	const struct lopt_shell *shell = &maker->evidence->shells[input->run];
	for (size_t i = 0; i < shell->count; i++) {
		const struct lopt_shell_command *command = &shell->commands[i];
		size_t program;
		bool unpacks = false, names_it = false, plain = true;
		if (command->depth || command->redirected ||
		    !lopt_str_is(lopt_command_program(command, &program), "tar"))
			continue;
		*to = lopt_maker_path(maker, input->run, lopt_str_from("."));
		for (size_t j = program + 1; j < command->word_count; j++) {
			const struct lopt_shell_word *word = &command->words[j];
			if (names(maker, input->run, word, input->to)) {
				names_it = true;
			} else if (lopt_str_is(word->text, "-C") && j + 1 < command->word_count) {
				*to = lopt_maker_path(maker, input->run, command->words[++j].text);
			} else if (word->text.len && strspn(word->text.ptr, "-xzjJvfp") >= word->text.len) {
				unpacks |= memchr(word->text.ptr, 'x', word->text.len) != NULL;
			} else {
				plain = false;
			}
		}
		if (unpacks && names_it && plain && lopt_word_is_plain(*to))
			return i;
	}
	return SIZE_MAX;
}

/* Beyond unpacking and removing, the RUN makes at most the directory it unpacks to. */
static bool does_no_more(struct lopt_maker *maker, const struct input *found, size_t tar, size_t rm, struct lopt_str to)
{
	const struct lopt_shell *shell = &maker->evidence->shells[found->run];
	for (size_t i = 0; i < shell->count; i++) {
		const struct lopt_shell_command *command = &shell->commands[i];
		bool makes = command->word_count == 3 && lopt_str_is(command->words[0].text, "mkdir") &&
			     lopt_str_is(command->words[1].text, "-p") &&
			     names(maker, found->run, &command->words[2], to);
		if (i != tar && i != rm && !makes)
			return false;
	}
	return true;
}

static enum lopt_status add_archive(struct lopt_evidence *evidence, const struct input *found, struct lopt_error *err)
{
	LOPT_CLEANUP(lopt_maker_release) struct lopt_maker maker;
	struct lopt_str to;
	size_t word, operands;
	lopt_maker_init(&maker, evidence, "add-archive", LOPT_LEVEL_SAFE);
	size_t tar = find_tar(&maker, found, &to);
	size_t rm = find_rm(&maker, found->run, found->to, &word, &operands);
	if (tar == SIZE_MAX || rm == SIZE_MAX)
		return LOPT_OK;
	const struct lopt_shell *shell = &evidence->shells[found->run];
	const struct lopt_instruction *copy = lopt_evidence_at(evidence, found->copy);
	claim_all(&maker, found);
	lopt_maker_step(&maker, (struct lopt_edit_step){ .kind = LOPT_STEP_REPLACE,
							 .instruction = found->copy,
							 .len = copy->source.len,
							 .text = lopt_maker_text(&maker, "ADD %.*s /%.*s/",
										 LOPT_STR_ARGS(found->from),
										 LOPT_STR_ARGS(to)) });
	if (operands == 1 && does_no_more(&maker, found, tar, rm, to)) {
		lopt_maker_step(&maker, (struct lopt_edit_step){ .kind = LOPT_STEP_DROP, .instruction = found->run });
	} else {
		/* the two may be neighbours: ":" keeps them apart */
		const struct lopt_shell_command *command = &shell->commands[tar];
		lopt_maker_step(&maker, (struct lopt_edit_step){ .kind = LOPT_STEP_REPLACE,
								 .instruction = found->run,
								 .at = command->at,
								 .len = command->end - command->at,
								 .text = lopt_str_from(":") });
		command = &shell->commands[rm];
		lopt_maker_step(&maker, (struct lopt_edit_step){ .kind = LOPT_STEP_REPLACE,
								 .instruction = found->run,
								 .at = command->words[0].end,
								 .text = lopt_str_from(" -f") });
	}
	describe(&maker, found);
	maker.edit.change = lopt_str_from("Unpack the archive as it is added.");
	return lopt_maker_finish(&maker, LOPT_EDIT_BYTES_LEAST, err);
}

/* Mounts. */

static void mount_everywhere(struct lopt_maker *maker, const struct input *input)
{
	struct lopt_evidence *evidence = maker->evidence;
	struct lopt_str flag = lopt_maker_text(maker, "--mount=type=bind,source=%.*s,target=/%.*s,rw",
					       LOPT_STR_ARGS(input->from), LOPT_STR_ARGS(input->to));
	struct lopt_str name = base_of(input->to);
	for (size_t i = input->copy + 1; i <= input->run; i++) {
		const struct lopt_instruction *instruction = lopt_evidence_at(evidence, i);
		bool uses = i == input->run ||
			    memmem(instruction->source.ptr, instruction->source.len, name.ptr, name.len);
		struct lopt_str workdir = evidence->workdirs[i];
		uses |= workdir.len > 1 && workdir.len - 1 >= input->to.len &&
			memcmp(workdir.ptr + 1, input->to.ptr, input->to.len) == 0;
		if (evidence->keywords[i] == LOPT_KEYWORD_RUN && uses)
			lopt_maker_step(maker, (struct lopt_edit_step){
						       .kind = LOPT_STEP_FLAG, .instruction = i, .text = flag });
	}
}

static enum lopt_status mount_input(struct lopt_evidence *evidence, const struct input *found, struct lopt_error *err)
{
	LOPT_CLEANUP(lopt_maker_release) struct lopt_maker maker;
	lopt_maker_init(&maker, evidence, "mount-inputs", LOPT_LEVEL_SAFE);
	claim_all(&maker, found);
	claim_made_inside(&maker, found);
	if (!drop_removal(&maker, found))
		return LOPT_OK;
	const struct lopt_shell *shell = &evidence->shells[found->run];
	bool last = shell->count == 1; /* nothing but the removal: the RUN went */
	lopt_maker_step(&maker, (struct lopt_edit_step){ .kind = LOPT_STEP_DROP, .instruction = found->copy });
	struct input uses = *found;
	if (last) {
		while (uses.run > uses.copy &&
		       (uses.run == found->run || evidence->keywords[uses.run] != LOPT_KEYWORD_RUN))
			uses.run--;
		if (uses.run == uses.copy)
			return LOPT_OK;
	}
	mount_everywhere(&maker, &uses);
	/* the builder leaves the directory it mounts on */
	lopt_maker_effect(&maker, found->to, LOPT_ASPECT_ADDED, false);
	describe(&maker, found);
	maker.edit.change = lopt_str_from("Mount it into the instruction that uses it.");
	if (!evidence->input->mount) {
		maker.edit.state = LOPT_EDIT_DROPPED;
		maker.edit.why = lopt_str_from("this builder has no RUN --mount");
	}
	return lopt_maker_finish(&maker, LOPT_EDIT_BYTES_LEAST, err);
}

static enum lopt_status look_at_copy(struct lopt_evidence *evidence, size_t copy, struct lopt_error *err)
{
	LOPT_CLEANUP(lopt_maker_release) struct lopt_maker maker;
	struct input found;
	lopt_maker_init(&maker, evidence, "", LOPT_LEVEL_SAFE);
	if (!find_input(&maker, copy, &found))
		return maker.failed ? lopt_error_memory(err) : LOPT_OK;
	size_t before = evidence->plan->count;
	if (found.is_file && is_archive(found.to))
		LOPT_TRY(add_archive(evidence, &found, err));
	return evidence->plan->count > before ? LOPT_OK : mount_input(evidence, &found, err);
}

enum lopt_status lopt_rule_inputs(struct lopt_evidence *evidence, struct lopt_error *err)
{
	for (size_t i = evidence->first; i < evidence->instructions; i++)
		LOPT_TRY(look_at_copy(evidence, i, err));
	return LOPT_OK;
}
