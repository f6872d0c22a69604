/* SPDX-License-Identifier: MIT */
#include "layer/keep.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/cleanup.h"

enum { SCRIPT_CHUNK = 64 << 10 };

/* --- how much --- */

static uint64_t price(const struct lopt_entry *entry, enum lopt_keep what)
{
	return what == LOPT_KEEP_ALL || entry->size < LOPT_HEAD_MAX ? entry->size : LOPT_HEAD_MAX;
}

enum lopt_keep lopt_keep_decide(struct lopt_keep_budget *budget, const struct lopt_entry *entry)
{
	enum lopt_keep what = budget->choose ? budget->choose(entry, lopt_str_make(NULL, 0)) : LOPT_KEEP_NOTHING;
	if (what == LOPT_KEEP_NOTHING)
		return what;
	uint64_t cost = price(entry, what);
	if (cost > budget->left || (what == LOPT_KEEP_ALL && cost > budget->file_max)) {
		budget->refused++;
		return LOPT_KEEP_NOTHING;
	}
	budget->left -= cost;
	return what;
}

void lopt_keeper_init(struct lopt_keeper *keeper, struct lopt_arena *arena, lopt_keep_choice *choose, bool passing)
{
	*keeper = (struct lopt_keeper){ .arena = arena, .choose = choose, .passing = passing };
}

static void forget(struct lopt_keeper *keeper)
{
	lopt_elf_release(&keeper->elf);
	lopt_needed_release(&keeper->needed);
	lopt_imports_release(&keeper->imports);
	keeper->elf = (struct lopt_elf){ 0 };
	lopt_imports_begin(&keeper->imports, LOPT_SCRIPT_NONE, false);
}

void lopt_keeper_release(struct lopt_keeper *keeper)
{
	forget(keeper);
	free(keeper->range.window);
	free(keeper->libraries.window);
	keeper->range.window = keeper->libraries.window = NULL;
}

/* --- ranges --- */

static void want(struct lopt_range *range, unsigned char *into, uint64_t offset, size_t size)
{
	range->into = into;
	range->offset = offset;
	range->size = size;
	range->have = 0;
}

static void want_nothing(struct lopt_range *range)
{
	want(range, NULL, 0, 0);
}

/* Into the window; what the head holds of it is there already. */
static enum lopt_status want_in_window(struct lopt_keeper *keeper, struct lopt_range *range, uint64_t offset,
				       size_t size, struct lopt_error *err)
{
	if (size > range->window_size) {
		unsigned char *window = realloc(range->window, size);
		if (!window)
			return lopt_error_memory(err);
		range->window = window;
		range->window_size = size;
	}
	want(range, range->window, offset, size);
	if (offset < keeper->head_size) {
		size_t have = keeper->head_size - (size_t)offset;
		range->have = have < size ? have : size;
		memcpy(range->into, keeper->head + offset, range->have);
	}
	return LOPT_OK;
}

static struct lopt_str bytes_of(const struct lopt_range *range)
{
	return lopt_str_make((const char *)range->into, range->size);
}

bool lopt_keeper_wants(const struct lopt_keeper *keeper, uint64_t *offset, size_t *size)
{
	const struct lopt_range *range = keeper->range.have < keeper->range.size ? &keeper->range : &keeper->libraries;
	*offset = range->offset + range->have;
	*size = range->size - range->have;
	return *size > 0;
}

/* --- one content --- */

enum lopt_status lopt_keeper_begin(struct lopt_keeper *keeper, const struct lopt_entry *entry, uint32_t inode,
				   enum lopt_keep what, struct lopt_error *err)
{
	keeper->entry = entry;
	keeper->inode = inode;
	keeper->what = what;
	keeper->head_size = 0;
	forget(keeper);
	want_nothing(&keeper->range);
	want_nothing(&keeper->libraries);
	if (what == LOPT_KEEP_ALL) {
		unsigned char *all = lopt_arena_alloc(keeper->arena, (size_t)entry->size);
		if (!all)
			return lopt_error_memory(err);
		want(&keeper->range, all, 0, (size_t)entry->size);
	} else if (what != LOPT_KEEP_NOTHING) {
		keeper->head_size = entry->size < sizeof keeper->head ? (size_t)entry->size : sizeof keeper->head;
		want(&keeper->range, keeper->head, 0, keeper->head_size);
	}
	return LOPT_OK;
}

