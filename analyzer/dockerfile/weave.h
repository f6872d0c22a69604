/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_DOCKERFILE_WEAVE_H
#define LAYEROPT_DOCKERFILE_WEAVE_H

#include "base/buf.h"
#include "dockerfile/shell.h"

/*
 * Texts of RUN instructions one behind the other, each where the one before has succeeded. Inner to this room.
 */

struct lopt_weave_part {
	struct lopt_str source;	 /* of a RUN */
	struct lopt_shell shell; /* of that; understood */
	bool command;		 /* written to run in the shell of the text it is joined to, whatever that leaks */
};

struct lopt_weave_style {
	struct lopt_str newline, indent;
	char escape;
	bool trailing; /* && ends a line instead of beginning the next */
	bool errexit;  /* SHELL has -e */
};

/** Indentation and place of && as the text of `like` has them. */
void lopt_weave_style_read(struct lopt_weave_style *style, const struct lopt_weave_part *like);

void lopt_weave(struct lopt_buf *out, const struct lopt_weave_part *parts, size_t count,
		const struct lopt_weave_style *style);

#endif
