/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_ANALYSIS_SAVED_H
#define LAYEROPT_ANALYSIS_SAVED_H

#include <jansson.h>

#include "base/arena.h"
#include "base/buf.h"

/**
 * A document that this program wrote once, and that anybody may have changed since: members are read by tables, and what
 * is wrong is told with the member's name, as LOPT_E_USAGE. Members that no table names are passed over. Private to this
 * room.
 */

/** A value, and where in the document it is. */
struct lopt_saved {
	const struct lopt_saved *in; /* NULL: the document itself */
	const char *key;	     /* its name there; NULL in a list */
	size_t index;		     /* in a list */
	const json_t *value;	     /* NULL: there is none */
	struct lopt_str text;	     /* of the document itself: as it was read, for lines */
};

/** What the values of a document go into. */
struct lopt_saved_reader {
	struct lopt_arena *arena;
	size_t layers; /* that there are: numbers of layers are below */
};

enum lopt_saved_kind {
	LOPT_SAVED_COUNT,	  /* uint64_t */
	LOPT_SAVED_COUNT_OR_NULL, /* the same, 0 for null */
	LOPT_SAVED_LINE,	  /* uint32_t, 0 for null */
	LOPT_SAVED_LAYER,	  /* size_t */
	LOPT_SAVED_LAYER_OR_NULL, /* the same, LOPT_NO_LAYER for null */
	LOPT_SAVED_LAYERS,	  /* const size_t * and their number */
	LOPT_SAVED_RATIO,	  /* double, NAN for null */
	LOPT_SAVED_BOOL,
	LOPT_SAVED_TEXT,	  /* struct lopt_str of UTF-8, empty for null */
	LOPT_SAVED_TEXTS,	  /* const struct lopt_str * and their number; none is null */
	LOPT_SAVED_NAME,	  /* struct lopt_str of any bytes */
	LOPT_SAVED_NAME_OR_NULL,  /* the same, empty for null */
	LOPT_SAVED_NAMES,	  /* const struct lopt_str * and their number */
	LOPT_SAVED_LABEL,	  /* const char *: letters, digits, ".", "_", "+", "-" */
	LOPT_SAVED_LABEL_OR_NULL, /* the same, NULL for null */
	LOPT_SAVED_SENTENCE,	  /* const char *: nothing in it means anything to a terminal or in Markdown */
	LOPT_SAVED_ADVICE,	  /* const char * of printable ASCII */
	LOPT_SAVED_WORD,	  /* an enum: the index into `words`, whose first may be NULL */
	LOPT_SAVED_WORD_OR_NULL,  /* the same, 0 for null */
};

struct lopt_saved_field {
	const char *name;
	enum lopt_saved_kind kind;
	size_t offset;
	size_t count_offset;	  /* of the size_t that holds how many there are */
	const char *const *words; /* ended by a NULL behind the first */
};

/**
 * The document; the caller releases *out. Numbers up to 2^64 - 1 come through, which jansson has no type for. What is no
 * JSON is told with line and column.
 */
LOPT_CHECKED enum lopt_status lopt_saved_parse(json_t **out, struct lopt_str text, struct lopt_error *err);

struct lopt_saved lopt_saved_member(const struct lopt_saved *in, const char *key);
struct lopt_saved lopt_saved_item(const struct lopt_saved *in, size_t index);

/** The line, from 1, of what `way` leads to, its last place first; of what there is of it. */
size_t lopt_saved_line(struct lopt_str text, const struct lopt_saved *const way[], size_t count);
/** LOPT_E_USAGE: "line 12: layers[3].content_bytes: WHAT" */
enum lopt_status lopt_saved_wrong(const struct lopt_saved *at, struct lopt_error *err, const char *fmt, ...)
	LOPT_PRINTF(3, 4);
/** Is it an object; is it a list? Missing is an error, too. */
LOPT_CHECKED enum lopt_status lopt_saved_need_object(const struct lopt_saved *at, struct lopt_error *err);
LOPT_CHECKED enum lopt_status lopt_saved_need_list(const struct lopt_saved *at, struct lopt_error *err);

/** Read these members of the object `in` into the struct at `to`. */
LOPT_CHECKED enum lopt_status lopt_saved_fields(const struct lopt_saved_reader *reader, const struct lopt_saved *in,
						const struct lopt_saved_field *fields, size_t count, void *to,
						struct lopt_error *err);

#endif
