/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "advice/evidence.h"
#include "base/cleanup.h"

/*
 * A chmod or chown copies every file it names into the layer, also where nothing changes. What changes nothing is dropped;
 * what changes something goes to the instruction that made the files, or spares those that are right already.
 */

enum { OPERANDS_MAX = 16 };

/* One such command, taken apart. */
struct command {
	size_t index; /* in the shell */
	struct lopt_str program, mode;
	bool recursive;
	bool no_follow;				/* -h: what -R implies */
	struct lopt_str operands[OPERANDS_MAX]; /* absolute, without the slash in front */
	struct lopt_str written[OPERANDS_MAX];
	size_t operand_count;
};

/* What it did to one layer. */
struct effect {
	uint64_t same_bytes, changed_bytes; /* of files that were copied, without and with a change */
	size_t same, changed;		    /* entries, directories included */
	size_t fresh;			    /* entries that its RUN made or wrote anew itself */
	size_t creators;		    /* instructions that made changed ones; 2 means several */
	size_t creator;
	int64_t uid, gid; /* of the changed ones, if all have the same */
	uint32_t mode;
	bool one_owner, one_mode;
};

/* An option that is known; false for others, and for those that say more than "all beneath" and "no word of it". */
static bool read_option(struct command *out, struct lopt_str word)
{
	if (word.len < 2 || strspn(word.ptr + 1, "Rvfch") < word.len - 1)
		return lopt_str_is(word, "--recursive") ? (out->recursive = true) : false;
	out->recursive |= memchr(word.ptr, 'R', word.len) != NULL;
	out->no_follow |= memchr(word.ptr, 'h', word.len) != NULL;
	return true;
}

static bool is_changer(struct lopt_str program)
{
	return lopt_str_is(program, "chmod") || lopt_str_is(program, "chown") || lopt_str_is(program, "chgrp");
}

/* False where the command is none of these, or says something that is not known. */
static bool read_command(struct lopt_maker *maker, size_t instruction, size_t index, struct command *out)
{
	const struct lopt_shell_command *command = &maker->evidence->shells[instruction].commands[index];
	size_t word;
	*out = (struct command){ .index = index, .program = lopt_command_program(command, &word) };
	if (!is_changer(out->program) || command->depth || command->redirected || word != 0 ||
	    command->join == LOPT_SHELL_OR || command->next == LOPT_SHELL_OR || command->join == LOPT_SHELL_PIPE ||
	    command->next == LOPT_SHELL_PIPE)
		return false;
	for (size_t i = 1; i < command->word_count; i++) {
		struct lopt_str text = command->words[i].text;
		if (!command->words[i].literal || !lopt_word_is_plain(text))
			return false;
		if (text.ptr[0] == '-') {
			if (out->mode.len || !read_option(out, text)) /* "-x" may be a mode, too */
				return false;
		} else if (!out->mode.len) {
			out->mode = text;
		} else {
			struct lopt_str path = lopt_maker_path(maker, instruction, text);
			if (!path.len || out->operand_count == OPERANDS_MAX)
				return false;
			out->written[out->operand_count] = text;
			out->operands[out->operand_count++] = path;
		}
	}
	return out->mode.len && out->operand_count && (out->recursive || !out->no_follow);
}

static bool covers(const struct command *command, struct lopt_str path)
{
	for (size_t i = 0; i < command->operand_count; i++) {
		struct lopt_str operand = command->operands[i];
		if (lopt_str_equal(operand, path))
			return true;
		if (command->recursive && path.len > operand.len && path.ptr[operand.len] == '/' &&
		    memcmp(path.ptr, operand.ptr, operand.len) == 0)
			return true;
	}
	return false;
}

/* Is the entry a copy of what was below it, with the same bytes? */
static bool is_copy(const struct lopt_evidence *evidence, size_t layer, const struct lopt_entry *entry,
		    size_t below_layer, const struct lopt_entry *below)
{
	if (entry->type != below->type)
		return false;
	if (entry->type == LOPT_SYMLINK)
		return lopt_str_equal(entry->link, below->link);
	if (entry->type != LOPT_FILE || entry->inode == LOPT_NO_INODE || below->inode == LOPT_NO_INODE)
		return entry->type == LOPT_DIR;
	const struct lopt_inode *a = &lopt_image_layer(evidence->image, layer)->inodes[entry->inode];
	const struct lopt_inode *b = &lopt_image_layer(evidence->image, below_layer)->inodes[below->inode];
	return a->size == b->size && (a->size == 0 || a->content == b->content);
}

