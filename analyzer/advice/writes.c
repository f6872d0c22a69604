/* SPDX-License-Identifier: MIT */
#include "advice/writes.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "layer/path.h"

/* One entry of a layer: all of a step's, and of the others the directories, which tell that one was there already. */
struct row {
	struct lopt_str path;
	const struct lopt_entry *entry;
	uint32_t layer;
	uint8_t step; /* NOBODY for a layer of the base */
	bool file;    /* it is, or takes away, something that is no directory or not only one */
};

enum { NOBODY = UINT8_MAX };

/* A directory that the walk is in. */
struct frame {
	size_t node;
	uint64_t files, made; /* of it and of those above */
};

struct walk {
	struct lopt_writes *out;
	const struct lopt_image *image;
	struct row *rows;
	size_t count, cap, node_cap;
	struct frame *frames;
	size_t depth, frame_cap;
	struct lopt_error *err;
};

static void walk_release(struct walk *w)
{
	free(w->rows);
	free(w->frames);
}

void lopt_writes_release(struct lopt_writes *writes)
{
	lopt_arena_release(&writes->arena);
	free(writes->list);
	free(writes->names);
	free(writes->clashes);
	*writes = (struct lopt_writes){ 0 };
}

static uint64_t bit(size_t step)
{
	return (uint64_t)1 << (step % LOPT_STEPS_MAX);
}

/* ---- what does not count */

static bool ends_with(struct lopt_str text, const char *end)
{
	size_t len = strlen(end);
	return text.len >= len && memcmp(text.ptr + text.len - len, end, len) == 0;
}

static bool is_at_or_below(struct lopt_str path, const char *directory)
{
	size_t len = strlen(directory);
	return lopt_str_starts(path, directory) && (path.len == len || path.ptr[len] == '/');
}

/* After two runs of apt changed places these were the same, but for the order of records. */
static bool is_mergeable(struct lopt_str path)
{
	static const char *const trees[] = {
		"var/lib/apt",	       "var/cache/apt",	       "var/cache/debconf",	    "var/lib/dpkg/triggers",
		"var/lib/dpkg/status", "var/lib/dpkg/updates", "var/lib/dpkg/alternatives", "var/lib/dpkg/available",
		"etc/alternatives",    "etc/ld.so.cache",      "var/cache/ldconfig",	    "var/log/apt",
	};
	static const char *const files[] = { "var/lib/dpkg/status-old", "var/lib/dpkg/available-old",
					     "var/lib/dpkg/lock",	"var/lib/dpkg/lock-frontend",
					     "var/log/dpkg.log",	"var/log/alternatives.log" };
	for (size_t i = 0; i < sizeof trees / sizeof trees[0]; i++)
		if (is_at_or_below(path, trees[i]))
			return true;
	for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
		if (lopt_str_is(path, files[i]))
			return true;
	return ends_with(path, ".pyc") || ends_with(path, "/__pycache__");
}

/* ---- rows */

static enum lopt_status add_row(struct walk *w, struct row row)
{
	struct row *rows = lopt_grow(w->rows, &w->cap, w->count + 1, sizeof *rows);
	if (!rows)
		return lopt_error_memory(w->err);
	w->rows = rows;
	rows[w->count++] = row;
	return LOPT_OK;
}

/* A whiteout stands for what it takes away; an opaque one for the whole directory. */
static enum lopt_status name_row(struct walk *w, struct row *row)
{
	struct lopt_str path = row->entry->path, parent = lopt_path_parent(path), target;
	row->path = path;
	switch (lopt_whiteout_of(path, &target)) {
	case LOPT_WHITEOUT_PATH: {
		size_t len = parent.len + (parent.len > 0);
		char *to = lopt_arena_alloc(&w->out->arena, len + target.len + 1);
		if (!to)
			return lopt_error_memory(w->err);
		memcpy(to, path.ptr, len);
		memcpy(to + len, target.ptr, target.len);
		row->path = lopt_str_make(to, len + target.len);
		return LOPT_OK;
	}
	case LOPT_WHITEOUT_OPAQUE:
		row->path = parent;
		return LOPT_OK;
	case LOPT_WHITEOUT_NONE:
	case LOPT_WHITEOUT_INVALID:
		return LOPT_OK;
	}
	return LOPT_OK;
}

static void note_database(struct lopt_writes *out, const struct row *row)
{
	if (lopt_str_is(row->path, "etc/passwd") || lopt_str_is(row->path, "etc/group"))
		out->accounts |= bit(row->step);
	if (lopt_str_is(row->path, "var/lib/dpkg/status"))
		out->packages |= bit(row->step);
}

