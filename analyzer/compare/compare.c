/* SPDX-License-Identifier: MIT */
#include "compare/compare.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "compare/inner.h"
#include "compare/inventory.h"
#include "layer/path.h"
#include "tree/same.h"

enum { COMPARISON_BYTES_MAX = 1 << 30 };

struct comparing {
	const struct lopt_inventory *before, *after;
	const struct lopt_comparison_options *options;
};

/* LOPT_END: nobody can know it. */
static enum lopt_status digest(unsigned char out[32], const struct lopt_inventory *in, const struct lopt_item *item,
			       struct lopt_error *err)
{
	const struct lopt_side *side = &item->side;
	if (item->sha256) {
		memcpy(out, item->sha256, 32);
		return LOPT_OK;
	}
	if (!in->image)
		return LOPT_END;
	return lopt_image_compute_sha256(in->image, side->layer->inodes[side->inode].content, out, err);
}

static enum lopt_status same_content(bool *same, const struct comparing *in, const struct lopt_item *a,
				     const struct lopt_item *b, struct lopt_error *err)
{
	unsigned char x[32], y[32];
	*same = a->side.size == b->side.size;
	if (!*same || a->side.size == 0)
		return LOPT_OK;
	enum lopt_status status = digest(x, in->before, a, err);
	if (status == LOPT_OK)
		status = digest(y, in->after, b, err);
	if (status == LOPT_END) { /* holes beyond measure: nobody can say that they are equal */
		*same = false;
		return LOPT_OK;
	}
	LOPT_TRY(status);
	*same = memcmp(x, y, sizeof x) == 0;
	return LOPT_OK;
}

static enum lopt_status aspects_of(unsigned *out, const struct comparing *in, const struct lopt_item *a,
				   const struct lopt_item *b, struct lopt_error *err)
{
	unsigned aspects = 0;
	*out = LOPT_ASPECT_TYPE;
	if (a->side.type != b->side.type)
		return LOPT_OK;
	if (a->side.mode != b->side.mode)
		aspects |= LOPT_ASPECT_MODE;
	if (a->side.uid != b->side.uid || a->side.gid != b->side.gid)
		aspects |= LOPT_ASPECT_OWNER;
	if (!lopt_xattr_lists_same(a->xattrs, a->xattr_count, b->xattrs, b->xattr_count))
		aspects |= LOPT_ASPECT_XATTRS;
	if (!lopt_str_equal(a->side.target, b->side.target))
		aspects |= LOPT_ASPECT_TARGET;
	if (!lopt_str_equal(a->side.hardlink, b->side.hardlink))
		aspects |= LOPT_ASPECT_LINKS;
	if ((a->side.type == LOPT_CHAR || a->side.type == LOPT_BLOCK) && (a->major != b->major || a->minor != b->minor))
		aspects |= LOPT_ASPECT_DEVICE;
	if (a->side.type == LOPT_FILE) {
		bool same;
		LOPT_TRY(same_content(&same, in, a, b, err));
		if (!same)
			aspects |= LOPT_ASPECT_CONTENT;
	}
	if (in->options->times && a->side.mtime_ns != b->side.mtime_ns)
		aspects |= LOPT_ASPECT_TIME;
	*out = aspects;
	return LOPT_OK;
}

/* One of the two may be NULL. */
static enum lopt_status add(struct lopt_comparison *to, struct lopt_str path, const struct lopt_item *a,
			    const struct lopt_item *b, unsigned aspects, struct lopt_error *err)
{
	struct lopt_difference *items = lopt_grow(to->differences, &to->cap, to->count + 1, sizeof *items);
	if (!items)
		return lopt_error_memory(err);
	to->differences = items;
	items[to->count] = (struct lopt_difference){ .path = path, .aspects = aspects };
	if (a)
		items[to->count].before = a->side;
	if (b)
		items[to->count].after = b->side;
	to->count++;
	return LOPT_OK;
}

static enum lopt_status compare_pair(struct lopt_comparison *to, const struct comparing *in, const struct lopt_item *a,
				     const struct lopt_item *b, struct lopt_error *err)
{
	unsigned aspects;
	LOPT_TRY(aspects_of(&aspects, in, a, b, err));
	if (aspects)
		return add(to, a->path, a, b, aspects, err);
	to->times += a->side.mtime_ns != b->side.mtime_ns;
	return LOPT_OK;
}

