/* SPDX-License-Identifier: MIT */
#include "analysis/credential.h"

#include "base/secrets.h"
#include "layer/path.h"

enum { VALUE_MIN = 4 };

/* Does this text hold a credential? `words` are the kind's own. */
typedef bool holds(struct lopt_str text, const char *const *words);

/* --- values --- */

static const char *find(struct lopt_str text, const char *what)
{
	return text.len ? memmem(text.ptr, text.len, what, strlen(what)) : NULL;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '"' || c == '\'';
}

/* Without blanks and quotes around it. */
static struct lopt_str trim(struct lopt_str text)
{
	while (text.len && is_blank(text.ptr[0]))
		text = lopt_str_make(text.ptr + 1, text.len - 1);
	while (text.len && is_blank(text.ptr[text.len - 1]))
		text.len--;
	return text;
}

static bool is_number(struct lopt_str value)
{
	for (size_t i = 0; i < value.len; i++)
		if (value.ptr[i] < '0' || value.ptr[i] > '9')
			return false;
	return true;
}

/* Not a reference to a variable, nor a setting: a number, a path, an address; nor what stands in templates. */
static bool is_literal(struct lopt_str value)
{
	static const char *const placeholders[] = { "your",    "YOUR",	"change", "CHANGE", "xxx",  "XXX",
						    "example", "dummy", "none",	  "null",   "true", "false" };
	if (value.len < VALUE_MIN || strchr("$<%{*/.~", value.ptr[0]) || is_number(value) || find(value, "://"))
		return false; /* a NUL is none either */
	for (size_t i = 0; i < sizeof placeholders / sizeof placeholders[0]; i++)
		if (lopt_str_starts(value, placeholders[i]))
			return false;
	return true;
}

/* The next piece of `left` up to one of `ends`. False at its end. */
static bool next_piece(struct lopt_str *left, const char *ends, struct lopt_str *piece)
{
	size_t at = 0;
	if (left->len == 0)
		return false;
	while (at < left->len && !(left->ptr[at] && strchr(ends, left->ptr[at])))
		at++;
	*piece = lopt_str_make(left->ptr, at);
	at += at < left->len;
	*left = lopt_str_make(left->ptr + at, left->len - at);
	return true;
}

static bool ends_with(struct lopt_str text, const char *end)
{
	size_t n = strlen(end);
	return text.len >= n && memcmp(text.ptr + text.len - n, end, n) == 0;
}

/* Is the name one of `words`, or, where there are none, one that looks like a credential's? */
static bool is_wanted(struct lopt_str name, const char *const *words)
{
	if (!words)
		return lopt_secret_name(name);
	for (; *words; words++)
		if (ends_with(name, *words))
			return true;
	return false;
}

static bool assigns(struct lopt_str piece, char separator, const char *const *words)
{
	const char *at = piece.len ? memchr(piece.ptr, separator, piece.len) : NULL;
	if (!at || piece.ptr[0] == '#')
		return false;
	size_t len = (size_t)(at - piece.ptr);
	struct lopt_str value = trim(lopt_str_make(at + 1, piece.len - len - 1));
	return is_literal(value) && is_wanted(trim(lopt_str_make(piece.ptr, len)), words);
}

/* NAME=VALUE, NAME: VALUE, "NAME": "VALUE"; several on a line in JSON. */
static bool holds_assignment(struct lopt_str text, const char *const *words)
{
	for (struct lopt_str piece; next_piece(&text, "\n,{}", &piece);) {
		piece = trim(piece);
		if (assigns(piece, '=', words) || assigns(piece, ':', words))
			return true;
	}
	return false;
}

/* --- other forms --- */

/* With something behind the heading: examples in configurations end there. */
static bool holds_private_key(struct lopt_str text, const char *const *words)
{
	static const char *const heads[] = { "PRIVATE KEY-----", "PRIVATE KEY BLOCK-----", "PuTTY-User-Key-File-",
					     "(private-key",	 ":private-key",	   "protected-private-key" };
	enum { BODY_MIN = 80 };
	(void)words;
	for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++) {
		const char *at = find(text, heads[i]);
		if (at && (size_t)(text.ptr + text.len - at) >= strlen(heads[i]) + BODY_MIN)
			return true;
	}
	return false;
}

/* "machine host login me password word" */
static bool holds_netrc(struct lopt_str text, const char *const *words)
{
	bool named = false;
	(void)words;
	for (struct lopt_str piece; next_piece(&text, " \t\r\n", &piece);) {
		if (piece.len == 0)
			continue;
		if (named && is_literal(piece))
			return true;
		named = lopt_str_is(piece, "password");
	}
	return false;
}

