/* SPDX-License-Identifier: MIT */
#include "advice/command.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "dockerfile/runes.h"
#include "layer/path.h"

/* ---- what is known of names */

static bool is_in(struct lopt_str word, const char *const *list)
{
	for (; *list; list++)
		if (lopt_str_is(word, *list))
			return true;
	return false;
}

static bool ends_with(struct lopt_str text, const char *end)
{
	size_t len = strlen(end);
	return text.len >= len && memcmp(text.ptr + text.len - len, end, len) == 0;
}

/* They touch what their arguments name, whenever it is. */
static bool is_local(struct lopt_str program)
{
	static const char *const list[] = {
		"rm",
		"rmdir",
		"mkdir",
		"cp",
		"mv",
		"ln",
		"chmod",
		"chown",
		"chgrp",
		"touch",
		"cat",
		"echo",
		"printf",
		"true",
		"false",
		":",
		"cd",
		"set",
		"test",
		"[",
		"[[",
		"unset",
		"exit",
		"sleep",
		"install",
		"sed",
		"grep",
		"head",
		"tail",
		"tee",
		"sort",
		"uniq",
		"tr",
		"cut",
		"ls",
		"basename",
		"dirname",
		"useradd",
		"groupadd",
		"adduser",
		"addgroup",
		"usermod",
		"groupmod",
		"gzip",
		"gunzip",
		"xz",
		"bzip2",
		"unzip",
		"zip",
		"sha256sum",
		"sha512sum",
		"sha1sum",
		"md5sum",
		"truncate",
		"stat",
		"ldconfig",
		"chpasswd",
		"locale-gen",
		"localedef",
		"update-locale",
		"debconf-set-selections",
		"uname",
		"nproc",
		"id",
		"whoami",
		"arch",
		"getconf",
		"seq",
		"expr",
		"wc",
		"apt-mark",
		"dpkg-divert",
		"update-alternatives",
		NULL,
	};
	return is_in(program, list);
}

/* Those too, but for what the world and the clock say. */
static bool is_timely(struct lopt_str program)
{
	static const char *const list[] = { "apt-get", "apt", "apt-cache", "apt-key", "dpkg", "curl",	  "wget", "git",
					    "gpg",     "apk", "yum",	   "dnf",     "date", "microdnf", NULL };
	return is_in(program, list);
}

static bool is_apt(struct lopt_str program)
{
	return lopt_str_starts(program, "apt") || lopt_str_starts(program, "dpkg") ||
	       lopt_str_starts(program, "debconf");
}

static bool reads_environment(struct lopt_str program)
{
	static const char *const list[] = { "env",   "printenv", "export",  "envsubst", "make", "cmake", "declare",
					    "ninja", "typeset",	 "compgen", "source",	".",	NULL };
	return is_in(program, list);
}

static bool is_keyword(struct lopt_str word)
{
	static const char *const list[] = { "if",    "then", "else", "elif", "fi", "do", "done", "while",
					    "until", "esac", "in",   "!",    "{",  "}",	 "time", NULL };
	return is_in(word, list);
}

/* A loop's variable and a case's word are no programs. */
static bool opens_list(struct lopt_str word)
{
	return lopt_str_is(word, "for") || lopt_str_is(word, "case") || lopt_str_is(word, "select");
}

bool lopt_variable_is_implicit(struct lopt_str name)
{
	static const char *const names[] = {
		"PATH",
		"HOME",
		"USER",
		"LOGNAME",
		"SHELL",
		"TERM",
		"LANG",
		"LANGUAGE",
		"TZ",
		"TMPDIR",
		"TMP",
		"TEMP",
		"PWD",
		"OLDPWD",
		"IFS",
		"ENV",
		"PS1",
		"PS4",
		"CC",
		"CXX",
		"CPP",
		"FC",
		"F77",
		"LD",
		"AR",
		"AS",
		"NM",
		"RANLIB",
		"LIBS",
		"ARCH",
		"TARGETPLATFORM",
		"TARGETARCH",
		"TARGETOS",
		"TARGETVARIANT",
		"BUILDPLATFORM",
		"BUILDARCH",
		"EDITOR",
		"VIRTUAL_ENV",
		"SOURCE_DATE_EPOCH",
		"POSIXLY_CORRECT",
		"CLASSPATH",
		"RANDFILE",
		"KUBECONFIG",
		NULL,
	};
	static const char *const starts[] = {
		"LC_",	       "R_",	   "DEB",      "APT_",	   "PIP_",   "PYTHON",	 "UV_",	  "POETRY_",
		"CONDA_",      "MAMBA_",   "NPM_",     "npm_",	   "NODE_",  "YARN_",	 "PNPM_", "CARGO",
		"RUST",	       "GO",	   "CGO_",     "GEM_",	   "BUNDLE", "RUBY",	 "PERL",  "JAVA",
		"JDK_",	       "MAVEN",	   "GRADLE",   "DOTNET",   "NUGET",  "COMPOSER", "PHP",	  "LD_",
		"MAKE",	       "CMAKE",	   "PKG_",     "XDG_",	   "GIT_",   "CURL_",	 "SSL_",  "WGET",
		"BASH",	       "OMP_",	   "OPENBLAS", "MKL_",	   "CUDA",   "NVIDIA_",	 "GNUPG", "RENV_",
		"RETICULATE_", "RSTUDIO_", "DOCKER",   "BUILDKIT", "CI",     "ASAN_",	 "UCF_",  NULL,
	};
	static const char *const ends[] = { "FLAGS", "_proxy", "_PROXY", "_INSTALL", NULL };
	if (!name.len || is_in(name, names))
		return true;
	for (size_t i = 0; starts[i]; i++)
		if (lopt_str_starts(name, starts[i]))
			return true;
	for (size_t i = 0; ends[i]; i++)
		if (ends_with(name, ends[i]))
			return true;
	for (size_t i = 0; i < name.len; i++)
		if ((unsigned char)name.ptr[i] >= 0x80 || !lopt_rune_is_letter(name.ptr[i]))
			return true;
	return false;
}

