/* SPDX-License-Identifier: MIT */
#include "advice/debian.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "layer/path.h"

void lopt_packages_release(struct lopt_packages *packages)
{
	lopt_needs_release(&packages->needs);
	lopt_debian_release(&packages->debian);
	if (packages->owners.image)
		lopt_owners_release(&packages->owners);
	free(packages->kept);
	free(packages->strict);
	free(packages->wanted);
	free(packages->used);
	free(packages->layer);
	free(packages->paths);
	free(packages->flags);
}

/* Where the package's list is tells which layer brought it. */
static void find_layers(struct lopt_packages *packages)
{
	const struct lopt_image *image = packages->evidence->image;
	for (size_t i = 0; i < packages->debian.count; i++)
		packages->layer[i] = LOPT_NO_LAYER;
	for (size_t l = 0; l < lopt_image_layer_count(image); l++) {
		const struct lopt_layer *layer = lopt_image_layer(image, l);
		for (size_t i = 0; i < layer->entry_count; i++) {
			const struct lopt_entry *entry = &layer->entries[i];
			if (entry->type != LOPT_FILE || entry->flags & LOPT_ENTRY_WHITEOUT)
				continue;
			const struct lopt_debian_package *package = lopt_debian_of_list(&packages->debian, entry->path);
			size_t index = package ? (size_t)(package - packages->debian.packages) : SIZE_MAX;
			/* the first: later ones may only have been touched */
			if (package && packages->layer[index] == LOPT_NO_LAYER)
				packages->layer[index] = l;
		}
	}
}

enum lopt_status lopt_packages_read(struct lopt_packages *packages, struct lopt_evidence *evidence,
				    struct lopt_error *err)
{
	*packages = (struct lopt_packages){ .evidence = evidence };
	LOPT_TRY(lopt_owners_init(&packages->owners, evidence->image, evidence->arena, err));
	LOPT_TRY(lopt_debian_read(&packages->debian, &packages->owners, err));
	LOPT_TRY(lopt_owners_claim_bytecode(&packages->owners, err));
	size_t count = packages->debian.count;
	packages->kept = calloc(count + 1, sizeof *packages->kept);
	packages->strict = calloc(count + 1, sizeof *packages->strict);
	packages->wanted = calloc(count + 1, sizeof *packages->wanted);
	packages->used = calloc(count + 1, sizeof *packages->used);
	packages->layer = calloc(count + 1, sizeof *packages->layer);
	if (!packages->kept || !packages->strict || !packages->wanted || !packages->used || !packages->layer)
		return lopt_error_memory(err);
	packages->known = packages->debian.knows_automatic;
	if (!packages->known)
		return LOPT_OK;
	enum lopt_status status = lopt_needs_find(&packages->needs, &packages->debian, err);
	packages->known = status == LOPT_OK;
	if (status == LOPT_END)
		return LOPT_OK;
	LOPT_TRY(status);
	find_layers(packages);
	for (size_t i = 0; i < count; i++)
		packages->kept[i] = packages->needs.needs[i] == LOPT_NEED_REQUIRED;
	return LOPT_OK;
}

static size_t package_of_owner(const struct lopt_packages *packages, uint32_t owner)
{
	for (size_t i = 0; owner != LOPT_NO_OWNER && i < packages->debian.count; i++)
		if (packages->debian.packages[i].owner == owner)
			return i;
	return SIZE_MAX;
}

/* Without what differs where /bin is a link to /usr/bin. */
static struct lopt_str plain_path(struct lopt_str path)
{
	while (path.len && path.ptr[0] == '/')
		path = lopt_str_make(path.ptr + 1, path.len - 1);
	return lopt_str_starts(path, "usr/") ? lopt_str_make(path.ptr + 4, path.len - 4) : path;
}

