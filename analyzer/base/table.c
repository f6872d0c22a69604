/* SPDX-License-Identifier: MIT */
#include "base/table.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/random.h>

struct lopt_table_slot {
	uint32_t hash;
	uint32_t value;
};

/* A free slot and a deleted one are told apart by these values, which no owner may store. */
#define VALUE_FREE LOPT_TABLE_NONE
#define VALUE_DELETED (LOPT_TABLE_NONE - 1)

static uint64_t process_key[2];

static void make_key(void)
{
	/* Without entropy the key stays zero: slower under attack, never wrong. */
	if (getrandom(process_key, sizeof process_key, GRND_NONBLOCK) != (ssize_t)sizeof process_key)
		process_key[0] = process_key[1] = 0;
}

static inline uint64_t rotate(uint64_t x, int bits)
{
	return x << bits | x >> (64 - bits);
}

struct sip {
	uint64_t v0, v1, v2, v3;
};

static inline void sip_round(struct sip *s)
{
	s->v0 += s->v1;
	s->v1 = rotate(s->v1, 13) ^ s->v0;
	s->v0 = rotate(s->v0, 32);
	s->v2 += s->v3;
	s->v3 = rotate(s->v3, 16) ^ s->v2;
	s->v0 += s->v3;
	s->v3 = rotate(s->v3, 21) ^ s->v0;
	s->v2 += s->v1;
	s->v1 = rotate(s->v1, 17) ^ s->v2;
	s->v2 = rotate(s->v2, 32);
}

static inline void sip_word(struct sip *s, uint64_t word)
{
	s->v3 ^= word;
	sip_round(s);
	s->v0 ^= word;
}

uint64_t lopt_hash(uint64_t number, struct lopt_str bytes)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	(void)pthread_once(&once, make_key);
	struct sip s = {
		process_key[0] ^ 0x736f6d6570736575u,
		process_key[1] ^ 0x646f72616e646f6du,
		process_key[0] ^ 0x6c7967656e657261u,
		process_key[1] ^ 0x7465646279746573u,
	};
	sip_word(&s, number);
	size_t at = 0;
	for (; at + 8 <= bytes.len; at += 8) {
		uint64_t word;
		memcpy(&word, bytes.ptr + at, 8);
		sip_word(&s, word);
	}
	uint64_t last = (uint64_t)(bytes.len + 8) << 56;
	for (size_t i = 0; at + i < bytes.len; i++)
		last |= (uint64_t)(unsigned char)bytes.ptr[at + i] << (8 * i);
	sip_word(&s, last);
	s.v2 ^= 0xff;
	sip_round(&s);
	sip_round(&s);
	sip_round(&s);
	return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}

void lopt_table_release(struct lopt_table *table)
{
	free(table->slots);
	*table = (struct lopt_table){ 0 };
}

bool lopt_table_copy(struct lopt_table *out, const struct lopt_table *from)
{
	*out = (struct lopt_table){ 0 };
	if (from->cap == 0)
		return true;
	struct lopt_table_slot *slots = reallocarray(NULL, from->cap, sizeof *slots);
	if (!slots)
		return false;
	memcpy(slots, from->slots, from->cap * sizeof *slots);
	*out = *from;
	out->slots = slots;
	return true;
}

static bool is_live(const struct lopt_table_slot *slot)
{
	return slot->value < VALUE_DELETED;
}

/* There are fewer than 2^32 values, so 32 bits of hash, spread by the golden ratio, serve every capacity. */
static size_t first_slot(const struct lopt_table *table, uint32_t hash)
{
	return (size_t)(hash * 0x9e3779b97f4a7c15u >> 28) & (table->cap - 1);
}

static void place(struct lopt_table *table, struct lopt_table_slot slot)
{
	size_t i = first_slot(table, slot.hash);
	while (is_live(&table->slots[i]))
		i = (i + 1) & (table->cap - 1);
	if (table->slots[i].value == VALUE_FREE)
		table->used++;
	table->slots[i] = slot;
	table->live++;
}

static bool rebuild(struct lopt_table *table, size_t cap)
{
	struct lopt_table_slot *slots = reallocarray(NULL, cap, sizeof *slots);
	if (!slots)
		return false;
	memset(slots, 0xff, cap * sizeof *slots);
	struct lopt_table old = *table;
	*table = (struct lopt_table){ .slots = slots, .cap = cap };
	for (size_t i = 0; i < old.cap; i++)
		if (is_live(&old.slots[i]))
			place(table, old.slots[i]);
	free(old.slots);
	return true;
}

uint32_t lopt_table_find(const struct lopt_table *table, uint64_t number, struct lopt_str key, lopt_table_match *match,
			 const void *owner)
{
	if (table->cap == 0)
		return LOPT_TABLE_NONE;
	uint32_t hash = (uint32_t)(lopt_hash(number, key) >> 32);
	for (size_t i = first_slot(table, hash);; i = (i + 1) & (table->cap - 1)) {
		const struct lopt_table_slot *slot = &table->slots[i];
		if (slot->value == VALUE_FREE)
			return LOPT_TABLE_NONE;
		if (is_live(slot) && slot->hash == hash && match(owner, slot->value, number, key))
			return slot->value;
	}
}

bool lopt_table_insert(struct lopt_table *table, uint64_t number, struct lopt_str key, uint32_t value)
{
	if (value > LOPT_TABLE_MAX)
		return false;
	if ((table->used + 1) * 4 > table->cap * 3) {
		size_t cap = 16;
		while (cap < (table->live + 1) * 2)
			cap *= 2;
		if (!rebuild(table, cap))
			return false;
	}
	place(table, (struct lopt_table_slot){ (uint32_t)(lopt_hash(number, key) >> 32), value });
	return true;
}

void lopt_table_remove(struct lopt_table *table, uint64_t number, struct lopt_str key, uint32_t value)
{
	if (table->cap == 0)
		return;
	uint32_t hash = (uint32_t)(lopt_hash(number, key) >> 32);
	for (size_t i = first_slot(table, hash); table->slots[i].value != VALUE_FREE; i = (i + 1) & (table->cap - 1)) {
		if (table->slots[i].value == value && table->slots[i].hash == hash) {
			table->slots[i].value = VALUE_DELETED;
			table->live--;
			return;
		}
	}
}
