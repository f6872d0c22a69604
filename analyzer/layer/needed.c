/* SPDX-License-Identifier: MIT */
#include "layer/needed.h"

#include <elf.h>
#include <endian.h>

enum {
	PROGRAMS_MAX = 256,
	DYNAMIC_MAX = 64 << 10,
	NAME_MAX_HERE = 255,
	NAMES_MAX = 16 << 10,
};

/* One program header, of either class and byte order. */
struct segment {
	uint32_t type;
	uint64_t offset, address, size;
};

/* --- numbers --- */

static uint64_t number(const struct lopt_needed *needed, const char *at, size_t size)
{
	const unsigned char *bytes = (const unsigned char *)at;
	bool big = needed->swapped == (__BYTE_ORDER == __LITTLE_ENDIAN);
	uint64_t value = 0;
	for (size_t i = 0; i < size; i++)
		value = value << 8 | bytes[big ? i : size - 1 - i];
	return value;
}

/* An address or offset: as wide as the class of the file. */
static uint64_t wide_number(const struct lopt_needed *needed, const char *at)
{
	return number(needed, at, needed->wide ? 8 : 4);
}

static size_t program_size(const struct lopt_needed *needed)
{
	return needed->wide ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr);
}

static struct segment segment_at(const struct lopt_needed *needed, const char *front, size_t index)
{
	const char *at = front + needed->programs + index * program_size(needed);
#define FIELD(field) (at + (needed->wide ? offsetof(Elf64_Phdr, field) : offsetof(Elf32_Phdr, field)))
	return (struct segment){ (uint32_t)number(needed, FIELD(p_type), 4), wide_number(needed, FIELD(p_offset)),
				 wide_number(needed, FIELD(p_vaddr)), wide_number(needed, FIELD(p_filesz)) };
#undef FIELD
}

/* Within the file, which a hostile header may deny. */
static bool fits(const struct lopt_needed *needed, uint64_t offset, uint64_t size)
{
	return offset <= needed->file_size && size <= needed->file_size - offset;
}

static size_t front_size(const struct lopt_needed *needed)
{
	return needed->file_size < LOPT_NEEDED_FRONT ? (size_t)needed->file_size : LOPT_NEEDED_FRONT;
}

/* --- what is needed --- */

bool lopt_needed_begin(struct lopt_needed *needed, struct lopt_str head, uint64_t file_size)
{
	*needed = (struct lopt_needed){ .file_size = file_size,
					.names = LOPT_BUF_INIT(NAMES_MAX),
					.front = LOPT_BUF_INIT(LOPT_NEEDED_FRONT + 1) };
	if (head.len < sizeof(Elf64_Ehdr) || memcmp(head.ptr, ELFMAG, SELFMAG) != 0)
		return false;
	const unsigned char *ident = (const unsigned char *)head.ptr;
	if (ident[EI_VERSION] != EV_CURRENT || (ident[EI_CLASS] != ELFCLASS32 && ident[EI_CLASS] != ELFCLASS64) ||
	    (ident[EI_DATA] != ELFDATA2LSB && ident[EI_DATA] != ELFDATA2MSB))
		return false;
	needed->wide = ident[EI_CLASS] == ELFCLASS64;
	needed->swapped = ident[EI_DATA] == (__BYTE_ORDER == __LITTLE_ENDIAN ? ELFDATA2MSB : ELFDATA2LSB);
#define FIELD(field) (head.ptr + (needed->wide ? offsetof(Elf64_Ehdr, field) : offsetof(Elf32_Ehdr, field)))
	needed->programs = wide_number(needed, FIELD(e_phoff));
	needed->program_count = (uint32_t)number(needed, FIELD(e_phnum), 2);
	size_t entry = (size_t)number(needed, FIELD(e_phentsize), 2);
#undef FIELD
	uint64_t size = (uint64_t)needed->program_count * program_size(needed);
	if (entry == program_size(needed) && needed->program_count > 0 && needed->program_count <= PROGRAMS_MAX &&
	    needed->programs <= front_size(needed) && size <= front_size(needed) - needed->programs)
		needed->next = LOPT_NEEDED_HEADERS;
	return needed->next != LOPT_NEEDED_DONE;
}

void lopt_needed_release(struct lopt_needed *needed)
{
	lopt_buf_release(&needed->names);
	lopt_buf_release(&needed->front);
	needed->next = LOPT_NEEDED_DONE;
}

bool lopt_needed_wants(const struct lopt_needed *needed, uint64_t *offset, uint64_t *size)
{
	switch (needed->next) {
	case LOPT_NEEDED_DONE:
		return false;
	case LOPT_NEEDED_HEADERS:
		*offset = 0;
		*size = front_size(needed);
		return true;
	case LOPT_NEEDED_DYNAMIC:
		*offset = needed->dynamic;
		*size = needed->dynamic_size;
		return true;
	case LOPT_NEEDED_STRINGS:
		*offset = needed->strings;
		*size = needed->strings_size;
		return true;
	}
	return false;
}