/* The next range of the section headers that is still to come. */
static enum lopt_status want_sections(struct lopt_keeper *keeper, struct lopt_error *err)
{
	uint64_t offset, size;
	while (lopt_elf_wants(&keeper->elf, keeper->passing, &offset, &size)) {
		LOPT_TRY(want_in_window(keeper, &keeper->range, offset, (size_t)size, err));
		if (keeper->range.have < keeper->range.size)
			return LOPT_OK;
		if (!lopt_elf_give(&keeper->elf, offset, bytes_of(&keeper->range)))
			return lopt_error_memory(err);
	}
	want_nothing(&keeper->range);
	return LOPT_OK;
}

/* The same for the libraries it needs. */
static enum lopt_status want_libraries(struct lopt_keeper *keeper, struct lopt_error *err)
{
	uint64_t offset, size;
	while (lopt_needed_wants(&keeper->needed, &offset, &size)) {
		LOPT_TRY(want_in_window(keeper, &keeper->libraries, offset, (size_t)size, err));
		if (keeper->libraries.have < keeper->libraries.size)
			return LOPT_OK;
		if (!lopt_needed_give(&keeper->needed, bytes_of(&keeper->libraries)))
			return lopt_error_memory(err);
	}
	want_nothing(&keeper->libraries);
	return LOPT_OK;
}

/* The next bytes of a script. */
static enum lopt_status want_script(struct lopt_keeper *keeper, uint64_t from, struct lopt_error *err)
{
	uint64_t end = keeper->entry->size < LOPT_IMPORTS_BYTES_MAX ? keeper->entry->size : LOPT_IMPORTS_BYTES_MAX;
	uint64_t size = end > from ? end - from : 0;
	if (size)
		return want_in_window(keeper, &keeper->range, from, size < SCRIPT_CHUNK ? (size_t)size : SCRIPT_CHUNK,
				      err);
	want_nothing(&keeper->range);
	return lopt_imports_end(&keeper->imports) ? LOPT_OK : lopt_error_memory(err);
}

static enum lopt_status take_script(struct lopt_keeper *keeper, uint64_t offset, struct lopt_str bytes,
				    struct lopt_error *err)
{
	if (!lopt_imports_feed(&keeper->imports, bytes))
		return lopt_error_memory(err);
	return want_script(keeper, offset + bytes.len, err);
}

static struct lopt_str head_of(const struct lopt_keeper *keeper)
{
	return lopt_str_make((const char *)keeper->head, keeper->head_size);
}

/* Of a program or library the sections, too; of anything else the head. */
static enum lopt_status begin_uses(struct lopt_keeper *keeper, struct lopt_error *err)
{
	struct lopt_str head = head_of(keeper);
	if (lopt_str_starts(head, "\177ELF")) {
		keeper->what = LOPT_KEEP_SECTIONS;
		if (lopt_needed_begin(&keeper->needed, head, keeper->entry->size))
			LOPT_TRY(want_libraries(keeper, err));
		return lopt_elf_begin(&keeper->elf, head, keeper->entry->size) ? want_sections(keeper, err) : LOPT_OK;
	}
	enum lopt_script script = lopt_script_of(keeper->entry->path, head);
	keeper->what = LOPT_KEEP_HEAD;
	lopt_imports_begin(&keeper->imports, script, false);
	return script == LOPT_SCRIPT_NONE ? LOPT_OK : take_script(keeper, 0, head, err);
}

/* The head is there: what now? */
static enum lopt_status take_head(struct lopt_keeper *keeper, struct lopt_error *err)
{
	if (keeper->what == LOPT_KEEP_LOOK)
		keeper->what = keeper->choose(keeper->entry, head_of(keeper));
	want_nothing(&keeper->range);
	switch (keeper->what) {
	case LOPT_KEEP_NOTHING:
	case LOPT_KEEP_HEAD:
		return LOPT_OK;
	case LOPT_KEEP_LOOK:
	case LOPT_KEEP_ALL: /* is too late, or makes no sense */
		break;
	case LOPT_KEEP_SECTIONS:
		return lopt_elf_begin(&keeper->elf, head_of(keeper), keeper->entry->size) ? want_sections(keeper, err)
											  : LOPT_OK;
	case LOPT_KEEP_USES:
		return begin_uses(keeper, err);
	}
	return lopt_error_set(err, LOPT_E_BUG, "%.*s: more was asked for than a first look allows",
			      LOPT_STR_ARGS(keeper->entry->path));
}

