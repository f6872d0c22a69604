/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "advice/apt.h"
#include "advice/debian.h"
#include "base/cleanup.h"
#include "package/text.h"

/*
 * Documentation, manual pages and translations that dpkg need not unpack (dpkg(1), --path-exclude). Licences stay. dpkg
 * keeps directories and links where something below might be included. What somebody else put there (a COPY, make
 * install, pip) it knows nothing of, and what it unpacked before it was told stays, too, until a package is upgraded: then
 * it takes away the files that the new version leaves out.
 */

static const char config[] = "etc/dpkg/dpkg.cfg.d/90_no-documentation";

struct folder {
	struct lopt_str path;
	bool stays; /* something in it does */
};

struct looking {
	struct lopt_maker maker;
	struct lopt_packages packages; /* strict: what is unpacked before dpkg is told, or never */
	struct lopt_str language;      /* "de" of LANG=de_DE.UTF-8: its translations stay */
	size_t from;		       /* layer of the first instruction that installs */
	struct folder *folders;	       /* that go when nothing in them stays */
	size_t count, cap;
	size_t *open; /* indices of those that the walk is in */
	size_t depth, open_cap;
};

static void release_looking(struct looking *looking)
{
	lopt_maker_release(&looking->maker);
	lopt_packages_release(&looking->packages);
	free(looking->folders);
	free(looking->open);
}

static struct lopt_str language_of(const struct lopt_image_info *info)
{
	for (size_t i = 0; i < info->env_count; i++) {
		struct lopt_str value = info->env[i].value;
		bool names = lopt_str_is(info->env[i].name, "LANG") || lopt_str_is(info->env[i].name, "LC_ALL") ||
			     lopt_str_is(info->env[i].name, "LANGUAGE");
		size_t len = 0;
		while (len < value.len && value.ptr[len] >= 'a' && value.ptr[len] <= 'z')
			len++;
		if (names && len >= 2 && len <= 3)
			return lopt_str_make(value.ptr, len);
	}
	return lopt_str_make("", 0);
}

/* Does the configuration written below leave it out? */
static bool is_excluded(const struct looking *looking, struct lopt_str path, enum lopt_type type)
{
	if (lopt_str_starts(path, "usr/share/doc/"))
		return type == LOPT_FILE && !lopt_text_ends(path, "/copyright");
	if (lopt_str_starts(path, "usr/share/man/") || lopt_str_starts(path, "usr/share/info/"))
		return true;
	if (!lopt_str_starts(path, "usr/share/locale/") || lopt_text_ends(path, "/locale.alias"))
		return false;
	struct lopt_str rest = lopt_str_make(path.ptr + 17, path.len - 17);
	return !looking->language.len || rest.len < looking->language.len ||
	       memcmp(rest.ptr, looking->language.ptr, looking->language.len) != 0;
}

static bool is_own(const struct lopt_evidence *evidence, size_t layer)
{
	return layer != LOPT_NO_LAYER && evidence->instruction_of[layer] != SIZE_MAX;
}

/* What dpkg unpacks: by an instruction that names it, or apt, once it is told. */
static bool unpacks(const struct looking *looking, size_t layer)
{
	const struct lopt_evidence *evidence = looking->maker.evidence;
	if (layer < looking->from || !is_own(evidence, layer))
		return false;
	size_t instruction = evidence->instruction_of[layer];
	struct lopt_str text = lopt_evidence_at(evidence, instruction)->source;
	return evidence->keywords[instruction] == LOPT_KEYWORD_RUN &&
	       (memmem(text.ptr, text.len, "apt", 3) || memmem(text.ptr, text.len, "dpkg", 4));
}

/* A package is unpacked where its list is written. */
static void find_unpacked(struct looking *looking)
{
	struct lopt_packages *packages = &looking->packages;
	const struct lopt_image *image = looking->maker.evidence->image;
	for (size_t i = 0; i < packages->debian.count; i++)
		packages->strict[i] = true;
	for (size_t l = looking->from; l < lopt_image_layer_count(image); l++) {
		const struct lopt_layer *layer = lopt_image_layer(image, l);
		for (size_t i = 0; unpacks(looking, l) && i < layer->entry_count; i++) {
			const struct lopt_entry *entry = &layer->entries[i];
			const struct lopt_debian_package *package =
				entry->type == LOPT_FILE && !(entry->flags & LOPT_ENTRY_WHITEOUT)
					? lopt_debian_of_list(&packages->debian, entry->path)
					: NULL;
			if (package)
				packages->strict[package - packages->debian.packages] = false;
		}
	}
}

