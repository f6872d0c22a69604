/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "support/archive.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

enum { BLOCK = 512, NAME_SIZE = 100 };

/* An octal field of `size` bytes, its NUL included. */
static void put_octal(char *field, size_t size, uint64_t value)
{
	field[size - 1] = '\0';
	for (size_t i = size - 1; i-- > 0; value >>= 3)
		field[i] = (char)('0' + (value & 7));
}

static void put_text(char *field, size_t size, const char *text)
{
	size_t length = text ? strlen(text) : 0;
	memcpy(field, text ? text : "", length < size ? length : size);
}

static void put_checksum(char *block)
{
	unsigned sum = 0;
	memset(block + 148, ' ', 8);
	for (size_t i = 0; i < BLOCK; i++)
		sum += (unsigned char)block[i];
	put_octal(block + 148, 7, sum);
}

static void add_long_names(struct lopt_buf *tar, const struct test_header *header)
{
	struct lopt_buf records = LOPT_BUF_INIT(1 << 20);
	if (header->name && strlen(header->name) > NAME_SIZE)
		test_pax_record(&records, "path", header->name, strlen(header->name));
	if (header->link && strlen(header->link) > NAME_SIZE)
		test_pax_record(&records, "linkpath", header->link, strlen(header->link));
	if (records.len)
		test_tar_pax(tar, &records);
	lopt_buf_release(&records);
}

void test_tar_header(struct lopt_buf *tar, const struct test_header *header)
{
	char block[BLOCK] = { 0 };
	add_long_names(tar, header);
	put_text(block, NAME_SIZE, header->name);
	put_octal(block + 100, 8, header->mode);
	put_octal(block + 108, 8, header->uid);
	put_octal(block + 116, 8, header->gid);
	put_octal(block + 124, 12, header->size);
	put_octal(block + 136, 12, header->mtime);
	block[156] = header->type ? header->type : '0';
	put_text(block + 157, NAME_SIZE, header->link);
	memcpy(block + 257, "ustar\00000", 8);
	put_octal(block + 329, 8, header->major);
	put_octal(block + 337, 8, header->minor);
	put_checksum(block);
	lopt_buf_add(tar, block, sizeof block);
}

void test_tar_content(struct lopt_buf *tar, const void *bytes, size_t size)
{
	static const char zeros[BLOCK];
	lopt_buf_add(tar, bytes, size);
	lopt_buf_add(tar, zeros, -size & (BLOCK - 1));
}

void test_tar_file(struct lopt_buf *tar, const char *name, const void *bytes, size_t size)
{
	const struct test_header header = { .name = name, .mode = 0644, .size = size };
	test_tar_header(tar, &header);
	test_tar_content(tar, bytes, size);
}

void test_pax_record(struct lopt_buf *records, const char *key, const void *value, size_t size)
{
	size_t body = strlen(key) + size + 3, length = body;
	for (size_t before = 0; before != length;) {
		before = length;
		length = body + (size_t)snprintf(NULL, 0, "%zu", length);
	}
	lopt_buf_printf(records, "%zu %s=", length, key);
	lopt_buf_add(records, value, size);
	lopt_buf_char(records, '\n');
}

void test_tar_pax(struct lopt_buf *tar, const struct lopt_buf *records)
{
	const struct test_header header = { .name = "PaxHeaders/x", .type = 'x', .size = records->len };
	tar->failed |= records->failed;
	test_tar_header(tar, &header);
	test_tar_content(tar, records->data, records->len);
}

void test_tar_end(struct lopt_buf *tar)
{
	static const char zeros[2 * BLOCK];
	lopt_buf_add(tar, zeros, sizeof zeros);
}

void test_gzip(struct lopt_buf *to, const void *bytes, size_t size)
{
	enum { GZIP_FORMAT = 15 + 16 };
	z_stream z = { .next_in = (Bytef *)(uintptr_t)bytes, .avail_in = (uInt)size };
	if (deflateInit2(&z, 1, Z_DEFLATED, GZIP_FORMAT, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
		to->failed = true;
		return;
	}
	size_t room = deflateBound(&z, (uLong)size) + 64;
	char *at = lopt_buf_reserve(to, room);
	z.next_out = (Bytef *)at;
	z.avail_out = (uInt)room;
	if (!at || deflate(&z, Z_FINISH) != Z_STREAM_END)
		to->failed = true;
	else
		to->len += z.total_out;
	(void)deflateEnd(&z);
}

void test_zstd(struct lopt_buf *to, const void *bytes, size_t size)
{
	size_t room = ZSTD_compressBound(size);
	char *at = lopt_buf_reserve(to, room);
	size_t made = at ? ZSTD_compress(at, room, bytes, size, 1) : 0;
	if (!at || ZSTD_isError(made))
		to->failed = true;
	else
		to->len += made;
}

int test_memory_file(const void *bytes, size_t size, char path[64])
{
	int fd = memfd_create("image", MFD_CLOEXEC);
	const char *at = bytes;
	while (fd >= 0 && size) {
		ssize_t n = write(fd, at, size);
		if (n <= 0) {
			(void)close(fd);
			return -1;
		}
		at += n;
		size -= (size_t)n;
	}
	(void)snprintf(path, 64, "/proc/self/fd/%d", fd);
	return fd;
}
