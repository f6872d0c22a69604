/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "advice/apt.h"
#include "advice/debian.h"
#include "base/cleanup.h"

/*
 * apt installs what packages recommend. Without that an image is often half as large, and may lack what a program
 * needs all the same: what the Dockerfile itself uses is asked for by name, and the rest is for --test to tell.
 */

/* What is used. */

static enum lopt_status want(struct lopt_packages *packages, size_t package, struct lopt_error *err)
{
	if (package == SIZE_MAX || packages->kept[package])
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
		return want(packages, package, err);
	}
	if (memchr(name.ptr, '/', name.len))
		return LOPT_OK;
	for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
		(void)snprintf(path, sizeof path, "%s%.*s", folders[i], LOPT_STR_ARGS(name));
		LOPT_TRY(lopt_packages_of_path(packages, lopt_str_from(path), &package, err));
		if (package != SIZE_MAX)
			return want(packages, package, err);
	}
	return LOPT_OK;
}

static enum lopt_status want_named(struct lopt_packages *packages, const char *name, struct lopt_error *err)
{
	for (size_t i = 0; i < packages->debian.count; i++)
		if (lopt_str_is(packages->debian.packages[i].stanza.package, name))
			return want(packages, i, err);
	return LOPT_OK;
}

static enum lopt_status want_commands(struct lopt_packages *packages, size_t instruction, struct lopt_error *err)
{
	const struct lopt_evidence *evidence = packages->evidence;
	const struct lopt_instruction *at = lopt_evidence_at(evidence, instruction);
	const struct lopt_shell *shell = &evidence->shells[instruction];
	for (size_t i = 0; i < shell->count; i++)
		for (size_t j = 0; j < shell->commands[i].word_count; j++) {
			size_t word;
			(void)lopt_command_program(&shell->commands[i], &word);
			/* wrappers and the program; other words only where they are paths */
			struct lopt_str text = shell->commands[i].words[j].text;
			if (j <= word || (text.len && text.ptr[0] == '/'))
				LOPT_TRY(want_program(packages, text, err));
		}
	enum lopt_keyword keyword = evidence->keywords[instruction];
	if (keyword == LOPT_KEYWORD_CMD || keyword == LOPT_KEYWORD_ENTRYPOINT || keyword == LOPT_KEYWORD_SHELL ||
	    keyword == LOPT_KEYWORD_HEALTHCHECK || (keyword == LOPT_KEYWORD_RUN && at->json))
		for (size_t i = 0; i < at->word_count; i++)
			LOPT_TRY(want_program(packages, at->words[i], err));
	return LOPT_OK;
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
		LOPT_TRY(want_commands(packages, i, err));
	if (uses_network(evidence))
		LOPT_TRY(want_named(packages, "ca-certificates", err));
	if (sets_locale(lopt_image_info(evidence->image)))
		LOPT_TRY(want_named(packages, "locales", err));
	return LOPT_OK;
}

/* Scripts that no Debian package owns: "#!/usr/bin/env python3". */

enum lopt_keep lopt_plan_keep(const struct lopt_entry *entry, struct lopt_str head)
{
	if (entry->type != LOPT_FILE || !(entry->mode & 0111))
		return LOPT_KEEP_NOTHING;
	if (!head.ptr)
		return LOPT_KEEP_LOOK;
	return lopt_str_starts(head, "#!") ? LOPT_KEEP_HEAD : LOPT_KEEP_NOTHING;
}

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

/* The edit. */

struct looking {
	struct lopt_maker maker;
	struct lopt_packages packages;
	bool *by_apt;  /* per layer: a RUN that installs made it */
	bool *flagged; /* per layer: that RUN gets the flag */
};

static void release_looking(struct looking *looking)
{
	lopt_maker_release(&looking->maker);
	lopt_packages_release(&looking->packages);
	free(looking->by_apt);
	free(looking->flagged);
}

static bool has_word(const struct lopt_shell_command *command, const char *word)
{
	for (size_t i = 0; i < command->word_count; i++)
		if (memmem(command->words[i].text.ptr, command->words[i].text.len, word, strlen(word)))
			return true;
	return false;
}

