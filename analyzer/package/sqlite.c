/* SPDX-License-Identifier: MIT */
#include "package/sqlite.h"

#include "base/buf.h"
#include "base/cleanup.h"

enum {
	INTRO_BYTES = 100, /* the header of the file, in front of its first page */
	PAGE_SIZE_AT = 16,
	RESERVED_AT = 20,
	ENCODING_AT = 56,
	UTF8 = 1,
	PAGE_MIN = 512,
	PAGE_MAX = 65536,
	USABLE_MIN = 480,
	DEPTH_MAX = 20, /* SQLite's own; with two children a page it would be more pages than there can be */

	TABLE_INTERIOR = 5,
	TABLE_LEAF = 13,
	INTERIOR_HEADER = 12,
	LEAF_HEADER = 8,
};

struct database {
	struct lopt_str bytes;
	uint32_t page_size;
	uint32_t usable; /* bytes of each page; what an extension reserved is behind them */
	uint32_t page_count;
	uint32_t unread;	 /* pages that may still be read: each belongs to one place of one tree */
	struct lopt_buf payload; /* a row that several pages hold */
};

/* A page of a tree. */
struct page {
	const char *bytes;
	const char *cells; /* offsets of the cells, two bytes each */
	uint32_t cell_count;
	uint32_t right; /* interior: the child behind the last cell */
	bool leaf;
};

static enum lopt_status damaged(struct lopt_error *err)
{
	return lopt_error_set(err, LOPT_E_INPUT, "a damaged SQLite database");
}

static uint32_t read_u16(const char *at)
{
	return (uint32_t)(unsigned char)at[0] << 8 | (unsigned char)at[1];
}

static uint32_t read_u32(const char *at)
{
	return read_u16(at) << 16 | read_u16(at + 2);
}

/* Seven bits a byte, the last of nine has eight. False when the text ends first. */
static bool read_varint(uint64_t *value, struct lopt_str *rest)
{
	*value = 0;
	for (size_t i = 0; i < 9 && i < rest->len; i++) {
		unsigned char byte = (unsigned char)rest->ptr[i];
		*value = i < 8 ? *value << 7 | (byte & 0x7f) : *value << 8 | byte;
		if (byte < 0x80 || i == 8) {
			*rest = lopt_str_make(rest->ptr + i + 1, rest->len - i - 1);
			return true;
		}
	}
	return false;
}

static enum lopt_status open_database(struct database *db, struct lopt_str bytes, struct lopt_error *err)
{
	if (bytes.len < INTRO_BYTES || memcmp(bytes.ptr, "SQLite format 3", 16) != 0)
		return lopt_error_set(err, LOPT_E_INPUT, "no SQLite database");
	uint32_t page_size = read_u16(bytes.ptr + PAGE_SIZE_AT), reserved = (unsigned char)bytes.ptr[RESERVED_AT];
	page_size = page_size == 1 ? PAGE_MAX : page_size;
	if (page_size < PAGE_MIN || (page_size & (page_size - 1)) || page_size - reserved < USABLE_MIN)
		return damaged(err);
	if (read_u32(bytes.ptr + ENCODING_AT) != UTF8)
		return lopt_error_set(err, LOPT_E_INPUT, "an SQLite database whose text is not UTF-8");
	*db = (struct database){
		.bytes = bytes,
		.page_size = page_size,
		.usable = page_size - reserved,
		.page_count = bytes.len / page_size < UINT32_MAX ? (uint32_t)(bytes.len / page_size) : UINT32_MAX,
		.payload = LOPT_BUF_INIT(bytes.len),
	};
	return LOPT_OK;
}

/* The bytes of a page, or NULL where there is none, or where more were read than there are. */
static const char *take_page(struct database *db, uint32_t number)
{
	if (number == 0 || number > db->page_count || db->unread == 0)
		return NULL;
	db->unread--;
	return db->bytes.ptr + (size_t)(number - 1) * db->page_size;
}

/* The tree's page; it starts behind the header of the file when it is the first. */
static bool read_page(struct page *page, struct database *db, uint32_t number)
{
	const char *bytes = take_page(db, number);
	if (!bytes)
		return false;
	size_t start = number == 1 ? INTRO_BYTES : 0;
	const char *header = bytes + start;
	page->leaf = header[0] == TABLE_LEAF;
	if (!page->leaf && header[0] != TABLE_INTERIOR)
		return false;
	size_t size = page->leaf ? LEAF_HEADER : INTERIOR_HEADER;
	page->bytes = bytes;
	page->cells = header + size;
	page->cell_count = read_u16(header + 3);
	page->right = page->leaf ? 0 : read_u32(header + 8);
	return start + size + 2 * (size_t)page->cell_count <= db->usable;
}

