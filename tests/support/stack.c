/* SPDX-License-Identifier: MIT */
#include "support/stack.h"

#include <stdio.h>
#include <stdlib.h>

#include "blob/digest.h"
#include "support/archive.h"

static void add_entry(struct lopt_buf *tar, const char *token)
{
	char name[101] = "";
	size_t split = strcspn(token, "=@+");
	memcpy(name, token, split < sizeof name ? split : sizeof name - 1);
	const char *rest = token[split] ? token + split + 1 : "";
	if (token[split] == '=')
		test_tar_file(tar, name, rest, strlen(rest));
	else if (token[split] == '@' || token[split] == '+')
		test_tar_header(tar, &(struct test_header){ .name = name,
							    .link = rest,
							    .mode = 0644,
							    .type = token[split] == '@' ? '2' : '1' });
	else
		test_tar_header(tar, &(struct test_header){ .name = name, .mode = 0755, .type = '5' });
}

void test_layer(struct lopt_buf *tar, const char *text)
{
	char copy[4096], *rest = copy, *token;
	(void)snprintf(copy, sizeof copy, "%s", text);
	while ((token = strtok_r(rest, " ", &rest)))
		add_entry(tar, token);
	test_tar_end(tar);
}

/* The members of the archive that hold the layers, and how manifest and configuration name them. */
static enum lopt_status add_layer(struct lopt_buf *outer, struct lopt_buf *names, struct lopt_buf *diff_ids,
				  const struct lopt_buf *tar, size_t index, struct lopt_error *err)
{
	struct lopt_digest digest;
	char text[LOPT_DIGEST_TEXT_MAX], name[32];
	enum lopt_status status = lopt_digest_of(&digest, LOPT_SHA256, tar->data, tar->len, err);
	if (status != LOPT_OK)
		return status;
	(void)snprintf(name, sizeof name, "%zu.tar", index);
	test_tar_file(outer, name, tar->data, tar->len);
	lopt_buf_printf(names, "%s\"%s\"", index ? "," : "", name);
	lopt_buf_printf(diff_ids, "%s\"%s\"", index ? "," : "", lopt_digest_format(text, &digest));
	return LOPT_OK;
}

static void add_documents(struct lopt_buf *outer, const struct lopt_buf *names, const struct lopt_buf *diff_ids,
			  const char *configuration)
{
	struct lopt_buf text = LOPT_BUF_INIT(1 << 16);
	lopt_buf_printf(
		&text,
		"{\"architecture\":\"amd64\",\"os\":\"linux\",%s%s\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[%s]}}",
		configuration, *configuration ? "," : "", diff_ids->data);
	test_tar_file(outer, "c.json", text.data, text.len);
	lopt_buf_clear(&text);
	lopt_buf_printf(&text, "[{\"Config\":\"c.json\",\"RepoTags\":null,\"Layers\":[%s]}]", names->data);
	test_tar_file(outer, "manifest.json", text.data, text.len);
	test_tar_end(outer);
	outer->failed |= text.failed;
	lopt_buf_release(&text);
}

enum lopt_status test_open_layers(struct lopt_image **image, const struct lopt_buf layers[TEST_LAYERS_MAX],
				  const struct lopt_open_options *options, int *fd, struct lopt_error *err)
{
	return test_open_configured(image, layers, "", options, fd, err);
}

enum lopt_status test_open_configured(struct lopt_image **image, const struct lopt_buf layers[TEST_LAYERS_MAX],
				      const char *configuration, const struct lopt_open_options *options, int *fd,
				      struct lopt_error *err)
{
	struct lopt_buf outer = LOPT_BUF_INIT(1 << 24), names = LOPT_BUF_INIT(1 << 16),
			diff_ids = LOPT_BUF_INIT(1 << 16);
	enum lopt_status status = LOPT_OK;
	char path[64];
	*fd = -1;
	for (size_t i = 0; i < TEST_LAYERS_MAX && layers[i].len && status == LOPT_OK; i++)
		status = add_layer(&outer, &names, &diff_ids, &layers[i], i, err);
	if (status == LOPT_OK) {
		add_documents(&outer, &names, &diff_ids, configuration);
		if (!outer.failed)
			*fd = test_memory_file(outer.data, outer.len, path);
		status = *fd < 0 ? LOPT_E_SYSTEM : lopt_image_open(image, path, options, err);
	}
	lopt_buf_release(&outer);
	lopt_buf_release(&names);
	lopt_buf_release(&diff_ids);
	return status;
}

enum lopt_status test_open_stack(struct lopt_image **image, const char *const layers[TEST_LAYERS_MAX], int *fd,
				 struct lopt_error *err)
{
	const struct lopt_open_options options = { .verify_digests = true, .want_sha256 = true };
	struct lopt_buf tars[TEST_LAYERS_MAX];
	for (size_t i = 0; i < TEST_LAYERS_MAX; i++) {
		tars[i] = LOPT_BUF_INIT(1 << 20);
		if (layers[i])
			test_layer(&tars[i], layers[i]);
	}
	enum lopt_status status = test_open_layers(image, tars, &options, fd, err);
	for (size_t i = 0; i < TEST_LAYERS_MAX; i++)
		lopt_buf_release(&tars[i]);
	return status;
}
