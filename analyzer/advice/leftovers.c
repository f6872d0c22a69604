/* SPDX-License-Identifier: MIT */
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>

#include "advice/evidence.h"
#include "advice/stage.h"
#include "base/cleanup.h"
#include "layer/path.h"

/*
 * What a RUN leaves behind and nobody needs: removed in the instruction that made it, where that costs nothing. Names and
 * levels are those of docs/known.md.
 */

enum {
	PLACES_MAX = 8,
	NAMES_MAX = 8,
	LINK_BYTES_MAX = 1 << 20,
	LEAST_PARTS = 100, /* of a million: what is removed with a few words more */
};

struct place {
	const char *directory; /* a component "*" stands for any one */
	const char *glob;      /* of names in it, and all below them; NULL: the directory itself */
};

struct leftover {
	const char *rule;
	const char *what;
	struct place places[PLACES_MAX];
	const char *tools[4]; /* a later command that reads it: then it stays */
	bool by_name;	      /* a later instruction that names a file of it uses that file */
	const char *beside;   /* lies next to each place, or it is another's of that name */
};

static const struct leftover table[] = {
	{ "apt-archives",
	  "package archives that apt downloaded",
	  { { "var/cache/apt/archives", "*.deb" } },
	  { 0 },
	  false,
	  NULL },
	{ "apt-cache", "the package index that apt builds", { { "var/cache/apt", "*.bin" } }, { 0 }, false, NULL },
	{ "dpkg-backups",
	  "older copies of the databases of dpkg and debconf",
	  { { "var/lib/dpkg", "*-old" }, { "var/cache/debconf", "*-old" } },
	  { 0 },
	  false,
	  NULL },
	{ "apk-cache",
	  "packages that apk downloaded",
	  { { "var/cache/apk", "*" }, { "etc/apk/cache", "*" } },
	  { 0 },
	  false,
	  NULL },
	{ "dnf-cache",
	  "packages and metadata that yum or dnf downloaded",
	  { { "var/cache/dnf", "*" }, { "var/cache/yum", "*" }, { "var/cache/libdnf5", "*" } },
	  { 0 },
	  false,
	  NULL },
	{ "zypper-cache", "packages that zypper downloaded", { { "var/cache/zypp", "*" } }, { 0 }, false, NULL },
	{ "pacman-cache", "packages that pacman downloaded", { { "var/cache/pacman/pkg", "*" } }, { 0 }, false, NULL },
	{ "pip-cache",
	  "what pip, uv or poetry downloaded and built",
	  { { "root/.cache/pip", NULL },
	    { "home/*/.cache/pip", NULL },
	    { "root/.cache/uv", NULL },
	    { "home/*/.cache/uv", NULL },
	    { "root/.cache/pypoetry", NULL } },
	  { 0 },
	  false,
	  NULL },
	{ "npm-cache",
	  "what npm downloaded",
	  { { "root/.npm", NULL }, { "home/*/.npm", NULL }, { "root/.cache/node-gyp", NULL } },
	  { 0 },
	  false,
	  NULL },
	{ "yarn-cache",
	  "what yarn downloaded",
	  { { "usr/local/share/.cache/yarn", NULL }, { "root/.cache/yarn", NULL }, { "home/*/.cache/yarn", NULL } },
	  { 0 },
	  false,
	  NULL },
	{ "conda-cache",
	  "packages that conda unpacked and installed from",
	  { { "opt/*/pkgs", NULL }, { "root/*conda*/pkgs", NULL }, { "home/*/*conda*/pkgs", NULL } },
	  { "conda", "mamba", "micromamba" },
	  false,
	  "conda-meta" },
	{ "cargo-cache",
	  "crates and indexes that cargo downloaded",
	  { { "usr/local/cargo/registry", NULL },
	    { "usr/local/cargo/git", NULL },
	    { "root/.cargo/registry", NULL },
	    { "root/.cargo/git", NULL } },
	  { "cargo" },
	  false,
	  NULL },
	{ "go-cache",
	  "modules that go downloaded, and what it compiled of them",
	  { { "root/.cache/go-build", NULL }, { "go/pkg/mod", NULL }, { "root/go/pkg/mod", NULL } },
	  { "go" },
	  false,
	  NULL },
	{ "composer-cache",
	  "what composer downloaded",
	  { { "root/.composer/cache", NULL }, { "root/.cache/composer", NULL } },
	  { 0 },
	  false,
	  NULL },
	{ "r-cache",
	  "R packages that install.packages, pak or renv downloaded",
	  { { "root/.cache/R", NULL }, { "home/*/.cache/R", NULL }, { "root/.cache/pak", NULL } },
	  { 0 },
	  false,
	  NULL },
	{ "compiler-cache",
	  "what ccache compiled",
	  { { "root/.ccache", NULL }, { "root/.cache/ccache", NULL } },
	  { "make", "ninja", "cmake", "R" },
	  false,
	  NULL },
	{ "login-records",
	  "records of logins that never happened",
	  { { "var/log", "lastlog" }, { "var/log", "faillog" } },
	  { 0 },
	  false,
	  NULL },
	{ "logs", "logs of the build", { { "var/log", "*.log" }, { "var/log/apt", "*" } }, { 0 }, false, NULL },
	{ "temporary-files", "temporary files", { { "tmp", "*" }, { "var/tmp", "*" } }, { 0 }, true, NULL },
};

