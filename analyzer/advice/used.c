/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>

#include "advice/debian.h"
#include "base/cleanup.h"
#include "layer/imports.h"
#include "layer/path.h"
#include "package/text.h"

/* Which packages the Dockerfile itself, and what it brings, make use of. */

enum lopt_status lopt_packages_use(struct lopt_packages *packages, size_t package, struct lopt_error *err)
{
	if (package == SIZE_MAX)
		return LOPT_OK;
	packages->used[package] = true;
	if (packages->kept[package])
		return LOPT_OK;
	packages->wanted[package] = true;
	return lopt_packages_keep_with(packages, package, err);
}

static enum lopt_status want_program(struct lopt_packages *packages, struct lopt_str name, struct lopt_error *err)
{
	static const char *const folders[] = { "/usr/local/sbin/", "/usr/local/bin/", "/usr/sbin/",
					       "/usr/bin/",	   "/sbin/",	      "/bin/" };
	char path[300];
	size_t package;
	if (!name.len || name.len > 200)
		return LOPT_OK;
	if (name.ptr[0] == '/') {
		LOPT_TRY(lopt_packages_of_path(packages, name, &package, err));
		return lopt_packages_use(packages, package, err);
	}
	if (memchr(name.ptr, '/', name.len))
		return LOPT_OK;
	for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
		(void)snprintf(path, sizeof path, "%s%.*s", folders[i], LOPT_STR_ARGS(name));
		LOPT_TRY(lopt_packages_of_path(packages, lopt_str_from(path), &package, err));
		if (package != SIZE_MAX)
			return lopt_packages_use(packages, package, err);
	}
	return LOPT_OK;
}

static enum lopt_status want_named(struct lopt_packages *packages, const char *name, struct lopt_error *err)
{
	for (size_t i = 0; i < packages->debian.count; i++)
		if (lopt_str_is(packages->debian.packages[i].stanza.package, name))
			return lopt_packages_use(packages, i, err);
	return LOPT_OK;
}

/* Every word of a text that is not read as a shell would: rather one package too many. */
static enum lopt_status want_words(struct lopt_packages *packages, struct lopt_str text, struct lopt_error *err)
{
	for (size_t i = 0, start = 0; i <= text.len; i++) {
		char c = i < text.len ? text.ptr[i] : ' ';
		bool part = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
			    (c && strchr("._/-+", c));
		if (part)
			continue;
		LOPT_TRY(want_program(packages, lopt_str_make(text.ptr + start, i - start), err));
		start = i + 1;
	}
	return LOPT_OK;
}

/* Wrappers and what they run, the program itself, and other words only where they are paths. */
static enum lopt_status want_command(struct lopt_packages *packages, const struct lopt_shell_command *command,
				     struct lopt_error *err)
{
	size_t word;
	(void)lopt_command_program(command, &word);
	for (size_t i = 0; i < command->word_count; i++) {
		struct lopt_str text = command->words[i].text;
		if (word > 0 || i == 0 || (text.len && text.ptr[0] == '/'))
			LOPT_TRY(want_program(packages, text, err));
	}
	return LOPT_OK;
}

enum lopt_status lopt_packages_want_commands(struct lopt_packages *packages, size_t instruction, struct lopt_error *err)
{
	const struct lopt_evidence *evidence = packages->evidence;
	const struct lopt_instruction *at = lopt_evidence_at(evidence, instruction);
	const struct lopt_shell *shell = &evidence->shells[instruction];
	enum lopt_keyword keyword = evidence->keywords[instruction];
	if (keyword == LOPT_KEYWORD_RUN && shell->understood) {
		for (size_t i = 0; i < shell->count; i++)
			LOPT_TRY(want_command(packages, &shell->commands[i], err));
		return LOPT_OK;
	}
	if (keyword != LOPT_KEYWORD_CMD && keyword != LOPT_KEYWORD_ENTRYPOINT && keyword != LOPT_KEYWORD_SHELL &&
	    keyword != LOPT_KEYWORD_HEALTHCHECK && keyword != LOPT_KEYWORD_RUN)
		return LOPT_OK;
	for (size_t i = 0; i < at->word_count && at->json; i++)
		LOPT_TRY(want_words(packages, at->words[i], err));
	return at->json ? LOPT_OK : want_words(packages, at->source, err);
}

