/* SPDX-License-Identifier: MIT */
#include "tar/walker.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "tar/header.h"

enum state {
	AT_HEADER,  /* collecting a block */
	IN_SPECIAL, /* collecting the text of a PAX or GNU header */
	IN_BODY,    /* passing over content */
	IN_PADDING, /* passing over what fills the last block */
	AT_ZERO,    /* one zero block was seen: another one, or the end, must follow */
	ENDED,
	FAILED,
};

struct lopt_tar_walker {
	const struct lopt_limits *limits;
	bool tolerate_missing_padding;
	struct lopt_sink *frame; /* or NULL */
	enum state state;
	struct lopt_error error;
	uint64_t position; /* of the next byte */
	unsigned char block[LOPT_TAR_BLOCK_SIZE];
	size_t have;	  /* bytes of `block` or of the special header's text */
	uint64_t left;	  /* bytes of body, padding or text still to come */
	uint64_t padding; /* behind that */
	/* the extended headers in front of the next entry */
	uint64_t header_offset;
	uint64_t end; /* where the first zero block stands, or would */
	unsigned specials;
	char special;		  /* typeflag of the one being collected */
	struct lopt_buf texts[4]; /* pax, long name, long link, global */
	struct lopt_tar_pax pax;
	bool has_name, has_link;
	struct lopt_tar_header *first, **last;
};

enum { TEXT_PAX, TEXT_NAME, TEXT_LINK, TEXT_GLOBAL, TEXTS };

enum lopt_status lopt_tar_walker_new(struct lopt_tar_walker **out, const struct lopt_tar_options *options,
				     struct lopt_error *err)
{
	struct lopt_tar_walker *walker = calloc(1, sizeof *walker);
	if (!walker)
		return lopt_error_memory(err);
	walker->limits = options->limits;
	walker->tolerate_missing_padding = options->tolerate_missing_padding;
	walker->frame = options->frame;
	walker->last = &walker->first;
	uint64_t max = options->limits->special_header_bytes;
	for (size_t i = 0; i < TEXTS; i++)
		walker->texts[i] = LOPT_BUF_INIT(max < SIZE_MAX / 2 ? (size_t)max : SIZE_MAX / 2);
	*out = walker;
	return LOPT_OK;
}

void lopt_tar_header_free(struct lopt_tar_header *header)
{
	free(header);
}

void lopt_tar_walker_free(struct lopt_tar_walker *walker)
{
	if (!walker)
		return;
	while (walker->first) {
		struct lopt_tar_header *next = walker->first->next;
		lopt_tar_header_free(walker->first);
		walker->first = next;
	}
	for (size_t i = 0; i < TEXTS; i++)
		lopt_buf_release(&walker->texts[i]);
	lopt_tar_pax_release(&walker->pax);
	free(walker);
}

static void forget_specials(struct lopt_tar_walker *walker)
{
	lopt_tar_pax_release(&walker->pax);
	for (size_t i = 0; i < TEXTS; i++)
		lopt_buf_clear(&walker->texts[i]);
	walker->has_name = walker->has_link = false;
	walker->specials = 0;
}

/* One allocation for a header and all it points to. */
struct packer {
	char *at;
	size_t need;
};

static struct lopt_str pack(struct packer *packer, struct lopt_str text)
{
	char *to = packer->at;
	if (!to) {
		packer->need += text.len + 1;
		return text;
	}
	if (text.len)
		memcpy(to, text.ptr, text.len);
	to[text.len] = '\0';
	packer->at += text.len + 1;
	return lopt_str_make(to, text.len);
}

static void pack_entry(struct packer *packer, struct lopt_tar_entry *entry, struct lopt_tar_xattr *xattrs)
{
	entry->name = pack(packer, entry->name);
	entry->link = pack(packer, entry->link);
	for (size_t i = 0; i < entry->xattr_count; i++) {
		struct lopt_str name = pack(packer, entry->xattrs[i].name);
		struct lopt_str value = pack(packer, entry->xattrs[i].value);
		if (xattrs)
			xattrs[i] = (struct lopt_tar_xattr){ name, value };
	}
}