const char *lopt_leftover_name(size_t index)
{
	return index < sizeof table / sizeof table[0] ? table[index].rule : NULL;
}

/* Does the path match, up to which length? The instance of the place, without what is below it; empty if not. */
static struct lopt_str instance_of(const struct place *place, struct lopt_str path)
{
	size_t at = 0;
	const char *want = place->directory;
	for (;;) {
		const char *want_end = strchrnul(want, '/');
		const char *slash = at < path.len ? memchr(path.ptr + at, '/', path.len - at) : NULL;
		size_t end = slash ? (size_t)(slash - path.ptr) : path.len;
		char pattern[64], name[256];
		size_t len = (size_t)(want_end - want);
		if (end == at || end - at >= sizeof name || len >= sizeof pattern)
			return lopt_str_make("", 0);
		memcpy(pattern, want, len);
		pattern[len] = '\0';
		memcpy(name, path.ptr + at, end - at);
		name[end - at] = '\0';
		if (fnmatch(pattern, name, 0) != 0)
			return lopt_str_make("", 0);
		if (!*want_end)
			return lopt_str_make(path.ptr, end);
		at = end + 1;
		want = want_end + 1;
	}
}

/* The name in the place's directory, where it is one that the glob takes; of a place without glob the directory's own. */
static bool matches(const struct place *place, struct lopt_str path, struct lopt_str *instance, struct lopt_str *name)
{
	char text[256];
	*instance = instance_of(place, path);
	if (!instance->len)
		return false;
	*name = *instance;
	if (!place->glob)
		return true;
	if (path.len <= instance->len + 1)
		return false;
	const char *start = path.ptr + instance->len + 1;
	const char *slash = memchr(start, '/', path.len - instance->len - 1);
	*name = lopt_str_make(start, slash ? (size_t)(slash - start) : path.len - instance->len - 1);
	if (name->len >= sizeof text)
		return false;
	memcpy(text, name->ptr, name->len);
	text[name->len] = '\0';
	return fnmatch(place->glob, text, FNM_PERIOD) == 0;
}

/* A leftover in one layer. */
struct finding {
	struct lopt_maker maker;
	const struct leftover *leftover;
	size_t instruction, layer;
	struct lopt_str instances[NAMES_MAX]; /* directories of places that hold something */
	const struct place *places[NAMES_MAX];
	size_t instance_count;
	struct lopt_str used[NAMES_MAX]; /* names that a later instruction uses */
	size_t used_count;
	bool *split; /* per inode of its layer: some of its names go, others stay */
	bool others; /* what others put there stays: names have to be told */
	bool too_many;
};

static void note_instance(struct finding *finding, const struct place *place, struct lopt_str instance)
{
	for (size_t i = 0; i < finding->instance_count; i++)
		if (lopt_str_equal(finding->instances[i], instance) && finding->places[i] == place)
			return;
	if (finding->instance_count == NAMES_MAX || !lopt_word_is_plain(instance)) {
		finding->too_many = true;
		return;
	}
	finding->instances[finding->instance_count] = instance;
	finding->places[finding->instance_count++] = place;
}

