/* SPDX-License-Identifier: MIT */
#ifndef TESTS_FUZZ_MADE_IMAGE_H
#define TESTS_FUZZ_MADE_IMAGE_H

#include "image.h"

/**
 * Images from instructions: each byte says what comes next into a layer, so that every input is an image whose digests fit,
 * and small changes of the input are small changes of the image.
 */

enum { LAYERS_MAX = 8, ENTRIES_MAX = 200, CONFIG_MAX = 1 << 16, ARCHIVE_MAX = 1 << 22 };

struct feed {
	const uint8_t *at;
	size_t left;
};

static inline unsigned take(struct feed *feed)
{
	if (!feed->left)
		return 0;
	feed->left--;
	return *feed->at++;
}

/* Few names, so that they meet: up to four components out of four, sometimes written oddly, or in known places. */
static inline void make_path(struct lopt_buf *path, unsigned choice)
{
	static const char *const names[] = { "a", "b", "c", "d" };
	static const char *const odd[] = { "./",
					   "/",
					   "x/../",
					   "",
					   "../",
					   "e\x1b[31m/",
					   "\xff/",
					   "\xe2\x80\xae/",
					   "tmp/",
					   "var/log/",
					   "usr/share/doc/",
					   "a/.git/",
					   "a/.cache/pip/",
					   "a/pkgs/",
					   "a/conda-meta/",
					   "b/__pycache__/" };
	lopt_buf_clear(path);
	if (choice >= 0xe0)
		lopt_buf_text(path, odd[choice & 15]);
	for (unsigned i = 0; i <= (choice & 3); i++) {
		lopt_buf_text(path, i ? "/" : "");
		lopt_buf_text(path, names[(choice >> (2 + i)) & 3]);
	}
}

/* The path of a whiteout: its last component gets a prefix. */
static inline void make_whiteout(struct lopt_buf *path, unsigned choice)
{
	char plain[64];
	make_path(path, choice);
	(void)snprintf(plain, sizeof plain, "%s", path->data);
	const char *slash = strrchr(plain, '/');
	size_t parent = slash ? (size_t)(slash - plain) + 1 : 0;
	lopt_buf_clear(path);
	lopt_buf_add(path, plain, parent);
	lopt_buf_text(path, ".wh.");
	lopt_buf_text(path, plain + parent);
}

static inline void add_file(struct lopt_buf *tar, struct feed *feed, const char *path)
{
	static const char text[] = "the content of a file, which may be there more than once";
	unsigned what = take(feed);
	size_t size = what & 0x1f;
	const struct test_header header = {
		.name = path,
		.mode = 0600 | (what >> 5),
		.mtime = what >> 6,
		.size = size,
		.uid = what & 1,
	};
	test_tar_header(tar, &header);
	test_tar_content(tar, text + (what >> 7), size);
}

static inline void add_sparse(struct lopt_buf *tar, struct feed *feed, const char *path)
{
	char map[512] = { 0 }, content[1024] = { 0 }, real[32];
	unsigned extents = take(feed) & 3, at = 0;
	size_t stored = 0;
	int used = snprintf(map, sizeof map, "%u\n", extents);
	for (unsigned i = 0; i < extents; i++) {
		unsigned offset = at + (take(feed) & 0x7f), size = take(feed) & 0x3f;
		used += snprintf(map + used, sizeof map - (size_t)used, "%u\n%u\n", offset, size);
		memset(content + stored, 'a' + (int)i, size);
		stored += size;
		at = offset + size;
	}
	(void)snprintf(real, sizeof real, "%u", at + (take(feed) & 0x7f));
	struct lopt_buf records = LOPT_BUF_INIT(4096);
	test_pax_record(&records, "GNU.sparse.major", "1", 1);
	test_pax_record(&records, "GNU.sparse.minor", "0", 1);
	test_pax_record(&records, "GNU.sparse.name", path, strlen(path));
	test_pax_record(&records, "GNU.sparse.realsize", real, strlen(real));
	test_tar_pax(tar, &records);
	lopt_buf_release(&records);
	const struct test_header header = { .name = "GNUSparseFile.0/x", .mode = 0644, .size = sizeof map + stored };
	test_tar_header(tar, &header);
	lopt_buf_add(tar, map, sizeof map);
	test_tar_content(tar, content, stored);
}

static inline void add_xattr(struct lopt_buf *tar, struct feed *feed)
{
	struct lopt_buf records = LOPT_BUF_INIT(4096);
	char value[2] = { (char)take(feed), (char)take(feed) };
	test_pax_record(&records, value[1] & 1 ? "SCHILY.xattr.user.a" : "SCHILY.xattr.security.capability", value, 2);
	test_tar_pax(tar, &records);
	lopt_buf_release(&records);
}

static inline void add_node(struct lopt_buf *tar, char type, const char *path, const char *link, unsigned minor)
{
	const struct test_header header = { .name = path, .link = link, .type = type, .mode = 0755, .minor = minor };
	test_tar_header(tar, &header);
}

