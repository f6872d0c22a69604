/* SPDX-License-Identifier: MIT */
#include <fnmatch.h>
#include <stdlib.h>

#include "advice/evidence.h"
#include "base/cleanup.h"
#include "package/text.h"

/*
 * Content that some need and some do not, removed in the instruction that makes it: symbols of programs, static libraries,
 * documentation of R packages.
 */

enum { OPERANDS_MAX = 40 };

static bool is_visible(const struct lopt_inode *inode)
{
	return inode->cause == LOPT_CAUSE_NONE;
}

static struct lopt_str parent_of(struct lopt_str path)
{
	const char *slash = path.len ? memrchr(path.ptr, '/', path.len) : NULL;
	return lopt_str_make(path.ptr, slash ? (size_t)(slash - path.ptr) : 0);
}

static bool has_program(const struct lopt_evidence *evidence, const char *name)
{
	static const char *const folders[] = { "usr/bin/", "bin/", "usr/local/bin/" };
	for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
		char path[64];
		size_t at;
		(void)snprintf(path, sizeof path, "%s%s", folders[i], name);
		if (lopt_evidence_below(evidence, lopt_str_from(path), evidence->layers, &at))
			return true;
	}
	return false;
}

static void describe(struct lopt_maker *maker, size_t instruction, const char *what, const char *change)
{
	struct lopt_str size = lopt_maker_size(maker, maker->edit.predicted_bytes + maker->edit.extra_bytes);
	maker->edit.needs_test = true;
	maker->edit.line = lopt_evidence_at(maker->evidence, instruction)->line;
	maker->edit.evidence = lopt_maker_text(maker, "line %u ships %.*s of %s.", (unsigned)maker->edit.line,
					       LOPT_STR_ARGS(size), what);
	maker->edit.change = lopt_str_from(change);
}

/* Symbols. */

struct operands {
	struct lopt_str items[OPERANDS_MAX];
	size_t count;
	bool too_many;
};

static void add_operand(struct operands *operands, struct lopt_str operand)
{
	for (size_t i = 0; i < operands->count; i++)
		if (lopt_str_equal(operands->items[i], operand))
			return;
	if (operands->count == OPERANDS_MAX)
		operands->too_many = true;
	else
		operands->items[operands->count++] = operand;
}

/* strip writes a file in place, and these it is running on. */
static bool is_under_strip(struct lopt_str path)
{
	static const char *const names[] = { "/libbfd",	 "/libsframe",	"/libopcodes", "/libctf", "/libz.",
					     "/libzstd", "/libjansson", "/libdl",      "/libc.",  "/libc-",
					     "/ld-",	 "/libm.",	"/libm-" };
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (memmem(path.ptr, path.len, names[i], strlen(names[i])))
			return true;
	return false;
}

struct stripping {
	struct lopt_maker maker;
	struct operands operands;
	const struct lopt_layer *layer;
	bool *takes; /* per inode of the layer */
};

static void release_stripping(struct stripping *stripping)
{
	lopt_maker_release(&stripping->maker);
	free(stripping->takes);
}

/* What else "*.so" would name: stripped ones are written anew, links lead elsewhere, and scripts of the linker make it fail. */
static bool is_all_of(const struct stripping *stripping, struct lopt_str folder)
{
	const struct lopt_evidence *evidence = stripping->maker.evidence;
	for (size_t l = 0; l <= stripping->layer->index; l++) {
		const struct lopt_layer *layer = lopt_image_layer(evidence->image, l);
		for (size_t i = 0; i < layer->entry_count; i++) {
			struct lopt_str path = layer->entries[i].path;
			size_t at;
			if (!lopt_text_ends(path, ".so") || !lopt_str_equal(parent_of(path), folder))
				continue;
			const struct lopt_entry *entry =
				lopt_evidence_below(evidence, path, stripping->layer->index + 1, &at);
			if (!entry || at != stripping->layer->index || entry->inode == LOPT_NO_INODE ||
			    !stripping->takes[entry->inode])
				return false;
		}
	}
	return true;
}

