/* SPDX-License-Identifier: MIT */
#include <inttypes.h>

#include "base/escape.h"
#include "base/cleanup.h"
#include "layeropt/report.h"
#include "report/json_writer.h"
#include "report/listing.h"

/* One path, wherever it comes from: the final filesystem, or an entry of one layer. */
static const unsigned char empty_sha256[32] = {
	0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24,
	0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55,
};

static const unsigned char *sha256_of(const struct lopt_image *image, const struct lopt_layer *layer, uint32_t inode)
{
	if (!layer || inode >= layer->inode_count)
		return NULL;
	const struct lopt_inode *at = &layer->inodes[inode];
	if (at->content == LOPT_NO_CONTENT)
		return at->size == 0 ? empty_sha256 : NULL;
	return lopt_image_sha256(image, at->content);
}

static void row_of_node(struct lopt_row *row, const struct lopt_image *image, const struct lopt_node *node)
{
	*row = (struct lopt_row){
		.path = node->path,
		.type = node->type,
		.mode = node->mode,
		.uid = node->uid,
		.gid = node->gid,
		.has_time = node->entry != NULL,
		.mtime_ns = node->mtime_ns,
		.size = node->size,
		.sha256 = sha256_of(image, node->inode_layer, node->inode),
		.hardlink = node->hardlink,
		.xattrs = node->xattrs,
		.xattr_count = node->xattr_count,
		.layer = node->layer,
	};
	if (!node->entry)
		return;
	row->major = node->entry->major;
	row->minor = node->entry->minor;
	if (node->type == LOPT_SYMLINK)
		row->link = node->entry->link;
}

static void row_of_entry(struct lopt_row *row, const struct lopt_image *image, const struct lopt_layer *layer,
			 const struct lopt_entry *entry)
{
	bool hardlink = entry->flags & LOPT_ENTRY_HARDLINK;
	bool content = entry->type == LOPT_FILE && entry->inode < layer->inode_count;
	*row = (struct lopt_row){
		.path = entry->path.len ? entry->path : lopt_str_from("."),
		.type = (enum lopt_type)entry->type,
		.mode = entry->mode,
		.uid = entry->uid,
		.gid = entry->gid,
		.has_time = true,
		.mtime_ns = entry->mtime_ns,
		.size = content ? layer->inodes[entry->inode].size : entry->size,
		.sha256 = content ? sha256_of(image, layer, entry->inode) : NULL,
		.hardlink = hardlink ? entry->link : lopt_str_make(NULL, 0),
		.link = entry->type == LOPT_SYMLINK && !hardlink ? entry->link : lopt_str_make(NULL, 0),
		.major = entry->major,
		.minor = entry->minor,
		.xattrs = entry->xattrs,
		.xattr_count = entry->xattr_count,
		.layer = layer->index,
		.whiteout = entry->flags & LOPT_ENTRY_WHITEOUT,
		.opaque = entry->flags & LOPT_ENTRY_OPAQUE,
	};
}

/* NDJSON. */

static void put_base64(struct lopt_buf *out, struct lopt_str bytes)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	for (size_t i = 0; i < bytes.len; i += 3) {
		unsigned have = bytes.len - i < 3 ? (unsigned)(bytes.len - i) : 3;
		uint32_t group = 0;
		for (unsigned k = 0; k < 3; k++)
			group = group << 8 | (k < have ? (unsigned char)bytes.ptr[i + k] : 0u);
		for (unsigned k = 0; k < 4; k++)
			lopt_buf_char(out, k <= have ? digits[group >> (18 - 6 * k) & 63] : '=');
	}
}

static void put_path(struct lopt_json *json, struct lopt_buf *scratch, struct lopt_str path)
{
	lopt_json_member_string(json, "path", path);
	if (lopt_utf8_valid(path))
		return;
	lopt_buf_clear(scratch);
	put_base64(scratch, path);
	json->text.failed |= scratch->failed;
	lopt_json_member_string(json, "path_b64", lopt_buf_view(scratch));
}

static void put_metadata(struct lopt_json *json, const struct lopt_row *row)
{
	char text[32];
	char type[2] = { (char)row->type, '\0' };
	lopt_json_member_text(json, "type", type);
	(void)snprintf(text, sizeof text, "%o", row->mode);
	lopt_json_member_text(json, "mode", text);
	lopt_json_key(json, "uid");
	lopt_json_number(json, row->uid);
	lopt_json_key(json, "gid");
	lopt_json_number(json, row->gid);
	lopt_json_key(json, "mtime_ns");
	if (row->has_time)
		lopt_json_number(json, row->mtime_ns);
	else
		lopt_json_null(json);
}

