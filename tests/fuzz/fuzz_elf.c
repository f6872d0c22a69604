/* SPDX-License-Identifier: MIT */
/*
 * Section headers, read at will and as the file passes by: both tell the same, and no more than the file holds. And the
 * libraries that are needed: names, asked for in ascending order.
 */
#include "fuzz/harness.h"
#include "layer/elf.h"
#include "layer/needed.h"
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

static void check_names(struct lopt_str names)
{
	MUST(names.len == 0 || (names.ptr[0] && !names.ptr[names.len - 1]));
	for (size_t i = 1; i < names.len; i++)
		MUST(names.ptr[i] || names.ptr[i - 1]);
}

static void look_for_libraries(const uint8_t *data, size_t size)
{
	struct lopt_needed needed;
	uint64_t offset, n, end = 0;
	size_t head = size < LOPT_HEAD_MAX ? size : LOPT_HEAD_MAX;
	bool any = lopt_needed_begin(&needed, lopt_str_make((const char *)data, head), size);
	while (lopt_needed_wants(&needed, &offset, &n)) {
		MUST(any && n > 0 && n <= LOPT_NEEDED_RANGE_MAX && offset <= size && n <= size - offset);
		MUST(offset >= end);
		end = offset + n;
		MUST(lopt_needed_give(&needed, lopt_str_make((const char *)data + offset, (size_t)n)));
	}
	check_names(lopt_buf_view(&needed.names));
	lopt_needed_release(&needed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct lopt_elf at_will, passing;
	bool any = look(&at_will, data, size, false);
	MUST(look(&passing, data, size, true) == any);
	MUST(at_will.symbol_bytes == passing.symbol_bytes && at_will.debug_bytes == passing.debug_bytes);
	MUST(at_will.symbol_bytes <= size && at_will.debug_bytes <= size - at_will.symbol_bytes);
	look_for_libraries(data, size);
	return 0;
}