static bool same_attributes(const struct lopt_entry *a, const struct lopt_entry *b)
{
	return a->mode == b->mode && a->uid == b->uid && a->gid == b->gid;
}

static void add_creator(struct effect *effect, size_t instruction)
{
	if (effect->creators == 0)
		effect->creator = instruction;
	if (effect->creators == 0 || effect->creator != instruction)
		effect->creators++;
}

static void add_changed(struct effect *effect, const struct lopt_entry *entry)
{
	if (effect->changed == 0) {
		effect->uid = entry->uid;
		effect->gid = entry->gid;
		effect->mode = entry->mode;
		effect->one_owner = effect->one_mode = true;
	}
	effect->one_owner &= effect->uid == entry->uid && effect->gid == entry->gid;
	effect->one_mode &= effect->mode == entry->mode;
	effect->changed++;
}

/* What is below, copies that an edit leaves out not counted. */
static const struct lopt_entry *below_of(const struct lopt_evidence *evidence, struct lopt_str path, size_t layer,
					 size_t *at)
{
	const struct lopt_entry *below = lopt_evidence_below(evidence, path, layer, at);
	while (below && below->inode != LOPT_NO_INODE && evidence->claimed[*at][below->inode]) {
		const struct lopt_entry *next = lopt_evidence_below(evidence, path, *at, at);
		if (!next)
			return below;
		below = next;
	}
	return below;
}

/* Look at every entry the command names; with `claim` those it need not have copied are claimed. */
static struct effect look_at(struct lopt_maker *maker, size_t layer, const struct command *command, bool claim_same,
			     bool claim_changed)
{
	struct lopt_evidence *evidence = maker->evidence;
	const struct lopt_layer *at = lopt_image_layer(evidence->image, layer);
	struct effect effect = { 0 };
	for (size_t i = 0; i < at->entry_count; i++) {
		const struct lopt_entry *entry = &at->entries[i];
		size_t below_layer;
		if (entry->flags & (LOPT_ENTRY_WHITEOUT | LOPT_ENTRY_OPAQUE) || !covers(command, entry->path))
			continue;
		const struct lopt_entry *below = below_of(evidence, entry->path, layer, &below_layer);
		if (!below || !is_copy(evidence, layer, entry, below_layer, below)) {
			effect.fresh++;
			continue;
		}
		bool same = same_attributes(entry, below);
		bool file = entry->type == LOPT_FILE && entry->inode != LOPT_NO_INODE;
		uint64_t size = file && !(entry->flags & LOPT_ENTRY_HARDLINK) ? entry->size : 0;
		*(same ? &effect.same_bytes : &effect.changed_bytes) += size;
		effect.same += same;
		if (!same && entry->type == LOPT_FILE)
			add_creator(&effect, evidence->instruction_of[below_layer]);
		if (!same)
			add_changed(&effect, entry);
		if (file && (same ? claim_same : claim_changed))
			lopt_maker_claim(maker, layer, entry->inode);
	}
	return effect;
}

/* Bytes of files from below `before` that the command copies for nothing: it would do so there, too. */
static uint64_t same_bytes_before(const struct lopt_maker *maker, size_t layer, const struct command *command,
				  size_t before)
{
	const struct lopt_evidence *evidence = maker->evidence;
	const struct lopt_layer *at = lopt_image_layer(evidence->image, layer);
	uint64_t bytes = 0;
	for (size_t i = 0; i < at->entry_count; i++) {
		const struct lopt_entry *entry = &at->entries[i];
		size_t below_layer;
		if (entry->type != LOPT_FILE || entry->flags & LOPT_ENTRY_HARDLINK || !covers(command, entry->path))
			continue;
		const struct lopt_entry *below = below_of(evidence, entry->path, layer, &below_layer);
		if (below && below_layer < before && is_copy(evidence, layer, entry, below_layer, below))
			bytes += entry->size;
	}
	return bytes;
}

/* Steps. */

static struct lopt_str text_of(struct lopt_maker *maker, const struct command *command)
{
	struct lopt_str text = lopt_maker_text(maker, "%.*s%s %.*s", LOPT_STR_ARGS(command->program),
					       command->recursive ? " -R" : "", LOPT_STR_ARGS(command->mode));
	for (size_t i = 0; i < command->operand_count; i++)
		text = lopt_maker_text(maker, "%.*s /%.*s", LOPT_STR_ARGS(text), LOPT_STR_ARGS(command->operands[i]));
	return text;
}

