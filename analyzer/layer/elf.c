/* SPDX-License-Identifier: MIT */
#include "layer/elf.h"

#include <elf.h>
#include <endian.h>
#include <stdlib.h>

enum {
	COUNT_MAX = (4 << 20) / sizeof(Elf64_Shdr),
	NAMES_MAX = 1 << 20,
};

/* One section header, of either class and byte order. */
struct section {
	uint32_t name, type, link;
	uint64_t flags, offset, size;
};

static bool other_order(unsigned char data)
{
	return data == (__BYTE_ORDER == __LITTLE_ENDIAN ? ELFDATA2MSB : ELFDATA2LSB);
}

static uint16_t half(const struct lopt_elf *elf, uint16_t value)
{
	return elf->swapped ? __builtin_bswap16(value) : value;
}

static uint32_t word(const struct lopt_elf *elf, uint32_t value)
{
	return elf->swapped ? __builtin_bswap32(value) : value;
}

static uint64_t xword(const struct lopt_elf *elf, uint64_t value)
{
	return elf->swapped ? __builtin_bswap64(value) : value;
}

static size_t entry_size(const struct lopt_elf *elf)
{
	return elf->wide ? sizeof(Elf64_Shdr) : sizeof(Elf32_Shdr);
}

/* Within the file, which a hostile header may deny. */
static bool fits(const struct lopt_elf *elf, uint64_t offset, uint64_t size)
{
	return offset <= elf->file_size && size <= elf->file_size - offset;
}

/* Where the section headers are, if they are of a kind we know and in the file. */
static void set_table(struct lopt_elf *elf, uint64_t offset, uint16_t count, uint16_t size, uint16_t names)
{
	elf->table = offset;
	elf->count = half(elf, count);
	elf->table_size = (uint64_t)elf->count * entry_size(elf);
	elf->names_index = half(elf, names);
	if (half(elf, size) == entry_size(elf) && elf->count > 0 && elf->count <= COUNT_MAX &&
	    elf->names_index < elf->count && offset >= sizeof(Elf64_Ehdr) && fits(elf, offset, elf->table_size))
		elf->next = LOPT_ELF_TABLE;
}

static void read_header(struct lopt_elf *elf, const char *bytes)
{
	if (elf->wide) {
		Elf64_Ehdr raw;
		memcpy(&raw, bytes, sizeof raw);
		set_table(elf, xword(elf, raw.e_shoff), raw.e_shnum, raw.e_shentsize, raw.e_shstrndx);
	} else {
		Elf32_Ehdr raw;
		memcpy(&raw, bytes, sizeof raw);
		set_table(elf, word(elf, raw.e_shoff), raw.e_shnum, raw.e_shentsize, raw.e_shstrndx);
	}
}

bool lopt_elf_begin(struct lopt_elf *elf, struct lopt_str head, uint64_t file_size)
{
	*elf = (struct lopt_elf){ .file_size = file_size };
	if (head.len < sizeof(Elf64_Ehdr) || memcmp(head.ptr, ELFMAG, SELFMAG) != 0)
		return false;
	const unsigned char *ident = (const unsigned char *)head.ptr;
	if (ident[EI_VERSION] != EV_CURRENT || (ident[EI_CLASS] != ELFCLASS32 && ident[EI_CLASS] != ELFCLASS64))
		return false;
	if (ident[EI_DATA] != ELFDATA2LSB && ident[EI_DATA] != ELFDATA2MSB)
		return false;
	elf->wide = ident[EI_CLASS] == ELFCLASS64;
	elf->swapped = other_order(ident[EI_DATA]);
	read_header(elf, head.ptr);
	return elf->next != LOPT_ELF_DONE;
}

void lopt_elf_release(struct lopt_elf *elf)
{
	free(elf->headers);
	elf->headers = NULL;
}

static struct section section_at(const struct lopt_elf *elf, const unsigned char *headers, size_t index)
{
	const unsigned char *at = headers + index * entry_size(elf);
	if (elf->wide) {
		Elf64_Shdr raw;
		memcpy(&raw, at, sizeof raw);
		return (struct section){ word(elf, raw.sh_name),   word(elf, raw.sh_type),    word(elf, raw.sh_link),
					 xword(elf, raw.sh_flags), xword(elf, raw.sh_offset), xword(elf, raw.sh_size) };
	}
	Elf32_Shdr raw;
	memcpy(&raw, at, sizeof raw);
	return (struct section){ word(elf, raw.sh_name),  word(elf, raw.sh_type),   word(elf, raw.sh_link),
				 word(elf, raw.sh_flags), word(elf, raw.sh_offset), word(elf, raw.sh_size) };
}

