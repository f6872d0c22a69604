/* SPDX-License-Identifier: MIT */
/*
 * The documents of an OCI archive: index.json first, then up to nine blobs (manifests, indexes, configurations), with lines
 * "%%" between them. In each, "@1" to "@9" stand for the digest of a later one and "#1" to "#9" for its size; "@0" and
 * "#0" are the layer's.
 */
#define _GNU_SOURCE
#include "image.h"

enum { DOCUMENTS_MAX = 10, DOCUMENT_MAX = 1 << 22 };

struct documents {
	struct lopt_str raw[DOCUMENTS_MAX];
	struct lopt_buf text[DOCUMENTS_MAX];
	size_t count;
	struct lopt_buf layer;
};

static void split(struct documents *documents, const char *text, size_t size)
{
	while (documents->count < DOCUMENTS_MAX) {
		const char *end = size ? memmem(text, size, "\n%%\n", 4) : NULL;
		size_t length = end ? (size_t)(end - text) : size;
		documents->raw[documents->count++] = lopt_str_make(text, length);
		if (!end)
			return;
		text += length + 4;
		size -= length + 4;
	}
}

/* What "@N" and "#N" stand for in document `from`; NULL when they are plain text. */
static const struct lopt_buf *meant(const struct documents *documents, size_t from, char digit)
{
	size_t n = (size_t)(digit - '0');
	if (digit == '0')
		return &documents->layer;
	return digit > '0' && digit <= '9' && n > from && n < documents->count ? &documents->text[n] : NULL;
}

static void expand(struct documents *documents, size_t index)
{
	struct lopt_str raw = documents->raw[index];
	struct lopt_buf *out = &documents->text[index];
	*out = LOPT_BUF_INIT(DOCUMENT_MAX);
	for (size_t i = 0; i < raw.len; i++) {
		bool mark = (raw.ptr[i] == '@' || raw.ptr[i] == '#') && i + 1 < raw.len;
		const struct lopt_buf *target = mark ? meant(documents, index, raw.ptr[i + 1]) : NULL;
		char digest[LOPT_DIGEST_TEXT_MAX];
		if (!target) {
			lopt_buf_char(out, raw.ptr[i]);
		} else if (raw.ptr[i++] == '#') {
			lopt_buf_printf(out, "%zu", target->len);
		} else {
			digest_text(digest, target);
			lopt_buf_text(out, digest);
		}
	}
}

static void add_blob(struct lopt_buf *archive, const struct lopt_buf *blob)
{
	char digest[LOPT_DIGEST_TEXT_MAX], name[sizeof digest + 16];
	digest_text(digest, blob);
	(void)snprintf(name, sizeof name, "blobs/sha256/%s", digest + strlen("sha256:"));
	test_tar_file(archive, name, blob->data, blob->len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char layout[] = "{\"imageLayoutVersion\":\"1.0.0\"}";
	if (size > 1 << 16)
		return 0;
	struct documents documents = { .layer = LOPT_BUF_INIT(1 << 16) };
	struct lopt_buf archive = LOPT_BUF_INIT(DOCUMENT_MAX);
	struct lopt_totals totals;
	test_tar_file(&documents.layer, "a/b", "one", 3);
	test_tar_end(&documents.layer);
	split(&documents, (const char *)data, size);
	for (size_t i = documents.count; i-- > 0;)
		expand(&documents, i);
	test_tar_file(&archive, "oci-layout", layout, sizeof layout - 1);
	test_tar_file(&archive, "index.json", documents.text[0].data, documents.text[0].len);
	for (size_t i = 1; i < documents.count; i++)
		add_blob(&archive, &documents.text[i]);
	add_blob(&archive, &documents.layer);
	test_tar_end(&archive);
	(void)examine(&archive, size & 1, &totals);
	for (size_t i = 0; i < documents.count; i++)
		lopt_buf_release(&documents.text[i]);
	lopt_buf_release(&documents.layer);
	lopt_buf_release(&archive);
	return 0;
}
