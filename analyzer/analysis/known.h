/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_ANALYSIS_KNOWN_H
#define LAYEROPT_ANALYSIS_KNOWN_H

#include "analysis/figures.h"
#include "image/find.h"

/**
 * Content that is known for what it is: caches, logs, documentation, ... A rule looks at visible files below its places,
 * or of its names, and where those do not tell enough it has a function that looks closer. Private to this room.
 *
 * known.c walks and counts; known_rules.c has the rules as tables; known_look.c what looks closer; known_places.c which
 * rules are in force where; known_guards.c what something outside of it needs all the same.
 */

/** The rules, in the order in which they claim a file: safe ones first. */
enum lopt_known_id {
	LOPT_KNOWN_APT_ARCHIVES,
	LOPT_KNOWN_APT_CACHE,
	LOPT_KNOWN_APT_LISTS,
	LOPT_KNOWN_DPKG_BACKUPS,
	LOPT_KNOWN_APK_CACHE,
	LOPT_KNOWN_DNF_CACHE,
	LOPT_KNOWN_ZYPPER_CACHE,
	LOPT_KNOWN_PACMAN_CACHE,
	LOPT_KNOWN_PIP_CACHE,
	LOPT_KNOWN_NPM_CACHE,
	LOPT_KNOWN_YARN_CACHE,
	LOPT_KNOWN_CONDA_CACHE,
	LOPT_KNOWN_CARGO_CACHE,
	LOPT_KNOWN_GO_CACHE,
	LOPT_KNOWN_GEM_CACHE,
	LOPT_KNOWN_COMPOSER_CACHE,
	LOPT_KNOWN_R_CACHE,
	LOPT_KNOWN_COMPILER_CACHE,
	LOPT_KNOWN_SYSTEM_CACHES,
	LOPT_KNOWN_LOGIN_RECORDS,
	LOPT_KNOWN_LOGS,
	LOPT_KNOWN_TEMPORARY_FILES,
	LOPT_KNOWN_JAVA_CACHE, /* the first of level standard */
	LOPT_KNOWN_VERSION_CONTROL,
	LOPT_KNOWN_WORKSPACE_LEFTOVERS,
	LOPT_KNOWN_DOCUMENTATION,
	LOPT_KNOWN_MANUAL_PAGES,
	LOPT_KNOWN_TRANSLATIONS,
	LOPT_KNOWN_R_HELP,
	LOPT_KNOWN_R_VIGNETTES,
	LOPT_KNOWN_R_TESTS,
	LOPT_KNOWN_R_TRANSLATIONS,
	LOPT_KNOWN_PYTHON_BYTECODE,
	LOPT_KNOWN_DEBUG_FILES,
	LOPT_KNOWN_UNPACKED_ARCHIVE,
	LOPT_KNOWN_UNSTRIPPED_ELF,
	LOPT_KNOWN_STATIC_LIBRARIES, /* aggressive */
};
enum { LOPT_KNOWN_RULES = LOPT_KNOWN_STATIC_LIBRARIES + 1 };

/** Some of the rules, a bit for each. */
typedef uint64_t lopt_known_set;
_Static_assert(LOPT_KNOWN_RULES <= 64, "a set of rules has 64 bits");
#define LOPT_KNOWN_BIT(id) ((lopt_known_set)1 << (id))
#define LOPT_KNOWN_SAFE (LOPT_KNOWN_BIT(LOPT_KNOWN_JAVA_CACHE) - 1)

enum { LOPT_LANGUAGES_MAX = 16 };

/** What rules look at. */
struct lopt_known_view {
	const struct lopt_making *making;
	struct lopt_finder finder;
	struct lopt_buf path;			       /* scratch */
	bool docker_clean;			       /* apt is told to keep nothing, as in the published images */
	struct lopt_str languages[LOPT_LANGUAGES_MAX]; /* that the configuration sets: "de" of LANG=de_DE.UTF-8 */
	size_t language_count;
};

/** What the image as a whole says. */
LOPT_CHECKED enum lopt_status lopt_known_view_init(struct lopt_known_view *view, const struct lopt_making *making,
						   struct lopt_error *err);
void lopt_known_view_release(struct lopt_known_view *view);

/** One name of a visible regular file with content. */
struct lopt_known_file {
	const struct lopt_node *node;
	struct lopt_str name;	/* its last component */
	struct lopt_str inside; /* its path below the rule's place; the name for a rule that goes by names */
};

