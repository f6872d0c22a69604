/* SPDX-License-Identifier: MIT */
#include "layer/layer.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "io/ahead.h"
#include "layer/content.h"
#include "layer/parts.h"
#include "layer/path.h"
#include "tar/reader.h"

enum {
	PATH_WARNING = 4096,
	SMALL = 8192, /* contents up to this size are not worth coming back for: they lie beside the headers */
};

/* One layer while it is being read. */
struct reading {
	struct lopt_layer_data *data;
	const struct lopt_layer_options *options;
	struct lopt_tar_reader *tar;
	struct lopt_contents contents;
	struct lopt_parts parts; /* with contents.all_fingerprints */
	struct lopt_keep_budget budget;
	size_t entry_cap, inode_cap, place_cap;
	bool stray_header; /* one that belongs to no entry */
	uint64_t own_entries_left;
	uint64_t *entries_left;
};

static void release_reading(struct reading *reading)
{
	lopt_tar_reader_free(reading->tar);
	lopt_contents_release(&reading->contents);
	lopt_parts_release(&reading->parts);
}

void lopt_layer_free(struct lopt_layer_data *data)
{
	if (!data)
		return;
	free(data->entries);
	free(data->places);
	free(data->inodes);
	free(data->digests);
	free(data->kept.items);
	lopt_notes_release(&data->notes);
	lopt_arena_release(&data->arena);
	free(data);
}

static enum lopt_status warn(struct reading *reading, const char *rule, struct lopt_str path, const char *what,
			     struct lopt_error *err)
{
	return lopt_notes_add(&reading->data->notes, rule, LOPT_WARNING, LOPT_NO_LAYER, path, err, "%s", what);
}

static enum lopt_status add_inode(struct reading *reading, const struct lopt_tar_entry *from, struct lopt_entry *entry,
				  struct lopt_error *err)
{
	struct lopt_layer_data *data = reading->data;
	struct lopt_layer_inode *inodes =
		lopt_grow(data->inodes, &reading->inode_cap, data->inode_count + 1, sizeof *inodes);
	if (!inodes)
		return lopt_error_memory(err);
	data->inodes = inodes;
	uint32_t number = (uint32_t)data->inode_count++;
	entry->inode = number;
	inodes[number] = (struct lopt_layer_inode){
		.size = from->size,
		.offset = from->data_offset,
		.entry = (uint32_t)data->entry_count,
		.sparse = from->sparse,
	};
	if (from->size == 0)
		return LOPT_OK;
	if (!from->sparse)
		inodes[number].keep = (uint8_t)lopt_keep_decide(&reading->budget, entry);
	if (data->unread && !from->sparse && from->size > SMALL)
		return LOPT_OK;
	return lopt_contents_read(&reading->contents, reading->tar, from, entry, number, err);
}

/* --- entries --- */

static enum lopt_status count_entry(struct reading *reading, struct lopt_error *err)
{
	if (*reading->entries_left == 0)
		return lopt_error_set(err, LOPT_E_LIMIT, "more than %" PRIu64 " tar entries (--limit entries=N)",
				      reading->options->limits->entries);
	--*reading->entries_left;
	return LOPT_OK;
}

static int compare_xattrs(const void *a, const void *b)
{
	const struct lopt_xattr *x = a, *y = b;
	return lopt_str_compare(x->name, y->name);
}

static enum lopt_status copy_xattrs(struct reading *reading, const struct lopt_tar_entry *from,
				    struct lopt_entry *entry, struct lopt_error *err)
{
	if (from->xattr_count == 0)
		return LOPT_OK;
	struct lopt_arena *arena = &reading->data->arena;
	struct lopt_xattr *xattrs = lopt_arena_zalloc(arena, from->xattr_count, sizeof *xattrs);
	if (!xattrs)
		return lopt_error_memory(err);
	for (size_t i = 0; i < from->xattr_count; i++) {
		xattrs[i].name = lopt_arena_copy(arena, from->xattrs[i].name);
		xattrs[i].value = lopt_arena_copy(arena, from->xattrs[i].value);
		if (!xattrs[i].name.ptr || !xattrs[i].value.ptr)
			return lopt_error_memory(err);
	}
	qsort(xattrs, from->xattr_count, sizeof *xattrs, compare_xattrs);
	entry->xattrs = xattrs;
	entry->xattr_count = (uint32_t)from->xattr_count;
	return LOPT_OK;
}

