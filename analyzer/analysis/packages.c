/* SPDX-License-Identifier: MIT */
#include "analysis/packages.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "package/kinds.h"

enum lopt_keep lopt_packages_keep(const struct lopt_entry *entry, struct lopt_str head)
{
	(void)head;
	if (lopt_dpkg_has_file(entry->path))
		return LOPT_KEEP_ALL;
	const struct lopt_package_kind *kind = lopt_package_kind_of(entry->path);
	return kind ? kind->keep : LOPT_KEEP_NOTHING;
}

/* What the databases of an image say, while they are read. */
struct reading {
	struct lopt_package_sink sink; /* what parsers tell goes to `owner` */
	struct lopt_making *making;
	struct lopt_owners owners;
	struct lopt_debian debian;
	uint32_t owner;
};

static void release_reading(struct reading *reading)
{
	lopt_owners_release(&reading->owners);
	lopt_debian_release(&reading->debian);
}

/* --- databases --- */

static enum lopt_status take_package(struct lopt_package_sink *sink, const struct lopt_package *package,
				     struct lopt_error *err)
{
	struct reading *reading = (struct reading *)sink;
	return lopt_owners_add(&reading->owners, package, &reading->owner, err);
}

static enum lopt_status take_file(struct lopt_package_sink *sink, struct lopt_str path, struct lopt_error *err)
{
	struct reading *reading = (struct reading *)sink;
	return lopt_owners_claim_file(&reading->owners, reading->owner, path, err);
}

static enum lopt_status take_tree(struct lopt_package_sink *sink, struct lopt_str path, struct lopt_error *err)
{
	struct reading *reading = (struct reading *)sink;
	return lopt_owners_claim_tree(&reading->owners, reading->owner, path, err);
}

/* A database that cannot be read to its end costs packages, not the analysis. */
static enum lopt_status tell_unreadable(struct reading *reading, const struct lopt_package_kind *kind, size_t layer,
					const struct lopt_str *path, const char *why, struct lopt_error *err)
{
	const struct lopt_finding finding = {
		.rule = "package-database-unread",
		.severity = LOPT_WARNING,
		.message = lopt_making_text(reading->making, "%s: %s; some of its packages may be missing", kind->what,
					    why),
		.layer = layer,
		.paths = path,
		.path_count = 1,
	};
	return finding.message.ptr ? lopt_findings_add(reading->making, &finding, err) : lopt_error_memory(err);
}

static enum lopt_status read_database(struct reading *reading, const struct lopt_package_kind *kind,
				      const struct lopt_layer *layer, const struct lopt_kept *kept,
				      struct lopt_error *err)
{
	struct lopt_error why = { 0 };
	const struct lopt_str *path = &layer->inodes[kept->inode].path;
	reading->owner = LOPT_NO_OWNER;
	enum lopt_status status = kind->parse(kept->bytes, *path, &reading->sink, &why);
	if (status == LOPT_OK)
		return LOPT_OK;
	if (status == LOPT_E_INPUT || status == LOPT_E_LIMIT)
		return tell_unreadable(reading, kind, layer->index, path, why.message, err);
	if (err)
		*err = why;
	return status;
}

static enum lopt_status read_status_file(struct reading *reading, struct lopt_str path, struct lopt_str text,
					 struct lopt_error *err)
{
	struct lopt_str sums = lopt_making_text(reading->making, "%.*s" LOPT_DPKG_SUMS_SUFFIX, LOPT_STR_ARGS(path));
	return sums.ptr ? lopt_debian_add(&reading->debian, text, sums, err) : lopt_error_memory(err);
}

