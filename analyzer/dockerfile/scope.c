/* SPDX-License-Identifier: MIT */
#include "dockerfile/scope.h"

#include <stdlib.h>

#include "base/buf.h"
#include "dockerfile/runes.h"

void lopt_scope_release(struct lopt_scope *scope)
{
	free(scope->list);
	lopt_table_release(&scope->names);
	*scope = (struct lopt_scope){ 0 };
}

static bool same_name(const void *owner, uint32_t value, uint64_t number, struct lopt_str key)
{
	(void)number;
	const struct lopt_scope *scope = owner;
	return lopt_str_equal(scope->list[value].name, key);
}

static uint32_t find(const struct lopt_scope *scope, struct lopt_str name)
{
	return lopt_table_find(&scope->names, 0, name, same_name, scope);
}

enum lopt_status lopt_scope_set(struct lopt_scope *scope, struct lopt_scope_variable variable, struct lopt_error *err)
{
	bool holes = lopt_str_find(variable.value, LOPT_EXPAND_HOLE) < variable.value.len;
	if (variable.state == LOPT_VARIABLE_SET && holes)
		variable.state = LOPT_VARIABLE_PARTLY;
	uint32_t at = find(scope, variable.name);
	if (at != LOPT_TABLE_NONE) {
		if (variable.env || !scope->list[at].env)
			scope->list[at] = variable;
		return LOPT_OK;
	}
	struct lopt_scope_variable *list = lopt_grow(scope->list, &scope->cap, scope->count + 1, sizeof *list);
	if (!list)
		return lopt_error_memory(err);
	scope->list = list;
	if (!lopt_table_insert(&scope->names, 0, variable.name, (uint32_t)scope->count))
		return lopt_error_memory(err);
	scope->list[scope->count++] = variable;
	return LOPT_OK;
}

const struct lopt_scope_variable *lopt_scope_get(const struct lopt_scope *scope, struct lopt_str name)
{
	uint32_t at = find(scope, name);
	return at == LOPT_TABLE_NONE ? NULL : &scope->list[at];
}

void lopt_scope_forget_args(struct lopt_scope *scope)
{
	for (size_t i = 0; i < scope->count; i++)
		if (!scope->list[i].env)
			scope->list[i].state = scope->open ? LOPT_VARIABLE_UNKNOWN : LOPT_VARIABLE_UNSET;
}

enum lopt_variable lopt_scope_lookup(const void *context, struct lopt_str name, struct lopt_str *value)
{
	const struct lopt_scope *scope = context;
	const struct lopt_scope_variable *found = lopt_scope_get(scope, name);
	if (!found)
		return scope->open || lopt_str_is(name, "PATH") ? LOPT_VARIABLE_UNKNOWN : LOPT_VARIABLE_UNSET;
	*value = found->value;
	return found->state;
}
