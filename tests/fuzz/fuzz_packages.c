/* SPDX-License-Identifier: MIT */
/*
 * The databases of an image, as text: documents with a line "%%" between them, each a line with the path it stands at and
 * then its content. A path behind a "+" starts another layer. There are some files for them to name: what is claimed, by
 * whom and however often, the rows have to add up.
 */
#define _GNU_SOURCE
#include "image.h"

enum { LAYERS_MAX = 3, TEXT_MAX = 1 << 16, ARCHIVE_MAX = 1 << 22 };

static void make_files(struct lopt_buf *tar)
{
	static const struct test_header entries[] = {
		{ .name = "usr/", .type = '5', .mode = 0755 },
		{ .name = "bin", .type = '2', .link = "usr", .mode = 0777 },
		{ .name = "loop", .type = '2', .link = "usr/../loop/x", .mode = 0777 },
		{ .name = "usr/up", .type = '2', .link = "../bin/c", .mode = 0777 },
	};
	for (size_t i = 0; i < sizeof entries / sizeof entries[0]; i++)
		test_tar_header(tar, &entries[i]);
	test_tar_file(tar, "usr/a", "one", 3);
	test_tar_file(tar, "usr/b", "three", 5);
	test_tar_file(tar, "usr/c/d", "seven77", 7);
	test_tar_file(tar, "usr/c/e", "", 0);
	test_tar_header(tar, &(struct test_header){ .name = "l", .type = '1', .link = "usr/a", .mode = 0644 });
}

static void add_document(struct lopt_buf *tar, struct lopt_str text)
{
	char name[101];
	const char *end = text.len ? memchr(text.ptr, '\n', text.len) : NULL;
	size_t len = end ? (size_t)(end - text.ptr) : text.len;
	if (len == 0 || len >= sizeof name || memchr(text.ptr, '\0', len))
		return;
	memcpy(name, text.ptr, len);
	name[len] = '\0';
	test_tar_file(tar, name, end ? end + 1 : "", end ? text.len - len - 1 : 0);
}

/* The documents of the text, into layers; how many there are. */
static size_t make_layers(struct lopt_buf layers[LAYERS_MAX], struct lopt_str text)
{
	size_t count = 1;
	make_files(&layers[0]);
	while (text.len) {
		const char *split = memmem(text.ptr, text.len, "\n%%\n", 4);
		struct lopt_str document = lopt_str_make(text.ptr, split ? (size_t)(split - text.ptr) : text.len);
		size_t used = document.len + (split ? 4 : 0);
		text = lopt_str_make(text.ptr + used, text.len - used);
		if (document.len && document.ptr[0] == '+') {
			count += count < LAYERS_MAX;
			document = lopt_str_make(document.ptr + 1, document.len - 1);
		}
		add_document(&layers[count - 1], document);
	}
	for (size_t i = 0; i < count; i++)
		test_tar_end(&layers[i]);
	return count;
}

static void add_layers(struct lopt_buf *archive, const struct lopt_buf *layers, size_t count)
{
	struct lopt_buf config = LOPT_BUF_INIT(TEXT_MAX), manifest = LOPT_BUF_INIT(TEXT_MAX);
	lopt_buf_text(&config,
		      "{\"architecture\":\"amd64\",\"os\":\"linux\",\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[");
	lopt_buf_text(&manifest, "[{\"Config\":\"c.json\",\"RepoTags\":[\"a:b\"],\"Layers\":[");
	for (size_t i = 0; i < count; i++) {
		char digest[LOPT_DIGEST_TEXT_MAX], name[32];
		digest_text(digest, &layers[i]);
		(void)snprintf(name, sizeof name, "%zu.tar", i);
		lopt_buf_printf(&config, "%s\"%s\"", i ? "," : "", digest);
		lopt_buf_printf(&manifest, "%s\"%s\"", i ? "," : "", name);
		test_tar_file(archive, name, layers[i].data, layers[i].len);
	}
	lopt_buf_text(&config, "]}}");
	lopt_buf_text(&manifest, "]}]");
	test_tar_file(archive, "c.json", config.data, config.len);
	test_tar_file(archive, "manifest.json", manifest.data, manifest.len);
	test_tar_end(archive);
	lopt_buf_release(&config);
	lopt_buf_release(&manifest);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct lopt_buf layers[LAYERS_MAX], archive = LOPT_BUF_INIT(ARCHIVE_MAX);
	struct lopt_totals totals;
	if (size > TEXT_MAX)
		return 0;
	for (size_t i = 0; i < LAYERS_MAX; i++)
		layers[i] = LOPT_BUF_INIT(ARCHIVE_MAX);
	size_t count = make_layers(layers, lopt_str_make(size ? (const char *)data : "", size));
	add_layers(&archive, layers, count);
	(void)examine(&archive, false, &totals);
	for (size_t i = 0; i < LAYERS_MAX; i++)
		lopt_buf_release(&layers[i]);
	lopt_buf_release(&archive);
	return 0;
}