/* "https://user:password@host" */
static bool holds_url(struct lopt_str text, const char *const *words)
{
	(void)words;
	for (struct lopt_str line; next_piece(&text, " \t\r\n\"'", &line);) {
		const char *scheme = find(line, "://");
		struct lopt_str rest = scheme ? lopt_str_make(scheme + 3, line.len - (size_t)(scheme + 3 - line.ptr))
					      : lopt_str_make(NULL, 0);
		const char *at = rest.len ? memchr(rest.ptr, '@', rest.len) : NULL;
		const char *colon = at ? memchr(rest.ptr, ':', (size_t)(at - rest.ptr)) : NULL;
		if (colon && is_literal(lopt_str_make(colon + 1, (size_t)(at - colon - 1))))
			return true;
	}
	return false;
}

/* "host:port:database:user:password" */
static bool holds_pgpass(struct lopt_str text, const char *const *words)
{
	(void)words;
	for (struct lopt_str line; next_piece(&text, "\r\n", &line);) {
		struct lopt_str left = line, field = line;
		size_t fields = 0;
		while (next_piece(&left, ":", &field))
			fields++;
		if (fields == 5 && line.ptr[0] != '#' && is_literal(field))
			return true;
	}
	return false;
}

/* --- kinds --- */

static const char *const npm_words[] = { "_authToken", "_auth", "_password", "npmAuthToken", NULL };
static const char *const aws_words[] = { "aws_secret_access_key", "aws_session_token", NULL };
static const char *const docker_words[] = { "auth", "identitytoken", "registrytoken", NULL };
static const char *const kube_words[] = { "client-key-data", "token", "password", NULL };
static const char *const oauth_words[] = { "oauth_token", "refresh_token", "access_token", "private_key", NULL };
static const char *const password_words[] = { "password", NULL };

static const struct kind {
	enum { IS, STARTS, ENDS, ANY } form;
	const char *text; /* that the name is, or starts or ends with */
	size_t len;
	const char *directory; /* that it has to stand in; "" is any */
	size_t directory_len;
	enum lopt_credential what;
	holds *holds;
	const char *const *words;
} kinds[] = {
#define KIND(form, text, directory, what, holds, words)                                            \
	{                                                                                          \
		form, text, sizeof(text) - 1, directory, sizeof(directory) - 1, what, holds, words \
	}
	KIND(STARTS, "ssh_host_", "ssh", LOPT_CREDENTIAL_HOST_KEY, holds_private_key, NULL),
	KIND(ANY, "", ".ssh", LOPT_CREDENTIAL_PRIVATE_KEY, holds_private_key, NULL),
	KIND(ANY, "", "private-keys-v1.d", LOPT_CREDENTIAL_PRIVATE_KEY, holds_private_key, NULL),
	KIND(STARTS, "id_", "", LOPT_CREDENTIAL_PRIVATE_KEY, holds_private_key, NULL),
	KIND(ENDS, ".pem", "", LOPT_CREDENTIAL_PRIVATE_KEY, holds_private_key, NULL),
	KIND(ENDS, ".key", "", LOPT_CREDENTIAL_PRIVATE_KEY, holds_private_key, NULL),
	KIND(ENDS, "_key", "", LOPT_CREDENTIAL_PRIVATE_KEY, holds_private_key, NULL),
	KIND(ENDS, ".ppk", "", LOPT_CREDENTIAL_PRIVATE_KEY, holds_private_key, NULL),
	KIND(ENDS, ".p8", "", LOPT_CREDENTIAL_PRIVATE_KEY, holds_private_key, NULL),
	KIND(ENDS, ".asc", "", LOPT_CREDENTIAL_PRIVATE_KEY, holds_private_key, NULL),
	KIND(IS, "credentials.json", "", LOPT_CREDENTIAL_PRIVATE_KEY, holds_private_key, NULL),
	KIND(STARTS, "service-account", "", LOPT_CREDENTIAL_PRIVATE_KEY, holds_private_key, NULL),
	KIND(STARTS, "service_account", "", LOPT_CREDENTIAL_PRIVATE_KEY, holds_private_key, NULL),
	KIND(IS, ".netrc", "", LOPT_CREDENTIAL_PASSWORD, holds_netrc, NULL),
	KIND(IS, "_netrc", "", LOPT_CREDENTIAL_PASSWORD, holds_netrc, NULL),
	KIND(IS, ".git-credentials", "", LOPT_CREDENTIAL_PASSWORD, holds_url, NULL),
	KIND(IS, "credentials", ".aws", LOPT_CREDENTIAL_ACCESS_KEY, holds_assignment, aws_words),
	KIND(IS, "config.json", ".docker", LOPT_CREDENTIAL_REGISTRY, holds_assignment, docker_words),
	KIND(IS, ".dockercfg", "", LOPT_CREDENTIAL_REGISTRY, holds_assignment, docker_words),
	KIND(IS, "auth.json", "containers", LOPT_CREDENTIAL_REGISTRY, holds_assignment, docker_words),
	KIND(IS, ".npmrc", "", LOPT_CREDENTIAL_TOKEN, holds_assignment, npm_words),
	KIND(IS, ".yarnrc.yml", "", LOPT_CREDENTIAL_TOKEN, holds_assignment, npm_words),
	KIND(IS, ".pypirc", "", LOPT_CREDENTIAL_PASSWORD, holds_assignment, password_words),
	KIND(IS, "pip.conf", "", LOPT_CREDENTIAL_PASSWORD, holds_url, NULL),
	KIND(IS, "sources.list", "", LOPT_CREDENTIAL_PASSWORD, holds_url, NULL),
	KIND(IS, ".pgpass", "", LOPT_CREDENTIAL_PASSWORD, holds_pgpass, NULL),
	KIND(IS, ".my.cnf", "", LOPT_CREDENTIAL_PASSWORD, holds_assignment, password_words),
	KIND(IS, "config", ".kube", LOPT_CREDENTIAL_TOKEN, holds_assignment, kube_words),
	KIND(IS, "hosts.yml", "gh", LOPT_CREDENTIAL_TOKEN, holds_assignment, oauth_words),
	KIND(IS, "application_default_credentials.json", "", LOPT_CREDENTIAL_TOKEN, holds_assignment, oauth_words),
	KIND(IS, ".env", "", LOPT_CREDENTIAL_PASSWORD, holds_assignment, NULL),
	KIND(STARTS, ".env.", "", LOPT_CREDENTIAL_PASSWORD, holds_assignment, NULL),
	KIND(IS, ".envrc", "", LOPT_CREDENTIAL_PASSWORD, holds_assignment, NULL),
	KIND(IS, ".Renviron", "", LOPT_CREDENTIAL_PASSWORD, holds_assignment, NULL),
};
enum { KINDS = sizeof kinds / sizeof kinds[0] };

