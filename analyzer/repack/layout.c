/* SPDX-License-Identifier: MIT */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "repack/header.h"
#include "repack/repack.h"

/*
 * Unfolding happens where files may be made, and the archive was written where they may not: by then it may say anything. So
 * only names that a layout has are made, all of them new, in a directory of its own; all codes are errnos.
 */
enum { CHUNK = 256 * 1024, NAME_MAX_BYTES = 160 };

static int code_of(bool good)
{
	return good ? 0 : errno ? errno : EIO;
}

/* --- names --- */

static bool is_hex(const char *text, size_t len)
{
	return strlen(text) == len && strspn(text, "0123456789abcdef") == len;
}

static bool is_member(const char *name)
{
	if (strncmp(name, "blobs/sha256/", 13) == 0)
		return is_hex(name + 13, 64);
	if (strncmp(name, "blobs/sha512/", 13) == 0)
		return is_hex(name + 13, 128);
	return strcmp(name, "index.json") == 0 || strcmp(name, "oci-layout") == 0;
}

/* --- the archive, as it was written here --- */

struct member {
	char name[NAME_MAX_BYTES];
	uint64_t offset, size;
};

static uint64_t size_of(const unsigned char field[12])
{
	uint64_t size = 0;
	if (field[0] & 0x80)
		for (int i = 4; i < 12; i++)
			size = size << 8 | field[i];
	else
		for (int i = 0; i < 11; i++)
			size = size << 3 | (uint64_t)(field[i] & 7);
	return size;
}

static bool read_at(int fd, void *to, size_t size, uint64_t offset)
{
	errno = 0;
	return pread(fd, to, size, (off_t)offset) == (ssize_t)size;
}

/* From `*at` on; *found is false at the end. */
static int next_member(int archive, uint64_t *at, struct member *out, bool *found)
{
	unsigned char block[LOPT_TAR_BLOCK_SIZE];
	memset(out->name, 0, sizeof out->name);
	*found = true;
	for (;;) {
		if (!read_at(archive, block, sizeof block, *at))
			return code_of(false);
		bool is_long = block[156] == 'L';
		out->size = size_of(block + 124);
		out->offset = *at + LOPT_TAR_BLOCK_SIZE;
		*found = block[0] != 0;
		if (!*found)
			return 0;
		if (out->size > INT64_MAX / 2)
			return EINVAL;
		*at = out->offset + (out->size + LOPT_TAR_BLOCK_SIZE - 1) / LOPT_TAR_BLOCK_SIZE * LOPT_TAR_BLOCK_SIZE;
		if (!is_long && !out->name[0])
			memcpy(out->name, block, 100);
		if (!is_long)
			return is_member(out->name) ? 0 : EINVAL;
		if (out->size >= sizeof out->name || !read_at(archive, out->name, (size_t)out->size, out->offset))
			return EINVAL;
	}
}

/* --- files --- */

static bool write_all(int fd, const char *bytes, size_t size)
{
	while (size) {
		ssize_t n = write(fd, bytes, size);
		if (n < 0 && errno != EINTR)
			return false;
		bytes += n > 0 ? n : 0;
		size -= n > 0 ? (size_t)n : 0;
	}
	return true;
}

/* Copies, and then reads again what came of it. */
static int copy(int archive, const struct member *member, int file, char *bytes, char *again)
{
	for (int pass = 0; pass < 2; pass++) {
		for (uint64_t done = 0; done < member->size;) {
			size_t size = member->size - done < CHUNK ? (size_t)(member->size - done) : CHUNK;
			if (!read_at(archive, bytes, size, member->offset + done))
				return code_of(false);
			if (pass == 0 && !write_all(file, bytes, size))
				return code_of(false);
			if (pass == 1 && (!read_at(file, again, size, done) || memcmp(bytes, again, size) != 0))
				return code_of(false);
			done += size;
		}
		if (pass == 0 && fsync(file) < 0 && errno != EINVAL) /* no fsync there */
			return code_of(false);
	}
	return 0;
}

/* `bytes`: room for two chunks. */
static int unfold_member(int archive, const struct member *member, int directory, char *bytes)
{
	char parent[] = "blobs/sha256";
	if (strchr(member->name, '/')) {
		memcpy(parent, member->name, sizeof parent - 1);
		if ((mkdirat(directory, "blobs", 0777) < 0 && errno != EEXIST) ||
		    (mkdirat(directory, parent, 0777) < 0 && errno != EEXIST))
			return code_of(false);
	}
	LOPT_CLEANUP(lopt_cleanup_fd)
	int file = openat(directory, member->name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
	return file < 0 ? code_of(false) : copy(archive, member, file, bytes, bytes + CHUNK);
}

static int unfold_all(int archive, int directory)
{
	LOPT_CLEANUP(lopt_cleanup_bytes) char *bytes = malloc((size_t)2 * CHUNK);
	struct member member;
	bool found = true;
	uint64_t at = 0;
	if (!bytes)
		return ENOMEM;
	for (;;) {
		int code = next_member(archive, &at, &member, &found);
		if (code || !found)
			return code;
		code = unfold_member(archive, &member, directory, bytes);
		if (code)
			return code;
	}
}

/* --- the directory --- */

static void remove_files(int directory, const char *name)
{
	int fd = openat(directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *list = fd < 0 ? NULL : fdopendir(fd);
	if (!list) {
		lopt_cleanup_fd(&fd);
		return;
	}
	for (const struct dirent *entry; (entry = readdir(list));)
		(void)unlinkat(fd, entry->d_name, 0); /* fails for directories */
	(void)closedir(list);
}

static void remove_layout(int directory, const char *path)
{
	static const char *const parts[] = { "blobs/sha256", "blobs/sha512", "blobs", "." };
	for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
		remove_files(directory, parts[i]);
		(void)unlinkat(directory, parts[i], AT_REMOVEDIR);
	}
	(void)rmdir(path);
}

static int unfold_to(int archive, const char *path, const char *target)
{
	if (mkdir(path, 0777) < 0)
		return code_of(false);
	LOPT_CLEANUP(lopt_cleanup_fd) int directory = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int code = directory < 0 ? code_of(false) : unfold_all(archive, directory);
	if (!code && rename(path, target) < 0)
		code = code_of(false);
	if (code && directory >= 0)
		remove_layout(directory, path);
	return code;
}

int lopt_layout_unfold(const char *archive, const char *target)
{
	LOPT_CLEANUP(lopt_cleanup_bytes) char *path = NULL;
	LOPT_CLEANUP(lopt_cleanup_fd) int fd = open(archive, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return code_of(false);
	if (asprintf(&path, "%s-d", archive) < 0) {
		path = NULL;
		return ENOMEM;
	}
	return unfold_to(fd, path, target);
}
