/* SPDX-License-Identifier: MIT */
#include <inttypes.h>

#include "base/escape.h"
#include "base/cleanup.h"
#include "layeropt/report.h"
#include "report/formats.h"
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
		.content_layer = node->inode_layer ? node->inode_layer->index : node->layer,
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
		.content_layer = layer->index,
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

/* Text that may be any bytes: where it is no UTF-8, `key_b64` says what they are. */
static void put_bytes(struct lopt_lister *lister, const char *key, const char *key_b64, struct lopt_str bytes)
{
	lopt_json_member_string(&lister->json, key, bytes);
	if (lopt_utf8_valid(bytes))
		return;
	lopt_buf_clear(&lister->scratch);
	put_base64(&lister->scratch, bytes);
	lopt_json_member_string(&lister->json, key_b64, lopt_buf_view(&lister->scratch));
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

static void put_object(struct lopt_lister *lister, const struct lopt_row *row)
{
	struct lopt_json *json = &lister->json;
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
			put_bytes(lister, "link", "link_b64", row->link);
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
		put_bytes(lister, "hardlink", "hardlink_b64", row->hardlink);
}

static void put_xattrs(struct lopt_lister *lister, const char *key, const struct lopt_row *row, bool encoded)
{
	struct lopt_json *json = &lister->json;
	lopt_json_key(json, key);
	lopt_json_open(json, '{');
	for (size_t i = 0; i < row->xattr_count; i++) {
		lopt_buf_clear(&lister->scratch);
		if (encoded)
			put_base64(&lister->scratch, row->xattrs[i].name);
		lopt_json_name(json, encoded ? lopt_buf_view(&lister->scratch) : row->xattrs[i].name);
		lopt_json_hex(json, row->xattrs[i].value.ptr, row->xattrs[i].value.len);
	}
	lopt_json_close(json, '}');
}

static void put_all_xattrs(struct lopt_lister *lister, const struct lopt_row *row)
{
	bool valid = true;
	for (size_t i = 0; i < row->xattr_count; i++)
		valid = valid && lopt_utf8_valid(row->xattrs[i].name);
	if (row->xattr_count)
		put_xattrs(lister, "xattrs", row, false);
	if (!valid)
		put_xattrs(lister, "xattrs_b64", row, true);
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
	put_bytes(lister, "path", "path_b64", row->path);
	put_metadata(json, row);
	put_object(lister, row);
	put_all_xattrs(lister, row);
	lopt_json_member_count(json, "layer", row->layer);
	if (row->content_layer != row->layer)
		lopt_json_member_count(json, "content_layer", row->content_layer);
	put_flag(json, "whiteout", row->whiteout);
	put_flag(json, "opaque", row->opaque);
	lopt_json_close(json, '}');
	lopt_json_newline(json);
}

/* The first row: what is listed, and what a comparison needs beyond paths. */

static void put_packages(struct lopt_lister *lister, const struct lopt_analysis *analysis)
{
	struct lopt_json *json = &lister->json;
	lopt_json_key(json, "packages");
	lopt_json_open(json, '[');
	for (size_t i = 0; i < analysis->package_count; i++) {
		const struct lopt_package_row *row = &analysis->packages[i];
		if (!row->manager)
			continue;
		lopt_json_open(json, '{');
		lopt_json_member_text(json, "manager", row->manager);
		put_bytes(lister, "name", "name_b64", row->name);
		put_bytes(lister, "version", "version_b64", row->version);
		lopt_json_member_count(json, "bytes", row->bytes);
		lopt_json_close(json, '}');
	}
	lopt_json_close(json, ']');
}

static void put_header(struct lopt_lister *lister)
{
	const struct lopt_analysis *analysis = lister->options->analysis;
	const struct lopt_report_options options = { .show_secrets = lister->options->show_secrets };
	struct lopt_json *json = &lister->json;
	lopt_json_open(json, '{');
	lopt_json_member_text(json, "schema", "layeropt/listing/1.0");
	lopt_json_key(json, "layer");
	if (lister->options->layer == LOPT_NO_LAYER)
		lopt_json_null(json);
	else
		lopt_json_count(json, lister->options->layer);
	lopt_json_key(json, "secrets_masked");
	lopt_json_bool(json, !options.show_secrets);
	lopt_json_image_members(json, analysis, &options);
	put_packages(lister, analysis);
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
	if (options->ndjson && options->analysis)
		put_header(&lister);
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
