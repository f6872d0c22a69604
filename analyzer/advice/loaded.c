/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "advice/debian.h"
#include "base/cleanup.h"
#include "base/table.h"
#include "layer/imports.h"
#include "layer/path.h"

/*
 * What files that no Debian package owns, and scripts inside the Dockerfile, ask for by name: libraries, and modules of
 * Python and Perl. Which package has it is told by dpkg's lists.
 */

enum kind { LIBRARY, PYTHON, PERL };

struct wishes {
	struct lopt_arena *arena;
	struct lopt_str *names;
	enum kind *kinds;
	size_t count, cap, kind_cap;
	struct lopt_table table;
};

static void release_wishes(struct wishes *wishes)
{
	lopt_table_release(&wishes->table);
	free(wishes->names);
	free(wishes->kinds);
}

static bool is_wish(const void *owner, uint32_t value, uint64_t number, struct lopt_str key)
{
	const struct wishes *wishes = owner;
	return wishes->kinds[value] == (enum kind)number && lopt_str_equal(wishes->names[value], key);
}

static bool is_wished(const struct wishes *wishes, enum kind kind, struct lopt_str name)
{
	return name.len && lopt_table_find(&wishes->table, kind, name, is_wish, wishes) != LOPT_TABLE_NONE;
}

static enum lopt_status add(struct wishes *wishes, enum kind kind, struct lopt_str name, struct lopt_error *err)
{
	if (!name.len || is_wished(wishes, kind, name))
		return LOPT_OK;
	struct lopt_str *names = lopt_grow(wishes->names, &wishes->cap, wishes->count + 1, sizeof *names);
	if (!names)
		return lopt_error_memory(err);
	wishes->names = names;
	enum kind *kinds = lopt_grow(wishes->kinds, &wishes->kind_cap, wishes->count + 1, sizeof *kinds);
	if (!kinds)
		return lopt_error_memory(err);
	wishes->kinds = kinds;
	names[wishes->count] = lopt_arena_copy(wishes->arena, name);
	kinds[wishes->count] = kind;
	if (!names[wishes->count].ptr ||
	    !lopt_table_insert(&wishes->table, kind, names[wishes->count], (uint32_t)wishes->count))
		return lopt_error_memory(err);
	wishes->count++;
	return LOPT_OK;
}

/* Of a module of Python all that is around it, too: "a.b.c", "a.b", "a". */
static enum lopt_status add_all(struct wishes *wishes, enum kind kind, struct lopt_str names, struct lopt_error *err)
{
	while (names.len) {
		size_t len = strnlen(names.ptr, names.len);
		for (size_t i = 1; i <= len; i++)
			if (i == len || (kind == PYTHON && names.ptr[i] == '.'))
				LOPT_TRY(add(wishes, kind, lopt_str_make(names.ptr, i), err));
		len += len < names.len;
		names = lopt_str_make(names.ptr + len, names.len - len);
	}
	return LOPT_OK;
}

/* Files of the image. */

static enum lopt_status look_at_files(struct wishes *wishes, const struct lopt_packages *packages,
				      struct lopt_error *err)
{
	const struct lopt_image *image = packages->evidence->image;
	for (size_t l = 0; l < lopt_image_layer_count(image); l++) {
		const struct lopt_layer *layer = lopt_image_layer(image, l);
		for (size_t i = 0; i < layer->kept_count; i++) {
			const struct lopt_kept *kept = &layer->kept[i];
			const struct lopt_inode *inode = &layer->inodes[kept->inode];
			if (!kept->names.len || inode->cause != LOPT_CAUSE_NONE ||
			    packages->owners.inodes[l][kept->inode] != LOPT_NO_OWNER)
				continue;
			bool perl = lopt_script_of(inode->path, kept->bytes) == LOPT_SCRIPT_PERL;
			enum kind kind = kept->what == LOPT_KEEP_SECTIONS ? LIBRARY : perl ? PERL : PYTHON;
			LOPT_TRY(add_all(wishes, kind, kept->names, err));
		}
	}
	return LOPT_OK;
}

/* Scripts in the Dockerfile: python3 -c "import a; import b", perl -e 'use A::B', here-documents, python3 -m a, perl -MA::B. */

