/* SPDX-License-Identifier: MIT */
#include "base/suggest.h"

#include <stdbool.h>
#include <string.h>

enum { WORD_MAX = LOPT_SUGGEST_MAX };

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Letters to add, drop, replace, or swap with their neighbour. */
static size_t distance(const char *a, const char *b)
{
	size_t rows[3][WORD_MAX + 1];
	size_t n = strlen(a);
	size_t m = strlen(b);
	if (n > WORD_MAX || m > WORD_MAX)
		return WORD_MAX;
	for (size_t j = 0; j <= m; j++)
		rows[0][j] = j;
	for (size_t i = 1; i <= n; i++) {
		size_t *row = rows[i % 3];
		const size_t *above = rows[(i + 2) % 3];
		const size_t *before = rows[(i + 1) % 3];
		row[0] = i;
		for (size_t j = 1; j <= m; j++) {
			row[j] = least(above[j - 1] + (a[i - 1] != b[j - 1]), least(above[j], row[j - 1]) + 1);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				row[j] = least(row[j], before[j - 2] + 1);
		}
	}
	return rows[n % 3][m];
}

const char *lopt_word_suggest(const char *word, const char *const words[])
{
	const char *best = NULL;
	size_t nearest = strlen(word) / 3 + 1;
	for (size_t i = 0; words[i]; i++) {
		size_t far = distance(word, words[i]);
		if (far <= nearest && far < strlen(words[i])) {
			nearest = far - (far > 0);
			best = words[i];
		}
		if (far == 0)
			break;
	}
	return best;
}