/* Links have no content that somebody could own; lists name them all the same. */
static size_t package_that_lists(const struct lopt_packages *packages, struct lopt_str path)
{
	const struct lopt_image *image = packages->evidence->image;
	for (size_t l = 0; l < lopt_image_layer_count(image); l++) {
		const struct lopt_layer *layer = lopt_image_layer(image, l);
		for (size_t i = 0; i < layer->kept_count; i++) {
			const struct lopt_kept *kept = &layer->kept[i];
			const struct lopt_inode *inode = &layer->inodes[kept->inode];
			struct lopt_str list = kept->bytes, line;
			if (inode->cause != LOPT_CAUSE_NONE || kept->what != LOPT_KEEP_ALL)
				continue;
			const struct lopt_debian_package *package = lopt_debian_of_list(&packages->debian, inode->path);
			while (package && lopt_dpkg_list_next(&list, &line))
				if (lopt_str_equal(plain_path(line), plain_path(path)))
					return (size_t)(package - packages->debian.packages);
		}
	}
	return SIZE_MAX;
}

static const struct lopt_entry *link_at(const struct lopt_packages *packages, struct lopt_str path)
{
	static const char *const folders[] = { "", "usr/" };
	const struct lopt_entry *entry = NULL;
	LOPT_CLEANUP(lopt_buf_release) struct lopt_buf text = LOPT_BUF_INIT(1 << 16);
	for (size_t i = 0; i < 2 && !entry; i++) {
		size_t at;
		lopt_buf_clear(&text);
		lopt_buf_text(&text, folders[i]);
		lopt_buf_str(&text, plain_path(path));
		if (!text.failed)
			entry = lopt_evidence_below(packages->evidence, lopt_buf_view(&text),
						    packages->evidence->layers, &at);
	}
	return entry && entry->type == LOPT_SYMLINK ? entry : NULL;
}

/* Where a link leads, as a path from the root; empty where it leads nowhere. */
static enum lopt_status follow(struct lopt_packages *packages, const struct lopt_entry *link, struct lopt_str *target,
			       struct lopt_error *err)
{
	struct lopt_clean_path clean;
	struct lopt_error unheard;
	LOPT_CLEANUP(lopt_buf_release) struct lopt_buf text = LOPT_BUF_INIT(1 << 16);
	*target = lopt_str_make("", 0);
	if (!lopt_str_starts(link->link, "/")) {
		lopt_buf_str(&text, lopt_path_parent(link->path));
		lopt_buf_char(&text, '/');
	}
	lopt_buf_str(&text, link->link);
	if (text.failed)
		return LOPT_OK;
	enum lopt_status status = lopt_path_clean(&clean, packages->evidence->arena, lopt_buf_view(&text),
						  lopt_limits_default(), &unheard);
	if (status == LOPT_E_MEMORY)
		return lopt_error_memory(err);
	if (status == LOPT_OK)
		*target = clean.path;
	return LOPT_OK;
}

enum lopt_status lopt_packages_of_path(struct lopt_packages *packages, struct lopt_str path, size_t *package,
				       struct lopt_error *err)
{
	struct lopt_found found;
	*package = SIZE_MAX;
	for (int links = 0; links < 8 && path.len; links++) {
		LOPT_TRY(lopt_finder_find(&packages->owners.finder, path, &found, err));
		if (found.node == LOPT_FOUND_NOTHING)
			return LOPT_OK;
		if (found.type != LOPT_SYMLINK) {
			if (found.layer)
				*package = package_of_owner(packages,
							    packages->owners.inodes[found.layer->index][found.inode]);
			return LOPT_OK;
		}
		*package = package_that_lists(packages, path);
		const struct lopt_entry *link = *package == SIZE_MAX ? link_at(packages, path) : NULL;
		if (!link)
			return LOPT_OK;
		LOPT_TRY(follow(packages, link, &path, err));
	}
	return LOPT_OK;
}

enum lopt_status lopt_packages_keep_with(struct lopt_packages *packages, size_t package, struct lopt_error *err)
{
	size_t count = 0;
	if (packages->kept[package])
		return LOPT_OK;
	LOPT_CLEANUP(lopt_cleanup_bytes) size_t *pending = calloc(packages->debian.count + 1, sizeof *pending);
	if (!pending)
		return lopt_error_memory(err);
	packages->kept[package] = true;
	pending[count++] = package;
	while (count) {
		size_t from = pending[--count];
		for (size_t e = packages->needs.first[from]; e < packages->needs.first[from + 1]; e++) {
			const struct lopt_need_edge *edge = &packages->needs.edges[e];
			if (edge->strength != LOPT_NEED_REQUIRED || packages->kept[edge->to])
				continue;
			packages->kept[edge->to] = true;
			pending[count++] = edge->to;
		}
	}
	return LOPT_OK;
}

