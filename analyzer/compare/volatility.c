/* SPDX-License-Identifier: MIT */
#include <fnmatch.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "compare/inner.h"

/* Measured on builds of the same Dockerfile, with and without a changed order of its instructions. The first that fits counts. */
static const struct {
	const char *pattern; /* fnmatch(3): * crosses slashes */
	enum lopt_volatility how;
} table[] = {
	{ "var/cache/apt/pkgcache.bin", LOPT_VOLATILE_CONTENT },
	{ "var/cache/apt/srcpkgcache.bin", LOPT_VOLATILE_CONTENT },
	{ "var/cache/fontconfig/*", LOPT_VOLATILE_CONTENT },
	{ "var/cache/ldconfig/aux-cache", LOPT_VOLATILE_CONTENT },
	{ "var/cache/debconf/*-old", LOPT_VOLATILE_ALL },
	{ "var/lib/dbus/machine-id", LOPT_VOLATILE_CONTENT },
	{ "etc/machine-id", LOPT_VOLATILE_CONTENT },
	{ "var/log/apt/eipp.log.xz", LOPT_VOLATILE_ALL },
	{ "var/log/*", LOPT_VOLATILE_CONTENT },
	{ "var/lib/apt/extended_states", LOPT_VOLATILE_STANZAS },
	{ "var/lib/apt/lists/*", LOPT_VOLATILE_CONTENT },
	{ "var/lib/dpkg/status", LOPT_VOLATILE_STANZAS },
	{ "var/lib/dpkg/status-old", LOPT_VOLATILE_CONTENT },
	{ "var/lib/dpkg/triggers/File", LOPT_VOLATILE_LINES },
	{ "var/lib/systemd/catalog/database", LOPT_VOLATILE_CONTENT },
	{ "var/lib/apk/scripts.tar", LOPT_VOLATILE_CONTENT },
	{ "lib/apk/db/scripts.tar", LOPT_VOLATILE_CONTENT },
	{ "etc/passwd", LOPT_VOLATILE_LINES },
	{ "etc/group", LOPT_VOLATILE_LINES },
	{ "etc/shadow", LOPT_VOLATILE_LINES },
	{ "etc/gshadow", LOPT_VOLATILE_LINES },
	{ "etc/subuid", LOPT_VOLATILE_LINES },
	{ "etc/subgid", LOPT_VOLATILE_LINES },
	{ "etc/passwd-", LOPT_VOLATILE_ALL },
	{ "etc/group-", LOPT_VOLATILE_ALL },
	{ "etc/shadow-", LOPT_VOLATILE_ALL },
	{ "etc/gshadow-", LOPT_VOLATILE_ALL },
	{ "etc/subuid-", LOPT_VOLATILE_ALL },
	{ "etc/subgid-", LOPT_VOLATILE_ALL },
	{ "run/mount/utab", LOPT_VOLATILE_ALL },
	{ "root/.wget-hsts", LOPT_VOLATILE_CONTENT },
	{ "*/DESCRIPTION", LOPT_VOLATILE_STAMPS },
	{ "*/Meta/package.rds", LOPT_VOLATILE_CONTENT },
};

/* Lines of an R DESCRIPTION that tell when it was built. */
static const char *const stamps[] = { "Built:", "Packaged:", "RemoteSha:" };

static bool matches(const char *pattern, struct lopt_str path)
{
	char text[4096];
	if (path.len >= sizeof text || memchr(path.ptr, '\0', path.len))
		return false;
	memcpy(text, path.ptr, path.len);
	text[path.len] = '\0';
	return fnmatch(pattern, text, 0) == 0;
}

enum lopt_volatility lopt_volatility_of(struct lopt_str path)
{
	for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
		if (matches(table[i].pattern, path))
			return table[i].how;
	return LOPT_STEADY;
}

