/* SPDX-License-Identifier: MIT */
#include "layeropt/image.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "image/describe.h"
#include "image/model.h"
#include "image/origin.h"
#include "source/source.h"

const char *lopt_format_name(enum lopt_format format)
{
	static const char *const names[] = {
		[LOPT_FORMAT_DOCKER_ARCHIVE] = "docker-archive",
		[LOPT_FORMAT_OCI_ARCHIVE] = "oci-archive",
		[LOPT_FORMAT_OCI_LAYOUT] = "oci-layout",
	};
	return names[format];
}

const char *lopt_cause_name(enum lopt_cause cause)
{
	static const char *const names[] = {
		[LOPT_CAUSE_NONE] = "visible",
		[LOPT_CAUSE_OVERWRITTEN] = "overwritten",
		[LOPT_CAUSE_METADATA_ONLY] = "metadata_only",
		[LOPT_CAUSE_REMOVED] = "removed",
	};
	return names[cause];
}

void lopt_image_free(struct lopt_image *image)
{
	if (!image)
		return;
	lopt_tree_release(&image->tree);
	free(image->contents);
	free(image->hardlinks);
	lopt_notes_release(&image->notes);
	lopt_arena_release(&image->arena);
	lopt_bundle_free(image->bundle);
	free(image);
}

/* --- layers as they are shown --- */

static const char *compression_name(const struct lopt_layer_data *data)
{
	return data ? lopt_codec_name(data->codec) : "none";
}

static enum lopt_status make_inodes(struct lopt_image *image, const struct lopt_layer_data *data,
				    struct lopt_layer *layer, struct lopt_error *err)
{
	struct lopt_inode *inodes = lopt_arena_zalloc(&image->arena, data->inode_count + 1, sizeof *inodes);
	if (!inodes)
		return lopt_error_memory(err);
	for (size_t i = 0; i < data->inode_count; i++)
		inodes[i] = (struct lopt_inode){
			.size = data->inodes[i].size,
			.entry = data->inodes[i].entry,
			.content = LOPT_NO_CONTENT,
			.path = data->entries[data->inodes[i].entry].path,
		};
	layer->inodes = inodes;
	layer->inode_count = data->inode_count;
	layer->entries = data->entries;
	layer->entry_count = data->entry_count;
	layer->whiteouts = data->whiteouts;
	layer->size = data->size;
	layer->compressed_size = data->stored_size;
	return LOPT_OK;
}

static enum lopt_status make_layer(struct lopt_image *image, size_t index, struct lopt_error *err)
{
	const struct lopt_bundle_layer *from = &image->bundle->layers[index];
	struct lopt_layer *layer = &image->layers[index];
	*layer = (struct lopt_layer){
		.index = index,
		.diff_id = from->diff_id,
		.digest = from->digest,
		.media_type = from->media_type,
		.blob = from->blob,
		.compression = compression_name(from->data),
		.absent = from->absent,
	};
	if (!from->data)
		return lopt_notes_add(
			&image->notes, "layer-absent", LOPT_WARNING, index, from->blob, err,
			"a foreign layer that is not in the input: its files are unknown and not counted");
	LOPT_TRY(lopt_notes_append_as(&image->notes, &from->data->notes, index, err));
	return make_inodes(image, from->data, layer, err);
}

/* --- stacking --- */

static enum lopt_status apply_layer(struct lopt_image *image, size_t index, struct lopt_tree_changes *changes,
				    struct lopt_error *err)
{
	const struct lopt_tree_layer upper = { image->bundle->layers[index].data, (uint32_t)index };
	if (upper.data && lopt_tree_apply(&image->tree, &upper, changes, err) != LOPT_OK)
		return lopt_error_context(err, "layer %zu", index);
	return LOPT_OK;
}

/* What became of every object, written where it can be read. */
static void settle_inodes(struct lopt_image *image)
{
	for (size_t i = 0; i < image->tree.object_count; i++) {
		const struct lopt_object *object = &image->tree.objects[i];
		if (object->inode == LOPT_NO_INODE)
			continue;
		struct lopt_inode *inode = (struct lopt_inode *)&image->layers[object->layer].inodes[object->inode];
		bool visible = object->names != 0;
		inode->cause = visible ? (uint8_t)LOPT_CAUSE_NONE : object->cause;
		inode->masked_by = visible ? 0 : object->gone_layer;
		inode->copied_up = visible && object->copied_up;
		if (object->place.ptr)
			inode->path = object->place;
	}
}