/* Shared objects of one directory go by a pattern. */
static void add_program(struct stripping *stripping, struct lopt_str path)
{
	struct operands *operands = &stripping->operands;
	struct lopt_str folder = parent_of(path);
	if (!lopt_word_is_plain(path)) {
		operands->too_many = true;
		return;
	}
	if (lopt_text_ends(path, ".so")) {
		struct lopt_str all = lopt_maker_text(&stripping->maker, "/%.*s/*.so", LOPT_STR_ARGS(folder));
		for (size_t i = 0; i < operands->count; i++)
			if (lopt_str_equal(operands->items[i], all))
				return;
		if (is_all_of(stripping, folder)) {
			add_operand(operands, all);
			return;
		}
	}
	add_operand(operands, lopt_maker_text(&stripping->maker, "/%.*s", LOPT_STR_ARGS(path)));
}

/* How much of a file would go; 0: it is left alone. */
static uint64_t bytes_of(const struct stripping *stripping, const struct lopt_kept *kept)
{
	const struct lopt_inode *inode = &stripping->layer->inodes[kept->inode];
	if (kept->what != LOPT_KEEP_SECTIONS || !is_visible(inode) || lopt_text_ends(inode->path, ".o") ||
	    stripping->maker.evidence->claimed[stripping->layer->index][kept->inode] || is_under_strip(inode->path))
		return 0;
	return kept->symbol_bytes + kept->debug_bytes;
}

static void find_programs(struct stripping *stripping)
{
	const struct lopt_layer *layer = stripping->layer;
	for (size_t i = 0; i < layer->kept_count; i++)
		stripping->takes[layer->kept[i].inode] |= bytes_of(stripping, &layer->kept[i]) > 0;
	for (size_t i = 0; i < layer->kept_count && !stripping->operands.too_many; i++) {
		uint64_t bytes = bytes_of(stripping, &layer->kept[i]);
		struct lopt_str path = layer->inodes[layer->kept[i].inode].path;
		if (!bytes)
			continue;
		stripping->maker.edit.extra_bytes += bytes;
		lopt_maker_effect(&stripping->maker, path, LOPT_ASPECT_CONTENT, false);
		add_program(stripping, path);
	}
}

static enum lopt_status strip_run(struct lopt_evidence *evidence, size_t instruction, struct lopt_error *err)
{
	LOPT_CLEANUP(release_stripping) struct stripping stripping = { 0 };
	struct lopt_maker *maker = &stripping.maker;
	stripping.layer = lopt_image_layer(evidence->image, evidence->layer_of[instruction]);
	lopt_maker_init(maker, evidence, "strip", LOPT_LEVEL_STANDARD);
	stripping.takes = calloc(stripping.layer->inode_count + 1, sizeof *stripping.takes);
	if (!stripping.takes)
		return lopt_error_memory(err);
	find_programs(&stripping);
	if (stripping.operands.count == 0 || stripping.operands.too_many)
		return maker->failed ? lopt_error_memory(err) : LOPT_OK;
	struct lopt_str command = lopt_str_from("strip --strip-unneeded");
	for (size_t i = 0; i < stripping.operands.count; i++)
		command = lopt_maker_text(maker, "%.*s %.*s", LOPT_STR_ARGS(command),
					  LOPT_STR_ARGS(stripping.operands.items[i]));
	lopt_maker_step(maker, (struct lopt_edit_step){
				       .kind = LOPT_STEP_APPEND, .instruction = instruction, .text = command });
	describe(maker, instruction, "symbols and debug information that programs do not load",
		 "Strip them at the end of the same instruction.");
	return lopt_maker_finish(maker, lopt_evidence_least(evidence, 1000), err);
}

enum lopt_status lopt_rule_strip(struct lopt_evidence *evidence, struct lopt_error *err)
{
	for (size_t i = evidence->first; has_program(evidence, "strip") && i < evidence->instructions; i++)
		if (lopt_evidence_is_run(evidence, i))
			LOPT_TRY(strip_run(evidence, i, err));
	return LOPT_OK;
}

/* What goes by its name: all that matches, in every RUN that makes some. */

/* Where libraries stand. */
static const char *const library_folders[] = { "usr/lib", "usr/local/lib" };
enum { LIBRARY_FOLDERS = sizeof library_folders / sizeof library_folders[0] };

