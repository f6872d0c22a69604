/* SPDX-License-Identifier: MIT */
#include "analysis/needs.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "base/table.h"

/* What a name stands for: a package of this name, or one that provides it. */
struct offer {
	struct lopt_str name, version; /* a version may be missing: it then fits no relation that asks for one */
	uint32_t package;
	uint32_t group; /* equal for equal names */
};

struct relating {
	const struct lopt_debian *debian;
	struct lopt_needs *needs;
	struct offer *offers; /* by name, then package */
	size_t count, cap;
	struct lopt_table by_name; /* the first offer of a name */
	size_t steps_left;
};

/*
 * Offers looked at for all relations together: some ten thousand in a large image. Names that a million packages offer
 * and as many ask for would take far longer. No version is longer than this.
 */
enum { STEPS_MAX = 4 << 20, VERSION_MAX_BYTES = 256 };

static void release_relating(struct relating *relating)
{
	free(relating->offers);
	lopt_table_release(&relating->by_name);
}

void lopt_needs_release(struct lopt_needs *needs)
{
	free(needs->needs);
	free(needs->edges);
	free(needs->first);
	*needs = (struct lopt_needs){ 0 };
}

/* --- what is on offer --- */

static enum lopt_status add_offer(struct relating *relating, struct lopt_str name, struct lopt_str version,
				  size_t package, struct lopt_error *err)
{
	struct offer *offers = lopt_grow(relating->offers, &relating->cap, relating->count + 1, sizeof *offers);
	if (!offers)
		return lopt_error_memory(err);
	relating->offers = offers;
	if (version.len > VERSION_MAX_BYTES)
		version = lopt_str_make(NULL, 0);
	offers[relating->count++] = (struct offer){ name, version, (uint32_t)package, 0 };
	return LOPT_OK;
}

static enum lopt_status add_offers(struct relating *relating, size_t package, struct lopt_error *err)
{
	const struct lopt_dpkg_stanza *stanza = &relating->debian->packages[package].stanza;
	struct lopt_str provides = stanza->provides;
	struct lopt_dpkg_relation relation;
	LOPT_TRY(add_offer(relating, stanza->package, stanza->version, package, err));
	while (lopt_dpkg_relation_next(&provides, &relation))
		LOPT_TRY(add_offer(relating, relation.name, relation.version, package, err));
	return LOPT_OK;
}

static int compare_offers(const void *a, const void *b)
{
	const struct offer *x = a, *y = b;
	int r = lopt_str_compare(x->name, y->name);
	if (r)
		return r;
	if (x->package != y->package)
		return x->package < y->package ? -1 : 1;
	return lopt_str_compare(x->version, y->version);
}

static bool matches(const void *owner, uint32_t value, uint64_t number, struct lopt_str key)
{
	const struct relating *relating = owner;
	(void)number;
	return lopt_str_equal(relating->offers[value].name, key);
}

static enum lopt_status index_offers(struct relating *relating, struct lopt_error *err)
{
	if (relating->count)
		qsort(relating->offers, relating->count, sizeof *relating->offers, compare_offers);
	for (size_t i = 0; i < relating->count; i++) {
		struct offer *offer = &relating->offers[i];
		if (i && lopt_str_equal(offer[-1].name, offer->name)) {
			offer->group = offer[-1].group;
			continue;
		}
		offer->group = (uint32_t)i;
		if (!lopt_table_insert(&relating->by_name, 0, offer->name, (uint32_t)i))
			return lopt_error_memory(err);
	}
	return LOPT_OK;
}

/* --- who asks for what --- */

static struct lopt_str architecture_of(const struct lopt_debian *debian, const struct lopt_dpkg_stanza *stanza)
{
	return lopt_str_is(stanza->architecture, "all") ? debian->architecture : stanza->architecture;
}

/* Whether `to` is of an architecture that can serve `from`. What is not known fits. */
static bool architecture_fits(const struct lopt_debian *debian, const struct lopt_dpkg_stanza *from,
			      const struct lopt_dpkg_stanza *to, struct lopt_str asked)
{
	if (lopt_str_is(to->multi_arch, "foreign"))
		return true;
	if (lopt_str_is(asked, "any") && lopt_str_is(to->multi_arch, "allowed"))
		return true;
	struct lopt_str has = architecture_of(debian, to), wants = architecture_of(debian, from);
	if (lopt_str_is(asked, "native"))
		wants = debian->architecture;
	else if (asked.len && !lopt_str_is(asked, "any"))
		wants = asked;
	return has.len == 0 || wants.len == 0 || lopt_str_equal(has, wants);
}

static enum lopt_status add_edge(struct lopt_needs *needs, uint32_t to, enum lopt_need strength, struct lopt_error *err)
{
	struct lopt_need_edge *edges = lopt_grow(needs->edges, &needs->edge_cap, needs->edge_count + 1, sizeof *edges);
	if (!edges)
		return lopt_error_memory(err);
	needs->edges = edges;
	edges[needs->edge_count++] = (struct lopt_need_edge){ to, (uint8_t)strength };
	return LOPT_OK;
}

