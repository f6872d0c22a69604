/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* memmem */
#include "dockerfile/record.h"

#include "dockerfile/runes.h"

static const char *const names[LOPT_KEYWORD_COUNT] = {
	"",	 "ADD",	       "ARG",	  "CMD", "COPY",  "ENTRYPOINT", "ENV",	"EXPOSE", "FROM",    "HEALTHCHECK",
	"LABEL", "MAINTAINER", "ONBUILD", "RUN", "SHELL", "STOPSIGNAL", "USER", "VOLUME", "WORKDIR",
};

const char *lopt_keyword_name(enum lopt_keyword keyword)
{
	return keyword < LOPT_KEYWORD_COUNT ? names[keyword] : "";
}

static bool equal_in_capitals(struct lopt_str word, const char *name)
{
	size_t at = 0;
	for (; at < word.len && name[at]; at++) {
		char c = word.ptr[at];
		if ((c >= 'a' && c <= 'z' ? c - 0x20 : c) != name[at])
			return false;
	}
	return at == word.len && !name[at];
}

enum lopt_keyword lopt_keyword_find(struct lopt_str word)
{
	for (int i = 1; i < LOPT_KEYWORD_COUNT; i++)
		if (equal_in_capitals(word, names[i]))
			return (enum lopt_keyword)i;
	return LOPT_KEYWORD_NONE;
}

static struct lopt_str first_word(struct lopt_str text)
{
	return lopt_str_make(text.ptr, lopt_str_find(text, ' '));
}

/* Behind the first word and the one space after it. */
static struct lopt_str behind(struct lopt_str text, struct lopt_str word)
{
	size_t len = word.len + (word.len < text.len);
	return lopt_str_skip(text, len);
}

static bool is_in(struct lopt_str word, const char *const *list)
{
	for (; *list; list++)
		if (lopt_str_is(word, *list))
			return true;
	return false;
}

static bool is_shell(struct lopt_str word)
{
	static const char *const shells[] = {
		"sh",  "bash",	  "ash",	"dash",		  "zsh",  "ksh", "busybox",
		"cmd", "cmd.exe", "powershell", "powershell.exe", "pwsh", NULL
	};
	for (size_t i = word.len; i-- > 0;)
		if (word.ptr[i] == '/' || word.ptr[i] == '\\')
			return is_in(lopt_str_skip(word, i + 1), shells);
	return is_in(word, shells);
}

/* The option behind which a shell's command starts: -c, -ec, /C, -Command. */
static bool takes_command(struct lopt_str word)
{
	static const char *const windows[] = { "/c", "/C", "-Command", "-command", NULL };
	if (is_in(word, windows))
		return true;
	if (word.len < 2 || word.ptr[0] != '-' || word.ptr[word.len - 1] != 'c')
		return false;
	for (size_t i = 1; i < word.len; i++)
		if ((word.ptr[i] | 0x20) < 'a' || (word.ptr[i] | 0x20) > 'z')
			return false;
	return true;
}

static bool is_shell_option(struct lopt_str word)
{
	static const char *const named[] = { "pipefail", "errexit", "nounset", "xtrace", "sh", "ash", NULL };
	return lopt_str_starts(word, "-") || lopt_str_starts(word, "/") || lopt_str_starts(word, "+") ||
	       is_in(word, named);
}

struct lopt_str lopt_shell_strip(struct lopt_str command)
{
	enum { OPTIONS_MAX = 8 };
	struct lopt_str word = first_word(command);
	if (!is_shell(word))
		return command;
	struct lopt_str rest = behind(command, word);
	for (int i = 0; i < OPTIONS_MAX && rest.len; i++) {
		word = first_word(rest);
		rest = behind(rest, word);
		if (takes_command(word))
			return rest;
		if (!is_shell_option(word))
			break;
	}
	return command;
}

static bool has_shell(struct lopt_str command)
{
	return lopt_shell_strip(command).ptr != command.ptr;
}

static bool is_assignment(struct lopt_str word)
{
	size_t sign = lopt_str_find(word, '=');
	for (size_t i = 0; i < sign; i++)
		if ((unsigned char)word.ptr[i] >= 0x80 || !lopt_rune_is_letter(word.ptr[i]))
			return false;
	return sign > 0 && sign < word.len;
}

/* Where a value has blanks the words do not add up; then the shell says where the command starts. */
static struct lopt_str find_shell(struct lopt_str text)
{
	for (struct lopt_str rest = text; rest.len; rest = behind(rest, first_word(rest)))
		if (has_shell(rest))
			return rest;
	return text;
}

/* Take "|2 A=1 B=2 " off; what it held goes to `args`. */
static struct lopt_str strip_build_args(struct lopt_str text, struct lopt_str *args)
{
	*args = lopt_str_make(NULL, 0);
	size_t at = 1, count = 0;
	for (; at < text.len && text.ptr[at] >= '0' && text.ptr[at] <= '9' && count < 100000; at++)
		count = count * 10 + (size_t)(text.ptr[at] - '0');
	if (!lopt_str_starts(text, "|") || at == 1 || at == text.len || text.ptr[at] != ' ')
		return text;
	struct lopt_str from = lopt_str_skip(text, at + 1), rest = from;
	bool plain = true;
	for (; count && rest.len && plain; count--) {
		struct lopt_str word = first_word(rest);
		plain = is_assignment(word);
		if (plain)
			rest = behind(rest, word);
	}
	if (!plain || count || (!has_shell(rest) && !lopt_str_starts(rest, "/")))
		rest = find_shell(from);
	*args = lopt_str_make(from.ptr, (size_t)(rest.ptr - from.ptr));
	return rest;
}

