/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_IMAGE_H
#define LAYEROPT_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "layeropt/limits.h"
#include "layeropt/status.h"
#include "layeropt/str.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * A container image, read once and never changed afterwards. Everything reached through it is borrowed and
 * lives as long as the image. Words and figures are those of docs/metrics.md.
 */
struct lopt_image;

enum lopt_format {
	LOPT_FORMAT_DOCKER_ARCHIVE, /* manifest.json: docker save 1.10 and later, hybrids, podman, kaniko, ... */
	LOPT_FORMAT_OCI_ARCHIVE,    /* index.json in a tar (OCI image-spec image-layout.md) */
	LOPT_FORMAT_OCI_LAYOUT,	    /* the same as a directory */
};

/** "docker-archive", "oci-archive", "oci-layout" */
const char *lopt_format_name(enum lopt_format format);

/** Whether a digest was computed and compared. */
enum lopt_verified {
	LOPT_VERIFIED_NOT_CHECKED, /* not asked for */
	LOPT_VERIFIED_NOTHING,	   /* nothing to check against */
	LOPT_VERIFIED_TRUE,
};

struct lopt_progress {
	/** Called now and then while the image is read; `total` is 0 when it is not known. */
	void (*report)(void *context, const char *what, uint64_t done, uint64_t total);
	void *context;
};

/** How much of a file's content is kept, when it passes, for those who look into files. */
enum lopt_keep {
	LOPT_KEEP_NOTHING = 0,
	LOPT_KEEP_LOOK,	    /* ask again with the first bytes */
	LOPT_KEEP_HEAD,	    /* the first bytes, at most LOPT_HEAD_MAX */
	LOPT_KEEP_ALL,	    /* all of it, up to limits->kept_file_bytes a file and kept_bytes a layer */
	LOPT_KEEP_SECTIONS, /* of an ELF file: how much of it is symbols and debug information */
	LOPT_KEEP_USES, /* what it asks for by name: an ELF file, as SECTIONS, libraries; a script, as HEAD, modules */
};

/** Bytes of content a choice may be made by: all there are, at most this many. */
#define LOPT_HEAD_MAX 512

/**
 * What is to be kept of a regular file with content: asked with `head.ptr` NULL first, and after LOPT_KEEP_LOOK again with
 * its first bytes; LOPT_KEEP_ALL is no answer then, since they have passed. It depends on path, mode, size and head alone; layers are read by several threads at once.
 */
struct lopt_entry;
typedef enum lopt_keep lopt_keep_choice(const struct lopt_entry *entry, struct lopt_str head);

/** A digest that was computed in this process, with a fingerprint of the bytes (analyzer/blob/hashed.h). */
struct lopt_hashed;

/** How an image is read. Zeroed is the default. */
struct lopt_open_options {
	const struct lopt_limits *limits; /* NULL: the defaults */
	const char *
		select; /* one of several images: a tag as written in the archive, "NAME", or its number from 1; NULL: there must be one */
	const char *platform;		  /* "os/arch[/variant]"; NULL: the host's, else the only one */
	bool verify_digests;		  /* compute and compare every blob digest and diff ID */
	const struct lopt_hashed *hashed; /* borrowed: layers of these digests need not be hashed to be verified */
	size_t hashed_count;
	bool want_sha256;	       /* SHA-256 of every regular file's content is needed (ls) */
	bool want_fingerprints;	       /* all contents are to be told apart, also from those of other images read so */
	bool want_places;	       /* where in its layer each entry lies, for who copies them */
	bool want_duplicate_sha256;    /* ... of contents that are there twice: of those, where they pass by once */
	lopt_keep_choice *keep;	       /* NULL: nothing is kept */
	struct lopt_progress progress; /* report may be NULL */
};

/**
 * An input that is open, and of which nothing has been read. What comes from outside comes now: the file, a container
 * engine is started, libraries read their settings. A program may then give up whatever lopt_source_needs() does not name
 * before it lets the first byte in.
 */