static enum lopt_status relate_one(struct relating *relating, size_t package, const struct lopt_dpkg_relation *relation,
				   enum lopt_need strength, struct lopt_error *err)
{
	const struct lopt_debian *debian = relating->debian;
	const struct lopt_dpkg_stanza *from = &debian->packages[package].stanza;
	uint32_t at = lopt_table_find(&relating->by_name, 0, relation->name, matches, relating);
	if (at == LOPT_TABLE_NONE || relation->version.len > VERSION_MAX_BYTES)
		return LOPT_OK;
	for (size_t i = at; i < relating->count && relating->offers[i].group == at; i++) {
		const struct offer *offer = &relating->offers[i];
		const struct lopt_dpkg_stanza *to = &debian->packages[offer->package].stanza;
		if (relating->steps_left-- == 0)
			return LOPT_END;
		if (offer->package != package && lopt_dpkg_version_fits(offer->version, relation) &&
		    architecture_fits(debian, from, to, relation->architecture))
			LOPT_TRY(add_edge(relating->needs, offer->package, strength, err));
	}
	return LOPT_OK;
}

static enum lopt_status relate_field(struct relating *relating, size_t package, struct lopt_str field,
				     enum lopt_need strength, struct lopt_error *err)
{
	struct lopt_dpkg_relation relation;
	while (lopt_dpkg_relation_next(&field, &relation))
		LOPT_TRY(relate_one(relating, package, &relation, strength, err));
	return LOPT_OK;
}

static enum lopt_status relate(struct relating *relating, size_t package, struct lopt_error *err)
{
	const struct lopt_dpkg_stanza *stanza = &relating->debian->packages[package].stanza;
	relating->needs->first[package] = relating->needs->edge_count;
	LOPT_TRY(relate_field(relating, package, stanza->pre_depends, LOPT_NEED_REQUIRED, err));
	LOPT_TRY(relate_field(relating, package, stanza->depends, LOPT_NEED_REQUIRED, err));
	LOPT_TRY(relate_field(relating, package, stanza->recommends, LOPT_NEED_RECOMMENDED, err));
	return relate_field(relating, package, stanza->suggests, LOPT_NEED_SUGGESTED, err);
}

/* --- what follows --- */

/* Every package that `need` or more leads to from `start` gets it, unless it has more. `pending` has room for all. */
static void spread(struct lopt_needs *needs, uint32_t start, enum lopt_need need, uint32_t *pending)
{
	size_t count = 1;
	pending[0] = start;
	while (count) {
		uint32_t at = pending[--count];
		for (size_t i = needs->first[at]; i < needs->first[at + 1]; i++) {
			const struct lopt_need_edge *edge = &needs->edges[i];
			if (edge->strength < need || needs->needs[edge->to] >= need)
				continue;
			needs->needs[edge->to] = (uint8_t)need;
			pending[count++] = edge->to;
		}
	}
}

static enum lopt_status follow(struct lopt_needs *needs, const struct lopt_debian *debian, struct lopt_error *err)
{
	LOPT_CLEANUP(lopt_cleanup_bytes) uint32_t *pending = reallocarray(NULL, debian->count + 1, sizeof *pending);
	if (!pending)
		return lopt_error_memory(err);
	for (size_t i = 0; i < debian->count; i++)
		if (!debian->packages[i].automatic || lopt_dpkg_is_kept(&debian->packages[i].stanza))
			needs->needs[i] = LOPT_NEED_REQUIRED;
	for (enum lopt_need need = LOPT_NEED_REQUIRED; need > LOPT_NEED_NONE; need--)
		for (uint32_t i = 0; i < debian->count; i++)
			if (needs->needs[i] >= need)
				spread(needs, i, need, pending);
	return LOPT_OK;
}

enum lopt_status lopt_needs_find(struct lopt_needs *needs, const struct lopt_debian *debian, struct lopt_error *err)
{
	LOPT_CLEANUP(release_relating)
	struct relating relating = { .debian = debian, .needs = needs, .steps_left = STEPS_MAX };
	needs->needs = calloc(debian->count + 1, sizeof *needs->needs);
	needs->first = calloc(debian->count + 1, sizeof *needs->first);
	if (!needs->needs || !needs->first)
		return lopt_error_memory(err);
	for (size_t i = 0; i < debian->count; i++)
		LOPT_TRY(add_offers(&relating, i, err));
	LOPT_TRY(index_offers(&relating, err));
	for (size_t i = 0; i < debian->count; i++)
		LOPT_TRY(relate(&relating, i, err));
	needs->first[debian->count] = needs->edge_count;
	return follow(needs, debian, err);
}
