/* SPDX-License-Identifier: MIT */
#include "gate/yaml.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/suggest.h"

enum { KEYS_MAX = 64 };

/* --- parsing --- */

static enum lopt_status refused(const char *name, const yaml_parser_t *parser, struct lopt_error *err)
{
	/* what it cannot store it gives up on without an error */
	if (parser->error == YAML_MEMORY_ERROR || parser->error == YAML_NO_ERROR)
		return lopt_error_memory(err);
	size_t line = parser->error == YAML_READER_ERROR ? parser->mark.line : parser->problem_mark.line;
	return lopt_error_set(err, LOPT_E_USAGE, "%s:%zu: %s", name, line + 1,
			      parser->problem ? parser->problem : "this is no YAML");
}

static enum lopt_status load(struct lopt_yaml *yaml, yaml_parser_t *parser, struct lopt_error *err)
{
	yaml_document_t more;
	if (!yaml_parser_load(parser, &yaml->document))
		return refused(yaml->name, parser, err);
	yaml->loaded = true;
	if (!yaml_document_get_root_node(&yaml->document))
		return LOPT_OK;
	if (!yaml_parser_load(parser, &more))
		return refused(yaml->name, parser, err);
	const yaml_node_t *root = yaml_document_get_root_node(&more);
	size_t line = root ? root->start_mark.line + 1 : 0;
	yaml_document_delete(&more);
	if (line)
		return lopt_error_set(err, LOPT_E_USAGE, "%s:%zu: a second document; there is to be one", yaml->name,
				      line);
	return LOPT_OK;
}

enum lopt_status lopt_yaml_parse(struct lopt_yaml *out, const char *name, struct lopt_str text, struct lopt_error *err)
{
	yaml_parser_t parser;
	*out = (struct lopt_yaml){ .name = name, .text = text };
	if (text.len > LOPT_YAML_BYTES_MAX)
		return lopt_error_set(err, LOPT_E_USAGE, "%s: more than %d bytes", name, LOPT_YAML_BYTES_MAX);
	if (!yaml_parser_initialize(&parser))
		return lopt_error_memory(err);
	yaml_parser_set_input_string(&parser, (const unsigned char *)(text.ptr ? text.ptr : ""), text.len);
	enum lopt_status status = load(out, &parser, err);
	yaml_parser_delete(&parser);
	if (status != LOPT_OK)
		lopt_yaml_release(out);
	return status;
}

void lopt_yaml_release(struct lopt_yaml *yaml)
{
	if (yaml->loaded)
		yaml_document_delete(&yaml->document);
	yaml->loaded = false;
}

/* --- nodes: the functions of libyaml take no const document --- */

static const yaml_node_t *node_at(const struct lopt_yaml *yaml, int node)
{
	return yaml->loaded ? yaml_document_get_node((yaml_document_t *)&yaml->document, node) : NULL;
}

bool lopt_yaml_empty(const struct lopt_yaml *yaml)
{
	return !node_at(yaml, 1);
}

static struct lopt_str scalar(const yaml_node_t *node)
{
	return node && node->type == YAML_SCALAR_NODE
		       ? lopt_str_make((const char *)node->data.scalar.value, node->data.scalar.length)
		       : lopt_str_make(NULL, 0);
}

static size_t pair_count(const yaml_node_t *node)
{
	return (size_t)(node->data.mapping.pairs.top - node->data.mapping.pairs.start);
}

int lopt_yaml_member(const struct lopt_yaml *yaml, int mapping, const char *key)
{
	const yaml_node_t *node = node_at(yaml, mapping);
	if (!node || node->type != YAML_MAPPING_NODE)
		return 0;
	for (size_t i = 0; i < pair_count(node); i++) {
		const yaml_node_pair_t *pair = &node->data.mapping.pairs.start[i];
		if (lopt_str_is(scalar(node_at(yaml, pair->key)), key))
			return pair->value;
	}
	return 0;
}

int lopt_yaml_item(const struct lopt_yaml *yaml, int sequence, size_t index)
{
	const yaml_node_t *node = node_at(yaml, sequence);
	if (!node || node->type != YAML_SEQUENCE_NODE)
		return 0;
	size_t count = (size_t)(node->data.sequence.items.top - node->data.sequence.items.start);
	return index < count ? node->data.sequence.items.start[index] : 0;
}

uint32_t lopt_yaml_line(const struct lopt_yaml *yaml, int node)
{
	const yaml_node_t *at = node_at(yaml, node);
	return at ? (uint32_t)at->start_mark.line + 1 : 1;
}

/* --- the schema --- */

/* What is still to be held to its schema, in the order of the document's levels. */
struct checking {
	const struct lopt_yaml *yaml;
	const cyaml_schema_value_t *root;
	bool lenient;
	struct task {
		int node;
		const cyaml_schema_value_t *schema;
		const char *name;
	} * tasks;
	size_t count, cap;
	struct lopt_error *err;
};

static void release_checking(struct checking *c)
{
	free(c->tasks);
}

