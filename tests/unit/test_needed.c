/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <elf.h>

#include "layer/keep.h"

/* Where a made-up file has what: offsets, and what the strings are loaded to. */
struct layout {
	size_t strings, dynamic, size;
	uint64_t address;
	const char *names; /* behind the first NUL; "a" stands at 1 */
	size_t names_size;
	uint32_t needed[4]; /* offsets of names; 0: no more */
};

#define NAMES "libz.so.1\0a/b.so\0\0x"
enum { MIB = 1 << 20, FILE_SIZE = 4 << 20 };

static const struct layout plain = { 1000, 2000, 4000, 0x401000, NAMES, sizeof NAMES, { 1, 11 } };

struct made {
	unsigned char *bytes;
	bool wide, big;
};

static void put(const struct made *file, size_t at, uint64_t value, size_t size)
{
	for (size_t i = 0; i < size; i++)
		file->bytes[at + i] = (unsigned char)(value >> (8 * (file->big ? size - 1 - i : i)));
}

static void put_wide(const struct made *file, size_t at, uint64_t value)
{
	put(file, at, value, file->wide ? 8 : 4);
}

#define AT(file, type, field) ((file)->wide ? offsetof(Elf64_##type, field) : offsetof(Elf32_##type, field))

static void put_segment(const struct made *file, size_t index, uint32_t type, uint64_t offset, uint64_t address,
			uint64_t size)
{
	size_t at = (file->wide ? sizeof(Elf64_Ehdr) : sizeof(Elf32_Ehdr)) +
		    index * (file->wide ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr));
	put(file, at + AT(file, Phdr, p_type), type, 4);
	put_wide(file, at + AT(file, Phdr, p_offset), offset);
	put_wide(file, at + AT(file, Phdr, p_vaddr), address);
	put_wide(file, at + AT(file, Phdr, p_filesz), size);
}

static size_t put_tag(const struct made *file, size_t at, uint64_t tag, uint64_t value)
{
	size_t half = file->wide ? 8 : 4;
	put_wide(file, at, tag);
	put_wide(file, at + half, value);
	return at + 2 * half;
}

static size_t put_dynamic(const struct made *file, const struct layout *to)
{
	size_t at = put_tag(file, to->dynamic, DT_FLAGS, 1);
	for (size_t i = 0; i < 4 && to->needed[i]; i++)
		at = put_tag(file, at, DT_NEEDED, to->needed[i]);
	at = put_tag(file, at, DT_STRTAB, to->address);
	at = put_tag(file, at, DT_STRSZ, 1 + to->names_size);
	at = put_tag(file, at, DT_NULL, 0);
	return put_tag(file, at, DT_NEEDED, 1); /* is behind the end */
}

static struct made make(const struct layout *to, bool wide, bool big)
{
	struct made file = { calloc(1, FILE_SIZE), wide, big };
	static const char ident[] = { 0x7f, 'E', 'L', 'F' };
	memcpy(file.bytes, ident, sizeof ident);
	file.bytes[EI_CLASS] = wide ? ELFCLASS64 : ELFCLASS32;
	file.bytes[EI_DATA] = big ? ELFDATA2MSB : ELFDATA2LSB;
	file.bytes[EI_VERSION] = EV_CURRENT;
	put_wide(&file, AT(&file, Ehdr, e_phoff), wide ? sizeof(Elf64_Ehdr) : sizeof(Elf32_Ehdr));
	put(&file, AT(&file, Ehdr, e_phentsize), wide ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr), 2);
	put(&file, AT(&file, Ehdr, e_phnum), 4, 2);
	put_segment(&file, 0, PT_NOTE, 100, to->address, 5);
	put_segment(&file, 1, PT_LOAD, 0, 0x1000, 16);
	put_segment(&file, 2, PT_LOAD, to->strings, to->address, to->size - to->strings);
	memcpy(file.bytes + to->strings + 1, to->names, to->names_size);
	put_segment(&file, 3, PT_DYNAMIC, to->dynamic, 0, put_dynamic(&file, to) - to->dynamic);
	return file;
}

/* As whoever has the file would: range by range, none in front of the one before. The names with blanks between them. */
static bool look(struct lopt_needed *needed, const unsigned char *bytes, size_t size)
{
	uint64_t offset, n, end = 0;
	size_t head = size < LOPT_HEAD_MAX ? size : LOPT_HEAD_MAX;
	if (!lopt_needed_begin(needed, lopt_str_make((const char *)bytes, head), size))
		return false;
	while (lopt_needed_wants(needed, &offset, &n)) {
		assert_true(n > 0 && n <= LOPT_NEEDED_RANGE_MAX && offset >= end);
		assert_true(offset <= size && n <= size - offset);
		end = offset + n;
		assert_true(lopt_needed_give(needed, lopt_str_make((const char *)bytes + offset, (size_t)n)));
	}
	for (size_t i = 0; i < needed->names.len; i++)
		needed->names.data[i] = needed->names.data[i] ? needed->names.data[i] : ' ';
	return true;
}

