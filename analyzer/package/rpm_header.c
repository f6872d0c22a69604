/* SPDX-License-Identifier: MIT */
#include "package/rpm_header.h"

#include <stdint.h>

#include "base/cleanup.h"
#include "package/text.h"

enum {
	INTRO_BYTES = 8,
	ENTRY_BYTES = 16,
	FOLDERS_MAX = 1 << 20, /* of one package; real ones have a few thousand */
	EPOCH_MAX = 16,	       /* bytes of one, its colon, and the dash */
};

/* Tags and types of rpm's lib/rpmtag.h, flags and states of lib/rpmfiles.h. */
enum {
	TAG_NAME = 1000,
	TAG_VERSION = 1001,
	TAG_RELEASE = 1002,
	TAG_EPOCH = 1003,
	TAG_FILESTATES = 1029,
	TAG_FILEFLAGS = 1037,
	TAG_DIRINDEXES = 1116,
	TAG_BASENAMES = 1117,
	TAG_DIRNAMES = 1118,

	TYPE_CHAR = 1,
	TYPE_INT32 = 4,
	TYPE_STRING = 6,
	TYPE_STRINGS = 8,

	FLAG_GHOST = 1 << 6, /* belongs to the package and is not in it */
	STATE_NORMAL = 0,    /* not replaced, not left out */
};

static uint32_t read_u32(const char *at)
{
	const unsigned char *byte = (const unsigned char *)at;
	return (uint32_t)byte[0] << 24 | (uint32_t)byte[1] << 16 | (uint32_t)byte[2] << 8 | byte[3];
}

struct header {
	struct lopt_str index; /* the entries */
	struct lopt_str data;
};

/* What a tag stands for: `count` items, the first of which starts `bytes`. Whatever follows in the data follows there. */
struct item {
	struct lopt_str bytes;
	uint32_t count; /* 0: the tag is not there */
};

/* What is told of the files, each with as many items as there are files, or none. */
struct files {
	struct item bases, folder_of, flags, states;
	struct item folders;
};

static bool open_header(struct header *header, struct lopt_str blob)
{
	if (blob.len < INTRO_BYTES)
		return false;
	uint64_t index = (uint64_t)read_u32(blob.ptr) * ENTRY_BYTES, data = read_u32(blob.ptr + 4);
	if (INTRO_BYTES + index + data != blob.len)
		return false;
	header->index = lopt_str_make(blob.ptr + INTRO_BYTES, (size_t)index);
	header->data = lopt_str_make(blob.ptr + INTRO_BYTES + index, (size_t)data);
	return true;
}

/* `size` is that of one item, of a string at least. False when the tag is there and is not what it has to be. */
static bool read_item(struct item *item, const struct header *header, uint32_t tag, uint32_t type, uint32_t size)
{
	*item = (struct item){ .count = 0 };
	for (size_t at = 0; at < header->index.len; at += ENTRY_BYTES) {
		const char *entry = header->index.ptr + at;
		if (read_u32(entry) != tag)
			continue;
		/* What rpm adds while it installs stands behind what the package brought, and replaces it. */
		uint32_t offset = read_u32(entry + 8);
		item->count = read_u32(entry + 12);
		if (read_u32(entry + 4) != type || item->count == 0 || offset > header->data.len)
			return false;
		item->bytes = lopt_str_make(header->data.ptr + offset, header->data.len - offset);
		if (item->count > item->bytes.len / size)
			return false;
	}
	return true;
}

/* Strings end with a NUL, the last one too. */
static bool next_string(struct lopt_str *rest, struct lopt_str *string)
{
	return lopt_text_cut(*rest, '\0', string, rest);
}

static bool read_string(struct lopt_str *string, const struct header *header, uint32_t tag)
{
	struct item item;
	return read_item(&item, header, tag, TYPE_STRING, 1) && item.count == 1 && next_string(&item.bytes, string) &&
	       string->len;
}

static bool has_strings(const struct item *item)
{
	struct lopt_str rest = item->bytes, string;
	for (uint32_t i = 0; i < item->count; i++)
		if (!next_string(&rest, &string))
			return false;
	return true;
}