/* "a+rX" and the like: what find(1) looks for; empty where it cannot be said. */
static struct lopt_str find_condition(struct lopt_maker *maker, const struct command *command)
{
	struct lopt_str mode = command->mode;
	bool octal = mode.len > 0;
	for (size_t i = 0; i < mode.len; i++)
		octal &= mode.ptr[i] >= '0' && mode.ptr[i] <= '7';
	if (lopt_str_is(command->program, "chmod")) {
		if (octal)
			return lopt_maker_text(maker, "! -type l ! -perm %.*s", LOPT_STR_ARGS(mode));
		if (lopt_str_is(mode, "a+rX") || lopt_str_is(mode, "+rX") || lopt_str_is(mode, "ugo+rX"))
			return lopt_str_from(
				"! -type l \\( ! -perm -444 -o -type d ! -perm -111 -o -perm /111 ! -perm -111 \\)");
		if (lopt_str_is(mode, "u+rwX"))
			return lopt_str_from(
				"! -type l \\( ! -perm -600 -o -type d ! -perm -100 -o -perm /111 ! -perm -100 \\)");
		if (lopt_str_is(mode, "g+rX"))
			return lopt_str_from(
				"! -type l \\( ! -perm -040 -o -type d ! -perm -010 -o -perm /111 ! -perm -010 \\)");
		if (lopt_str_is(mode, "go-w"))
			return lopt_str_from("! -type l -perm /022");
		return lopt_str_make("", 0);
	}
	const char *colon = memchr(mode.ptr, ':', mode.len);
	size_t len = colon ? (size_t)(colon - mode.ptr) : mode.len;
	if (lopt_str_is(command->program, "chgrp"))
		return lopt_maker_text(maker, "! -group %.*s", LOPT_STR_ARGS(mode));
	if (!colon)
		return lopt_maker_text(maker, "! -user %.*s", LOPT_STR_ARGS(mode));
	if (len == 0 || len + 1 == mode.len)
		return lopt_str_make("", 0);
	return lopt_maker_text(maker, "\\( ! -user %.*s -o ! -group %.*s \\)", (int)len, mode.ptr,
			       (int)(mode.len - len - 1), colon + 1);
}

/* "find /srv ! -user u -exec chown -h u {} +"; empty where it cannot be said. */
static struct lopt_str narrowed(struct lopt_maker *maker, const struct command *command, bool absolute)
{
	struct lopt_str condition = find_condition(maker, command);
	struct lopt_str text = lopt_str_from("find");
	if (!command->recursive || !condition.len)
		return lopt_str_make("", 0);
	for (size_t i = 0; i < command->operand_count; i++)
		text = lopt_maker_text(maker, "%.*s %s%.*s", LOPT_STR_ARGS(text), absolute ? "/" : "",
				       LOPT_STR_ARGS(absolute ? command->operands[i] : command->written[i]));
	bool owner = !lopt_str_is(command->program, "chmod");
	return lopt_maker_text(maker, "%.*s %.*s -exec %.*s %s%.*s {} +", LOPT_STR_ARGS(text), LOPT_STR_ARGS(condition),
			       LOPT_STR_ARGS(command->program), owner ? "-h " : "", LOPT_STR_ARGS(command->mode));
}

static bool narrow(struct lopt_maker *maker, size_t instruction, const struct command *command)
{
	const struct lopt_shell_command *at = &maker->evidence->shells[instruction].commands[command->index];
	struct lopt_str text = narrowed(maker, command, false);
	if (!text.len)
		return false;
	lopt_maker_step(maker, (struct lopt_edit_step){ .kind = LOPT_STEP_REPLACE,
							.instruction = instruction,
							.at = at->at,
							.len = at->end - at->at,
							.text = text });
	return true;
}

/* A directory above what the command names; builders differ in whose it becomes, which the rebuild will tell. */
static bool is_on_way(const struct command *command, struct lopt_str path)
{
	for (size_t i = 0; i < command->operand_count; i++) {
		struct lopt_str operand = command->operands[i];
		if (operand.len > path.len && operand.ptr[path.len] == '/' &&
		    memcmp(operand.ptr, path.ptr, path.len) == 0)
			return true;
	}
	return false;
}