static enum lopt_status add_task(struct checking *c, int node, const cyaml_schema_value_t *schema, const char *name)
{
	struct task *tasks = lopt_grow(c->tasks, &c->cap, c->count + 1, sizeof *tasks);
	if (!tasks)
		return lopt_error_memory(c->err);
	c->tasks = tasks;
	tasks[c->count++] = (struct task){ node, schema, name };
	return LOPT_OK;
}

static bool is_null(const yaml_node_t *node)
{
	return node->type == YAML_SCALAR_NODE && node->data.scalar.length == 0 &&
	       node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
}

static bool has_key(const cyaml_schema_value_t *schema, struct lopt_str key)
{
	const cyaml_schema_value_t *mapping = schema->type == CYAML_SEQUENCE ? schema->sequence.entry : schema;
	for (size_t i = 0; mapping->type == CYAML_MAPPING && mapping->mapping.fields[i].key; i++)
		if (lopt_str_is(key, mapping->mapping.fields[i].key))
			return true;
	return false;
}

/* "budgets, own or base": the sections that have such a key. */
static void list_sections(struct lopt_buf *out, const cyaml_schema_value_t *root, struct lopt_str key)
{
	const char *last = NULL;
	for (size_t i = 0; root->type == CYAML_MAPPING && root->mapping.fields[i].key; i++) {
		if (!has_key(&root->mapping.fields[i].value, key))
			continue;
		if (last)
			lopt_buf_printf(out, "%s%s", out->len ? ", " : "", last);
		last = root->mapping.fields[i].key;
	}
	if (last)
		lopt_buf_printf(out, "%s%s", out->len ? " or " : "", last);
}

static enum lopt_status unknown_key(const struct checking *c, uint32_t line, struct lopt_str key,
				    const cyaml_schema_field_t *fields)
{
	const char *names[KEYS_MAX + 1];
	char typed[LOPT_SUGGEST_MAX + 1] = "";
	size_t count = 0;
	for (; count < KEYS_MAX && fields[count].key; count++)
		names[count] = fields[count].key;
	names[count] = NULL;
	if (key.len < sizeof typed)
		memcpy(typed, key.ptr, key.len);
	const char *near = typed[0] ? lopt_word_suggest(typed, names) : NULL;
	int shown = (int)(key.len < 200 ? key.len : 200);
	LOPT_CLEANUP(lopt_buf_release) struct lopt_buf sections = LOPT_BUF_INIT(1024);
	list_sections(&sections, c->root, key);
	if (sections.len)
		return lopt_error_set(c->err, LOPT_E_USAGE, "%s:%u: unknown key \"%.*s\"; it belongs under %s",
				      c->yaml->name, (unsigned)line, shown, key.ptr, sections.data);
	if (near)
		return lopt_error_set(c->err, LOPT_E_USAGE, "%s:%u: unknown key \"%.*s\"; did you mean %s?",
				      c->yaml->name, (unsigned)line, shown, key.ptr, near);
	return lopt_error_set(c->err, LOPT_E_USAGE, "%s:%u: unknown key \"%.*s\"", c->yaml->name, (unsigned)line, shown,
			      key.ptr);
}

static enum lopt_status check_pair(struct checking *c, const yaml_node_pair_t *pair, const cyaml_schema_field_t *fields,
				   bool *seen)
{
	struct lopt_str key = scalar(node_at(c->yaml, pair->key));
	uint32_t line = lopt_yaml_line(c->yaml, pair->key);
	if (!key.ptr)
		return lopt_error_set(c->err, LOPT_E_USAGE, "%s:%u: a key is to be a word", c->yaml->name,
				      (unsigned)line);
	for (size_t i = 0; i < KEYS_MAX && fields[i].key; i++) {
		if (!lopt_str_is(key, fields[i].key))
			continue;
		if (seen[i])
			return lopt_error_set(c->err, LOPT_E_USAGE, "%s:%u: \"%s\" is there twice", c->yaml->name,
					      (unsigned)line, fields[i].key);
		seen[i] = true;
		return add_task(c, pair->value, &fields[i].value, fields[i].key);
	}
	return c->lenient ? LOPT_OK : unknown_key(c, line, key, fields);
}

static enum lopt_status wrong_kind(const struct checking *c, const struct task *task, const char *wanted)
{
	return lopt_error_set(c->err, LOPT_E_USAGE, "%s:%u: %s: %s is wanted here", c->yaml->name,
			      (unsigned)lopt_yaml_line(c->yaml, task->node), task->name, wanted);
}

static enum lopt_status no_mapping(const struct checking *c, const struct task *task)
{
	return lopt_error_set(c->err, LOPT_E_USAGE, "%s:%u: %s: a mapping is wanted here, as in %s: VALUE",
			      c->yaml->name, (unsigned)lopt_yaml_line(c->yaml, task->node), task->name,
			      task->schema->mapping.fields[0].key);
}

static enum lopt_status check_mapping(struct checking *c, const struct task *task, const yaml_node_t *node)
{
	bool seen[KEYS_MAX] = { false };
	if (node && is_null(node) && task->schema->flags & CYAML_FLAG_POINTER_NULL)
		return LOPT_OK;
	if (!node || node->type != YAML_MAPPING_NODE)
		return no_mapping(c, task);
	for (size_t i = 0; i < pair_count(node); i++)
		LOPT_TRY(check_pair(c, &node->data.mapping.pairs.start[i], task->schema->mapping.fields, seen));
	return LOPT_OK;
}