static bool is_in(const struct lopt_str *names, size_t count, struct lopt_str name)
{
	for (size_t i = 0; i < count; i++)
		if (lopt_str_equal(names[i], name))
			return true;
	return false;
}

static size_t count_in(struct lopt_str all, struct lopt_str text)
{
	size_t count = 0;
	for (size_t at = 0; at + text.len <= all.len;) {
		const char *found = memmem(all.ptr + at, all.len - at, text.ptr, text.len);
		if (!found)
			break;
		at = (size_t)(found - all.ptr) + text.len;
		count++;
	}
	return count;
}

/* How often the name occurs in words: of "rm -f", or of other commands. */
static size_t count_in_words(const struct lopt_shell *shell, struct lopt_str text, bool removals)
{
	size_t count = 0;
	for (size_t i = 0; i < shell->count; i++) {
		const struct lopt_shell_command *command = &shell->commands[i];
		size_t word, names = 0;
		bool removes = lopt_str_is(lopt_command_program(command, &word), "rm"), force = false;
		for (size_t k = 0; k < command->word_count; k++) {
			struct lopt_str at = command->words[k].text;
			names += count_in(at, text);
			force |= at.len > 1 && at.ptr[0] == '-' && at.ptr[1] != '-' && memchr(at.ptr, 'f', at.len);
		}
		count += (removes && force) == removals ? names : 0;
	}
	return count;
}

/* What it says happens in containers, wherever it stands. */
static bool is_for_containers(enum lopt_keyword keyword)
{
	return keyword == LOPT_KEYWORD_CMD || keyword == LOPT_KEYWORD_ENTRYPOINT ||
	       keyword == LOPT_KEYWORD_HEALTHCHECK || keyword == LOPT_KEYWORD_ONBUILD ||
	       keyword == LOPT_KEYWORD_VOLUME || keyword == LOPT_KEYWORD_WORKDIR;
}

/* Is the name used by an instruction that comes later, or by containers? "rm -f" is no use. A file is also used where a
 * redirection names it; a directory is not by a new file in it. */
static bool is_used_later(const struct finding *finding, struct lopt_str text)
{
	const struct lopt_evidence *evidence = finding->maker.evidence;
	for (size_t i = evidence->first; i < evidence->instructions; i++) {
		const struct lopt_shell *shell = &evidence->shells[i];
		size_t names = count_in(lopt_evidence_at(evidence, i)->source, text);
		if (names == 0 || (i <= finding->instruction && !is_for_containers(evidence->keywords[i])))
			continue;
		if (evidence->keywords[i] != LOPT_KEYWORD_RUN || !shell->understood)
			return true;
		if (finding->leftover->by_name ? names > count_in_words(shell, text, true)
					       : count_in_words(shell, text, false) > 0)
			return true;
	}
	return false;
}

static bool runs_later(const struct lopt_evidence *evidence, size_t behind, const char *tool)
{
	for (size_t i = behind + 1; i < evidence->instructions; i++) {
		if (evidence->keywords[i] != LOPT_KEYWORD_RUN)
			continue;
		if (!evidence->shells[i].understood || lopt_shell_find(&evidence->shells[i], tool, 0) != SIZE_MAX)
			return true;
	}
	return false;
}

/* The place of the path, or NULL. */
static const struct place *place_of(const struct leftover *leftover, struct lopt_str path, struct lopt_str *instance,
				    struct lopt_str *name)
{
	for (size_t i = 0; i < PLACES_MAX && leftover->places[i].directory; i++)
		if (matches(&leftover->places[i], path, instance, name))
			return &leftover->places[i];
	return NULL;
}

bool lopt_is_leftover(struct lopt_str path)
{
	struct lopt_str instance, name;
	for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
		if (!table[i].beside && place_of(&table[i], path, &instance, &name))
			return true;
	return false;
}

static bool is_taken(struct finding *finding, struct lopt_str path, bool note)
{
	struct lopt_str instance, name;
	const struct place *place = place_of(finding->leftover, path, &instance, &name);
	if (!place)
		return false;
	if (finding->leftover->by_name && is_in(finding->used, finding->used_count, name))
		return false;
	if (note)
		note_instance(finding, place, instance);
	return true;
}

