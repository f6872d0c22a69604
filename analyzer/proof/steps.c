/* SPDX-License-Identifier: MIT */
#include "proof/steps.h"

static struct lopt_str take_line(struct lopt_str *rest)
{
	const char *end = rest->len ? memchr(rest->ptr, '\n', rest->len) : NULL;
	size_t len = end ? (size_t)(end - rest->ptr) : rest->len;
	struct lopt_str line = lopt_str_make(rest->ptr, len);
	*rest = lopt_str_make(rest->ptr + len + (end != NULL), rest->len - len - (end != NULL));
	return line;
}

/* The number at `at`, and where it ends. */
static size_t read_number(struct lopt_str text, size_t *at)
{
	size_t number = 0;
	for (; *at < text.len && text.ptr[*at] >= '0' && text.ptr[*at] <= '9' && number < 1000000; ++*at)
		number = number * 10 + (size_t)(text.ptr[*at] - '0');
	return number;
}

/* "Step 3/9 : RUN ...", "STEP 3/9: RUN ...", " ---> Using cache", "--> Using cache 0123..." */
static void count_numbered(struct lopt_steps *steps, struct lopt_str line)
{
	bool step = lopt_str_starts(line, "Step ") || lopt_str_starts(line, "STEP ");
	size_t at = 5, number = step ? read_number(line, &at) : 0;
	if (number && at < line.len && line.ptr[at] == '/') {
		steps->all++;
		steps->last = number;
	}
	steps->cached += lopt_str_starts(line, " ---> Using cache") || lopt_str_starts(line, "--> Using cache");
}

/* "#7 [stage-1 3/9] RUN ...", once at least for each; "#7 CACHED" */
static void count_vertices(struct lopt_steps *steps, struct lopt_str line, size_t *seen)
{
	size_t at = 1;
	if (!lopt_str_starts(line, "#"))
		return;
	size_t vertex = read_number(line, &at);
	struct lopt_str rest = lopt_str_make(line.ptr + at, line.len - at);
	if (lopt_str_is(rest, " CACHED"))
		steps->cached++;
	const char *close = lopt_str_starts(rest, " [") ? memchr(rest.ptr, ']', rest.len) : NULL;
	const char *slash = close ? memchr(rest.ptr, '/', (size_t)(close - rest.ptr)) : NULL;
	if (!slash || slash[-1] < '0' || slash[-1] > '9' || vertex <= *seen)
		return;
	*seen = vertex;
	steps->all++;
	steps->last = steps->all;
}

struct lopt_steps lopt_steps_count(enum lopt_builder builder, struct lopt_str log)
{
	struct lopt_steps steps = { 0 };
	size_t seen = 0;
	while (log.len) {
		struct lopt_str line = take_line(&log);
		if (line.len && line.ptr[line.len - 1] == '\r')
			line.len--;
		if (builder == LOPT_BUILDER_BUILDKIT)
			count_vertices(&steps, line, &seen);
		else
			count_numbered(&steps, line);
	}
	return steps;
}
