/* SPDX-License-Identifier: MIT */
#include "analysis/debian.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "base/table.h"
#include "layer/path.h"
#include "package/text.h"

/* No architecture has a longer name, and comparing two costs no more than this. */
enum { ARCHITECTURE_MAX_BYTES = 64 };

void lopt_debian_release(struct lopt_debian *debian)
{
	free(debian->packages);
	*debian = (struct lopt_debian){ 0 };
}

static bool is_installed(const struct lopt_dpkg_stanza *stanza)
{
	return lopt_dpkg_is_unpacked(stanza) && lopt_owner_may_be_called(stanza->package) &&
	       lopt_owner_may_be_called(stanza->version) && lopt_owner_may_be_called(stanza->architecture) &&
	       stanza->architecture.len <= ARCHITECTURE_MAX_BYTES;
}

enum lopt_status lopt_debian_add(struct lopt_debian *debian, struct lopt_str status, struct lopt_str sums,
				 struct lopt_error *err)
{
	struct lopt_dpkg_stanza stanza;
	while (lopt_dpkg_stanza_next(&status, &stanza)) {
		if (!is_installed(&stanza))
			continue;
		struct lopt_debian_package *packages =
			lopt_grow(debian->packages, &debian->cap, debian->count + 1, sizeof *packages);
		if (!packages)
			return lopt_error_memory(err);
		debian->packages = packages;
		packages[debian->count] = (struct lopt_debian_package){ .stanza = stanza,
									.sums = sums,
									.name = stanza.package,
									.owner = LOPT_NO_OWNER,
									.position = debian->count };
		debian->count++;
	}
	return LOPT_OK;
}

/* --- order --- */

static int compare_keys(const void *a, const void *b)
{
	const struct lopt_dpkg_stanza *x = &((const struct lopt_debian_package *)a)->stanza;
	const struct lopt_dpkg_stanza *y = &((const struct lopt_debian_package *)b)->stanza;
	int r = lopt_str_compare(x->package, y->package);
	return r ? r : lopt_str_compare(x->architecture, y->architecture);
}

static int compare_packages(const void *a, const void *b)
{
	const struct lopt_debian_package *x = a, *y = b;
	int r = compare_keys(x, y);
	return r ? r : (x->position > y->position) - (x->position < y->position);
}

static bool same_name(const struct lopt_debian_package *a, const struct lopt_debian_package *b)
{
	return lopt_str_equal(a->stanza.package, b->stanza.package);
}

/* In order, each once: of several stanzas for a package the last one counts. */
static void put_in_order(struct lopt_debian *debian)
{
	size_t kept = 0;
	if (debian->count)
		qsort(debian->packages, debian->count, sizeof *debian->packages, compare_packages);
	for (size_t i = 0; i < debian->count; i++) {
		const struct lopt_debian_package *package = &debian->packages[i];
		if (i + 1 == debian->count || compare_keys(package, package + 1) != 0)
			debian->packages[kept++] = *package;
	}
	debian->count = kept;
}

static enum lopt_status name_packages(struct lopt_debian *debian, struct lopt_arena *arena, struct lopt_error *err)
{
	struct lopt_debian_package *packages = debian->packages;
	LOPT_CLEANUP(lopt_buf_release) struct lopt_buf text = LOPT_BUF_INIT(SIZE_MAX / 2);
	for (size_t i = 0; i < debian->count; i++) {
		if (lopt_str_is(packages[i].stanza.package, "dpkg"))
			debian->architecture = packages[i].stanza.architecture;
		if (!(i && same_name(&packages[i - 1], &packages[i])) &&
		    !(i + 1 < debian->count && same_name(&packages[i], &packages[i + 1])))
			continue;
		lopt_buf_clear(&text);
		lopt_buf_str(&text, packages[i].stanza.package);
		lopt_buf_char(&text, ':');
		lopt_buf_str(&text, packages[i].stanza.architecture);
		packages[i].name = text.failed ? lopt_str_make(NULL, 0) : lopt_arena_copy(arena, lopt_buf_view(&text));
		if (!packages[i].name.ptr)
			return lopt_error_memory(err);
	}
	return LOPT_OK;
}

/* --- files of the database --- */