/* A cell up to the end of its page; empty when it lies behind it. */
static struct lopt_str read_cell(const struct database *db, const struct page *page, uint32_t index)
{
	uint32_t at = read_u16(page->cells + (size_t)2 * index);
	return at < db->usable ? lopt_str_make(page->bytes + at, db->usable - at) : lopt_str_make(NULL, 0);
}

/* How much of a row's payload lies in the leaf itself: as much as fits, or so that its last other page is full. */
static uint64_t local_bytes(const struct database *db, uint64_t payload)
{
	uint64_t most = db->usable - 35, least = (db->usable - 12) * 32 / 255 - 23;
	if (payload <= most)
		return payload;
	uint64_t fitting = least + (payload - least) % (db->usable - 4);
	return fitting <= most ? fitting : least;
}

/* Put together what starts in the leaf and goes on in pages that name each other. */
static enum lopt_status gather(struct database *db, uint64_t size, struct lopt_str local, uint32_t next,
			       struct lopt_error *err)
{
	lopt_buf_clear(&db->payload);
	lopt_buf_str(&db->payload, local);
	for (uint64_t left = size - local.len; left;) {
		const char *page = take_page(db, next);
		if (!page)
			return damaged(err);
		size_t part = left < db->usable - 4 ? (size_t)left : db->usable - 4;
		next = read_u32(page);
		lopt_buf_add(&db->payload, page + 4, part);
		left -= part;
	}
	return db->payload.failed ? lopt_error_memory(err) : LOPT_OK;
}

/* The row of a leaf's cell. *used grows by what the cell takes of its page. */
static enum lopt_status read_row(struct lopt_str *record, struct database *db, struct lopt_str cell, uint32_t *used,
				 struct lopt_error *err)
{
	uint64_t size, rowid;
	size_t whole = cell.len;
	if (!read_varint(&size, &cell) || !read_varint(&rowid, &cell) || size > db->bytes.len)
		return damaged(err);
	uint64_t local = local_bytes(db, size);
	if (local + (local < size ? 4 : 0) > cell.len)
		return damaged(err);
	*record = lopt_str_make(cell.ptr, (size_t)local);
	*used += (uint32_t)(whole - cell.len + local);
	if (local == size)
		return LOPT_OK;
	LOPT_TRY(gather(db, size, *record, read_u32(cell.ptr + local), err));
	*record = lopt_buf_view(&db->payload);
	return LOPT_OK;
}

/* Cells that overlap would be more to read than the page. */
static enum lopt_status tell_leaf(struct database *db, const struct page *page, lopt_sqlite_row *row, void *context,
				  struct lopt_error *err)
{
	uint32_t used = 0;
	for (uint32_t i = 0; i < page->cell_count; i++) {
		struct lopt_str record;
		LOPT_TRY(read_row(&record, db, read_cell(db, page, i), &used, err));
		if (used > db->usable)
			return damaged(err);
		LOPT_TRY(row(context, record, err));
	}
	return LOPT_OK;
}

/* The child in front of a cell, or the one behind the last. 0 is none. */
static uint32_t child_of(const struct database *db, const struct page *page, uint32_t index)
{
	if (index == page->cell_count)
		return page->right;
	struct lopt_str cell = read_cell(db, page, index);
	return cell.len < 4 ? 0 : read_u32(cell.ptr);
}

/* The pages above the one that is read, and which child of each comes next. */
struct way {
	struct page page[DEPTH_MAX];
	uint32_t next[DEPTH_MAX];
	size_t depth;
};

/* The next page of the tree, depth first. LOPT_END after the last. */
static enum lopt_status next_page(struct way *way, struct page *page, struct database *db, struct lopt_error *err)
{
	while (way->depth && way->next[way->depth - 1] > way->page[way->depth - 1].cell_count)
		way->depth--;
	if (!way->depth)
		return LOPT_END;
	size_t top = way->depth - 1;
	uint32_t number = child_of(db, &way->page[top], way->next[top]++);
	return read_page(page, db, number) ? LOPT_OK : damaged(err);
}