enum lopt_keep lopt_comparison_keep(const struct lopt_entry *entry, struct lopt_str head)
{
	(void)head;
	enum lopt_volatility how = lopt_volatility_of(entry->path);
	bool content = how == LOPT_VOLATILE_LINES || how == LOPT_VOLATILE_STANZAS || how == LOPT_VOLATILE_STAMPS;
	return content ? LOPT_KEEP_ALL : LOPT_KEEP_NOTHING;
}

/* Texts as sets of pieces. */

struct pieces {
	struct lopt_str *items;
	size_t count, cap;
};

static void release_pieces(struct pieces *pieces)
{
	free(pieces->items);
}

static bool is_stamp(struct lopt_str line)
{
	for (size_t i = 0; i < sizeof stamps / sizeof stamps[0]; i++)
		if (lopt_str_starts(line, stamps[i]))
			return true;
	return false;
}

static enum lopt_status add_piece(struct pieces *pieces, struct lopt_str piece, struct lopt_error *err)
{
	struct lopt_str *items = lopt_grow(pieces->items, &pieces->cap, pieces->count + 1, sizeof *items);
	if (!items)
		return lopt_error_memory(err);
	pieces->items = items;
	items[pieces->count++] = piece;
	return LOPT_OK;
}

/* Up to the separator, or to the end. */
static struct lopt_str take_piece(struct lopt_str *rest, const char *separator)
{
	size_t len = strlen(separator);
	const char *end = rest->len ? memmem(rest->ptr, rest->len, separator, len) : NULL;
	struct lopt_str piece = end ? lopt_str_make(rest->ptr, (size_t)(end - rest->ptr)) : *rest;
	size_t gone = end ? piece.len + len : piece.len;
	*rest = lopt_str_make(rest->ptr + gone, rest->len - gone);
	return piece;
}

static enum lopt_status cut(struct pieces *pieces, struct lopt_str text, enum lopt_volatility how,
			    struct lopt_error *err)
{
	const char *separator = how == LOPT_VOLATILE_STANZAS ? "\n\n" : "\n";
	while (text.len) {
		struct lopt_str piece = take_piece(&text, separator);
		while (piece.len && piece.ptr[piece.len - 1] == '\n')
			piece.len--;
		while (piece.len && piece.ptr[0] == '\n')
			piece = lopt_str_make(piece.ptr + 1, piece.len - 1);
		if (piece.len && !(how == LOPT_VOLATILE_STAMPS && is_stamp(piece)))
			LOPT_TRY(add_piece(pieces, piece, err));
	}
	return LOPT_OK;
}

static int compare_pieces(const void *a, const void *b)
{
	const struct lopt_str *x = a, *y = b;
	return lopt_str_compare(*x, *y);
}

static void sort_pieces(struct pieces *pieces)
{
	if (pieces->count)
		qsort(pieces->items, pieces->count, sizeof *pieces->items, compare_pieces);
}

static enum lopt_status same_pieces(bool *same, enum lopt_volatility how, struct lopt_str a, struct lopt_str b,
				    struct lopt_error *err)
{
	LOPT_CLEANUP(release_pieces) struct pieces x = { 0 };
	LOPT_CLEANUP(release_pieces) struct pieces y = { 0 };
	LOPT_TRY(cut(&x, a, how, err));
	LOPT_TRY(cut(&y, b, how, err));
	if (how != LOPT_VOLATILE_STAMPS) {
		sort_pieces(&x);
		sort_pieces(&y);
	}
	*same = x.count == y.count;
	for (size_t i = 0; *same && i < x.count; i++)
		*same = lopt_str_equal(x.items[i], y.items[i]);
	return LOPT_OK;
}

enum lopt_status lopt_content_alike(bool *alike, enum lopt_volatility how, struct lopt_str a, struct lopt_str b,
				    struct lopt_error *err)
{
	*alike = false;
	if (how == LOPT_STEADY)
		return LOPT_OK;
	if (how == LOPT_VOLATILE_ALL || how == LOPT_VOLATILE_CONTENT) {
		*alike = true;
		return LOPT_OK;
	}
	return same_pieces(alike, how, a, b, err);
}
