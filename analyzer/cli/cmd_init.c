/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <math.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/escape.h"
#include "base/size.h"
#include "cli/command.h"
#include "cli/gathering.h"
#include "cli/opening.h"
#include "cli/plugin.h"
#include "cli/relative.h"
#include "gate/settings.h"
#include "io/outfile.h"

enum { DOCKERFILE = LOPT_OPTION_OWN, MARGIN, WRITE, FORCE };

#define LEAST 1e6

struct wanted {
	struct lopt_opening opening;
	struct lopt_analysis_options analysis;
	struct lopt_buf dockerfile;
	double margin;
	const char *write;
	bool force;
};

static enum lopt_status take(void *context, int id, const char *value, struct lopt_error *err)
{
	enum { MARGIN_MOST = 10 };
	struct wanted *wanted = context;
	switch (id) {
	case DOCKERFILE:
		wanted->analysis.dockerfile_name = value;
		return LOPT_OK;
	case MARGIN:
		if (lopt_ratio_parse(&wanted->margin, value, MARGIN_MOST, err) != LOPT_OK)
			return lopt_error_context(err, "--margin");
		return LOPT_OK;
	case WRITE:
		wanted->write = value;
		return LOPT_OK;
	case FORCE:
		wanted->force = true;
		return LOPT_OK;
	default:
		return lopt_opening_take(&wanted->opening, id, value, err);
	}
}

/* --- figures --- */

/*
 * Up to the next of two digits, as a size that is read back: 63.2 MB and 10 % are "70MB". Less than a megabyte is no
 * limit that anybody wants to be stopped by.
 */
static void put_size(struct lopt_buf *out, uint64_t bytes, double margin)
{
	static const char *const units[] = { "B", "kB", "MB", "GB", "TB" };
	double value = fmax(ceil((double)bytes * (1 + margin)), LEAST);
	double step = pow(10, floor(log10(value)) - 1);
	double rounded = ceil(value / step - 1e-9) * step;
	size_t unit = 0;
	for (; rounded >= 1000 && unit + 1 < sizeof units / sizeof units[0]; unit++)
		rounded /= 1000;
	lopt_buf_printf(out, "%.10g%s", rounded, units[unit]);
}

static void put_exact(struct lopt_buf *out, uint64_t bytes)
{
	lopt_buf_text(out, "today ");
	lopt_size_format(out, bytes);
}

/* --- the file --- */

struct figure {
	const char *key;
	uint64_t bytes;
	const char *what;
};

static void put_limits(struct lopt_buf *out, const struct lopt_totals *totals, double margin)
{
	const struct figure figures[] = {
		{ "max-size", totals ? totals->content_bytes : 0, "what docker images calls SIZE" },
		{ "max-wasted", totals ? totals->wasted_bytes : 0, "shipped, and seen by no container" },
		{ "max-reclaimable", totals ? totals->reclaimable_bytes : 0, "what a rewrite saves for nothing" },
		{ "max-duplicates", totals ? totals->duplicate_bytes : 0, "further copies of the same content" },
	};
	for (size_t i = 0; i < sizeof figures / sizeof figures[0]; i++) {
		lopt_buf_printf(out, "  %s%s: ", totals ? "" : "# ", figures[i].key);
		if (totals)
			put_size(out, figures[i].bytes, margin);
		else
			lopt_buf_text(out, i == 0 ? "1.5GB" : "50MB");
		lopt_buf_printf(out, "  # %s", figures[i].what);
		if (totals) {
			lopt_buf_text(out, "; ");
			put_exact(out, figures[i].bytes);
		}
		lopt_buf_char(out, '\n');
	}
}

/* Two decimals, of which a share that is there always leaves something to see. */
static void put_share(struct lopt_buf *out, double percent)
{
	if (percent > 0 && percent < 0.01)
		lopt_buf_text(out, "below 0.01%");
	else
		lopt_buf_printf(out, "%.2f%%", percent);
}

static void put_counts(struct lopt_buf *out, const struct lopt_totals *totals, double margin)
{
	double wasted = totals && totals->content_bytes ? (double)totals->wasted_bytes / (double)totals->content_bytes
							: 0;
	if (totals) {
		lopt_buf_printf(out, "  max-wasted-percent: %.4g%%  # today ",
				ceil(fmin(wasted * (1 + margin), 1) * 1000) / 10);
		put_share(out, wasted * 100);
		lopt_buf_char(out, '\n');
	} else {
		lopt_buf_text(out, "  # max-wasted-percent: 5%\n");
	}
	lopt_buf_printf(out, "  # min-efficiency: 95%%\n  %smax-layers: %llu\n", totals ? "" : "# ",
			totals ? (unsigned long long)ceil((double)totals->layers * (1 + margin)) : 40ull);
	lopt_buf_text(out,
		      "  # max-layer-size: 800MB\n"
		      "  # size-measure: content  # or layers, compressed, rootfs\n"
		      "  # floor: 1MB             # waste and growth below this fail no ratio\n"
		      "  fail-on: error           # findings of this severity and above fail; none: they do not\n");
}

