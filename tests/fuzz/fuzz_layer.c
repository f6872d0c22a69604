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

static enum lopt_status read_again(struct lopt_layer_data **out, const uint8_t *data, size_t size,
				   const struct lopt_layer_options *options)
{
	uint64_t entries_left = 1000;
	struct lopt_memory_stream memory;
	struct lopt_layer_options again = *options;
	struct lopt_error err = { 0 };
	again.entries_left = &entries_left;
	lopt_memory_stream_init(&memory, data, size);
	enum lopt_status status = lopt_layer_read(out, &memory.stream, &again, &err);
	must_be_clean(status, &err);
	return status;
}

/* What was hashed is known again without hashing it, and nothing else is taken for it. */
static void check_hashed(const struct lopt_layer_data *layer, const uint8_t *data, size_t size,
			 const struct lopt_layer_options *options)
{
	struct lopt_layer_data *known = NULL;
	struct lopt_layer_options again = *options;
	again.hashed_digest = lopt_hashed_find(layer->hashed, layer->hashed_count, &layer->digest);
	again.hashed_diff_id = lopt_hashed_find(layer->hashed, layer->hashed_count, &layer->diff_id);
	MUST(read_again(&known, data, size, &again) == LOPT_OK);
	MUST(lopt_digest_equal(&known->digest, &layer->digest) && lopt_digest_equal(&known->diff_id, &layer->diff_id));
	lopt_layer_free(known);
	if (!size || !(again.hashed_digest || (again.hashed_diff_id && layer->codec == LOPT_CODEC_PLAIN)))
		return;
	uint8_t *other = malloc(size);
	MUST(other != NULL);
	memcpy(other, data, size);
	other[(((size_t)layer->digest.bytes[0] << 8) + layer->diff_id.bytes[1]) % size] ^= 1;
	known = NULL;
	MUST(read_again(&known, other, size, &again) != LOPT_OK);
	free(other);
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
		.contents = { .all_digests = want & WANT_CONTENT, .all_fingerprints = want & WANT_CONTENT },
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
	if (layer && want & WANT_CONTENT)
		check_hashed(layer, data, size, &options);
	lopt_layer_free(layer);
	return 0;
}