static enum lopt_status set_name(struct reading *reading, const struct lopt_tar_entry *from, struct lopt_entry *entry,
				 struct lopt_error *err)
{
	struct lopt_clean_path clean;
	LOPT_TRY(lopt_path_clean(&clean, &reading->data->arena, from->name, reading->options->limits, err));
	entry->path = clean.path;
	if (clean.clamped || from->name.ptr[0] == '/')
		entry->flags |= LOPT_ENTRY_ROOTED;
	if (clean.path.len == 0)
		entry->flags |= LOPT_ENTRY_IGNORED;
	if (clean.path.len >= PATH_WARNING)
		LOPT_TRY(warn(reading, "long-path", clean.path,
			      "a path of 4,096 bytes or more, which tools refuse to open", err));
	if (clean.clamped)
		return warn(reading, "dotdot-clamped", clean.path,
			    "a name with \"..\" that leaves the root; clamped there, as engines do", err);
	if (clean.dotdot)
		return warn(reading, "dotdot-in-name", clean.path,
			    "a name with \"..\" in it; resolved in the text, as engines do", err);
	return LOPT_OK;
}

static enum lopt_status set_whiteout(struct reading *reading, struct lopt_entry *entry, struct lopt_error *err)
{
	switch (lopt_whiteout_of(entry->path, NULL)) {
	case LOPT_WHITEOUT_NONE:
		return LOPT_OK;
	case LOPT_WHITEOUT_PATH:
		entry->flags |= LOPT_ENTRY_WHITEOUT;
		break;
	case LOPT_WHITEOUT_OPAQUE:
		entry->flags |= LOPT_ENTRY_OPAQUE;
		break;
	case LOPT_WHITEOUT_INVALID:
		return lopt_error_set(err, LOPT_E_INPUT, "%.*s: a whiteout of no name, which no container engine loads",
				      LOPT_STR_ARGS(entry->path));
	}
	reading->data->whiteouts++;
	return LOPT_OK;
}

/* What an entry is, its name aside. Hard links get their inode when the tree is built. */
static enum lopt_status set_type(struct reading *reading, const struct lopt_tar_entry *from, struct lopt_entry *entry,
				 struct lopt_error *err)
{
	switch (from->type) {
	case LOPT_TAR_HARDLINK:
		entry->type = LOPT_FILE;
		entry->flags |= LOPT_ENTRY_HARDLINK;
		return LOPT_OK;
	case LOPT_TAR_CHAR:
		entry->type = LOPT_CHAR;
		if (from->major == 0 && from->minor == 0 &&
		    !(entry->flags & (LOPT_ENTRY_WHITEOUT | LOPT_ENTRY_OPAQUE))) {
			entry->flags |= LOPT_ENTRY_WHITEOUT;
			reading->data->whiteouts++;
			return warn(
				reading, "engines-differ", entry->path,
				"a character device 0:0, which overlay engines take for a whiteout and others for a device",
				err);
		}
		return LOPT_OK;
	case LOPT_TAR_FILE:
		entry->type = LOPT_FILE;
		entry->size = from->size;
		if (from->sparse)
			entry->flags |= LOPT_ENTRY_SPARSE;
		if (entry->flags & (LOPT_ENTRY_WHITEOUT | LOPT_ENTRY_OPAQUE | LOPT_ENTRY_IGNORED))
			return LOPT_OK; /* no file to anyone, whatever it holds */
		return add_inode(reading, from, entry, err);
	case LOPT_TAR_SYMLINK:
	case LOPT_TAR_BLOCK:
	case LOPT_TAR_DIR:
	case LOPT_TAR_FIFO:
		entry->type = (uint8_t)from->type;
		return LOPT_OK;
	case LOPT_TAR_GLOBAL:
		break;
	}
	return lopt_error_set(err, LOPT_E_BUG, "a tar entry of no known type");
}

