/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "source/meter.h"
#include "source/store.h"

struct dir_store {
	struct lopt_store store;
	int fd;
};

static enum lopt_status cannot_open(struct lopt_str name, int code, struct lopt_error *err)
{
	if (code == ENOENT)
		return LOPT_END;
	if (code == ELOOP || code == ENOTDIR)
		return lopt_error_set(err, LOPT_E_INPUT, "%.*s: symbolic links in an OCI layout are not followed",
				      LOPT_STR_ARGS(name));
	return lopt_error_set(err, LOPT_E_SYSTEM, "%.*s: cannot open: %s", LOPT_STR_ARGS(name), strerror(code));
}

/* Component by component, so that no symbolic link leads out. The name is cleaned: no "." and no "..". */
static enum lopt_status open_inside(const struct lopt_store *store, struct lopt_str name, int *out,
				    struct lopt_error *err)
{
	LOPT_CLEANUP(lopt_cleanup_fd) int dir = -1;
	int top = ((const struct dir_store *)store)->fd;
	for (size_t at = 0;;) {
		char part[256];
		const char *slash = memchr(name.ptr + at, '/', name.len - at);
		size_t n = slash ? (size_t)(slash - name.ptr) - at : name.len - at;
		if (n >= sizeof part)
			return LOPT_END;
		memcpy(part, name.ptr + at, n);
		part[n] = '\0';
		int flags = O_RDONLY | O_NOFOLLOW | O_CLOEXEC | (slash ? O_DIRECTORY : O_NONBLOCK);
		int fd = openat(dir >= 0 ? dir : top, part, flags);
		if (fd < 0)
			return cannot_open(name, errno, err);
		if (!slash) {
			*out = fd;
			return LOPT_OK;
		}
		lopt_cleanup_fd(&dir);
		dir = fd;
		at += n + 1;
	}
}

static enum lopt_status add_file(struct lopt_store *store, struct lopt_str name, int fd, struct lopt_error *err)
{
	struct stat st;
	if (fstat(fd, &st) != 0)
		return lopt_error_set(err, LOPT_E_SYSTEM, "%.*s: %s", LOPT_STR_ARGS(name), strerror(errno));
	struct lopt_member member = {
		.name = lopt_arena_copy(&store->arena, name),
		.type = S_ISREG(st.st_mode) ? LOPT_MEMBER_FILE : LOPT_MEMBER_OTHER,
		.size = (uint64_t)st.st_size,
	};
	if (!member.name.ptr)
		return lopt_error_memory(err);
	return lopt_store_add(store, &member, err);
}

static enum lopt_status find_file(struct lopt_store *store, struct lopt_str name, uint32_t *out, struct lopt_error *err)
{
	LOPT_CLEANUP(lopt_cleanup_fd) int fd = -1;
	*out = lopt_store_lookup(store, name);
	if (*out != LOPT_TABLE_NONE)
		return LOPT_OK;
	LOPT_TRY(open_inside(store, name, &fd, err));
	LOPT_TRY(add_file(store, name, fd, err));
	*out = (uint32_t)(store->count - 1);
	return LOPT_OK;
}

/* Between finding and reading the file may be gone: that is an error, not an absent member. */
static enum lopt_status open_again(const struct lopt_store *store, const struct lopt_member *member, int *fd,
				   struct lopt_error *err)
{
	enum lopt_status status = open_inside(store, member->name, fd, err);
	if (status == LOPT_END)
		return lopt_error_set(err, LOPT_E_SYSTEM, "%.*s: it has disappeared", LOPT_STR_ARGS(member->name));
	return status;
}

static enum lopt_status read_text(struct lopt_store *store, const struct lopt_member *member, struct lopt_buf *to,
				  struct lopt_error *err)
{
	LOPT_CLEANUP(lopt_cleanup_fd) int fd = -1;
	size_t got;
	struct lopt_file_stream file;
	LOPT_TRY(open_again(store, member, &fd, err));
	lopt_file_stream_init(&file, fd, 0, member->size);
	char *room = lopt_buf_reserve(to, (size_t)member->size);
	if (!room)
		return lopt_error_memory(err);
	LOPT_TRY(lopt_stream_read_full(&file.stream, room, (size_t)member->size, &got, err));
	to->len += got;
	to->data[to->len] = '\0';
	return LOPT_OK;
}

static enum lopt_status read_layer(struct lopt_store *store, struct lopt_member *member,
				   const struct lopt_layer_options *options, struct lopt_layer_data **out,
				   struct lopt_error *err)
{
	LOPT_CLEANUP(lopt_cleanup_fd) int fd = -1;
	struct lopt_file_stream file;
	struct lopt_metered_stream metered;
	LOPT_TRY(open_again(store, member, &fd, err));
	lopt_file_stream_init(&file, fd, 0, member->size);
	lopt_metered_stream_init(&metered, &file.stream, store->meter);
	return lopt_layer_read(out, &metered.stream, options, err);
}

static enum lopt_status reopen(struct lopt_store *store, const struct lopt_member *member, int *fd, uint64_t *offset,
			       struct lopt_error *err)
{
	*offset = 0;
	return open_again(store, member, fd, err);
}

/* A directory has every name once. */
static enum lopt_status same_file(struct lopt_store *store, const struct lopt_member *a, const struct lopt_member *b,
				  bool *same, struct lopt_error *err)
{
	(void)store, (void)err;
	*same = a == b;
	return LOPT_OK;
}

static void release(struct lopt_store *store)
{
	int fd = ((struct dir_store *)store)->fd;
	lopt_cleanup_fd(&fd);
}

enum lopt_status lopt_dir_store_open(struct lopt_store **out, int fd, const struct lopt_limits *limits,
				     struct lopt_notes *notes, struct lopt_meter *meter, struct lopt_error *err)
{
	static const struct lopt_store_ops ops = {
		.parallel = true,
		.find = find_file,
		.text = read_text,
		.layer = read_layer,
		.reopen = reopen,
		.same = same_file,
		.release = release,
	};
	struct dir_store *dir = calloc(1, sizeof *dir);
	if (!dir) {
		lopt_cleanup_fd(&fd);
		return lopt_error_memory(err);
	}
	lopt_store_init(&dir->store, &ops, limits, notes, meter);
	dir->fd = fd;
	*out = &dir->store;
	return LOPT_OK;
}