/* Packages used although only recommended that this layer brought, for the install command to name. */
static struct lopt_str wanted_in(struct looking *looking, size_t layer)
{
	struct lopt_str names = lopt_str_make("", 0);
	const struct lopt_packages *packages = &looking->packages;
	for (size_t i = 0; i < packages->debian.count; i++)
		if (packages->wanted[i] && packages->layer[i] == layer)
			names = lopt_maker_text(&looking->maker, "%.*s %.*s", LOPT_STR_ARGS(names),
						LOPT_STR_ARGS(packages->debian.packages[i].stanza.package));
	return names;
}

static void flag_run(struct looking *looking, size_t instruction)
{
	const struct lopt_shell *shell = &looking->maker.evidence->shells[instruction];
	size_t layer = looking->maker.evidence->layer_of[instruction], last = SIZE_MAX;
	for (size_t i = 0; i < shell->count; i++) {
		const struct lopt_shell_command *command = &shell->commands[i];
		size_t verb;
		if (lopt_apt_read(command, &verb) != LOPT_APT_INSTALL)
			continue;
		looking->by_apt[layer] = true;
		if (has_word(command, "-install-recommends") || has_word(command, "Install-Recommends"))
			continue;
		looking->flagged[layer] = true;
		last = i;
		lopt_maker_step(&looking->maker,
				(struct lopt_edit_step){ .kind = LOPT_STEP_REPLACE,
							 .instruction = instruction,
							 .at = command->words[verb].end,
							 .text = lopt_str_from(" --no-install-recommends") });
	}
	struct lopt_str names = last == SIZE_MAX ? lopt_str_make("", 0) : wanted_in(looking, layer);
	if (!names.len)
		return;
	const struct lopt_shell_command *command = &shell->commands[last];
	lopt_maker_step(&looking->maker, (struct lopt_edit_step){ .kind = LOPT_STEP_REPLACE,
								  .instruction = instruction,
								  .at = command->words[command->word_count - 1].end,
								  .text = names });
}

/* Only what a RUN that gets the flag brought can go; what it depends on stays with it, and so on. */
static enum lopt_status keep_what_others_brought(struct looking *looking, struct lopt_error *err)
{
	struct lopt_packages *packages = &looking->packages;
	for (size_t i = 0; i < packages->debian.count; i++) {
		size_t layer = packages->layer[i];
		if (!packages->kept[i] && (layer == LOPT_NO_LAYER || !looking->flagged[layer]))
			LOPT_TRY(lopt_packages_keep_with(packages, i, err));
	}
	return LOPT_OK;
}

/* A file of the package database that is the package's own. */
static bool is_info_of_dropped(const struct looking *looking, struct lopt_str path)
{
	static const char info[] = LOPT_DPKG_INFO_FOLDER;
	const struct lopt_packages *packages = &looking->packages;
	if (!lopt_str_starts(path, info))
		return false;
	struct lopt_str name = lopt_str_make(path.ptr + sizeof info - 1, path.len - sizeof info + 1);
	for (size_t i = 0; i < packages->debian.count; i++) {
		struct lopt_str package = packages->debian.packages[i].stanza.package;
		if (!packages->strict[i] && name.len > package.len && memcmp(name.ptr, package.ptr, package.len) == 0 &&
		    (name.ptr[package.len] == '.' || name.ptr[package.len] == ':'))
			return true;
	}
	return false;
}

static bool is_owned_by_dropped(const struct looking *looking, const struct lopt_node *node)
{
	const struct lopt_packages *packages = &looking->packages;
	if (!node->inode_layer)
		return false;
	uint32_t owner = packages->owners.inodes[node->inode_layer->index][node->inode];
	for (size_t i = 0; owner != LOPT_NO_OWNER && i < packages->debian.count; i++)
		if (packages->debian.packages[i].owner == owner)
			return !packages->strict[i];
	return false;
}