static enum lopt_status queue_entry(struct lopt_tar_walker *walker, struct lopt_tar_entry entry, struct lopt_error *err)
{
	struct packer packer = { 0 };
	pack_entry(&packer, &entry, NULL);
	size_t array = entry.xattr_count * sizeof(struct lopt_tar_xattr);
	struct lopt_tar_header *header = malloc(sizeof *header + array + packer.need);
	if (!header)
		return lopt_error_memory(err);
	struct lopt_tar_xattr *xattrs = (struct lopt_tar_xattr *)(header + 1);
	packer.at = (char *)xattrs + array;
	pack_entry(&packer, &entry, xattrs);
	entry.xattrs = xattrs;
	*header = (struct lopt_tar_header){ .entry = entry };
	*walker->last = header;
	walker->last = &header->next;
	return LOPT_OK;
}

static enum lopt_status entry_type(struct lopt_tar_entry *entry, char typeflag, struct lopt_error *err)
{
	switch (typeflag) {
	case '\0': /* v7: a trailing slash makes a directory */
		entry->type = entry->name.len && entry->name.ptr[entry->name.len - 1] == '/' ? LOPT_TAR_DIR
											     : LOPT_TAR_FILE;
		return LOPT_OK;
	case '0':
		entry->type = LOPT_TAR_FILE;
		return LOPT_OK;
	case '1':
		entry->type = LOPT_TAR_HARDLINK;
		return LOPT_OK;
	case '2':
		entry->type = LOPT_TAR_SYMLINK;
		return LOPT_OK;
	case '3':
		entry->type = LOPT_TAR_CHAR;
		return LOPT_OK;
	case '4':
		entry->type = LOPT_TAR_BLOCK;
		return LOPT_OK;
	case '5':
		entry->type = LOPT_TAR_DIR;
		return LOPT_OK;
	case '6':
		entry->type = LOPT_TAR_FIFO;
		return LOPT_OK;
	case 'S':
		return lopt_error_set(err, LOPT_E_INPUT,
				      "an old GNU sparse file (type 'S'), which no container engine loads");
	default:
		break;
	}
	if (typeflag > ' ' && typeflag < 0x7f)
		return lopt_error_set(err, LOPT_E_INPUT, "tar entry type '%c', which no container engine loads",
				      typeflag);
	return lopt_error_set(err, LOPT_E_INPUT, "tar entry type 0x%02x, which no container engine loads",
			      (unsigned char)typeflag);
}

/* The name of a block: prefix and name, joined in `joined`. */
static struct lopt_str block_name(const struct lopt_tar_block *block, char joined[256])
{
	if (!block->prefix.len)
		return block->name;
	memcpy(joined, block->prefix.ptr, block->prefix.len);
	joined[block->prefix.len] = '/';
	memcpy(joined + block->prefix.len + 1, block->name.ptr, block->name.len);
	return lopt_str_make(joined, block->prefix.len + 1 + block->name.len);
}

static struct lopt_str until_nul(const struct lopt_buf *text)
{
	return lopt_str_make(text->data, text->data ? strnlen(text->data, text->len) : 0);
}

static void merge_names(const struct lopt_tar_walker *walker, struct lopt_tar_entry *entry, bool sparse)
{
	const struct lopt_tar_pax *pax = &walker->pax;
	if (pax->path.len)
		entry->name = pax->path;
	if (pax->linkpath.len)
		entry->link = pax->linkpath;
	if (walker->has_name && until_nul(&walker->texts[TEXT_NAME]).len)
		entry->name = until_nul(&walker->texts[TEXT_NAME]);
	if (walker->has_link && until_nul(&walker->texts[TEXT_LINK]).len)
		entry->link = until_nul(&walker->texts[TEXT_LINK]);
	if (sparse && pax->sparse_name.len)
		entry->name = pax->sparse_name;
}

static int64_t seconds_to_ns(int64_t seconds)
{
	int64_t ns;
	if (__builtin_mul_overflow(seconds, 1000000000, &ns))
		return seconds < 0 ? INT64_MIN : INT64_MAX;
	return ns;
}