struct lopt_source;

/**
 * Open `path`: a docker save tarball or OCI archive (also gzip- or zstd-compressed), an OCI layout directory, "-" for
 * standard input, or "docker:NAME" / "podman:NAME". On success the caller owns *out; on failure *out is untouched.
 */
LOPT_CHECKED enum lopt_status lopt_source_open(struct lopt_source **out, const char *path, struct lopt_error *err);
enum { LOPT_SOURCE_HINT_MAX = 320 };
/**
 * What goes behind "No such file or directory" where `path` reads like the name of an image: "; an image of docker is
 * docker:app:2". Else "".
 */
void lopt_source_hint(char hint[LOPT_SOURCE_HINT_MAX], const char *path);
/** Ends an engine that still runs. */
void lopt_source_free(struct lopt_source *source);

/** What reading takes from outside beyond open descriptors. */
struct lopt_source_needs {
	int directory; /* files beneath this descriptor are opened for reading; -1: none are */
	int process;   /* this child, leader of its process group, is waited for and may be killed; 0: none */
};
struct lopt_source_needs lopt_source_needs(const struct lopt_source *source);

/**
 * Read the image of a source, which can be done once. On success the caller owns *out; on failure *out is untouched. The
 * source is to be freed in either case.
 */
LOPT_CHECKED enum lopt_status lopt_image_read(struct lopt_image **out, struct lopt_source *source,
					      const struct lopt_open_options *options, struct lopt_error *err);
/** Both in one. */
LOPT_CHECKED enum lopt_status lopt_image_open(struct lopt_image **out, const char *path,
					      const struct lopt_open_options *options, struct lopt_error *err);
void lopt_image_free(struct lopt_image *image);

/** One name and value of the configuration: an ENV (name, value) or LABEL. */
struct lopt_pair {
	struct lopt_str name;
	struct lopt_str value;
};

/** One entry of the history (OCI image-spec config.md "history"). */
struct lopt_history {
	struct lopt_str created_by;
	struct lopt_str created; /* RFC 3339 as written, or empty */
	struct lopt_str comment;
	struct lopt_str author;
	bool empty_layer;
	size_t layer; /* the layer it made, or LOPT_NO_LAYER */
};

/** What the image says of itself. Absent strings are empty (ptr NULL). */
struct lopt_image_info {
	struct lopt_str source; /* the path or name it was opened by */
	enum lopt_format format;
	const struct lopt_str *tags;
	size_t tag_count;
	struct lopt_str config_digest;	 /* "sha256:..." of the configuration's bytes */
	struct lopt_str manifest_digest; /* empty where there is no manifest with a digest */
	struct lopt_str architecture, variant, os, created;
	struct lopt_str working_dir, user;
	const struct lopt_pair *env;
	size_t env_count;
	const struct lopt_str *entrypoint, *cmd, *exposed_ports, *volumes; /* the last two sorted */
	size_t entrypoint_count, cmd_count, exposed_port_count, volume_count;
	const struct lopt_pair *labels; /* sorted by name */
	size_t label_count;
	/* the other members of "config" a container is run by (Healthcheck, OnBuild, Shell, StopSignal, ...), each value as
	 * compact JSON with sorted keys; sorted by name */
	const struct lopt_pair *settings;
	size_t setting_count;
	const struct lopt_history *history;
	size_t history_count;
	struct lopt_str base_name, base_digest; /* OCI annotations org.opencontainers.image.base.* */
};

const struct lopt_image_info *lopt_image_info(const struct lopt_image *image);

#define LOPT_NO_LAYER SIZE_MAX
#define LOPT_NO_INODE UINT32_MAX
#define LOPT_NO_CONTENT UINT32_MAX

/** File types as `ls` prints them. */
enum lopt_type {
	LOPT_FILE = 'f',
	LOPT_DIR = 'd',
	LOPT_SYMLINK = 'l',
	LOPT_CHAR = 'c',
	LOPT_BLOCK = 'b',
	LOPT_FIFO = 'p',
};