static void expect(const struct layout *to, bool wide, bool big, const char *want)
{
	struct made file = make(to, wide, big);
	struct lopt_needed needed;
	assert_true(look(&needed, file.bytes, to->size));
	if (!lopt_str_is(lopt_buf_view(&needed.names), want))
		fail_msg("strings at %zu: %s, not %s", to->strings, needed.names.data, want);
	lopt_needed_release(&needed);
	free(file.bytes);
}

static void finds_what_is_needed(void **state)
{
	(void)state;
	for (int kind = 0; kind < 4; kind++)
		expect(&plain, kind & 1, kind & 2, "libz.so.1 a/b.so ");
}

#define BOTH "libz.so.1 a/b.so "

static void finds_it_wherever_a_stream_can_have_it(void **state)
{
	(void)state;
	static const struct {
		struct layout layout;
		const char *want;
	} cases[] = {
		/* behind the front: what asks for them, they themselves, both */
		{ { 1000, MIB + 100, MIB + 9000, 0x401000, NAMES, sizeof NAMES, { 1, 11 } }, BOTH },
		{ { MIB + 100, 1000, MIB + 9000, 0x401000, NAMES, sizeof NAMES, { 1, 11 } }, BOTH },
		{ { MIB + 5000, MIB + 100, MIB + 9000, 0x401000, NAMES, sizeof NAMES, { 1, 11 } }, BOTH },
		/* in front of what asks for them, and gone */
		{ { MIB + 100, MIB + 5000, MIB + 9000, 0x401000, NAMES, sizeof NAMES, { 1, 11 } }, "" },
		/* on the edge of the front: what of them is in it */
		{ { MIB - 12, 1000, MIB + 9000, 0x401000, NAMES, sizeof NAMES, { 1, 11 } }, "libz.so.1 " },
		{ { 1000, MIB - 20, MIB + 9000, 0x401000, NAMES, sizeof NAMES, { 1, 11 } }, "" },
		/* no names: empty, without an end, outside; too long */
		{ { 1000, 2000, 4000, 0x401000, NAMES, sizeof NAMES, { 18, 1, 500, 11 } }, BOTH },
		{ { 1000, 2000, 4000, 0x401000, NAMES, sizeof NAMES - 1, { 19, 1 } }, "libz.so.1 " },
		{ { 1000, 2000, 4000, 0x401000, NAMES, sizeof NAMES, { 0 } }, "" },
		{ { 1000, 2000, 1000 + 11, 0x401000, NAMES, sizeof NAMES, { 1, 11 } }, "" },
		/* nothing is loaded there */
		{ { 1000, 2000, 4000, 0x1000 - 1000, NAMES, sizeof NAMES, { 1, 11 } }, BOTH },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		expect(&cases[i].layout, true, false, cases[i].want);
}

static void a_long_name_is_no_name(void **state)
{
	(void)state;
	static char names[400];
	memset(names, 'x', sizeof names - 1);
	char want[300] = "";
	memset(want, 'x', 255);
	want[255] = ' ';
	/* 256 bytes are too many, 255 are not */
	expect(&(struct layout){ 1000, 2000, 4000, 0x401000, names, sizeof names, { 1, 144 } }, true, false, "");
	expect(&(struct layout){ 1000, 2000, 4000, 0x401000, names, sizeof names, { 145 } }, true, false, want);
}

static void other_files_are_left_alone(void **state)
{
	(void)state;
	struct made file = make(&plain, true, false);
	struct lopt_needed needed;
	static const struct {
		size_t at;
		unsigned char value;
	} changes[] = {
		{ 0, 'M' },
		{ EI_CLASS, 0 },
		{ EI_DATA, 3 },
		{ EI_VERSION, 9 },
		{ offsetof(Elf64_Ehdr, e_phentsize), 1 },
		{ offsetof(Elf64_Ehdr, e_phnum), 0 },
		{ offsetof(Elf64_Ehdr, e_phnum) + 1, 2 },
		{ offsetof(Elf64_Ehdr, e_phoff) + 7, 0x7f },
	};
	for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
		unsigned char before = file.bytes[changes[i].at];
		file.bytes[changes[i].at] = changes[i].value;
		assert_false(look(&needed, file.bytes, plain.size));
		file.bytes[changes[i].at] = before;
	}
	assert_false(look(&needed, file.bytes, 63));
	free(file.bytes);
}

