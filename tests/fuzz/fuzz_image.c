/* SPDX-License-Identifier: MIT */
/*
 * Whole images: the identities between the figures must hold, and plain and compressed layers must tell the same.
 */
#include "made_image.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct feed feed = { data, size };
	struct draft draft = { 0 };
	unsigned mode = take(&feed);
	make_draft(&draft, &feed);
	struct lopt_buf plain = make_archive(&draft, 0), packed = make_archive(&draft, 1 + mode % 3);
	struct lopt_totals a = { 0 }, b = { 0 };
	bool loaded = examine(&plain, mode & 0x80, &a);
	MUST(examine(&packed, mode & 0x40, &b) == loaded);
	a = comparable(a);
	b = comparable(b);
	MUST(memcmp(&a, &b, sizeof a) == 0);
	lopt_buf_release(&plain);
	lopt_buf_release(&packed);
	release_draft(&draft);
	return 0;
}
