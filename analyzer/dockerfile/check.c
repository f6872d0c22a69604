/* SPDX-License-Identifier: MIT */
#include "base/cleanup.h"
#include "dockerfile/dockerfile.h"
#include "dockerfile/record.h"

static enum lopt_status check_instruction(const struct lopt_instruction *at, bool other_frontend,
					  struct lopt_error *err)
{
	enum lopt_keyword keyword = lopt_keyword_find(at->keyword);
	if (keyword == LOPT_KEYWORD_NONE && !other_frontend)
		return lopt_error_set(err, LOPT_E_INPUT, "line %u: unknown instruction: %.*s", (unsigned)at->line,
				      (int)(at->keyword.len < 100 ? at->keyword.len : 100), at->keyword.ptr);
	if (at->stage == SIZE_MAX && keyword != LOPT_KEYWORD_ARG)
		return lopt_error_set(err, LOPT_E_INPUT, "line %u: no FROM in front of it", (unsigned)at->line);
	bool copies = keyword == LOPT_KEYWORD_COPY || keyword == LOPT_KEYWORD_ADD;
	if (copies && at->word_count + at->heredoc_count < 2)
		return lopt_error_set(err, LOPT_E_INPUT, "line %u: %s needs a source and a destination",
				      (unsigned)at->line, lopt_keyword_name(keyword));
	return LOPT_OK;
}

enum lopt_status lopt_dockerfile_check(const struct lopt_dockerfile *dockerfile, struct lopt_error *err)
{
	const struct lopt_instruction *at;
	bool other_frontend = lopt_dockerfile_directive(dockerfile, "syntax").len > 0;
	bool has_stage = false;
	for (size_t i = 0; (at = lopt_dockerfile_at(dockerfile, i)); i++) {
		LOPT_TRY(check_instruction(at, other_frontend, err));
		has_stage |= at->stage != SIZE_MAX;
	}
	return has_stage ? LOPT_OK : lopt_error_set(err, LOPT_E_INPUT, "no FROM");
}
