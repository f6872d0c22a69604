/* SPDX-License-Identifier: MIT */
#include "compare/compare.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "compare/inner.h"
#include "layer/path.h"

enum { COMPARISON_BYTES_MAX = 1 << 30 };

/* What is compared of a node, kept while the other image is walked. */
struct seen {
	struct lopt_str path;
	struct lopt_side side;
	const struct lopt_xattr *xattrs;
	size_t xattr_count;
	int64_t mtime_ns;
	uint32_t major, minor;
};

struct listing {
	struct lopt_arena *arena;
	const struct lopt_image *image;
	struct seen *items;
	size_t count, cap;
};

static void release_listing(struct listing *listing)
{
	free(listing->items);
}

static enum lopt_status copy_xattrs(struct lopt_arena *arena, struct seen *seen, const struct lopt_node *node,
				    struct lopt_error *err)
{
	if (node->xattr_count == 0)
		return LOPT_OK;
	struct lopt_xattr *xattrs = lopt_arena_zalloc(arena, node->xattr_count, sizeof *xattrs);
	if (!xattrs)
		return lopt_error_memory(err);
	memcpy(xattrs, node->xattrs, node->xattr_count * sizeof *xattrs);
	seen->xattrs = xattrs;
	seen->xattr_count = node->xattr_count;
	return LOPT_OK;
}

static enum lopt_status see(void *context, const struct lopt_node *node, struct lopt_error *err)
{
	struct listing *listing = context;
	struct seen *items = lopt_grow(listing->items, &listing->cap, listing->count + 1, sizeof *items);
	if (!items)
		return lopt_error_memory(err);
	listing->items = items;
	struct seen *seen = &items[listing->count];
	*seen = (struct seen){
		.path = lopt_arena_copy(listing->arena, node->path),
		.side = {
			.type = node->type, .mode = node->mode, .uid = node->uid, .gid = node->gid,
			.size = node->size, .hardlink = node->hardlink, .layer = node->inode_layer,
			.inode = node->inode,
		},
		.mtime_ns = node->mtime_ns,
	};
	if (!seen->path.ptr)
		return lopt_error_memory(err);
	if (node->type == LOPT_SYMLINK && node->entry)
		seen->side.target = node->entry->link;
	if (node->entry) {
		seen->major = node->entry->major;
		seen->minor = node->entry->minor;
	}
	LOPT_TRY(copy_xattrs(listing->arena, seen, node, err));
	listing->count++;
	return LOPT_OK;
}

static bool same_xattrs(const struct seen *a, const struct seen *b)
{
	if (a->xattr_count != b->xattr_count)
		return false;
	for (size_t i = 0; i < a->xattr_count; i++)
		if (!lopt_str_equal(a->xattrs[i].name, b->xattrs[i].name) ||
		    !lopt_str_equal(a->xattrs[i].value, b->xattrs[i].value))
			return false;
	return true;
}

static const unsigned char *digest_of(const struct lopt_image *image, const struct lopt_side *side)
{
	uint32_t content = side->layer->inodes[side->inode].content;
	return content == LOPT_NO_CONTENT ? NULL : lopt_image_sha256(image, content);
}

static enum lopt_status digest(unsigned char out[32], const struct lopt_image *image, const struct lopt_side *side,
			       struct lopt_error *err)
{
	const unsigned char *known = digest_of(image, side);
	if (known) {
		memcpy(out, known, 32);
		return LOPT_OK;
	}
	return lopt_image_compute_sha256(image, side->layer->inodes[side->inode].content, out, err);
}

static enum lopt_status same_content(bool *same, const struct lopt_image *images[2], const struct lopt_side *a,
				     const struct lopt_side *b, struct lopt_error *err)
{
	unsigned char x[32], y[32];
	*same = a->size == b->size;
	if (!*same || a->size == 0)
		return LOPT_OK;
	enum lopt_status status = digest(x, images[0], a, err);
	if (status == LOPT_OK)
		status = digest(y, images[1], b, err);
	if (status == LOPT_END) { /* holes beyond measure: nobody can say that they are equal */
		*same = false;
		return LOPT_OK;
	}
	LOPT_TRY(status);
	*same = memcmp(x, y, sizeof x) == 0;
	return LOPT_OK;
}