/* What was kept of one file, if that is what the final filesystem has at its path. */
static enum lopt_status read_kept(struct reading *reading, const struct lopt_layer *layer, const struct lopt_kept *kept,
				  struct lopt_error *err)
{
	const struct lopt_inode *inode = &layer->inodes[kept->inode];
	const struct lopt_package_kind *kind = lopt_package_kind_of(inode->path);
	bool is_status_file = lopt_str_starts(inode->path, LOPT_DPKG_STATUS_FOLDER);
	struct lopt_found found;
	if (inode->cause != LOPT_CAUSE_NONE || !(is_status_file || kind))
		return LOPT_OK;
	LOPT_TRY(lopt_finder_find(&reading->owners.finder, inode->path, &found, err));
	if (found.layer != layer || found.inode != kept->inode)
		return LOPT_OK;
	if (is_status_file)
		return read_status_file(reading, inode->path, kept->bytes, err);
	return read_database(reading, kind, layer, kept, err);
}

static enum lopt_status read_all(struct reading *reading, struct lopt_error *err)
{
	const struct lopt_image *image = reading->making->result.image;
	for (size_t i = 0; i < lopt_image_layer_count(image); i++) {
		const struct lopt_layer *layer = lopt_image_layer(image, i);
		for (size_t k = 0; k < layer->kept_count; k++)
			LOPT_TRY(read_kept(reading, layer, &layer->kept[k], err));
	}
	LOPT_TRY(lopt_debian_read(&reading->debian, &reading->owners, err));
	LOPT_TRY(lopt_owners_claim_bytecode(&reading->owners, err));
	lopt_owners_settle(&reading->owners);
	return LOPT_OK;
}

/* --- rows --- */

static int compare_owners(const void *a, const void *b)
{
	return lopt_owner_compare(*(const struct lopt_owner *const *)a, *(const struct lopt_owner *const *)b);
}

/* Owners of one manager, name and version share a row. */
static void number_rows(const struct lopt_owners *owners, const struct lopt_owner **sorted,
			struct lopt_package_rows *rows, uint32_t *by_owner)
{
	for (size_t i = 0; i < owners->count; i++) {
		if (i == 0 || lopt_owner_compare(sorted[i - 1], sorted[i]) != 0)
			rows->items[rows->count++] = (struct lopt_package_row){
				.manager = sorted[i]->manager,
				.name = sorted[i]->name,
				.version = sorted[i]->version,
			};
		by_owner[sorted[i] - owners->items] = (uint32_t)rows->count - 1;
	}
	rows->items[rows->count++] = (struct lopt_package_row){ .manager = NULL };
	rows->by_owner = by_owner;
}

/* False when memory is exhausted. */
static bool lay_out_rows(struct lopt_making *making, const struct lopt_owners *owners, struct lopt_package_rows *rows)
{
	LOPT_CLEANUP(lopt_cleanup_bytes) const struct lopt_owner **sorted = calloc(owners->count + 1, sizeof *sorted);
	uint32_t *by_owner = lopt_arena_zalloc(&making->arena, owners->count + 1, sizeof *by_owner);
	rows->items = lopt_arena_zalloc(&making->arena, owners->count + 1, sizeof *rows->items);
	if (!sorted || !by_owner || !rows->items)
		return false;
	for (size_t i = 0; i < owners->count; i++)
		sorted[i] = &owners->items[i];
	qsort(sorted, owners->count, sizeof *sorted, compare_owners);
	number_rows(owners, sorted, rows, by_owner);
	return true;
}

static struct lopt_package_row *row_of(const struct lopt_package_rows *rows, uint32_t owner)
{
	return &rows->items[owner == LOPT_NO_OWNER ? rows->count - 1 : rows->by_owner[owner]];
}

/* Call for each visible inode of the image, layer by layer. */
struct counting {
	struct lopt_making *making;
	const struct lopt_owners *owners;
	const struct lopt_package_rows *rows;
	size_t *last; /* by row: the layer last seen in it, plus one */
};

static void count_inode(struct counting *counting, const struct lopt_layer *layer, size_t inode)
{
	struct lopt_package_row *row = row_of(counting->rows, counting->owners->inodes[layer->index][inode]);
	uint64_t size = layer->inodes[inode].size;
	bool *saturated = &counting->making->saturated;
	row->files++;
	row->bytes = lopt_add_saturating(row->bytes, size, saturated);
	if (layer->index >= counting->making->result.base_layers)
		row->own_bytes = lopt_add_saturating(row->own_bytes, size, saturated);
	size_t *last = &counting->last[row - counting->rows->items];
	row->layer_count += *last != layer->index + 1;
	*last = layer->index + 1;
}