static enum lopt_status merge(struct lopt_comparison *to, const struct comparing *in, struct lopt_error *err)
{
	const struct lopt_inventory *a = in->before, *b = in->after;
	size_t i = 0, j = 0;
	for (; i < a->count || j < b->count; to->paths++) {
		int order = i == a->count   ? 1
			    : j == b->count ? -1
					    : lopt_path_compare(a->items[i].path, b->items[j].path);
		const struct lopt_item *x = order <= 0 ? &a->items[i++] : NULL;
		const struct lopt_item *y = order >= 0 ? &b->items[j++] : NULL;
		if (x && y)
			LOPT_TRY(compare_pair(to, in, x, y, err));
		else if (x)
			LOPT_TRY(add(to, x->path, x, NULL, LOPT_ASPECT_REMOVED, err));
		else if (y)
			LOPT_TRY(add(to, y->path, NULL, y, LOPT_ASPECT_ADDED, err));
	}
	return LOPT_OK;
}

/* Where one of them is masked, both are: what is hidden is no difference. */
static enum lopt_status compare_configs(struct lopt_comparison *to, const struct comparing *in, struct lopt_error *err)
{
	bool masked = in->before->masked || in->after->masked;
	const struct lopt_image_info *a = in->before->info, *b = in->after->info;
	if (masked && !in->before->masked)
		LOPT_TRY(lopt_config_mask(&a, &to->arena, a, err));
	if (masked && !in->after->masked)
		LOPT_TRY(lopt_config_mask(&b, &to->arena, b, err));
	return lopt_config_compare(to, a, b, masked, err);
}

static void start(struct lopt_comparison *to)
{
	*to = (struct lopt_comparison){ 0 };
	lopt_arena_init(&to->arena, COMPARISON_BYTES_MAX);
}

static enum lopt_status compare(struct lopt_comparison *to, const struct comparing *in, struct lopt_error *err)
{
	enum lopt_status status = merge(to, in, err);
	if (status == LOPT_OK)
		status = compare_configs(to, in, err);
	if (status != LOPT_OK)
		lopt_comparison_release(to);
	return status;
}

enum lopt_status lopt_comparison_between(struct lopt_comparison *out, const struct lopt_inventory *before,
					 const struct lopt_inventory *after,
					 const struct lopt_comparison_options *options, struct lopt_error *err)
{
	const struct comparing in = { .before = before, .after = after, .options = options };
	start(out);
	return compare(out, &in, err);
}

enum lopt_status lopt_comparison_make(struct lopt_comparison *out, const struct lopt_image *before,
				      const struct lopt_image *after, struct lopt_error *err)
{
	static const struct lopt_comparison_options options;
	LOPT_CLEANUP(lopt_inventory_release) struct lopt_inventory a = { 0 };
	LOPT_CLEANUP(lopt_inventory_release) struct lopt_inventory b = { 0 };
	const struct comparing in = { .before = &a, .after = &b, .options = &options };
	start(out);
	enum lopt_status status = lopt_inventory_make(&a, &out->arena, before, NULL, err);
	if (status == LOPT_OK)
		status = lopt_inventory_make(&b, &out->arena, after, NULL, err);
	if (status == LOPT_OK)
		return compare(out, &in, err);
	lopt_comparison_release(out);
	return status;
}

void lopt_comparison_release(struct lopt_comparison *comparison)
{
	free(comparison->differences);
	free(comparison->config);
	lopt_arena_release(&comparison->arena);
	*comparison = (struct lopt_comparison){ 0 };
}

struct lopt_difference *lopt_comparison_find(const struct lopt_comparison *comparison, struct lopt_str path)
{
	size_t low = 0, high = comparison->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = lopt_path_compare(comparison->differences[middle].path, path);
		if (order == 0)
			return &comparison->differences[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

const char *lopt_aspect_name(size_t bit)
{
	static const char *const names[] = { "added",	"removed", "type",  "mode",   "owner", "xattrs",
					     "content", "target",  "links", "device", "time" };
	return bit < sizeof names / sizeof names[0] ? names[bit] : NULL;
}

const char *lopt_reason_name(enum lopt_reason reason)
{
	static const char *const names[] = { "unexplained", "measured", "volatile", "predicted", "allowed" };
	return names[reason];
}

size_t lopt_comparison_count(const struct lopt_comparison *comparison, enum lopt_reason reason)
{
	size_t count = 0;
	for (size_t i = 0; i < comparison->count; i++)
		count += comparison->differences[i].reason == reason;
	for (size_t i = 0; i < comparison->config_count; i++)
		count += comparison->config[i].reason == reason;
	return count;
}
