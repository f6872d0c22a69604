/* SPDX-License-Identifier: MIT */
#include "report/sarif.h"

enum { ROWS_DEPTH = 4 };

void lopt_sarif_open(struct lopt_json *json, FILE *to)
{
	lopt_json_init(json, to, ROWS_DEPTH);
	lopt_json_open(json, '{');
	lopt_json_member_text(json, "$schema", "https://json.schemastore.org/sarif-2.1.0.json");
	lopt_json_member_text(json, "version", "2.1.0");
	lopt_json_key(json, "runs");
	lopt_json_open(json, '[');
	lopt_json_open(json, '{');
	lopt_json_key(json, "tool");
	lopt_json_open(json, '{');
	lopt_json_key(json, "driver");
	lopt_json_open(json, '{');
	lopt_json_member_text(json, "name", "layeropt");
	lopt_json_member_text(json, "version", LOPT_VERSION);
	lopt_json_key(json, "rules");
	lopt_json_open(json, '[');
}

void lopt_sarif_start_results(struct lopt_json *json)
{
	lopt_json_close(json, ']');
	lopt_json_close(json, '}');
	lopt_json_close(json, '}');
	lopt_json_key(json, "results");
	lopt_json_open(json, '[');
}

void lopt_sarif_end_results(struct lopt_json *json)
{
	lopt_json_close(json, ']');
}

void lopt_sarif_close(struct lopt_json *json)
{
	lopt_json_close(json, '}');
	lopt_json_close(json, ']');
	lopt_json_close(json, '}');
	lopt_json_newline(json);
}

/* GitHub wants all three texts. */
void lopt_sarif_rule(struct lopt_json *json, const char *id, const char *what)
{
	static const char *const keys[] = { "shortDescription", "fullDescription", "help" };
	lopt_json_open(json, '{');
	lopt_json_member_text(json, "id", id);
	for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
		lopt_sarif_message(json, keys[i], lopt_str_from(what ? what : id));
	lopt_json_close(json, '}');
}

void lopt_sarif_message(struct lopt_json *json, const char *key, struct lopt_str text)
{
	lopt_json_key(json, key);
	lopt_json_open(json, '{');
	lopt_json_member_string(json, "text", text);
	lopt_json_close(json, '}');
}

/* A path as a URI reference (RFC 3986): what may not stand in one is escaped, and a colon, which would end a scheme. */
static void put_uri(struct lopt_json *json, const char *key, struct lopt_str path)
{
	struct lopt_buf text = LOPT_BUF_INIT(SIZE_MAX / 2);
	for (size_t i = 0; i < path.len; i++) {
		unsigned char c = (unsigned char)path.ptr[i];
		bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
			     (c && strchr("/-._~", c));
		if (plain)
			lopt_buf_char(&text, (char)c);
		else
			lopt_buf_printf(&text, "%%%02X", c);
	}
	json->text.failed |= text.failed;
	lopt_json_member_string(json, key, lopt_buf_view(&text));
	lopt_buf_release(&text);
}

void lopt_sarif_location(struct lopt_json *json, struct lopt_str path, uint32_t line)
{
	lopt_json_key(json, "locations");
	lopt_json_open(json, '[');
	lopt_json_open(json, '{');
	lopt_json_key(json, "physicalLocation");
	lopt_json_open(json, '{');
	lopt_json_key(json, "artifactLocation");
	lopt_json_open(json, '{');
	put_uri(json, "uri", path);
	lopt_json_close(json, '}');
	lopt_json_key(json, "region");
	lopt_json_open(json, '{');
	lopt_json_member_count(json, "startLine", line ? line : 1);
	lopt_json_close(json, '}');
	lopt_json_close(json, '}');
	lopt_json_close(json, '}');
	lopt_json_close(json, ']');
}
