/* SPDX-License-Identifier: MIT */
#include "analysis/known.h"
#include "base/cleanup.h"
#include "layer/path.h"

/* What a path does not tell. Lists of names are short, and asked for few files. */

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static bool ends_with(struct lopt_str text, const char *end)
{
	size_t n = strlen(end);
	return text.len >= n && memcmp(text.ptr + text.len - n, end, n) == 0;
}

static bool is_one_of(struct lopt_str text, const char *const *words, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (lopt_str_is(text, words[i]))
			return true;
	return false;
}

static bool is_among(char c, const char *characters)
{
	return c && strchr(characters, c);
}

/* What is at the path of these two parts. */
static enum lopt_status find(struct lopt_known_view *view, struct lopt_str front, const char *end,
			     struct lopt_found *found, struct lopt_error *err)
{
	*found = (struct lopt_found){ .node = LOPT_FOUND_NOTHING };
	lopt_buf_clear(&view->path);
	lopt_buf_str(&view->path, front);
	lopt_buf_text(&view->path, end);
	if (view->path.failed)
		return lopt_error_memory(err);
	return lopt_finder_find(&view->finder, lopt_buf_view(&view->path), found, err);
}

static bool is_there(const struct lopt_found *found)
{
	return found->node != LOPT_FOUND_NOTHING;
}

/* --- the image --- */

/* "de" of "de_DE.UTF-8"; LANGUAGE may name several. What is no language matches none. */
static void add_languages(struct lopt_known_view *view, struct lopt_str value)
{
	for (size_t at = 0, end; at < value.len; at = end + 1) {
		const char *colon = memchr(value.ptr + at, ':', value.len - at);
		end = colon ? (size_t)(colon - value.ptr) : value.len;
		struct lopt_str language = lopt_str_make(value.ptr + at, 0);
		while (at + language.len < end && !is_among(language.ptr[language.len], "_.@"))
			language.len++;
		if (language.len && view->language_count < LOPT_LANGUAGES_MAX)
			view->languages[view->language_count++] = language;
	}
}

enum lopt_status lopt_known_view_init(struct lopt_known_view *view, const struct lopt_making *making,
				      struct lopt_error *err)
{
	static const char *const variables[] = { "LANG", "LANGUAGE", "LC_ALL", "LC_MESSAGES" };
	const struct lopt_image_info *info = lopt_image_info(making->result.image);
	struct lopt_found found;
	*view = (struct lopt_known_view){ .making = making, .path = LOPT_BUF_INIT(SIZE_MAX / 2) };
	lopt_finder_init(&view->finder, making->result.image);
	for (size_t i = 0; i < info->env_count; i++)
		if (is_one_of(info->env[i].name, variables, COUNT(variables)))
			add_languages(view, info->env[i].value);
	LOPT_TRY(find(view, lopt_str_from("etc/apt/apt.conf.d/"), "docker-clean", &found, err));
	view->docker_clean = is_there(&found);
	return LOPT_OK;
}

void lopt_known_view_release(struct lopt_known_view *view)
{
	lopt_finder_release(&view->finder);
	lopt_buf_release(&view->path);
}

/* --- directories --- */

/* A conda installation has its packages in pkgs/ and a record of what is installed in conda-meta/. */
enum lopt_status lopt_check_conda_root(struct lopt_known_view *view, struct lopt_str directory, bool *is,
				       struct lopt_error *err)
{
	struct lopt_found found;
	struct lopt_str front = lopt_str_make(directory.ptr, directory.len - lopt_path_base(directory).len);
	LOPT_TRY(find(view, front, "conda-meta", &found, err));
	*is = is_there(&found) && found.type == LOPT_DIR;
	return LOPT_OK;
}

enum lopt_status lopt_check_git(struct lopt_known_view *view, struct lopt_str directory, bool *is,
				struct lopt_error *err)
{
	struct lopt_found found;
	LOPT_TRY(find(view, directory, "/HEAD", &found, err));
	*is = is_there(&found);
	return LOPT_OK;
}

/* Something of an installed R package, wherever its library is: Writing R Extensions, "Installed packages". */
enum lopt_status lopt_check_r_package(struct lopt_known_view *view, struct lopt_str directory, bool *is,
				      struct lopt_error *err)
{
	struct lopt_found found;
	struct lopt_str front = lopt_str_make(directory.ptr, directory.len - lopt_path_base(directory).len);
	LOPT_TRY(find(view, front, "Meta/package.rds", &found, err));
	*is = is_there(&found);
	return LOPT_OK;
}

