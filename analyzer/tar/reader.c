/* SPDX-License-Identifier: MIT */
#include "tar/reader.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "tar/walker.h"

/* What is read at a time: much where all passes, little where most of it would be skipped. */
enum { CHUNK = 128 * 1024, SKIMMED_CHUNK = 16 * 1024 };

/* The content of the current entry as a stream. */
struct content_stream {
	struct lopt_stream stream;
	struct lopt_tar_reader *reader;
	const unsigned char *at; /* rest of the run libarchive gave last */
	size_t left;
};

struct lopt_tar_reader {
	const struct lopt_limits *limits;
	struct lopt_stream *below;
	bool skips; /* what nobody asks for is not read */
	size_t chunk_size;
	struct archive *archive;
	struct lopt_tar_walker *walker;
	struct lopt_tar_header *header; /* of the current entry */
	struct content_stream content;
	bool after_global; /* libarchive's position is that of a global header in between */
	bool fetched;	   /* `result` and `entry` are libarchive's answer to come */
	int result;
	struct archive_entry *entry;
	bool below_failed;
	struct lopt_error below_error;
	bool below_ended;
	size_t padded;	  /* zero bytes we added at the end */
	uint64_t extents; /* runs given for the current entry */
	uint64_t given;	  /* bytes in them */
	unsigned char chunk[CHUNK];
};

/* --- libarchive's side: it reads and skips through us, and the walker sees the same --- */

static la_ssize_t fail_below(struct lopt_tar_reader *reader, struct archive *archive)
{
	reader->below_failed = true;
	archive_set_error(archive, EIO, "%s", "input");
	return -1;
}

/* The padding that a layer may lack at its very end is supplied, since libarchive insists on it. */
static la_ssize_t end_of_input(struct lopt_tar_reader *reader)
{
	size_t missing = reader->below_ended ? 0 : lopt_tar_walker_missing(reader->walker);
	if (!reader->below_ended)
		lopt_tar_walker_finish(reader->walker);
	reader->below_ended = true;
	memset(reader->chunk, 0, missing);
	return (la_ssize_t)missing;
}

static la_ssize_t read_chunk(struct archive *archive, void *context, const void **bytes)
{
	struct lopt_tar_reader *reader = context;
	*bytes = reader->chunk;
	if (reader->below_failed)
		return fail_below(reader, archive);
	if (reader->below_ended)
		return 0;
	size_t got;
	if (lopt_stream_read(reader->below, reader->chunk, reader->chunk_size, &got, &reader->below_error) != LOPT_OK)
		return fail_below(reader, archive);
	if (got == 0)
		return end_of_input(reader);
	lopt_tar_walker_feed(reader->walker, reader->chunk, got);
	return (la_ssize_t)got;
}

/* Libarchive asks again and again when a skip fails, so it is told of the failure when it reads next. */
static la_int64_t skip_below(struct archive *archive, void *context, la_int64_t request)
{
	struct lopt_tar_reader *reader = context;
	(void)archive;
	uint64_t size = lopt_tar_walker_skippable(reader->walker);
	if (request > 0 && size > (uint64_t)request)
		size = (uint64_t)request;
	if (request <= 0 || size == 0 || reader->below_ended || reader->below_failed)
		return 0;
	if (lopt_stream_skip(reader->below, size, &reader->below_error) != LOPT_OK) {
		reader->below_failed = true;
		return 0;
	}
	lopt_tar_walker_skip(reader->walker, size);
	return (la_int64_t)size;
}

/* --- the walker's side --- */

static enum lopt_status take_header(struct lopt_tar_reader *reader, struct lopt_error *err)
{
	lopt_tar_header_free(reader->header);
	reader->header = NULL;
	return lopt_tar_walker_take(reader->walker, &reader->header, err);
}

/*
 * The next header of the walker, which may lag behind: libarchive gives up earlier, and ends with the first zero block
 * when it lacks memory to look at the second. What is read here libarchive does not see any more.
 */