/* One entry, by instruction. */
static inline void add_entry(struct lopt_buf *tar, struct feed *feed, unsigned instruction)
{
	struct lopt_buf path = LOPT_BUF_INIT(4096), link = LOPT_BUF_INIT(4096);
	unsigned choice = take(feed);
	make_path(&path, choice);
	switch (instruction) {
	case 0:
	case 1:
	case 2:
		add_file(tar, feed, path.data);
		break;
	case 3:
	case 4:
		add_node(tar, '5', path.data, NULL, 0);
		break;
	case 5:
		make_path(&link, take(feed));
		add_node(tar, '1', path.data, link.data, 0);
		break;
	case 6:
		make_path(&link, take(feed));
		add_node(tar, '2', path.data, link.data, 0);
		break;
	case 7:
	case 8:
		make_whiteout(&path, choice);
		add_node(tar, '0', path.data, NULL, 0);
		break;
	case 9:
		lopt_buf_text(&path, "/.wh..wh..opq");
		add_node(tar, '0', choice == 0xff ? ".wh..wh..opq" : path.data, NULL, 0);
		break;
	case 10:
		add_sparse(tar, feed, path.data);
		break;
	case 11:
		add_xattr(tar, feed);
		add_file(tar, feed, path.data);
		break;
	case 12:
		add_node(tar, "346"[choice % 3], path.data, NULL, choice >> 7);
		break;
	default:
		lopt_buf_text(&path, "/");
		add_node(tar, '0', path.data, NULL, 0);
		break;
	}
	lopt_buf_release(&path);
	lopt_buf_release(&link);
}

struct draft {
	struct lopt_buf layers[LAYERS_MAX];
	size_t count;
	struct lopt_buf history;
};

static inline void add_history(struct lopt_buf *history, unsigned choice)
{
	static const char *const lines[] = {
		"{\"created_by\":\"/bin/sh -c #(nop)  ENV A=1\",\"empty_layer\":true}",
		"{\"created_by\":\"RUN /bin/sh -c apt-get update # buildkit\",\"comment\":\"buildkit.dockerfile.v0\"}",
		"{\"created_by\":\"/bin/sh -c #(nop) COPY file:0123 in /a \"}",
		"{}",
	};
	lopt_buf_text(history, history->len ? "," : "");
	lopt_buf_text(history, lines[choice & 3]);
}

static inline void make_draft(struct draft *draft, struct feed *feed)
{
	draft->history = LOPT_BUF_INIT(CONFIG_MAX);
	draft->layers[0] = LOPT_BUF_INIT(ARCHIVE_MAX);
	draft->count = 1;
	for (size_t entries = 0; feed->left && entries < ENTRIES_MAX; entries++) {
		unsigned instruction = take(feed);
		if (instruction >= 0xf0 && draft->count < LAYERS_MAX)
			draft->layers[draft->count++] = LOPT_BUF_INIT(ARCHIVE_MAX);
		else if (instruction >= 0xe0)
			add_history(&draft->history, instruction);
		else
			add_entry(&draft->layers[draft->count - 1], feed, instruction & 0x0f);
	}
	for (size_t i = 0; i < draft->count; i++)
		test_tar_end(&draft->layers[i]);
}

static inline void release_draft(struct draft *draft)
{
	for (size_t i = 0; i < draft->count; i++)
		lopt_buf_release(&draft->layers[i]);
	lopt_buf_release(&draft->history);
}

static inline void add_layer(struct lopt_buf *archive, const char *name, const struct lopt_buf *layer, unsigned how)
{
	struct lopt_buf stored = LOPT_BUF_INIT(ARCHIVE_MAX);
	if (how == 1)
		test_gzip(&stored, layer->data, layer->len);
	else if (how == 2)
		test_zstd(&stored, layer->data, layer->len);
	else
		lopt_buf_add(&stored, layer->data, layer->len);
	archive->failed |= stored.failed;
	test_tar_file(archive, name, stored.data, stored.len);
	lopt_buf_release(&stored);
}

static inline struct lopt_buf make_archive(const struct draft *draft, unsigned compression)
{
	struct lopt_buf archive = LOPT_BUF_INIT(ARCHIVE_MAX), config = LOPT_BUF_INIT(CONFIG_MAX),
			manifest = LOPT_BUF_INIT(CONFIG_MAX);
	lopt_buf_text(&config,
		      "{\"architecture\":\"amd64\",\"os\":\"linux\",\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[");
	lopt_buf_text(&manifest, "[{\"Config\":\"c.json\",\"RepoTags\":[\"a:b\"],\"Layers\":[");
	for (size_t i = 0; i < draft->count; i++) {
		char digest[LOPT_DIGEST_TEXT_MAX], name[32];
		(void)snprintf(name, sizeof name, "%zu/layer.tar", i);
		add_layer(&archive, name, &draft->layers[i], compression ? (compression + (unsigned)i) % 3 : 0);
		digest_text(digest, &draft->layers[i]);
		lopt_buf_printf(&config, "%s\"%s\"", i ? "," : "", digest);
		lopt_buf_printf(&manifest, "%s\"%s\"", i ? "," : "", name);
	}
	lopt_buf_text(&config, "]},\"history\":[");
	lopt_buf_str(&config, lopt_buf_view(&draft->history));
	lopt_buf_text(&config, "]}");
	lopt_buf_text(&manifest, "]}]");
	test_tar_file(&archive, "c.json", config.data, config.len);
	test_tar_file(&archive, "manifest.json", manifest.data, manifest.len);
	test_tar_end(&archive);
	archive.failed |= config.failed || manifest.failed;
	lopt_buf_release(&config);
	lopt_buf_release(&manifest);
	return archive;
}

#endif