/* ---- words */

struct reader {
	struct lopt_command *out;
	struct lopt_arena *arena;
	const struct lopt_step *step;
	struct lopt_command_word *words;
	struct lopt_buf word;
	size_t bytes;	 /* of words so far */
	size_t cut;	 /* how much of the word is known; SIZE_MAX for all */
	bool head;	 /* a program's name comes next */
	bool assignment; /* NAME= was there: after its value a program's name still comes */
	char quote, before;
	struct lopt_error *err;
};

static void reader_release(struct reader *r)
{
	lopt_buf_release(&r->word);
}

/* Paths end where what is not known begins, at the slash in front of it. */
static struct lopt_str known_part(const struct reader *r, bool *open)
{
	struct lopt_str text = lopt_buf_view(&r->word);
	*open = r->cut < text.len || (r->cut == text.len && r->cut > 0);
	if (!*open)
		return text;
	text.len = r->cut;
	while (text.len && text.ptr[text.len - 1] != '/')
		text.len--;
	return text;
}

static void note_program(struct reader *r, struct lopt_str program)
{
	struct lopt_command *out = r->out;
	struct lopt_str name = lopt_path_base(program);
	bool local = is_local(name), timely = is_timely(name);
	out->simple &= local || timely;
	out->local &= local;
	out->apt |= is_apt(name);
	out->moves |= lopt_str_is(name, "cd");
	out->reads_environment |= reads_environment(name);
}

/* What a word says of the one behind it. */
static void pass_head(struct reader *r, struct lopt_str word)
{
	if (opens_list(word)) {
		r->head = false;
		return;
	}
	if (is_keyword(word))
		return;
	note_program(r, word);
	r->head = false;
}

static enum lopt_status keep_word(struct reader *r, struct lopt_str text, bool head, bool open)
{
	struct lopt_command *out = r->out;
	r->bytes += text.len;
	if (out->count == LOPT_COMMAND_WORDS_MAX || r->bytes > LOPT_COMMAND_BYTES_MAX) {
		out->too_long = true;
		return LOPT_OK;
	}
	struct lopt_str kept = lopt_arena_copy(r->arena, text.len ? text : lopt_str_from("."));
	if (!kept.ptr)
		return lopt_error_memory(r->err);
	if (lopt_str_starts(text, "~"))
		out->simple = out->local = false; /* whose home it is, nobody says */
	r->words[out->count++] = (struct lopt_command_word){ .text = kept, .program = head, .open = open };
	return LOPT_OK;
}

static enum lopt_status end_word(struct reader *r)
{
	bool open, unknown = !r->word.len && r->cut == 0;
	if (r->word.failed)
		return lopt_error_memory(r->err);
	if (!r->word.len && !unknown)
		return LOPT_OK;
	struct lopt_str text = known_part(r, &open);
	bool head = r->head && !r->assignment;
	bool rootless = open && !text.len && lopt_str_find(lopt_buf_view(&r->word), '/') < r->word.len;
	if (rootless || (head && (open || unknown)))
		r->out->simple = r->out->local = false; /* a path or a program that nobody knows */
	if (head && (open || unknown))
		r->head = false;
	else if (head)
		pass_head(r, text);
	enum lopt_status status = unknown ? LOPT_OK : keep_word(r, text, head, open);
	lopt_buf_clear(&r->word);
	r->cut = SIZE_MAX;
	return status;
}

static void add_variable(struct reader *r, struct lopt_str name)
{
	for (size_t i = 0; i < r->step->variable_count; i++)
		if (r->step->variables[i].state == LOPT_VARIABLE_SET &&
		    lopt_str_equal(r->step->variables[i].name, name)) {
			lopt_buf_str(&r->word, r->step->variables[i].value);
			return;
		}
	if (r->cut == SIZE_MAX)
		r->cut = r->word.len;
}