static enum lopt_status set_link(struct reading *reading, const struct lopt_tar_entry *from, struct lopt_entry *entry,
				 struct lopt_error *err)
{
	if (from->type != LOPT_TAR_HARDLINK && from->type != LOPT_TAR_SYMLINK)
		return LOPT_OK;
	if (from->link.len > reading->options->limits->link_bytes)
		return lopt_error_set(err, LOPT_E_LIMIT, "%.*s: a link target of %zu bytes (--limit link_bytes=N)",
				      LOPT_STR_ARGS(entry->path), from->link.len);
	entry->link = lopt_arena_copy(&reading->data->arena, from->link);
	if (!entry->link.ptr)
		return lopt_error_memory(err);
	if (from->link.len >= PATH_WARNING)
		return warn(reading, "long-link", entry->path,
			    "a link target of 4,096 bytes or more, which the kernel refuses", err);
	return LOPT_OK;
}

static enum lopt_status fill_entry(struct reading *reading, const struct lopt_tar_entry *from, struct lopt_entry *entry,
				   struct lopt_error *err)
{
	*entry = (struct lopt_entry){
		.mtime_ns = from->mtime_ns,
		.uid = from->uid,
		.gid = from->gid,
		.mode = from->mode,
		.major = from->major,
		.minor = from->minor,
		.inode = LOPT_NO_INODE,
		.path = { "", 0 },
	};
	if (from->name.len == 0) {
		entry->flags |= LOPT_ENTRY_IGNORED;
		LOPT_TRY(warn(reading, "empty-name", entry->path, "an entry without a name; counted, not followed",
			      err));
	} else {
		LOPT_TRY(set_name(reading, from, entry, err));
		LOPT_TRY(set_whiteout(reading, entry, err));
	}
	if (from->pax_empty_xattr)
		LOPT_TRY(warn(reading, "engines-differ", entry->path,
			      "an extended attribute with an empty value, which containerd sets and others leave out",
			      err));
	LOPT_TRY(set_link(reading, from, entry, err));
	LOPT_TRY(copy_xattrs(reading, from, entry, err));
	return set_type(reading, from, entry, err);
}

/* The end of this entry is where the next one begins, unless this is the last. */
static enum lopt_status add_place(struct reading *reading, const struct lopt_tar_entry *from, struct lopt_error *err)
{
	struct lopt_layer_data *data = reading->data;
	uint64_t *places = lopt_grow(data->places, &reading->place_cap, data->entry_count + 2, sizeof *places);
	if (!places)
		return lopt_error_memory(err);
	data->places = places;
	places[data->entry_count] = from->header_offset;
	places[data->entry_count + 1] = from->data_offset + from->stored + (-from->stored & (LOPT_TAR_BLOCK_SIZE - 1));
	return LOPT_OK;
}

static enum lopt_status add_entry(struct reading *reading, const struct lopt_tar_entry *from, struct lopt_error *err)
{
	struct lopt_layer_data *data = reading->data;
	LOPT_TRY(count_entry(reading, err));
	if (from->type == LOPT_TAR_GLOBAL) {
		reading->stray_header = true;
		return warn(reading, "engines-differ", lopt_str_from(""),
			    "a PAX global header, which docker, podman and containerd ignore and umoci refuses", err);
	}
	if (reading->options->contents.places)
		LOPT_TRY(add_place(reading, from, err));
	struct lopt_entry *entries =
		lopt_grow(data->entries, &reading->entry_cap, data->entry_count + 1, sizeof *entries);
	if (!entries)
		return lopt_error_memory(err);
	data->entries = entries;
	LOPT_TRY(fill_entry(reading, from, &entries[data->entry_count], err));
	data->has_odd_content |= from->stored && (from->sparse || entries[data->entry_count].inode == LOPT_NO_INODE);
	data->entry_count++;
	return LOPT_OK;
}