struct lopt_xattr {
	struct lopt_str name;
	struct lopt_str value;
};

enum lopt_entry_flag {
	LOPT_ENTRY_WHITEOUT = 1 << 0, /* .wh.NAME, or a character device 0:0 */
	LOPT_ENTRY_OPAQUE = 1 << 1,   /* .wh..wh..opq */
	LOPT_ENTRY_HARDLINK = 1 << 2, /* no content of its own; `inode` is that of its target */
	LOPT_ENTRY_REPLACED = 1 << 3, /* a later entry of the same tar took its path */
	LOPT_ENTRY_IGNORED = 1 << 4,  /* counted, never followed: no usable name, or the root */
	LOPT_ENTRY_SPARSE = 1 << 5,
	LOPT_ENTRY_ROOTED = 1 << 6, /* its name as written is absolute or left the root */
};

/** One tar entry of one layer, as written, its name cleaned. */
struct lopt_entry {
	struct lopt_str path; /* no leading slash; "" is the root */
	struct lopt_str link; /* target of a symbolic or hard link, as written */
	uint64_t size;	      /* logical size of a regular file; 0 otherwise */
	int64_t mtime_ns;     /* as written */
	int64_t uid, gid;
	const struct lopt_xattr *xattrs; /* sorted by name */
	uint32_t xattr_count;
	uint32_t mode; /* permission bits, at most 07777 */
	uint32_t major, minor;
	uint32_t inode; /* of the layer, from 0: index into lopt_layer.inodes; LOPT_NO_INODE if none */
	uint8_t type;	/* enum lopt_type */
	uint8_t flags;	/* enum lopt_entry_flag */
};

/** Why bytes are shipped and not seen. */
enum lopt_cause {
	LOPT_CAUSE_NONE = 0, /* visible */
	LOPT_CAUSE_OVERWRITTEN,
	LOPT_CAUSE_METADATA_ONLY,
	LOPT_CAUSE_REMOVED,
};

/** "overwritten", "metadata_only", "removed"; "visible" for none. */
const char *lopt_cause_name(enum lopt_cause cause);

/** One regular-file entry of one listed layer, with the hard links to it. */
struct lopt_inode {
	struct lopt_str path; /* where the entry that carries the content stands */
	uint64_t size;
	uint32_t entry;	    /* index of the entry that carries the content, in its layer's entries */
	uint32_t content;   /* equal content, equal number; LOPT_NO_CONTENT when size is 0 */
	uint32_t masked_by; /* layer whose instruction hid its last name; meaningless while visible */
	uint8_t cause;	    /* enum lopt_cause */
	bool copied_up;	    /* visible, but a later layer shipped the same content again at one of its names */
};

/** What was kept of one inode's content. */
struct lopt_kept {
	uint32_t inode;
	enum lopt_keep what;   /* HEAD, ALL or SECTIONS */
	struct lopt_str bytes; /* HEAD, ALL; never NUL-terminated, may hold anything */
	uint64_t symbol_bytes; /* SECTIONS: .symtab, its strings and index, which the program does not load */
	uint64_t debug_bytes;  /* SECTIONS: .debug_* and the like, likewise */
	/* of what was asked for as USES: libraries ("libz.so.1"), modules of Python ("a.b") or Perl ("A/B.pm"), each with a
	 * NUL behind it; some may be there twice */
	struct lopt_str names;
};