struct sweep {
	struct lopt_maker maker;
	bool (*takes)(struct lopt_str path);
	size_t layer;
	bool has_folder[LIBRARY_FOLDERS];
};

static enum lopt_status predict(void *context, const struct lopt_node *node, struct lopt_error *err)
{
	struct sweep *sweep = context;
	(void)err;
	for (size_t i = 0; i < LIBRARY_FOLDERS; i++)
		sweep->has_folder[i] |= lopt_str_is(node->path, library_folders[i]);
	if (node->layer <= sweep->layer && sweep->takes(node->path))
		lopt_maker_effect(&sweep->maker, node->path, LOPT_ASPECT_REMOVED, false);
	return LOPT_OK;
}

/* A file goes when all its names in the layer do. */
static enum lopt_status claim(struct sweep *sweep, const struct lopt_layer *layer, struct lopt_error *err)
{
	LOPT_CLEANUP(lopt_cleanup_bytes) bool *stays = calloc(layer->inode_count + 1, sizeof *stays);
	LOPT_CLEANUP(lopt_cleanup_bytes) bool *goes = calloc(layer->inode_count + 1, sizeof *goes);
	if (!stays || !goes)
		return lopt_error_memory(err);
	for (size_t i = 0; i < layer->entry_count; i++) {
		const struct lopt_entry *entry = &layer->entries[i];
		if (entry->inode != LOPT_NO_INODE)
			*(sweep->takes(entry->path) ? &goes[entry->inode] : &stays[entry->inode]) = true;
	}
	for (uint32_t i = 0; i < layer->inode_count; i++)
		if (goes[i] && !stays[i])
			lopt_maker_claim(&sweep->maker, layer->index, i);
	return LOPT_OK;
}

static void release_sweep(struct sweep *sweep)
{
	lopt_maker_release(&sweep->maker);
}

/* Static libraries. */

/* The compiler links these into every program, and R into packages. */
static bool is_static_library(struct lopt_str path)
{
	static const char *const needed[] = { "/libc_nonshared.a",
					      "/libpthread.a",
					      "/libpthread_nonshared.a",
					      "/libdl.a",
					      "/librt.a",
					      "/libutil.a",
					      "/libanl.a",
					      "/libg.a",
					      "/libmcheck.a",
					      "/libm.a" };
	if (!lopt_text_ends(path, ".a") ||
	    !(lopt_str_starts(path, "usr/lib/") || lopt_str_starts(path, "usr/local/lib/")) ||
	    lopt_str_starts(path, "usr/lib/gcc/"))
		return false;
	for (size_t i = 0; i < sizeof needed / sizeof needed[0]; i++)
		if (lopt_text_ends(path, needed[i]))
			return false;
	return true;
}

/* find(1) fails where a directory is not there. */
static struct lopt_str find_command(struct sweep *sweep)
{
	struct lopt_str command = lopt_str_from("find");
	for (size_t i = 0; i < LIBRARY_FOLDERS; i++)
		if (sweep->has_folder[i])
			command =
				lopt_maker_text(&sweep->maker, "%.*s /%s", LOPT_STR_ARGS(command), library_folders[i]);
	return lopt_maker_text(&sweep->maker,
			       "%.*s -name '*.a' ! -type d ! -path '/usr/lib/gcc/*' ! -name '*_nonshared.a' "
			       "! -name libpthread.a ! -name libdl.a ! -name librt.a ! -name libutil.a "
			       "! -name libanl.a ! -name libg.a ! -name libmcheck.a ! -name libm.a -delete",
			       LOPT_STR_ARGS(command));
}