static enum lopt_status merge_sizes(const struct lopt_tar_walker *walker, const struct lopt_tar_block *block,
				    struct lopt_tar_entry *entry, struct lopt_error *err)
{
	int64_t stored = walker->pax.has_size ? walker->pax.size : block->size;
	int64_t size = stored;
	LOPT_TRY(lopt_tar_pax_sparse(&walker->pax, &entry->sparse, &size, err));
	if (stored < 0)
		return lopt_error_set(err, LOPT_E_INPUT, "tar header: negative size %" PRId64, stored);
	if (size > INT64_MAX / 2)
		return lopt_error_set(err, LOPT_E_LIMIT, "a file of %" PRId64 " bytes", size);
	if (entry->type != LOPT_TAR_FILE) { /* header only, whatever the size field says */
		entry->sparse = false;
		return LOPT_OK;
	}
	entry->size = (uint64_t)size;
	entry->stored = (uint64_t)stored;
	return LOPT_OK;
}

/* Type, sizes and link of an entry whose name is known. */
static enum lopt_status settle_entry(const struct lopt_tar_walker *walker, const struct lopt_tar_block *block,
				     struct lopt_tar_entry *entry, struct lopt_error *err)
{
	LOPT_TRY(entry_type(entry, block->typeflag, err));
	LOPT_TRY(merge_sizes(walker, block, entry, err));
	if (entry->type == LOPT_TAR_SYMLINK && entry->link.len == 0)
		return lopt_error_set(err, LOPT_E_INPUT, "a symbolic link without a target");
	return LOPT_OK;
}

static enum lopt_status make_entry(struct lopt_tar_walker *walker, const struct lopt_tar_block *block,
				   struct lopt_error *err)
{
	char joined[256];
	const struct lopt_tar_pax *pax = &walker->pax;
	struct lopt_tar_entry entry = {
		.name = block_name(block, joined),
		.link = block->link,
		.mode = (uint32_t)(block->mode & 07777),
		.uid = pax->has_uid ? pax->uid : block->uid,
		.gid = pax->has_gid ? pax->gid : block->gid,
		.mtime_ns = pax->has_mtime ? pax->mtime_ns : seconds_to_ns(block->mtime),
		.major = (uint32_t)block->major,
		.minor = (uint32_t)block->minor,
		.pax_empty_xattr = pax->empty_xattr,
		.xattrs = pax->xattrs,
		.xattr_count = pax->xattr_count,
		.header_offset = walker->header_offset,
		.data_offset = walker->position,
	};
	bool sparse;
	int64_t ignored = 0;
	LOPT_TRY(lopt_tar_pax_sparse(pax, &sparse, &ignored, err));
	merge_names(walker, &entry, sparse);
	enum lopt_status status = settle_entry(walker, block, &entry, err);
	if (status != LOPT_OK)
		return lopt_error_context(err, "%.*s", LOPT_STR_ARGS(entry.name));
	LOPT_TRY(queue_entry(walker, entry, err));
	forget_specials(walker);
	walker->left = entry.stored;
	walker->padding = -entry.stored & (LOPT_TAR_BLOCK_SIZE - 1);
	walker->state = walker->left ? IN_BODY : AT_HEADER;
	return LOPT_OK;
}

static size_t text_slot(char special)
{
	switch (special) {
	case 'L':
		return TEXT_NAME;
	case 'K':
		return TEXT_LINK;
	case 'g':
		return TEXT_GLOBAL;
	default:
		return TEXT_PAX;
	}
}

static enum lopt_status start_special(struct lopt_tar_walker *walker, const struct lopt_tar_block *block,
				      struct lopt_error *err)
{
	if (++walker->specials > walker->limits->special_headers)
		return lopt_error_set(err, LOPT_E_LIMIT,
				      "more than %" PRIu64
				      " PAX or GNU headers before one entry (--limit special_headers=N)",
				      walker->limits->special_headers);
	if (block->size < 0)
		return lopt_error_set(err, LOPT_E_INPUT, "tar header: negative size %" PRId64, block->size);
	if ((uint64_t)block->size > walker->limits->special_header_bytes)
		return lopt_error_set(err, LOPT_E_LIMIT,
				      "a PAX or GNU header of %" PRId64 " bytes (--limit special_header_bytes=N)",
				      block->size);
	walker->special = block->typeflag;
	lopt_buf_clear(&walker->texts[text_slot(walker->special)]);
	walker->left = (uint64_t)block->size;
	walker->padding = -walker->left & (LOPT_TAR_BLOCK_SIZE - 1);
	walker->state = IN_SPECIAL;
	return LOPT_OK;
}

