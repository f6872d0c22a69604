/* SPDX-License-Identifier: MIT */
/* Section headers, read at will and as the file passes by: both tell the same, and no more than the file holds. */
#include "fuzz/harness.h"
#include "layer/elf.h"
#include "layeropt/image.h"

static bool look(struct lopt_elf *elf, const uint8_t *data, size_t size, bool passing)
{
	uint64_t offset, n, end = 0;
	size_t head = size < LOPT_HEAD_MAX ? size : LOPT_HEAD_MAX;
	if (!lopt_elf_begin(elf, lopt_str_make((const char *)data, head), size))
		return false;
	while (lopt_elf_wants(elf, passing, &offset, &n)) {
		MUST(n > 0 && n <= LOPT_ELF_RANGE_MAX && offset <= size && n <= size - offset);
		MUST(!passing || offset >= end);
		end = offset + n;
		MUST(lopt_elf_give(elf, offset, lopt_str_make((const char *)data + offset, (size_t)n)));
	}
	lopt_elf_release(elf);
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct lopt_elf at_will, passing;
	bool any = look(&at_will, data, size, false);
	MUST(look(&passing, data, size, true) == any);
	MUST(at_will.symbol_bytes == passing.symbol_bytes && at_will.debug_bytes == passing.debug_bytes);
	MUST(at_will.symbol_bytes <= size && at_will.debug_bytes <= size - at_will.symbol_bytes);
	return 0;
}