enum lopt_status lopt_rule_static_libraries(struct lopt_evidence *evidence, struct lopt_error *err)
{
	for (size_t i = evidence->first; has_program(evidence, "find") && i < evidence->instructions; i++) {
		if (!lopt_evidence_is_run(evidence, i))
			continue;
		LOPT_CLEANUP(release_sweep)
		struct sweep sweep = { .takes = is_static_library, .layer = evidence->layer_of[i] };
		lopt_maker_init(&sweep.maker, evidence, "static-libraries", LOPT_LEVEL_AGGRESSIVE);
		LOPT_TRY(claim(&sweep, lopt_image_layer(evidence->image, sweep.layer), err));
		if (sweep.maker.edit.claim_count == 0)
			continue;
		LOPT_TRY(lopt_image_walk(evidence->image, predict, &sweep, err));
		lopt_maker_step(&sweep.maker, (struct lopt_edit_step){ .kind = LOPT_STEP_APPEND,
								       .instruction = i,
								       .text = find_command(&sweep) });
		describe(&sweep.maker, i, "static libraries", "Remove them at the end of the same instruction.");
		LOPT_TRY(lopt_maker_finish(&sweep.maker, lopt_evidence_least(evidence, 1000), err));
	}
	return LOPT_OK;
}

/* Documentation and tests of R packages. */

static const char *const r_folders[] = { "help", "html", "doc", "tests", "demo" };

/* ".../library/PACKAGE/help/..." or ".../site-library/...": where the library's name ends; 0 for none. */
static size_t r_library(struct lopt_str path)
{
	static const char name[] = "library/";
	const char *at = path.len ? memmem(path.ptr, path.len, name, sizeof name - 1) : NULL;
	if (!at || !memmem(path.ptr, path.len, "/R/", 3))
		return 0;
	size_t end = (size_t)(at - path.ptr) + sizeof name - 2;
	const char *package = at + sizeof name - 1;
	size_t left = path.len - (size_t)(package - path.ptr);
	const char *slash = memchr(package, '/', left);
	if (!slash)
		return 0;
	struct lopt_str folder = lopt_str_make(slash + 1, left - (size_t)(slash - package) - 1);
	const char *next = folder.len ? memchr(folder.ptr, '/', folder.len) : NULL;
	folder.len = next ? (size_t)(next - folder.ptr) : folder.len;
	for (size_t i = 0; i < sizeof r_folders / sizeof r_folders[0]; i++)
		if (lopt_str_is(folder, r_folders[i]))
			return end;
	return 0;
}

static bool is_r_documentation(struct lopt_str path)
{
	return r_library(path) > 0;
}

static void add_r_steps(struct lopt_maker *maker, size_t instruction, const struct lopt_layer *layer)
{
	struct operands libraries = { .count = 0 };
	for (size_t i = 0; i < layer->entry_count; i++) {
		size_t len = r_library(layer->entries[i].path);
		struct lopt_str library = lopt_str_make(layer->entries[i].path.ptr, len);
		if (len && lopt_word_is_plain(library))
			add_operand(&libraries, library);
	}
	for (size_t i = 0; i < libraries.count; i++)
		for (size_t j = 0; j < sizeof r_folders / sizeof r_folders[0]; j++)
			lopt_maker_step(maker, (struct lopt_edit_step){
						       .kind = LOPT_STEP_REMOVE,
						       .instruction = instruction,
						       .text = lopt_maker_text(maker, "/%.*s/*/%s",
									       LOPT_STR_ARGS(libraries.items[i]),
									       r_folders[j]) });
}

enum lopt_status lopt_rule_r_documentation(struct lopt_evidence *evidence, struct lopt_error *err)
{
	for (size_t i = evidence->first; i < evidence->instructions; i++) {
		if (!lopt_evidence_is_run(evidence, i))
			continue;
		LOPT_CLEANUP(release_sweep)
		struct sweep sweep = { .takes = is_r_documentation, .layer = evidence->layer_of[i] };
		const struct lopt_layer *layer = lopt_image_layer(evidence->image, sweep.layer);
		lopt_maker_init(&sweep.maker, evidence, "r-documentation", LOPT_LEVEL_STANDARD);
		LOPT_TRY(claim(&sweep, layer, err));
		if (sweep.maker.edit.claim_count == 0)
			continue;
		LOPT_TRY(lopt_image_walk(evidence->image, predict, &sweep, err));
		add_r_steps(&sweep.maker, i, layer);
		describe(&sweep.maker, i, "help, vignettes, demos and tests of R packages",
			 "Remove them at the end of the same instruction.");
		LOPT_TRY(lopt_maker_finish(&sweep.maker, lopt_evidence_least(evidence, 1000), err));
	}
	return LOPT_OK;
}