/* Of an image that holds what looks like a credential; NULL of any other, and without an image. */
static const struct lopt_finding *first_secret(const struct lopt_analysis *analysis)
{
	for (size_t i = 0; analysis && i < analysis->finding_count; i++)
		if (strcmp(analysis->findings[i].rule, "secret-in-layer") == 0)
			return &analysis->findings[i];
	return NULL;
}

/* Where the finding is, for a terminal or, in ASCII, for a comment. */
static void put_path(struct lopt_buf *out, const struct lopt_finding *finding, bool ascii)
{
	LOPT_CLEANUP(lopt_buf_release) struct lopt_buf shown = LOPT_BUF_INIT(SIZE_MAX / 2);
	lopt_escape_text(&shown, finding->path_count ? finding->paths[0] : finding->message);
	if (ascii)
		lopt_escape_json(out, lopt_buf_view(&shown));
	else
		lopt_buf_str(out, lopt_buf_view(&shown));
	out->failed = out->failed || shown.failed;
}

static void put_rest(struct lopt_buf *out)
{
	lopt_buf_text(
		out,
		"\n# The layers of the base image, so that a bad one does not fail a good Dockerfile.\n"
		"# base:\n"
		"#   layers: 1              # or image: base.tar\n"
		"# own:                     # any of the budgets above, for what the Dockerfile adds\n"
		"#   max-wasted: 1MB\n"
		"\n# What a merge may add. The baseline: layeropt gate IMAGE --write-baseline .layeropt-baseline.json\n"
		"# baseline:\n"
		"#   file: .layeropt-baseline.json\n"
		"#   max-growth: 25MB\n"
		"#   max-growth-percent: 5%\n"
		"#   no-new: warning\n"
		"\n# A directory and all under it, or a pattern in which * also stands for slashes.\n"
		"# paths:\n"
		"#   - path: /usr/local/lib\n"
		"#     max-size: 700MB\n"
		"#     message: Ask the platform team before raising this.\n"
		"# packages:\n"
		"#   - package: \"cuda-*\"\n"
		"#     max-size: 0B\n"
		"# forbidden:\n"
		"#   - path: /root/.ssh\n"
		"\n# What severity a rule's findings have: info, warning, error or off.\n");
}

/* A gate passes the image it was written for: a credential that is there already does not fail it. */
static void put_rules(struct lopt_buf *out, bool no_secrets, const struct lopt_finding *secret)
{
	if (secret) {
		lopt_buf_text(out, "# The image at hand holds what looks like a credential: ");
		put_path(out, secret, true);
		lopt_buf_text(out, ".\n# Once it is gone, uncomment these lines, so that the next one fails.\n");
	}
	lopt_buf_text(out, no_secrets ? "rules:\n  - rule: secret-in-layer\n    severity: error\n"
				      : "# rules:\n#   - rule: secret-in-layer\n#     severity: error\n");
}

static void put_ignores(struct lopt_buf *out)
{
	lopt_buf_text(out, "\n# Findings that do not count, each with a reason. expires is optional.\n"
			   "# ignore:\n"
			   "#   - rule: documentation\n"
			   "#     path: /usr/share/doc/**\n"
			   "#     reason: The licences have to be in there.\n"
			   "#     expires: 2027-06-30\n");
}

/* A plain word stays one; what YAML could take for something else is quoted. */
static void put_scalar(struct lopt_buf *out, const char *text)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._/-";
	if (*text && strspn(text, plain) == strlen(text) && *text != '-' && *text != '.') {
		lopt_buf_text(out, text);
		return;
	}
	lopt_buf_char(out, '\'');
	for (; *text; text++)
		lopt_buf_text(out, *text == '\'' ? "''" : (char[]){ *text, '\0' });
	lopt_buf_char(out, '\'');
}