/* As dpkg unpacked it, though a later instruction may have copied it. */
static bool is_unpacked(const struct looking *looking, const struct lopt_node *node)
{
	const struct lopt_evidence *evidence = looking->maker.evidence;
	uint32_t content = node->inode_layer ? node->inode_layer->inodes[node->inode].content : LOPT_NO_CONTENT;
	const struct lopt_entry *entry;
	size_t at = evidence->layers;
	while ((entry = lopt_evidence_below(evidence, node->path, at, &at))) {
		if (!is_own(evidence, at) || evidence->keywords[evidence->instruction_of[at]] != LOPT_KEYWORD_RUN)
			return false;
		if (unpacks(looking, at))
			return entry->inode == LOPT_NO_INODE || content == LOPT_NO_CONTENT ||
			       lopt_image_layer(evidence->image, at)->inodes[entry->inode].content == content;
	}
	return false;
}

/* update-alternatives links a manual page only where there is one. */
static bool is_page_link(const struct lopt_node *node)
{
	return node->type == LOPT_SYMLINK && node->entry && lopt_str_starts(node->entry->link, "/etc/alternatives/");
}

static bool is_left_out(const struct looking *looking, const struct lopt_node *node)
{
	if (!is_own(looking->maker.evidence, node->layer) || !is_excluded(looking, node->path, node->type))
		return false;
	if (node->type == LOPT_DIR)
		return lopt_packages_flags(&looking->packages, node->path) & LOPT_PATH_DROPPED;
	return is_page_link(node) || (lopt_packages_drop(&looking->packages, node) && is_unpacked(looking, node));
}

/* Directories. */

static bool is_inside(struct lopt_str path, struct lopt_str folder)
{
	return path.len > folder.len && path.ptr[folder.len] == '/' && memcmp(path.ptr, folder.ptr, folder.len) == 0;
}

/* Close those that the walk has left. */
static void leave_folders(struct looking *looking, struct lopt_str path)
{
	while (looking->depth && !is_inside(path, looking->folders[looking->open[looking->depth - 1]].path))
		looking->depth--;
}

static void stay(struct looking *looking)
{
	for (size_t i = 0; i < looking->depth; i++)
		looking->folders[looking->open[i]].stays = true;
}

/* One that was not there before goes with all that is in it. */
static enum lopt_status enter_folder(struct looking *looking, struct lopt_str path, struct lopt_error *err)
{
	size_t at;
	if (lopt_evidence_below(looking->maker.evidence, path, looking->from, &at)) {
		stay(looking);
		return LOPT_OK;
	}
	struct folder *folders = lopt_grow(looking->folders, &looking->cap, looking->count + 1, sizeof *folders);
	if (!folders)
		return lopt_error_memory(err);
	looking->folders = folders;
	size_t *open = lopt_grow(looking->open, &looking->open_cap, looking->depth + 1, sizeof *open);
	if (!open)
		return lopt_error_memory(err);
	looking->open = open;
	folders[looking->count] = (struct folder){ .path = lopt_arena_copy(looking->maker.evidence->arena, path) };
	if (!folders[looking->count].path.ptr)
		return lopt_error_memory(err);
	open[looking->depth++] = looking->count++;
	return LOPT_OK;
}

/* What remembers pages, and may be made of fewer. */
static bool is_index(struct lopt_str path)
{
	return lopt_str_starts(path, "var/lib/dpkg/alternatives/") || lopt_str_starts(path, "var/cache/man/") ||
	       lopt_str_is(path, "usr/share/info/dir") || lopt_str_is(path, "usr/share/info/dir.old");
}

static bool is_alternative(const struct looking *looking, const struct lopt_node *node)
{
	struct lopt_str target = node->type == LOPT_SYMLINK && node->entry ? node->entry->link : lopt_str_make("", 0);
	if (!lopt_str_starts(node->path, "etc/alternatives/") || !target.len || target.ptr[0] != '/')
		return false;
	return is_excluded(looking, lopt_str_make(target.ptr + 1, target.len - 1), LOPT_FILE);
}