static void read_command(struct lopt_record *record, struct lopt_str text)
{
	record->keyword = LOPT_KEYWORD_RUN;
	record->text = lopt_str_trim(lopt_shell_strip(strip_build_args(text, &record->args)));
}

static void strip_flags(struct lopt_record *record)
{
	struct lopt_str from = record->text;
	while (lopt_str_starts(record->text, "--"))
		record->text = lopt_str_trim_left(behind(record->text, first_word(record->text)));
	record->flags = lopt_str_trim(lopt_str_make(from.ptr, from.len - record->text.len));
}

/*
 * "COPY --chown=1:1multi:HASH in ./text/": docker's classic builder leaves no space behind the flag, so that
 * flag and hash are told apart by the kinds of hash there are.
 */
static void read_lost_sources(struct lopt_record *record)
{
	static const char *const kinds[] = { "file:", "dir:", "multi:" };
	const char *in = record->text.len ? memmem(record->text.ptr, record->text.len, " in ", 4) : NULL;
	if (!in)
		return;
	struct lopt_str head = lopt_str_make(record->text.ptr, (size_t)(in - record->text.ptr));
	size_t end = 0;
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
		const char *hash = memmem(head.ptr, head.len, kinds[i], strlen(kinds[i]));
		if (hash && lopt_str_starts(head, "--"))
			end = (size_t)(hash - head.ptr);
	}
	record->flags = lopt_str_trim(lopt_str_make(head.ptr, end));
	record->text = lopt_str_trim(lopt_str_skip(record->text, head.len + 1));
	record->sources_lost = true;
}

static bool is_copy(enum lopt_keyword keyword)
{
	return keyword == LOPT_KEYWORD_COPY || keyword == LOPT_KEYWORD_ADD;
}

/* Behind "#(nop)": the classic builder writes two spaces except for COPY, ADD and WORKDIR, buildah always one. */
static void read_nop(struct lopt_record *record, struct lopt_str text)
{
	bool two = lopt_str_starts(text, "  ");
	text = lopt_str_trim(text);
	struct lopt_str word = first_word(text);
	record->keyword = lopt_keyword_find(word);
	record->text = record->keyword ? lopt_str_trim(behind(text, word)) : text;
	if (record->builder == LOPT_BUILDER_UNKNOWN) {
		record->shared = !two && (is_copy(record->keyword) || record->keyword == LOPT_KEYWORD_WORKDIR);
		record->builder = two || record->shared ? LOPT_BUILDER_LEGACY : LOPT_BUILDER_BUILDAH;
	}
	if (is_copy(record->keyword))
		read_lost_sources(record);
}

static enum lopt_builder known_builder(const struct lopt_history *entry)
{
	if (lopt_str_starts(entry->comment, "buildkit."))
		return LOPT_BUILDER_BUILDKIT;
	if (lopt_str_is(entry->author, "kaniko"))
		return LOPT_BUILDER_KANIKO;
	return lopt_str_starts(entry->comment, "FROM ") ? LOPT_BUILDER_BUILDAH : LOPT_BUILDER_UNKNOWN;
}

static struct lopt_str strip_mark(struct lopt_str text, bool *marked)
{
	static const char mark[] = " # buildkit";
	size_t len = sizeof mark - 1;
	*marked = text.len >= len && memcmp(text.ptr + text.len - len, mark, len) == 0;
	if (*marked)
		text.len -= len;
	return text;
}

/* A keyword counts in capitals only, unless the builder is known to write instructions down as they were. */
static bool read_instruction(struct lopt_record *record, struct lopt_str text)
{
	struct lopt_str word = first_word(text);
	record->keyword = lopt_keyword_find(word);
	if (!record->keyword || (record->builder == LOPT_BUILDER_UNKNOWN && !lopt_str_is(word, names[record->keyword])))
		return false;
	record->text = lopt_str_trim(behind(text, word));
	if (record->keyword == LOPT_KEYWORD_RUN && record->builder == LOPT_BUILDER_BUILDKIT)
		read_command(record, record->text);
	else if (record->keyword == LOPT_KEYWORD_RUN || is_copy(record->keyword))
		strip_flags(record);
	return true;
}

struct lopt_record lopt_record_read(const struct lopt_history *entry)
{
	struct lopt_record record = { .builder = known_builder(entry) };
	bool marked;
	struct lopt_str text = strip_mark(lopt_str_trim(entry->created_by), &marked);
	if (marked)
		record.builder = LOPT_BUILDER_BUILDKIT;
	struct lopt_str command = lopt_shell_strip(text);
	if (lopt_str_starts(command, "#(nop)")) {
		read_nop(&record, lopt_str_skip(command, strlen("#(nop)")));
	} else if (!read_instruction(&record, text)) {
		record.keyword = LOPT_KEYWORD_NONE;
		record.text = text;
		bool written = lopt_str_starts(text, "|") || has_shell(text) || lopt_str_starts(text, "/");
		if (written && record.builder != LOPT_BUILDER_KANIKO) {
			read_command(&record, text);
			record.shared = record.builder == LOPT_BUILDER_UNKNOWN;
			if (record.shared)
				record.builder = LOPT_BUILDER_LEGACY;
		}
	}
	return record;
}
