/* SPDX-License-Identifier: MIT */
#include "source/store.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "layer/path.h"

enum { HOPS_MAX = 8, NAME_MAX_BYTES = 4096 };

void lopt_store_init(struct lopt_store *store, const struct lopt_store_ops *ops, const struct lopt_limits *limits,
		     struct lopt_notes *notes, struct lopt_meter *meter)
{
	*store = (struct lopt_store){
		.ops = ops,
		.limits = limits,
		.notes = notes,
		.meter = meter,
		.entries_left = limits->entries,
	};
	lopt_arena_init(&store->arena, limits->arena_bytes);
}

void lopt_store_free(struct lopt_store *store)
{
	if (!store)
		return;
	store->ops->release(store);
	for (size_t i = 0; i < store->count; i++) {
		lopt_layer_free(store->members[i].data);
		free(store->members[i].failure);
	}
	free(store->members);
	lopt_table_release(&store->table);
	lopt_arena_release(&store->arena);
	free(store);
}

/* --- names --- */

/* Append the components of `name` to the path in `to`; ".." takes one back. False: absolute or climbing. */
static bool append_components(char *to, size_t *len, struct lopt_str name, bool allow_dotdot)
{
	for (size_t at = 0; at < name.len;) {
		const char *slash = memchr(name.ptr + at, '/', name.len - at);
		size_t n = slash ? (size_t)(slash - name.ptr) - at : name.len - at;
		struct lopt_str part = { name.ptr + at, n };
		at += n + 1;
		if (n == 0 || lopt_str_is(part, "."))
			continue;
		if (lopt_str_is(part, "..")) {
			if (!allow_dotdot || *len == 0)
				return false;
			while (*len && to[*len - 1] != '/')
				--*len;
			if (*len)
				--*len;
			continue;
		}
		if (*len)
			to[(*len)++] = '/';
		memcpy(to + *len, part.ptr, n);
		*len += n;
	}
	return true;
}

static bool has_nul(struct lopt_str name)
{
	return name.len && memchr(name.ptr, '\0', name.len);
}

enum lopt_status lopt_store_clean(struct lopt_str *out, struct lopt_arena *arena, struct lopt_str name,
				  struct lopt_error *err)
{
	char clean[NAME_MAX_BYTES];
	size_t len = 0;
	if (name.len == 0 || name.len > sizeof clean || name.ptr[0] == '/' || has_nul(name) ||
	    !append_components(clean, &len, name, false) || len == 0)
		return LOPT_END;
	*out = lopt_arena_copy(arena, lopt_str_make(clean, len));
	return out->ptr ? LOPT_OK : lopt_error_memory(err);
}

/* Where a link leads: a symbolic link from its own directory, a hard link from the top. */
static enum lopt_status link_target(struct lopt_store *store, const struct lopt_member *member, struct lopt_str *out,
				    struct lopt_error *err)
{
	char path[2 * NAME_MAX_BYTES + 2];
	size_t len = 0;
	struct lopt_str link = member->link;
	if (member->type == LOPT_MEMBER_SYMLINK) {
		len = lopt_path_parent(member->name).len;
		memcpy(path, member->name.ptr, len);
	}
	if (link.len == 0 || link.len > NAME_MAX_BYTES || link.ptr[0] == '/' || has_nul(link) ||
	    !append_components(path, &len, link, true) || len == 0)
		return lopt_error_set(err, LOPT_E_INPUT,
				      "%.*s: a link to \"%.*s\", which is no name inside the archive",
				      LOPT_STR_ARGS(member->name), LOPT_STR_ARGS(link));
	*out = lopt_arena_copy(&store->arena, lopt_str_make(path, len));
	return out->ptr ? LOPT_OK : lopt_error_memory(err);
}

/* --- the index --- */

static bool match_name(const void *owner, uint32_t value, uint64_t number, struct lopt_str key)
{
	(void)number;
	const struct lopt_store *store = owner;
	return lopt_str_equal(store->members[value].name, key);
}

uint32_t lopt_store_lookup(const struct lopt_store *store, struct lopt_str name)
{
	return lopt_table_find(&store->table, 0, name, match_name, store);
}

enum lopt_status lopt_store_add(struct lopt_store *store, const struct lopt_member *member, struct lopt_error *err)
{
	if (store->count >= LOPT_NO_MEMBER - 1)
		return lopt_error_set(err, LOPT_E_LIMIT, "too many members");
	struct lopt_member *members = lopt_grow(store->members, &store->cap, store->count + 1, sizeof *members);
	if (!members)
		return lopt_error_memory(err);
	store->members = members;
	uint32_t known = lopt_store_lookup(store, member->name);
	if (known != LOPT_TABLE_NONE)
		lopt_table_remove(&store->table, 0, member->name, known);
	if (!lopt_table_insert(&store->table, 0, member->name, (uint32_t)store->count))
		return lopt_error_memory(err);
	members[store->count] = *member;
	members[store->count].namesake = known == LOPT_TABLE_NONE ? LOPT_NO_MEMBER : known;
	store->count++;
	return LOPT_OK;
}