/* Asked for every file: mostly one byte decides. */
static bool fits(const struct kind *kind, struct lopt_str name)
{
	if (kind->len == 0)
		return true;
	if (name.len < kind->len || (kind->form == IS && name.len != kind->len))
		return false;
	const char *at = kind->form == ENDS ? name.ptr + name.len - kind->len : name.ptr;
	return at[0] == kind->text[0] && memcmp(at, kind->text, kind->len) == 0;
}

static bool stands_in(const struct kind *kind, struct lopt_str path, struct lopt_str name)
{
	size_t len = kind->directory_len, above = path.len - name.len;
	if (len == 0)
		return true;
	if (above < len + 1 || memcmp(name.ptr - len - 1, kind->directory, len) != 0)
		return false;
	return above == len + 1 || name.ptr[-(ptrdiff_t)len - 2] == '/';
}

static bool is_one_of(struct lopt_str text, const char *const *words)
{
	for (; *words; words++)
		if (lopt_str_is(text, *words))
			return true;
	return false;
}

/* What packages ship, and what is in tests, examples and templates, everyone has. */
static bool is_sample(struct lopt_str path)
{
	static const char *const folders[] = {
		"test",		 "tests",	  "testing",	  "testdata",	 "t",	 "spec", "fixtures",
		"example",	 "examples",	  "samples",	  "doc",	 "docs", "demo", "vendor",
		"site-packages", "dist-packages", "node_modules", "third_party", NULL
	};
	static const char *const ends[] = { ".example", ".sample", ".template", ".dist", ".pub" };
	for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++)
		if (ends_with(path, ends[i]))
			return true;
	for (struct lopt_str part; (part = lopt_path_next(&path)).len;)
		if (is_one_of(part, folders))
			return true;
	return false;
}

static const struct kind *kind_of(struct lopt_str path)
{
	struct lopt_str name = lopt_path_base(path);
	for (size_t i = 0; i < KINDS; i++)
		if (fits(&kinds[i], name) && stands_in(&kinds[i], path, name))
			return is_sample(path) ? NULL : &kinds[i];
	return NULL;
}

bool lopt_credential_expected(struct lopt_str path)
{
	return kind_of(path) != NULL;
}

enum lopt_credential lopt_credential_in(struct lopt_str path, struct lopt_str text)
{
	const struct kind *kind = kind_of(path);
	return kind && kind->holds(text, kind->words) ? kind->what : LOPT_CREDENTIAL_NONE;
}
