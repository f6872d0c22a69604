/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <elf.h>

#include "layer/elf.h"
#include "layeropt/image.h"

/* A section of a file that is made up: its content is of no interest, its size is. */
struct part {
	const char *name;
	uint32_t type;
	uint64_t flags, size;
	uint32_t link;
};

enum { PARTS_MAX = 12, FILE_MAX = 4 << 20 };

/* How the file is laid out: where the section names stand, and what lies between them and the section headers. */
enum names { NAMES_BEFORE, NAMES_FAR, NAMES_BEHIND };

struct file {
	unsigned char *bytes;
	size_t size;
};

static size_t put_names(unsigned char *to, const struct part *parts, size_t count, uint32_t *at)
{
	size_t len = 1;
	to[0] = '\0';
	for (size_t i = 0; i < count; i++) {
		at[i] = (uint32_t)len;
		memcpy(to + len, parts[i].name, strlen(parts[i].name) + 1);
		len += strlen(parts[i].name) + 1;
	}
	return len;
}

static void put_header_64(unsigned char *bytes, uint64_t table, size_t count)
{
	Elf64_Ehdr header = { .e_shoff = table,
			      .e_shentsize = sizeof(Elf64_Shdr),
			      .e_shnum = (uint16_t)count,
			      .e_shstrndx = (uint16_t)(count - 1) };
	memcpy(header.e_ident, ELFMAG, SELFMAG);
	header.e_ident[EI_CLASS] = ELFCLASS64;
	header.e_ident[EI_DATA] = ELFDATA2LSB;
	header.e_ident[EI_VERSION] = EV_CURRENT;
	memcpy(bytes, &header, sizeof header);
}

/* The null section, the parts, and the names as the last one. */
static struct file make(const struct part *parts, size_t count, enum names where)
{
	struct file file = { .bytes = calloc(1, FILE_MAX) };
	Elf64_Shdr headers[PARTS_MAX + 2] = { 0 };
	unsigned char names[512];
	uint32_t at[PARTS_MAX];
	uint64_t offset = sizeof(Elf64_Ehdr);
	size_t len = put_names(names, parts, count, at);
	for (size_t i = 0; i < count; i++) {
		headers[i + 1] = (Elf64_Shdr){ .sh_name = at[i],
					       .sh_type = parts[i].type,
					       .sh_flags = parts[i].flags,
					       .sh_offset = offset,
					       .sh_size = parts[i].size,
					       .sh_link = parts[i].link };
		offset += parts[i].type == SHT_NOBITS ? 0 : parts[i].size;
	}
	uint64_t table = offset + (where == NAMES_BEHIND ? 0 : len) + (where == NAMES_FAR ? LOPT_ELF_BEFORE : 0);
	uint64_t table_size = (count + 2) * sizeof(Elf64_Shdr);
	headers[count + 1] = (Elf64_Shdr){ .sh_type = SHT_STRTAB,
					   .sh_offset = where == NAMES_BEHIND ? table + table_size : offset,
					   .sh_size = len };
	put_header_64(file.bytes, table, count + 2);
	memcpy(file.bytes + headers[count + 1].sh_offset, names, len);
	memcpy(file.bytes + table, headers, table_size);
	file.size = table + table_size + (where == NAMES_BEHIND ? len : 0);
	assert_true(file.size <= FILE_MAX);
	return file;
}

/* As whoever has the file would: range by range. False: there was nothing to tell. */
static bool look(struct lopt_elf *elf, const unsigned char *bytes, size_t size, bool passing)
{
	uint64_t offset, n, end = 0;
	size_t head = size < LOPT_HEAD_MAX ? size : LOPT_HEAD_MAX;
	if (!lopt_elf_begin(elf, lopt_str_make((const char *)bytes, head), size))
		return false;
	while (lopt_elf_wants(elf, passing, &offset, &n)) {
		assert_true(n > 0 && n <= LOPT_ELF_RANGE_MAX);
		assert_true(offset <= size && n <= size - offset);
		assert_true(!passing || offset >= end); /* what has passed cannot be had any more */
		end = offset + n;
		assert_true(lopt_elf_give(elf, offset, lopt_str_make((const char *)bytes + offset, (size_t)n)));
	}
	lopt_elf_release(elf);
	return true;
}

static const struct part plain[] = {
	{ ".text", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, 5000, 0 },
	{ ".bss", SHT_NOBITS, SHF_ALLOC | SHF_WRITE, 1 << 30, 0 },
	{ ".comment", SHT_PROGBITS, SHF_MERGE | SHF_STRINGS, 40, 0 },
	{ ".debug_info", SHT_PROGBITS, 0, 7000, 0 },
	{ ".debug_str", SHT_PROGBITS, SHF_MERGE | SHF_STRINGS, 300, 0 },
	{ ".zdebug_line", SHT_PROGBITS, 0, 20, 0 },
	{ ".gdb_index", SHT_PROGBITS, 0, 3, 0 },
	{ ".symtab", SHT_SYMTAB, 0, 2400, 9 },
	{ ".strtab", SHT_STRTAB, 0, 1000, 0 },
	{ ".symtab_shndx", SHT_SYMTAB_SHNDX, 0, 8, 8 },
	{ ".dynsym", SHT_DYNSYM, SHF_ALLOC, 600, 0 },
};
enum { PLAIN = sizeof plain / sizeof plain[0], PLAIN_SYMBOLS = 2400 + 1000 + 8, PLAIN_DEBUG = 7000 + 300 + 20 + 3 };