static bool read_files(struct files *files, const struct header *header)
{
	if (!read_item(&files->bases, header, TAG_BASENAMES, TYPE_STRINGS, 1) ||
	    !read_item(&files->folder_of, header, TAG_DIRINDEXES, TYPE_INT32, 4) ||
	    !read_item(&files->folders, header, TAG_DIRNAMES, TYPE_STRINGS, 1) ||
	    !read_item(&files->flags, header, TAG_FILEFLAGS, TYPE_INT32, 4) ||
	    !read_item(&files->states, header, TAG_FILESTATES, TYPE_CHAR, 1))
		return false;
	uint32_t count = files->bases.count;
	if (files->folder_of.count != count || (files->flags.count && files->flags.count != count) ||
	    (files->states.count && files->states.count != count))
		return false;
	for (uint32_t i = 0; i < count; i++)
		if (read_u32(files->folder_of.bytes.ptr + (size_t)4 * i) >= files->folders.count)
			return false;
	return has_strings(&files->bases) && has_strings(&files->folders);
}

/* [EPOCH:]VERSION-RELEASE */
static bool read_version(struct lopt_buf *version, const struct header *header)
{
	struct item epoch;
	struct lopt_str main, release;
	if (!read_string(&main, header, TAG_VERSION) || !read_string(&release, header, TAG_RELEASE) ||
	    !read_item(&epoch, header, TAG_EPOCH, TYPE_INT32, 4))
		return false;
	if (epoch.count)
		lopt_buf_printf(version, "%u:", read_u32(epoch.bytes.ptr));
	lopt_buf_str(version, main);
	lopt_buf_char(version, '-');
	lopt_buf_str(version, release);
	return true;
}

/* The folders by number, which the caller frees; NULL for want of memory. */
static struct lopt_str *list_folders(const struct item *item)
{
	struct lopt_str rest = item->bytes, folder;
	struct lopt_str *folders = calloc((size_t)item->count + 1, sizeof *folders);
	for (uint32_t i = 0; folders && i < item->count && next_string(&rest, &folder); i++)
		folders[i] = folder;
	return folders;
}

static bool is_there(const struct files *files, uint32_t i)
{
	return !(files->flags.count && read_u32(files->flags.bytes.ptr + (size_t)4 * i) & FLAG_GHOST) &&
	       !(files->states.count && files->states.bytes.ptr[i] != STATE_NORMAL);
}

static enum lopt_status tell_files(struct lopt_teller *teller, const struct files *files, struct lopt_error *err)
{
	if (files->folders.count > FOLDERS_MAX)
		return lopt_error_set(err, LOPT_E_LIMIT, "a package in %u folders", files->folders.count);
	LOPT_CLEANUP(lopt_cleanup_bytes) struct lopt_str *folders = list_folders(&files->folders);
	if (!folders)
		return lopt_error_memory(err);
	struct lopt_str rest = files->bases.bytes, base;
	for (uint32_t i = 0; i < files->bases.count && next_string(&rest, &base); i++) {
		uint32_t folder = read_u32(files->folder_of.bytes.ptr + (size_t)4 * i);
		if (is_there(files, i))
			LOPT_TRY(lopt_teller_file(teller, folders[folder], base, err));
	}
	return LOPT_OK;
}

static enum lopt_status damaged(struct lopt_error *err)
{
	return lopt_error_set(err, LOPT_E_INPUT, "a damaged header");
}

enum lopt_status lopt_rpm_header_tell(struct lopt_teller *teller, struct lopt_str blob, struct lopt_error *err)
{
	struct header header;
	struct files files;
	struct lopt_package package = { .manager = "rpm" };
	LOPT_CLEANUP(lopt_buf_release) struct lopt_buf version = LOPT_BUF_INIT(blob.len + EPOCH_MAX);
	if (!open_header(&header, blob) || !read_string(&package.name, &header, TAG_NAME) ||
	    !read_version(&version, &header) || !read_files(&files, &header))
		return damaged(err);
	if (version.failed)
		return lopt_error_memory(err);
	package.version = lopt_buf_view(&version);
	LOPT_TRY(teller->sink->package(teller->sink, &package, err));
	return tell_files(teller, &files, err);
}
