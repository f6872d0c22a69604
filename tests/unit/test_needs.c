/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "analysis/dominators.h"
#include "analysis/needs.h"
#include "base/buf.h"

static struct lopt_error err;

/* --- what packages need --- */

/*
 * Packages as a text, in order of their names: "NAME [fields]; ..." where fields are "-" for one that nobody asked for, and
 * what stands behind "d:" (Depends), "p:" (Pre-Depends), "r:", "s:", "v:" (Provides), "m:" (Multi-Arch), "a:"
 * (Architecture), "n:" (Version), "y:" (Priority). A blank is written "_".
 */
static void write_status(struct lopt_buf *status, const char *text)
{
	static const struct {
		char letter;
		const char *field;
	} fields[] = {
		{ 'd', "Depends" },	 { 'p', "Pre-Depends" }, { 'r', "Recommends" },
		{ 's', "Suggests" },	 { 'v', "Provides" },	 { 'm', "Multi-Arch" },
		{ 'a', "Architecture" }, { 'n', "Version" },	 { 'y', "Priority" },
	};
	char copy[1024], *rest = copy, *package;
	(void)snprintf(copy, sizeof copy, "%s", text);
	while ((package = strtok_r(rest, ";", &rest))) {
		char *word = strtok_r(package, " ", &package);
		lopt_buf_printf(status, "Package: %s\n", word);
		while ((word = strtok_r(package, " ", &package))) {
			for (char *c = word; *c; c++)
				*c = *c == '_' ? ' ' : *c;
			if (*word == '-')
				lopt_buf_text(status, "Auto-Installed: 1\n");
			for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
				if (*word == fields[i].letter)
					lopt_buf_printf(status, "%s: %s\n", fields[i].field, word + 2);
		}
		lopt_buf_char(status, '\n');
	}
}

static void print_needs(struct lopt_buf *text, const struct lopt_debian *debian)
{
	struct lopt_needs needs = { 0 };
	assert_int_equal(lopt_needs_find(&needs, debian, &err), LOPT_OK);
	for (size_t i = 0; i < debian->count; i++)
		lopt_buf_char(text, ".srD"[needs.needs[i]]);
	lopt_needs_release(&needs);
}

static void knows_what_is_needed(void **state)
{
	(void)state;
	static const struct {
		const char *packages;
		const char *want; /* of each: "D" required, "r" recommended, "s" suggested, "." none of it */
	} cases[] = {
		{ "a d:b; b -; c -", "DD." },
		{ "a p:b; b - d:c; c -", "DDD" },
		{ "a r:b; b - d:c; c -; d -", "Drr." },
		{ "a s:b; b - r:c; c - d:d; d -", "Dsss" },
		{ "a r:b d:c; b - d:c; c - d:b", "DDD" },
		{ "a r:b d:c; b -; c - r:d; d -", "DrDr" },
		/* both of two alternatives count, whichever are there */
		{ "a d:x_|_b_|_c; b -; c -", "DDD" },
		{ "a r:b_|_c; b -; c -", "Drr" },
		/* versions */
		{ "a d:b_(>=_2),_c_(>=_2); b - n:1; c - n:2", "D.D" },
		{ "a d:b_(>=_2); b -", "D." },
		/* what provides a name, of a version if one is asked for */
		{ "a d:v; b - v:v", "DD" },
		{ "a d:v_(>=_1); b - v:v n:3; c - v:v_(=_1); d - v:v_(=_0.9)", "D.D." },
		{ "a d:v_|_w; b - v:w,_x; c - v:x", "DD." },
		/* itself, in a circle, not there */
		{ "a - d:a", "." },
		{ "a - d:b; b - d:a", ".." },
		{ "a d:gone,_b; b -", "DD" },
		/* what apt keeps */
		{ "a - y:required r:b; b -", "Dr" },
		{ "a - y:important", "." },
		/* architectures: the machine's own is that of dpkg */
		{ "a a:amd64 d:b; b - a:i386; dpkg a:amd64", "D.D" },
		{ "a a:amd64 d:b; b - a:i386 m:foreign; dpkg a:amd64", "DDD" },
		{ "a a:amd64 d:b; b - a:all; dpkg a:amd64", "DDD" },
		{ "a a:all d:b; b - a:amd64; b - a:i386; dpkg a:amd64", "DD.D" },
		{ "a a:i386 d:b; b - a:amd64; b - a:i386; dpkg a:amd64", "D.DD" },
		{ "a a:amd64 d:b:any; b - a:i386 m:allowed; dpkg a:amd64", "DDD" },
		{ "a a:amd64 d:b:any; b - a:i386; dpkg a:amd64", "D.D" },
		{ "a a:amd64 d:b:i386; b - a:amd64; b - a:i386; dpkg a:amd64", "D.DD" },
		{ "a a:i386 d:b:native; b - a:amd64; b - a:i386; dpkg a:amd64", "DD.D" },
		{ "a d:b; b - a:i386", "DD" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct lopt_buf status = LOPT_BUF_INIT(1 << 16), text = LOPT_BUF_INIT(1 << 12);
		struct lopt_debian debian = { 0 };
		write_status(&status, cases[i].packages);
		assert_int_equal(lopt_debian_add(&debian, lopt_buf_view(&status), lopt_str_make(NULL, 0), &err),
				 LOPT_OK);
		for (size_t k = 0; k < debian.count; k++) {
			debian.packages[k].automatic = lopt_str_is(debian.packages[k].stanza.auto_installed, "1");
			if (lopt_str_is(debian.packages[k].stanza.package, "dpkg"))
				debian.architecture = debian.packages[k].stanza.architecture;
		}
		print_needs(&text, &debian);
		if (strcmp(text.data, cases[i].want) != 0)
			fail_msg("%s: %s, not %s", cases[i].packages, text.data, cases[i].want);
		lopt_debian_release(&debian);
		lopt_buf_release(&status);
		lopt_buf_release(&text);
	}
}

/* A thousand packages that all provide what all depend on are a million relations, ten thousand too many to follow. */
static void gives_up_on_too_many_relations(void **state)
{
	(void)state;
	static const size_t counts[] = { 1000, 10000 };
	for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
		struct lopt_buf status = LOPT_BUF_INIT(1 << 20);
		struct lopt_debian debian = { 0 };
		struct lopt_needs needs = { 0 };
		for (size_t k = 0; k < counts[i]; k++)
			lopt_buf_printf(&status, "Package: p%05zu\nProvides: v\nDepends: v\n\n", k);
		assert_int_equal(lopt_debian_add(&debian, lopt_buf_view(&status), lopt_str_make(NULL, 0), &err),
				 LOPT_OK);
		assert_int_equal(lopt_needs_find(&needs, &debian, &err), counts[i] > 2048 ? LOPT_END : LOPT_OK);
		lopt_needs_release(&needs);
		lopt_debian_release(&debian);
		lopt_buf_release(&status);
	}
}