/* What the file names is looked for beside it. */
static void put_dockerfile(struct lopt_buf *out, const struct wanted *wanted)
{
	LOPT_CLEANUP(lopt_buf_release) struct lopt_buf seen = LOPT_BUF_INIT(SIZE_MAX / 2);
	LOPT_CLEANUP(lopt_cleanup_bytes) char *here = NULL;
	const char *name = wanted->analysis.dockerfile_name;
	bool as_given = *name == '/' || strcmp(name, "-") == 0 || strcmp(wanted->write, "-") == 0;
	if (as_given) {
		lopt_buf_text(&seen, name);
	} else if (!lopt_relative(&seen, name, wanted->write)) {
		here = get_current_dir_name();
		lopt_buf_text(&seen, here ? here : "");
		lopt_buf_text(&seen, here ? "/" : "");
		lopt_buf_text(&seen, name);
	}
	lopt_buf_text(out, "dockerfile: ");
	put_scalar(out, seen.data ? seen.data : "");
	lopt_buf_text(out, "\n");
	out->failed = out->failed || seen.failed;
}

/* `analysis` is NULL without an image. */
static void compose(struct lopt_buf *out, const struct wanted *wanted, const struct lopt_analysis *analysis)
{
	const struct lopt_totals *totals = analysis ? &analysis->totals : NULL;
	lopt_buf_text(out, "# What layeropt gate holds an image to. Sizes are SI: 1.5GB is 1,500,000,000 bytes.\n"
			   "# layeropt gate --check-config tells what holds, and layeropt-gate(1) what it means.\n");
	if (totals)
		lopt_buf_printf(out, "# Limits are those of the image at hand and %.4g%%.\n", wanted->margin * 100);
	lopt_buf_text(out, "version: 1\n");
	if (wanted->analysis.dockerfile_name)
		put_dockerfile(out, wanted);
	else
		lopt_buf_text(out, "# dockerfile: Dockerfile\n");
	lopt_buf_text(out, "\nbudgets:\n");
	put_limits(out, totals, wanted->margin);
	put_counts(out, totals, wanted->margin);
	put_rest(out);
	const struct lopt_finding *secret = first_secret(analysis);
	put_rules(out, analysis && !secret, secret);
	put_ignores(out);
}

/* A word of a command line as a shell reads it, shown escaped. */
static void put_word(struct lopt_buf *out, const char *word)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._/-:@+=";
	LOPT_CLEANUP(lopt_buf_release) struct lopt_buf quoted = LOPT_BUF_INIT(SIZE_MAX / 2);
	lopt_buf_char(out, ' ');
	if (*word && strspn(word, plain) == strlen(word)) {
		lopt_buf_text(out, word);
		return;
	}
	lopt_buf_char(&quoted, '\'');
	for (; *word; word++)
		lopt_buf_text(&quoted, *word == '\'' ? "'\\''" : (char[]){ *word, '\0' });
	lopt_buf_char(&quoted, '\'');
	lopt_escape_text(out, lopt_buf_view(&quoted));
	out->failed = out->failed || quoted.failed;
}

static void put_next_step(struct lopt_buf *out, const struct wanted *wanted)
{
	const struct lopt_open_options *options = &wanted->opening.options;
	lopt_buf_printf(out, "layeropt: next: %s gate", lopt_program());
	put_word(out, wanted->opening.image ? wanted->opening.image : "IMAGE");
	if (strcmp(wanted->write, ".layeropt.yaml") != 0) {
		lopt_buf_text(out, " --config");
		put_word(out, wanted->write);
	}
	if (options->select) {
		lopt_buf_text(out, " --select");
		put_word(out, options->select);
	}
	if (options->platform) {
		lopt_buf_text(out, " --platform");
		put_word(out, options->platform);
	}
	lopt_buf_char(out, '\n');
}

/* For standard error: what was done, what was left out of it, and what comes next. */
static void put_news(struct lopt_buf *text, const struct wanted *wanted, const struct lopt_finding *secret)
{
	bool to_file = strcmp(wanted->write, "-") != 0;
	if (to_file) {
		lopt_buf_text(text, "layeropt: wrote ");
		lopt_escape_text(text, lopt_str_from(wanted->write));
		lopt_buf_char(text, '\n');
	}
	if (secret) {
		lopt_buf_text(text, "layeropt: warning: the image holds what looks like a credential (");
		put_path(text, secret, false);
		lopt_buf_text(text, "): the gate does not fail for it until rules in the file say so\n");
	}
	if (to_file)
		put_next_step(text, wanted);
}

