/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_GATE_YAML_H
#define LAYEROPT_GATE_YAML_H

#include <cyaml/cyaml.h>
#include <yaml.h>

#include "layeropt/str.h"
#include "layeropt/status.h"

/**
 * One YAML document with the line of everything in it. libcyaml turns it into structures, but tells lines only in its
 * log: the document says where a key stands, and what is not in the schema, before it is asked.
 */
struct lopt_yaml {
	const char *name; /* of the file, for messages */
	struct lopt_str text;
	yaml_document_t document;
	bool loaded;
};

enum { LOPT_YAML_BYTES_MAX = 1 << 20 };

/** The text and the name stay borrowed. On success the caller releases *out. LOPT_E_USAGE says "NAME:LINE: WHAT". */
LOPT_CHECKED enum lopt_status lopt_yaml_parse(struct lopt_yaml *out, const char *name, struct lopt_str text,
					      struct lopt_error *err);
void lopt_yaml_release(struct lopt_yaml *yaml);

/** Nothing but comments. */
bool lopt_yaml_empty(const struct lopt_yaml *yaml);
/** Hold it to a schema; `lenient`: keys that are not in there are passed over. */
LOPT_CHECKED enum lopt_status lopt_yaml_check(const struct lopt_yaml *yaml, const cyaml_schema_value_t *schema,
					      bool lenient, struct lopt_error *err);
/** What libcyaml makes of it; *out is to be given back to lopt_yaml_free() and stays NULL for an empty document. */
LOPT_CHECKED enum lopt_status lopt_yaml_load(void **out, const struct lopt_yaml *yaml,
					     const cyaml_schema_value_t *schema, bool lenient, struct lopt_error *err);
void lopt_yaml_free(void *loaded, const cyaml_schema_value_t *schema);

/** The node of a key in a mapping, or of an item of a sequence, from 1 as libyaml numbers them; 0: there is none. Start at 1. */
int lopt_yaml_member(const struct lopt_yaml *yaml, int mapping, const char *key);
int lopt_yaml_item(const struct lopt_yaml *yaml, int sequence, size_t index);
/** The line of a node, from 1; of no node 1. */
uint32_t lopt_yaml_line(const struct lopt_yaml *yaml, int node);

#endif