static enum lopt_status take_last_header(struct lopt_tar_reader *reader, struct lopt_error *err)
{
	uint64_t end;
	enum lopt_status status = take_header(reader, err);
	while (status == LOPT_END && !reader->below_ended && !lopt_tar_walker_ended(reader->walker, &end)) {
		size_t got;
		LOPT_TRY(lopt_stream_read(reader->below, reader->chunk, reader->chunk_size, &got, err));
		if (got)
			lopt_tar_walker_feed(reader->walker, reader->chunk, got);
		else
			(void)end_of_input(reader);
		status = take_header(reader, err);
	}
	return status;
}

/* What libarchive could not do, in our words. */
static enum lopt_status archive_failure(struct lopt_tar_reader *reader, struct lopt_error *err)
{
	if (reader->below_failed) {
		if (err)
			*err = reader->below_error;
		return reader->below_error.status;
	}
	enum lopt_status status;
	do /* the walker knows better what is wrong, once the headers before it are gone */
		status = take_header(reader, err);
	while (status == LOPT_OK);
	if (status == LOPT_END)
		status = take_last_header(reader, err);
	if (status != LOPT_OK && status != LOPT_END)
		return status;
	if (archive_errno(reader->archive) == ENOMEM)
		return lopt_error_memory(err);
	const char *text = archive_error_string(reader->archive);
	return lopt_error_set(err, LOPT_E_INPUT, "damaged tar: %s", text ? text : "the header contradicts itself");
}

/* --- the entries --- */

static enum lopt_status read_content(struct lopt_stream *stream, void *to, size_t size, size_t *got,
				     struct lopt_error *err)
{
	struct content_stream *content = (struct content_stream *)stream;
	while (content->left == 0) {
		const void *bytes;
		uint64_t offset;
		enum lopt_status status = lopt_tar_reader_data(content->reader, &bytes, &content->left, &offset, err);
		if (status == LOPT_END) {
			*got = 0;
			return LOPT_OK;
		}
		if (status != LOPT_OK)
			return status;
		content->at = bytes;
	}
	*got = size < content->left ? size : content->left;
	memcpy(to, content->at, *got);
	content->at += *got;
	content->left -= *got;
	return LOPT_OK;
}

static const struct lopt_stream_ops content_ops = { .read = read_content };

struct lopt_stream *lopt_tar_reader_content(struct lopt_tar_reader *reader)
{
	return &reader->content.stream;
}

static enum lopt_status open_archive(struct lopt_tar_reader *reader, struct lopt_error *err)
{
	struct archive *archive = archive_read_new();
	reader->archive = archive;
	/* an entry of ours: libarchive does not look whether it got one for itself */
	reader->entry = archive ? archive_entry_new2(archive) : NULL;
	if (!reader->entry)
		return lopt_error_memory(err);
	if (archive_read_support_format_tar(archive) != ARCHIVE_OK ||
	    archive_read_support_format_empty(archive) != ARCHIVE_OK ||
	    archive_read_set_read_callback(archive, read_chunk) != ARCHIVE_OK ||
	    archive_read_set_callback_data(archive, reader) != ARCHIVE_OK)
		return lopt_error_memory(err); /* nothing else can go wrong here */
	if (reader->skips && archive_read_set_skip_callback(archive, skip_below) != ARCHIVE_OK)
		return lopt_error_memory(err);
	if (archive_read_open1(archive) == ARCHIVE_OK)
		return LOPT_OK;
	/* libarchive has words for every input it does not know, and none when it lacks memory */
	return archive_error_string(archive) || reader->below_failed ? archive_failure(reader, err)
								     : lopt_error_memory(err);
}

enum lopt_status lopt_tar_reader_open(struct lopt_tar_reader **out, struct lopt_stream *below,
				      const struct lopt_tar_options *options, struct lopt_error *err)
{
	struct lopt_tar_reader *reader = calloc(1, sizeof *reader);
	if (!reader)
		return lopt_error_memory(err);
	reader->limits = options->limits;
	reader->below = below;
	reader->skips = lopt_stream_can_skip(below) && !options->frame;
	reader->chunk_size = reader->skips ? SKIMMED_CHUNK : CHUNK;
	reader->content = (struct content_stream){ .stream = { &content_ops }, .reader = reader };
	enum lopt_status status = lopt_tar_walker_new(&reader->walker, options, err);
	if (status == LOPT_OK)
		status = open_archive(reader, err);
	if (status == LOPT_OK)
		*out = reader;
	else
		lopt_tar_reader_free(reader);
	return status;
}