static enum lopt_status add_layer(struct walk *w, const struct lopt_layer *layer, uint8_t step)
{
	for (size_t i = 0; i < layer->entry_count; i++) {
		const struct lopt_entry *entry = &layer->entries[i];
		struct row row = { .entry = entry, .layer = (uint32_t)layer->index, .step = step };
		row.file = entry->type != LOPT_DIR || (entry->flags & (LOPT_ENTRY_WHITEOUT | LOPT_ENTRY_OPAQUE));
		if ((entry->flags & (LOPT_ENTRY_REPLACED | LOPT_ENTRY_IGNORED)) || (step == NOBODY && row.file))
			continue;
		LOPT_TRY(name_row(w, &row));
		if (step != NOBODY)
			note_database(w->out, &row);
		if (row.path.len && !is_mergeable(row.path))
			LOPT_TRY(add_row(w, row));
	}
	return LOPT_OK;
}

/* A layer two steps claim is nobody's. */
static enum lopt_status collect(struct walk *w, const size_t *layers, size_t count)
{
	size_t layer_count = lopt_image_layer_count(w->image);
	for (size_t l = 0; l < layer_count; l++) {
		const struct lopt_layer *layer = lopt_image_layer(w->image, l);
		uint8_t step = NOBODY;
		size_t claims = 0;
		for (size_t i = 0; i < count; i++)
			if (layers[i] == l) {
				step = (uint8_t)i;
				claims++;
			}
		if (claims == 1 && !layer->absent)
			w->out->known |= bit(step);
		LOPT_TRY(add_layer(w, layer, claims == 1 ? step : NOBODY));
	}
	return LOPT_OK;
}

static int compare_rows(const void *a, const void *b)
{
	const struct row *x = a, *y = b;
	int r = lopt_path_compare(x->path, y->path);
	return r ? r : (x->layer > y->layer) - (x->layer < y->layer);
}

/* ---- clashes */

static void clash(struct lopt_writes *out, size_t a, size_t b, struct lopt_str path, bool directory)
{
	struct lopt_clash *at = &out->clashes[a < b ? a : b][a < b ? b : a];
	if (a != b && !at->path.ptr)
		*at = (struct lopt_clash){ path, directory };
}

static void clash_all(struct lopt_writes *out, uint64_t a, uint64_t b, struct lopt_str path, bool directory)
{
	for (uint64_t i = a; i; i &= i - 1)
		for (uint64_t j = b; j; j &= j - 1)
			clash(out, (size_t)__builtin_ctzll(i), (size_t)__builtin_ctzll(j), path, directory);
}

/* dpkg makes the directories of what it unpacks itself. */
static void clash_made(struct lopt_writes *out, uint64_t steps, uint64_t made, struct lopt_str path)
{
	clash_all(out, steps & ~out->packages, made, path, true);
	clash_all(out, steps & out->packages, made & ~out->packages, path, true);
}

static bool same_attributes(const struct lopt_entry *a, const struct lopt_entry *b)
{
	return a->mode == b->mode && a->uid == b->uid && a->gid == b->gid;
}

/* ---- the walk */

static void leave(struct walk *w)
{
	struct lopt_written *node = &w->out->list[w->frames[--w->depth].node];
	if (!w->depth)
		return;
	struct lopt_written *above = &w->out->list[w->frames[w->depth - 1].node];
	above->below |= node->below;
	above->files_below |= node->files_below;
}

static bool is_below(struct lopt_str path, struct lopt_str directory)
{
	return path.len > directory.len && path.ptr[directory.len] == '/' &&
	       memcmp(path.ptr, directory.ptr, directory.len) == 0;
}

/* What the rows of one path say together; those that changed a directory's attributes go to `altered`. */
static struct lopt_written gather(const struct row *rows, size_t count, uint64_t *altered)
{
	struct lopt_written node = { .path = rows[0].path };
	const struct lopt_entry *directory = NULL;
	*altered = 0;
	for (size_t i = 0; i < count; i++) {
		const struct row *row = &rows[i];
		uint64_t who = row->step == NOBODY ? 0 : bit(row->step);
		if (row->file) {
			node.files |= who;
			continue;
		}
		if (!directory)
			node.made = who;
		else if (!same_attributes(directory, row->entry))
			*altered |= who;
		directory = row->entry;
	}
	node.files_below = node.files;
	node.below = node.files | node.made;
	return node;
}

static enum lopt_status enter(struct walk *w, const struct row *rows, size_t count)
{
	struct lopt_writes *out = w->out;
	uint64_t altered;
	struct lopt_written node = gather(rows, count, &altered);
	uint64_t wrote = node.files | node.made;
	struct frame frame = { .node = out->count, .files = node.files, .made = node.made };
	if (w->depth) {
		const struct frame *above = &w->frames[w->depth - 1];
		clash_all(out, wrote | altered, above->files, node.path, false);
		clash_made(out, wrote | altered, above->made, node.path);
		frame.files |= above->files;
		frame.made |= above->made;
	}
	clash_all(out, wrote | altered, node.files, node.path, false);
	clash_all(out, altered, altered | node.made, node.path, false);
	struct lopt_written *list = lopt_grow(out->list, &w->node_cap, out->count + 1, sizeof *list);
	struct frame *frames = lopt_grow(w->frames, &w->frame_cap, w->depth + 1, sizeof *frames);
	out->list = list ? list : out->list;
	w->frames = frames ? frames : w->frames;
	if (!list || !frames)
		return lopt_error_memory(w->err);
	out->all |= node.below;
	if (!lopt_path_parent(node.path).len)
		out->in_root |= node.files;
	list[out->count++] = node;
	frames[w->depth++] = frame;
	return LOPT_OK;
}