/* The text of a special header is complete. */
static enum lopt_status end_special(struct lopt_tar_walker *walker, struct lopt_error *err)
{
	const struct lopt_buf *text = &walker->texts[text_slot(walker->special)];
	if (text->failed)
		return lopt_error_memory(err);
	struct lopt_tar_pax global = { 0 };
	enum lopt_status status = LOPT_OK;
	switch (walker->special) {
	case 'L':
		walker->has_name = true;
		break;
	case 'K':
		walker->has_link = true;
		break;
	case 'g': /* an entry of its own to the engines; its records reach nobody */
		status = lopt_tar_pax_parse(&global, lopt_buf_view(text), walker->limits, err);
		lopt_tar_pax_release(&global);
		if (status == LOPT_OK)
			status = queue_entry(walker,
					     (struct lopt_tar_entry){ .type = LOPT_TAR_GLOBAL,
								      .header_offset = walker->header_offset },
					     err);
		forget_specials(walker);
		break;
	default:
		lopt_tar_pax_release(&walker->pax);
		status = lopt_tar_pax_parse(&walker->pax, lopt_buf_view(text), walker->limits, err);
		break;
	}
	return status;
}

static enum lopt_status take_block(struct lopt_tar_walker *walker, struct lopt_error *err)
{
	walker->have = 0;
	if (lopt_tar_block_is_zero(walker->block)) {
		if (walker->specials)
			return lopt_error_set(err, LOPT_E_INPUT, "a PAX or GNU header without an entry behind it");
		if (walker->state != AT_ZERO)
			walker->end = walker->position - LOPT_TAR_BLOCK_SIZE;
		walker->state = walker->state == AT_ZERO ? ENDED : AT_ZERO;
		return LOPT_OK;
	}
	if (walker->state == AT_ZERO)
		return lopt_error_set(err, LOPT_E_INPUT, "an entry behind a single zero block");
	struct lopt_tar_block block;
	enum lopt_status status = lopt_tar_block_parse(&block, walker->block, err);
	if (status != LOPT_OK)
		return lopt_error_context(err, "at byte %" PRIu64, walker->position - LOPT_TAR_BLOCK_SIZE);
	switch (block.typeflag) {
	case 'x':
	case 'g':
	case 'L':
	case 'K':
		return start_special(walker, &block, err);
	default:
		return make_entry(walker, &block, err);
	}
}

static size_t at_most(size_t size, uint64_t left)
{
	return left < size ? (size_t)left : size;
}

/* One step over the bytes given; returns how many were used. */
static size_t step(struct lopt_tar_walker *walker, const unsigned char *bytes, size_t size, enum lopt_status *status)
{
	size_t n;
	switch (walker->state) {
	case AT_HEADER:
	case AT_ZERO:
		if (walker->have == 0 && walker->specials == 0)
			walker->header_offset = walker->position;
		n = at_most(size, LOPT_TAR_BLOCK_SIZE - walker->have);
		memcpy(walker->block + walker->have, bytes, n);
		walker->have += n;
		walker->position += n;
		if (walker->have == LOPT_TAR_BLOCK_SIZE)
			*status = take_block(walker, &walker->error);
		return n;
	case IN_SPECIAL:
		n = at_most(size, walker->left);
		lopt_buf_add(&walker->texts[text_slot(walker->special)], bytes, n);
		break;
	case IN_BODY:
	case IN_PADDING:
		n = at_most(size, walker->left);
		break;
	case ENDED:
	case FAILED:
	default:
		walker->position += size;
		return size;
	}
	walker->left -= n;
	walker->position += n;
	return n;
}

