/* SPDX-License-Identifier: MIT */
#include "base/arena.h"

#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_BLOCK = 4096, LARGEST_BLOCK = 1 << 20 };

struct lopt_arena_block {
	struct lopt_arena_block *next;
	size_t size; /* of data */
	size_t used;
	alignas(max_align_t) unsigned char data[];
};

void lopt_arena_init(struct lopt_arena *arena, uint64_t ceiling)
{
	*arena = (struct lopt_arena){
		.ceiling = ceiling > SIZE_MAX ? SIZE_MAX : (size_t)ceiling,
		.next = FIRST_BLOCK,
	};
}

void lopt_arena_release(struct lopt_arena *arena)
{
	struct lopt_arena_block *block = arena->head;
	while (block) {
		struct lopt_arena_block *next = block->next;
		free(block);
		block = next;
	}
	lopt_arena_init(arena, arena->ceiling);
}

static struct lopt_arena_block *add_block(struct lopt_arena *arena, size_t need)
{
	size_t room = arena->ceiling - arena->used;
	if (room < sizeof(struct lopt_arena_block) || room - sizeof(struct lopt_arena_block) < need)
		return NULL;
	room -= sizeof(struct lopt_arena_block);
	size_t size = need > arena->next ? need : arena->next;
	if (size > room)
		size = room; /* the last block: the ceiling can be used up */
	size_t total = size + sizeof(struct lopt_arena_block);
	struct lopt_arena_block *block = malloc(total);
	if (!block)
		return NULL;
	block->size = size;
	block->used = 0;
	if (arena->next < LARGEST_BLOCK)
		arena->next *= 2;
	arena->used += total;
	if (need > LARGEST_BLOCK / 2 && arena->head) { /* keep filling the block before it */
		block->next = arena->head->next;
		arena->head->next = block;
	} else {
		block->next = arena->head;
		arena->head = block;
	}
	return block;
}

static void *take(struct lopt_arena *arena, size_t size, size_t align)
{
	struct lopt_arena_block *block = arena->head;
	size_t at = block ? (block->used + align - 1) & ~(align - 1) : 0;
	if (!block || at > block->size || block->size - at < size) {
		block = add_block(arena, size);
		at = 0;
	}
	if (!block)
		return NULL;
	block->used = at + size;
	return block->data + at;
}

void *lopt_arena_alloc(struct lopt_arena *arena, size_t size)
{
	return take(arena, size ? size : 1, alignof(max_align_t));
}

void *lopt_arena_zalloc(struct lopt_arena *arena, size_t count, size_t size)
{
	size_t total;
	if (__builtin_mul_overflow(count, size, &total))
		return NULL;
	void *p = lopt_arena_alloc(arena, total);
	return p ? memset(p, 0, total) : NULL;
}

struct lopt_str lopt_arena_copy(struct lopt_arena *arena, struct lopt_str text)
{
	char *p = text.len < SIZE_MAX ? take(arena, text.len + 1, 1) : NULL;
	if (!p)
		return lopt_str_make(NULL, 0);
	if (text.len)
		memcpy(p, text.ptr, text.len);
	p[text.len] = '\0';
	return lopt_str_make(p, text.len);
}
