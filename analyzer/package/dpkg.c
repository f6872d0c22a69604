/* SPDX-License-Identifier: MIT */
#include "package/dpkg.h"

#include <stddef.h>
#include <strings.h>

#include "package/text.h"

bool lopt_dpkg_has_file(struct lopt_str path)
{
	if (!lopt_str_starts(path, "var/lib/"))
		return false;
	if (lopt_str_starts(path, LOPT_DPKG_INFO_FOLDER))
		return lopt_text_ends(path, LOPT_DPKG_LIST_SUFFIX);
	return lopt_str_starts(path, LOPT_DPKG_STATUS_FOLDER) || lopt_str_is(path, LOPT_DPKG_STATUS) ||
	       lopt_str_is(path, LOPT_DPKG_DIVERSIONS) || lopt_str_is(path, LOPT_APT_STATES);
}

/* --- stanzas --- */

#define FIELD(name, member)                                                           \
	{                                                                             \
		{ name, sizeof(name) - 1 }, offsetof(struct lopt_dpkg_stanza, member) \
	}

static const struct field {
	struct lopt_str name;
	size_t offset;
} fields[] = {
	FIELD("Package", package),
	FIELD("Version", version),
	FIELD("Architecture", architecture),
	FIELD("Multi-Arch", multi_arch),
	FIELD("Status", status),
	FIELD("Priority", priority),
	FIELD("Pre-Depends", pre_depends),
	FIELD("Depends", depends),
	FIELD("Recommends", recommends),
	FIELD("Suggests", suggests),
	FIELD("Provides", provides),
	FIELD("Essential", essential),
	FIELD("Important", important),
	FIELD("Protected", protected_field),
	FIELD("Auto-Installed", auto_installed),
};

/* Where the value of a field of this name goes, or NULL. Names are ASCII in any case (deb822(5)). */
static struct lopt_str *field_of(struct lopt_dpkg_stanza *stanza, struct lopt_str name)
{
	for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
		if (name.len == fields[i].name.len && strncasecmp(name.ptr, fields[i].name.ptr, name.len) == 0)
			return (struct lopt_str *)((char *)stanza + fields[i].offset);
	return NULL;
}

/* One line of a stanza; `field` is where the value of the line before went. */
static struct lopt_str *take_line(struct lopt_dpkg_stanza *stanza, struct lopt_str line, struct lopt_str *field)
{
	struct lopt_str name, value;
	if (line.ptr[0] == ' ' || line.ptr[0] == '\t') {
		if (field && field->len) /* the value goes on */
			field->len = (size_t)(line.ptr + line.len - field->ptr);
		return field;
	}
	if (!lopt_text_cut(line, ':', &name, &value))
		return NULL;
	field = field_of(stanza, name);
	if (field)
		*field = lopt_text_trim(value);
	return field;
}

bool lopt_dpkg_stanza_next(struct lopt_str *text, struct lopt_dpkg_stanza *stanza)
{
	struct lopt_str *field = NULL, line;
	*stanza = (struct lopt_dpkg_stanza){ 0 };
	while (lopt_text_line(text, &line)) {
		if (line.len) {
			field = take_line(stanza, line, field);
			continue;
		}
		if (stanza->package.len)
			return true;
		*stanza = (struct lopt_dpkg_stanza){ 0 };
		field = NULL;
	}
	return stanza->package.len != 0;
}

/* The word at `index` of a status: what is wanted, whether something went wrong, how far it is installed. */
static struct lopt_str status_word(const struct lopt_dpkg_stanza *stanza, size_t index)
{
	struct lopt_str rest = stanza->status, word = rest;
	for (size_t i = 0; i <= index; i++) {
		rest = lopt_text_trim(rest);
		if (!lopt_text_cut(rest, ' ', &word, &rest)) {
			word = i == index ? rest : lopt_str_make(NULL, 0);
			break;
		}
	}
	return word;
}

