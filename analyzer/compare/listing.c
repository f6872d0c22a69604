/* SPDX-License-Identifier: MIT */
#include "compare/listing.h"

#include "base/cleanup.h"
#include "compare/lines.h"
#include "layer/path.h"

enum { LOOK = 4096 }; /* at the beginning, for a schema */

static struct lopt_str skip_blanks(struct lopt_str text)
{
	while (text.len && strchr(" \t\r\n", text.ptr[0]) && text.ptr[0])
		text = lopt_str_make(text.ptr + 1, text.len - 1);
	return text;
}

/* An archive begins with the name of a member: none is called {" */
bool lopt_listing_begins(struct lopt_str head)
{
	struct lopt_str text = skip_blanks(head);
	if (text.len == 0 || text.ptr[0] != '{')
		return false;
	text = skip_blanks(lopt_str_make(text.ptr + 1, text.len - 1));
	return text.len && text.ptr[0] == '"';
}

/* --- which schema --- */

/* The member "schema" as written: of a whole line, or the first of a document that goes on over several. */
static struct lopt_str find_schema(struct lopt_str head)
{
	static const char *const keys[] = { "schema" };
	const char *end = head.len ? memchr(head.ptr, '\n', head.len) : NULL;
	struct lopt_str line = lopt_str_make(head.ptr, end ? (size_t)(end - head.ptr) : head.len);
	struct lopt_str value, key;
	struct lopt_scan scan;
	if (lopt_scan_object(line, keys, &value, 1))
		return value;
	lopt_scan_start(&scan, head, '{');
	if (lopt_scan_member(&scan, &key, &value) && lopt_str_is(key, "\"schema\""))
		return value;
	return lopt_str_make(NULL, 0);
}

static bool is_known(struct lopt_str schema)
{
	static const char front[] = "\"layeropt/listing/1.";
	size_t len = sizeof front - 1;
	if (!lopt_str_starts(schema, front) || schema.len < len + 2 || schema.ptr[schema.len - 1] != '"')
		return false;
	for (size_t i = len; i + 1 < schema.len; i++)
		if (schema.ptr[i] < '0' || schema.ptr[i] > '9')
			return false;
	return true;
}

static enum lopt_status check_schema(struct lopt_str head, struct lopt_error *err)
{
	struct lopt_str schema = find_schema(head);
	if (is_known(schema))
		return LOPT_OK;
	if (lopt_str_starts(schema, "\"layeropt/listing/"))
		return lopt_error_set(err, LOPT_E_USAGE,
				      "its schema is %.*s, and this program reads \"layeropt/listing/1\"",
				      LOPT_STR_ARGS(schema));
	if (schema.len)
		return lopt_error_set(err, LOPT_E_USAGE,
				      "its schema is %.*s: no listing as 'layeropt ls --format ndjson' saves it",
				      LOPT_STR_ARGS(schema));
	return lopt_error_set(err, LOPT_E_USAGE,
			      "no listing: it does not begin with the header row of 'layeropt ls --format ndjson'");
}

/* --- rows --- */

struct reading {
	struct lopt_inventory *to;
	struct lopt_lines lines;
	struct lopt_buf room;
	const struct lopt_limits *limits;
	uint64_t paths; /* that the header promises */
};

static void release_reading(struct reading *reading)
{
	lopt_lines_release(&reading->lines);
	lopt_buf_release(&reading->room);
}

static enum lopt_status check_order(const struct lopt_inventory *to, const struct lopt_item *item,
				    struct lopt_error *err)
{
	int order = to->count ? lopt_path_compare(to->items[to->count - 1].path, item->path) : -1;
	if (order == 0)
		return lopt_error_set(err, LOPT_E_INPUT, "path: the same as in the line before");
	return order < 0 ? LOPT_OK : lopt_error_set(err, LOPT_E_INPUT, "path: not in byte order");
}

static enum lopt_status add_row(struct reading *reading, struct lopt_str line, struct lopt_error *err)
{
	struct lopt_inventory *to = reading->to;
	if (to->count == reading->paths)
		return lopt_error_set(err, LOPT_E_INPUT, "more than the %llu paths of the header row",
				      (unsigned long long)reading->paths);
	struct lopt_item *items = lopt_grow(to->items, &to->cap, to->count + 1, sizeof *items);
	if (!items)
		return lopt_error_memory(err);
	to->items = items;
	LOPT_TRY(lopt_listing_row(&items[to->count], to, line, &reading->room, reading->limits, err));
	LOPT_TRY(check_order(to, &items[to->count], err));
	to->count++;
	return LOPT_OK;
}

/* A line that is wrong, by its number; usage errors are about the file. */
static enum lopt_status at_line(const struct reading *reading, enum lopt_status status, struct lopt_error *err)
{
	if (status != LOPT_E_INPUT && status != LOPT_E_LIMIT)
		return status;
	return lopt_error_context(err, "line %llu", (unsigned long long)reading->lines.number);
}

static enum lopt_status read_header(struct reading *reading, struct lopt_error *err)
{
	struct lopt_str head, line;
	LOPT_TRY(lopt_lines_look(&head, &reading->lines, LOOK, err));
	LOPT_TRY(check_schema(head, err));
	enum lopt_status status = lopt_lines_next(&line, &reading->lines, err);
	if (status == LOPT_END)
		return lopt_error_set(err, LOPT_E_BUG, "a schema without a line");
	LOPT_TRY(status);
	status = lopt_listing_header(reading->to, &reading->paths, line, &reading->room, reading->limits, err);
	if (status == LOPT_OK && reading->paths > reading->limits->entries)
		status = lopt_error_set(err, LOPT_E_LIMIT, "%llu paths, the ceiling is %llu (--limit entries=N)",
					(unsigned long long)reading->paths,
					(unsigned long long)reading->limits->entries);
	return at_line(reading, status, err);
}

static enum lopt_status read_rows(struct reading *reading, struct lopt_error *err)
{
	struct lopt_str line;
	enum lopt_status status;
	while ((status = lopt_lines_next(&line, &reading->lines, err)) == LOPT_OK)
		LOPT_TRY(at_line(reading, add_row(reading, line, err), err));
	if (status != LOPT_END)
		return status;
	if (reading->to->count == reading->paths)
		return LOPT_OK;
	return lopt_error_set(err, LOPT_E_INPUT, "cut off after line %llu: %llu of %llu paths are missing",
			      (unsigned long long)reading->lines.number,
			      (unsigned long long)(reading->paths - reading->to->count),
			      (unsigned long long)reading->paths);
}

enum lopt_status lopt_inventory_read(struct lopt_inventory *out, struct lopt_arena *arena, struct lopt_stream *stream,
				     const struct lopt_limits *limits, struct lopt_error *err)
{
	LOPT_CLEANUP(release_reading)
	struct reading reading = {
		.to = out,
		.lines = { .stream = stream, .max = limits->json_bytes },
		.room = LOPT_BUF_INIT(SIZE_MAX / 2),
		.limits = limits,
	};
	*out = (struct lopt_inventory){ .arena = arena };
	LOPT_TRY(read_header(&reading, err));
	return read_rows(&reading, err);
}