/* --- dominators --- */

enum { NODES = 12 };

/* What node 0 leads to without passing through `without`. */
static void reach(const struct lopt_graph *graph, uint32_t without, bool reached[NODES])
{
	uint32_t pending[NODES], count = 0;
	memset(reached, 0, NODES * sizeof *reached);
	if (without == 0)
		return;
	reached[0] = true;
	pending[count++] = 0;
	while (count) {
		uint32_t at = pending[--count];
		for (size_t e = graph->first[at]; e < graph->first[at + 1]; e++) {
			uint32_t to = graph->successors[e];
			if (to == without || reached[to])
				continue;
			reached[to] = true;
			pending[count++] = to;
		}
	}
}

/* Whether `at` is above `node` in the tree of dominators. */
static bool is_above(const uint32_t *dominators, uint32_t at, uint32_t node)
{
	while (node != LOPT_NO_DOMINATOR && node != at)
		node = dominators[node];
	return node == at;
}

static void check_graph(const struct lopt_graph *graph)
{
	uint32_t dominators[NODES], order[NODES];
	bool all[NODES], rest[NODES], seen[NODES] = { false };
	size_t reached;
	assert_int_equal(lopt_dominators_find(graph, dominators, order, &reached, &err), LOPT_OK);
	reach(graph, LOPT_NO_DOMINATOR, all);
	for (size_t i = 0; i < reached; i++) {
		assert_true(all[order[i]] && !seen[order[i]]);
		assert_true(i == 0 ? order[i] == 0 : seen[dominators[order[i]]]);
		seen[order[i]] = true;
	}
	for (uint32_t node = 0; node < graph->count; node++) {
		reach(graph, node, rest);
		for (uint32_t other = 0; other < graph->count; other++) {
			assert_int_equal(all[other], seen[other]);
			if (all[node] && all[other])
				assert_int_equal(is_above(dominators, node, other), !rest[other] || node == other);
		}
	}
}

static void finds_dominators(void **state)
{
	(void)state;
	uint32_t random = 1;
	for (unsigned round = 0; round < 2000; round++) {
		size_t first[NODES + 1], count = 0;
		uint32_t successors[NODES * NODES];
		unsigned density = 2 + round % 14;
		for (uint32_t from = 0; from < NODES; from++) {
			first[from] = count;
			for (uint32_t to = 0; to < NODES; to++) {
				random = random * 1664525 + 1013904223;
				if ((random >> 16) % density == 0)
					successors[count++] = to;
			}
		}
		first[NODES] = count;
		check_graph(&(struct lopt_graph){ NODES, first, successors });
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(knows_what_is_needed),
		cmocka_unit_test(gives_up_on_too_many_relations),
		cmocka_unit_test(finds_dominators),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