static enum lopt_status note_refusals(struct reading *reading, struct lopt_error *err)
{
	if (reading->budget.refused == 0)
		return LOPT_OK;
	return warn(reading, "content-not-kept", lopt_str_from(""),
		    "files of this layer were not looked into: more content than the ceilings allow (--limit "
		    "kept_file_bytes=N, --limit kept_bytes=N)",
		    err);
}

/* NULL: nobody asks for the fingerprint of the layer's parts. */
static struct lopt_sink *frame_of(struct reading *reading)
{
	return reading->options->contents.all_fingerprints ? &reading->parts.frame : NULL;
}

static enum lopt_status read_entries(struct reading *reading, struct lopt_stream *plain, struct lopt_error *err)
{
	const struct lopt_tar_options options = {
		.limits = reading->options->limits,
		.tolerate_missing_padding = true,
		.frame = frame_of(reading),
	};
	if (options.frame)
		LOPT_TRY(lopt_parts_init(&reading->parts, err));
	LOPT_TRY(lopt_contents_init(&reading->contents, reading->data, reading->options, err));
	LOPT_TRY(lopt_tar_reader_open(&reading->tar, plain, &options, err));
	for (;;) {
		const struct lopt_tar_entry *entry;
		enum lopt_status status = lopt_tar_reader_next(reading->tar, &entry, err);
		if (status == LOPT_END)
			return note_refusals(reading, err);
		if (status != LOPT_OK)
			return status;
		LOPT_TRY(add_entry(reading, entry, err));
	}
}

/* --- the streams below --- */

/* A digest on its way: computed from what is read, or known to be that of bytes with this fingerprint. */
struct taking {
	struct lopt_digest_stream stream;
	const struct lopt_hashed *hashed; /* NULL: nobody knows it */
	bool is_wanted;
	bool by_parts; /* the fingerprint is that of the layer's parts, not the stream's */
};

/* What lies between the stored bytes and the tar, released top first. */
struct stack {
	struct taking digest, diff_id;
	struct lopt_count_stream stored, plain;
	struct lopt_peek_stream peek;
	struct lopt_stream *codec, *ahead;
	bool one_digest; /* the diff ID is the digest, of the same bytes */
};

static void release_stack(struct stack *stack)
{
	lopt_ahead_close(stack->ahead);
	lopt_codec_close(stack->codec);
	lopt_digest_stream_release(&stack->diff_id.stream);
	lopt_digest_stream_release(&stack->digest.stream);
}

static enum lopt_status refuse(enum lopt_codec codec, struct lopt_error *err)
{
	return lopt_error_set(err, LOPT_E_INPUT, "%s layers are not supported (only plain tar, gzip and zstd)",
			      lopt_codec_name(codec));
}

static enum lopt_status open_codec(struct stack *stack, enum lopt_codec codec, const struct lopt_limits *limits,
				   struct lopt_stream **top, struct lopt_error *err)
{
	switch (codec) {
	case LOPT_CODEC_PLAIN:
		return LOPT_OK;
	case LOPT_CODEC_GZIP:
	case LOPT_CODEC_ZSTD:
		LOPT_TRY(lopt_codec_open(&stack->codec, codec, *top, limits, false, err));
		LOPT_TRY(lopt_ahead_open(&stack->ahead, stack->codec, err));
		*top = stack->ahead;
		return LOPT_OK;
	case LOPT_CODEC_XZ:
	case LOPT_CODEC_BZIP2:
	case LOPT_CODEC_LZ4:
	case LOPT_CODEC_COMPRESS:
		break;
	}
	return refuse(codec, err);
}

