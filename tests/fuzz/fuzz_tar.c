/* SPDX-License-Identifier: MIT */
/*
 * The tar reader: libarchive and the header walker against each other, as a file that can be skipped in, as a slow
 * pipe, and without a look at the content. The first byte says how slow, and whether missing padding is tolerated.
 */
#include "harness.h"
#include "tar/reader.h"

struct outcome {
	enum lopt_status status;
	uint64_t sum;  /* of all entries */
	uint64_t data; /* of their content */
	uint64_t count;
};

static void note_entry(struct outcome *outcome, const struct lopt_tar_entry *entry)
{
	outcome->count++;
	mix_number(&outcome->sum, entry->type);
	mix_str(&outcome->sum, entry->name);
	mix_str(&outcome->sum, entry->link);
	mix_number(&outcome->sum, entry->size);
	mix_number(&outcome->sum, entry->mode);
	mix_number(&outcome->sum, (uint64_t)entry->mtime_ns);
	mix_number(&outcome->sum, entry->header_offset);
	mix_number(&outcome->sum, entry->data_offset);
	for (size_t i = 0; i < entry->xattr_count; i++) {
		mix_str(&outcome->sum, entry->xattrs[i].name);
		mix_str(&outcome->sum, entry->xattrs[i].value);
	}
}

static enum lopt_status read_content(struct lopt_tar_reader *reader, const struct lopt_tar_entry *entry,
				     struct outcome *outcome, struct lopt_error *err)
{
	uint64_t end = 0, offset;
	const void *bytes;
	size_t size;
	enum lopt_status status;
	while ((status = lopt_tar_reader_data(reader, &bytes, &size, &offset, err)) == LOPT_OK) {
		MUST(size && offset + size <= entry->size);
		MUST(entry->sparse || offset == end); /* the order of extents is the caller's to check */
		end = offset + size;
		mix(&outcome->data, bytes, size);
	}
	if (status == LOPT_END && entry->type == LOPT_TAR_FILE && !entry->sparse)
		MUST(end == entry->size);
	return status;
}

static struct outcome read_tar(struct lopt_stream *below, bool tolerate, bool content)
{
	const struct lopt_limits limits = fuzz_limits();
	const struct lopt_tar_options options = { .limits = &limits, .tolerate_missing_padding = tolerate };
	struct outcome outcome = { .sum = 14695981039346656037u, .data = 14695981039346656037u };
	struct lopt_error err = { 0 };
	struct lopt_tar_reader *reader = NULL;
	const struct lopt_tar_entry *entry;
	outcome.status = lopt_tar_reader_open(&reader, below, &options, &err);
	while (outcome.status == LOPT_OK) {
		outcome.status = lopt_tar_reader_next(reader, &entry, &err);
		if (outcome.status != LOPT_OK)
			break;
		MUST(entry->data_offset >= entry->header_offset);
		note_entry(&outcome, entry);
		if (content && read_content(reader, entry, &outcome, &err) != LOPT_END)
			outcome.status = err.status;
	}
	must_be_clean(outcome.status, &err);
	lopt_tar_reader_free(reader);
	return outcome;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 1)
		return 0;
	bool tolerate = data[0] & 1;
	size_t most = (size_t)(data[0] >> 1) * 13 + 1;
	data++, size--;
	struct lopt_memory_stream memory;
	struct slow_stream slow;
	lopt_memory_stream_init(&memory, data, size);
	struct outcome whole = read_tar(&memory.stream, tolerate, true);
	slow_stream_init(&slow, data, size, most);
	struct outcome pieces = read_tar(&slow.stream, tolerate, true);
	MUST(whole.status == pieces.status);
	MUST(whole.count == pieces.count && whole.sum == pieces.sum);
	if (whole.status != LOPT_END)
		return 0;
	MUST(whole.data == pieces.data);
	lopt_memory_stream_init(&memory, data, size);
	struct outcome blind = read_tar(&memory.stream, tolerate, false);
	MUST(blind.status == LOPT_END && blind.sum == whole.sum);
	return 0;
}