static enum lopt_status write_file(struct lopt_outfile *file, const struct wanted *wanted,
				   const struct lopt_analysis *analysis, struct lopt_error *err)
{
	LOPT_CLEANUP(lopt_buf_release) struct lopt_buf text = LOPT_BUF_INIT(SIZE_MAX / 2);
	LOPT_CLEANUP(lopt_buf_release) struct lopt_buf news = LOPT_BUF_INIT(SIZE_MAX / 2);
	compose(&text, wanted, analysis);
	put_news(&news, wanted, first_secret(analysis));
	if (text.failed || news.failed)
		return lopt_error_memory(err);
	(void)fwrite(text.data, 1, text.len, file->file);
	LOPT_TRY(lopt_outfile_commit(file, err));
	(void)fwrite(news.data ? news.data : "", 1, news.len, stderr);
	return LOPT_OK;
}

/* --- all of it --- */

static enum lopt_status measure_and_write(struct wanted *wanted, struct lopt_source *source, struct lopt_outfile *file,
					  struct lopt_error *err)
{
	LOPT_CLEANUP(lopt_cleanup_image) struct lopt_image *image = NULL;
	LOPT_CLEANUP(lopt_cleanup_analysis) const struct lopt_analysis *analysis = NULL;
	LOPT_TRY(lopt_opening_confine(&wanted->opening, &source, 1, err));
	LOPT_TRY(lopt_opening_read(&image, &wanted->opening, source, NULL, err));
	LOPT_TRY(lopt_analysis_make(&analysis, image, &wanted->analysis, err));
	return write_file(file, wanted, analysis, err);
}

static enum lopt_status open_and_write(struct wanted *wanted, struct lopt_outfile *file, struct lopt_error *err)
{
	LOPT_CLEANUP(lopt_cleanup_source) struct lopt_source *source = NULL;
	if (!wanted->opening.image)
		return write_file(file, wanted, NULL, err);
	wanted->opening.options.keep = lopt_analysis_keep;
	wanted->opening.options.verify_digests = true;
	if (wanted->analysis.dockerfile_name)
		LOPT_TRY(lopt_dockerfile_load(&wanted->dockerfile, wanted->analysis.dockerfile_name, err));
	wanted->analysis.dockerfile = lopt_buf_view(&wanted->dockerfile);
	LOPT_TRY(lopt_opening_source(&source, wanted->opening.image, err));
	return measure_and_write(wanted, source, file, err);
}

static enum lopt_status init(struct wanted *wanted, struct lopt_error *err)
{
	struct stat st;
	if (!wanted->force && strcmp(wanted->write, "-") != 0 && stat(wanted->write, &st) == 0 && S_ISREG(st.st_mode))
		return lopt_error_set(err, LOPT_E_USAGE, "%s is there already; --force replaces it", wanted->write);
	LOPT_CLEANUP(lopt_outfile_abandon) struct lopt_outfile file = { 0 };
	LOPT_TRY(lopt_outfile_open(&file, wanted->write, err));
	return open_and_write(wanted, &file, err);
}

static enum lopt_status run(const struct lopt_command *command, int argc, char **argv, struct lopt_error *err)
{
	struct wanted wanted = { .margin = 0.1, .write = ".layeropt.yaml", .dockerfile = LOPT_BUF_INIT(SIZE_MAX / 2) };
	lopt_opening_init(&wanted.opening);
	enum lopt_status status = lopt_options_parse(command->options, argc, argv, take, &wanted, err);
	if (status == LOPT_OK)
		status = wanted.opening.help ? lopt_help_print(command, err) : init(&wanted, err);
	lopt_buf_release(&wanted.dockerfile);
	lopt_opening_release(&wanted.opening);
	return status;
}

static const char *words(int id, size_t index)
{
	return lopt_opening_word(id, index);
}

static const struct lopt_option options[] = {
	{ "dockerfile", 0, DOCKERFILE, "FILE", "the image's Dockerfile; the file names it, so that gates tell lines" },
	{ "margin", 0, MARGIN, "RATIO", "what is put on top of today's figures (10%)" },
	{ "write", 0, WRITE, "FILE", "where to (.layeropt.yaml); - for standard output" },
	{ "force", 0, FORCE, NULL, "replace a file that is there" },
	LOPT_OPENING_ROWS,
	{ 0 },
};

const struct lopt_command lopt_command_init = {
	.name = "init",
	.usage = "[IMAGE] [OPTION]...",
	.what = "Write a .layeropt.yaml with today's figures for limits",
	.more = "IMAGE is a docker save tarball, an OCI archive, an OCI layout directory, - for\n"
		"standard input, docker:NAME or podman:NAME. Without one every limit is there\n"
		"as a comment.\n",
	.options = options,
	.words = words,
	.run = run,
};
