/* SPDX-License-Identifier: MIT */
#include "cli/baseline.h"

#include <errno.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "cli/gathering.h"

void lopt_baseline_release(struct lopt_baseline *baseline)
{
	lopt_analysis_free(baseline->analysis);
	lopt_image_free(baseline->image);
	lopt_source_free(baseline->source);
	lopt_buf_release(&baseline->json);
}

static enum lopt_status refuse_stat(const char *path, int code, struct lopt_error *err)
{
	char hint[LOPT_SOURCE_HINT_MAX] = "";
	bool missing = code == ENOENT || code == ENOTDIR;
	if (missing)
		lopt_source_hint(hint, path);
	return lopt_error_set(err, missing ? LOPT_E_USAGE : LOPT_E_SYSTEM, "baseline %s: cannot open: %s%s", path,
			      strerror(code), hint);
}

/* A regular file that is called or begins like JSON. */
static enum lopt_status is_analysis(bool *out, const char *path, struct lopt_error *err)
{
	struct stat st;
	char bytes[64];
	size_t len = strlen(path);
	*out = false;
	if (strncmp(path, "docker:", 7) == 0 || strncmp(path, "podman:", 7) == 0 || strcmp(path, "-") == 0)
		return LOPT_OK;
	if (stat(path, &st) < 0)
		return refuse_stat(path, errno, err);
	*out = S_ISREG(st.st_mode) && len > 5 && strcmp(path + len - 5, ".json") == 0;
	if (*out || !S_ISREG(st.st_mode))
		return LOPT_OK;
	FILE *file = fopen(path, "rbe");
	if (!file)
		return lopt_error_set(err, LOPT_E_SYSTEM, "baseline %s: cannot open: %s", path, strerror(errno));
	size_t got = fread(bytes, 1, sizeof bytes, file);
	(void)fclose(file);
	for (size_t i = 0; i < got && !*out && (bytes[i] == '{' || strchr(" \t\r\n", bytes[i])); i++)
		*out = bytes[i] == '{';
	return LOPT_OK;
}

enum lopt_status lopt_baseline_open(struct lopt_baseline *baseline, const char *path, struct lopt_error *err)
{
	baseline->name = path;
	if (!*path)
		return LOPT_OK;
	LOPT_TRY(is_analysis(&baseline->is_saved, path, err));
	if (!baseline->is_saved)
		return lopt_source_open(&baseline->source, path, err);
	return lopt_file_read(&baseline->json, path, LOPT_ANALYSIS_JSON_MAX, LOPT_E_USAGE, err);
}

enum lopt_status lopt_baseline_read(struct lopt_baseline *baseline, struct lopt_opening *opening,
				    struct lopt_error *err)
{
	if (baseline->source) {
		struct lopt_open_options own = opening->options;
		own.select = NULL;
		LOPT_TRY(lopt_opening_read(&baseline->image, opening, baseline->source, &own, err));
		return lopt_analysis_make(&baseline->analysis, baseline->image, NULL, err);
	}
	if (!baseline->is_saved)
		return LOPT_OK;
	if (lopt_analysis_load(&baseline->analysis, lopt_buf_view(&baseline->json), err) != LOPT_OK)
		return lopt_error_context(err, "baseline %s", baseline->name);
	return LOPT_OK;
}
