/* SPDX-License-Identifier: MIT */
/*
 * manifest.json and the configuration of a docker archive, as text around good layers: the two documents, with a line
 * "%%" between them. In the configuration "@0" and "@1" stand for the layers' diff IDs. The files are called c.json,
 * 0.tar and 1.tar.
 */
#define _GNU_SOURCE
#include "image.h"

enum { DOCUMENT_MAX = 1 << 22 };

static void make_layer(struct lopt_buf *tar, const char *name, const char *content)
{
	*tar = LOPT_BUF_INIT(1 << 16);
	test_tar_file(tar, name, content, strlen(content));
	test_tar_file(tar, "same", content, 2);
	test_tar_end(tar);
}

static void expand(struct lopt_buf *out, struct lopt_str text, const struct lopt_buf *layers)
{
	for (size_t i = 0; i < text.len; i++) {
		char digest[LOPT_DIGEST_TEXT_MAX];
		bool stands_for = text.ptr[i] == '@' && i + 1 < text.len &&
				  (text.ptr[i + 1] == '0' || text.ptr[i + 1] == '1');
		if (!stands_for) {
			lopt_buf_char(out, text.ptr[i]);
			continue;
		}
		digest_text(digest, &layers[text.ptr[++i] - '0']);
		lopt_buf_text(out, digest);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data, *split = size ? memmem(text, size, "\n%%\n", 4) : NULL;
	if (!split || size > 1 << 16)
		return 0;
	struct lopt_buf layers[2], config = LOPT_BUF_INIT(DOCUMENT_MAX), archive = LOPT_BUF_INIT(DOCUMENT_MAX);
	make_layer(&layers[0], "a/b", "one");
	make_layer(&layers[1], "a/c", "two");
	expand(&config, lopt_str_make(split + 4, size - (size_t)(split - text) - 4), layers);
	test_tar_file(&archive, "manifest.json", text, (size_t)(split - text));
	test_tar_file(&archive, "c.json", config.data, config.len);
	test_tar_file(&archive, "0.tar", layers[0].data, layers[0].len);
	test_tar_file(&archive, "1.tar", layers[1].data, layers[1].len);
	test_tar_end(&archive);
	struct lopt_totals totals;
	(void)examine(&archive, size & 1, &totals);
	lopt_buf_release(&layers[0]);
	lopt_buf_release(&layers[1]);
	lopt_buf_release(&config);
	lopt_buf_release(&archive);
	return 0;
}
