/* SPDX-License-Identifier: MIT */
#include "package/python.h"

#include "base/cleanup.h"
#include "layer/path.h"
#include "package/teller.h"
#include "package/text.h"

/* One distribution while its files are told. */
struct python {
	struct lopt_teller teller;
	struct lopt_str from; /* the folder that paths are relative to */
	struct lopt_buf field;
};

/* NAME-VERSION: versions have no "-" (PEP 440), names might. */
static bool name_wheel(struct lopt_package *package, struct lopt_str stem)
{
	const char *dash = stem.len ? memrchr(stem.ptr, '-', stem.len) : NULL;
	if (!dash)
		return false;
	size_t before = (size_t)(dash - stem.ptr);
	package->name = lopt_str_make(stem.ptr, before);
	package->version = lopt_str_make(dash + 1, stem.len - before - 1);
	return package->name.len && package->version.len;
}

/* NAME-VERSION[-pyX.Y[-PLATFORM]]: setuptools leaves a "-" in none of them but the last. */
static bool name_egg(struct lopt_package *package, struct lopt_str stem)
{
	struct lopt_str more;
	if (!lopt_text_cut(stem, '-', &package->name, &package->version))
		return false;
	(void)lopt_text_cut(package->version, '-', &package->version, &more);
	return package->name.len && package->version.len;
}

/* The package that a folder NAME-VERSION.suffix stands for; false when its name says none. */
static bool name_package(struct lopt_package *package, struct lopt_str folder)
{
	struct lopt_str base = lopt_path_base(folder);
	const char *dot = base.len ? memrchr(base.ptr, '.', base.len) : NULL;
	if (!dot)
		return false;
	struct lopt_str stem = lopt_str_make(base.ptr, (size_t)(dot - base.ptr));
	*package = (struct lopt_package){ .manager = "pip" };
	return lopt_text_ends(base, ".dist-info") ? name_wheel(package, stem) : name_egg(package, stem);
}

typedef enum lopt_status tell_files(struct python *python, struct lopt_str text, struct lopt_error *err);

/* The package that the metadata folder names, and what `tell` makes of the text; its paths start at `from`. */
static enum lopt_status parse(struct lopt_str text, struct lopt_str folder, struct lopt_str from, tell_files *tell,
			      struct lopt_package_sink *sink, struct lopt_error *err)
{
	struct lopt_package package;
	if (!name_package(&package, folder))
		return LOPT_OK;
	LOPT_TRY(sink->package(sink, &package, err));
	/* room for all of the text and ".py" */
	struct python python = { .from = from, .field = LOPT_BUF_INIT(text.len + 3) };
	lopt_teller_init(&python.teller, sink, text);
	enum lopt_status status = tell(&python, text, err);
	lopt_teller_release(&python.teller);
	lopt_buf_release(&python.field);
	return status;
}

static void skip(struct lopt_str *rest, size_t n)
{
	*rest = lopt_str_make(rest->ptr + n, rest->len - n);
}

/* A field in quotes, in which two quotes stand for one, goes to `field`; false when no quote ends it. */
static bool read_quoted(struct lopt_buf *field, struct lopt_str *rest)
{
	struct lopt_str piece;
	lopt_buf_clear(field);
	skip(rest, 1);
	while (lopt_text_cut(*rest, '"', &piece, rest)) {
		lopt_buf_str(field, piece);
		if (rest->len == 0 || rest->ptr[0] != '"')
			return true;
		lopt_buf_char(field, '"');
		skip(rest, 1);
	}
	return false;
}

/* The first field of the next line of CSV (RFC 4180); false at the end. */
static bool next_path(struct python *python, struct lopt_str *rest, struct lopt_str *path)
{
	struct lopt_str line;
	if (rest->len && rest->ptr[0] == '"') {
		if (!read_quoted(&python->field, rest))
			return false;
		*path = lopt_buf_view(&python->field);
		(void)lopt_text_line(rest, &line);
		return true;
	}
	if (!lopt_text_line(rest, &line))
		return false;
	*path = line;
	(void)lopt_text_cut(line, ',', path, &line);
	return true;
}

