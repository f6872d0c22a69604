/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "advice/apt.h"
#include "base/cleanup.h"
#include "package/text.h"

/*
 * Documentation, manual pages and translations that dpkg need not unpack (dpkg(1), --path-exclude). Licences stay. dpkg
 * keeps directories and links where something below might be included.
 */

static const char config[] = "etc/dpkg/dpkg.cfg.d/90_no-documentation";

struct looking {
	struct lopt_maker maker;
	struct lopt_str language; /* "de" of LANG=de_DE.UTF-8: its translations stay */
};

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

/* update-alternatives links a manual page only where there is one. */
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
	(void)err;
	if (!is_own(maker->evidence, node->layer))
		return LOPT_OK;
	if (is_excluded(looking, node->path, node->type)) {
		lopt_maker_effect(maker, node->path, LOPT_ASPECT_REMOVED, false);
		if (node->inode_layer)
			lopt_maker_claim_path(maker, node->path);
	} else if (is_alternative(looking, node)) {
		lopt_maker_effect(maker, node->path, LOPT_ASPECT_REMOVED | LOPT_ASPECT_TARGET, false);
	} else if (lopt_str_starts(node->path, "var/lib/dpkg/alternatives/") ||
		   lopt_str_starts(node->path, "var/cache/man/")) {
		lopt_maker_effect(maker, node->path, LOPT_ASPECT_REMOVED | LOPT_ASPECT_CONTENT, false);
	}
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

static void release_looking(struct looking *looking)
{
	lopt_maker_release(&looking->maker);
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
	LOPT_TRY(lopt_image_walk(evidence->image, predict, &looking, err));
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
