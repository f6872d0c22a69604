/* SPDX-License-Identifier: MIT */
/* A saved listing: the same however its bytes come, the same as itself, and nothing of it reaches a terminal as it is. */
#include "compare/inventory.h"
#include "harness.h"
#include "layer/path.h"
#include "report/difference.h"

struct listed {
	struct lopt_arena arena;
	struct lopt_inventory inventory;
};

static enum lopt_status list(struct listed *out, struct lopt_stream *stream, struct lopt_error *err)
{
	struct lopt_limits limits = fuzz_limits();
	limits.json_bytes = 1 << 16;
	lopt_arena_init(&out->arena, limits.arena_bytes);
	return lopt_inventory_read(&out->inventory, &out->arena, stream, &limits, err);
}

static void release(struct listed *listed)
{
	lopt_inventory_release(&listed->inventory);
	lopt_arena_release(&listed->arena);
}

static void must_be_in_order(const struct lopt_inventory *inventory)
{
	for (size_t i = 0; i < inventory->count; i++) {
		MUST(inventory->items[i].path.len && inventory->items[i].side.holder < inventory->layer_count);
		MUST(i == 0 || lopt_path_compare(inventory->items[i - 1].path, inventory->items[i].path) < 0);
	}
}

/* Nothing but contents of which nobody knows the digest. */
static void must_be_the_same(const struct lopt_comparison *comparison, const struct lopt_inventory *inventory)
{
	size_t unknown = 0;
	for (size_t i = 0; i < inventory->count; i++) {
		const struct lopt_item *item = &inventory->items[i];
		unknown += item->side.type == LOPT_FILE && item->side.size && !item->sha256;
	}
	for (size_t i = 0; i < comparison->count; i++)
		MUST(comparison->differences[i].aspects == LOPT_ASPECT_CONTENT);
	MUST(comparison->count == unknown && comparison->paths == inventory->count && comparison->config_count == 0);
}

static void print(const struct lopt_difference_view *view)
{
	for (size_t i = 0; lopt_difference_format_at(i); i++) {
		const struct lopt_report_options options = { .top = i % 2 ? 0 : 3 };
		struct lopt_error err;
		char *text = NULL;
		size_t size = 0;
		FILE *file = open_memstream(&text, &size);
		MUST(file && lopt_difference_format_at(i)->write(file, view, &options, &err) == LOPT_OK);
		MUST(fclose(file) == 0);
		for (size_t k = 0; k < size; k++)
			MUST(text[k] == '\n' || ((unsigned char)text[k] >= 0x20 && text[k] != 0x7f));
		free(text);
	}
}

static void compare(const struct lopt_inventory *before, const struct lopt_inventory *after, bool same)
{
	const struct lopt_comparison_options options = { .times = true };
	struct lopt_comparison comparison;
	struct lopt_difference_view view;
	struct lopt_error err;
	MUST(lopt_comparison_between(&comparison, before, after, &options, &err) == LOPT_OK);
	if (same)
		must_be_the_same(&comparison, before);
	MUST(lopt_difference_view_make(&view, before, after, &comparison, &err) == LOPT_OK);
	print(&view);
	lopt_difference_view_release(&view);
	lopt_comparison_release(&comparison);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct lopt_memory_stream memory;
	struct slow_stream slow;
	struct listed whole, slowly;
	struct lopt_error err = { 0 }, other = { 0 };
	lopt_memory_stream_init(&memory, data, size);
	slow_stream_init(&slow, data, size, size ? data[size - 1] % 16 : 1);
	enum lopt_status status = list(&whole, &memory.stream, &err);
	MUST(list(&slowly, &slow.stream, &other) == status);
	if (status != LOPT_E_USAGE)
		must_be_clean(status, &err);
	MUST(status == LOPT_OK || strcmp(err.message, other.message) == 0);
	if (status == LOPT_OK) {
		static const struct lopt_image_info nothing;
		struct lopt_inventory empty = slowly.inventory;
		empty.info = &nothing;
		empty.items = NULL;
		empty.count = 0;
		MUST(lopt_listing_begins(lopt_str_make((const char *)data, size)));
		must_be_in_order(&whole.inventory);
		compare(&whole.inventory, &slowly.inventory, true);
		compare(&whole.inventory, &empty, false);
	}
	release(&whole);
	release(&slowly);
	return 0;
}