static enum lopt_status tell_record(struct python *python, struct lopt_str text, struct lopt_error *err)
{
	struct lopt_str path;
	while (next_path(python, &text, &path)) {
		if (python->field.failed)
			return lopt_error_memory(err);
		LOPT_TRY(lopt_teller_file(&python->teller, python->from, path, err));
	}
	return LOPT_OK;
}

enum lopt_status lopt_python_parse_record(struct lopt_str text, struct lopt_str path, struct lopt_package_sink *sink,
					  struct lopt_error *err)
{
	struct lopt_str folder = lopt_path_parent(path);
	return parse(text, folder, lopt_path_parent(folder), tell_record, sink, err);
}

static enum lopt_status tell_lines(struct python *python, struct lopt_str text, struct lopt_error *err)
{
	struct lopt_str line;
	while (lopt_text_line(&text, &line))
		LOPT_TRY(lopt_teller_file(&python->teller, python->from, line, err));
	return LOPT_OK;
}

enum lopt_status lopt_python_parse_installed_files(struct lopt_str text, struct lopt_str path,
						   struct lopt_package_sink *sink, struct lopt_error *err)
{
	struct lopt_str folder = lopt_path_parent(path);
	return parse(text, folder, folder, tell_lines, sink, err);
}

static bool is_module(struct lopt_str name)
{
	return name.len && !memchr(name.ptr, '/', name.len) && !lopt_str_is(name, ".") && !lopt_str_is(name, "..");
}

static enum lopt_status tell_module(struct python *python, struct lopt_str name, struct lopt_error *err)
{
	LOPT_TRY(lopt_teller_tree(&python->teller, python->from, name, err));
	lopt_buf_clear(&python->field);
	lopt_buf_str(&python->field, name);
	lopt_buf_text(&python->field, ".py");
	if (python->field.failed)
		return lopt_error_memory(err);
	return lopt_teller_file(&python->teller, python->from, lopt_buf_view(&python->field), err);
}

static enum lopt_status tell_modules(struct python *python, struct lopt_str text, struct lopt_error *err)
{
	struct lopt_str line;
	while (lopt_text_line(&text, &line)) {
		struct lopt_str name = lopt_text_trim(line);
		if (is_module(name))
			LOPT_TRY(tell_module(python, name, err));
	}
	return LOPT_OK;
}

enum lopt_status lopt_python_parse_top_level(struct lopt_str text, struct lopt_str path, struct lopt_package_sink *sink,
					     struct lopt_error *err)
{
	struct lopt_str folder = lopt_path_parent(path);
	return parse(text, folder, lopt_path_parent(folder), tell_modules, sink, err);
}

enum lopt_status lopt_python_parse_egg(struct lopt_str text, struct lopt_str path, struct lopt_package_sink *sink,
				       struct lopt_error *err)
{
	struct lopt_package package;
	struct lopt_str egg = lopt_path_parent(lopt_path_parent(path));
	(void)text;
	if (!name_package(&package, egg))
		return LOPT_OK;
	LOPT_TRY(sink->package(sink, &package, err));
	return sink->tree(sink, egg, err);
}

bool lopt_python_source(struct lopt_buf *source, struct lopt_str path)
{
	struct lopt_str module, tag, folder = lopt_path_parent(path);
	if (!lopt_text_ends(path, ".pyc") || !lopt_str_is(lopt_path_base(folder), "__pycache__"))
		return false;
	if (!lopt_text_cut(lopt_path_base(path), '.', &module, &tag) || module.len == 0)
		return false;
	struct lopt_str parent = lopt_path_parent(folder);
	lopt_buf_str(source, parent);
	if (parent.len)
		lopt_buf_char(source, '/');
	lopt_buf_str(source, module);
	lopt_buf_text(source, ".py");
	return true;
}