static bool uses_network(const struct lopt_evidence *evidence)
{
	static const char *const signs[] = { "https:", "curl", "wget", "git ", "pip", "npm", "install.packages" };
	for (size_t i = evidence->first; i < evidence->instructions; i++)
		for (size_t j = 0; j < sizeof signs / sizeof signs[0]; j++) {
			struct lopt_str text = lopt_evidence_at(evidence, i)->source;
			if (memmem(text.ptr, text.len, signs[j], strlen(signs[j])))
				return true;
		}
	return false;
}

/* "LANG=de_DE.UTF-8" needs locales; "C.UTF-8" is built in. */
static bool sets_locale(const struct lopt_image_info *info)
{
	for (size_t i = 0; i < info->env_count; i++) {
		bool names = lopt_str_is(info->env[i].name, "LANG") || lopt_str_starts(info->env[i].name, "LC_");
		struct lopt_str value = info->env[i].value;
		if (names && value.len && value.ptr[0] != 'C' && !lopt_str_is(value, "POSIX"))
			return true;
	}
	return false;
}

static enum lopt_status want_used(struct lopt_packages *packages, struct lopt_error *err)
{
	const struct lopt_evidence *evidence = packages->evidence;
	for (size_t i = evidence->first; i < evidence->instructions; i++)
		if (!evidence->staged[i])
			LOPT_TRY(lopt_packages_want_commands(packages, i, err));
	if (uses_network(evidence))
		LOPT_TRY(want_named(packages, "ca-certificates", err));
	if (sets_locale(lopt_image_info(evidence->image)))
		LOPT_TRY(want_named(packages, "locales", err));
	return LOPT_OK;
}

/* Programs, libraries and scripts: what they ask for. */

static bool is_asking(struct lopt_str path)
{
	static const char *const ends[] = { ".so", ".py", ".pl", ".pm" };
	for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++)
		if (lopt_text_ends(path, ends[i]))
			return true;
	struct lopt_str base = lopt_path_base(path);
	return memmem(base.ptr, base.len, ".so.", 4) != NULL;
}

enum lopt_keep lopt_plan_keep(const struct lopt_entry *entry, struct lopt_str head)
{
	if (entry->type != LOPT_FILE || (!(entry->mode & 0111) && !is_asking(entry->path)))
		return LOPT_KEEP_NOTHING;
	if (!head.ptr)
		return LOPT_KEEP_LOOK;
	bool asks = lopt_str_starts(head, "#!") || lopt_str_starts(head, "\177ELF") ||
		    lopt_script_of(entry->path, head) != LOPT_SCRIPT_NONE;
	return asks ? LOPT_KEEP_USES : LOPT_KEEP_NOTHING;
}

/* Scripts that no Debian package owns: "#!/usr/bin/env python3". */

static struct lopt_str next_word(struct lopt_str *rest)
{
	size_t start = 0, end;
	while (start < rest->len && (rest->ptr[start] == ' ' || rest->ptr[start] == '\t'))
		start++;
	for (end = start; end < rest->len && rest->ptr[end] > ' ';)
		end++;
	struct lopt_str word = lopt_str_make(rest->ptr + start, end - start);
	*rest = lopt_str_make(rest->ptr + end, rest->len - end);
	return word;
}

static enum lopt_status want_interpreter(struct lopt_packages *packages, struct lopt_str head, struct lopt_error *err)
{
	const char *end = head.len ? memchr(head.ptr, '\n', head.len) : NULL;
	if (!lopt_str_starts(head, "#!"))
		return LOPT_OK;
	struct lopt_str rest = lopt_str_make(head.ptr + 2, (end ? (size_t)(end - head.ptr) : head.len) - 2);
	struct lopt_str program = next_word(&rest);
	LOPT_TRY(want_program(packages, program, err));
	static const char env[] = "/env";
	bool by_env = program.len >= sizeof env - 1 &&
		      memcmp(program.ptr + program.len - (sizeof env - 1), env, sizeof env - 1) == 0;
	while (by_env && (program = next_word(&rest)).len &&
	       (program.ptr[0] == '-' || memchr(program.ptr, '=', program.len)))
		continue;
	return by_env ? want_program(packages, program, err) : LOPT_OK;
}