/* Was it put there on purpose, or is it in use? */
static bool is_wanted(const struct finding *finding, size_t layer, struct lopt_str name)
{
	const struct lopt_evidence *evidence = finding->maker.evidence;
	size_t instruction = evidence->instruction_of[layer];
	return instruction == SIZE_MAX || evidence->keywords[instruction] != LOPT_KEYWORD_RUN ||
	       is_used_later(finding, name);
}

/* The name in a place with its directories; a short name alone says nothing. */
static struct lopt_str whole_name(struct lopt_str path, struct lopt_str name)
{
	return lopt_str_make(path.ptr, (size_t)(name.ptr - path.ptr) + name.len);
}

static void find_used(struct finding *finding, const struct lopt_layer *layer)
{
	struct lopt_str instance, name;
	if (!finding->leftover->by_name)
		return;
	for (size_t i = 0; i < layer->entry_count && !finding->too_many; i++) {
		struct lopt_str path = layer->entries[i].path;
		if (layer->entries[i].flags & LOPT_ENTRY_WHITEOUT ||
		    !place_of(finding->leftover, path, &instance, &name) ||
		    is_in(finding->used, finding->used_count, name))
			continue;
		struct lopt_str whole = whole_name(path, name);
		size_t at;
		bool used = is_used_later(finding, name.len < 3 ? whole : name) ||
			    (lopt_evidence_below(finding->maker.evidence, whole, finding->layer, &at) &&
			     is_wanted(finding, at, whole));
		if (!used)
			continue;
		if (finding->used_count == NAMES_MAX)
			finding->too_many = true;
		else
			finding->used[finding->used_count++] = name;
	}
}

/* What lower layers have in the places, and is wanted. */
static void find_others(struct finding *finding)
{
	const struct lopt_evidence *evidence = finding->maker.evidence;
	struct lopt_str instance, name;
	for (size_t i = 0; i < finding->layer && finding->leftover->by_name; i++) {
		const struct lopt_layer *layer = lopt_image_layer(evidence->image, i);
		for (size_t j = 0; j < layer->entry_count && !finding->others; j++) {
			struct lopt_str path = layer->entries[j].path;
			finding->others = !(layer->entries[j].flags & LOPT_ENTRY_WHITEOUT) &&
					  place_of(finding->leftover, path, &instance, &name) &&
					  is_wanted(finding, i, name.len < 3 ? whole_name(path, name) : name);
		}
	}
}

/* An inode goes when every name it has in its layer goes. */
static enum lopt_status claim_layer(struct finding *finding, const struct lopt_layer *layer, struct lopt_error *err)
{
	LOPT_CLEANUP(lopt_cleanup_bytes) bool *stays = calloc(layer->inode_count + 1, sizeof *stays);
	bool *goes = finding->split = calloc(layer->inode_count + 1, sizeof *goes);
	if (!stays || !goes)
		return lopt_error_memory(err);
	for (size_t i = 0; i < layer->entry_count; i++) {
		const struct lopt_entry *entry = &layer->entries[i];
		if (entry->inode == LOPT_NO_INODE)
			continue;
		bool taken = is_taken(finding, entry->path, true);
		goes[entry->inode] |= taken;
		stays[entry->inode] |= !taken;
	}
	for (uint32_t i = 0; i < layer->inode_count; i++) {
		if (goes[i] && !stays[i])
			lopt_maker_claim(&finding->maker, finding->layer, i);
		finding->split[i] = goes[i] && stays[i];
	}
	return LOPT_OK;
}

/* Whatever is there once the instruction has run goes: what it left visible, and what lower layers had. */
static enum lopt_status predict_node(void *context, const struct lopt_node *node, struct lopt_error *err)
{
	struct finding *finding = context;
	(void)err;
	bool there = finding->others ? node->layer == finding->layer : node->layer <= finding->layer;
	if (there && is_taken(finding, node->path, false))
		lopt_maker_effect(&finding->maker, node->path, LOPT_ASPECT_REMOVED, false);
	else if (node->inode != LOPT_NO_INODE && node->inode_layer->index == finding->layer &&
		 finding->split[node->inode])
		lopt_maker_effect(&finding->maker, node->path, LOPT_ASPECT_LINKS, false); /* with names that go */
	return LOPT_OK;
}