static enum lopt_status check_sequence(struct checking *c, const struct task *task, const yaml_node_t *node)
{
	int item;
	if (!node || is_null(node))
		return LOPT_OK;
	if (node->type != YAML_SEQUENCE_NODE)
		return wrong_kind(c, task, "a list (- item)");
	for (size_t i = 0; (item = lopt_yaml_item(c->yaml, task->node, i)); i++) {
		if (i >= task->schema->sequence.max)
			return lopt_error_set(c->err, LOPT_E_USAGE, "%s:%u: %s: more than %u items", c->yaml->name,
					      (unsigned)lopt_yaml_line(c->yaml, item), task->name,
					      (unsigned)task->schema->sequence.max);
		LOPT_TRY(add_task(c, item, task->schema->sequence.entry, task->name));
	}
	return LOPT_OK;
}

/* Mappings, sequences and words are all that our schemas are made of. */
static enum lopt_status check(struct checking *c, const struct task *task)
{
	const yaml_node_t *node = node_at(c->yaml, task->node);
	if (task->schema->type == CYAML_MAPPING)
		return check_mapping(c, task, node);
	if (task->schema->type == CYAML_SEQUENCE)
		return check_sequence(c, task, node);
	if (!node || node->type != YAML_SCALAR_NODE)
		return wrong_kind(c, task, "one value");
	if (memchr(node->data.scalar.value, '\0', node->data.scalar.length))
		return wrong_kind(c, task, "a value without NUL");
	return LOPT_OK;
}

enum lopt_status lopt_yaml_check(const struct lopt_yaml *yaml, const cyaml_schema_value_t *schema, bool lenient,
				 struct lopt_error *err)
{
	LOPT_CLEANUP(release_checking)
	struct checking c = { .yaml = yaml, .root = schema, .lenient = lenient, .err = err };
	if (lopt_yaml_empty(yaml))
		return LOPT_OK;
	LOPT_TRY(add_task(&c, 1, schema, "the file"));
	for (size_t i = 0; i < c.count; i++) {
		const struct task task = c.tasks[i]; /* the list moves when it grows */
		LOPT_TRY(check(&c, &task));
	}
	return LOPT_OK;
}

/* --- libcyaml --- */

/* The first thing it complains about. */
LOPT_PRINTF(3, 0)
static void note(cyaml_log_t level, void *context, const char *fmt, va_list args)
{
	char *text = context;
	if (level == CYAML_LOG_ERROR && !*text)
		(void)vsnprintf(text, LOPT_ERROR_MAX / 2, fmt, args);
}

static cyaml_config_t config_of(bool lenient, char *complaint)
{
	return (cyaml_config_t){
		.log_fn = note,
		.log_ctx = complaint,
		.log_level = CYAML_LOG_ERROR,
		.mem_fn = cyaml_mem,
		.flags = CYAML_CFG_NO_ALIAS | (lenient ? CYAML_CFG_IGNORE_UNKNOWN_KEYS : CYAML_CFG_DEFAULT),
	};
}

enum lopt_status lopt_yaml_load(void **out, const struct lopt_yaml *yaml, const cyaml_schema_value_t *schema,
				bool lenient, struct lopt_error *err)
{
	char complaint[LOPT_ERROR_MAX / 2] = "";
	const cyaml_config_t config = config_of(lenient, complaint);
	cyaml_data_t *data = NULL;
	LOPT_TRY(lopt_yaml_check(yaml, schema, lenient, err));
	*out = NULL;
	if (lopt_yaml_empty(yaml))
		return LOPT_OK;
	cyaml_err_t code =
		cyaml_load_data((const uint8_t *)yaml->text.ptr, yaml->text.len, &config, schema, &data, NULL);
	*out = data;
	if (code == CYAML_OK)
		return LOPT_OK;
	/* libyaml has read the same bytes before */
	if (code == CYAML_ERR_OOM || code == CYAML_ERR_LIBYAML_PARSER || code == CYAML_ERR_LIBYAML_PARSER_INIT ||
	    code == CYAML_ERR_LIBYAML_EVENT_INIT)
		return lopt_error_memory(err);
	if (code == CYAML_ERR_ALIAS)
		return lopt_error_set(err, LOPT_E_USAGE, "%s: anchors and aliases are not read here", yaml->name);
	complaint[strcspn(complaint, "\n")] = '\0';
	return lopt_error_set(err, LOPT_E_USAGE, "%s: %s%s%s", yaml->name, cyaml_strerror(code), *complaint ? ": " : "",
			      complaint);
}

void lopt_yaml_free(void *loaded, const cyaml_schema_value_t *schema)
{
	char complaint[LOPT_ERROR_MAX / 2] = "";
	const cyaml_config_t config = config_of(false, complaint);
	if (loaded)
		(void)cyaml_free(&config, schema, loaded, 0);
}
