/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_DOCKERFILE_CHAIN_H
#define LAYEROPT_DOCKERFILE_CHAIN_H

#include "dockerfile/dockerfile.h"
#include "dockerfile/record.h"
#include "dockerfile/scope.h"

/*
 * The instructions that made an image: those of the last stage, behind those of the stage it is built on, and so
 * on, each with the text a given builder's history has for it. Inner to this room.
 */

enum {
	LOPT_CHAIN_ITEMS_MAX = 1024,
	LOPT_CHAIN_BYTES_MAX = 32 << 20, /* of all texts together */
};

enum lopt_fit {
	LOPT_FIT_NONE,	  /* the builder writes no entry, or what it writes cannot be worked out */
	LOPT_FIT_TEXT,	  /* `text`, exactly */
	LOPT_FIT_PATTERN, /* `text`, with LOPT_EXPAND_HOLE for what cannot be known */
	LOPT_FIT_ANY,	  /* the builder writes something else; only the keyword can be compared */
};

struct lopt_item {
	enum lopt_keyword keyword;
	enum lopt_fit fit;
	struct lopt_str text;
	bool optional; /* that it has no entry says nothing */
	bool ships;    /* RUN, COPY, ADD: what layers are made of */
	uint32_t line;
};

struct lopt_chain {
	struct lopt_item *items;
	size_t count, cap;
	size_t bytes;
};
void lopt_chain_release(struct lopt_chain *chain);

/**
 * `learned` has the build arguments that the history shows, as ENV entries; texts go to the arena.
 * LOPT_E_LIMIT beyond a ceiling above.
 */
LOPT_CHECKED enum lopt_status lopt_chain_build(struct lopt_chain *chain, struct lopt_arena *arena,
					       const struct lopt_dockerfile *dockerfile, enum lopt_builder builder,
					       const struct lopt_scope *learned, struct lopt_error *err);

/** Ports as a sorted list "53/udp 80", from "80 53/udp", "map[80/tcp:{}]" or "[80/tcp]"; ptr is NULL without memory. */
struct lopt_str lopt_ports_sort(struct lopt_arena *arena, struct lopt_str text);
/** The names of "A=1 B C=2": "A B C"; ptr is NULL without memory. */
struct lopt_str lopt_arg_names(struct lopt_arena *arena, struct lopt_str text);

#endif