static void release_imports(struct lopt_imports *imports)
{
	lopt_imports_release(imports);
}

/* What an option names, as the statement that does the same. */
static bool feed_options(struct lopt_imports *imports, struct lopt_str text, const char *option, const char *statement)
{
	bool done = true;
	for (size_t i = 0; i + 2 < text.len && done; i++) {
		if (memcmp(text.ptr + i, option, 2) != 0 || (i > 0 && !strchr(" \t\"'\n,", text.ptr[i - 1])))
			continue;
		size_t start = i + 2, len = 0;
		while (start < text.len && text.ptr[start] && strchr(" \t\"',", text.ptr[start]))
			start++;
		while (start + len < text.len && text.ptr[start + len] && !strchr(" \t\"',=\n", text.ptr[start + len]))
			len++;
		done = lopt_imports_feed(imports, lopt_str_from(statement)) &&
		       lopt_imports_feed(imports, lopt_str_make(text.ptr + start, len)) &&
		       lopt_imports_feed(imports, lopt_str_from("\n"));
	}
	return done;
}

static enum lopt_status look_at_text(struct wishes *wishes, struct lopt_str text, enum kind kind,
				     struct lopt_error *err)
{
	LOPT_CLEANUP(release_imports) struct lopt_imports imports;
	bool perl = kind == PERL;
	lopt_imports_begin(&imports, perl ? LOPT_SCRIPT_PERL : LOPT_SCRIPT_PYTHON, true);
	if (!lopt_imports_feed(&imports, text) || !lopt_imports_feed(&imports, lopt_str_from("\n")) ||
	    !feed_options(&imports, text, perl ? "-M" : "-m", perl ? "use " : "import ") || !lopt_imports_end(&imports))
		return lopt_error_memory(err);
	return add_all(wishes, kind, lopt_buf_view(&imports.names), err);
}

/* A RUN up to `behind` is over. */
static enum lopt_status look_at_dockerfile(struct wishes *wishes, const struct lopt_evidence *evidence, size_t behind,
					   struct lopt_error *err)
{
	for (size_t i = evidence->first; i < evidence->instructions; i++) {
		bool over = evidence->keywords[i] == LOPT_KEYWORD_RUN && behind != SIZE_MAX && i <= behind;
		if (over || evidence->staged[i])
			continue;
		struct lopt_str text = lopt_evidence_at(evidence, i)->source;
		if (memmem(text.ptr, text.len, "python", 6))
			LOPT_TRY(look_at_text(wishes, text, PYTHON, err));
		if (memmem(text.ptr, text.len, "perl", 4))
			LOPT_TRY(look_at_text(wishes, text, PERL, err));
	}
	return LOPT_OK;
}

/* What packages have. */

static bool has_prefix(struct lopt_str *path, const char *prefix)
{
	if (!lopt_str_starts(*path, prefix))
		return false;
	*path = lopt_str_make(path->ptr + strlen(prefix), path->len - strlen(prefix));
	return true;
}

static void drop_component(struct lopt_str *path)
{
	const char *slash = path->len ? memchr(path->ptr, '/', path->len) : NULL;
	size_t len = slash ? (size_t)(slash - path->ptr) + 1 : path->len;
	*path = lopt_str_make(path->ptr + len, path->len - len);
}

/* What stands behind a folder of this name, or nothing. */
static struct lopt_str behind_folder(struct lopt_str path, const char *folder)
{
	const char *at = memmem(path.ptr, path.len, folder, strlen(folder));
	size_t start = at ? (size_t)(at - path.ptr) + strlen(folder) : path.len;
	return lopt_str_make(path.ptr + start, path.len - start);
}

static bool cut_end(struct lopt_str *text, const char *end)
{
	size_t len = strlen(end);
	if (text->len <= len || memcmp(text->ptr + text->len - len, end, len) != 0)
		return false;
	text->len -= len;
	return true;
}

