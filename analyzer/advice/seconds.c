/* SPDX-License-Identifier: MIT */
#include "advice/reorder.h"

#include <math.h>

enum {
	SECONDS_MAX = 6 * 60 * 60, /* of one instruction; more is time between two builds */
	BYTES_A_SECOND = 10000000,
	YEAR_MIN = 1970, /* builders that hide the time write the year 1 */
	YEAR_MAX = 9999,
};

void lopt_reorder_map(size_t *instruction_of, size_t *layer_of, const struct lopt_dockerfile *file,
		      const struct lopt_image_info *info, const uint32_t *lines)
{
	size_t count = lopt_dockerfile_count(file);
	for (size_t i = 0; i < count; i++)
		layer_of[i] = LOPT_NO_LAYER;
	for (size_t k = 0; k < info->history_count; k++) {
		size_t low = 0, high = count;
		while (low < high) {
			size_t middle = low + (high - low) / 2;
			if (lopt_dockerfile_at(file, middle)->line < lines[k])
				low = middle + 1;
			else
				high = middle;
		}
		bool found = lines[k] && low < count && lopt_dockerfile_at(file, low)->line == lines[k];
		instruction_of[k] = found ? low : SIZE_MAX;
		if (found && info->history[k].layer != LOPT_NO_LAYER)
			layer_of[low] = info->history[k].layer;
	}
}

/* Digits at *at, and the character behind them unless it is 0. */
static bool read_number(struct lopt_str text, size_t *at, size_t digits, char behind, int64_t *out)
{
	*out = 0;
	for (size_t i = 0; i < digits; i++, (*at)++) {
		if (*at >= text.len || text.ptr[*at] < '0' || text.ptr[*at] > '9')
			return false;
		*out = *out * 10 + (text.ptr[*at] - '0');
	}
	if (!behind)
		return true;
	return *at < text.len && text.ptr[(*at)++] == behind;
}

/* Days since 1970-01-01; years begin in March here, so that leap days come last. */
static int64_t days_of(int64_t year, int64_t month, int64_t day)
{
	year -= month <= 2;
	int64_t shifted = month + (month > 2 ? -3 : 9);
	return year * 365 + year / 4 - year / 100 + year / 400 + (153 * shifted + 2) / 5 + day - 1 - 719468;
}

/* RFC 3339: "2024-01-31T12:00:00.123+01:00". NAN for anything else, and for times nobody means. */
static double read_time(struct lopt_str text)
{
	int64_t year, month, day, hour, minute, second, zone_hour = 0, zone_minute = 0;
	size_t at = 0;
	if (!read_number(text, &at, 4, '-', &year) || !read_number(text, &at, 2, '-', &month) ||
	    !read_number(text, &at, 2, 'T', &day) || !read_number(text, &at, 2, ':', &hour) ||
	    !read_number(text, &at, 2, ':', &minute) || !read_number(text, &at, 2, 0, &second) || year < YEAR_MIN ||
	    year > YEAR_MAX || month < 1 || month > 12)
		return NAN;
	int64_t fraction = 0, unit = 1000000000;
	if (at < text.len && text.ptr[at] == '.')
		for (at++; at < text.len && text.ptr[at] >= '0' && text.ptr[at] <= '9'; at++) {
			unit /= 10;
			fraction += unit * (text.ptr[at] - '0');
		}
	char sign = at < text.len ? text.ptr[at++] : ' ';
	if (sign != 'Z' && ((sign != '+' && sign != '-') || !read_number(text, &at, 2, ':', &zone_hour) ||
			    !read_number(text, &at, 2, 0, &zone_minute)))
		return NAN;
	int64_t zone = (zone_hour * 60 + zone_minute) * (sign == '-' ? -60 : 60);
	int64_t whole = days_of(year, month, day) * 86400 + hour * 3600 + minute * 60 + second - zone;
	return (double)whole + (double)fraction / 1e9;
}

static double guess(const struct lopt_image *image, const struct lopt_history *entry)
{
	if (entry->layer == LOPT_NO_LAYER)
		return 0;
	return 1 + (double)lopt_image_layer(image, entry->layer)->size / BYTES_A_SECOND;
}

/* Whether any two times differ: who hides the time makes all of them the same. */
static bool time_passes(const struct lopt_image_info *info, const size_t *instruction_of)
{
	double first = NAN;
	for (size_t k = 0; k < info->history_count; k++) {
		double now = instruction_of[k] == SIZE_MAX ? NAN : read_time(info->history[k].created);
		if (!isnan(first) && !isnan(now) && now - first != 0)
			return true;
		first = isnan(first) ? now : first;
	}
	return false;
}

void lopt_reorder_seconds(double *seconds, size_t count, const struct lopt_image *image, const size_t *instruction_of)
{
	const struct lopt_image_info *info = lopt_image_info(image);
	bool passes = time_passes(info, instruction_of);
	double latest = NAN;
	for (size_t i = 0; i < count; i++)
		seconds[i] = 0;
	for (size_t k = 0; k < info->history_count; k++) {
		const struct lopt_history *entry = &info->history[k];
		if (instruction_of[k] >= count)
			continue;
		double now = read_time(entry->created), took = now - latest;
		bool known = passes && !isnan(took) && took <= SECONDS_MAX;
		seconds[instruction_of[k]] += !known ? guess(image, entry) : took > 0 ? took : 0;
		latest = isnan(latest) || now > latest ? now : latest;
	}
}
