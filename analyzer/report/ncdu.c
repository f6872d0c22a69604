/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/escape.h"
#include "report/formats.h"

/*
 * The final filesystem as ncdu exports one (https://dev.yorhel.nl/ncdu/jsonfmt, 1.2): `ncdu -f -` opens it. A directory is
 * an array of itself and what it holds. Only regular files have a size, and it is their content's: what ncdu adds up is
 * visible_bytes. It is written as the walk comes by; hard links alone are counted beforehand.
 */
struct writer {
	FILE *to;
	struct lopt_buf name;
	const struct lopt_image *image;
	uint64_t *first; /* by layer: number of its first inode, from 1 */
	uint32_t *names; /* by number of the inode: how many visible ones it has; 0 where it has but one */
	size_t open;	 /* directories, the root left out */
};

static void release_writer(struct writer *w)
{
	free(w->first);
	free(w->names);
	lopt_buf_release(&w->name);
}

static uint64_t number_of(const struct writer *w, const struct lopt_node *node)
{
	return w->first[node->inode_layer->index] + node->inode;
}

static enum lopt_status number_inodes(struct writer *w, struct lopt_error *err)
{
	size_t layers = lopt_image_layer_count(w->image);
	uint64_t count = 1;
	w->first = calloc(layers + 1, sizeof *w->first);
	if (!w->first)
		return lopt_error_memory(err);
	for (size_t i = 0; i < layers; i++) {
		w->first[i] = count;
		count += lopt_image_layer(w->image, i)->inode_count;
	}
	w->names = calloc(count, sizeof *w->names);
	return w->names ? LOPT_OK : lopt_error_memory(err);
}

static enum lopt_status count_name(void *context, const struct lopt_node *node, struct lopt_error *err)
{
	struct writer *w = context;
	(void)err;
	if (node->inode_layer && node->hardlink.len)
		w->names[number_of(w, node)]++;
	return LOPT_OK;
}

static size_t directories_above(struct lopt_str path)
{
	size_t count = 0;
	for (const char *at = path.ptr; (at = memchr(at, '/', path.len - (size_t)(at - path.ptr))); at++)
		count++;
	return count;
}

static void close_directories(struct writer *w, size_t left)
{
	for (; w->open > left; w->open--)
		(void)fputc(']', w->to);
}

static void put_file(struct writer *w, const struct lopt_node *node)
{
	if (node->size)
		(void)fprintf(w->to, ",\"asize\":%" PRIu64 ",\"dsize\":%" PRIu64, node->size, node->size);
	if (node->hardlink.len)
		(void)fprintf(w->to, ",\"ino\":%" PRIu64 ",\"nlink\":%" PRIu32, number_of(w, node),
			      w->names[number_of(w, node)]);
}

static enum lopt_status put_node(void *context, const struct lopt_node *node, struct lopt_error *err)
{
	struct writer *w = context;
	const char *slash = memrchr(node->path.ptr, '/', node->path.len);
	size_t start = slash ? (size_t)(slash - node->path.ptr) + 1 : 0;
	close_directories(w, directories_above(node->path));
	lopt_buf_clear(&w->name);
	lopt_escape_ncdu(&w->name, lopt_str_make(node->path.ptr + start, node->path.len - start));
	if (w->name.failed)
		return lopt_error_memory(err);
	(void)fprintf(w->to, ",\n%s{\"name\":\"%s\"", node->type == LOPT_DIR ? "[" : "", w->name.data);
	if (node->inode_layer)
		put_file(w, node);
	else if (node->type != LOPT_DIR)
		(void)fputs(",\"notreg\":true", w->to);
	(void)fputc('}', w->to);
	w->open += node->type == LOPT_DIR;
	return LOPT_OK;
}

enum lopt_status lopt_report_ncdu(FILE *to, const struct lopt_analysis *analysis,
				  const struct lopt_report_options *options, struct lopt_error *err)
{
	LOPT_CLEANUP(release_writer)
	struct writer w = { .to = to, .name = LOPT_BUF_INIT(SIZE_MAX / 2), .image = analysis->image };
	(void)options;
	LOPT_TRY(number_inodes(&w, err));
	LOPT_TRY(lopt_image_walk(w.image, count_name, &w, err));
	(void)fputs("[1,2,{\"progname\":\"layeropt\",\"progver\":\"" LOPT_VERSION "\"},\n[{\"name\":\"/\"}", to);
	LOPT_TRY(lopt_image_walk(w.image, put_node, &w, err));
	close_directories(&w, 0);
	(void)fputs("]]\n", to);
	return LOPT_OK;
}
