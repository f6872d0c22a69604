/* SPDX-License-Identifier: MIT */
#include "source/rereader.h"

#include "base/cleanup.h"

void lopt_rereader_init(struct lopt_rereader *reader, struct lopt_bundle *bundle)
{
	*reader = (struct lopt_rereader){ .bundle = bundle };
	reader->places[0].fd = reader->places[1].fd = -1;
}

void lopt_rereader_release(struct lopt_rereader *reader)
{
	lopt_cleanup_fd(&reader->places[0].fd);
	lopt_cleanup_fd(&reader->places[1].fd);
	reader->places[0].fd = reader->places[1].fd = -1;
}

bool lopt_rereader_can(const struct lopt_bundle *bundle, uint32_t blob, uint32_t inode)
{
	const struct lopt_layer_data *data = bundle->blobs[blob].data;
	return data->unread && data->inodes[inode].size && !data->inodes[inode].sparse;
}

static bool is_at(const struct lopt_rereader *reader, size_t place, uint32_t blob)
{
	return reader->places[place].fd >= 0 && reader->places[place].blob == blob;
}

static enum lopt_status move_to(struct lopt_rereader *reader, uint32_t blob, struct lopt_error *err)
{
	struct lopt_bundle *bundle = reader->bundle;
	if (is_at(reader, reader->last, blob))
		return LOPT_OK;
	reader->last = !reader->last;
	if (is_at(reader, reader->last, blob))
		return LOPT_OK;
	int *fd = &reader->places[reader->last].fd;
	lopt_cleanup_fd(fd);
	*fd = -1;
	reader->places[reader->last].blob = blob;
	return lopt_store_reopen(bundle->input.store, bundle->blobs[blob].member, fd,
				 &reader->places[reader->last].start, err);
}

static enum lopt_status read_range(struct lopt_rereader *reader, uint32_t blob, uint64_t offset, void *to, size_t size,
				   struct lopt_error *err)
{
	size_t got;
	struct lopt_file_stream file;
	LOPT_TRY(move_to(reader, blob, err));
	lopt_file_stream_init(&file, reader->places[reader->last].fd, reader->places[reader->last].start + offset,
			      size);
	return lopt_stream_read_full(&file.stream, to, size, &got, err);
}

/* The first layer that lists it, which messages name. */
static const struct lopt_bundle_layer *layer_of(const struct lopt_bundle *bundle, uint32_t blob)
{
	const struct lopt_bundle_layer *layer = bundle->layers;
	while (layer->absent || layer->blob_index != blob)
		layer++;
	return layer;
}

static enum lopt_status name_layer(const struct lopt_bundle *bundle, uint32_t blob, struct lopt_error *err)
{
	const struct lopt_bundle_layer *layer = layer_of(bundle, blob);
	return lopt_error_context(err, "layer %zu: %.*s", (size_t)(layer - bundle->layers), LOPT_STR_ARGS(layer->blob));
}

enum lopt_status lopt_rereader_read_blob(struct lopt_rereader *reader, uint32_t blob, uint64_t offset, void *to,
					 size_t size, struct lopt_error *err)
{
	if (read_range(reader, blob, offset, to, size, err) == LOPT_OK)
		return LOPT_OK;
	return name_layer(reader->bundle, blob, err);
}

enum lopt_status lopt_rereader_read(struct lopt_rereader *reader, uint32_t blob, uint32_t number, uint64_t offset,
				    void *to, size_t size, struct lopt_error *err)
{
	const struct lopt_layer_data *data = reader->bundle->blobs[blob].data;
	const struct lopt_layer_inode *inode = &data->inodes[number];
	if (read_range(reader, blob, inode->offset + offset, to, size, err) == LOPT_OK)
		return LOPT_OK;
	(void)lopt_error_context(err, "%.*s", LOPT_STR_ARGS(data->entries[inode->entry].path));
	return name_layer(reader->bundle, blob, err);
}