/* "a/b.py", "a/b/__init__.py", "a/b.cpython-311-x86_64-linux-gnu.so" are a.b; text is written over. */
static struct lopt_str module_of(char *text, struct lopt_str path)
{
	struct lopt_str name = path;
	if (cut_end(&name, ".so")) {
		size_t folders = path.len - lopt_path_base(path).len;
		const char *dot = memchr(name.ptr + folders, '.', name.len - folders);
		name.len = dot ? (size_t)(dot - name.ptr) : name.len;
	} else if (!cut_end(&name, "/__init__.py") && !cut_end(&name, ".py")) {
		return lopt_str_make("", 0);
	}
	for (size_t i = 0; i < name.len; i++)
		text[i] = (char)(name.ptr[i] == '/' ? '.' : name.ptr[i]);
	return lopt_str_make(text, name.len);
}

/* usr/lib/python3/dist-packages/..., usr/lib/python3.11/..., usr/lib/python3.11/lib-dynload/... */
static bool has_python(const struct wishes *wishes, struct lopt_str path)
{
	char text[512];
	struct lopt_str rest = behind_folder(path, "/dist-packages/");
	if (!rest.len && has_prefix(&path, "usr/lib/python")) {
		drop_component(&path);
		rest = path;
		(void)has_prefix(&rest, "lib-dynload/");
	}
	return rest.len && rest.len <= sizeof text && is_wished(wishes, PYTHON, module_of(text, rest));
}

/* usr/share/perl5/..., usr/lib/TRIPLET/perl5/5.36/..., usr/share/perl/5.36.0/..., usr/lib/TRIPLET/perl-base/... */
static bool has_perl(const struct wishes *wishes, struct lopt_str path)
{
	static const char *const folders[] = { "/perl5/", "/perl/", "/perl-base/" };
	for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
		struct lopt_str rest = behind_folder(path, folders[i]);
		if (rest.len && rest.ptr[0] >= '0' && rest.ptr[0] <= '9')
			drop_component(&rest);
		if (is_wished(wishes, PERL, rest))
			return true;
	}
	return false;
}

static bool has_library(const struct wishes *wishes, struct lopt_str path)
{
	(void)has_prefix(&path, "usr/");
	return (lopt_str_starts(path, "lib") || lopt_str_starts(path, "local/lib") || lopt_str_starts(path, "opt/")) &&
	       is_wished(wishes, LIBRARY, lopt_path_base(path));
}

static bool has_wish(const struct wishes *wishes, struct lopt_str list)
{
	struct lopt_str path;
	while (lopt_dpkg_list_next(&list, &path)) {
		while (path.len && path.ptr[0] == '/')
			path = lopt_str_make(path.ptr + 1, path.len - 1);
		if (has_library(wishes, path) || has_python(wishes, path) || has_perl(wishes, path))
			return true;
	}
	return false;
}

static enum lopt_status use_packages(struct lopt_packages *packages, const struct wishes *wishes,
				     struct lopt_error *err)
{
	const struct lopt_image *image = packages->evidence->image;
	for (size_t l = 0; l < lopt_image_layer_count(image); l++) {
		const struct lopt_layer *layer = lopt_image_layer(image, l);
		for (size_t i = 0; i < layer->kept_count; i++) {
			const struct lopt_kept *kept = &layer->kept[i];
			const struct lopt_inode *inode = &layer->inodes[kept->inode];
			if (inode->cause != LOPT_CAUSE_NONE || kept->what != LOPT_KEEP_ALL)
				continue;
			const struct lopt_debian_package *package = lopt_debian_of_list(&packages->debian, inode->path);
			if (package && has_wish(wishes, kept->bytes))
				LOPT_TRY(lopt_packages_use(packages, (size_t)(package - packages->debian.packages),
							   err));
		}
	}
	return LOPT_OK;
}

enum lopt_status lopt_packages_want_loaded(struct lopt_packages *packages, size_t behind, struct lopt_error *err)
{
	LOPT_CLEANUP(release_wishes) struct wishes wishes = { .arena = packages->evidence->arena };
	LOPT_TRY(look_at_files(&wishes, packages, err));
	LOPT_TRY(look_at_dockerfile(&wishes, packages->evidence, behind, err));
	return wishes.count ? use_packages(packages, &wishes, err) : LOPT_OK;
}
