/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_REPACK_VALUE_H
#define LAYEROPT_REPACK_VALUE_H

#include "repack/inner.h"
#include "source/json.h"

/** JSON that is made. Private to this room; every failure is memory. */

/** A member, whose value is taken in any case; NULL is memory that was not there. */
LOPT_CHECKED enum lopt_status lopt_value_set(json_t *object, const char *key, json_t *value, struct lopt_error *err);
/** At the end of an array, likewise. */
LOPT_CHECKED enum lopt_status lopt_value_append(json_t *array, json_t *value, struct lopt_error *err);
/** digest and size of a descriptor; bytes of the old blob in it ("data") go. */
LOPT_CHECKED enum lopt_status lopt_value_describe(json_t *descriptor, const struct lopt_new_blob *blob,
						  struct lopt_error *err);
/** index.json of the input (index.c); *out stays NULL where there is none. */
LOPT_CHECKED enum lopt_status lopt_index_read(json_t **out, const struct lopt_documents *documents,
					      struct lopt_error *err);
/** A blob of the input by its digest; *out stays NULL where there is none, or another one under its name. The caller releases it. */
LOPT_CHECKED enum lopt_status lopt_value_read_blob(json_t **out, struct lopt_store *store,
						   const struct lopt_limits *limits, struct lopt_str digest,
						   struct lopt_error *err);
/** A document of the input by its member. The caller releases both. */
LOPT_CHECKED enum lopt_status lopt_value_read(json_t **out, struct lopt_buf *text,
					      const struct lopt_documents *documents, uint32_t member,
					      struct lopt_error *err);

#endif
