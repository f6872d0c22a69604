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
#include <ctype.h>
#include <locale.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* The C library may have these as macros, which cannot be poisoned. */
#undef alloca
#undef isalnum
#undef isalpha
#undef isblank
#undef iscntrl
#undef isdigit
#undef isgraph
#undef islower
#undef isprint
#undef ispunct
#undef isspace
#undef isupper
#undef isxdigit
#undef sprintf
#undef strdupa
#undef strndupa
#undef tolower
#undef toupper
#undef vsprintf

/* no bound on what is written */
#pragma GCC poison strcpy strcat sprintf vsprintf gets stpcpy asctime_r ctime_r
/* a bound that does not end the string, or cuts it without a word */
#pragma GCC poison strncpy strncat
/* hidden state */
#pragma GCC poison strtok asctime ctime localtime gmtime
/* no report of errors */
#pragma GCC poison atoi atol atoll atof
/* undefined for a number that does not fit */
#pragma GCC poison scanf fscanf sscanf vscanf vfscanf vsscanf
/* the locale decides, and undefined for a char below zero */
#pragma GCC poison isalnum isalpha isblank iscntrl isdigit isgraph islower isprint ispunct isspace isupper isxdigit
#pragma GCC poison tolower toupper
/* reports depend on no locale */
#pragma GCC poison setlocale
/* a shell; and programs are started by io/process */
#pragma GCC poison system popen execl execle execlp execv execvp execvpe
/* a race */
#pragma GCC poison tmpnam tempnam mktemp
/* the stack is not for sizes from input */
#pragma GCC poison alloca strdupa strndupa

#endif