struct lopt_layer {
	size_t index;		    /* from 0, lowest first */
	struct lopt_str diff_id;    /* as the configuration says */
	struct lopt_str digest;	    /* of the stored blob, where a manifest gives one; else empty */
	struct lopt_str media_type; /* as a manifest says; else empty */
	struct lopt_str blob;	    /* member or file it was read from */
	const char *compression;    /* "none", "gzip", "zstd": by magic number */
	uint64_t size;		    /* bytes of the uncompressed tar, all of it */
	uint64_t compressed_size;   /* bytes of the blob as stored */
	bool absent;		    /* a foreign layer that is not in the input: no entries, no sizes */
	enum lopt_verified verified;
	const struct lopt_entry *entries; /* in tar order */
	size_t entry_count;
	const struct lopt_inode *inodes; /* of this listing of the layer */
	size_t inode_count;
	const struct lopt_kept *kept; /* by inode, ascending; look one up with lopt_layer_kept */
	size_t kept_count;
	uint64_t whiteouts; /* whiteout and opaque entries */
	/* what it did to the stacked view, in paths */
	uint64_t added, modified, metadata_only, removed;
};

/** What was kept of an inode of this layer, or NULL. Where a ceiling was hit, a note "content-not-kept" says so. */
const struct lopt_kept *lopt_layer_kept(const struct lopt_layer *layer, uint32_t inode);

size_t lopt_image_layer_count(const struct lopt_image *image);
/** NULL past the last. */
const struct lopt_layer *lopt_image_layer(const struct lopt_image *image, size_t index);

/** Contents are numbered from 0: equal content, equal number, whatever layers and files it is in. */
size_t lopt_image_content_count(const struct lopt_image *image);
/** The SHA-256 of a content (of a sparse file the logical one) if it was computed when the image was read; else NULL. */
const unsigned char *lopt_image_sha256(const struct lopt_image *image, uint32_t content);
/**
 * The same, computed if need be, for which the content is read again. LOPT_END when nobody can know it: the holes of
 * a sparse file that are too large to be hashed.
 */
LOPT_CHECKED enum lopt_status lopt_image_compute_sha256(const struct lopt_image *image, uint32_t content,
							unsigned char out[32], struct lopt_error *err);

/**
 * One path of the final filesystem: what a container on docker overlay2 sees. Nodes are walked in byte
 * order of their full paths (depth first, siblings by name with "/" counted as the lowest byte).
 */
struct lopt_node {
	struct lopt_str path; /* the full path, no leading slash */
	enum lopt_type type;
	size_t layer;			      /* layer that set its attributes */
	const struct lopt_entry *entry;	      /* NULL for a directory that no entry names: 0755, 0:0 */
	const struct lopt_layer *inode_layer; /* layer that holds its content; NULL unless a regular file */
	uint32_t inode;			      /* in that layer; LOPT_NO_INODE unless a regular file */
	uint32_t mode;
	int64_t uid, gid;
	int64_t mtime_ns; /* as docker sets it: times beyond its range, and but for symbolic links before 1970, become 0; 0 for implied directories */
	uint64_t size;
	struct lopt_str
		hardlink; /* first name in byte order of its link group when it has more than one name; else empty */
	const struct lopt_xattr *xattrs; /* those the engine sets */
	size_t xattr_count;
};

typedef enum lopt_status lopt_node_visit(void *context, const struct lopt_node *node, struct lopt_error *err);

/** Visit every path of the final filesystem, the root left out, in byte order; stops at the first failure. */
LOPT_CHECKED enum lopt_status lopt_image_walk(const struct lopt_image *image, lopt_node_visit *visit, void *context,
					      struct lopt_error *err);

/** Something worth telling that was seen while the image was read and stacked. */
struct lopt_note {
	const char *rule;	 /* "engines-differ", "dotdot-clamped", "history-mismatch", ... */
	int severity;		 /* enum lopt_severity of layeropt/finding.h */
	struct lopt_str message; /* one line, may hold raw names */
	size_t layer;		 /* or LOPT_NO_LAYER */
	struct lopt_str path;	 /* or empty */
	uint64_t count;		 /* how many entries of the layer it holds for; the path is the first */
};
size_t lopt_image_note_count(const struct lopt_image *image);
const struct lopt_note *lopt_image_note(const struct lopt_image *image, size_t index);

/** Sums over the image that are known once it is stacked. */
uint64_t lopt_image_path_count(const struct lopt_image *image);

#ifdef __cplusplus
}
#endif
#endif