/* --- files by their names --- */

bool lopt_fits_apt_archive(const struct lopt_known_file *file)
{
	return ends_with(file->name, ".deb") || lopt_str_starts(file->inside, "partial/");
}

/* Directly in its place, not in a directory of it. */
static bool is_on_top(const struct lopt_known_file *file)
{
	return file->inside.len == file->name.len;
}

bool lopt_fits_apt_cache(const struct lopt_known_file *file)
{
	return is_on_top(file) && ends_with(file->name, ".bin");
}

/* In /var/backups what Debian puts there every night, not what others do. */
bool lopt_fits_dpkg_backup(const struct lopt_known_file *file)
{
	static const char *const owners[] = { "dpkg.", "apt.", "alternatives." };
	if (!lopt_str_starts(file->node->path, "var/backups/"))
		return is_on_top(file) && ends_with(file->name, "-old");
	for (size_t i = 0; i < COUNT(owners); i++)
		if (is_on_top(file) && lopt_str_starts(file->name, owners[i]))
			return true;
	return false;
}

bool lopt_fits_gem(const struct lopt_known_file *file)
{
	return ends_with(file->name, ".gem");
}

bool lopt_fits_login_record(const struct lopt_known_file *file)
{
	static const char *const names[] = { "lastlog", "faillog", "tallylog", "wtmp", "btmp" };
	return is_one_of(file->inside, names, COUNT(names));
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool starts_with_word(struct lopt_str name, const char *word)
{
	size_t n = strlen(word);
	for (size_t i = 0; i < n; i++)
		if (i >= name.len || lower(name.ptr[i]) != word[i])
			return false;
	return true;
}

/* Who ships a program has to ship its licence. */
bool lopt_fits_documentation(const struct lopt_known_file *file)
{
	static const char *const legal[] = { "copyright", "copying", "license", "licence", "notice" };
	for (size_t i = 0; i < COUNT(legal); i++)
		if (starts_with_word(file->name, legal[i]))
			return false;
	return true;
}

/* --- files by what the image says --- */

static enum lopt_status only_if(bool holds, uint64_t *bytes)
{
	if (!holds)
		*bytes = 0;
	return LOPT_OK;
}

/* What developers have in a folder, if it came with the folder. */
enum lopt_status lopt_look_copied(struct lopt_known_view *view, const struct lopt_known_file *file, uint64_t *bytes,
				  struct lopt_error *err)
{
	(void)err;
	return only_if(lopt_making_maker(view->making, file->node->inode_layer->index) == LOPT_MADE_BY_COPY, bytes);
}

/* LANGUAGE/LC_MESSAGES/DOMAIN.mo; those that the configuration asks for stay. */
enum lopt_status lopt_look_translation(struct lopt_known_view *view, const struct lopt_known_file *file,
				       uint64_t *bytes, struct lopt_error *err)
{
	struct lopt_str language = lopt_str_make(file->inside.ptr, 0);
	(void)err;
	while (language.len < file->inside.len && !is_among(language.ptr[language.len], "_@/"))
		language.len++;
	bool wanted = false;
	for (size_t i = 0; i < view->language_count; i++)
		wanted |= lopt_str_equal(language, view->languages[i]);
	return only_if(!wanted && ends_with(file->name, ".mo"), bytes);
}

/* --- files by their neighbours --- */

/* Python writes it again from the source; a .pyc of its own beside no source is the program. */
enum lopt_status lopt_look_bytecode(struct lopt_known_view *view, const struct lopt_known_file *file, uint64_t *bytes,
				    struct lopt_error *err)
{
	struct lopt_str path = file->node->path;
	struct lopt_found found;
	if (!ends_with(path, ".pyc"))
		return only_if(false, bytes);
	if (lopt_str_is(lopt_path_base(lopt_path_parent(path)), "__pycache__"))
		return LOPT_OK;
	LOPT_TRY(find(view, lopt_str_make(path.ptr, path.len - 1), "", &found, err));
	return only_if(is_there(&found) && found.type == LOPT_FILE, bytes);
}

static const char *const archive_ends[] = { ".tar",    ".tar.gz", ".tgz",     ".tar.bz2", ".tbz2",
					    ".tar.xz", ".txz",	  ".tar.zst", ".zip" };

static struct lopt_str without_archive_end(struct lopt_str path)
{
	for (size_t i = 0; i < COUNT(archive_ends); i++)
		if (ends_with(path, archive_ends[i]))
			return lopt_str_make(path.ptr, path.len - strlen(archive_ends[i]));
	return path;
}

/* "pkg" of "pkg_1.0": R puts the version behind the name of a source package. */
static struct lopt_str without_version(struct lopt_str path)
{
	struct lopt_str name = lopt_path_base(path);
	const char *version = name.len ? memchr(name.ptr, '_', name.len) : NULL;
	return version ? lopt_str_make(path.ptr, (size_t)(version - path.ptr)) : path;
}

static enum lopt_status is_directory(struct lopt_known_view *view, struct lopt_str path, bool *is,
				     struct lopt_error *err)
{
	struct lopt_found found;
	if (lopt_path_base(path).len == 0) {
		*is = false;
		return LOPT_OK;
	}
	LOPT_TRY(lopt_finder_find(&view->finder, path, &found, err));
	*is = is_there(&found) && found.type == LOPT_DIR;
	return LOPT_OK;
}

enum lopt_status lopt_look_archive(struct lopt_known_view *view, const struct lopt_known_file *file, uint64_t *bytes,
				   struct lopt_error *err)
{
	bool unpacked;
	struct lopt_str path = without_archive_end(file->node->path);
	LOPT_TRY(is_directory(view, path, &unpacked, err));
	if (!unpacked)
		LOPT_TRY(is_directory(view, without_version(path), &unpacked, err));
	return only_if(unpacked, bytes);
}

/*
 * What the linker takes instead has to be there; and parts of the compiler and the C library exist as such only, or
 * are asked for by name.
 */
enum lopt_status lopt_look_static_library(struct lopt_known_view *view, const struct lopt_known_file *file,
					  uint64_t *bytes, struct lopt_error *err)
{
	static const char *const kept[] = {
		"libgcc.a",    "libgcc_eh.a", "libc_nonshared.a",	"libgfortran.a",  "libquadmath.a",
		"libstdc++.a", "libsupc++.a", "libpthread_nonshared.a", "libcaf_single.a"
	};
	struct lopt_str path = file->node->path;
	struct lopt_found found;
	if (!lopt_str_starts(file->name, "lib") || is_one_of(file->name, kept, COUNT(kept)))
		return only_if(false, bytes);
	LOPT_TRY(find(view, lopt_str_make(path.ptr, path.len - 2), ".so", &found, err));
	return only_if(is_there(&found) && found.type != LOPT_DIR, bytes);
}

/* --- ELF --- */

/* "x.so", "x.so.1" */
static bool is_shared_library(struct lopt_str name)
{
	const char *so = name.len ? memmem(name.ptr, name.len, ".so", 3) : NULL;
	return so && (so + 3 == name.ptr + name.len || so[3] == '.');
}

/* Object files, archives of them and kernel modules need their symbols to be linked. */
bool lopt_known_may_be_elf(struct lopt_str name, uint32_t mode)
{
	static const char *const linked[] = { ".o", ".a", ".ko", ".debug" };
	if (!(mode & 0111) && !is_shared_library(name) && !ends_with(name, ".node"))
		return false;
	for (size_t i = 0; i < COUNT(linked); i++)
		if (ends_with(name, linked[i]))
			return false;
	return true;
}

enum lopt_status lopt_look_elf(struct lopt_known_view *view, const struct lopt_known_file *file, uint64_t *bytes,
			       struct lopt_error *err)
{
	(void)view, (void)err;
	const struct lopt_kept *kept = lopt_layer_kept(file->node->inode_layer, file->node->inode);
	if (!kept || kept->what != LOPT_KEEP_SECTIONS)
		return only_if(false, bytes);
	uint64_t symbols = lopt_add_saturating(kept->symbol_bytes, kept->debug_bytes, NULL);
	if (symbols < *bytes) /* sections of a made-up file may overlap */
		*bytes = symbols;
	return LOPT_OK;
}