static void note_layer(struct counting *counting, const struct lopt_layer *layer, size_t inode)
{
	struct lopt_package_row *row = row_of(counting->rows, counting->owners->inodes[layer->index][inode]);
	size_t *filled = &counting->last[row - counting->rows->items];
	size_t *layers = (size_t *)row->layers;
	if (*filled == 0 || layers[*filled - 1] != layer->index)
		layers[(*filled)++] = layer->index;
}

static void each_visible(struct counting *counting,
			 void (*call)(struct counting *counting, const struct lopt_layer *layer, size_t inode))
{
	const struct lopt_image *image = counting->making->result.image;
	for (size_t i = 0; i < lopt_image_layer_count(image); i++) {
		const struct lopt_layer *layer = lopt_image_layer(image, i);
		for (size_t k = 0; k < layer->inode_count; k++)
			if (layer->inodes[k].cause == LOPT_CAUSE_NONE)
				call(counting, layer, k);
	}
}

static enum lopt_status count_rows(struct lopt_making *making, const struct lopt_owners *owners,
				   const struct lopt_package_rows *rows, struct lopt_error *err)
{
	LOPT_CLEANUP(lopt_cleanup_bytes) size_t *last = calloc(rows->count + 1, sizeof *last);
	struct counting counting = { making, owners, rows, last };
	size_t layers = 0;
	if (!last)
		return lopt_error_memory(err);
	each_visible(&counting, count_inode);
	for (size_t i = 0; i < rows->count; i++)
		layers += rows->items[i].layer_count;
	size_t *next = lopt_arena_zalloc(&making->arena, layers + 1, sizeof *next);
	if (!next)
		return lopt_error_memory(err);
	for (size_t i = 0; i < rows->count; i++) {
		rows->items[i].layers = next;
		next += rows->items[i].layer_count;
	}
	memset(last, 0, rows->count * sizeof *last);
	each_visible(&counting, note_layer);
	return LOPT_OK;
}

static int compare_rows(const void *a, const void *b)
{
	const struct lopt_package_row *x = a, *y = b;
	if (x->bytes != y->bytes)
		return x->bytes > y->bytes ? -1 : 1;
	if (!x->manager || !y->manager)
		return !x->manager - !y->manager;
	int r = strcmp(x->manager, y->manager);
	if (r == 0)
		r = lopt_str_compare(x->name, y->name);
	return r ? r : lopt_str_compare(x->version, y->version);
}

/* What the operating system has installed is told whatever is left of it, all else only where something is. */
static void publish(struct lopt_making *making, const struct lopt_package_rows *rows)
{
	size_t kept = 0;
	for (size_t i = 0; i < rows->count; i++) {
		const struct lopt_package_row *row = &rows->items[i];
		if (row->files || (row->manager && lopt_manager_is_of_system(row->manager)))
			rows->items[kept++] = *row;
	}
	if (kept)
		qsort(rows->items, kept, sizeof *rows->items, compare_rows);
	making->result.packages = rows->items;
	making->result.package_count = kept;
}

enum lopt_status lopt_make_packages(struct lopt_making *making, struct lopt_error *err)
{
	LOPT_CLEANUP(release_reading)
	struct reading reading = {
		.sink = { .package = take_package, .file = take_file, .tree = take_tree },
		.making = making,
	};
	struct lopt_package_rows rows = { 0 };
	LOPT_TRY(lopt_owners_init(&reading.owners, making->result.image, &making->arena, err));
	LOPT_TRY(read_all(&reading, err));
	if (!lay_out_rows(making, &reading.owners, &rows))
		return lopt_error_memory(err);
	LOPT_TRY(count_rows(making, &reading.owners, &rows, err));
	LOPT_TRY(lopt_make_recommended(making, &reading.debian, &rows, err));
	publish(making, &rows);
	return LOPT_OK;
}