/* The content of a database's file in the final filesystem; empty where it is not there. */
static enum lopt_status read_file(struct lopt_owners *owners, struct lopt_str path, struct lopt_str *text,
				  struct lopt_error *err)
{
	struct lopt_found found;
	*text = lopt_str_make("", 0);
	LOPT_TRY(lopt_finder_find(&owners->finder, path, &found, err));
	const struct lopt_kept *kept = found.layer ? lopt_layer_kept(found.layer, found.inode) : NULL;
	if (kept && kept->what == LOPT_KEEP_ALL)
		*text = kept->bytes;
	return LOPT_OK;
}

/* apt files packages of architecture "all" under the machine's own. */
static void mark_automatic(struct lopt_debian *debian, const struct lopt_dpkg_stanza *state,
			   struct lopt_str architecture)
{
	const struct lopt_debian_package key = { .stanza = { .package = state->package,
							     .architecture = architecture } };
	struct lopt_debian_package *package = bsearch(&key, debian->packages, debian->count, sizeof key, compare_keys);
	if (package)
		package->automatic = lopt_str_is(state->auto_installed, "1");
}

static enum lopt_status read_states(struct lopt_debian *debian, struct lopt_owners *owners, struct lopt_error *err)
{
	struct lopt_dpkg_stanza state;
	struct lopt_str text;
	LOPT_TRY(read_file(owners, lopt_str_from(LOPT_APT_STATES), &text, err));
	while (debian->count && lopt_dpkg_stanza_next(&text, &state)) {
		debian->knows_automatic = true;
		mark_automatic(debian, &state, state.architecture);
		mark_automatic(debian, &state, lopt_str_from("all"));
	}
	return LOPT_OK;
}

/* --- diversions --- */

struct diversions {
	struct lopt_dpkg_diversion *items;
	size_t count, cap;
	struct lopt_table by_path;
	uint64_t lengths; /* of their paths, a bit for each modulo 64: most paths are none of them */
};

static uint64_t length_bit(struct lopt_str path)
{
	return UINT64_C(1) << (path.len & 63);
}

static void release_diversions(struct diversions *diversions)
{
	free(diversions->items);
	lopt_table_release(&diversions->by_path);
}

static bool matches(const void *owner, uint32_t value, uint64_t number, struct lopt_str key)
{
	const struct diversions *diversions = owner;
	(void)number;
	return lopt_str_equal(diversions->items[value].from, key);
}

static enum lopt_status read_diversions(struct diversions *diversions, struct lopt_owners *owners,
					struct lopt_error *err)
{
	struct lopt_dpkg_diversion diversion;
	struct lopt_str text;
	LOPT_TRY(read_file(owners, lopt_str_from(LOPT_DPKG_DIVERSIONS), &text, err));
	while (lopt_dpkg_diversion_next(&text, &diversion)) {
		struct lopt_dpkg_diversion *items =
			lopt_grow(diversions->items, &diversions->cap, diversions->count + 1, sizeof *items);
		if (!items)
			return lopt_error_memory(err);
		diversions->items = items;
		if (lopt_table_find(&diversions->by_path, 0, diversion.from, matches, diversions) != LOPT_TABLE_NONE)
			continue;
		items[diversions->count] = diversion;
		if (!lopt_table_insert(&diversions->by_path, 0, diversion.from, (uint32_t)diversions->count))
			return lopt_error_memory(err);
		diversions->lengths |= length_bit(diversion.from);
		diversions->count++;
	}
	return LOPT_OK;
}

/* Where dpkg put what a package has at `path`. */
static struct lopt_str place_of(const struct diversions *diversions, const struct lopt_debian_package *package,
				struct lopt_str path)
{
	if (!(diversions->lengths & length_bit(path)))
		return path;
	uint32_t at = lopt_table_find(&diversions->by_path, 0, path, matches, diversions);
	if (at == LOPT_TABLE_NONE || lopt_str_equal(diversions->items[at].package, package->stanza.package))
		return path;
	return diversions->items[at].to;
}

/* --- claims --- */

/* Where the list of a package stands: dpkg names the architecture where it can install it for several at once. */
static void put_list_path(struct lopt_buf *out, const struct lopt_debian_package *package, size_t index)
{
	bool several = lopt_str_is(package->stanza.multi_arch, "same");
	lopt_buf_text(out, LOPT_DPKG_INFO_FOLDER);
	lopt_buf_str(out, package->stanza.package);
	if (several == (index == 0)) {
		lopt_buf_char(out, ':');
		lopt_buf_str(out, package->stanza.architecture);
	}
	lopt_buf_text(out, LOPT_DPKG_LIST_SUFFIX);
}