static enum lopt_status predict(void *context, const struct lopt_node *node, struct lopt_error *err)
{
	struct looking *looking = context;
	struct lopt_maker *maker = &looking->maker;
	leave_folders(looking, node->path);
	if (is_left_out(looking, node)) {
		if (node->type == LOPT_DIR)
			return enter_folder(looking, node->path, err);
		lopt_maker_effect(maker, node->path, LOPT_ASPECT_REMOVED, false);
		if (node->inode_layer)
			lopt_maker_claim_path(maker, node->path);
		return LOPT_OK;
	}
	if (is_own(maker->evidence, node->layer) && is_alternative(looking, node)) {
		lopt_maker_effect(maker, node->path, LOPT_ASPECT_REMOVED | LOPT_ASPECT_TARGET, false);
	} else if (is_own(maker->evidence, node->layer) && is_index(node->path)) {
		lopt_maker_effect(maker, node->path, LOPT_ASPECT_REMOVED | LOPT_ASPECT_CONTENT, false);
		return LOPT_OK;
	}
	stay(looking);
	return LOPT_OK;
}

/* The first instruction that installs with apt, after which the configuration is in force. */
static size_t first_install(const struct lopt_evidence *evidence)
{
	for (size_t i = evidence->first; i < evidence->instructions; i++) {
		if (!lopt_evidence_is_run(evidence, i))
			continue;
		for (size_t j = 0; j < evidence->shells[i].count; j++) {
			size_t verb;
			if (lopt_apt_read(&evidence->shells[i].commands[j], &verb) == LOPT_APT_INSTALL)
				return i;
		}
	}
	return SIZE_MAX;
}

static struct lopt_str command_of(struct looking *looking)
{
	struct lopt_str language = lopt_str_make("", 0);
	if (looking->language.len)
		language = lopt_maker_text(&looking->maker, " 'path-include /usr/share/locale/%.*s*'",
					   LOPT_STR_ARGS(looking->language));
	return lopt_maker_text(
		&looking->maker,
		"printf '%%s\\n' 'path-exclude /usr/share/doc/*' 'path-include /usr/share/doc/*/copyright' "
		"'path-exclude /usr/share/man/*' 'path-exclude /usr/share/info/*' "
		"'path-exclude /usr/share/locale/*' 'path-include /usr/share/locale/locale.alias'%.*s > /%s",
		LOPT_STR_ARGS(language), config);
}

enum lopt_status lopt_rule_documentation(struct lopt_evidence *evidence, struct lopt_error *err)
{
	LOPT_CLEANUP(release_looking) struct looking looking = { 0 };
	struct lopt_maker *maker = &looking.maker;
	size_t first = first_install(evidence), at;
	lopt_maker_init(maker, evidence, "no-documentation", LOPT_LEVEL_STANDARD);
	looking.language = language_of(lopt_image_info(evidence->image));
	if (first == SIZE_MAX ||
	    !lopt_evidence_below(evidence, lopt_str_from("etc/dpkg/dpkg.cfg.d"), evidence->layers, &at))
		return LOPT_OK;
	looking.from = evidence->layer_of[first];
	LOPT_TRY(lopt_packages_read(&looking.packages, evidence, err));
	find_unpacked(&looking);
	LOPT_TRY(lopt_packages_read_lists(&looking.packages, err));
	LOPT_TRY(lopt_image_walk(evidence->image, predict, &looking, err));
	for (size_t i = 0; i < looking.count; i++)
		if (!looking.folders[i].stays)
			lopt_maker_effect(maker, looking.folders[i].path, LOPT_ASPECT_REMOVED, false);
	lopt_maker_effect(maker, lopt_str_from(config), LOPT_ASPECT_ADDED, false);
	lopt_maker_step(maker, (struct lopt_edit_step){
				       .kind = LOPT_STEP_PREPEND, .instruction = first, .text = command_of(&looking) });
	struct lopt_str size = lopt_maker_size(maker, lopt_maker_bytes(maker));
	maker->edit.needs_test = true;
	maker->edit.line = lopt_evidence_at(evidence, first)->line;
	maker->edit.evidence = lopt_maker_text(
		maker, "line %u and those behind it ship %.*s of documentation, manual pages and translations.",
		(unsigned)maker->edit.line, LOPT_STR_ARGS(size));
	maker->edit.change = lopt_str_from("Tell dpkg to leave them out, but for licences.");
	return lopt_maker_finish(maker, lopt_evidence_least(evidence, 1000), err);
}