static enum lopt_status range_complete(struct lopt_keeper *keeper, struct lopt_range *range, struct lopt_error *err)
{
	if (range->into == keeper->head)
		return take_head(keeper, err);
	if (range->into != range->window)
		return LOPT_OK; /* all of it */
	if (range == &keeper->libraries) {
		if (!lopt_needed_give(&keeper->needed, bytes_of(range)))
			return lopt_error_memory(err);
		return want_libraries(keeper, err);
	}
	if (keeper->imports.script != LOPT_SCRIPT_NONE)
		return take_script(keeper, range->offset, bytes_of(range), err);
	if (!lopt_elf_give(&keeper->elf, range->offset, bytes_of(range)))
		return lopt_error_memory(err);
	return want_sections(keeper, err);
}

static enum lopt_status feed(struct lopt_keeper *keeper, struct lopt_range *range, uint64_t offset, const void *bytes,
			     size_t size, struct lopt_error *err)
{
	while (range->have < range->size) {
		uint64_t from = range->offset + range->have;
		if (from < offset || from >= offset + size)
			break;
		size_t skip = (size_t)(from - offset), missing = range->size - range->have;
		size_t n = size - skip < missing ? size - skip : missing;
		memcpy(range->into + range->have, (const unsigned char *)bytes + skip, n);
		range->have += n;
		if (range->have < range->size)
			break;
		LOPT_TRY(range_complete(keeper, range, err));
	}
	return LOPT_OK;
}

enum lopt_status lopt_keeper_feed(struct lopt_keeper *keeper, uint64_t offset, const void *bytes, size_t size,
				  struct lopt_error *err)
{
	LOPT_TRY(feed(keeper, &keeper->range, offset, bytes, size, err));
	return feed(keeper, &keeper->libraries, offset, bytes, size, err);
}

enum lopt_status lopt_kept_add(struct lopt_kept_list *list, const struct lopt_kept *kept, struct lopt_error *err)
{
	struct lopt_kept *items = lopt_grow(list->items, &list->cap, list->count + 1, sizeof *items);
	if (!items)
		return lopt_error_memory(err);
	list->items = items;
	items[list->count++] = *kept;
	return LOPT_OK;
}

/* Names one after the other; there is one of both kinds at most. */
static enum lopt_status keep_names(struct lopt_keeper *keeper, struct lopt_kept *kept, struct lopt_error *err)
{
	const struct lopt_buf *names = keeper->needed.names.len ? &keeper->needed.names : &keeper->imports.names;
	if (!names->len)
		return LOPT_OK;
	kept->names = lopt_arena_copy(keeper->arena, lopt_buf_view(names));
	return kept->names.ptr ? LOPT_OK : lopt_error_memory(err);
}

enum lopt_status lopt_keeper_end(struct lopt_keeper *keeper, struct lopt_kept_list *list, struct lopt_error *err)
{
	struct lopt_kept kept = { .inode = keeper->inode, .what = keeper->what };
	LOPT_TRY(keep_names(keeper, &kept, err));
	switch (keeper->what) {
	case LOPT_KEEP_NOTHING:
	case LOPT_KEEP_LOOK:
	case LOPT_KEEP_USES:
		return LOPT_OK;
	case LOPT_KEEP_HEAD:
		kept.bytes = lopt_arena_copy(keeper->arena, head_of(keeper));
		if (!kept.bytes.ptr)
			return lopt_error_memory(err);
		break;
	case LOPT_KEEP_ALL:
		kept.bytes = lopt_str_make((const char *)keeper->range.into, keeper->range.have);
		break;
	case LOPT_KEEP_SECTIONS:
		kept.symbol_bytes = keeper->elf.symbol_bytes;
		kept.debug_bytes = keeper->elf.debug_bytes;
		if (!kept.symbol_bytes && !kept.debug_bytes && !kept.names.len)
			return LOPT_OK; /* stripped, or no ELF file: nothing to tell */
		break;
	}
	return lopt_kept_add(list, &kept, err);
}