void lopt_tar_reader_free(struct lopt_tar_reader *reader)
{
	if (!reader)
		return;
	if (reader->archive)
		(void)archive_read_free(reader->archive);
	archive_entry_free(reader->entry);
	lopt_tar_header_free(reader->header);
	lopt_tar_walker_free(reader->walker);
	free(reader);
}

/* Equal names: doubled, leading and trailing slashes and "." aside. */
static bool same_name(struct lopt_str a, const char *text)
{
	struct lopt_str b = lopt_str_from(text);
	while (a.len && a.ptr[a.len - 1] == '/')
		a.len--;
	while (b.len && b.ptr[b.len - 1] == '/')
		b.len--;
	if (lopt_str_equal(a, b))
		return true;
	size_t i = 0, j = 0;
	while (i < a.len || j < b.len) {
		while (i + 1 < a.len && a.ptr[i] == '/' && a.ptr[i + 1] == '/')
			i++;
		while (j + 1 < b.len && b.ptr[j] == '/' && b.ptr[j + 1] == '/')
			j++;
		if (i >= a.len || j >= b.len || a.ptr[i] != b.ptr[j])
			return false;
		i++, j++;
	}
	return true;
}

static bool same_type(enum lopt_tar_type type, struct archive_entry *entry)
{
	if (archive_entry_hardlink(entry))
		return type == LOPT_TAR_HARDLINK;
	switch (archive_entry_filetype(entry)) {
	case AE_IFREG:
		return type == LOPT_TAR_FILE;
	case AE_IFDIR:
		return type == LOPT_TAR_DIR;
	case AE_IFLNK:
		return type == LOPT_TAR_SYMLINK;
	case AE_IFCHR:
		return type == LOPT_TAR_CHAR;
	case AE_IFBLK:
		return type == LOPT_TAR_BLOCK;
	case AE_IFIFO:
		return type == LOPT_TAR_FIFO;
	default:
		return false;
	}
}

static bool same_link(const struct lopt_tar_entry *walked, struct archive_entry *entry)
{
	const char *link = walked->type == LOPT_TAR_HARDLINK  ? archive_entry_hardlink(entry)
			   : walked->type == LOPT_TAR_SYMLINK ? archive_entry_symlink(entry)
							      : NULL;
	if (walked->type != LOPT_TAR_HARDLINK && walked->type != LOPT_TAR_SYMLINK)
		return true;
	return link && lopt_str_is(walked->link, link);
}

static enum lopt_status compare(const struct lopt_tar_entry *walked, struct archive_entry *entry,
				struct lopt_error *err)
{
	const char *path = archive_entry_pathname(entry);
	const char *what = NULL;
	if (!path || !same_name(walked->name, path))
		what = "path";
	else if (!same_type(walked->type, entry))
		what = "type";
	else if (!same_link(walked, entry))
		what = "link target";
	else if (walked->type == LOPT_TAR_FILE && archive_entry_size(entry) != (la_int64_t)walked->size)
		what = "size";
	if (!what)
		return LOPT_OK;
	return lopt_error_set(err, LOPT_E_INPUT, "%.*s: two readers of this header disagree about its %s",
			      LOPT_STR_ARGS(walked->name), what);
}

/* Libarchive passes over global headers; the walker does not. So one of its entries may wait for the walker. */
static void fetch(struct lopt_tar_reader *reader)
{
	if (reader->fetched)
		return;
	reader->result = archive_read_next_header2(reader->archive, reader->entry);
	reader->fetched = true;
}

/* After a sparse file with more content than its map says, libarchive goes on in the middle of it. */
static bool same_position(const struct lopt_tar_reader *reader, uint64_t offset)
{
	return reader->after_global || archive_read_header_position(reader->archive) == (la_int64_t)offset;
}

