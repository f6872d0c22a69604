/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_ADVICE_RULES_H
#define LAYEROPT_ADVICE_RULES_H

#include "advice/command.h"
#include "advice/depends.h"
#include "advice/stage.h"
#include "advice/writes.h"

/*
 * Why a step cannot pass another. Inner to this room.
 */

/** What a RUN has to do with other steps. */
struct lopt_hits {
	struct lopt_command command;
	uint64_t steps; /* that wrote what its text names */
	struct lopt_str what[LOPT_STEPS_MAX];
};

struct lopt_scene {
	const struct lopt_stage *stage;
	struct lopt_writes writes;
	struct lopt_hits *runs; /* by step; for a RUN */
	enum lopt_builder builder;
	uint64_t copies;		  /* COPY and ADD */
	uint64_t etc, homes, keys, tools; /* wrote files there; what programs are made of */
};

/** What of other steps the text of step `x`, a RUN, names. Words are kept in the arena. */
LOPT_CHECKED enum lopt_status lopt_scene_look(struct lopt_scene *scene, struct lopt_arena *arena, size_t x,
					      struct lopt_error *err);

/**
 * Whether the earlier step a and the later step b keep their order, and why: *what is a path, a name, or left alone.
 */
bool lopt_scene_keeps(const struct lopt_scene *scene, size_t a, size_t b, enum lopt_dependency_kind *kind,
		      struct lopt_str *what);

#endif
