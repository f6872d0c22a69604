/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_ADVICE_PLAN_H
#define LAYEROPT_ADVICE_PLAN_H

#include "base/arena.h"
#include "base/buf.h"
#include "compare/compare.h"
#include "dockerfile/dockerfile.h"
#include "layeropt/analysis.h"

/**
 * What to change in a Dockerfile, as plain data: edits, each with the bytes it saves and what it changes in the final
 * filesystem, both worked out from the layers before anything is built.
 */

enum lopt_edit_state {
	LOPT_EDIT_CHOSEN, /* part of the proposed Dockerfile, not proved */
	LOPT_EDIT_PROVED,
	LOPT_EDIT_DROPPED,     /* the rebuild refuted it, or it does not go together with others; `why` tells */
	LOPT_EDIT_NEEDS_LEVEL, /* not applied: --level is lower */
	LOPT_EDIT_NEEDS_TEST,  /* not applied: takes away what a program could miss, and there is no --test */
	LOPT_EDIT_NEEDS_WORD,  /* not applied: a matter of taste, and --include does not name its rule */
	LOPT_EDIT_SPARE,       /* not applied: the target is reached without it */
	LOPT_EDIT_SUGGESTED,   /* never applied: what another base image would save is not for a program to decide */
};
/** "chosen", "proved", "dropped", "needs --level", "needs --test", "needs --include", "not needed", "a suggestion" */
const char *lopt_edit_state_words(enum lopt_edit_state state);

/** One step of an edit; see dockerfile/draft.h. */
enum lopt_edit_step_kind {
	LOPT_STEP_REPLACE, /* bytes [at, at + len) of the instruction's source become `text` */
	LOPT_STEP_REMOVE,  /* the operand `text` of an "rm -rf" behind all commands of a RUN */
	LOPT_STEP_APPEND,  /* the command `text` behind a RUN */
	LOPT_STEP_PREPEND,
	LOPT_STEP_FLAG, /* the flag `text` */
	LOPT_STEP_DROP,
	LOPT_STEP_FOLD,	  /* the instruction's commands go behind those of `other` */
	LOPT_STEP_MOVE,	  /* the instruction goes in front of `other` */
	LOPT_STEP_IGNORE, /* `text` becomes a line of .dockerignore; no instruction */
	LOPT_STEP_INSERT, /* the line `text` comes in front of the instruction */
};

struct lopt_edit_step {
	enum lopt_edit_step_kind kind;
	size_t instruction, other;
	size_t at, len;
	struct lopt_str text;
};

/** Bytes that are no longer shipped: an inode of the image the plan is made from. */
struct lopt_claim {
	size_t layer;
	uint32_t inode;
};

struct lopt_edit {
	const char *rule;      /* stable name, see docs/rules.md */
	enum lopt_level level; /* how far it goes */
	bool needs_test;       /* takes away content that a program could miss */
	bool exclusive; /* no other rule has looked at the instructions it takes: without it the plan is another one */
	uint32_t line;	/* of the instruction that ships the bytes */
	struct lopt_str evidence; /* "line 12 ships 609 MB again, ..." */
	struct lopt_str change;	  /* what the edit does, in words */
	const struct lopt_edit_step *steps;
	size_t step_count;
	const struct lopt_claim *claims;
	size_t claim_count;
	uint64_t extra_bytes; /* saved inside files that stay: symbols of a program */
	const struct lopt_effect *effects;
	size_t effect_count;
	double seconds_before,
		seconds_after;	  /* of an edit that changes the order: what a commit costs to rebuild, expected */
	uint64_t predicted_bytes; /* saved by it alone */
	uint64_t proved_bytes;	  /* once proved */
	enum lopt_edit_state state;
	struct lopt_str why; /* for the state; may be empty */
};

struct lopt_plan {
	struct lopt_arena arena;
	struct lopt_edit *edits; /* in the order they are applied */
	size_t count, cap;
	struct lopt_str nothing; /* why there are no edits, or some rules could not look; may be empty */
	const struct lopt_image *image;
	uint64_t base_bytes; /* content of the base image's layers, which no edit changes; 0 where they are not known */
};