/* Nothing of the current stretch is left: what comes next? */
static void turn(struct lopt_tar_walker *walker, enum lopt_status *status)
{
	while (walker->left == 0) {
		if (walker->state == IN_SPECIAL)
			*status = end_special(walker, &walker->error);
		else if (walker->state != IN_BODY && walker->state != IN_PADDING)
			return;
		if (*status != LOPT_OK)
			return;
		walker->left = walker->padding;
		walker->padding = 0;
		walker->state = walker->left ? IN_PADDING : AT_HEADER;
	}
}

void lopt_tar_walker_feed(struct lopt_tar_walker *walker, const void *bytes, size_t size)
{
	const unsigned char *at = bytes;
	enum lopt_status status = LOPT_OK;
	while (size && status == LOPT_OK) {
		bool is_frame = walker->state != IN_BODY;
		size_t n = step(walker, at, size, &status);
		if (status == LOPT_OK && walker->frame && is_frame)
			status = lopt_sink_write(walker->frame, at, n, &walker->error);
		at += n;
		size -= n;
		if (status == LOPT_OK)
			turn(walker, &status);
	}
	if (status != LOPT_OK)
		walker->state = FAILED;
}

uint64_t lopt_tar_walker_skippable(const struct lopt_tar_walker *walker)
{
	switch (walker->state) {
	case IN_BODY:
		return walker->left;
	case IN_PADDING: /* may be missing at the end, which only reading tells */
	case AT_HEADER:
	case IN_SPECIAL:
	case AT_ZERO:
	case ENDED:
	case FAILED:
		break;
	}
	return 0;
}

void lopt_tar_walker_skip(struct lopt_tar_walker *walker, uint64_t size)
{
	enum lopt_status status = LOPT_OK;
	while (size) {
		uint64_t n = size < walker->left ? size : walker->left;
		walker->left -= n;
		walker->position += n;
		size -= n;
		turn(walker, &status);
	}
}

size_t lopt_tar_walker_missing(const struct lopt_tar_walker *walker)
{
	bool padding = walker->state == IN_PADDING && walker->left < LOPT_TAR_BLOCK_SIZE;
	return padding && walker->tolerate_missing_padding ? (size_t)walker->left : 0;
}

static enum lopt_status cut_off(struct lopt_tar_walker *walker, const char *where)
{
	return lopt_error_set(&walker->error, LOPT_E_INPUT, "cut off %s after %" PRIu64 " bytes", where,
			      walker->position);
}

void lopt_tar_walker_finish(struct lopt_tar_walker *walker)
{
	enum lopt_status status = LOPT_OK;
	switch (walker->state) {
	case AT_HEADER:
		walker->end = walker->position;
		/* fall through */
	case AT_ZERO:
		if (walker->have)
			status = cut_off(walker, "inside a tar header");
		else if (walker->specials)
			status = cut_off(walker, "between a PAX or GNU header and its entry");
		break;
	case IN_SPECIAL:
		status = cut_off(walker, "inside a PAX or GNU header");
		break;
	case IN_BODY:
		status = cut_off(walker, "inside the content of an entry");
		break;
	case IN_PADDING:
		walker->end = walker->position + walker->left;
		if (!walker->tolerate_missing_padding || walker->specials)
			status = cut_off(walker, "inside the padding of an entry");
		break;
	case ENDED:
		break;
	case FAILED:
		return;
	}
	walker->state = status == LOPT_OK ? ENDED : FAILED;
}

enum lopt_status lopt_tar_walker_take(struct lopt_tar_walker *walker, struct lopt_tar_header **out,
				      struct lopt_error *err)
{
	struct lopt_tar_header *header = walker->first;
	if (header) {
		walker->first = header->next;
		if (!walker->first)
			walker->last = &walker->first;
		*out = header;
		return LOPT_OK;
	}
	if (walker->state != FAILED)
		return LOPT_END;
	if (err)
		*err = walker->error;
	return walker->error.status;
}

bool lopt_tar_walker_ended(const struct lopt_tar_walker *walker, uint64_t *offset)
{
	*offset = walker->end;
	return walker->state == ENDED;
}