static enum lopt_status read_list(const struct lopt_debian_package *package, struct lopt_owners *owners,
				  struct lopt_buf *path, struct lopt_str *list, struct lopt_error *err)
{
	for (size_t i = 0; i < 2; i++) {
		lopt_buf_clear(path);
		put_list_path(path, package, i);
		if (path->failed)
			return lopt_error_memory(err);
		LOPT_TRY(read_file(owners, lopt_buf_view(path), list, err));
		if (list->len)
			break;
	}
	return LOPT_OK;
}

struct lopt_debian_package *lopt_debian_of_list(const struct lopt_debian *debian, struct lopt_str path)
{
	if (!lopt_str_starts(path, LOPT_DPKG_INFO_FOLDER) || !lopt_text_ends(path, LOPT_DPKG_LIST_SUFFIX))
		return NULL;
	struct lopt_str name = lopt_path_base(path), architecture = lopt_str_make("", 0);
	name.len -= strlen(LOPT_DPKG_LIST_SUFFIX);
	bool exact = lopt_text_cut(name, ':', &name, &architecture);
	const struct lopt_debian_package key = { .stanza = { .package = name, .architecture = architecture } };
	size_t low = 0, high = debian->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (compare_keys(&debian->packages[middle], &key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == debian->count)
		return NULL;
	struct lopt_debian_package *package = &debian->packages[low];
	bool fits = exact ? compare_keys(package, &key) == 0 : lopt_str_equal(package->stanza.package, name);
	return fits ? package : NULL;
}

static enum lopt_status claim_listed(const struct lopt_debian_package *package, struct lopt_owners *owners,
				     const struct diversions *diversions, struct lopt_buf *buf, struct lopt_error *err)
{
	struct lopt_str list, path;
	LOPT_TRY(read_list(package, owners, buf, &list, err));
	while (lopt_dpkg_list_next(&list, &path))
		LOPT_TRY(lopt_owners_claim_file(owners, package->owner, place_of(diversions, package, path), err));
	return LOPT_OK;
}

static enum lopt_status claim_summed(const struct lopt_debian_package *package, struct lopt_owners *owners,
				     struct lopt_error *err)
{
	struct lopt_str sums, path;
	LOPT_TRY(read_file(owners, package->sums, &sums, err));
	while (lopt_dpkg_sums_next(&sums, &path))
		LOPT_TRY(lopt_owners_claim_file(owners, package->owner, path, err));
	return LOPT_OK;
}

static enum lopt_status claim_package(struct lopt_debian_package *package, struct lopt_owners *owners,
				      const struct diversions *diversions, struct lopt_buf *buf, struct lopt_error *err)
{
	const struct lopt_package told = {
		.manager = "dpkg",
		.name = package->name,
		.version = package->stanza.version,
	};
	LOPT_TRY(lopt_owners_add(owners, &told, &package->owner, err));
	if (package->sums.len)
		return claim_summed(package, owners, err);
	return claim_listed(package, owners, diversions, buf, err);
}

enum lopt_status lopt_debian_read(struct lopt_debian *debian, struct lopt_owners *owners, struct lopt_error *err)
{
	LOPT_CLEANUP(release_diversions) struct diversions diversions = { 0 };
	LOPT_CLEANUP(lopt_buf_release) struct lopt_buf buf = LOPT_BUF_INIT(SIZE_MAX / 2);
	struct lopt_str status;
	LOPT_TRY(read_file(owners, lopt_str_from(LOPT_DPKG_STATUS), &status, err));
	LOPT_TRY(lopt_debian_add(debian, status, lopt_str_make(NULL, 0), err));
	put_in_order(debian);
	LOPT_TRY(name_packages(debian, owners->arena, err));
	LOPT_TRY(read_states(debian, owners, err));
	LOPT_TRY(read_diversions(&diversions, owners, err));
	for (size_t i = 0; i < debian->count; i++)
		LOPT_TRY(claim_package(&debian->packages[i], owners, &diversions, &buf, err));
	return LOPT_OK;
}