/* What apt would take: of alternatives the first, unless another one is there anyway. */

static size_t first_named(const struct lopt_debian *debian, struct lopt_str name)
{
	size_t low = 0, high = debian->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (lopt_str_compare(debian->packages[middle].stanza.package, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low < debian->count && lopt_str_equal(debian->packages[low].stanza.package, name) ? low : SIZE_MAX;
}

static bool provides(const struct lopt_debian_package *package, struct lopt_str name)
{
	struct lopt_str field = package->stanza.provides;
	struct lopt_dpkg_relation relation;
	while (lopt_dpkg_relation_next(&field, &relation))
		if (lopt_str_equal(relation.name, name))
			return true;
	return false;
}

/* A package of this name, or else one that stands in for it; one that stays before one that may not. */
static size_t find_offer(const struct lopt_packages *packages, struct lopt_str name)
{
	const struct lopt_debian *debian = &packages->debian;
	size_t at = first_named(debian, name), found = at;
	for (size_t i = at;
	     at != SIZE_MAX && i < debian->count && lopt_str_equal(debian->packages[i].stanza.package, name); i++)
		if (packages->strict[i])
			return i;
	for (size_t i = 0; at == SIZE_MAX && i < debian->count; i++) {
		if (!debian->packages[i].stanza.provides.len || !provides(&debian->packages[i], name))
			continue;
		if (packages->strict[i])
			return i;
		found = found == SIZE_MAX ? i : found;
	}
	return found;
}

/* The next group "a | b | c" of a field: what of it apt would take; SIZE_MAX where something that stays is in it. */
static bool next_group(const struct lopt_packages *packages, struct lopt_str *field, size_t *choice, bool *several)
{
	struct lopt_dpkg_relation relation;
	struct lopt_str rest = *field;
	bool any = false, satisfied = false;
	*choice = SIZE_MAX;
	*several = false;
	while (lopt_dpkg_relation_next(&rest, &relation)) {
		if (any && !relation.alternative)
			break;
		/* several packages may stand in for a name that none has */
		*several |= any || first_named(&packages->debian, relation.name) == SIZE_MAX;
		any = true;
		*field = rest;
		size_t offer = find_offer(packages, relation.name);
		satisfied |= offer != SIZE_MAX && packages->strict[offer];
		if (*choice == SIZE_MAX)
			*choice = offer;
	}
	if (satisfied)
		*choice = SIZE_MAX;
	return any;
}

/* Add what packages that stay depend on; with `several` false only where there is no choice. True when anything came. */
static bool add_dependencies(struct lopt_packages *packages, bool several)
{
	bool added = false;
	for (size_t i = 0; i < packages->debian.count; i++) {
		const struct lopt_dpkg_stanza *stanza = &packages->debian.packages[i].stanza;
		struct lopt_str fields[2] = { stanza->pre_depends, stanza->depends };
		for (size_t f = 0; packages->strict[i] && f < 2; f++) {
			size_t choice;
			bool choices;
			while (next_group(packages, &fields[f], &choice, &choices)) {
				if (choice == SIZE_MAX || (choices && !several))
					continue;
				packages->strict[choice] = true;
				added = true;
				if (several)
					return true; /* what it depends on may decide other choices */
			}
		}
	}
	return added;
}

/* Asked for, or brought by something else than an instruction that is changed. */
static bool is_root(const struct lopt_packages *packages, size_t package, const bool *flagged)
{
	size_t layer = packages->layer[package];
	return packages->kept[package] && (!packages->debian.packages[package].automatic || packages->wanted[package] ||
					   layer == LOPT_NO_LAYER || !flagged[layer]);
}

void lopt_packages_choose(struct lopt_packages *packages, const bool *flagged)
{
	const struct lopt_debian *debian = &packages->debian;
	for (size_t i = 0; i < debian->count; i++)
		packages->strict[i] = is_root(packages, i, flagged);
	for (size_t rounds = 0; rounds < debian->count; rounds++) {
		while (add_dependencies(packages, false))
			continue;
		if (!add_dependencies(packages, true))
			break;
	}
	for (size_t i = 0; i < debian->count; i++)
		packages->strict[i] &= packages->kept[i];
}

/* Lists. */

/* "/lib/x" is "usr/lib/x" where lib is a link. */
static enum lopt_status add_path(struct lopt_packages *packages, struct lopt_str path, unsigned flag,
				 struct lopt_error *err)
{
	static const char *const merged[] = { "bin/", "sbin/", "lib/", "lib32/", "lib64/", "libx32/" };
	while (path.len && path.ptr[0] == '/')
		path = lopt_str_make(path.ptr + 1, path.len - 1);
	if (!path.len || lopt_str_is(path, "."))
		return LOPT_OK;
	for (size_t i = 0; i < sizeof merged / sizeof merged[0]; i++) {
		size_t at;
		if (!lopt_str_starts(path, merged[i]))
			continue;
		const struct lopt_entry *entry = lopt_evidence_below(packages->evidence,
								     lopt_str_make(path.ptr, strlen(merged[i]) - 1),
								     packages->evidence->layers, &at);
		if (!entry || entry->type != LOPT_SYMLINK)
			continue;
		LOPT_CLEANUP(lopt_buf_release) struct lopt_buf text = LOPT_BUF_INIT(65536);
		lopt_buf_text(&text, "usr/");
		lopt_buf_str(&text, path);
		path = lopt_arena_copy(packages->evidence->arena, lopt_buf_view(&text));
		if (text.failed || !path.ptr)
			return lopt_error_memory(err);
		break;
	}
	struct lopt_str *paths =
		lopt_grow(packages->paths, &packages->path_cap, packages->path_count + 1, sizeof *paths);
	if (!paths)
		return lopt_error_memory(err);
	packages->paths = paths;
	/* the flag goes along in the length's place until the paths are sorted */
	paths[packages->path_count] = lopt_str_make(path.ptr, path.len << 2 | flag);
	packages->path_count++;
	return LOPT_OK;
}

static int compare_flagged(const void *a, const void *b)
{
	const struct lopt_str *x = a, *y = b;
	return lopt_str_compare(lopt_str_make(x->ptr, x->len >> 2), lopt_str_make(y->ptr, y->len >> 2));
}

/* One row per path, with the flags of all who name it. */
static enum lopt_status sort_paths(struct lopt_packages *packages, struct lopt_error *err)
{
	size_t kept = 0;
	packages->flags = calloc(packages->path_count + 1, sizeof *packages->flags);
	if (!packages->flags)
		return lopt_error_memory(err);
	if (packages->path_count)
		qsort(packages->paths, packages->path_count, sizeof *packages->paths, compare_flagged);
	for (size_t i = 0; i < packages->path_count; i++) {
		unsigned flag = packages->paths[i].len & 3;
		struct lopt_str path = lopt_str_make(packages->paths[i].ptr, packages->paths[i].len >> 2);
		if (kept && lopt_str_equal(packages->paths[kept - 1], path)) {
			packages->flags[kept - 1] |= (unsigned char)flag;
			continue;
		}
		packages->paths[kept] = path;
		packages->flags[kept++] = (unsigned char)flag;
	}
	packages->path_count = kept;
	return LOPT_OK;
}

static enum lopt_status read_list(struct lopt_packages *packages, const struct lopt_layer *layer,
				  const struct lopt_kept *kept, struct lopt_error *err)
{
	const struct lopt_inode *inode = &layer->inodes[kept->inode];
	if (inode->cause != LOPT_CAUSE_NONE || kept->what != LOPT_KEEP_ALL)
		return LOPT_OK;
	const struct lopt_debian_package *package = lopt_debian_of_list(&packages->debian, inode->path);
	if (!package)
		return LOPT_OK;
	size_t index = (size_t)(package - packages->debian.packages);
	struct lopt_str list = kept->bytes, path;
	while (lopt_dpkg_list_next(&list, &path))
		LOPT_TRY(add_path(packages, path, packages->strict[index] ? LOPT_PATH_KEPT : LOPT_PATH_DROPPED, err));
	return LOPT_OK;
}

enum lopt_status lopt_packages_read_lists(struct lopt_packages *packages, struct lopt_error *err)
{
	const struct lopt_image *image = packages->evidence->image;
	for (size_t l = 0; l < lopt_image_layer_count(image); l++) {
		const struct lopt_layer *layer = lopt_image_layer(image, l);
		for (size_t i = 0; i < layer->kept_count; i++)
			LOPT_TRY(read_list(packages, layer, &layer->kept[i], err));
	}
	return sort_paths(packages, err);
}

unsigned lopt_packages_flags(const struct lopt_packages *packages, struct lopt_str path)
{
	size_t low = 0, high = packages->path_count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = lopt_str_compare(packages->paths[middle], path);
		if (order == 0)
			return packages->flags[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return 0;
}

/* What goes with packages that do not stay. */

struct predicting {
	const struct lopt_packages *packages;
	struct lopt_maker *maker;
	const bool *by_apt;
};

/* A file of the package database that is the package's own. */
static bool is_info_of_dropped(const struct lopt_packages *packages, struct lopt_str path)
{
	static const char info[] = LOPT_DPKG_INFO_FOLDER;
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

static bool is_owned_by_dropped(const struct lopt_packages *packages, const struct lopt_node *node)
{
	if (!node->inode_layer)
		return false;
	uint32_t owner = packages->owners.inodes[node->inode_layer->index][node->inode];
	for (size_t i = 0; owner != LOPT_NO_OWNER && i < packages->debian.count; i++)
		if (packages->debian.packages[i].owner == owner)
			return !packages->strict[i];
	return false;
}

/* Scripts of packages keep to what the system is made of; elsewhere they make a directory at most (Debian Policy, 9.1). */
static bool is_place_of_scripts(const struct lopt_node *node)
{
	static const char *const places[] = { "etc", "var", "usr", "lib", "bin", "sbin", "run", "boot" };
	struct lopt_str path = node->path;
	if (node->type == LOPT_DIR)
		return true;
	if (lopt_str_starts(path, "usr/local/"))
		return false;
	for (size_t i = 0; i < sizeof places / sizeof places[0]; i++)
		if (lopt_str_starts(path, places[i]))
			return true;
	return false;
}

bool lopt_packages_drop(const struct lopt_packages *packages, const struct lopt_node *node)
{
	unsigned flags = lopt_packages_flags(packages, node->path);
	return flags == LOPT_PATH_DROPPED || (flags == 0 && is_owned_by_dropped(packages, node));
}

static enum lopt_status predict(void *context, const struct lopt_node *node, struct lopt_error *err)
{
	struct predicting *predicting = context;
	const struct lopt_packages *packages = predicting->packages;
	unsigned flags = lopt_packages_flags(packages, node->path);
	(void)err;
	bool dropped = lopt_packages_drop(packages, node) || (flags == 0 && is_info_of_dropped(packages, node->path));
	if (dropped) {
		lopt_maker_effect(predicting->maker, node->path, LOPT_ASPECT_REMOVED, false);
		if (node->inode_layer)
			lopt_maker_claim_path(predicting->maker, node->path);
	} else if (flags == 0 && node->layer != LOPT_NO_LAYER && predicting->by_apt[node->layer] &&
		   is_place_of_scripts(node)) {
		/* made by the scripts of packages: it may not be made, or be made of fewer parts */
		lopt_maker_effect(predicting->maker, node->path,
				  LOPT_ASPECT_REMOVED | LOPT_ASPECT_CONTENT | LOPT_ASPECT_TARGET | LOPT_ASPECT_LINKS,
				  false);
	}
	return LOPT_OK;
}

enum lopt_status lopt_packages_predict(const struct lopt_packages *packages, struct lopt_maker *maker,
				       const bool *by_apt, struct lopt_error *err)
{
	struct predicting predicting = { packages, maker, by_apt };
	return lopt_image_walk(maker->evidence->image, predict, &predicting, err);
}
