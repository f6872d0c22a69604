/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_DOCKERFILE_SCOPE_H
#define LAYEROPT_DOCKERFILE_SCOPE_H

#include "base/arena.h"
#include "base/table.h"
#include "dockerfile/expand.h"

/*
 * The variables an instruction sees: ENV, and ARG where no ENV has the name. For this room and advice.
 */

struct lopt_scope_variable {
	struct lopt_str name, value;
	enum lopt_variable state;
	bool env;
};

struct lopt_scope {
	struct lopt_scope_variable *list;
	size_t count, cap;
	struct lopt_table names;
	bool open; /* a base image may have set any other variable */
};

void lopt_scope_release(struct lopt_scope *scope);
/** Set a variable; an ARG does not touch an ENV. Name and value stay borrowed. */
LOPT_CHECKED enum lopt_status lopt_scope_set(struct lopt_scope *scope, struct lopt_scope_variable variable,
					     struct lopt_error *err);
/** NULL when the name was never set. */
const struct lopt_scope_variable *lopt_scope_get(const struct lopt_scope *scope, struct lopt_str name);
/** Docker's classic builder: a stage does not inherit the ARGs of the stage it is built on. */
void lopt_scope_forget_args(struct lopt_scope *scope);
/** For struct lopt_expand; the context is the scope. */
enum lopt_variable lopt_scope_lookup(const void *context, struct lopt_str name, struct lopt_str *value);

#endif