/* --- what it says --- */

static bool take_names(struct lopt_needed *needed, struct lopt_str strings)
{
	needed->next = LOPT_NEEDED_DONE;
	for (size_t i = 0; i < needed->count; i++) {
		if (needed->offsets[i] >= strings.len)
			continue;
		const char *at = strings.ptr + needed->offsets[i];
		size_t len = strnlen(at, strings.len - needed->offsets[i]);
		if (len == 0 || len > NAME_MAX_HERE || len == strings.len - needed->offsets[i] ||
		    needed->names.len + len + 1 > NAMES_MAX)
			continue;
		lopt_buf_add(&needed->names, at, len + 1);
	}
	return !needed->names.failed;
}

/* Where the file has what is to be loaded at this address. */
static bool find_address(const struct lopt_needed *needed, const char *front, uint64_t address, uint64_t *offset)
{
	for (size_t i = 0; i < needed->program_count; i++) {
		struct segment segment = segment_at(needed, front, i);
		if (segment.type != PT_LOAD || address < segment.address || address - segment.address >= segment.size)
			continue;
		*offset = segment.offset + (address - segment.address);
		return *offset >= segment.offset && *offset < needed->file_size;
	}
	return false;
}

/* The strings: in the front, or behind what has passed. */
static bool go_for_strings(struct lopt_needed *needed, struct lopt_str front, uint64_t passed, uint64_t address,
			   uint64_t size)
{
	uint64_t offset;
	needed->next = LOPT_NEEDED_DONE;
	if (needed->count == 0 || !find_address(needed, front.ptr, address, &offset))
		return true;
	if (size > needed->file_size - offset)
		size = needed->file_size - offset;
	if (offset < front.len) {
		size_t rest = front.len - (size_t)offset;
		return take_names(needed, lopt_str_make(front.ptr + offset, size < rest ? (size_t)size : rest));
	}
	if (offset < passed || size == 0)
		return true;
	needed->strings = offset;
	needed->strings_size = size < LOPT_NEEDED_RANGE_MAX ? size : LOPT_NEEDED_RANGE_MAX;
	needed->next = LOPT_NEEDED_STRINGS;
	return true;
}

static bool take_dynamic(struct lopt_needed *needed, struct lopt_str front, struct lopt_str bytes, uint64_t passed)
{
	size_t half = needed->wide ? 8 : 4;
	uint64_t address = 0, size = 0;
	for (size_t at = 0; at + 2 * half <= bytes.len; at += 2 * half) {
		uint64_t tag = wide_number(needed, bytes.ptr + at), value = wide_number(needed, bytes.ptr + at + half);
		if (tag == DT_NULL)
			break;
		if (tag == DT_STRTAB)
			address = value;
		if (tag == DT_STRSZ)
			size = value;
		if (tag == DT_NEEDED && value < UINT32_MAX &&
		    needed->count < sizeof needed->offsets / sizeof needed->offsets[0])
			needed->offsets[needed->count++] = (uint32_t)value;
	}
	return go_for_strings(needed, front, passed, address, size);
}

static bool take_headers(struct lopt_needed *needed, struct lopt_str front)
{
	needed->next = LOPT_NEEDED_DONE;
	for (size_t i = 0; i < needed->program_count && !needed->dynamic_size; i++) {
		struct segment segment = segment_at(needed, front.ptr, i);
		if (segment.type != PT_DYNAMIC || !fits(needed, segment.offset, segment.size))
			continue;
		needed->dynamic = segment.offset;
		needed->dynamic_size = segment.size < DYNAMIC_MAX ? segment.size : DYNAMIC_MAX;
	}
	uint64_t end = needed->dynamic + needed->dynamic_size;
	if (needed->dynamic_size == 0 || (needed->dynamic < front.len && end > front.len))
		return true;
	if (end <= front.len)
		return take_dynamic(needed, front,
				    lopt_str_make(front.ptr + needed->dynamic, (size_t)needed->dynamic_size),
				    front.len);
	needed->next = LOPT_NEEDED_DYNAMIC;
	return true;
}

bool lopt_needed_give(struct lopt_needed *needed, struct lopt_str bytes)
{
	bool done = true;
	switch (needed->next) {
	case LOPT_NEEDED_DONE:
		break;
	case LOPT_NEEDED_HEADERS:
		done = take_headers(needed, bytes);
		if (needed->next == LOPT_NEEDED_DYNAMIC) /* segments and strings may still be looked for in it */
			lopt_buf_str(&needed->front, bytes);
		break;
	case LOPT_NEEDED_DYNAMIC:
		done = take_dynamic(needed, lopt_buf_view(&needed->front), bytes,
				    needed->dynamic + needed->dynamic_size);
		lopt_buf_release(&needed->front);
		break;
	case LOPT_NEEDED_STRINGS:
		done = take_names(needed, bytes);
		break;
	}
	return done && !needed->front.failed && !needed->names.failed;
}