/** Is it what the rule is about, by its path? */
typedef bool lopt_known_fits(const struct lopt_known_file *file);
/** Look closer: how many bytes of the file would go. *bytes is its size already; 0 is: not the rule's. */
typedef enum lopt_status lopt_known_look(struct lopt_known_view *view, const struct lopt_known_file *file,
					 uint64_t *bytes, struct lopt_error *err);
/** Is this directory, whose path fits, what it seems to be? *is is true already. */
typedef enum lopt_status lopt_known_check(struct lopt_known_view *view, struct lopt_str directory, bool *is,
					  struct lopt_error *err);

struct lopt_known_rule {
	const char *name; /* kebab-case */
	enum lopt_level level;
	const char *what;      /* "layer 3 holds WHAT" */
	const char *effect;    /* "once gone, EFFECT" */
	const char *advice;    /* the edit, in words */
	const char *kept;      /* the same where docker-clean is there; NULL: no difference */
	lopt_known_fits *fits; /* NULL: all files below its places */
	lopt_known_look *look; /* NULL: nothing else has to be looked at */
};
const struct lopt_known_rule *lopt_known_rule(enum lopt_known_id id);

/**
 * A directory below which a rule looks. "/var/log" is one path, "a/b" any directory b in an a; a component "*" fits any,
 * "x*" those that start so.
 */
struct lopt_known_place {
	const char *pattern;
	enum lopt_known_id rule;
	lopt_known_check *check; /* NULL: the path says enough */
};
/** NULL past the last. */
const struct lopt_known_place *lopt_known_place_at(size_t index);

/** The rules that go by a file's name, whatever its place. */
lopt_known_set lopt_known_by_name(const struct lopt_node *node, struct lopt_str name);

/** known_look.c */
lopt_known_fits lopt_fits_apt_archive, lopt_fits_apt_cache, lopt_fits_dpkg_backup, lopt_fits_gem,
	lopt_fits_login_record, lopt_fits_documentation;
lopt_known_look lopt_look_copied, lopt_look_translation, lopt_look_bytecode, lopt_look_archive, lopt_look_elf,
	lopt_look_static_library;
lopt_known_check lopt_check_conda_root, lopt_check_git, lopt_check_r_package;

/** Could the file hold symbols that a program does not load, and may they go? By name and mode. */
bool lopt_known_may_be_elf(struct lopt_str name, uint32_t mode);

/** Which rules are in force at each path of a walk. */
struct lopt_places {
	struct lopt_known_view *view;		 /* borrowed */
	const struct lopt_known_place **by_name; /* by their last component */
	size_t count;
	struct lopt_places_level *open; /* the directories above the current path, the root first */
	size_t open_count, open_cap;
};
LOPT_CHECKED enum lopt_status lopt_places_init(struct lopt_places *places, struct lopt_known_view *view,
					       struct lopt_error *err);
void lopt_places_release(struct lopt_places *places);
/**
 * Go on to the next node of the image: whatever of the walk stands in `directory` (lopt_found.parent). Returns the rules
 * in force there.
 */
lopt_known_set lopt_places_go(struct lopt_places *places, uint32_t directory);
/** The rules whose place this directory itself is. */
LOPT_CHECKED enum lopt_status lopt_places_own(struct lopt_places *places, struct lopt_str directory,
					      lopt_known_set *own, struct lopt_error *err);
/** The node gone to is a directory, its path is this long, and below it these rules are in force. */
LOPT_CHECKED enum lopt_status lopt_places_enter(struct lopt_places *places, uint32_t node, size_t length,
						lopt_known_set rules, struct lopt_error *err);
/** The length of the place's path that brought the rule into force here; it begins the path gone to. */
size_t lopt_places_start(const struct lopt_places *places, enum lopt_known_id rule);

/**
 * What is needed although a safe rule knows it: a symbolic link from outside leads to it, or the configuration names it.
 * By number of the node (image/find.h) the rules that it, and what is below it, are guarded from.
 */
struct lopt_guards {
	lopt_known_set *nodes;
	uint32_t working_dir; /* its node, or LOPT_FOUND_NOTHING: guarded even where it is a place */
};
LOPT_CHECKED enum lopt_status lopt_guards_find(struct lopt_guards *guards, struct lopt_known_view *view,
					       struct lopt_error *err);
void lopt_guards_release(struct lopt_guards *guards);

#endif