static void put_object(struct lopt_json *json, const struct lopt_row *row)
{
	char text[32];
	switch (row->type) {
	case LOPT_FILE:
		lopt_json_member_count(json, "size", row->size);
		lopt_json_key(json, "sha256");
		if (row->sha256)
			lopt_json_hex(json, row->sha256, 32);
		else
			lopt_json_null(json);
		break;
	case LOPT_SYMLINK:
		if (row->hardlink.len == 0 || row->link.len)
			lopt_json_member_string(json, "link", row->link);
		break;
	case LOPT_CHAR:
	case LOPT_BLOCK:
		(void)snprintf(text, sizeof text, "%" PRIu32 ",%" PRIu32, row->major, row->minor);
		lopt_json_member_text(json, "rdev", text);
		break;
	case LOPT_DIR:
	case LOPT_FIFO:
		break;
	}
	if (row->hardlink.len)
		lopt_json_member_string(json, "hardlink", row->hardlink);
}

static void put_xattrs(struct lopt_json *json, const struct lopt_row *row)
{
	if (row->xattr_count == 0)
		return;
	lopt_json_key(json, "xattrs");
	lopt_json_open(json, '{');
	for (size_t i = 0; i < row->xattr_count; i++) {
		lopt_json_name(json, row->xattrs[i].name);
		lopt_json_hex(json, row->xattrs[i].value.ptr, row->xattrs[i].value.len);
	}
	lopt_json_close(json, '}');
}

static void put_flag(struct lopt_json *json, const char *key, bool set)
{
	if (!set)
		return;
	lopt_json_key(json, key);
	lopt_json_bool(json, true);
}

static void put_ndjson(struct lopt_lister *lister, const struct lopt_row *row)
{
	struct lopt_json *json = &lister->json;
	lopt_json_open(json, '{');
	put_path(json, &lister->scratch, row->path);
	put_metadata(json, row);
	put_object(json, row);
	put_xattrs(json, row);
	lopt_json_member_count(json, "layer", row->layer);
	put_flag(json, "whiteout", row->whiteout);
	put_flag(json, "opaque", row->opaque);
	lopt_json_close(json, '}');
	lopt_json_newline(json);
}

/* All. */

static enum lopt_status put_row(struct lopt_lister *lister, const struct lopt_row *row, struct lopt_error *err)
{
	if (lister->options->ndjson)
		put_ndjson(lister, row);
	else
		lopt_listing_line(lister, row);
	return lister->json.text.failed || lister->scratch.failed ? lopt_error_memory(err) : LOPT_OK;
}

static enum lopt_status visit(void *context, const struct lopt_node *node, struct lopt_error *err)
{
	struct lopt_lister *lister = context;
	struct lopt_row row;
	row_of_node(&row, lister->image, node);
	return put_row(lister, &row, err);
}

static enum lopt_status put_layer(struct lopt_lister *lister, const struct lopt_layer *layer, struct lopt_error *err)
{
	for (size_t i = 0; i < layer->entry_count; i++) {
		struct lopt_row row;
		row_of_entry(&row, lister->image, layer, &layer->entries[i]);
		LOPT_TRY(put_row(lister, &row, err));
	}
	return LOPT_OK;
}

enum lopt_status lopt_listing_write(FILE *to, const struct lopt_image *image,
				    const struct lopt_listing_options *options, struct lopt_error *err)
{
	struct lopt_lister lister = {
		.image = image, .options = options, .to = to, .scratch = LOPT_BUF_INIT(SIZE_MAX / 2)
	};
	lopt_json_init(&lister.json, to, 0);
	const struct lopt_layer *layer = lopt_image_layer(image, options->layer);
	enum lopt_status status;
	if (options->layer == LOPT_NO_LAYER)
		status = lopt_image_walk(image, visit, &lister, err);
	else if (layer)
		status = put_layer(&lister, layer, err);
	else
		status = lopt_error_set(err, LOPT_E_USAGE, "there is no layer %zu: the image has %zu, counted from 0",
					options->layer, lopt_image_layer_count(image));
	lopt_buf_release(&lister.scratch);
	enum lopt_status finished = lopt_json_finish(&lister.json, err);
	return status == LOPT_OK ? finished : status;
}
