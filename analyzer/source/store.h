/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_SOURCE_STORE_H
#define LAYEROPT_SOURCE_STORE_H

#include "base/buf.h"
#include "base/table.h"
#include "layer/layer.h"

/**
 * Named members, found by name: a tar file, a stream that passes by once, or an OCI layout directory. Names are
 * relative, without "." and ".." components. Members nobody asks for cost nothing but their place in the index.
 */
enum lopt_member_type {
	LOPT_MEMBER_FILE,
	LOPT_MEMBER_SYMLINK,
	LOPT_MEMBER_HARDLINK,
	LOPT_MEMBER_OTHER, /* a directory, a device, a fifo: an error where it is used */
};

#define LOPT_NO_MEMBER UINT32_MAX

struct lopt_member {
	struct lopt_str name;  /* cleaned */
	struct lopt_str link;  /* target as written */
	uint64_t offset, size; /* of its bytes */
	enum lopt_member_type type;
	bool checked;	   /* its namesakes hold the same */
	uint32_t namesake; /* an earlier member of the same name, or LOPT_NO_MEMBER */
	/* What a stream kept, since it cannot go back: at most one of the three. */
	struct lopt_str text; /* ptr NULL: not kept */
	struct lopt_layer_data *data;
	struct lopt_error *failure; /* why it is no layer */
};

struct lopt_store;

struct lopt_store_ops {
	/** Whether lopt_store_layer may be called for different members by several threads at once. */
	bool parallel;
	/** Whether digests are computed whether asked for or not. */
	bool always_digests;
	/** A member by its cleaned name, links not followed; LOPT_END when there is none. */
	enum lopt_status (*find)(struct lopt_store *store, struct lopt_str name, uint32_t *out, struct lopt_error *err);
	/** Append the bytes of a file whose size has been checked. */
	enum lopt_status (*text)(struct lopt_store *store, const struct lopt_member *member, struct lopt_buf *to,
				 struct lopt_error *err);
	/** Read a file as a layer; the caller owns *out. At most once per member. */
	enum lopt_status (*layer)(struct lopt_store *store, struct lopt_member *member,
				  const struct lopt_layer_options *options, struct lopt_layer_data **out,
				  struct lopt_error *err);
	/**
	 * A descriptor of the caller's own through which a file can be read again, and where in it the file begins; by
	 * several threads at once. NULL where members pass by once: then nothing can be read again.
	 */
	enum lopt_status (*reopen)(struct lopt_store *store, const struct lopt_member *member, int *fd,
				   uint64_t *offset, struct lopt_error *err);
	/** Whether two files of one size hold the same bytes. */
	enum lopt_status (*same)(struct lopt_store *store, const struct lopt_member *a, const struct lopt_member *b,
				 bool *same, struct lopt_error *err);
	void (*release)(struct lopt_store *store);
};

/** Told how many bytes have been read; may be called by several threads, not at the same time. */
struct lopt_meter;

/** Each kind embeds it as its first member. */
struct lopt_store {
	const struct lopt_store_ops *ops;
	const struct lopt_limits *limits;
	struct lopt_notes *notes; /* borrowed */
	struct lopt_meter *meter; /* borrowed */
	uint64_t entries_left;	  /* of limits->entries */
	struct lopt_arena arena;
	struct lopt_member *members;
	size_t count, cap;
	struct lopt_table table; /* name to the last member of that name */
};

void lopt_store_init(struct lopt_store *store, const struct lopt_store_ops *ops, const struct lopt_limits *limits,
		     struct lopt_notes *notes, struct lopt_meter *meter);
/** NULL is fine. */
void lopt_store_free(struct lopt_store *store);

/**
 * Clean a member's name: "./", doubled and trailing slashes go. LOPT_END for one nobody can ask for: absolute, with
 * "..", a NUL, or too long. *out is in the arena.
 */
LOPT_CHECKED enum lopt_status lopt_store_clean(struct lopt_str *out, struct lopt_arena *arena, struct lopt_str name,
					       struct lopt_error *err);

/** Append a member whose name is cleaned and in the store's arena; the pointer holds until the next one. */
LOPT_CHECKED enum lopt_status lopt_store_add(struct lopt_store *store, const struct lopt_member *member,
					     struct lopt_error *err);

/** The last member of this cleaned name, or LOPT_NO_MEMBER. */
uint32_t lopt_store_lookup(const struct lopt_store *store, struct lopt_str name);

/**
 * The file behind `name`: links are followed by name (at most 8), namesakes have to hold the same. LOPT_END when
 * there is no such member. Names that are absolute or climb are an error.
 */
LOPT_CHECKED enum lopt_status lopt_store_find(struct lopt_store *store, struct lopt_str name, uint32_t *out,
					      struct lopt_error *err);

/** The bytes of a file as a text of at most limits->json_bytes. The caller releases the buffer. */
LOPT_CHECKED enum lopt_status lopt_store_text(struct lopt_store *store, uint32_t member, struct lopt_buf *out,
					      struct lopt_error *err);

/** Read a file as a layer; the caller owns *out. At most once per member. */
LOPT_CHECKED enum lopt_status lopt_store_layer(struct lopt_store *store, uint32_t member,
					       const struct lopt_layer_options *options, struct lopt_layer_data **out,
					       struct lopt_error *err);

/** A descriptor to read a file again, see ops->reopen; only where that is there. */
LOPT_CHECKED enum lopt_status lopt_store_reopen(struct lopt_store *store, uint32_t member, int *fd, uint64_t *offset,
						struct lopt_error *err);

/** An uncompressed tar file, indexed by one pass that skips; takes `fd`, also on failure. */
LOPT_CHECKED enum lopt_status lopt_file_store_open(struct lopt_store **out, int fd, uint64_t size,
						   const struct lopt_limits *limits, struct lopt_notes *notes,
						   struct lopt_meter *meter, struct lopt_error *err);

/** A tar that can only be read once, read at once: layers are parsed as they pass, nothing is spooled. */
LOPT_CHECKED enum lopt_status lopt_stream_store_open(struct lopt_store **out, struct lopt_stream *below,
						     const struct lopt_limits *limits,
						     const struct lopt_content_options *contents,
						     struct lopt_notes *notes, struct lopt_error *err);

/** An OCI layout directory; takes `fd`, also on failure. */
LOPT_CHECKED enum lopt_status lopt_dir_store_open(struct lopt_store **out, int fd, const struct lopt_limits *limits,
						  struct lopt_notes *notes, struct lopt_meter *meter,
						  struct lopt_error *err);

#endif
