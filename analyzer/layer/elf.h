/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_LAYER_ELF_H
#define LAYEROPT_LAYER_ELF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "layeropt/str.h"

/**
 * How much of an ELF file (System V gABI, "Object Files") is symbols and debug information: what `strip` takes away.
 * Only the header, the section headers and their names are looked at; whoever has the file hands out the ranges that
 * are asked for, in ascending order, so that it also works on a file that passes by once. Where the names cannot be
 * had that way (they stand far in front of the section headers), nothing is said of debug information.
 */
struct lopt_elf {
	uint64_t symbol_bytes; /* .symtab, its string table and extended index */
	uint64_t debug_bytes;  /* .debug_*, .zdebug_*, .gdb_index, .stab* */
	/* private */
	uint64_t file_size;
	uint64_t table, table_size; /* the section headers */
	uint64_t names, names_size; /* their string table */
	uint32_t count, names_index;
	bool wide, swapped; /* 64-bit; of the other byte order */
	enum { LOPT_ELF_DONE = 0, LOPT_ELF_TABLE, LOPT_ELF_NAMES } next;
	unsigned char *headers; /* kept while the names are awaited */
};

/** Bytes in front of the section headers among which a stream may find their names. */
#define LOPT_ELF_BEFORE (256u << 10)
/** The most a range asks for. */
#define LOPT_ELF_RANGE_MAX (LOPT_ELF_BEFORE + (4u << 20))

/** Begin with a file's first bytes. False: no ELF file with section headers, there is nothing to tell. */
bool lopt_elf_begin(struct lopt_elf *elf, struct lopt_str head, uint64_t file_size);
void lopt_elf_release(struct lopt_elf *elf);

/**
 * The next range that is needed; false when there is none. With `passing`, what lies in front of it cannot be had any
 * more once it was given; both ways tell the same of every file.
 */
bool lopt_elf_wants(const struct lopt_elf *elf, bool passing, uint64_t *offset, uint64_t *size);
/** The bytes of exactly that range. False when memory is exhausted. */
bool lopt_elf_give(struct lopt_elf *elf, uint64_t offset, struct lopt_str bytes);

#endif
