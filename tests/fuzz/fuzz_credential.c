/* SPDX-License-Identifier: MIT */
/*
 * Files that may hold a credential: the first line is the path, the rest what stands there. Nothing is in an empty file
 * nor where nobody looks, and a copy without a heap's slack behind it says the same.
 */
#include "analysis/credential.h"
#include "harness.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct lopt_str input = lopt_str_make((const char *)data, size);
	const char *end = size ? memchr(input.ptr, '\n', size) : NULL;
	struct lopt_str path = lopt_str_make(input.ptr, end ? (size_t)(end - input.ptr) : size);
	size_t rest = end ? size - path.len - 1 : 0;
	char *text = malloc(rest ? rest : 1);
	MUST(text);
	memcpy(text, input.ptr + size - rest, rest);
	enum lopt_credential what = lopt_credential_in(path, lopt_str_make(text, rest));
	MUST(what >= LOPT_CREDENTIAL_NONE && what < (enum lopt_credential)LOPT_CREDENTIALS);
	MUST(what == LOPT_CREDENTIAL_NONE || (lopt_credential_expected(path) && rest));
	MUST(lopt_credential_in(path, lopt_str_make(NULL, 0)) == LOPT_CREDENTIAL_NONE);
	free(text);
	return 0;
}