static enum lopt_status aspects_of(unsigned *out, const struct lopt_image *images[2], const struct seen *a,
				   const struct seen *b, struct lopt_error *err)
{
	unsigned aspects = 0;
	*out = LOPT_ASPECT_TYPE;
	if (a->side.type != b->side.type)
		return LOPT_OK;
	if (a->side.mode != b->side.mode)
		aspects |= LOPT_ASPECT_MODE;
	if (a->side.uid != b->side.uid || a->side.gid != b->side.gid)
		aspects |= LOPT_ASPECT_OWNER;
	if (!same_xattrs(a, b))
		aspects |= LOPT_ASPECT_XATTRS;
	if (!lopt_str_equal(a->side.target, b->side.target))
		aspects |= LOPT_ASPECT_TARGET;
	if (!lopt_str_equal(a->side.hardlink, b->side.hardlink))
		aspects |= LOPT_ASPECT_LINKS;
	if ((a->side.type == LOPT_CHAR || a->side.type == LOPT_BLOCK) && (a->major != b->major || a->minor != b->minor))
		aspects |= LOPT_ASPECT_DEVICE;
	if (a->side.type == LOPT_FILE) {
		bool same;
		LOPT_TRY(same_content(&same, images, &a->side, &b->side, err));
		if (!same)
			aspects |= LOPT_ASPECT_CONTENT;
	}
	*out = aspects;
	return LOPT_OK;
}

/* One of the two may be NULL. */
static enum lopt_status add(struct lopt_comparison *to, struct lopt_str path, const struct seen *a,
			    const struct seen *b, unsigned aspects, struct lopt_error *err)
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

static enum lopt_status compare_pair(struct lopt_comparison *to, const struct lopt_image *images[2],
				     const struct seen *a, const struct seen *b, struct lopt_error *err)
{
	unsigned aspects;
	LOPT_TRY(aspects_of(&aspects, images, a, b, err));
	if (aspects)
		return add(to, a->path, a, b, aspects, err);
	to->times += a->mtime_ns != b->mtime_ns;
	return LOPT_OK;
}

static enum lopt_status merge(struct lopt_comparison *to, const struct listing *a, const struct listing *b,
			      struct lopt_error *err)
{
	const struct lopt_image *images[2] = { a->image, b->image };
	size_t i = 0, j = 0;
	for (; i < a->count || j < b->count; to->paths++) {
		int order = i == a->count   ? 1
			    : j == b->count ? -1
					    : lopt_path_compare(a->items[i].path, b->items[j].path);
		const struct seen *x = order <= 0 ? &a->items[i++] : NULL;
		const struct seen *y = order >= 0 ? &b->items[j++] : NULL;
		if (x && y)
			LOPT_TRY(compare_pair(to, images, x, y, err));
		else if (x)
			LOPT_TRY(add(to, x->path, x, NULL, LOPT_ASPECT_REMOVED, err));
		else if (y)
			LOPT_TRY(add(to, y->path, NULL, y, LOPT_ASPECT_ADDED, err));
	}
	return LOPT_OK;
}

static enum lopt_status compare(struct lopt_comparison *to, const struct lopt_image *before,
				const struct lopt_image *after, struct lopt_error *err)
{
	LOPT_CLEANUP(release_listing) struct listing a = { .arena = &to->arena, .image = before };
	LOPT_CLEANUP(release_listing) struct listing b = { .arena = &to->arena, .image = after };
	LOPT_TRY(lopt_image_walk(before, see, &a, err));
	LOPT_TRY(lopt_image_walk(after, see, &b, err));
	LOPT_TRY(merge(to, &a, &b, err));
	return lopt_config_compare(to, lopt_image_info(before), lopt_image_info(after), err);
}

enum lopt_status lopt_comparison_make(struct lopt_comparison *out, const struct lopt_image *before,
				      const struct lopt_image *after, struct lopt_error *err)
{
	*out = (struct lopt_comparison){ 0 };
	lopt_arena_init(&out->arena, COMPARISON_BYTES_MAX);
	enum lopt_status status = compare(out, before, after, err);
	if (status != LOPT_OK)
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
	static const char *const names[] = { "added",  "removed", "type",   "mode",  "owner",
					     "xattrs", "content", "target", "links", "device" };
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
