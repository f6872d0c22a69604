/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_DOCKERFILE_JOINED_H
#define LAYEROPT_DOCKERFILE_JOINED_H

#include "base/buf.h"
#include "dockerfile/dockerfile.h"

/*
 * The logical line of an instruction again, this time with the place of each byte in the file. Inner to this room.
 */

struct lopt_joined {
	struct lopt_buf text; /* equal to instruction->text */
	uint32_t *at;	      /* at[i]: where text[i] stands in instruction->source */
	/* From the escape that waits for a line the file does not have to behind the last one, on lines with nothing else;
	 * `open` is SIZE_MAX when none waits. */
	size_t open, open_end;
	bool stuck; /* without these, the text would still end in an escape */
};

void lopt_joined_release(struct lopt_joined *joined);
/** Release it in either case. */
LOPT_CHECKED enum lopt_status lopt_joined_read(struct lopt_joined *out, const struct lopt_instruction *instruction,
					       char escape, struct lopt_error *err);

#endif