/* "$NAME", "${NAME...}"; "$(" begins a command. Returns how much of the text that was. */
static size_t read_variable(struct reader *r, struct lopt_str rest)
{
	size_t at = 1, start;
	bool braces = rest.len > 1 && rest.ptr[1] == '{';
	if (rest.len > 1 && rest.ptr[1] == '(')
		return 1;
	at += braces;
	start = at;
	while (at < rest.len && (unsigned char)rest.ptr[at] < 0x80 && lopt_rune_is_letter(rest.ptr[at]))
		at++;
	struct lopt_str name = lopt_str_make(rest.ptr + start, at - start);
	bool plain = !braces || (at < rest.len && rest.ptr[at] == '}');
	while (braces && at < rest.len && rest.ptr[at] != '}')
		at++;
	at += braces && at < rest.len;
	if (!braces && at == start && at < rest.len && strchr("$?!#*@-", rest.ptr[at]))
		at++; /* $?, $$, ... */
	add_variable(r, plain ? name : lopt_str_from(""));
	r->out->local &= !lopt_str_is(name, "RANDOM");
	return at;
}

static bool is_separator(char c)
{
	return c == '\0' || strchr(" \t\r\n\v\f;|&()<>`\"'\\,={}:", c) != NULL;
}

/* What a separator says of the word behind it. */
static void pass_separator(struct reader *r, char c)
{
	bool redirected = r->before == '>' || r->before == '<';
	if (c == '(' || c == ')' || c == '`') {
		r->head = true;
		r->assignment = false;
	} else if (c == '"' || c == '\'') {
		r->quote = !r->quote ? c : (r->quote == c ? '\0' : r->quote);
	} else if (r->quote) {
		return;
	} else if (c == ';' || c == '\n' || c == '|' || (c == '&' && !redirected)) {
		r->head = true;
		r->assignment = false;
	} else if (c == ' ' || c == '\t') {
		r->assignment = false;
	}
}

static enum lopt_status read_text(struct reader *r, struct lopt_str text)
{
	for (size_t at = 0; at < text.len;) {
		char c = text.ptr[at];
		if (c == '$') {
			size_t len = read_variable(r, lopt_str_skip(text, at));
			at += len;
			r->before = c;
			continue;
		}
		at++;
		if (c == '=' && r->head && !r->quote && r->word.len && !r->assignment) {
			lopt_buf_clear(&r->word); /* NAME= */
			r->cut = SIZE_MAX;
			r->assignment = true;
		} else if (is_separator(c)) {
			LOPT_TRY(end_word(r));
			pass_separator(r, c);
		} else {
			bool alone = !r->word.len && (at == text.len || is_separator(text.ptr[at]));
			if ((c == '*' || c == '?' || (c == '[' && !alone)) && r->cut == SIZE_MAX)
				r->cut = r->word.len;
			lopt_buf_char(&r->word, c);
		}
		r->before = c;
	}
	return end_word(r);
}

static enum lopt_status read_part(struct reader *r, struct lopt_str text, bool head)
{
	r->head = head;
	r->assignment = false;
	r->quote = '\0';
	return read_text(r, text);
}

/* Of --mount=type=bind,source=a the values are words, and what is mounted may be anything. */
static enum lopt_status read_mounts(struct reader *r)
{
	const struct lopt_instruction *in = r->step->instruction;
	for (size_t i = 0; i < in->flag_count; i++) {
		if (!lopt_str_starts(in->flags[i], "--mount="))
			continue;
		r->out->simple = r->out->local = false;
		LOPT_TRY(read_part(r, in->flags[i], false));
	}
	return LOPT_OK;
}

static enum lopt_status read_all(struct reader *r)
{
	const struct lopt_instruction *in = r->step->instruction;
	LOPT_TRY(read_mounts(r));
	for (size_t i = 0; i < in->word_count; i++)
		LOPT_TRY(read_part(r, in->words[i], !in->json || i == 0));
	for (size_t i = 0; i < in->heredoc_count; i++)
		LOPT_TRY(read_part(r, in->heredocs[i].content, true));
	return LOPT_OK;
}

enum lopt_status lopt_command_read(struct lopt_command *out, struct lopt_arena *arena, const struct lopt_step *step,
				   struct lopt_error *err)
{
	LOPT_CLEANUP(reader_release)
	struct reader r = {
		.out = out,
		.arena = arena,
		.step = step,
		.word = LOPT_BUF_INIT(LOPT_DOCKERFILE_BYTES_MAX),
		.cut = SIZE_MAX,
		.err = err,
	};
	*out = (struct lopt_command){ .simple = true, .local = true };
	r.words = lopt_arena_zalloc(arena, LOPT_COMMAND_WORDS_MAX, sizeof *r.words);
	if (!r.words)
		return lopt_error_memory(err);
	LOPT_TRY(read_all(&r));
	out->words = r.words;
	if (out->too_long)
		out->simple = out->local = false;
	return LOPT_OK;
}
