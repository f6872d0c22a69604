/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "layeropt/status.h"

enum lopt_status lopt_error_set(struct lopt_error *err, enum lopt_status status, const char *fmt, ...)
{
	if (!err)
		return status;
	va_list args;
	va_start(args, fmt);
	err->status = status;
	if (vsnprintf(err->message, sizeof err->message, fmt, args) < 0)
		err->message[0] = '\0';
	va_end(args);
	return status;
}

enum lopt_status lopt_error_context(struct lopt_error *err, const char *fmt, ...)
{
	if (!err)
		return LOPT_E_BUG;
	char joined[sizeof err->message];
	va_list args;
	va_start(args, fmt);
	int n = vsnprintf(joined, sizeof joined, fmt, args);
	va_end(args);
	size_t used = n < 0 ? 0 : (size_t)n < sizeof joined ? (size_t)n : sizeof joined - 1;
	for (const char *from = ": "; *from && used + 1 < sizeof joined; from++)
		joined[used++] = *from;
	for (const char *from = err->message; *from && used + 1 < sizeof joined; from++)
		joined[used++] = *from;
	memcpy(err->message, joined, used);
	err->message[used] = '\0';
	return err->status;
}

enum lopt_status lopt_error_memory(struct lopt_error *err)
{
	return lopt_error_set(err, LOPT_E_MEMORY, "out of memory");
}

int lopt_status_exit_code(enum lopt_status status)
{
	switch (status) {
	case LOPT_OK:
	case LOPT_END:
		return 0;
	case LOPT_E_USAGE:
		return 2;
	case LOPT_E_INPUT:
	case LOPT_E_LIMIT:
		return 3;
	case LOPT_E_SYSTEM:
	case LOPT_E_MEMORY:
		return 4;
	case LOPT_E_INTERRUPTED:
		return 130;
	case LOPT_E_BUG:
		break;
	}
	return 70;
}