static enum lopt_status want_interpreters(struct lopt_packages *packages, struct lopt_error *err)
{
	const struct lopt_image *image = packages->evidence->image;
	for (size_t l = 0; l < lopt_image_layer_count(image); l++) {
		const struct lopt_layer *layer = lopt_image_layer(image, l);
		for (size_t i = 0; i < layer->kept_count; i++) {
			const struct lopt_kept *kept = &layer->kept[i];
			if (kept->what != LOPT_KEEP_NOTHING && kept->bytes.len &&
			    layer->inodes[kept->inode].cause == LOPT_CAUSE_NONE &&
			    packages->owners.inodes[l][kept->inode] == LOPT_NO_OWNER)
				LOPT_TRY(want_interpreter(packages, kept->bytes, err));
		}
	}
	return LOPT_OK;
}

/* R packages that no Debian package owns say what they need: DESCRIPTION, "Imports: dplyr (>= 1.0), rlang". */

static enum lopt_status want_r_names(struct lopt_packages *packages, struct lopt_str list, struct lopt_error *err)
{
	while (list.len) {
		char name[128] = "r-cran-";
		size_t len = 7, i = 0;
		while (i < list.len &&
		       (list.ptr[i] == ' ' || list.ptr[i] == ',' || list.ptr[i] == '\n' || list.ptr[i] == '\t'))
			i++;
		for (; i < list.len && len + 1 < sizeof name; i++) {
			char c = list.ptr[i];
			bool letter = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.';
			if (c >= 'A' && c <= 'Z')
				name[len++] = (char)(c - 'A' + 'a');
			else if (letter)
				name[len++] = c;
			else
				break;
		}
		name[len] = '\0';
		if (len > 7)
			LOPT_TRY(want_named(packages, name, err));
		while (i < list.len && list.ptr[i] != ',')
			i++;
		list = lopt_str_make(list.ptr + i, list.len - i);
	}
	return LOPT_OK;
}

/* A field with its continuation lines. */
static struct lopt_str field_of(struct lopt_str text, const char *name)
{
	size_t len = strlen(name);
	for (size_t at = 0; at < text.len;) {
		const char *end = memchr(text.ptr + at, '\n', text.len - at);
		size_t stop = end ? (size_t)(end - text.ptr) : text.len;
		if (stop - at > len && memcmp(text.ptr + at, name, len) == 0 && text.ptr[at + len] == ':') {
			size_t start = at + len + 1;
			while (stop + 1 < text.len && (text.ptr[stop + 1] == ' ' || text.ptr[stop + 1] == '\t')) {
				const char *next = memchr(text.ptr + stop + 1, '\n', text.len - stop - 1);
				stop = next ? (size_t)(next - text.ptr) : text.len;
			}
			return lopt_str_make(text.ptr + start, stop - start);
		}
		at = stop + 1;
	}
	return lopt_str_make("", 0);
}

static enum lopt_status want_r(struct lopt_packages *packages, struct lopt_error *err)
{
	static const char *const fields[] = { "Depends", "Imports", "LinkingTo" };
	const struct lopt_image *image = packages->evidence->image;
	for (size_t l = 0; l < lopt_image_layer_count(image); l++) {
		const struct lopt_layer *layer = lopt_image_layer(image, l);
		for (size_t i = 0; i < layer->kept_count; i++) {
			const struct lopt_kept *kept = &layer->kept[i];
			const struct lopt_inode *inode = &layer->inodes[kept->inode];
			static const char end[] = "/DESCRIPTION";
			bool is = inode->path.len > sizeof end &&
				  memcmp(inode->path.ptr + inode->path.len - (sizeof end - 1), end, sizeof end - 1) ==
					  0;
			if (!is || kept->what != LOPT_KEEP_ALL || inode->cause != LOPT_CAUSE_NONE ||
			    packages->owners.inodes[l][kept->inode] != LOPT_NO_OWNER)
				continue;
			for (size_t f = 0; f < 3; f++)
				LOPT_TRY(want_r_names(packages, field_of(kept->bytes, fields[f]), err));
		}
	}
	return LOPT_OK;
}

/* All of it. */

enum lopt_status lopt_packages_want(struct lopt_packages *packages, struct lopt_error *err)
{
	LOPT_TRY(want_used(packages, err));
	LOPT_TRY(want_r(packages, err));
	LOPT_TRY(lopt_packages_want_loaded(packages, SIZE_MAX, err));
	return want_interpreters(packages, err);
}