bool lopt_dpkg_is_unpacked(const struct lopt_dpkg_stanza *stanza)
{
	struct lopt_str state = status_word(stanza, 2);
	return !lopt_str_is(state, "not-installed") && !lopt_str_is(state, "config-files");
}

bool lopt_dpkg_is_kept(const struct lopt_dpkg_stanza *stanza)
{
	return lopt_str_is(stanza->essential, "yes") || lopt_str_is(stanza->important, "yes") ||
	       lopt_str_is(stanza->protected_field, "yes") || lopt_str_is(stanza->priority, "required") ||
	       lopt_str_is(status_word(stanza, 0), "hold");
}

/* --- relations --- */

static const struct {
	const char *text;
	enum lopt_dpkg_operator operator;
} operators[] = {
	{ "<<", LOPT_DPKG_EARLIER },	 { "<=", LOPT_DPKG_EARLIER_EQUAL },
	{ ">=", LOPT_DPKG_LATER_EQUAL }, { ">>", LOPT_DPKG_LATER },
	{ "=", LOPT_DPKG_EQUAL },	 { "<", LOPT_DPKG_EARLIER_EQUAL }, /* as dpkg reads the old forms */
	{ ">", LOPT_DPKG_LATER_EQUAL },
};

/* "(>= 1.2)", of which `text` starts behind the parenthesis */
static void parse_version(struct lopt_dpkg_relation *relation, struct lopt_str text)
{
	struct lopt_str inside, rest;
	if (!lopt_text_cut(text, ')', &inside, &rest))
		return;
	inside = lopt_text_trim(inside);
	for (size_t i = 0; i < sizeof operators / sizeof operators[0]; i++) {
		if (!lopt_str_starts(inside, operators[i].text))
			continue;
		size_t n = strlen(operators[i].text);
		relation->operator= operators[i].operator;
		relation->version = lopt_text_trim(lopt_str_make(inside.ptr + n, inside.len - n));
		return;
	}
}

/* How many bytes stand before the first of `marks`. */
static size_t span(struct lopt_str text, const char *marks)
{
	size_t n = 0;
	while (n < text.len && (text.ptr[n] == '\0' || !strchr(marks, text.ptr[n])))
		n++;
	return n;
}

static void drop_first(struct lopt_str *text, size_t n)
{
	if (n) /* there may be no text at all */
		*text = lopt_str_make(text->ptr + n, text->len - n);
}

static struct lopt_dpkg_relation parse_relation(struct lopt_str text)
{
	struct lopt_dpkg_relation relation = { .name = lopt_str_make(text.ptr, span(text, " \t\n(:[<")) };
	struct lopt_str head, rest;
	drop_first(&text, relation.name.len);
	if (text.len && text.ptr[0] == ':') {
		drop_first(&text, 1);
		relation.architecture = lopt_str_make(text.ptr, span(text, " \t\n([<"));
	}
	if (lopt_text_cut(text, '(', &head, &rest))
		parse_version(&relation, rest);
	return relation;
}

bool lopt_dpkg_relation_next(struct lopt_str *field, struct lopt_dpkg_relation *relation)
{
	bool alternative = false;
	while (field->len) {
		size_t n = span(*field, ",|");
		if (n == 0) {
			alternative = field->ptr[0] == '|';
			drop_first(field, 1);
			continue;
		}
		*relation = parse_relation(lopt_text_trim(lopt_str_make(field->ptr, n)));
		relation->alternative = alternative;
		drop_first(field, n);
		if (relation->name.len)
			return true;
	}
	return false;
}

/* --- versions --- */

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* How the first character counts: a tilde before the end, letters before all others. */
static int weight(struct lopt_str text)
{
	if (text.len == 0 || is_digit(text.ptr[0]))
		return 0;
	if (text.ptr[0] == '~')
		return -1;
	return is_letter(text.ptr[0]) ? text.ptr[0] : (unsigned char)text.ptr[0] + 256;
}

static size_t digits_of(struct lopt_str text)
{
	size_t n = 0;
	while (n < text.len && is_digit(text.ptr[n]))
		n++;
	return n;
}

