/* SPDX-License-Identifier: MIT */
#include "base/cleanup.h"
#include "base/diff.h"
#include "report/proof.h"

/* A product for patch(1) and `git apply`, so its bytes are those of the files. */
enum lopt_status lopt_proof_diff(FILE *to, const struct lopt_outcome *outcome,
				 const struct lopt_report_options *options, struct lopt_error *err)
{
	LOPT_CLEANUP(lopt_buf_release) struct lopt_buf diff = LOPT_BUF_INIT(SIZE_MAX / 2);
	(void)options;
	lopt_diff_write(&diff, outcome->original_name, outcome->original_name, outcome->before, outcome->after);
	if (outcome->ignore_after.len)
		lopt_diff_write(&diff, ".dockerignore", ".dockerignore", outcome->ignore_before, outcome->ignore_after);
	if (diff.failed)
		return lopt_error_memory(err);
	if (diff.len)
		(void)fwrite(diff.data, 1, diff.len, to);
	return LOPT_OK;
}