/* Each row of the tree that starts at page `root`. */
static enum lopt_status walk(struct database *db, uint32_t root, lopt_sqlite_row *row, void *context,
			     struct lopt_error *err)
{
	struct page page = { .leaf = false };
	struct way way = { .depth = 0 };
	db->unread = db->page_count;
	enum lopt_status status = read_page(&page, db, root) ? LOPT_OK : damaged(err);
	for (; status == LOPT_OK; status = next_page(&way, &page, db, err)) {
		if (page.leaf) {
			LOPT_TRY(tell_leaf(db, &page, row, context, err));
			continue;
		}
		if (way.depth == DEPTH_MAX)
			return damaged(err);
		way.next[way.depth] = 0;
		way.page[way.depth++] = page;
	}
	return status == LOPT_END ? LOPT_OK : status;
}

/* What a type of a record says: numbers of 0 to 8 bytes, then blobs and texts of any length in turn. */
static bool read_type(struct lopt_sqlite_value *value, uint64_t *size, uint64_t type)
{
	static const unsigned char sizes[] = { 0, 1, 2, 3, 4, 6, 8, 8, 0, 0 };
	if (type == 10 || type == 11)
		return false;
	if (type >= 12) {
		value->type = type % 2 ? LOPT_SQLITE_TEXT : LOPT_SQLITE_BLOB;
		*size = (type - 12) / 2;
		return true;
	}
	value->type = type == 0 ? LOPT_SQLITE_NULL : type == 7 ? LOPT_SQLITE_REAL : LOPT_SQLITE_INTEGER;
	value->integer = type == 9;
	*size = sizes[type];
	return true;
}

/* Two's complement, big-endian. */
static int64_t read_integer(struct lopt_str bytes)
{
	uint64_t value = (signed char)bytes.ptr[0] < 0 ? UINT64_MAX : 0;
	for (size_t i = 0; i < bytes.len; i++)
		value = value << 8 | (unsigned char)bytes.ptr[i];
	return (int64_t)value;
}

bool lopt_sqlite_column(struct lopt_sqlite_value *value, struct lopt_str record, size_t column)
{
	struct lopt_str types = record;
	uint64_t header, type, at, size = 0;
	*value = (struct lopt_sqlite_value){ .type = LOPT_SQLITE_NULL };
	if (!read_varint(&header, &types) || header > record.len || header < record.len - types.len)
		return false;
	types.len = (size_t)header - (size_t)(types.ptr - record.ptr);
	for (at = header; read_varint(&type, &types) && read_type(value, &size, type); at += size, column--) {
		if (size > record.len - at)
			return false;
		if (column == 0) {
			value->bytes = lopt_str_make(record.ptr + at, (size_t)size);
			if (value->type == LOPT_SQLITE_INTEGER && size)
				value->integer = read_integer(value->bytes);
			return true;
		}
	}
	return false;
}

struct search {
	const char *table;
	uint32_t root; /* 0: not found */
};

/* A row of the schema: type, name, table's name, root page, statement. */
static enum lopt_status match_table(void *context, struct lopt_str record, struct lopt_error *err)
{
	struct search *search = context;
	struct lopt_sqlite_value type, name, root;
	if (!lopt_sqlite_column(&type, record, 0) || !lopt_sqlite_column(&name, record, 1) ||
	    !lopt_sqlite_column(&root, record, 3))
		return damaged(err);
	if (lopt_str_is(type.bytes, "table") && lopt_str_is(name.bytes, search->table) && root.integer > 0 &&
	    root.integer <= UINT32_MAX)
		search->root = (uint32_t)root.integer;
	return LOPT_OK;
}

static enum lopt_status read_table(struct database *db, const char *table, lopt_sqlite_row *row, void *context,
				   struct lopt_error *err)
{
	struct search search = { .table = table };
	LOPT_TRY(walk(db, 1, match_table, &search, err));
	if (search.root == 0)
		return lopt_error_set(err, LOPT_E_INPUT, "an SQLite database without a table %s", table);
	return walk(db, search.root, row, context, err);
}

enum lopt_status lopt_sqlite_read(struct lopt_str database, const char *table, lopt_sqlite_row *row, void *context,
				  struct lopt_error *err)
{
	struct database db = { .page_count = 0 };
	LOPT_TRY(open_database(&db, database, err));
	enum lopt_status status = read_table(&db, table, row, context, err);
	lopt_buf_release(&db.payload);
	return status;
}
