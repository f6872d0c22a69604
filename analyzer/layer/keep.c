/* SPDX-License-Identifier: MIT */
#include "layer/keep.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/cleanup.h"

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

/* --- one content --- */

void lopt_keeper_init(struct lopt_keeper *keeper, struct lopt_arena *arena, lopt_keep_choice *choose, bool passing)
{
	*keeper = (struct lopt_keeper){ .arena = arena, .choose = choose, .passing = passing };
}

void lopt_keeper_release(struct lopt_keeper *keeper)
{
	lopt_elf_release(&keeper->elf);
	free(keeper->window);
	keeper->window = NULL;
}

static void want(struct lopt_keeper *keeper, unsigned char *into, uint64_t offset, size_t size)
{
	keeper->into = into;
	keeper->offset = offset;
	keeper->size = size;
	keeper->have = 0;
}

static void want_nothing(struct lopt_keeper *keeper)
{
	want(keeper, NULL, 0, 0);
}

bool lopt_keeper_wants(const struct lopt_keeper *keeper, uint64_t *offset, size_t *size)
{
	*offset = keeper->offset + keeper->have;
	*size = keeper->size - keeper->have;
	return *size > 0;
}

enum lopt_status lopt_keeper_begin(struct lopt_keeper *keeper, const struct lopt_entry *entry, uint32_t inode,
				   enum lopt_keep what, struct lopt_error *err)
{
	keeper->entry = entry;
	keeper->inode = inode;
	keeper->what = what;
	keeper->head_size = 0;
	lopt_elf_release(&keeper->elf);
	keeper->elf = (struct lopt_elf){ 0 };
	want_nothing(keeper);
	if (what == LOPT_KEEP_ALL) {
		unsigned char *all = lopt_arena_alloc(keeper->arena, (size_t)entry->size);
		if (!all)
			return lopt_error_memory(err);
		want(keeper, all, 0, (size_t)entry->size);
	} else if (what != LOPT_KEEP_NOTHING) {
		keeper->head_size = entry->size < sizeof keeper->head ? (size_t)entry->size : sizeof keeper->head;
		want(keeper, keeper->head, 0, keeper->head_size);
	}
	return LOPT_OK;
}

/* Room for the ranges of `elf`. */
static bool widen(struct lopt_keeper *keeper, size_t size)
{
	if (size <= keeper->window_size)
		return true;
	unsigned char *window = realloc(keeper->window, size);
	if (!window)
		return false;
	keeper->window = window;
	keeper->window_size = size;
	return true;
}

/* What the head holds of the range is there already. */
static void take_from_head(struct lopt_keeper *keeper)
{
	if (keeper->offset >= keeper->head_size)
		return;
	size_t at = (size_t)keeper->offset, have = keeper->head_size - at;
	keeper->have = have < keeper->size ? have : keeper->size;
	memcpy(keeper->into, keeper->head + at, keeper->have);
}

static bool give_range(struct lopt_keeper *keeper)
{
	return lopt_elf_give(&keeper->elf, keeper->offset, lopt_str_make((const char *)keeper->window, keeper->size));
}

/* The next range of the section headers that is still to come. */
static enum lopt_status want_sections(struct lopt_keeper *keeper, struct lopt_error *err)
{
	uint64_t offset, size;
	while (lopt_elf_wants(&keeper->elf, keeper->passing, &offset, &size)) {
		if (!widen(keeper, (size_t)size))
			return lopt_error_memory(err);
		want(keeper, keeper->window, offset, (size_t)size);
		take_from_head(keeper);
		if (keeper->have < keeper->size)
			return LOPT_OK;
		if (!give_range(keeper))
			return lopt_error_memory(err);
	}
	want_nothing(keeper);
	return LOPT_OK;
}

static struct lopt_str head_of(const struct lopt_keeper *keeper)
{
	return lopt_str_make((const char *)keeper->head, keeper->head_size);
}

/* The head is there: what now? */
static enum lopt_status take_head(struct lopt_keeper *keeper, struct lopt_error *err)
{
	if (keeper->what == LOPT_KEEP_LOOK)
		keeper->what = keeper->choose(keeper->entry, head_of(keeper));
	want_nothing(keeper);
	if (keeper->what == LOPT_KEEP_ALL || keeper->what == LOPT_KEEP_LOOK) /* is too late, or makes no sense */
		return lopt_error_set(err, LOPT_E_BUG, "%.*s: more was asked for than a first look allows",
				      LOPT_STR_ARGS(keeper->entry->path));
	if (keeper->what == LOPT_KEEP_SECTIONS && lopt_elf_begin(&keeper->elf, head_of(keeper), keeper->entry->size))
		return want_sections(keeper, err);
	return LOPT_OK;
}

static enum lopt_status range_complete(struct lopt_keeper *keeper, struct lopt_error *err)
{
	if (keeper->into == keeper->head)
		return take_head(keeper, err);
	if (keeper->into != keeper->window)
		return LOPT_OK; /* all of it */
	if (!give_range(keeper))
		return lopt_error_memory(err);
	return want_sections(keeper, err);
}

enum lopt_status lopt_keeper_feed(struct lopt_keeper *keeper, uint64_t offset, const void *bytes, size_t size,
				  struct lopt_error *err)
{
	uint64_t from;
	size_t missing;
	while (lopt_keeper_wants(keeper, &from, &missing) && from < offset + size && from >= offset) {
		size_t skip = (size_t)(from - offset), n = size - skip < missing ? size - skip : missing;
		memcpy(keeper->into + keeper->have, (const unsigned char *)bytes + skip, n);
		keeper->have += n;
		if (keeper->have == keeper->size)
			LOPT_TRY(range_complete(keeper, err));
		else
			break;
	}
	return LOPT_OK;
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

enum lopt_status lopt_keeper_end(struct lopt_keeper *keeper, struct lopt_kept_list *list, struct lopt_error *err)
{
	struct lopt_kept kept = { .inode = keeper->inode, .what = keeper->what };
	switch (keeper->what) {
	case LOPT_KEEP_NOTHING:
	case LOPT_KEEP_LOOK:
		return LOPT_OK;
	case LOPT_KEEP_HEAD:
		kept.bytes = lopt_arena_copy(keeper->arena, head_of(keeper));
		if (!kept.bytes.ptr)
			return lopt_error_memory(err);
		break;
	case LOPT_KEEP_ALL:
		kept.bytes = lopt_str_make((const char *)keeper->into, keeper->have);
		break;
	case LOPT_KEEP_SECTIONS:
		kept.symbol_bytes = keeper->elf.symbol_bytes;
		kept.debug_bytes = keeper->elf.debug_bytes;
		if (!kept.symbol_bytes && !kept.debug_bytes)
			return LOPT_OK; /* stripped, or no ELF file: nothing to tell */
		break;
	}
	return lopt_kept_add(list, &kept, err);
}