static enum lopt_status first_name(struct lopt_image *image, uint32_t node, struct lopt_buf *path,
				   struct lopt_error *err)
{
	struct lopt_str *first = &image->hardlinks[lopt_nodes_at(&image->tree.stack, node)->object];
	lopt_buf_clear(path);
	lopt_tree_path(&image->tree.stack, node, path);
	if (path->failed)
		return lopt_error_memory(err);
	if (first->ptr && lopt_str_compare(*first, lopt_buf_view(path)) <= 0)
		return LOPT_OK;
	*first = lopt_arena_copy(&image->arena, lopt_buf_view(path));
	return first->ptr ? LOPT_OK : lopt_error_memory(err);
}

/* Count the paths and find the first name of every object that has several. */
static enum lopt_status survey(struct lopt_image *image, struct lopt_error *err)
{
	const struct lopt_nodes *stack = &image->tree.stack;
	struct lopt_buf path = LOPT_BUF_INIT(SIZE_MAX / 2);
	enum lopt_status status = LOPT_OK;
	image->hardlinks = calloc(image->tree.object_count + 1, sizeof *image->hardlinks);
	if (!image->hardlinks)
		return lopt_error_memory(err);
	for (uint32_t node = lopt_nodes_next(stack, LOPT_NODE_ROOT, LOPT_NODE_ROOT);
	     node != LOPT_NODE_NONE && status == LOPT_OK; node = lopt_nodes_next(stack, node, LOPT_NODE_ROOT)) {
		const struct lopt_tree_node *at = lopt_nodes_at(stack, node);
		image->paths++;
		if (at->kind == LOPT_NODE_OBJECT && image->tree.objects[at->object].names > 1)
			status = first_name(image, node, &path, err);
	}
	lopt_buf_release(&path);
	return status;
}

/* What was read of contents while the layers were stacked. */
static void settle_layer(struct lopt_image *image, size_t index, const uint32_t *contents,
			 const struct lopt_tree_changes *changes)
{
	const struct lopt_layer_data *data = image->bundle->layers[index].data;
	struct lopt_layer *layer = &image->layers[index];
	struct lopt_inode *inodes = (struct lopt_inode *)layer->inodes;
	for (size_t i = 0; i < layer->inode_count; i++)
		inodes[i].content = contents[i];
	layer->verified = image->bundle->layers[index].verified;
	layer->kept = data ? data->kept.items : NULL;
	layer->kept_count = data ? data->kept.count : 0;
	layer->added = changes->added;
	layer->modified = changes->modified;
	layer->metadata_only = changes->metadata_only;
	layer->removed = changes->removed;
}

static enum lopt_status settle(struct lopt_image *image, struct lopt_tree_changes *changes, struct lopt_error *err)
{
	const uint32_t **contents;
	LOPT_TRY(lopt_bundle_finish(image->bundle, err));
	LOPT_TRY(lopt_contents_number(image, &contents, err));
	lopt_tree_settle(&image->tree, contents, changes);
	for (size_t i = 0; i < image->bundle->layer_count; i++)
		settle_layer(image, i, contents[i], &changes[i]);
	settle_inodes(image);
	return LOPT_OK;
}

static enum lopt_status stack_layers(struct lopt_image *image, struct lopt_error *err)
{
	size_t count = image->bundle->layer_count;
	LOPT_CLEANUP(lopt_cleanup_bytes) struct lopt_tree_changes *changes = calloc(count + 1, sizeof *changes);
	image->layers = lopt_arena_zalloc(&image->arena, count + 1, sizeof *image->layers);
	if (!image->layers || !changes)
		return lopt_error_memory(err);
	image->info = &image->bundle->info;
	image->layer_count = count;
	LOPT_TRY(lopt_notes_append(&image->notes, &image->bundle->notes, err));
	LOPT_TRY(lopt_tree_init(&image->tree, &image->arena, &image->limits, &image->notes, err));
	for (size_t i = 0; i < count; i++)
		LOPT_TRY(make_layer(image, i, err));
	for (size_t i = 0; i < count; i++)
		LOPT_TRY(apply_layer(image, i, &changes[i], err));
	if (!lopt_nodes_sort(&image->tree.stack))
		return lopt_error_memory(err);
	LOPT_TRY(survey(image, err));
	return settle(image, changes, err);
}