/* --- together with the rest --- */

static enum lopt_keep by_head(const struct lopt_entry *entry, struct lopt_str head)
{
	(void)entry;
	return head.ptr ? LOPT_KEEP_USES : LOPT_KEEP_LOOK;
}

static void hand_over(struct lopt_keeper *keeper, const unsigned char *bytes, size_t size, size_t step)
{
	struct lopt_error err;
	uint64_t offset;
	size_t n;
	for (size_t at = 0; keeper->passing && at < size; at += step)
		assert_int_equal(lopt_keeper_feed(keeper, at, bytes + at, size - at < step ? size - at : step, &err),
				 LOPT_OK);
	while (!keeper->passing && lopt_keeper_wants(keeper, &offset, &n)) {
		n = n < step ? n : step;
		assert_int_equal(lopt_keeper_feed(keeper, offset, bytes + offset, n, &err), LOPT_OK);
	}
}

/* What is kept of a file, however it comes. */
static void keep(const char *path, const unsigned char *bytes, size_t size, enum lopt_keep what, struct lopt_str names,
		 uint64_t symbols)
{
	static const size_t steps[] = { 100, 512, 5000, 65536 };
	struct lopt_error err;
	for (size_t i = 0; i < 2 * sizeof steps / sizeof steps[0]; i++) {
		struct lopt_arena arena;
		struct lopt_keeper keeper;
		struct lopt_kept_list list = { 0 };
		const struct lopt_entry entry = { .path = lopt_str_from(path), .size = size, .type = LOPT_FILE };
		lopt_arena_init(&arena, 1 << 20);
		lopt_keeper_init(&keeper, &arena, by_head, i % 2);
		assert_int_equal(lopt_keeper_begin(&keeper, &entry, 7, LOPT_KEEP_LOOK, &err), LOPT_OK);
		hand_over(&keeper, bytes, size, steps[i / 2]);
		assert_int_equal(lopt_keeper_end(&keeper, &list, &err), LOPT_OK);
		assert_int_equal(list.count, 1);
		assert_int_equal(list.items[0].what, what);
		assert_true(lopt_str_equal(list.items[0].names, names));
		assert_int_equal(list.items[0].symbol_bytes, symbols);
		free(list.items);
		lopt_keeper_release(&keeper);
		lopt_arena_release(&arena);
	}
}

static void put_text(char *to, const char *text)
{
	while (*text)
		*to++ = *text++;
}

#define LITERAL(text) lopt_str_make(text, sizeof(text) - 1)

static void keeps_what_a_file_asks_for(void **state)
{
	(void)state;
	struct layout layout = plain;
	static char script[70000];
	for (layout.dynamic = 2000; layout.dynamic < 2 * MIB; layout.dynamic += MIB) {
		layout.size = layout.dynamic + 5000;
		struct made file = make(&layout, true, false);
		const Elf64_Shdr sections[] = {
			{ 0 },
			{ .sh_type = SHT_SYMTAB, .sh_offset = 3000, .sh_size = 240, .sh_link = 2 },
			{ .sh_type = SHT_STRTAB, .sh_offset = 1000, .sh_size = 9 },
		};
		memcpy(file.bytes + layout.size - sizeof sections, sections, sizeof sections);
		put_wide(&file, offsetof(Elf64_Ehdr, e_shoff), layout.size - sizeof sections);
		put(&file, offsetof(Elf64_Ehdr, e_shentsize), sizeof(Elf64_Shdr), 2);
		put(&file, offsetof(Elf64_Ehdr, e_shnum), 3, 2);
		put(&file, offsetof(Elf64_Ehdr, e_shstrndx), 2, 2);
		keep("a", file.bytes, layout.size, LOPT_KEEP_SECTIONS, LITERAL("libz.so.1\0a/b.so\0"), 240);
		free(file.bytes);
	}
	memset(script, '\n', sizeof script);
	put_text(script, "import a");
	put_text(script + 508, "import b");
	put_text(script + sizeof script - 8, "import c");
	keep("a.py", (unsigned char *)script, sizeof script, LOPT_KEEP_HEAD, LITERAL("a\0b\0c\0"), 0);
	keep("a", (unsigned char *)script, sizeof script, LOPT_KEEP_HEAD, LITERAL(""), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_what_is_needed),	      cmocka_unit_test(finds_it_wherever_a_stream_can_have_it),
		cmocka_unit_test(a_long_name_is_no_name),     cmocka_unit_test(other_files_are_left_alone),
		cmocka_unit_test(keeps_what_a_file_asks_for),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