/* --- finding --- */

static enum lopt_status same_member(struct lopt_store *store, const struct lopt_member *a, const struct lopt_member *b,
				    bool *same, struct lopt_error *err)
{
	*same = false;
	if (a->type != b->type || a->size != b->size)
		return LOPT_OK;
	if (a->type == LOPT_MEMBER_FILE)
		return store->ops->same(store, a, b, same, err);
	*same = a->type != LOPT_MEMBER_OTHER && lopt_str_equal(a->link, b->link);
	return LOPT_OK;
}

/* docker takes the last member of a name, skopeo the first: they have to be the same (rule P9). */
static enum lopt_status check_namesakes(struct lopt_store *store, struct lopt_member *member, struct lopt_error *err)
{
	if (member->checked)
		return LOPT_OK;
	for (uint32_t i = member->namesake; i != LOPT_NO_MEMBER; i = store->members[i].namesake) {
		bool same;
		enum lopt_status status = same_member(store, member, &store->members[i], &same, err);
		if (status != LOPT_OK)
			return lopt_error_context(err, "%.*s", LOPT_STR_ARGS(member->name));
		if (!same)
			return lopt_error_set(err, LOPT_E_INPUT, "%.*s: two members of this name differ",
					      LOPT_STR_ARGS(member->name));
		LOPT_TRY(lopt_notes_add(store->notes, "duplicate-member", LOPT_WARNING, LOPT_NO_LAYER, member->name,
					err, "the archive holds a member twice, with the same content"));
	}
	member->checked = true;
	return LOPT_OK;
}

static enum lopt_status follow(struct lopt_store *store, struct lopt_str name, uint32_t *out, struct lopt_error *err)
{
	const struct lopt_str first = name;
	for (int hop = 0; hop <= HOPS_MAX; hop++) {
		uint32_t found;
		enum lopt_status status = store->ops->find(store, name, &found, err);
		if (status == LOPT_END && hop > 0)
			return lopt_error_set(err, LOPT_E_INPUT, "%.*s: a link to %.*s, which is not in the archive",
					      LOPT_STR_ARGS(first), LOPT_STR_ARGS(name));
		if (status != LOPT_OK)
			return status;
		struct lopt_member *member = &store->members[found];
		LOPT_TRY(check_namesakes(store, member, err));
		if (member->type == LOPT_MEMBER_OTHER)
			return lopt_error_set(err, LOPT_E_INPUT, "%.*s: not a regular file", LOPT_STR_ARGS(name));
		*out = found;
		if (member->type == LOPT_MEMBER_FILE)
			return LOPT_OK;
		LOPT_TRY(link_target(store, member, &name, err));
	}
	return lopt_error_set(err, LOPT_E_INPUT, "%.*s: a chain of more than %d links", LOPT_STR_ARGS(first), HOPS_MAX);
}

enum lopt_status lopt_store_find(struct lopt_store *store, struct lopt_str name, uint32_t *out, struct lopt_error *err)
{
	struct lopt_str clean;
	enum lopt_status status = lopt_store_clean(&clean, &store->arena, name, err);
	if (status == LOPT_END)
		return lopt_error_set(err, LOPT_E_INPUT, "\"%.*s\" is no name inside the archive", LOPT_STR_ARGS(name));
	if (status != LOPT_OK)
		return status;
	return follow(store, clean, out, err);
}

/* --- reading --- */

enum lopt_status lopt_store_text(struct lopt_store *store, uint32_t index, struct lopt_buf *out, struct lopt_error *err)
{
	const struct lopt_member *member = &store->members[index];
	if (member->size > store->limits->json_bytes)
		return lopt_error_set(err, LOPT_E_LIMIT,
				      "%llu bytes of JSON, the ceiling is %llu (--limit json_bytes=N)",
				      (unsigned long long)member->size, (unsigned long long)store->limits->json_bytes);
	*out = LOPT_BUF_INIT((size_t)member->size + 1);
	enum lopt_status status = store->ops->text(store, member, out, err);
	if (status == LOPT_OK && out->failed)
		status = lopt_error_memory(err);
	if (status != LOPT_OK)
		lopt_buf_release(out);
	return status;
}

enum lopt_status lopt_store_layer(struct lopt_store *store, uint32_t index, const struct lopt_layer_options *options,
				  struct lopt_layer_data **out, struct lopt_error *err)
{
	return store->ops->layer(store, &store->members[index], options, out, err);
}

enum lopt_status lopt_store_reopen(struct lopt_store *store, uint32_t index, int *fd, uint64_t *offset,
				   struct lopt_error *err)
{
	return store->ops->reopen(store, &store->members[index], fd, offset, err);
}