static enum lopt_status take_digest(struct taking *taking, enum lopt_digest_algorithm algorithm, bool of_plain,
				    const struct lopt_layer_options *options, struct lopt_stream **top,
				    struct lopt_error *err)
{
	bool remember = options->contents.all_fingerprints;
	taking->is_wanted = algorithm != LOPT_DIGEST_NONE;
	taking->by_parts = of_plain && remember;
	if (of_plain && !remember) /* then there are no parts to know it by */
		taking->hashed = NULL;
	if (!taking->is_wanted || (taking->by_parts && taking->hashed))
		return LOPT_OK;
	LOPT_TRY(lopt_digest_stream_init(&taking->stream, *top, algorithm,
					 remember && !taking->by_parts ? LOPT_HASHING_TO_REMEMBER : LOPT_HASHING,
					 taking->hashed, err));
	*top = &taking->stream.stream;
	return LOPT_OK;
}

static enum lopt_status build_stack(struct stack *stack, struct lopt_layer_data *data, struct lopt_stream *below,
				    const struct lopt_layer_options *options, struct lopt_stream **top,
				    struct lopt_error *err)
{
	lopt_count_stream_init(&stack->stored, below);
	LOPT_TRY(lopt_peek_stream_init(&stack->peek, &stack->stored.stream, err));
	*top = &stack->peek.stream;
	data->codec = lopt_codec_detect(stack->peek.head, stack->peek.have);
	bool is_plain = data->codec == LOPT_CODEC_PLAIN;
	bool all = options->contents.all_digests || options->contents.all_fingerprints;
	data->unread = options->again && is_plain && !all;
	data->undigested = data->unread &&
			   (options->digest != LOPT_DIGEST_NONE || options->diff_id != LOPT_DIGEST_NONE);
	stack->digest.hashed = options->hashed_digest;
	stack->diff_id.hashed = options->hashed_diff_id;
	stack->one_digest = is_plain && options->digest == options->diff_id;
	if (!data->unread)
		LOPT_TRY(take_digest(&stack->digest, options->digest, is_plain, options, top, err));
	LOPT_TRY(open_codec(stack, data->codec, options->limits, top, err));
	lopt_count_stream_init(&stack->plain, *top);
	*top = &stack->plain.stream;
	if (!data->unread && !stack->one_digest)
		LOPT_TRY(take_digest(&stack->diff_id, options->diff_id, true, options, top, err));
	return LOPT_OK;
}

/* NULL: the layer has none. */
static enum lopt_status finish_parts(struct reading *reading, unsigned char room[LOPT_FINGERPRINT_SIZE],
				     const unsigned char **out, struct lopt_error *err)
{
	const struct lopt_layer_data *data = reading->data;
	enum lopt_status status = LOPT_OK;
	*out = NULL;
	if (!reading->options->contents.all_fingerprints || data->has_odd_content)
		return LOPT_OK;
	for (size_t i = 0; i < data->inode_count && status == LOPT_OK; i++)
		status = lopt_parts_add(&reading->parts, &data->inodes[i], err);
	if (status != LOPT_OK)
		return status == LOPT_END ? LOPT_OK : status;
	*out = room;
	return lopt_parts_finish(&reading->parts, room, err);
}

/* `parts` NULL: there is no fingerprint to know it by another time. */
static enum lopt_status finish_by_parts(struct taking *taking, const unsigned char *parts, struct lopt_hashed *found,
					struct lopt_error *err)
{
	if (taking->hashed) {
		*found = *taking->hashed;
		return lopt_hashed_check(taking->hashed, parts, err);
	}
	LOPT_TRY(lopt_digest_stream_finish(&taking->stream, found, err));
	if (parts)
		memcpy(found->fingerprint, parts, sizeof found->fingerprint);
	return LOPT_OK;
}