/* A later chmod may have copied it: without the package there is nothing to copy. */
static void claim_everywhere(struct looking *looking, const struct lopt_node *node)
{
	struct lopt_evidence *evidence = looking->maker.evidence;
	size_t layer = evidence->layers;
	const struct lopt_entry *entry;
	while (node->inode_layer && (entry = lopt_evidence_below(evidence, node->path, layer, &layer)))
		if (entry->inode != LOPT_NO_INODE && evidence->instruction_of[layer] != SIZE_MAX)
			lopt_maker_claim(&looking->maker, layer, entry->inode);
}

static enum lopt_status predict(void *context, const struct lopt_node *node, struct lopt_error *err)
{
	struct looking *looking = context;
	unsigned flags = lopt_packages_flags(&looking->packages, node->path);
	(void)err;
	bool dropped = flags == LOPT_PATH_DROPPED || (flags == 0 && is_owned_by_dropped(looking, node)) ||
		       (flags == 0 && is_info_of_dropped(looking, node->path));
	if (dropped) {
		lopt_maker_effect(&looking->maker, node->path, LOPT_ASPECT_REMOVED, false);
		claim_everywhere(looking, node);
	} else if (flags == 0 && node->layer != LOPT_NO_LAYER && looking->by_apt[node->layer]) {
		/* made by the scripts of packages: it may not be made, or be made of fewer parts */
		lopt_maker_effect(&looking->maker, node->path,
				  LOPT_ASPECT_REMOVED | LOPT_ASPECT_CONTENT | LOPT_ASPECT_TARGET | LOPT_ASPECT_LINKS,
				  false);
	}
	return LOPT_OK;
}

static enum lopt_status describe(struct looking *looking, struct lopt_error *err)
{
	struct lopt_maker *maker = &looking->maker;
	const struct lopt_packages *packages = &looking->packages;
	size_t dropped = 0, wanted = 0;
	for (size_t i = 0; i < packages->debian.count; i++) {
		dropped += !packages->strict[i];
		wanted += packages->wanted[i];
	}
	if (dropped == 0)
		return LOPT_OK;
	struct lopt_str size = lopt_maker_size(maker, lopt_maker_bytes(maker));
	maker->edit.needs_test = true;
	maker->edit.line = lopt_evidence_at(maker->evidence, maker->steps[0].instruction)->line;
	maker->edit.evidence =
		lopt_maker_text(maker,
				"line %u and those behind it install %zu packages, %.*s, that nothing depends on: "
				"others only recommend them.",
				(unsigned)maker->edit.line, dropped, LOPT_STR_ARGS(size));
	maker->edit.change = lopt_maker_text(maker, "Install with --no-install-recommends%s.",
					     wanted ? ", and name those that the Dockerfile uses" : "");
	return lopt_maker_finish(maker, LOPT_EDIT_BYTES_LEAST, err);
}

enum lopt_status lopt_rule_recommends(struct lopt_evidence *evidence, struct lopt_error *err)
{
	LOPT_CLEANUP(release_looking) struct looking looking = { 0 };
	lopt_maker_init(&looking.maker, evidence, "no-recommends", LOPT_LEVEL_STANDARD);
	looking.by_apt = calloc(evidence->layers + 1, sizeof *looking.by_apt);
	looking.flagged = calloc(evidence->layers + 1, sizeof *looking.flagged);
	if (!looking.by_apt || !looking.flagged)
		return lopt_error_memory(err);
	LOPT_TRY(lopt_packages_read(&looking.packages, evidence, err));
	if (!looking.packages.known)
		return LOPT_OK;
	LOPT_TRY(want_used(&looking.packages, err));
	LOPT_TRY(want_r(&looking.packages, err));
	LOPT_TRY(want_interpreters(&looking.packages, err));
	for (size_t i = evidence->first; i < evidence->instructions; i++)
		if (lopt_evidence_is_run(evidence, i))
			flag_run(&looking, i);
	LOPT_TRY(keep_what_others_brought(&looking, err));
	lopt_packages_choose(&looking.packages, looking.flagged);
	LOPT_TRY(lopt_packages_read_lists(&looking.packages, err));
	LOPT_TRY(lopt_image_walk(evidence->image, predict, &looking, err));
	return looking.maker.edit.step_count ? describe(&looking, err) : LOPT_OK;
}