/* A symbolic link that leads into a cache makes it part of the installation: renv's library. */
struct linked {
	const struct finding *finding;
	bool found;
};

static void release_arena(struct lopt_arena *arena)
{
	lopt_arena_release(arena);
}

/* Is the path the place, or in it? */
static bool is_at(struct lopt_str path, struct lopt_str place)
{
	return lopt_str_equal(path, place) || lopt_path_is_beneath(path, place);
}

static enum lopt_status look_at_link(void *context, const struct lopt_node *node, struct lopt_error *err)
{
	struct linked *linked = context;
	const struct finding *finding = linked->finding;
	struct lopt_str target = node->type == LOPT_SYMLINK && node->entry ? node->entry->link : lopt_str_make("", 0);
	LOPT_CLEANUP(release_arena) struct lopt_arena paths;
	lopt_arena_init(&paths, LINK_BYTES_MAX);
	if (!target.len)
		return LOPT_OK;
	size_t folder = node->path.len;
	while (folder && node->path.ptr[folder - 1] != '/')
		folder--;
	struct lopt_str whole = lopt_path_absolute(&paths, lopt_str_make(node->path.ptr, folder), target);
	if (!whole.ptr)
		return lopt_error_memory(err);
	whole = lopt_str_make(whole.ptr + 1, whole.len - 1);
	for (size_t i = 0; i < finding->instance_count; i++)
		linked->found |= is_at(whole, finding->instances[i]) && !is_at(node->path, finding->instances[i]);
	return LOPT_OK;
}

/* Places with their patterns, or every name by itself where some of them stay. */
static void add_operands(struct finding *finding)
{
	struct lopt_maker *maker = &finding->maker;
	for (size_t i = 0; i < finding->instance_count; i++) {
		struct lopt_str at = finding->instances[i];
		const char *glob = finding->places[i]->glob;
		lopt_maker_step(maker, (struct lopt_edit_step){
					       .kind = LOPT_STEP_REMOVE,
					       .instruction = finding->instruction,
					       .text = lopt_maker_text(maker, glob ? "/%.*s/%s" : "/%.*s%s",
								       LOPT_STR_ARGS(at), glob ? glob : ""),
				       });
	}
}

/* A cache that makes the next build faster is worth a mount: pip's, npm's, yarn's. */
static bool is_worth_a_mount(const struct finding *finding)
{
	static const char *const rules[] = { "pip-cache", "npm-cache", "yarn-cache" };
	const struct lopt_plan_input *input = finding->maker.evidence->input;
	for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++)
		if (strcmp(finding->leftover->rule, rules[i]) == 0)
			return input->mount && input->level >= LOPT_LEVEL_STANDARD && finding->used_count == 0 &&
			       !finding->others;
	return false;
}

static void add_mounts(struct finding *finding)
{
	struct lopt_maker *maker = &finding->maker;
	maker->edit.level = LOPT_LEVEL_STANDARD;
	for (size_t i = 0; i < finding->instance_count; i++) {
		struct lopt_str at = finding->instances[i];
		lopt_maker_step(maker, (struct lopt_edit_step){
					       .kind = LOPT_STEP_FLAG,
					       .instruction = finding->instruction,
					       .text = lopt_maker_text(maker, "--mount=type=cache,target=/%.*s",
								       LOPT_STR_ARGS(at)),
				       });
		/* the builder leaves the directory it mounts on */
		lopt_maker_effect(maker, at, LOPT_ASPECT_REMOVED | LOPT_ASPECT_MODE | LOPT_ASPECT_OWNER, false);
	}
}

static bool add_names(struct finding *finding, const struct lopt_layer *layer)
{
	struct lopt_str names[NAMES_MAX], instance, name;
	size_t count = 0;
	for (size_t i = 0; i < layer->entry_count; i++) {
		struct lopt_str path = layer->entries[i].path;
		if (layer->entries[i].flags & LOPT_ENTRY_WHITEOUT || !is_taken(finding, path, false) ||
		    !place_of(finding->leftover, path, &instance, &name))
			continue;
		struct lopt_str whole = whole_name(path, name);
		if (is_in(names, count, whole))
			continue;
		if (count == NAMES_MAX || !lopt_word_is_plain(whole))
			return false;
		names[count++] = whole;
		lopt_maker_step(&finding->maker,
				(struct lopt_edit_step){
					.kind = LOPT_STEP_REMOVE,
					.instruction = finding->instruction,
					.text = lopt_maker_text(&finding->maker, "/%.*s", LOPT_STR_ARGS(whole)) });
	}
	return true;
}

