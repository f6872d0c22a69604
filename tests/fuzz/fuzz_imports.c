/* SPDX-License-Identifier: MIT */
/* Scripts: what is found does not depend on how they are cut, and are names. The first byte chooses the language. */
#include "fuzz/harness.h"
#include "layer/imports.h"

static void look(struct lopt_imports *imports, const uint8_t *data, size_t size, size_t step)
{
	lopt_imports_begin(imports, data[0] & 1 ? LOPT_SCRIPT_PYTHON : LOPT_SCRIPT_PERL, data[0] & 2);
	for (size_t at = 1; at < size; at += step)
		MUST(lopt_imports_feed(imports,
				       lopt_str_make((const char *)data + at, size - at < step ? size - at : step)));
	MUST(lopt_imports_end(imports));
}

static void check_names(struct lopt_str names)
{
	MUST(names.len <= LOPT_IMPORTS_NAMES_MAX);
	MUST(names.len == 0 || !names.ptr[names.len - 1]);
	for (size_t i = 0; i < names.len; i++) {
		char c = names.ptr[i];
		MUST(c || (i > 0 && names.ptr[i - 1]));
		MUST(c == '\0' || strchr("._/:", c) || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
		     (c >= 'A' && c <= 'Z'));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct lopt_imports whole, cut;
	if (size == 0)
		return 0;
	look(&whole, data, size, size);
	look(&cut, data, size, 1 + data[0] % 7);
	MUST(lopt_str_equal(lopt_buf_view(&whole.names), lopt_buf_view(&cut.names)));
	check_names(lopt_buf_view(&whole.names));
	lopt_imports_release(&whole);
	lopt_imports_release(&cut);
	return 0;
}
