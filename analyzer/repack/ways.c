/* SPDX-License-Identifier: MIT */
#include "repack/ways.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "layer/path.h"

static bool match_name(const void *owner, uint32_t value, uint64_t parent, struct lopt_str name)
{
	const struct lopt_way *way = &((const struct lopt_ways *)owner)->items[value];
	return way->parent == parent && lopt_str_equal(way->name, name);
}

/* LOPT_TABLE_NONE when memory is exhausted. */
static uint32_t add(struct lopt_ways *ways, uint32_t parent, struct lopt_str name)
{
	struct lopt_way *items = lopt_grow(ways->items, &ways->cap, ways->count + 1, sizeof *items);
	if (!items)
		return LOPT_TABLE_NONE;
	ways->items = items;
	items[ways->count] = (struct lopt_way){ .name = name, .parent = parent };
	if (!lopt_table_insert(&ways->by_name, parent, name, (uint32_t)ways->count))
		return LOPT_TABLE_NONE;
	return (uint32_t)ways->count++;
}

/* The directory of this path. What is not known yet is added, or with `add_new` false ends the search: LOPT_TABLE_NONE. */
static uint32_t reach(struct lopt_ways *ways, struct lopt_str path, bool add_new)
{
	uint32_t at = LOPT_WAY_ROOT;
	for (struct lopt_str name = lopt_path_next(&path); name.len && at != LOPT_TABLE_NONE;
	     name = lopt_path_next(&path)) {
		uint32_t next = lopt_table_find(&ways->by_name, at, name, match_name, ways);
		at = next == LOPT_TABLE_NONE && add_new ? add(ways, at, name) : next;
	}
	return at;
}

static bool reach_all(struct lopt_ways *ways, const struct lopt_layer *layer)
{
	struct lopt_str last = { "", 0 };
	uint32_t at = LOPT_WAY_ROOT;
	for (size_t i = 0; i < layer->entry_count; i++) {
		struct lopt_str parent = lopt_path_parent(layer->entries[i].path);
		if (!lopt_str_equal(parent, last)) /* archives list directory by directory */
			at = reach(ways, parent, true);
		if (at == LOPT_TABLE_NONE)
			return false;
		last = parent;
		ways->of_entry[i] = at;
	}
	return true;
}

/* A directory that is listed is one, empty or not: what stands in it may go, and it does not then become another thing. */
static bool mark_entries(struct lopt_ways *ways, const struct lopt_layer *layer)
{
	for (size_t i = 0; i < layer->entry_count; i++) {
		const struct lopt_entry *entry = &layer->entries[i];
		bool is_directory = entry->type == LOPT_DIR && !(entry->flags & LOPT_ENTRY_IGNORED);
		if (!is_directory && entry->type != LOPT_SYMLINK)
			continue;
		uint32_t at = reach(ways, entry->path, is_directory);
		if (at == LOPT_TABLE_NONE && is_directory)
			return false;
		if (at == LOPT_TABLE_NONE)
			continue;
		ways->items[at].listed |= is_directory;
		ways->items[at].through_link |= !is_directory;
	}
	return true;
}

enum lopt_status lopt_ways_make(struct lopt_ways *out, const struct lopt_layer *layer, struct lopt_error *err)
{
	*out = (struct lopt_ways){ .of_entry = calloc(layer->entry_count + 1, sizeof *out->of_entry) };
	if (!out->of_entry || add(out, LOPT_WAY_ROOT, lopt_str_from("")) == LOPT_TABLE_NONE || !reach_all(out, layer) ||
	    !mark_entries(out, layer))
		return lopt_error_memory(err);
	out->items[LOPT_WAY_ROOT].listed = true;
	for (size_t i = 0; i < out->count; i++) /* a parent stands in front of what is below it */
		out->items[i].through_link |= out->items[out->items[i].parent].through_link;
	return LOPT_OK;
}

/* For which not every engine makes a directory. */
static bool is_marker(const struct lopt_entry *entry)
{
	return lopt_whiteout_of(entry->path, NULL) != LOPT_WHITEOUT_NONE;
}

void lopt_ways_release(struct lopt_ways *ways)
{
	lopt_table_release(&ways->by_name);
	free(ways->items);
	free(ways->of_entry);
	*ways = (struct lopt_ways){ 0 };
}

void lopt_ways_need(struct lopt_ways *ways, const struct lopt_layer *layer, uint32_t entry)
{
	bool fills = !is_marker(&layer->entries[entry]);
	uint32_t at = ways->of_entry[entry];
	for (; fills ? !ways->items[at].filled : !ways->items[at].needed; at = ways->items[at].parent) {
		ways->items[at].needed = true;
		ways->items[at].filled |= fills;
	}
}

bool lopt_ways_can_spare(const struct lopt_ways *ways, const struct lopt_layer *layer, uint32_t entry)
{
	const struct lopt_way *way = &ways->items[ways->of_entry[entry]];
	return way->listed || (is_marker(&layer->entries[entry]) ? way->needed : way->filled);
}

bool lopt_ways_is_one(struct lopt_ways *ways, struct lopt_str path)
{
	return reach(ways, path, false) != LOPT_TABLE_NONE;
}

bool lopt_ways_through_link(const struct lopt_ways *ways, uint32_t entry)
{
	return ways->items[ways->of_entry[entry]].through_link;
}
