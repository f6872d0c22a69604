/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "source/meter.h"
#include "source/outer.h"

struct file_store {
	struct lopt_store store;
	int fd;
};

static int descriptor(const struct lopt_store *store)
{
	return ((const struct file_store *)store)->fd;
}

static enum lopt_status find_indexed(struct lopt_store *store, struct lopt_str name, uint32_t *out,
				     struct lopt_error *err)
{
	(void)err;
	*out = lopt_store_lookup(store, name);
	return *out == LOPT_TABLE_NONE ? LOPT_END : LOPT_OK;
}

static enum lopt_status read_text(struct lopt_store *store, const struct lopt_member *member, struct lopt_buf *to,
				  struct lopt_error *err)
{
	size_t got;
	struct lopt_file_stream file;
	lopt_file_stream_init(&file, descriptor(store), member->offset, member->size);
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
	struct lopt_file_stream file;
	struct lopt_metered_stream metered;
	lopt_file_stream_init(&file, descriptor(store), member->offset, member->size);
	lopt_metered_stream_init(&metered, &file.stream, store->meter);
	return lopt_layer_read(out, &metered.stream, options, err);
}

static enum lopt_status reopen(struct lopt_store *store, const struct lopt_member *member, int *fd, uint64_t *offset,
			       struct lopt_error *err)
{
	*offset = member->offset;
	*fd = fcntl(descriptor(store), F_DUPFD_CLOEXEC, 0);
	return *fd < 0 ? lopt_error_set(err, LOPT_E_SYSTEM, "cannot read again: %s", strerror(errno)) : LOPT_OK;
}

static enum lopt_status same_bytes(struct lopt_store *store, const struct lopt_member *a, const struct lopt_member *b,
				   bool *same, struct lopt_error *err)
{
	struct lopt_file_stream x, y;
	unsigned char left[8192], right[sizeof left];
	size_t n, m;
	lopt_file_stream_init(&x, descriptor(store), a->offset, a->size);
	lopt_file_stream_init(&y, descriptor(store), b->offset, b->size);
	*same = true;
	do {
		LOPT_TRY(lopt_stream_read_full(&x.stream, left, sizeof left, &n, err));
		LOPT_TRY(lopt_stream_read_full(&y.stream, right, sizeof right, &m, err));
		*same = n == m && memcmp(left, right, n) == 0;
	} while (n && *same);
	return LOPT_OK;
}

static void release(struct lopt_store *store)
{
	int fd = descriptor(store);
	lopt_cleanup_fd(&fd);
}

static enum lopt_status keep_place(struct lopt_store *store, struct lopt_tar_reader *tar,
				   const struct lopt_tar_entry *entry, struct lopt_member *member,
				   struct lopt_error *err)
{
	(void)store, (void)tar, (void)entry, (void)member, (void)err;
	return LOPT_OK; /* where it lies is all there is to know */
}

enum lopt_status lopt_file_store_open(struct lopt_store **out, int fd, uint64_t size, const struct lopt_limits *limits,
				      struct lopt_notes *notes, struct lopt_meter *meter, struct lopt_error *err)
{
	static const struct lopt_store_ops ops = {
		.parallel = true,
		.find = find_indexed,
		.text = read_text,
		.layer = read_layer,
		.reopen = reopen,
		.same = same_bytes,
		.release = release,
	};
	struct file_store *file = calloc(1, sizeof *file);
	if (!file) {
		lopt_cleanup_fd(&fd);
		return lopt_error_memory(err);
	}
	lopt_store_init(&file->store, &ops, limits, notes, meter);
	file->fd = fd;
	struct lopt_file_stream stream;
	lopt_file_stream_init(&stream, fd, 0, size);
	enum lopt_status status = lopt_outer_read(&file->store, &stream.stream, keep_place, err);
	if (status == LOPT_OK)
		*out = &file->store;
	else
		lopt_store_free(&file->store);
	return status;
}
