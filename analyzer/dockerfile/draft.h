/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_DOCKERFILE_DRAFT_H
#define LAYEROPT_DOCKERFILE_DRAFT_H

#include "base/buf.h"
#include "dockerfile/dockerfile.h"

/**
 * A Dockerfile about to be changed. Instructions go by their index in the file as it was parsed, whatever has been done
 * to them since; what no edit touches is printed byte for byte. A call that fails changes nothing. What cannot be done
 * is LOPT_E_USAGE, and so is an instruction that is gone.
 */
struct lopt_draft;

/** Borrows both; `source` is what `file` was parsed from. On success the caller owns *out. */
LOPT_CHECKED enum lopt_status lopt_draft_new(struct lopt_draft **out, const struct lopt_dockerfile *file,
					     struct lopt_str source, struct lopt_error *err);
void lopt_draft_free(struct lopt_draft *draft);

/**
 * `len` bytes at `at` of the instruction's source become `with`; 0 bytes insert. Insertions at one place come in the order
 * they were made, in front of what replaces the bytes there. Replacements that overlap are refused: the first is "in the way".
 */
LOPT_CHECKED enum lopt_status lopt_draft_replace(struct lopt_draft *draft, size_t instruction, size_t at, size_t len,
						 struct lopt_str with, struct lopt_error *err);

/**
 * A command behind, or in front of, all others of a shell-form RUN. It runs where the RUN would have succeeded, and its
 * failure is the RUN's: " && " joins them, or what the text asks for instead ("set -e" does not work in front of &&).
 * Options that the RUN sets hold for it, too.
 * Text that may leave the shell is put in ( ). One logical line without a newline; on a line of its own in the style
 * of the instruction. A RUN that lopt_shell_read does not understand is LOPT_E_USAGE.
 */
LOPT_CHECKED enum lopt_status lopt_draft_append(struct lopt_draft *draft, size_t instruction, struct lopt_str command,
						struct lopt_error *err);
LOPT_CHECKED enum lopt_status lopt_draft_prepend(struct lopt_draft *draft, size_t instruction, struct lopt_str command,
						 struct lopt_error *err);

/** "--chown=1:1" behind the keyword; in place of a flag of that name, but for --mount and --exclude, of which there may be many. */
LOPT_CHECKED enum lopt_status lopt_draft_flag(struct lopt_draft *draft, size_t instruction, struct lopt_str flag,
					      struct lopt_error *err);

/** The instruction goes with its newline; comments stay. */
LOPT_CHECKED enum lopt_status lopt_draft_drop(struct lopt_draft *draft, size_t instruction, struct lopt_error *err);

/**
 * The commands of RUN `from`, with the edits made to them and yet to be made, behind those of RUN `into`; `from` is
 * gone. A subshell keeps what one leaks from the other. Both are in shell form and have the same flags; one stage, and no SHELL between.
 */
LOPT_CHECKED enum lopt_status lopt_draft_fold(struct lopt_draft *draft, size_t from, size_t into,
					      struct lopt_error *err);

/**
 * To the place in front of another instruction, above the comment directly over that one; its own such comment comes
 * along. `before` is an index, or the number of instructions for the end of the stage `from` is in.
 */
LOPT_CHECKED enum lopt_status lopt_draft_move(struct lopt_draft *draft, size_t from, size_t before,
					      struct lopt_error *err);

/** A line of its own, without its newline, in front of an instruction and its comment; the number of instructions is the end. */
LOPT_CHECKED enum lopt_status lopt_draft_insert(struct lopt_draft *draft, size_t before, struct lopt_str line,
						struct lopt_error *err);

/** LOPT_E_USAGE where edits left a text that the commands around it cannot be joined to. */
LOPT_CHECKED enum lopt_status lopt_draft_print(const struct lopt_draft *draft, struct lopt_buf *out,
					       struct lopt_error *err);

#endif
