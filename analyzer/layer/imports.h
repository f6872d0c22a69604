/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_LAYER_IMPORTS_H
#define LAYEROPT_LAYER_IMPORTS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

/**
 * Which modules a script asks for. No language is parsed: each statement that begins a line, or stands behind a
 * semicolon, is looked at, inside a string or a function as well. Rather a name too many than one too few.
 */
enum lopt_script {
	LOPT_SCRIPT_NONE,
	LOPT_SCRIPT_PYTHON, /* import a.b as c, d; from a import b, c (which may be modules: a.b, a.c) */
	LOPT_SCRIPT_PERL,   /* use A::B; require A::B; use parent qw(A::B) */
};

/** By the interpreter that the first line names, else by the path. */
enum lopt_script lopt_script_of(struct lopt_str path, struct lopt_str head);

enum {
	LOPT_IMPORTS_BYTES_MAX = 1 << 20, /* of a script that are looked at */
	LOPT_IMPORTS_NAMES_MAX = 16 << 10,
};

struct lopt_imports {
	struct lopt_buf names; /* "a.b" of Python, "A/B.pm" of Perl, each with a NUL behind it; twice is possible */
	/* private */
	enum lopt_script script;
	bool quotes;	     /* a quote begins a statement, too */
	char statement[512]; /* what stands behind these bytes is passed over */
	size_t len;
};

/** `quotes`: the text is a command line that may hold a script in quotes. */
void lopt_imports_begin(struct lopt_imports *imports, enum lopt_script script, bool quotes);
void lopt_imports_release(struct lopt_imports *imports);
/** The next bytes. Names that there is no room for are left out; false when memory is exhausted. */
bool lopt_imports_feed(struct lopt_imports *imports, struct lopt_str bytes);
/** The text has ended. */
bool lopt_imports_end(struct lopt_imports *imports);

#endif