enum lopt_status lopt_image_read(struct lopt_image **out, struct lopt_source *source,
				 const struct lopt_open_options *options, struct lopt_error *err)
{
	static const struct lopt_open_options none;
	struct lopt_open_options given = options ? *options : none;
	struct lopt_image *image = calloc(1, sizeof *image);
	if (!image)
		return lopt_error_memory(err);
	image->limits = given.limits ? *given.limits : *lopt_limits_default();
	given.limits = &image->limits;
	lopt_arena_init(&image->arena, image->limits.arena_bytes);
	lopt_notes_init(&image->notes, &image->arena);
	enum lopt_status status = lopt_bundle_open(&image->bundle, source, &given, err);
	if (status == LOPT_OK)
		status = stack_layers(image, err);
	if (status == LOPT_OK) {
		*out = image;
		return LOPT_OK;
	}
	lopt_image_free(image);
	return status == LOPT_E_MEMORY ? status : lopt_error_context(err, "%s", source->path);
}

enum lopt_status lopt_image_open(struct lopt_image **out, const char *path, const struct lopt_open_options *options,
				 struct lopt_error *err)
{
	struct lopt_source *source;
	LOPT_TRY(lopt_source_open(&source, path, err));
	enum lopt_status status = lopt_image_read(out, source, options, err);
	lopt_source_free(source);
	return status;
}

/* --- what is only described --- */

static enum lopt_status describe(struct lopt_image *image, const struct lopt_layer *layers, size_t count,
				 struct lopt_error *err)
{
	image->layers = lopt_arena_zalloc(&image->arena, count + 1, sizeof *image->layers);
	if (!image->layers)
		return lopt_error_memory(err);
	if (count)
		memcpy(image->layers, layers, count * sizeof *layers);
	image->layer_count = count;
	return lopt_tree_init(&image->tree, &image->arena, &image->limits, &image->notes, err);
}

enum lopt_status lopt_image_describe(struct lopt_image **out, const struct lopt_image_info *info,
				     const struct lopt_layer *layers, size_t count, struct lopt_error *err)
{
	struct lopt_image *image = calloc(1, sizeof *image);
	if (!image)
		return lopt_error_memory(err);
	image->info = info;
	image->limits = *lopt_limits_default();
	lopt_arena_init(&image->arena, SIZE_MAX);
	lopt_notes_init(&image->notes, &image->arena);
	enum lopt_status status = describe(image, layers, count, err);
	if (status == LOPT_OK)
		*out = image;
	else
		lopt_image_free(image);
	return status;
}

/* --- reading it --- */

struct lopt_bundle *lopt_image_bundle(const struct lopt_image *image)
{
	return image->bundle;
}

const struct lopt_tree *lopt_image_tree(const struct lopt_image *image)
{
	return &image->tree;
}

const struct lopt_image_info *lopt_image_info(const struct lopt_image *image)
{
	return image->info;
}

size_t lopt_image_layer_count(const struct lopt_image *image)
{
	return image->layer_count;
}

const struct lopt_layer *lopt_image_layer(const struct lopt_image *image, size_t index)
{
	return index < image->layer_count ? &image->layers[index] : NULL;
}

size_t lopt_image_content_count(const struct lopt_image *image)
{
	return image->content_count;
}

const struct lopt_kept *lopt_layer_kept(const struct lopt_layer *layer, uint32_t inode)
{
	size_t low = 0, high = layer->kept_count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (layer->kept[middle].inode < inode)
			low = middle + 1;
		else
			high = middle;
	}
	return low < layer->kept_count && layer->kept[low].inode == inode ? &layer->kept[low] : NULL;
}

size_t lopt_image_note_count(const struct lopt_image *image)
{
	return image->notes.count;
}

const struct lopt_note *lopt_image_note(const struct lopt_image *image, size_t index)
{
	return index < image->notes.count ? &image->notes.items[index] : NULL;
}

uint64_t lopt_image_path_count(const struct lopt_image *image)
{
	return image->paths;
}