static int compare_numbers(struct lopt_str *a, struct lopt_str *b)
{
	while (a->len && a->ptr[0] == '0')
		drop_first(a, 1);
	while (b->len && b->ptr[0] == '0')
		drop_first(b, 1);
	size_t x = digits_of(*a), y = digits_of(*b);
	int r = x != y ? (x > y) - (x < y) : x ? memcmp(a->ptr, b->ptr, x) : 0;
	drop_first(a, x);
	drop_first(b, y);
	return r;
}

/* Runs of other characters and runs of digits in turn. */
static int compare_parts(struct lopt_str a, struct lopt_str b)
{
	while (a.len || b.len) {
		while ((a.len && !is_digit(a.ptr[0])) || (b.len && !is_digit(b.ptr[0]))) {
			int x = weight(a), y = weight(b);
			if (x != y)
				return x - y;
			drop_first(&a, 1);
			drop_first(&b, 1);
		}
		int r = compare_numbers(&a, &b);
		if (r)
			return r;
	}
	return 0;
}

/* Split "EPOCH:UPSTREAM-REVISION"; what is not there is empty, which counts as 0. */
static void split_version(struct lopt_str version, struct lopt_str *epoch, struct lopt_str *upstream,
			  struct lopt_str *revision)
{
	*epoch = *revision = lopt_str_make("", 0);
	if (!lopt_text_cut(version, ':', epoch, upstream))
		*upstream = version;
	const char *dash = upstream->len ? memrchr(upstream->ptr, '-', upstream->len) : NULL;
	if (!dash)
		return;
	size_t n = (size_t)(dash - upstream->ptr);
	*revision = lopt_str_make(dash + 1, upstream->len - n - 1);
	upstream->len = n;
}

int lopt_dpkg_version_compare(struct lopt_str a, struct lopt_str b)
{
	struct lopt_str epoch[2], upstream[2], revision[2];
	split_version(a, &epoch[0], &upstream[0], &revision[0]);
	split_version(b, &epoch[1], &upstream[1], &revision[1]);
	int r = compare_parts(epoch[0], epoch[1]);
	if (r == 0)
		r = compare_parts(upstream[0], upstream[1]);
	return r ? r : compare_parts(revision[0], revision[1]);
}

bool lopt_dpkg_version_fits(struct lopt_str version, const struct lopt_dpkg_relation *relation)
{
	if (relation->operator== LOPT_DPKG_ANY)
		return true;
	if (version.len == 0)
		return false;
	int r = lopt_dpkg_version_compare(version, relation->version);
	switch (relation->operator) {
	case LOPT_DPKG_EARLIER:
		return r < 0;
	case LOPT_DPKG_EARLIER_EQUAL:
		return r <= 0;
	case LOPT_DPKG_EQUAL:
		return r == 0;
	case LOPT_DPKG_LATER_EQUAL:
		return r >= 0;
	case LOPT_DPKG_LATER:
		return r > 0;
	case LOPT_DPKG_ANY:
		break;
	}
	return true;
}

/* --- files --- */

bool lopt_dpkg_list_next(struct lopt_str *text, struct lopt_str *path)
{
	while (lopt_text_line(text, path))
		if (path->len)
			return true;
	return false;
}

bool lopt_dpkg_sums_next(struct lopt_str *text, struct lopt_str *path)
{
	enum { BEFORE = 34 }; /* 32 digits, a blank, and another or an asterisk */
	struct lopt_str line;
	while (lopt_text_line(text, &line)) {
		if (line.len <= BEFORE || line.ptr[BEFORE - 2] != ' ')
			continue;
		*path = lopt_str_make(line.ptr + BEFORE, line.len - BEFORE);
		return true;
	}
	return false;
}

bool lopt_dpkg_diversion_next(struct lopt_str *text, struct lopt_dpkg_diversion *diversion)
{
	return lopt_text_line(text, &diversion->from) && lopt_text_line(text, &diversion->to) &&
	       lopt_text_line(text, &diversion->package);
}
