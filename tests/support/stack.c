/* SPDX-License-Identifier: MIT */
#include "support/stack.h"

#include <elf.h>
#include <stdio.h>
#include <stdlib.h>

#include "blob/digest.h"
#include "support/archive.h"

/* What stands behind an entry. */
struct attributes {
	struct test_header header;
	struct lopt_buf pax;
	size_t size, symbols;
	bool has_size;
	const char *needs;
};

static void read_attribute(struct attributes *to, const char *name, const char *value)
{
	if (strcmp(name, "mode") == 0) {
		to->header.mode = (unsigned)strtoul(value, NULL, 8);
	} else if (strcmp(name, "own") == 0) {
		const char *colon = strchr(value, ':');
		to->header.uid = (unsigned)strtoul(value, NULL, 10);
		to->header.gid = (unsigned)strtoul(colon ? colon + 1 : value, NULL, 10);
	} else if (strcmp(name, "time") == 0) {
		to->header.mtime = (unsigned)strtoul(value, NULL, 10);
	} else if (strcmp(name, "size") == 0) {
		to->size = strtoul(value, NULL, 10);
		to->has_size = true;
	} else if (strcmp(name, "symbols") == 0) {
		to->symbols = strtoul(value, NULL, 10);
	} else if (strcmp(name, "needs") == 0) {
		to->needs = value;
	} else {
		char key[128];
		(void)snprintf(key, sizeof key, "SCHILY.xattr.%s", name);
		test_pax_record(&to->pax, key, value, strlen(value));
	}
}

/* Cuts them off the token. */
static void read_attributes(struct attributes *to, char *token)
{
	char *rest = strchr(token, ';'), *attribute;
	if (!rest)
		return;
	*rest++ = '\0';
	while ((attribute = strtok_r(rest, ";", &rest))) {
		char *sign = strchr(attribute, '=');
		if (!sign)
			continue;
		*sign = '\0';
		read_attribute(to, attribute, sign + 1);
	}
}

/* A header, the text, a symbol table, and what finds it. */
static void make_program(struct lopt_buf *content, const char *text, size_t symbols)
{
	static const char names[] = "\0.symtab";
	size_t start = sizeof(Elf64_Ehdr) + strlen(text);
	const Elf64_Shdr sections[] = {
		{ 0 },
		{ .sh_name = 1, .sh_type = SHT_SYMTAB, .sh_offset = start, .sh_size = symbols, .sh_link = 2 },
		{ .sh_type = SHT_STRTAB, .sh_offset = start + symbols, .sh_size = sizeof names },
	};
	Elf64_Ehdr header = { .e_shoff = start + symbols + sizeof names,
			      .e_shentsize = sizeof(Elf64_Shdr),
			      .e_shnum = 3,
			      .e_shstrndx = 2 };
	memcpy(header.e_ident, ELFMAG, SELFMAG);
	header.e_ident[EI_CLASS] = ELFCLASS64;
	header.e_ident[EI_DATA] = ELFDATA2LSB;
	header.e_ident[EI_VERSION] = EV_CURRENT;
	lopt_buf_add(content, &header, sizeof header);
	lopt_buf_text(content, text);
	for (size_t i = 0; i < symbols; i++)
		lopt_buf_char(content, '\0');
	lopt_buf_add(content, names, sizeof names);
	lopt_buf_add(content, sections, sizeof sections);
}