static bool same_end(const struct lopt_tar_reader *reader)
{
	uint64_t end;
	return lopt_tar_walker_ended(reader->walker, &end) && same_position(reader, end);
}

static enum lopt_status disagree_about_end(const struct lopt_tar_reader *reader, struct lopt_error *err)
{
	if (archive_format(reader->archive) == ARCHIVE_FORMAT_EMPTY) /* there is input, and no room to look at it */
		return lopt_error_memory(err);
	return lopt_error_set(err, LOPT_E_INPUT, "two readers disagree about where an entry ends");
}

enum lopt_status lopt_tar_reader_next(struct lopt_tar_reader *reader, const struct lopt_tar_entry **out,
				      struct lopt_error *err)
{
	reader->content.left = 0;
	reader->extents = 0;
	reader->given = 0;
	fetch(reader);
	bool at_end = reader->result == ARCHIVE_EOF;
	if (reader->below_failed) /* libarchive takes a failure behind the first zero block for the end */
		return archive_failure(reader, err);
	if (!at_end && reader->result != ARCHIVE_OK && reader->result != ARCHIVE_WARN)
		return archive_failure(reader, err);
	enum lopt_status status = take_last_header(reader, err);
	if (status == LOPT_END)
		return at_end && same_end(reader) ? LOPT_END : disagree_about_end(reader, err);
	if (status != LOPT_OK)
		return status;
	*out = &reader->header->entry;
	if (reader->header->entry.type == LOPT_TAR_GLOBAL) {
		reader->after_global = true;
		return LOPT_OK;
	}
	if (at_end || !same_position(reader, reader->header->entry.header_offset))
		return disagree_about_end(reader, err);
	reader->after_global = false;
	reader->fetched = false;
	return compare(&reader->header->entry, reader->entry, err);
}

/* Libarchive takes what looks like a sparse map in the header of any GNU entry for one, whatever its type. */
static enum lopt_status disagree_about_content(const struct lopt_tar_reader *reader, struct lopt_error *err)
{
	return lopt_error_set(err, LOPT_E_INPUT, "%.*s: two readers of this header disagree about its content",
			      LOPT_STR_ARGS(reader->header->entry.name));
}

static enum lopt_status check_run(struct lopt_tar_reader *reader, la_int64_t offset, size_t size,
				  struct lopt_error *err)
{
	const struct lopt_tar_entry *entry = &reader->header->entry;
	if (offset < 0 || (uint64_t)offset > entry->size || size > entry->size - (uint64_t)offset)
		return lopt_error_set(err, LOPT_E_INPUT, "%.*s: content beyond its size", LOPT_STR_ARGS(entry->name));
	if (!entry->sparse && (uint64_t)offset != reader->given)
		return disagree_about_content(reader, err);
	reader->given += size;
	if (entry->sparse && ++reader->extents > reader->limits->sparse_extents)
		return lopt_error_set(err, LOPT_E_LIMIT, "%.*s: more than %llu extents (--limit sparse_extents=N)",
				      LOPT_STR_ARGS(entry->name), (unsigned long long)reader->limits->sparse_extents);
	return LOPT_OK;
}

static enum lopt_status check_end(const struct lopt_tar_reader *reader, struct lopt_error *err)
{
	const struct lopt_tar_entry *entry = &reader->header->entry;
	return entry->sparse || reader->given == entry->size ? LOPT_END : disagree_about_content(reader, err);
}

enum lopt_status lopt_tar_reader_data(struct lopt_tar_reader *reader, const void **bytes, size_t *size,
				      uint64_t *offset, struct lopt_error *err)
{
	la_int64_t at;
	if (!reader->header || reader->header->entry.type != LOPT_TAR_FILE)
		return LOPT_END;
	for (;;) {
		int result = archive_read_data_block(reader->archive, bytes, size, &at);
		if (result == ARCHIVE_EOF)
			return check_end(reader, err);
		if (result != ARCHIVE_OK)
			return archive_failure(reader, err);
		if (*size == 0)
			continue;
		LOPT_TRY(check_run(reader, at, *size, err));
		*offset = (uint64_t)at;
		return LOPT_OK;
	}
}
