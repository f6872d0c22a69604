/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_COMPARE_COMPARE_H
#define LAYEROPT_COMPARE_COMPARE_H

#include "base/arena.h"
#include "layeropt/image.h"

/**
 * Two images side by side, as containers see them: every path of the final filesystem, and what the configuration says of
 * a container. How the layers are cut does not count, and times do not unless they are asked for.
 */

/** In what two paths differ; several at once. */
enum lopt_aspect {
	LOPT_ASPECT_ADDED = 1 << 0,   /* only the second has it */
	LOPT_ASPECT_REMOVED = 1 << 1, /* only the first has it */
	LOPT_ASPECT_TYPE = 1 << 2,    /* then nothing else is compared */
	LOPT_ASPECT_MODE = 1 << 3,
	LOPT_ASPECT_OWNER = 1 << 4,
	LOPT_ASPECT_XATTRS = 1 << 5,
	LOPT_ASPECT_CONTENT = 1 << 6,
	LOPT_ASPECT_TARGET = 1 << 7, /* of a symbolic link */
	LOPT_ASPECT_LINKS = 1 << 8,  /* hard-linked with other paths */
	LOPT_ASPECT_DEVICE = 1 << 9,
	LOPT_ASPECT_TIME = 1 << 10, /* only where times count */
};
enum { LOPT_ASPECTS_ALL = (1 << 11) - 1 };

/** "added", "content", ...; NULL past the last bit. */
const char *lopt_aspect_name(size_t bit);

/** Why a difference is no fault. */
enum lopt_reason {
	LOPT_REASON_NONE,      /* it is one */
	LOPT_REASON_MEASURED,  /* two builds of the same Dockerfile differ there too */
	LOPT_REASON_VOLATILE,  /* known to change with every build, or equal but for stamps and the order of records */
	LOPT_REASON_PREDICTED, /* an edit said so beforehand */
	LOPT_REASON_ALLOWED,   /* --allow */
};
/** "unexplained", "measured", "volatile", "predicted", "allowed" */
const char *lopt_reason_name(enum lopt_reason reason);

/** One side of a difference; zeroed where there is nothing. Borrowed from its image or listing. */
struct lopt_side {
	enum lopt_type type;
	uint32_t mode;
	int64_t uid, gid;
	uint64_t size;
	struct lopt_str target;	  /* of a symbolic link */
	struct lopt_str hardlink; /* see struct lopt_node */
	int64_t mtime_ns;
	bool has_time; /* false for a directory that no entry names */
	size_t holder; /* layer that holds the content of a file; of anything else, the layer that set its attributes */
	const struct lopt_layer *layer; /* that holds the content of a file of an image; else NULL */
	uint32_t inode;			/* in there */
};

struct lopt_difference {
	struct lopt_str path;
	unsigned aspects; /* enum lopt_aspect */
	enum lopt_reason reason;
	struct lopt_str why; /* for the reason: a literal, or what the edit or option says */
	struct lopt_side before, after;
	size_t heirs; /* inner: names that a link group keeps which this path was the first of */
};

/** One member of the configuration that differs: "Env PATH", "Cmd". Values as text; ptr NULL where there is none. */
struct lopt_config_difference {
	struct lopt_str member;
	struct lopt_str before, after;
	enum lopt_reason reason;
};

struct lopt_comparison {
	struct lopt_arena arena;
	struct lopt_difference *differences; /* in byte order of paths */
	size_t count, cap;
	struct lopt_config_difference *config;
	size_t config_count, config_cap;
	size_t paths;	/* that were compared: of either image */
	size_t times;	/* of them that differ in their time only, where times do not count */
	bool env_order; /* the variables are the same, in another order */
	size_t masked; /* values of the configuration that are the same as far as can be told: a listing masks credentials */
};

struct lopt_comparison_options {
	bool times; /* they count, too */
};

/**
 * Compare two images that were read with want_sha256. On success the caller releases *out; the images must outlive it.
 */
LOPT_CHECKED enum lopt_status lopt_comparison_make(struct lopt_comparison *out, const struct lopt_image *before,
						   const struct lopt_image *after, struct lopt_error *err);
void lopt_comparison_release(struct lopt_comparison *comparison);

/** What content of an entry the explanations below look into: see struct lopt_open_options. */
enum lopt_keep lopt_comparison_keep(const struct lopt_entry *entry, struct lopt_str head);

/** The difference at a path, or NULL. */
struct lopt_difference *lopt_comparison_find(const struct lopt_comparison *comparison, struct lopt_str path);

/**
 * Mark what differs in the same way between two builds of one Dockerfile (`noise`, may be NULL), and what is known to
 * change with every build or is equal but for stamps and the order of records.
 */
LOPT_CHECKED enum lopt_status lopt_comparison_excuse(struct lopt_comparison *comparison,
						     const struct lopt_comparison *noise, struct lopt_error *err);

/** What an edit changes in the final filesystem, written down before anything is built. */
struct lopt_effect {
	struct lopt_str path;
	unsigned aspects; /* that may differ; enum lopt_aspect */
	bool beneath;	  /* of everything under this directory, itself included */
	size_t edit;	  /* whose effect it is: for the caller */
};
/** Byte order of paths, as lopt_comparison_expect() wants them. */
void lopt_effects_sort(struct lopt_effect *effects, size_t count);
/** The effect that covers these aspects of a path, or NULL. `effects` are sorted. */
const struct lopt_effect *lopt_effects_find(const struct lopt_effect *effects, size_t count, struct lopt_str path,
					    unsigned aspects);
/** Mark what the effects cover. `effects` are sorted. */
void lopt_comparison_expect(struct lopt_comparison *comparison, const struct lopt_effect *effects, size_t count);

/** Mark what the pattern names: fnmatch(3), in which * crosses slashes too, or a directory and all under it; "/" is everything. */
void lopt_comparison_allow(struct lopt_comparison *comparison, const char *given);

/** How many have this reason; with LOPT_REASON_NONE those of the configuration count too. */
size_t lopt_comparison_count(const struct lopt_comparison *comparison, enum lopt_reason reason);

#endif
