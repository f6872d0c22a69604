/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_BASE_BANNED_H
#define LAYEROPT_BASE_BANNED_H

/**
 * Functions nobody calls here: a use is a compile error. The Makefile puts this header in front of every
 * source. The headers that declare them come first: they may not be named afterwards. The feature macro
 * those obey is therefore set on the command line, and here for who compiles without it.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <alloca.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* The C library may have these as macros, which cannot be poisoned. */
#undef alloca
#undef sprintf
#undef vsprintf

/* no bound on what is written */
#pragma GCC poison strcpy strcat sprintf vsprintf gets stpcpy
/* a bound that does not end the string, or cuts it without a word */
#pragma GCC poison strncpy strncat
/* hidden state */
#pragma GCC poison strtok asctime ctime localtime gmtime
/* no report of errors */
#pragma GCC poison atoi atol atoll atof
/* a shell */
#pragma GCC poison system popen
/* a race */
#pragma GCC poison tmpnam tempnam mktemp
/* the stack is not for sizes from input */
#pragma GCC poison alloca

#endif
