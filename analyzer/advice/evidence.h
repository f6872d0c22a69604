/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_ADVICE_EVIDENCE_H
#define LAYEROPT_ADVICE_EVIDENCE_H

#include "advice/plan.h"
#include "base/table.h"
#include "dockerfile/record.h"
#include "dockerfile/shell.h"

/*
 * What rules look at: which instruction made which layer, what the commands of a RUN are, what lay below an entry. Inner
 * to this room.
 */

/** Of paths: where they are entries, newest first. */
struct lopt_occurrence {
	size_t layer;
	uint32_t entry;
	uint32_t before; /* the one below it, or LOPT_TABLE_NONE */
};

struct lopt_evidence {
	const struct lopt_plan_input *input;
	const struct lopt_dockerfile *file;
	const struct lopt_image *image;
	struct lopt_plan *plan;
	struct lopt_arena *arena;    /* the plan's */
	size_t instructions, layers; /* counts */
	size_t *instruction_of;	     /* per layer; SIZE_MAX: none is known */
	size_t *layer_of;	     /* per instruction; LOPT_NO_LAYER: none */
	enum lopt_keyword *keywords; /* per instruction */
	struct lopt_shell *shells;   /* per instruction; not understood where it is no RUN */
	struct lopt_str *workdirs;   /* per instruction: absolute, or empty where not known */
	bool *staged;		     /* per instruction: an edit gives it to a stage of its own, and its layer goes */
	bool **claimed;		     /* per layer and inode: an edit has it already */
	struct lopt_occurrence *occurrences;
	size_t occurrence_count, occurrence_cap;
	struct lopt_table paths;
	size_t first; /* instruction of the stage that is built: its first behind FROM */
};

LOPT_CHECKED enum lopt_status lopt_evidence_gather(struct lopt_evidence *evidence, struct lopt_plan *plan,
						   const struct lopt_plan_input *input, struct lopt_error *err);
void lopt_evidence_release(struct lopt_evidence *evidence);

static inline const struct lopt_instruction *lopt_evidence_at(const struct lopt_evidence *evidence, size_t instruction)
{
	return lopt_dockerfile_at(evidence->file, instruction);
}

/** A RUN in shell form whose commands are known and which made a layer of the image. */
bool lopt_evidence_is_run(const struct lopt_evidence *evidence, size_t instruction);
/** The entry at `path` in the highest layer below `layer`; NULL when there is none. *at is its layer. */
const struct lopt_entry *lopt_evidence_below(const struct lopt_evidence *evidence, struct lopt_str path, size_t layer,
					     size_t *at);
/** Is the text somewhere in an instruction behind this one, up to the end of the stage? Its line, or 0. */
uint32_t lopt_evidence_mentioned(const struct lopt_evidence *evidence, size_t behind, struct lopt_str text);
/** Does the word mean itself to a shell and in a Dockerfile, without quotes? What is written anew has to. */
bool lopt_word_is_plain(struct lopt_str word);
/** What each instruction took, as far as the history tells. The caller frees *out. */
LOPT_CHECKED enum lopt_status lopt_evidence_seconds(const struct lopt_evidence *evidence, double **out,
						    struct lopt_error *err);
/** Does a command of this name (its last path component) occur? Its index, or SIZE_MAX; `from` is where to start. */
size_t lopt_shell_find(const struct lopt_shell *shell, const char *name, size_t from);
/** The name of the program: its word without directories, "sudo", "env", "time", "!" and what belongs to them skipped; *word is its index. */
struct lopt_str lopt_command_program(const struct lopt_shell_command *command, size_t *word);

/* Building an edit. All return false when memory is exhausted. */

struct lopt_maker {
	struct lopt_evidence *evidence;
	struct lopt_edit edit;
	struct lopt_edit_step *steps;
	size_t step_cap;
	struct lopt_claim *claims;
	size_t claim_cap;
	struct lopt_effect *effects;
	size_t effect_cap;
	bool applies; /* it is in the plan, and its claims hold */
	bool failed;  /* memory */
};
void lopt_maker_init(struct lopt_maker *maker, struct lopt_evidence *evidence, const char *rule, enum lopt_level level);
void lopt_maker_release(struct lopt_maker *maker);
void lopt_maker_step(struct lopt_maker *maker, struct lopt_edit_step step);
/** The inode is saved; nothing where an edit has claimed it already. */
void lopt_maker_claim(struct lopt_maker *maker, size_t layer, uint32_t inode);
/** The same for what any instruction of the Dockerfile shipped at this path: a later chmod may have copied the file. */
void lopt_maker_claim_path(struct lopt_maker *maker, struct lopt_str path);
void lopt_maker_effect(struct lopt_maker *maker, struct lopt_str path, unsigned aspects, bool beneath);
/** Text that lives as long as the plan. */
LOPT_PRINTF(2, 3)
struct lopt_str lopt_maker_text(struct lopt_maker *maker, const char *fmt, ...);
/** "609.4 MB" */
struct lopt_str lopt_maker_size(struct lopt_maker *maker, uint64_t bytes);
/** Bytes of its claims so far. */
uint64_t lopt_maker_bytes(const struct lopt_maker *maker);
/** Take a command out of its RUN, with what joins it to the others; the RUN goes when there is no other. */
void lopt_maker_drop_command(struct lopt_maker *maker, size_t instruction, size_t index);
/** A word of a RUN or COPY as a path from the root, without the slash in front; empty where it cannot be known. */
struct lopt_str lopt_maker_path(struct lopt_maker *maker, size_t instruction, struct lopt_str word);
/** Hand the edit to the plan, unless it saves less than `least` bytes; marks its inodes as claimed. */
LOPT_CHECKED enum lopt_status lopt_maker_finish(struct lopt_maker *maker, uint64_t least, struct lopt_error *err);

/* The rules: each adds what edits it finds. */
typedef enum lopt_status lopt_rule(struct lopt_evidence *evidence, struct lopt_error *err);
lopt_rule lopt_rule_leftovers; /* caches, lists, archives, logs: leftovers.c */
lopt_rule lopt_rule_apt_lists;
lopt_rule lopt_rule_metadata; /* chmod and chown: metadata.c */
lopt_rule lopt_rule_fold;
lopt_rule lopt_rule_useless;  /* fold.c */
lopt_rule lopt_rule_inputs;   /* files copied and removed: inputs.c */
lopt_rule lopt_rule_manifest; /* manifest.c */
lopt_rule lopt_rule_order;    /* what commits change most comes last */
lopt_rule lopt_rule_build_stage;
lopt_rule lopt_rule_purge;
lopt_rule lopt_rule_recommends;
lopt_rule lopt_rule_documentation;
lopt_rule lopt_rule_context; /* ignore.c */
lopt_rule lopt_rule_strip;   /* contents.c */
lopt_rule lopt_rule_static_libraries;
lopt_rule lopt_rule_r_documentation;

/** Names of the rules of leftovers.c; NULL past the last. */
const char *lopt_leftover_name(size_t index);
/** Would one of them remove the path, if it could tell by the path alone? */
bool lopt_is_leftover(struct lopt_str path);

enum { LOPT_EDIT_BYTES_LEAST = 1000 }; /* an edit that saves less is not worth a changed line */
/** The same for an image of this size: at least `parts` millionths of it. */
uint64_t lopt_evidence_least(const struct lopt_evidence *evidence, uint64_t parts);

#endif