static enum lopt_status describe(struct finding *finding, struct lopt_error *err)
{
	struct lopt_maker *maker = &finding->maker;
	const struct lopt_instruction *instruction = lopt_evidence_at(maker->evidence, finding->instruction);
	const struct lopt_layer *layer = lopt_image_layer(maker->evidence->image, finding->layer);
	bool mount = is_worth_a_mount(finding);
	if (mount)
		add_mounts(finding);
	else if (finding->used_count == 0 && !finding->others)
		add_operands(finding);
	else if (!add_names(finding, layer))
		return LOPT_OK;
	LOPT_TRY(lopt_image_walk(maker->evidence->image, predict_node, finding, err));
	struct lopt_str size = lopt_maker_size(maker, lopt_maker_bytes(maker));
	maker->edit.line = instruction->line;
	maker->edit.evidence = lopt_maker_text(maker, "line %u ships %.*s of %s.", (unsigned)instruction->line,
					       LOPT_STR_ARGS(size), finding->leftover->what);
	maker->edit.change =
		lopt_str_from(mount ? "Keep it out of the image, and for the next build, with a cache mount."
				    : "Remove them at the end of the same instruction.");
	return lopt_maker_finish(maker, lopt_evidence_least(maker->evidence, LEAST_PARTS), err);
}

/* Does each place have next to it what tells whose it is? */
static bool is_in_company(struct finding *finding)
{
	const struct lopt_evidence *evidence = finding->maker.evidence;
	for (size_t i = 0; i < finding->instance_count && finding->leftover->beside; i++) {
		struct lopt_str at = finding->instances[i];
		while (at.len && at.ptr[at.len - 1] != '/')
			at.len--;
		size_t layer;
		struct lopt_str beside =
			lopt_maker_text(&finding->maker, "%.*s%s", LOPT_STR_ARGS(at), finding->leftover->beside);
		if (!lopt_evidence_below(evidence, beside, evidence->layers, &layer))
			return false;
	}
	return true;
}

static enum lopt_status look(struct finding *finding, struct lopt_error *err)
{
	const struct lopt_evidence *evidence = finding->maker.evidence;
	const struct lopt_layer *layer = lopt_image_layer(evidence->image, finding->layer);
	find_used(finding, layer);
	find_others(finding);
	LOPT_TRY(claim_layer(finding, layer, err));
	if (finding->too_many || finding->maker.edit.claim_count == 0 || !is_in_company(finding))
		return LOPT_OK;
	for (size_t i = 0; i < 4 && finding->leftover->tools[i]; i++)
		if (runs_later(evidence, finding->instruction, finding->leftover->tools[i]))
			return LOPT_OK;
	for (size_t i = 0; i < finding->instance_count && !finding->leftover->by_name; i++)
		if (is_used_later(finding, finding->instances[i]))
			return LOPT_OK;
	struct linked linked = { .finding = finding };
	LOPT_TRY(lopt_image_walk(evidence->image, look_at_link, &linked, err));
	return linked.found ? LOPT_OK : describe(finding, err);
}

static void release_finding(struct finding *finding)
{
	free(finding->split);
	lopt_maker_release(&finding->maker);
}

enum lopt_status lopt_rule_leftovers(struct lopt_evidence *evidence, struct lopt_error *err)
{
	for (size_t i = 0; i < evidence->instructions; i++) {
		if (!lopt_evidence_is_run(evidence, i))
			continue;
		for (size_t j = 0; j < sizeof table / sizeof table[0]; j++) {
			LOPT_CLEANUP(release_finding)
			struct finding finding = { .leftover = &table[j],
						   .instruction = i,
						   .layer = evidence->layer_of[i] };
			lopt_maker_init(&finding.maker, evidence, table[j].rule, LOPT_LEVEL_SAFE);
			LOPT_TRY(look(&finding, err));
		}
	}
	return LOPT_OK;
}
