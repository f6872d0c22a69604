/* SPDX-License-Identifier: MIT */
#include "layer/note.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"

void lopt_notes_init(struct lopt_notes *notes, struct lopt_arena *arena)
{
	*notes = (struct lopt_notes){ .arena = arena };
}

void lopt_notes_release(struct lopt_notes *notes)
{
	free(notes->items);
	lopt_notes_init(notes, notes->arena);
}

/* Rules are few and layers are bounded; notes of one layer come in one run, so look from the end. */
static struct lopt_note *find(struct lopt_notes *notes, const char *rule, enum lopt_severity severity, size_t layer,
			      const char *message)
{
	for (size_t i = notes->count; i > 0 && notes->items[i - 1].layer == layer; i--) {
		struct lopt_note *note = &notes->items[i - 1];
		if (strcmp(note->rule, rule) == 0 && note->severity == (int)severity &&
		    lopt_str_is(note->message, message))
			return note;
	}
	return NULL;
}

bool lopt_notes_again(struct lopt_notes *notes, const char *rule, enum lopt_severity severity, size_t layer,
		      const char *message)
{
	struct lopt_note *known = find(notes, rule, severity, layer, message);
	if (known)
		known->count++;
	return known != NULL;
}

static enum lopt_status push(struct lopt_notes *notes, struct lopt_note note, struct lopt_error *err)
{
	struct lopt_note *items = lopt_grow(notes->items, &notes->cap, notes->count + 1, sizeof *items);
	note.message = lopt_arena_copy(notes->arena, note.message);
	note.path = lopt_arena_copy(notes->arena, note.path);
	if (items)
		notes->items = items;
	if (!items || !note.message.ptr || !note.path.ptr)
		return lopt_error_memory(err);
	notes->items[notes->count++] = note;
	return LOPT_OK;
}

enum lopt_status lopt_notes_add(struct lopt_notes *notes, const char *rule, enum lopt_severity severity, size_t layer,
				struct lopt_str path, struct lopt_error *err, const char *fmt, ...)
{
	char message[256];
	va_list args;
	va_start(args, fmt);
	int n = vsnprintf(message, sizeof message, fmt, args);
	va_end(args);
	if (n < 0)
		message[0] = '\0';
	if (lopt_notes_again(notes, rule, severity, layer, message))
		return LOPT_OK;
	return push(notes,
		    (struct lopt_note){ .rule = rule,
					.severity = (int)severity,
					.message = lopt_str_from(message),
					.layer = layer,
					.path = path,
					.count = 1 },
		    err);
}

enum lopt_status lopt_notes_append(struct lopt_notes *to, const struct lopt_notes *from, struct lopt_error *err)
{
	for (size_t i = 0; i < from->count; i++) {
		enum lopt_status status = push(to, from->items[i], err);
		if (status != LOPT_OK)
			return status;
	}
	return LOPT_OK;
}

enum lopt_status lopt_notes_append_as(struct lopt_notes *to, const struct lopt_notes *from, size_t layer,
				      struct lopt_error *err)
{
	size_t first = to->count;
	enum lopt_status status = lopt_notes_append(to, from, err);
	for (size_t i = first; i < to->count; i++)
		to->items[i].layer = layer;
	return status;
}