static enum lopt_status visit(struct walk *w)
{
	if (w->count)
		qsort(w->rows, w->count, sizeof *w->rows, compare_rows);
	for (size_t i = 0, end; i < w->count; i = end) {
		for (end = i + 1; end < w->count && lopt_str_equal(w->rows[end].path, w->rows[i].path); end++)
			;
		while (w->depth && !is_below(w->rows[i].path, w->out->list[w->frames[w->depth - 1].node].path))
			leave(w);
		LOPT_TRY(enter(w, w->rows + i, end - i));
	}
	while (w->depth)
		leave(w);
	return LOPT_OK;
}

/* ---- names */

static int compare_names(const void *a, const void *b)
{
	const struct lopt_written_name *x = a, *y = b;
	return lopt_str_compare(x->name, y->name);
}

static enum lopt_status collect_names(struct lopt_writes *out, struct lopt_error *err)
{
	size_t count = 0;
	out->names = calloc(out->count + 1, sizeof *out->names);
	if (!out->names)
		return lopt_error_memory(err);
	for (size_t i = 0; i < out->count; i++) {
		const struct lopt_written *node = &out->list[i];
		if (node->files | node->made)
			out->names[count++] =
				(struct lopt_written_name){ lopt_path_base(node->path), node->files | node->made };
	}
	if (count)
		qsort(out->names, count, sizeof *out->names, compare_names);
	for (size_t i = 0; i < count; i++) {
		if (out->name_count && lopt_str_equal(out->names[out->name_count - 1].name, out->names[i].name))
			out->names[out->name_count - 1].steps |= out->names[i].steps;
		else
			out->names[out->name_count++] = out->names[i];
	}
	return LOPT_OK;
}

static enum lopt_status read_writes(struct walk *w, const size_t *layers, size_t count)
{
	struct lopt_writes *out = w->out;
	out->clashes = calloc(LOPT_STEPS_MAX, sizeof *out->clashes);
	if (!out->clashes)
		return lopt_error_memory(w->err);
	LOPT_TRY(collect(w, layers, count < LOPT_STEPS_MAX ? count : LOPT_STEPS_MAX));
	LOPT_TRY(visit(w));
	return collect_names(out, w->err);
}

enum lopt_status lopt_writes_read(struct lopt_writes *out, const struct lopt_image *image, const size_t *layers,
				  size_t count, struct lopt_error *err)
{
	LOPT_CLEANUP(walk_release) struct walk w = { .out = out, .image = image, .err = err };
	*out = (struct lopt_writes){ 0 };
	lopt_arena_init(&out->arena, lopt_limits_default()->arena_bytes);
	enum lopt_status status = read_writes(&w, layers, count);
	if (status != LOPT_OK)
		lopt_writes_release(out);
	return status;
}

/* ---- questions */

/* The first node that does not stand in front of the path. */
static size_t lower_bound(const struct lopt_writes *writes, struct lopt_str path)
{
	size_t low = 0, high = writes->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (lopt_path_compare(writes->list[middle].path, path) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static const struct lopt_written *find(const struct lopt_writes *writes, struct lopt_str path)
{
	size_t at = lower_bound(writes, path);
	return at < writes->count && lopt_str_equal(writes->list[at].path, path) ? &writes->list[at] : NULL;
}

static struct lopt_written all_below(const struct lopt_writes *writes, struct lopt_str path)
{
	struct lopt_written sum = { .path = path };
	if (!path.len)
		sum.below = sum.files_below = writes->all;
	for (size_t at = lower_bound(writes, path); path.len && at < writes->count; at++) {
		const struct lopt_written *node = &writes->list[at];
		bool here = lopt_str_equal(node->path, path);
		if (!here && !is_below(node->path, path))
			break;
		sum.below |= node->below;
		sum.files_below |= node->files_below;
		if (here)
			break; /* it has the sum of the rest */
	}
	return sum;
}

uint64_t lopt_writes_around(const struct lopt_writes *writes, struct lopt_str path)
{
	uint64_t steps = all_below(writes, path).below;
	for (struct lopt_str above = lopt_path_parent(path); above.len; above = lopt_path_parent(above)) {
		const struct lopt_written *node = find(writes, above);
		steps |= node ? node->files | node->made : 0;
	}
	return steps;
}

uint64_t lopt_writes_below(const struct lopt_writes *writes, const char *path)
{
	return all_below(writes, lopt_str_from(path)).files_below;
}

uint64_t lopt_writes_named(const struct lopt_writes *writes, struct lopt_str name)
{
	size_t low = 0, high = writes->name_count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int r = lopt_str_compare(writes->names[middle].name, name);
		if (r == 0)
			return writes->names[middle].steps;
		if (r < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return 0;
}
