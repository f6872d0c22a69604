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

enum lopt_status lopt_make_packages(struct lopt_making *making, struct lopt_error *err)
{
	LOPT_CLEANUP(release_reading)
	struct reading reading = {
		.sink = { .package = take_package, .file = take_file, .tree = take_tree },
		.making = making,
	};
	struct lopt_package_rows rows;
	LOPT_TRY(lopt_owners_init(&reading.owners, making->result.image, &making->arena, err));
	LOPT_TRY(read_all(&reading, err));
	LOPT_TRY(lopt_package_rows_make(&rows, making, &reading.owners, err));
	LOPT_TRY(lopt_make_recommended(making, &reading.debian, &rows, err));
	lopt_package_rows_publish(&rows, making);
	return LOPT_OK;
}