/* --- what is needed --- */

static uint64_t before(const struct lopt_elf *elf)
{
	return elf->table < LOPT_ELF_BEFORE ? 0 : elf->table - LOPT_ELF_BEFORE;
}

static uint64_t table_end(const struct lopt_elf *elf)
{
	return elf->table + elf->table_size;
}

/* Where a stream can have them: among what is held back in front of the section headers, or behind those. */
static bool names_within_reach(const struct lopt_elf *elf)
{
	return elf->names >= table_end(elf) || (elf->names >= before(elf) && elf->names_size <= elf->table &&
						elf->names <= elf->table - elf->names_size);
}

bool lopt_elf_wants(const struct lopt_elf *elf, bool passing, uint64_t *offset, uint64_t *size)
{
	switch (elf->next) {
	case LOPT_ELF_DONE:
		return false;
	case LOPT_ELF_TABLE:
		*offset = passing ? before(elf) : elf->table;
		*size = table_end(elf) - *offset;
		return true;
	case LOPT_ELF_NAMES:
		*offset = elf->names;
		*size = elf->names_size;
		return true;
	}
	return false;
}

/* --- what it says --- */

static void add(const struct lopt_elf *elf, uint64_t *to, const struct section *section)
{
	if (section->type == SHT_NOBITS || section->flags & SHF_ALLOC || !fits(elf, section->offset, section->size))
		return;
	uint64_t room = elf->file_size - elf->symbol_bytes - elf->debug_bytes; /* sections may claim to overlap */
	*to += section->size < room ? section->size : room;
}

static void add_symbols(struct lopt_elf *elf, const unsigned char *headers)
{
	for (size_t i = 0; i < elf->count; i++) {
		struct section section = section_at(elf, headers, i);
		if (section.type == SHT_SYMTAB_SHNDX)
			add(elf, &elf->symbol_bytes, &section);
		if (section.type != SHT_SYMTAB)
			continue;
		add(elf, &elf->symbol_bytes, &section);
		if (section.link < elf->count && section.link != elf->names_index) { /* else strip cannot drop it */
			struct section strings = section_at(elf, headers, section.link);
			add(elf, &elf->symbol_bytes, &strings);
		}
	}
}

static bool is_debug(struct lopt_str name)
{
	return lopt_str_starts(name, ".debug_") || lopt_str_starts(name, ".zdebug_") ||
	       lopt_str_starts(name, ".stab") || lopt_str_is(name, ".gdb_index");
}

static void add_debug(struct lopt_elf *elf, const unsigned char *headers, struct lopt_str names)
{
	for (size_t i = 0; i < elf->count; i++) {
		struct section section = section_at(elf, headers, i);
		if (section.name >= names.len)
			continue;
		const char *at = names.ptr + section.name;
		if (is_debug(lopt_str_make(at, strnlen(at, names.len - section.name))))
			add(elf, &elf->debug_bytes, &section);
	}
}

static bool give_table(struct lopt_elf *elf, uint64_t offset, struct lopt_str bytes)
{
	const unsigned char *headers = (const unsigned char *)bytes.ptr + (elf->table - offset);
	struct section names = section_at(elf, headers, elf->names_index);
	elf->names = names.offset;
	elf->names_size = names.size;
	elf->next = LOPT_ELF_DONE;
	add_symbols(elf, headers);
	if (names.type != SHT_STRTAB || names.size == 0 || names.size > NAMES_MAX ||
	    !fits(elf, names.offset, names.size) || !names_within_reach(elf))
		return true;
	if (names.offset >= offset && names.offset + names.size <= offset + bytes.len) {
		add_debug(elf, headers, lopt_str_make(bytes.ptr + (names.offset - offset), (size_t)names.size));
		return true;
	}
	elf->headers = malloc((size_t)elf->table_size);
	if (!elf->headers)
		return false;
	memcpy(elf->headers, headers, (size_t)elf->table_size);
	elf->next = LOPT_ELF_NAMES;
	return true;
}

bool lopt_elf_give(struct lopt_elf *elf, uint64_t offset, struct lopt_str bytes)
{
	if (elf->next == LOPT_ELF_TABLE)
		return give_table(elf, offset, bytes);
	elf->next = LOPT_ELF_DONE;
	add_debug(elf, elf->headers, bytes);
	lopt_elf_release(elf);
	return true;
}