/* --chown and --chmod go for all that a COPY brings, so all of it has to have come out alike. */
static bool copy_is_all_changed(struct lopt_maker *maker, size_t layer, size_t copy, const struct command *command,
				const struct effect *effect, bool owner)
{
	const struct lopt_evidence *evidence = maker->evidence;
	const struct lopt_layer *made = lopt_image_layer(evidence->image, evidence->layer_of[copy]);
	(void)layer;
	for (size_t i = 0; i < made->entry_count; i++) {
		const struct lopt_entry *entry = &made->entries[i];
		size_t below;
		if (covers(command, entry->path) || is_on_way(command, entry->path))
			continue;
		/* a directory on the way that was there before */
		if (entry->type == LOPT_DIR &&
		    lopt_evidence_below(evidence, entry->path, evidence->layer_of[copy], &below))
			continue;
		if (owner ? entry->uid != effect->uid || entry->gid != effect->gid : entry->mode != effect->mode)
			return false;
	}
	return true;
}

static bool into_copy(struct lopt_maker *maker, size_t layer, size_t copy, const struct command *command,
		      const struct effect *effect)
{
	bool owner = !lopt_str_is(command->program, "chmod");
	if (owner ? !effect->one_owner : !effect->one_mode || !maker->evidence->input->copy_chmod)
		return false;
	if (!command->recursive && effect->changed != 1)
		return false;
	if (!copy_is_all_changed(maker, layer, copy, command, effect, owner))
		return false;
	struct lopt_str flag =
		owner ? lopt_maker_text(maker, "--chown=%lld:%lld", (long long)effect->uid, (long long)effect->gid)
		      : lopt_maker_text(maker, "--chmod=%04o", effect->mode);
	lopt_maker_step(maker, (struct lopt_edit_step){ .kind = LOPT_STEP_FLAG, .instruction = copy, .text = flag });
	return true;
}

/* "u:g" and "u": a name that an instruction behind the creator may have made. */
static bool names_owner(const struct command *command)
{
	if (lopt_str_is(command->program, "chmod"))
		return false;
	for (size_t i = 0; i < command->mode.len; i++)
		if (!strchr("0123456789:", command->mode.ptr[i]))
			return true;
	return false;
}

static bool writes_accounts(const struct lopt_evidence *evidence, size_t instruction)
{
	size_t index = evidence->layer_of[instruction];
	const struct lopt_layer *layer = index == LOPT_NO_LAYER ? NULL : lopt_image_layer(evidence->image, index);
	for (size_t i = 0; layer && i < layer->entry_count; i++)
		if (lopt_str_is(layer->entries[i].path, "etc/passwd") ||
		    lopt_str_is(layer->entries[i].path, "etc/group"))
			return true;
	return false;
}

/* Mounts and the network are what a command sees, too. */
static bool same_flags(const struct lopt_instruction *a, const struct lopt_instruction *b)
{
	if (a->flag_count != b->flag_count)
		return false;
	for (size_t i = 0; i < a->flag_count; i++)
		if (!lopt_str_equal(a->flags[i], b->flags[i]))
			return false;
	return true;
}

/* Would the command do the same at the end of an earlier RUN? By the same user, with the same accounts and operands. */
static bool works_at(const struct lopt_evidence *evidence, size_t creator, size_t instruction,
		     const struct command *command)
{
	size_t at;
	if (!same_flags(lopt_evidence_at(evidence, creator), lopt_evidence_at(evidence, instruction)))
		return false;
	for (size_t i = creator + 1; i <= instruction; i++)
		if (evidence->keywords[i] == LOPT_KEYWORD_USER ||
		    (names_owner(command) && writes_accounts(evidence, i)))
			return false;
	for (size_t i = 0; i < command->operand_count; i++)
		if (!lopt_evidence_below(evidence, command->operands[i], evidence->layer_of[creator] + 1, &at))
			return false;
	return true;
}

static bool into_run(struct lopt_maker *maker, size_t instruction, size_t layer, size_t creator,
		     const struct command *command)
{
	const struct lopt_evidence *evidence = maker->evidence;
	if (!lopt_evidence_is_run(evidence, creator) || !works_at(evidence, creator, instruction, command))
		return false;
	bool copies = same_bytes_before(maker, layer, command, evidence->layer_of[creator]) > 0;
	struct lopt_str text = copies ? narrowed(maker, command, true) : text_of(maker, command);
	if (!text.len)
		return false;
	lopt_maker_step(maker,
			(struct lopt_edit_step){ .kind = LOPT_STEP_APPEND, .instruction = creator, .text = text });
	return true;
}

