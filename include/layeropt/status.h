/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_STATUS_H
#define LAYEROPT_STATUS_H

/**
 * How every fallible function of layeropt answers.
 *
 * A function that can fail returns `enum lopt_status` and takes a caller-owned `struct lopt_error *`
 * last. On success the error is untouched; on failure it says what went wrong, innermost fact first
 * written, with context put in front of it on the way up: "IMAGE: layer 3: usr/bin/x: WHAT".
 */

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define LOPT_CHECKED __attribute__((warn_unused_result))
#define LOPT_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#else
#define LOPT_CHECKED
#define LOPT_PRINTF(fmt, args)
#endif

enum lopt_status {
	LOPT_OK = 0,
	LOPT_END = 1,		 /* an iterator has no more; never an error */
	LOPT_E_USAGE = -1,	 /* the caller, an option or the configuration is wrong */
	LOPT_E_INPUT = -2,	 /* the input is damaged, or not what it claims to be */
	LOPT_E_LIMIT = -3,	 /* the input exceeds a ceiling of `struct lopt_limits` */
	LOPT_E_SYSTEM = -4,	 /* file missing, I/O error, no engine, disk full */
	LOPT_E_MEMORY = -5,	 /* out of memory */
	LOPT_E_INTERRUPTED = -6, /* asked to stop */
	LOPT_E_BUG = -7		 /* an invariant of layeropt itself does not hold */
};

#define LOPT_ERROR_MAX 1024

/** One error. `message` is NUL-terminated, may hold raw bytes of the input, and is cut when too long. */
struct lopt_error {
	enum lopt_status status;
	char message[LOPT_ERROR_MAX];
};

/** Write an error and return `status`. `err` may be NULL. */
enum lopt_status lopt_error_set(struct lopt_error *err, enum lopt_status status, const char *fmt, ...)
	LOPT_PRINTF(3, 4);

/** Put "CONTEXT: " in front of the message; returns the error's status. `err` may be NULL (then LOPT_E_BUG). */
enum lopt_status lopt_error_context(struct lopt_error *err, const char *fmt, ...) LOPT_PRINTF(2, 3);

/** "out of memory" as an error. */
enum lopt_status lopt_error_memory(struct lopt_error *err);

/** The exit code of a status: 0, 2, 3, 4, 70 or 130, as in docs/metrics.md. */
int lopt_status_exit_code(enum lopt_status status);

#ifdef __cplusplus
}
#endif
#endif