static void says_what_strip_takes_away(void **state)
{
	(void)state;
	static const struct {
		enum names where;
		uint64_t debug;
	} cases[] = { { NAMES_BEFORE, PLAIN_DEBUG }, { NAMES_BEHIND, PLAIN_DEBUG }, { NAMES_FAR, 0 } };
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct file file = make(plain, PLAIN, cases[i].where);
		for (int passing = 0; passing < 2; passing++) {
			struct lopt_elf elf;
			assert_true(look(&elf, file.bytes, file.size, passing));
			assert_int_equal(elf.symbol_bytes, PLAIN_SYMBOLS);
			assert_int_equal(elf.debug_bytes, cases[i].debug);
		}
		free(file.bytes);
	}
}

static void a_stripped_file_has_nothing(void **state)
{
	(void)state;
	struct file file = make(plain, 3, NAMES_BEFORE);
	struct lopt_elf elf;
	assert_true(look(&elf, file.bytes, file.size, true));
	assert_int_equal(elf.symbol_bytes + elf.debug_bytes, 0);
	free(file.bytes);
}

/* Where the symbols' strings are the section names as well, strip has to leave them. */
static void shared_strings_stay(void **state)
{
	(void)state;
	static const struct part parts[] = { { ".symtab", SHT_SYMTAB, 0, 2400, 2 } };
	struct file file = make(parts, 1, NAMES_BEFORE);
	struct lopt_elf elf;
	assert_true(look(&elf, file.bytes, file.size, false));
	assert_int_equal(elf.symbol_bytes, 2400);
	free(file.bytes);
}

/* Sections that claim more than the file has, or the same bytes again and again. */
static void no_more_than_the_file_holds(void **state)
{
	(void)state;
	struct file file = make(plain, PLAIN, NAMES_BEFORE);
	Elf64_Ehdr header;
	memcpy(&header, file.bytes, sizeof header);
	for (size_t i = 1; i + 1 < header.e_shnum; i++) {
		unsigned char *at = file.bytes + header.e_shoff + i * sizeof(Elf64_Shdr);
		Elf64_Shdr section;
		memcpy(&section, at, sizeof section);
		section.sh_offset = i % 2 ? 0 : UINT64_MAX - 10;
		section.sh_size = i % 2 ? file.size : 20;
		memcpy(at, &section, sizeof section);
	}
	struct lopt_elf elf;
	assert_true(look(&elf, file.bytes, file.size, false));
	assert_true(elf.symbol_bytes + elf.debug_bytes <= file.size);
	free(file.bytes);
}

static void other_files_are_left_alone(void **state)
{
	(void)state;
	struct file file = make(plain, PLAIN, NAMES_BEFORE);
	struct lopt_elf elf;
	static const struct {
		size_t at;
		unsigned char value;
	} changes[] = {
		{ 0, 'M' },
		{ EI_CLASS, 0 },
		{ EI_CLASS, 3 },
		{ EI_DATA, 0 },
		{ EI_VERSION, 9 },
		{ offsetof(Elf64_Ehdr, e_shentsize), 1 },
		{ offsetof(Elf64_Ehdr, e_shnum), 0 },
		{ offsetof(Elf64_Ehdr, e_shstrndx), 200 },
		{ offsetof(Elf64_Ehdr, e_shoff) + 7, 0x7f },
	};
	for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
		unsigned char before = file.bytes[changes[i].at];
		file.bytes[changes[i].at] = changes[i].value;
		assert_false(look(&elf, file.bytes, file.size, false));
		file.bytes[changes[i].at] = before;
	}
	assert_false(look(&elf, file.bytes, 40, false));
	assert_true(look(&elf, file.bytes, file.size, false));
	free(file.bytes);
}

/* A 32-bit file of the other byte order, written by hand: two sections, of which one is debug information. */
static void put_big(unsigned char *to, uint32_t value, size_t size)
{
	for (size_t i = 0; i < size; i++)
		to[i] = (unsigned char)(value >> (8 * (size - 1 - i)));
}

static void reads_the_other_byte_order(void **state)
{
	(void)state;
	enum { TABLE = 100, NAMES = 80, SECTION = 40 };
	unsigned char file[TABLE + 3 * SECTION] = { 0x7f, 'E', 'L', 'F', ELFCLASS32, ELFDATA2MSB, EV_CURRENT };
	put_big(file + offsetof(Elf32_Ehdr, e_shoff), TABLE, 4);
	put_big(file + offsetof(Elf32_Ehdr, e_shentsize), SECTION, 2);
	put_big(file + offsetof(Elf32_Ehdr, e_shnum), 3, 2);
	put_big(file + offsetof(Elf32_Ehdr, e_shstrndx), 2, 2);
	memcpy(file + NAMES, "\0.debug_abc", 12);
	unsigned char *debug = file + TABLE + SECTION, *names = debug + SECTION;
	put_big(debug + offsetof(Elf32_Shdr, sh_name), 1, 4);
	put_big(debug + offsetof(Elf32_Shdr, sh_type), SHT_PROGBITS, 4);
	put_big(debug + offsetof(Elf32_Shdr, sh_offset), 52, 4);
	put_big(debug + offsetof(Elf32_Shdr, sh_size), 17, 4);
	put_big(names + offsetof(Elf32_Shdr, sh_type), SHT_STRTAB, 4);
	put_big(names + offsetof(Elf32_Shdr, sh_offset), NAMES, 4);
	put_big(names + offsetof(Elf32_Shdr, sh_size), 12, 4);
	struct lopt_elf elf;
	assert_true(look(&elf, file, sizeof file, true));
	assert_int_equal(elf.debug_bytes, 17);
	assert_int_equal(elf.symbol_bytes, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(says_what_strip_takes_away), cmocka_unit_test(a_stripped_file_has_nothing),
		cmocka_unit_test(shared_strings_stay),	      cmocka_unit_test(no_more_than_the_file_holds),
		cmocka_unit_test(other_files_are_left_alone), cmocka_unit_test(reads_the_other_byte_order),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