/* Where the change is best made: true when a step for it was found. */
static bool move_change(struct lopt_maker *maker, size_t instruction, size_t layer, const struct command *command,
			const struct effect *effect)
{
	struct lopt_evidence *evidence = maker->evidence;
	size_t creator = effect->creator;
	if (effect->fresh || effect->creators != 1 || creator >= evidence->instructions || creator >= instruction)
		return false;
	enum lopt_keyword keyword = evidence->keywords[creator];
	if (keyword == LOPT_KEYWORD_COPY || keyword == LOPT_KEYWORD_ADD)
		return into_copy(maker, layer, creator, command, effect);
	return into_run(maker, instruction, layer, creator, command);
}

static enum lopt_status finish(struct lopt_maker *maker, size_t instruction, const struct command *command,
			       const struct effect *effect, uint64_t bytes, struct lopt_str change,
			       struct lopt_error *err)
{
	struct lopt_str size = lopt_maker_size(maker, bytes);
	unsigned line = lopt_evidence_at(maker->evidence, instruction)->line;
	maker->edit.line = line;
	maker->edit.evidence = lopt_maker_text(
		maker, "line %u ships %.*s again: %.*s copies %zu files and directories and changes %zu of them.", line,
		LOPT_STR_ARGS(size), LOPT_STR_ARGS(command->program), effect->same + effect->changed, effect->changed);
	maker->edit.change = change;
	return lopt_maker_finish(maker, LOPT_EDIT_BYTES_LEAST, err);
}

static bool overlap(const struct command *a, const struct command *b)
{
	for (size_t i = 0; i < b->operand_count; i++)
		if (covers(a, b->operands[i]))
			return true;
	for (size_t i = 0; i < a->operand_count; i++)
		if (covers(b, a->operands[i]))
			return true;
	return false;
}

/* Where two commands of a RUN change the same files, either alone makes the copies: leaving out one saves nothing. */
static bool is_changed_twice(struct lopt_maker *maker, size_t instruction, const struct command *command)
{
	const struct lopt_shell *shell = &maker->evidence->shells[instruction];
	struct command other;
	size_t word;
	for (size_t i = 0; i < shell->count; i++) {
		if (i == command->index || !is_changer(lopt_command_program(&shell->commands[i], &word)))
			continue;
		if (!read_command(maker, instruction, i, &other) || overlap(command, &other))
			return true; /* one that cannot be read may name the same files */
	}
	return false;
}

static enum lopt_status look_at_command(struct lopt_evidence *evidence, size_t instruction, size_t index,
					struct lopt_error *err)
{
	LOPT_CLEANUP(lopt_maker_release) struct lopt_maker maker;
	struct command command;
	size_t layer = evidence->layer_of[instruction];
	lopt_maker_init(&maker, evidence, "metadata-copies", LOPT_LEVEL_SAFE);
	if (!read_command(&maker, instruction, index, &command))
		return maker.failed ? lopt_error_memory(err) : LOPT_OK;
	struct effect effect = look_at(&maker, layer, &command, false, false);
	uint64_t all = effect.same_bytes + effect.changed_bytes;
	if (all < LOPT_EDIT_BYTES_LEAST)
		return LOPT_OK;
	if (is_changed_twice(&maker, instruction, &command))
		return maker.failed ? lopt_error_memory(err) : LOPT_OK;
	bool idle = effect.changed == 0 && effect.fresh == 0;
	if (idle || move_change(&maker, instruction, layer, &command, &effect)) {
		lopt_maker_drop_command(&maker, instruction, index);
		(void)look_at(&maker, layer, &command, true, true);
		return finish(&maker, instruction, &command, &effect, all,
			      idle ? lopt_str_from("Leave it out.")
				   : lopt_str_from("Make the change where the files are made."),
			      err);
	}
	if (effect.same_bytes < LOPT_EDIT_BYTES_LEAST || !narrow(&maker, instruction, &command))
		return LOPT_OK;
	(void)look_at(&maker, layer, &command, true, false);
	return finish(&maker, instruction, &command, &effect, effect.same_bytes,
		      lopt_str_from("Change only what is not right already."), err);
}

enum lopt_status lopt_rule_metadata(struct lopt_evidence *evidence, struct lopt_error *err)
{
	for (size_t i = 0; i < evidence->instructions; i++)
		for (size_t j = 0; lopt_evidence_is_run(evidence, i) && j < evidence->shells[i].count; j++)
			LOPT_TRY(look_at_command(evidence, i, j, err));
	return LOPT_OK;
}