/* A header, two segments, the names of libraries ("a,b"), what asks for them, and the text. */
static void make_linked(struct lopt_buf *content, const char *text, const char *needs)
{
	enum { NEEDS_MAX = 4 };
	size_t strings = sizeof(Elf64_Ehdr) + 2 * sizeof(Elf64_Phdr), len = strlen(needs) + 2, count = 0;
	Elf64_Dyn dynamic[NEEDS_MAX + 3] = { 0 };
	char names[256] = "";
	(void)snprintf(names + 1, sizeof names - 1, "%s", needs);
	for (size_t i = 1; i < len - 1 && count < NEEDS_MAX; i += strlen(names + i) + 1) {
		names[i + strcspn(names + i, ",")] = '\0';
		dynamic[count++] = (Elf64_Dyn){ .d_tag = DT_NEEDED, .d_un.d_val = i };
	}
	dynamic[count++] = (Elf64_Dyn){ .d_tag = DT_STRTAB, .d_un.d_ptr = strings };
	dynamic[count++] = (Elf64_Dyn){ .d_tag = DT_STRSZ, .d_un.d_val = len };
	const Elf64_Phdr segments[] = {
		{ .p_type = PT_LOAD, .p_filesz = strings + len },
		{ .p_type = PT_DYNAMIC, .p_offset = strings + len, .p_filesz = sizeof dynamic },
	};
	Elf64_Ehdr header = { .e_phoff = sizeof header, .e_phentsize = sizeof(Elf64_Phdr), .e_phnum = 2 };
	memcpy(header.e_ident, ELFMAG, SELFMAG);
	header.e_ident[EI_CLASS] = ELFCLASS64;
	header.e_ident[EI_DATA] = ELFDATA2LSB;
	header.e_ident[EI_VERSION] = EV_CURRENT;
	lopt_buf_add(content, &header, sizeof header);
	lopt_buf_add(content, segments, sizeof segments);
	lopt_buf_add(content, names, len);
	lopt_buf_add(content, dynamic, sizeof dynamic);
	lopt_buf_text(content, text);
}

static void add_content(struct lopt_buf *tar, struct attributes *attributes, const char *text)
{
	struct lopt_buf content = LOPT_BUF_INIT(1 << 24);
	size_t len = strlen(text), size = attributes->has_size ? attributes->size : len;
	for (size_t i = 0; i < size && !attributes->symbols && !attributes->needs; i++)
		lopt_buf_char(&content, len ? text[i % len] : 'x');
	if (attributes->symbols)
		make_program(&content, text, attributes->symbols);
	else if (attributes->needs)
		make_linked(&content, text, attributes->needs);
	attributes->header.size = content.len;
	test_tar_header(tar, &attributes->header);
	test_tar_content(tar, content.data, content.len);
	tar->failed |= content.failed;
	lopt_buf_release(&content);
}

static void add_entry(struct lopt_buf *tar, char *token)
{
	static const char signs[] = "=@+%", types[] = "0213";
	char name[101] = "";
	struct attributes attributes = { .pax = LOPT_BUF_INIT(1 << 16) };
	struct test_header *header = &attributes.header;
	size_t split = strcspn(token, signs);
	const char *sign = token[split] && split < strcspn(token, ";") ? strchr(signs, token[split]) : NULL;
	header->mode = sign ? 0644 : 0755;
	read_attributes(&attributes, token);
	split = sign ? split : strlen(token);
	memcpy(name, token, split < sizeof name ? split : sizeof name - 1);
	const char *rest = sign ? token + split + 1 : "";
	header->name = name;
	header->type = sign ? types[sign - signs] : '5';
	if (header->type == '2' || header->type == '1')
		header->link = rest;
	if (header->type == '3') {
		header->major = (unsigned)strtoul(rest, NULL, 10);
		header->minor = (unsigned)strtoul(rest + strcspn(rest, ":") + 1, NULL, 10);
	}
	if (attributes.pax.len)
		test_tar_pax(tar, &attributes.pax);
	if (header->type == '0')
		add_content(tar, &attributes, rest);
	else
		test_tar_header(tar, header);
	lopt_buf_release(&attributes.pax);
}

void test_layer(struct lopt_buf *tar, const char *text)
{
	char copy[4096], *rest = copy, *token;
	(void)snprintf(copy, sizeof copy, "%s", text);
	while ((token = strtok_r(rest, " ", &rest)))
		add_entry(tar, token);
	test_tar_end(tar);
}

void test_file(struct lopt_buf *tar, const struct test_file *file)
{
	char path[256];
	struct attributes attributes = { .pax = LOPT_BUF_INIT(1 << 16) };
	struct test_header *header = &attributes.header;
	bool symbolic = file->text && strncmp(file->text, "-> ", 3) == 0;
	bool hard = file->text && strncmp(file->text, "=> ", 3) == 0;
	(void)snprintf(path, sizeof path, "%s", file->path);
	header->mode = symbolic || hard || !file->text ? 0755 : 0644;
	read_attributes(&attributes, path);
	header->name = path;
	header->type = symbolic ? '2' : hard ? '1' : path[strlen(path) - 1] == '/' ? '5' : '0';
	header->link = symbolic || hard ? file->text + 3 : NULL;
	if (header->type == '0')
		add_content(tar, &attributes, file->text);
	else
		test_tar_header(tar, header);
	lopt_buf_release(&attributes.pax);
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
