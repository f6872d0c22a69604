/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "proof/replay.h"
#include "proof/steps.h"

static void counts_steps(void **state)
{
	(void)state;
	static const struct {
		enum lopt_builder builder;
		const char *log;
		size_t all, cached, last;
	} cases[] = {
		{ LOPT_BUILDER_LEGACY, "", 0, 0, 0 },
		{ LOPT_BUILDER_LEGACY,
		  "Sending build context to Docker daemon  3MB\r\r\nStep 1/3 : FROM x\n ---> 1\nStep 2/3 : COPY a b\n"
		  " ---> Using cache\n ---> 2\nStep 3/3 : RUN make\n ---> Running in 3\n",
		  3, 1, 3 },
		/* what a command prints is no step */
		{ LOPT_BUILDER_LEGACY, "Step 1/2 : FROM x\nStep one/2\nStep 7\n  Step 2/2 : RUN\n", 1, 0, 1 },
		{ LOPT_BUILDER_BUILDAH, "STEP 1/2: FROM x\nSTEP 2/2: RUN make\n--> Using cache 0123\n", 2, 1, 2 },
		{ LOPT_BUILDER_BUILDAH, "STEP 1/2: FROM x\nSTEP 2/2: RUN make\nmake: error\n", 2, 0, 2 },
		{ LOPT_BUILDER_BUILDKIT,
		  "#1 [internal] load build definition from Dockerfile\n#1 DONE 0.0s\n#4 [1/3] FROM x\n#5 [2/3] COPY a b\n"
		  "#5 CACHED\n#6 [stage-1 3/3] RUN make\n#6 0.2 [9/9] printed by make\n#6 DONE 1s\n",
		  3, 1, 3 },
		/* a step that goes on is told again */
		{ LOPT_BUILDER_BUILDKIT, "#4 [1/2] FROM x\n#5 [2/2] RUN make\n#4 [1/2] FROM x\n#5 [2/2] RUN make\n", 2,
		  0, 2 },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct lopt_steps steps = lopt_steps_count(cases[i].builder, lopt_str_from(cases[i].log));
		if (steps.all != cases[i].all || steps.cached != cases[i].cached || steps.last != cases[i].last)
			fail_msg("%zu: %zu steps, %zu cached, last %zu", i, steps.all, steps.cached, steps.last);
	}
}

static void correlates_ranks(void **state)
{
	(void)state;
	static const struct {
		double a[6], b[6];
		size_t count;
		double want; /* NAN: not defined */
	} cases[] = {
		{ { 1, 2, 3, 4 }, { 10, 20, 30, 1000 }, 4, 1 },
		{ { 1, 2, 3, 4 }, { 4, 3, 2, 1 }, 4, -1 },
		{ { 1, 2, 3, 4, 5 }, { 2, 1, 4, 3, 5 }, 5, 0.8 },
		/* ties have their mean rank: ranks 0 1.5 1.5 3 against 0 1 2 3 */
		{ { 1, 2, 2, 3 }, { 1, 2, 3, 4 }, 4, 0.9486832980505138 },
		{ { 1, 1, 1 }, { 1, 2, 3 }, 3, NAN },
		{ { 1 }, { 1 }, 1, NAN },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		double found = lopt_spearman(cases[i].a, cases[i].b, cases[i].count);
		bool right = isnan(cases[i].want) ? isnan(found) : fabs(found - cases[i].want) < 1e-12;
		if (!right)
			fail_msg("%zu: %f", i, found);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_steps),
		cmocka_unit_test(correlates_ranks),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