struct lopt_commits;

/** What rules may use. */
struct lopt_plan_input {
	const struct lopt_dockerfile *file;
	struct lopt_str source;		      /* its bytes */
	const struct lopt_analysis *analysis; /* of the image that it makes, with the Dockerfile given */
	enum lopt_builder builder;
	bool copy_chmod, mount; /* the builder takes them */
	enum lopt_level level;	/* edits beyond it are NEEDS_LEVEL */
	bool has_test;
	const char *const *included; /* rules that are made only where they are named */
	size_t included_count;
	const char *const *excluded; /* rules that are not made */
	size_t excluded_count;
	const struct lopt_commits *commits; /* of the build context; NULL: instructions stay in their order */
};

/** What content of an entry the rules look into beyond what analyses do: see struct lopt_open_options. */
enum lopt_keep lopt_plan_keep(const struct lopt_entry *entry, struct lopt_str head);

/**
 * Work out all edits. LOPT_E_INPUT when the Dockerfile does not belong to the image. On success the caller releases
 * *out; image, analysis and Dockerfile must outlive it.
 */
LOPT_CHECKED enum lopt_status lopt_plan_make(struct lopt_plan *out, const struct lopt_plan_input *input,
					     struct lopt_error *err);
void lopt_plan_release(struct lopt_plan *plan);

/** An edit that is exclusive and was dropped, or is not needed; NULL: there is none. */
const struct lopt_edit *lopt_plan_obsolete(const struct lopt_plan *plan);
/**
 * The plan as it is where there is nothing of that edit's rule. The edit stays in the list, and what `old` has dropped is
 * dropped again. On success the caller releases both.
 */
LOPT_CHECKED enum lopt_status lopt_plan_again(struct lopt_plan *out, const struct lopt_plan *old,
					      const struct lopt_plan_input *input, struct lopt_error *err);

/** The name of a rule, for checking what a user says; NULL past the last. */
const char *lopt_rule_name(size_t index);

/** Is this edit part of the proposed Dockerfile? */
static inline bool lopt_edit_applies(const struct lopt_edit *edit)
{
	return edit->state == LOPT_EDIT_CHOSEN || edit->state == LOPT_EDIT_PROVED;
}
/** Safe ones come first, and of two that are as safe the larger: less than 0 when `a` is trusted more. */
int lopt_edit_compare_trust(const struct lopt_edit *a, const struct lopt_edit *b);
/** The most trusted of those that are SPARE; NULL when there is none. */
struct lopt_edit *lopt_plan_next_spare(const struct lopt_plan *plan);
/** Bytes that all applied edits save together, each inode once. */
LOPT_CHECKED enum lopt_status lopt_plan_predict(const struct lopt_plan *plan, uint64_t *bytes, struct lopt_error *err);
/** The effects of all applied edits, sorted; each with its edit's index. The caller frees *out. */
LOPT_CHECKED enum lopt_status lopt_plan_effects(const struct lopt_plan *plan, struct lopt_effect **out, size_t *count,
						struct lopt_error *err);
/**
 * Append the Dockerfile with the applied edits to `out`. An edit that does not go together with those before it becomes
 * DROPPED.
 */
LOPT_CHECKED enum lopt_status lopt_plan_print(struct lopt_plan *plan, const struct lopt_plan_input *input,
					      struct lopt_buf *out, struct lopt_error *err);
/** Append what .dockerignore becomes: `before` and the lines of applied edits; nothing when there are none. */
LOPT_CHECKED enum lopt_status lopt_plan_print_ignore(const struct lopt_plan *plan, struct lopt_str before,
						     struct lopt_buf *out, struct lopt_error *err);
/** Of edits chosen, keep the fewest and safest whose predicted bytes bring `size` down to `target`. */
LOPT_CHECKED enum lopt_status lopt_plan_aim(struct lopt_plan *plan, uint64_t size, uint64_t target,
					    struct lopt_error *err);

#endif