static enum lopt_status finish_digest(struct lopt_layer_data *data, struct taking *taking, const unsigned char *parts,
				      struct lopt_digest *out, const struct lopt_layer_options *options,
				      struct lopt_error *err)
{
	struct lopt_hashed *found = &data->hashed[data->hashed_count];
	if (!taking->is_wanted)
		return LOPT_OK;
	LOPT_TRY(taking->by_parts ? finish_by_parts(taking, parts, found, err)
				  : lopt_digest_stream_finish(&taking->stream, found, err));
	*out = found->digest;
	data->hashed_count += options->contents.all_fingerprints && (!taking->by_parts || parts);
	return LOPT_OK;
}

static enum lopt_status finish_stack(struct stack *stack, struct reading *reading, struct lopt_stream *top,
				     struct lopt_error *err)
{
	struct lopt_layer_data *data = reading->data;
	unsigned char room[LOPT_FINGERPRINT_SIZE];
	const unsigned char *parts;
	LOPT_TRY(lopt_stream_drain(top, frame_of(reading), err));
	data->size = stack->plain.count;
	data->stored_size = stack->stored.count;
	LOPT_TRY(finish_parts(reading, room, &parts, err));
	LOPT_TRY(finish_digest(data, &stack->digest, parts, &data->digest, reading->options, err));
	LOPT_TRY(finish_digest(data, &stack->diff_id, parts, &data->diff_id, reading->options, err));
	if (stack->one_digest)
		data->diff_id = data->digest;
	return LOPT_OK;
}

/* A blob that is no tar at all is better named by what it looks like. */
static enum lopt_status explain(const struct stack *stack, const struct lopt_layer_data *data, struct lopt_error *err)
{
	const char *guess = lopt_codec_guess(stack->peek.head, stack->peek.have);
	if (data->entry_count == 0 && data->codec == LOPT_CODEC_PLAIN && guess)
		return lopt_error_set(err, LOPT_E_INPUT, "not a tar: it looks like %s", guess);
	return LOPT_E_INPUT;
}

static enum lopt_status read_layer(struct lopt_layer_data *data, struct stack *stack, struct lopt_stream *below,
				   const struct lopt_layer_options *options, struct lopt_error *err)
{
	struct lopt_stream *top;
	LOPT_CLEANUP(release_reading)
	struct reading reading = {
		.data = data,
		.options = options,
		.budget = {
			.choose = options->contents.keep,
			.file_max = options->limits->kept_file_bytes,
			.left = options->limits->kept_bytes,
		},
		.own_entries_left = options->limits->entries,
		.entries_left = options->entries_left,
	};
	if (!reading.entries_left)
		reading.entries_left = &reading.own_entries_left;
	LOPT_TRY(build_stack(stack, data, below, options, &top, err));
	enum lopt_status status = read_entries(&reading, top, err);
	if (status == LOPT_E_INPUT)
		status = explain(stack, data, err);
	if (status == LOPT_OK)
		status = finish_stack(stack, &reading, top, err);
	if (reading.stray_header) {
		free(data->places);
		data->places = NULL;
	}
	return status;
}

enum lopt_status lopt_layer_read(struct lopt_layer_data **out, struct lopt_stream *below,
				 const struct lopt_layer_options *options, struct lopt_error *err)
{
	struct lopt_layer_data *data = calloc(1, sizeof *data);
	struct stack *stack = calloc(1, sizeof *stack);
	enum lopt_status status = LOPT_OK;
	if (!data || !stack) {
		free(data);
		free(stack);
		return lopt_error_memory(err);
	}
	lopt_arena_init(&data->arena, options->limits->arena_bytes);
	lopt_notes_init(&data->notes, &data->arena);
	status = read_layer(data, stack, below, options, err);
	release_stack(stack);
	free(stack);
	if (status == LOPT_OK)
		*out = data;
	else
		lopt_layer_free(data);
	return status;
}
