/* SPDX-License-Identifier: MIT */
#include "base/cleanup.h"
#include "source/plan.h"

/* --- dates --- */

/* `count` digits at *at as a number, or -1. */
static int digits(struct lopt_str text, size_t *at, size_t count)
{
	int n = 0;
	if (text.len - *at < count)
		return -1;
	for (size_t end = *at + count; *at < end; ++*at) {
		char c = text.ptr[*at];
		if (c < '0' || c > '9')
			return -1;
		n = n * 10 + (c - '0');
	}
	return n;
}

static bool literal(struct lopt_str text, size_t *at, char want)
{
	if (*at >= text.len || (text.ptr[*at] != want && (want != 'T' || text.ptr[*at] != 't')))
		return false;
	++*at;
	return true;
}

static bool in_range(int n, int low, int high)
{
	return n >= low && n <= high;
}

static bool day_exists(int year, int month, int day)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	if (!in_range(month, 1, 12))
		return false;
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
	return in_range(day, 1, days[month - 1] + (month == 2 && leap));
}

static bool zone_valid(struct lopt_str text, size_t at)
{
	if (at >= text.len)
		return false;
	char sign = text.ptr[at++];
	if (sign == 'Z' || sign == 'z')
		return at == text.len;
	if (sign != '+' && sign != '-')
		return false;
	int hours = digits(text, &at, 2);
	bool colon = literal(text, &at, ':');
	int minutes = colon ? digits(text, &at, 2) : -1;
	return in_range(hours, 0, 23) && in_range(minutes, 0, 59) && at == text.len;
}

bool lopt_date_valid(struct lopt_str text)
{
	size_t at = 0;
	int year = digits(text, &at, 4);
	int month = literal(text, &at, '-') ? digits(text, &at, 2) : -1;
	int day = literal(text, &at, '-') ? digits(text, &at, 2) : -1;
	int hour = literal(text, &at, 'T') ? digits(text, &at, 2) : -1;
	int minute = literal(text, &at, ':') ? digits(text, &at, 2) : -1;
	int second = literal(text, &at, ':') ? digits(text, &at, 2) : -1;
	if (year < 0 || !day_exists(year, month, day) || !in_range(hour, 0, 23) || !in_range(minute, 0, 59) ||
	    !in_range(second, 0, 60))
		return false;
	if (at < text.len && text.ptr[at] == '.') {
		size_t first = ++at;
		while (at < text.len && text.ptr[at] >= '0' && text.ptr[at] <= '9')
			at++;
		if (at == first)
			return false;
	}
	return zone_valid(text, at);
}

/* --- history --- */

static enum lopt_status read_entry(struct lopt_history *out, struct lopt_plan *plan, const json_t *entry,
				   struct lopt_error *err)
{
	struct lopt_arena *arena = &plan->bundle->arena;
	if (!json_is_object(entry))
		return lopt_error_set(err, LOPT_E_INPUT, "not an object");
	LOPT_TRY(lopt_value_copy(&out->created_by, arena, entry, "created_by", err));
	LOPT_TRY(lopt_value_copy(&out->created, arena, entry, "created", err));
	LOPT_TRY(lopt_value_copy(&out->comment, arena, entry, "comment", err));
	LOPT_TRY(lopt_value_copy(&out->author, arena, entry, "author", err));
	return lopt_value_bool(&out->empty_layer, entry, "empty_layer", err);
}

static enum lopt_status note_mismatch(struct lopt_plan *plan, size_t made, struct lopt_error *err)
{
	struct lopt_notes *notes = &plan->bundle->notes;
	if (made > plan->diff_id_count)
		return lopt_notes_add(notes, "engines-differ", LOPT_ERROR, LOPT_NO_LAYER, lopt_str_from(""), err,
				      "the history tells of %zu layers, the image has %zu: docker refuses to load it, "
				      "others do not mind",
				      made, plan->diff_id_count);
	if (made < plan->diff_id_count)
		return lopt_notes_add(
			notes, "history-mismatch", LOPT_WARNING, LOPT_NO_LAYER, lopt_str_from(""), err,
			"the history tells of %zu layers, the image has %zu: which instruction made which "
			"layer is uncertain",
			made, plan->diff_id_count);
	return LOPT_OK;
}

enum lopt_status lopt_history_read(struct lopt_plan *plan, const json_t *config, struct lopt_error *err)
{
	const json_t *array;
	struct lopt_image_info *info = &plan->bundle->info;
	LOPT_TRY(lopt_value_array(&array, config, "history", err));
	size_t count = json_array_size(array), made = 0;
	if (count == 0)
		return LOPT_OK;
	struct lopt_history *history = lopt_arena_zalloc(&plan->bundle->arena, count, sizeof *history);
	if (!history)
		return lopt_error_memory(err);
	for (size_t i = 0; i < count; i++) {
		if (read_entry(&history[i], plan, json_array_get(array, i), err) != LOPT_OK)
			return lopt_error_context(err, "history[%zu]", i);
		history[i].layer = LOPT_NO_LAYER;
		if (history[i].empty_layer)
			continue;
		if (made < plan->diff_id_count)
			history[i].layer = made;
		made++;
	}
	info->history = history;
	info->history_count = count;
	return note_mismatch(plan, made, err);
}
