/* SPDX-License-Identifier: MIT */
#include "base/size.h"

#include <string.h>

/* Sizes for people. */

void lopt_size_format(struct lopt_buf *out, uint64_t bytes)
{
	static const char *const units[] = { "kB", "MB", "GB", "TB", "PB", "EB" };
	if (bytes < 1000) {
		lopt_buf_printf(out, "%u B", (unsigned)bytes);
		return;
	}
	/* In hundredths of the unit, two decimals below ten units and one above: 1.5 kB, 4.29 GB, 128.2 MB. */
	uint64_t unit = 1000;
	size_t i = 0;
	for (;; i++, unit *= 1000) {
		uint64_t step = bytes / unit < 10 ? unit / 100 : unit / 10;
		uint64_t scaled = bytes / step + (bytes % step >= step - step / 2);
		uint64_t hundredths = step == unit / 10 ? scaled * 10 : scaled;
		if (hundredths >= 100000 && i + 1 < sizeof units / sizeof units[0])
			continue;
		unsigned rest = (unsigned)(hundredths % 100);
		lopt_buf_printf(out, rest % 10 ? "%llu.%02u %s" : "%llu.%u %s", (unsigned long long)(hundredths / 100),
				rest % 10 ? rest : rest / 10, units[i]);
		return;
	}
}

void lopt_count_format(struct lopt_buf *out, uint64_t count)
{
	char digits[27]; /* 20 and six commas */
	size_t at = sizeof digits;
	for (unsigned n = 0; n == 0 || count; n++, count /= 10) {
		if (n && n % 3 == 0)
			digits[--at] = ',';
		digits[--at] = (char)('0' + count % 10);
	}
	lopt_buf_add(out, digits + at, sizeof digits - at);
}

/* Sizes from people. */

static const struct unit {
	const char *name;
	uint64_t bytes;
} units_read[] = {
	{ "B", 1 },
	{ "kB", 1000 },
	{ "KB", 1000 },
	{ "MB", 1000000 },
	{ "GB", 1000000000 },
	{ "TB", 1000000000000 },
	{ "kiB", 1ull << 10 },
	{ "KiB", 1ull << 10 },
	{ "MiB", 1ull << 20 },
	{ "GiB", 1ull << 30 },
	{ "TiB", 1ull << 40 },
};

static const struct unit *find_unit(const char *name)
{
	for (size_t i = 0; i < sizeof units_read / sizeof units_read[0]; i++)
		if (strcmp(units_read[i].name, name) == 0)
			return &units_read[i];
	return NULL;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* A decimal number: its integer part, and its fraction in 10^-18. */
struct number {
	uint64_t whole;
	uint64_t fraction;
	bool has_point;
	bool overflow;
};

#define FRACTION_ONE 1000000000000000000ull

/* Returns what follows the number, or NULL when there is none. */
static const char *read_number(struct number *number, const char *text)
{
	*number = (struct number){ 0 };
	if (!is_digit(*text))
		return NULL;
	for (; is_digit(*text); text++)
		if (__builtin_mul_overflow(number->whole, 10, &number->whole) ||
		    __builtin_add_overflow(number->whole, (uint64_t)(*text - '0'), &number->whole))
			number->overflow = true;
	if (*text != '.')
		return text;
	number->has_point = true;
	if (!is_digit(*++text))
		return NULL;
	uint64_t place = FRACTION_ONE / 10;
	for (; is_digit(*text); text++, place /= 10)
		number->fraction += place * (uint64_t)(*text - '0');
	return text;
}

static enum lopt_status no_size(struct lopt_error *err, const char *text)
{
	return lopt_error_set(err, LOPT_E_USAGE,
			      "\"%s\" is no size: write bytes, or a number with B, kB, MB, GB, TB, "
			      "KiB, MiB, GiB or TiB",
			      text);
}

/* "1.5" and "1.5G" could mean two things. */
static enum lopt_status ambiguous(struct lopt_error *err, const char *text, const char *rest)
{
	int digits = (int)(rest - text);
	char letter = *rest ? *rest : 'G';
	if (letter >= 'a')
		letter = (char)(letter - 'a' + 'A');
	return lopt_error_set(err, LOPT_E_USAGE, "\"%s\" is ambiguous: write \"%.*s%cB\" or \"%.*s%ciB\"", text, digits,
			      text, letter == 'K' ? 'k' : letter, digits, text, letter);
}

static enum lopt_status scale(uint64_t *out, const struct number *number, uint64_t unit, const char *text,
			      struct lopt_error *err)
{
	unsigned __int128 bytes =
		(unsigned __int128)number->whole * unit + (unsigned __int128)number->fraction * unit / FRACTION_ONE;
	if (number->overflow || bytes > UINT64_MAX)
		return lopt_error_set(err, LOPT_E_USAGE, "\"%s\" is too large", text);
	*out = (uint64_t)bytes;
	return LOPT_OK;
}

enum lopt_status lopt_size_parse(uint64_t *out, const char *text, struct lopt_error *err)
{
	struct number number;
	const char *rest = read_number(&number, text);
	if (!rest)
		return no_size(err, text);
	if (*rest == '\0' && !number.has_point)
		return scale(out, &number, 1, text, err);
	if (*rest == '\0' || (strchr("kKmMgGtT", *rest) && rest[1] == '\0'))
		return ambiguous(err, text, rest);
	const struct unit *unit = find_unit(*rest == ' ' ? rest + 1 : rest);
	if (!unit || (unit->bytes == 1 && number.fraction))
		return no_size(err, text);
	return scale(out, &number, unit->bytes, text, err);
}
