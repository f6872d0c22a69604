/* SPDX-License-Identifier: MIT */
#ifndef TESTS_SUPPORT_STACK_H
#define TESTS_SUPPORT_STACK_H

#include "base/buf.h"
#include "layeropt/image.h"

/**
 * Images out of tables, for tests. A layer is a text of entries, separated by blanks:
 *   d/        a directory          a=text    a file         a@target  a symbolic link
 *   a+target  a hard link          .wh.a=    a whiteout (any file of that name)
 *   a%1:3     a character device
 * Behind each may stand attributes, in any order:
 *   ;mode=4755  ;own=1:2  ;time=5  ;size=2000 (the text over and over)  ;user.x=v (an extended attribute)
 *   ;symbols=500 (a program with the text in it and a symbol table of this size)
 *   ;needs=a,b (a program that asks for these libraries)
 */
enum { TEST_LAYERS_MAX = 8 };

/**
 * One entry of a layer, for tables of files whose text has blanks and lines. A path that ends in "/" is a directory; a text
 * that starts with "-> " is a symbolic link's target, with "=> " a hard link's. Behind the path stand attributes as above.
 */
struct test_file {
	const char *path, *text;
	size_t layer;
};
/** The entry, appended to its layer's tar. */
void test_file(struct lopt_buf *tar, const struct test_file *file);

/** The layer's tar, appended. */
void test_layer(struct lopt_buf *tar, const char *text);

/** A docker archive of the first layers that are there, opened; close *fd (-1 on failure) when the image is freed. */
enum lopt_status test_open_layers(struct lopt_image **image, const struct lopt_buf layers[TEST_LAYERS_MAX],
				  const struct lopt_open_options *options, int *fd, struct lopt_error *err);

/** The same with more members of the configuration, as in "\"config\": {...}, \"history\": [...]"; "" is none. */
enum lopt_status test_open_configured(struct lopt_image **image, const struct lopt_buf layers[TEST_LAYERS_MAX],
				      const char *configuration, const struct lopt_open_options *options, int *fd,
				      struct lopt_error *err);

/** The same of layers written as above, with all digests verified and computed. */
enum lopt_status test_open_stack(struct lopt_image **image, const char *const layers[TEST_LAYERS_MAX], int *fd,
				 struct lopt_error *err);

#endif
