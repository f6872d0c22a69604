/* SPDX-License-Identifier: MIT */
/* A layer blob: compression, tar, names, hashes. The first byte chooses what is computed. */
#include "harness.h"
#include "layer/layer.h"

enum { WANT_DIFF_ID = 1, WANT_DIGEST = 2, WANT_CONTENT = 4, WANT_SLOW = 8 };

static void check_layer(const struct lopt_layer_data *data, size_t size, unsigned want)
{
	size_t inodes = 0, whiteouts = 0;
	for (size_t i = 0; i < data->entry_count; i++) {
		const struct lopt_entry *entry = &data->entries[i];
		MUST(entry->path.ptr && entry->path.ptr[entry->path.len] == '\0');
		MUST(entry->path.len == 0 ||
		     (entry->path.ptr[0] != '/' && entry->path.ptr[entry->path.len - 1] != '/'));
		whiteouts += (entry->flags & (LOPT_ENTRY_WHITEOUT | LOPT_ENTRY_OPAQUE)) != 0;
		if (entry->inode == LOPT_NO_INODE)
			continue;
		MUST(entry->inode < data->inode_count && entry->type == LOPT_FILE);
		MUST(data->inodes[entry->inode].entry == i && data->inodes[entry->inode].size == entry->size);
		inodes++;
	}
	MUST(inodes == data->inode_count && whiteouts == data->whiteouts);
	MUST(data->stored_size == size);
	MUST(data->codec != LOPT_CODEC_PLAIN || data->size == size);
	MUST(!data->undigested || want & (WANT_DIFF_ID | WANT_DIGEST)); /* then others compute them later */
	if (data->undigested)
		return;
	MUST(((want & WANT_DIFF_ID) != 0) == (data->diff_id.algorithm == LOPT_SHA256));
	MUST(((want & WANT_DIGEST) != 0) == (data->digest.algorithm == LOPT_SHA256));
	if ((want & WANT_DIFF_ID) && (want & WANT_DIGEST) && data->codec == LOPT_CODEC_PLAIN)
		MUST(lopt_digest_equal(&data->diff_id, &data->digest));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 1)
		return 0;
	unsigned want = data[0];
	data++, size--;
	const struct lopt_limits limits = fuzz_limits();
	uint64_t entries_left = 1000;
	const struct lopt_layer_options options = {
		.limits = &limits,
		.diff_id = want & WANT_DIFF_ID ? LOPT_SHA256 : LOPT_DIGEST_NONE,
		.digest = want & WANT_DIGEST ? LOPT_SHA256 : LOPT_DIGEST_NONE,
		.again = !(want & WANT_CONTENT),
		.contents = { .all_digests = want & WANT_CONTENT },
		.entries_left = &entries_left,
	};
	struct lopt_memory_stream memory;
	struct slow_stream slow;
	struct lopt_layer_data *layer = NULL;
	struct lopt_error err = { 0 };
	lopt_memory_stream_init(&memory, data, size);
	slow_stream_init(&slow, data, size, 1 + (want >> 4) * 37);
	enum lopt_status status =
		lopt_layer_read(&layer, want & WANT_SLOW ? &slow.stream : &memory.stream, &options, &err);
	must_be_clean(status, &err);
	MUST((status == LOPT_OK) == (layer != NULL));
	if (layer)
		check_layer(layer, size, want);
	lopt_layer_free(layer);
	return 0;
}
