/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "cli/baseline.h"
#include "cli/command.h"
#include "cli/gathering.h"
#include "cli/opening.h"
#include "cli/plugin.h"
#include "cli/terminal.h"
#include "gate/evaluate.h"
#include "report/gate.h"

enum {
	TOP = LOPT_OPTION_OWN,
	RULE,
	FORBID,
	PATH_BUDGET,
	PACKAGE_BUDGET,
	WRITE_BASELINE,
	CONFIG,
	NO_CONFIG,
	DIVE,
	CHECK_CONFIG,
	EXIT_ZERO,
	EXIT_CODE,
	SUPPRESSED,
	NO_VERIFY,
	SECRETS,
	COLOR,
	COMMENT_KEY,
	MARKDOWN_SIZE,
	SETTING, /* from here on: an option that settings.c knows by its name */
	SETTING_LAST = SETTING + 64,
};

enum { TOP_DEFAULT = 20, EXIT_MAX = 125, COMMENT_KEY_MAX = 64 };

struct wanted {
	struct lopt_opening opening;
	struct lopt_report_options report;
	struct lopt_gathering gathering;
	struct lopt_analysis_options analysis;
	enum lopt_color color;
	enum lopt_gate_rank rank; /* of what is being taken */
	struct lopt_buf origin;	  /* of a variable that is being taken */
	bool failed;		  /* memory for one; looked at when all are taken */
	struct lopt_baseline baseline;
	const char *write_baseline;
	bool check_config;
	size_t exit_code;
};

static const struct lopt_option options[] = {
	{ "max-size", 0, SETTING, "SIZE", "what the image may weigh, as in 1.5GB (see --size-measure)" },
	{ "size-measure", 0, SETTING + 1, "WHAT",
	  "what max-size and growth measure: content (default), layers, compressed or rootfs" },
	{ "max-wasted", 0, SETTING + 2, "SIZE", "bytes that are shipped and that no container sees" },
	{ "max-wasted-percent", 0, SETTING + 3, "RATIO", "the same, of the image's size: 5% or 0.05" },
	{ "max-reclaimable", 0, SETTING + 4, "SIZE", "what a rewrite saves without changing what a container does" },
	{ "min-efficiency", 0, SETTING + 5, "RATIO", "visible bytes of all bytes: 95% or 0.95" },
	{ "max-duplicates", 0, SETTING + 6, "SIZE", "further copies of the same content" },
	{ "max-layers", 0, SETTING + 7, "N", "how many layers" },
	{ "max-layer-size", 0, SETTING + 8, "SIZE", "what one layer may weigh" },
	{ "floor", 0, SETTING + 9, "SIZE", "waste and growth below this fail no ratio (1MB)" },
	{ "path-budget", 0, PATH_BUDGET, "PATTERN=SIZE",
	  "visible bytes of a directory and all under it, or of a pattern in which * also stands for slashes "
	  "(repeatable)" },
	{ "package-budget", 0, PACKAGE_BUDGET, "PATTERN=SIZE",
	  "bytes of packages, by NAME or MANAGER:NAME (repeatable)" },
	{ "forbid", 0, FORBID, "PATTERN", "paths that no layer may ship (repeatable)" },
	{ "fail-on", 0, SETTING + 10, "SEVERITY", "findings that fail: info, warning, error or none (default)" },
	{ "rule", 0, RULE, "NAME=SEVERITY",
	  "the severity of a rule's findings: info, warning, error or off (repeatable)" },
	{ "baseline", 0, SETTING + 11, "FILE|IMAGE", "what to compare with: a saved analysis, or an image" },
	{ "max-growth", 0, SETTING + 12, "SIZE", "how much larger than the baseline" },
	{ "max-growth-percent", 0, SETTING + 13, "RATIO", "the same, of the baseline's size" },
	{ "no-new", 0, SETTING + 14, "SEVERITY",
	  "findings that the baseline does not have fail from this severity on" },
	{ "write-baseline", 0, WRITE_BASELINE, "FILE", "write what a later gate is to compare with" },
	{ "base", 0, SETTING_LAST, "IMAGE", "tell the layers of this base image apart from the image's own" },
	{ "base-layers", 0, SETTING + 15, "N", "the same, where the base image is the lowest N layers" },
	{ "dockerfile", 0, SETTING + 16, "FILE",
	  "find the line of each instruction, and comments that ignore findings" },
	{ "config", 0, CONFIG, "FILE",
	  "settings; default: .layeropt.yaml here, or above up to the root of the repository" },
	{ "no-config", 0, NO_CONFIG, NULL, "read no .layeropt.yaml and no .dive-ci" },
	{ "dive-ci", 0, DIVE, "FILE", "limits of dive; default: .dive-ci, where there is no .layeropt.yaml" },
	{ "check-config", 0, CHECK_CONFIG, NULL, "print every setting with where it comes from, and exit" },
	{ "format", 0, LOPT_OPTION_FORMAT, "FORMAT",
	  "text (default), json, markdown, junit, sarif, gitlab-codequality, github, openmetrics or csv, to standard "
	  "output; github goes to standard error" },
	{ "output", 'o', LOPT_OPTION_OUTPUT, "FORMAT=FILE",
	  "write a report to FILE, - for standard output (repeatable)" },
	{ "top", 0, TOP, "N", "rows per list (20); 0 is all" },
	{ "show-suppressed", 0, SUPPRESSED, NULL, "list the findings that are ignored" },
	{ "exit-zero", 0, EXIT_ZERO, NULL, "end with 0 also when a budget is exceeded" },
	{ "exit-code", 0, EXIT_CODE, "N", "end with N when a budget is exceeded (1)" },
	{ "no-verify-digests", 0, NO_VERIFY, NULL, "do not compare what is read with its digests" },
	{ "show-secrets", 0, SECRETS, NULL, "do not mask values that look like credentials" },
	{ "color", 0, COLOR, "WHEN", "auto (default), always or never" },
	{ "comment-key", 0, COMMENT_KEY, "NAME", "tell Markdown comments of several gates on one change apart (gate)" },
	{ "markdown-size", 0, MARKDOWN_SIZE, "N", "characters that a Markdown report may have (65536)" },
	LOPT_OPENING_ROWS,
	{ 0 },
};

static const char *option_name(int id)
{
	for (size_t i = 0; options[i].name; i++)
		if (options[i].id == id)
			return options[i].name;
	return "";
}

/* "--max-size", or the variable. */
static struct lopt_gate_place place_of(struct wanted *wanted, int id)
{
	if (wanted->rank == LOPT_RANK_OPTION) {
		lopt_buf_clear(&wanted->origin);
		lopt_buf_printf(&wanted->origin, "--%s", option_name(id));
		wanted->failed |= wanted->origin.failed;
	}
	return (struct lopt_gate_place){ wanted->rank, wanted->origin.data ? wanted->origin.data : "" };
}

/* "NAME=SEVERITY" */
static enum lopt_status take_rule(struct wanted *wanted, const char *value, struct lopt_error *err)
{
	LOPT_CLEANUP(lopt_cleanup_bytes) char *rule = strdup(value);
	if (!rule)
		return lopt_error_memory(err);
	char *equals = strchr(rule, '=');
	if (equals)
		*equals = '\0';
	return lopt_gate_add_rule(&wanted->gathering.settings, rule, equals ? equals + 1 : NULL, place_of(wanted, RULE),
				  err);
}

static enum lopt_status take_exit_code(struct wanted *wanted, const char *value, struct lopt_error *err)
{
	LOPT_TRY(lopt_number_parse(&wanted->exit_code, "exit-code", value, err));
	return wanted->exit_code <= EXIT_MAX
		       ? LOPT_OK
		       : lopt_error_set(err, LOPT_E_USAGE, "--exit-code %.200s: at most %d", value, EXIT_MAX);
}

static enum lopt_status take_comment_key(struct wanted *wanted, const char *value, struct lopt_error *err)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
	size_t length = strlen(value);
	if (!length || length > COMMENT_KEY_MAX || strspn(value, letters) != length)
		return lopt_error_set(err, LOPT_E_USAGE,
				      "--comment-key %.200s: up to %d letters, digits, dots, underscores and hyphens",
				      value, COMMENT_KEY_MAX);
	wanted->report.comment_key = value;
	return LOPT_OK;
}

static enum lopt_status take_markdown_size(struct wanted *wanted, const char *value, struct lopt_error *err)
{
	LOPT_TRY(lopt_number_parse(&wanted->report.markdown_bytes, "markdown-size", value, err));
	return wanted->report.markdown_bytes >= LOPT_MARKDOWN_LEAST
		       ? LOPT_OK
		       : lopt_error_set(err, LOPT_E_USAGE, "--markdown-size %.200s: at least %d", value,
					LOPT_MARKDOWN_LEAST);
}

static enum lopt_status take_list(struct wanted *wanted, int id, const char *value, struct lopt_error *err)
{
	struct lopt_gate_settings *settings = &wanted->gathering.settings;
	switch (id) {
	case PATH_BUDGET:
		return lopt_gate_add_budget(settings, &settings->paths, value, place_of(wanted, id), err);
	case PACKAGE_BUDGET:
		return lopt_gate_add_budget(settings, &settings->packages, value, place_of(wanted, id), err);
	case RULE:
		return take_rule(wanted, value, err);
	default:
		return lopt_gate_add_pattern(settings, &settings->forbidden,
					     &(struct lopt_pattern_text){ .pattern = value }, place_of(wanted, id),
					     err);
	}
}

static enum lopt_status take_flag(struct wanted *wanted, int id, struct lopt_error *err)
{
	switch (id) {
	case NO_CONFIG:
		wanted->gathering.no_config = true;
		return LOPT_OK;
	case CHECK_CONFIG:
		wanted->check_config = true;
		return LOPT_OK;
	case EXIT_ZERO:
		wanted->exit_code = 0;
		return LOPT_OK;
	case SUPPRESSED:
		wanted->report.show_suppressed = true;
		return LOPT_OK;
	case NO_VERIFY:
		wanted->opening.options.verify_digests = false;
		return LOPT_OK;
	case SECRETS:
		wanted->report.show_secrets = true;
		return LOPT_OK;
	default:
		return lopt_error_set(err, LOPT_E_BUG, "option %d is not taken", id);
	}
}

static enum lopt_status take(void *context, int id, const char *value, struct lopt_error *err)
{
	struct wanted *wanted = context;
	if (id >= SETTING)
		return lopt_gate_set_option(&wanted->gathering.settings,
					    id == SETTING_LAST ? "base-image" : option_name(id), value,
					    place_of(wanted, id), err);
	switch (id) {
	case TOP:
		return lopt_number_parse(&wanted->report.top, "top", value, err);
	case RULE:
	case FORBID:
	case PATH_BUDGET:
	case PACKAGE_BUDGET:
		return take_list(wanted, id, value, err);
	case WRITE_BASELINE:
		wanted->write_baseline = value;
		return LOPT_OK;
	case CONFIG:
		wanted->gathering.config = value;
		return LOPT_OK;
	case DIVE:
		wanted->gathering.dive = value;
		return LOPT_OK;
	case EXIT_CODE:
		return take_exit_code(wanted, value, err);
	case COLOR:
		return lopt_color_parse(&wanted->color, value, err);
	case COMMENT_KEY:
		return take_comment_key(wanted, value, err);
	case MARKDOWN_SIZE:
		return take_markdown_size(wanted, value, err);
	default:
		return id >= LOPT_OPTION_OWN ? take_flag(wanted, id, err)
					     : lopt_opening_take(&wanted->opening, id, value, err);
	}
}

/* --- what the settings ask for --- */

static enum lopt_status check_needs(const struct wanted *wanted, struct lopt_error *err)
{
	const struct lopt_gate_settings *settings = &wanted->gathering.settings;
	struct lopt_str origin;
	if (settings->base_image.rank && settings->base_image.rank == settings->base_layers.rank)
		return lopt_error_set(err, LOPT_E_USAGE, "%s and %s exclude each other",
				      settings->base_image.origin.ptr, settings->base_layers.origin.ptr);
	if (!settings->base_image.rank && !settings->base_layers.rank &&
	    lopt_gate_settings_need_base(settings, &origin))
		return lopt_error_set(err, LOPT_E_USAGE,
				      "%s: which layers are the base's? --base or --base-layers tells", origin.ptr);
	/* The first of all baselines has nothing to be compared with. */
	if (!settings->baseline.rank && !wanted->write_baseline && lopt_gate_settings_need_baseline(settings, &origin))
		return lopt_error_set(err, LOPT_E_USAGE, "%s: there is no baseline; --baseline names one", origin.ptr);
	if (!wanted->write_baseline && !lopt_gate_settings_any(settings))
		return lopt_error_set(
			err, LOPT_E_USAGE,
			"no budget is set: give one, as in --max-size 1.5GB, or write them down with '%s init'",
			lopt_program());
	return LOPT_OK;
}

/* What a gate would refuse may still come from its options: it is a warning here. */
static enum lopt_status check_config(const struct wanted *wanted, struct lopt_error *err)
{
	struct lopt_error needs = { 0 };
	LOPT_TRY(lopt_settings_print(&wanted->gathering.settings, err));
	if (check_needs(wanted, &needs) != LOPT_OK)
		lopt_terminal_warning("%s", needs.message);
	return LOPT_OK;
}

/* --- reports --- */

static enum lopt_status write_report(const struct wanted *wanted, const struct lopt_output *output,
				     const struct lopt_gate_result *result, struct lopt_error *err)
{
	struct lopt_report_options report = lopt_output_options(output, &wanted->report, wanted->color);
	for (size_t i = 0; lopt_gate_format_at(i); i++)
		if (lopt_output_is(output, lopt_gate_format_at(i)->name))
			return lopt_gate_format_at(i)->write(lopt_output_file(output), result, &report, err);
	return lopt_error_set(err, LOPT_E_BUG, "an output without a format");
}

/* What leaves a report with less than it could tell. */
static void warn(const struct lopt_gate_result *result)
{
	const struct lopt_analysis *analysis = result->analysis, *baseline = result->baseline;
	for (size_t i = 0; i < analysis->finding_count; i++)
		if (strcmp(analysis->findings[i].rule, "dockerfile-mismatch") == 0)
			lopt_terminal_warning("the Dockerfile does not fit the image: %.*s",
					      LOPT_STR_ARGS(analysis->findings[i].message));
	if (baseline &&
	    (baseline->omitted.findings.rows || baseline->omitted.packages.rows || baseline->omitted.directories.rows))
		lopt_terminal_warning(
			"the baseline was cut: what is new, and which packages and directories grew, cannot be "
			"told (--write-baseline writes all of it)");
}

static enum lopt_status report(struct wanted *wanted, const struct lopt_gate_result *result, struct lopt_error *err)
{
	struct lopt_outputs *outputs = &wanted->opening.outputs;
	for (size_t i = 0; i < outputs->count; i++)
		LOPT_TRY(write_report(wanted, &outputs->items[i], result, err));
	LOPT_TRY(lopt_outputs_commit(outputs, err));
	warn(result);
	lopt_answer_no_set((int)wanted->exit_code);
	return result->exceeded ? LOPT_END : LOPT_OK;
}

static enum lopt_status evaluate(struct wanted *wanted, const struct lopt_image *image,
				 const struct lopt_baseline *baseline, struct lopt_error *err)
{
	const struct lopt_gate_settings *settings = &wanted->gathering.settings;
	LOPT_CLEANUP(lopt_cleanup_analysis) const struct lopt_analysis *analysis = NULL;
	LOPT_CLEANUP(lopt_gate_result_release) struct lopt_gate_result result = { 0 };
	LOPT_TRY(lopt_analysis_make(&analysis, image, &wanted->analysis, err));
	LOPT_TRY(lopt_gate_evaluate(&result, settings, analysis, baseline->analysis, err));
	if (baseline->analysis)
		result.baseline_name = settings->baseline.text;
	result.dockerfile = settings->dockerfile.text.len ? settings->dockerfile.text.ptr : NULL;
	return report(wanted, &result, err);
}

/* --- all of it --- */

static enum lopt_status read_and_evaluate(struct wanted *wanted, struct lopt_source *source,
					  struct lopt_source *base_source, struct lopt_baseline *baseline,
					  struct lopt_error *err)
{
	LOPT_CLEANUP(lopt_cleanup_image) struct lopt_image *base = NULL;
	LOPT_CLEANUP(lopt_cleanup_image) struct lopt_image *image = NULL;
	LOPT_TRY(lopt_baseline_read(baseline, &wanted->opening, err));
	LOPT_TRY(lopt_opening_read(&image, &wanted->opening, source, NULL, err));
	if (base_source)
		LOPT_TRY(lopt_opening_read_base(&base, &wanted->opening, base_source, err));
	wanted->analysis.base = base;
	return evaluate(wanted, image, baseline, err);
}

/* A base by its image or by its number of layers, whichever counts more. */
static enum lopt_status choose_base(struct wanted *wanted, struct lopt_source **source, struct lopt_error *err)
{
	const struct lopt_gate_settings *settings = &wanted->gathering.settings;
	if (settings->base_image.rank > settings->base_layers.rank)
		return lopt_opening_source(source, settings->base_image.text.ptr, err);
	wanted->analysis.has_base_layers = settings->base_layers.rank != LOPT_RANK_DEFAULT;
	if (!wanted->analysis.has_base_layers)
		return LOPT_OK;
	return lopt_number_parse(&wanted->analysis.base_layers, "base-layers", settings->base_layers.text.ptr, err);
}

/* Only JSON shows digests. */
static void choose_digests(struct wanted *wanted)
{
	const struct lopt_outputs *outputs = &wanted->opening.outputs;
	for (size_t i = 0; i < outputs->count; i++)
		if (lopt_output_is(&outputs->items[i], "json"))
			wanted->analysis.digests = wanted->report.top ? wanted->report.top : SIZE_MAX;
	wanted->opening.options.want_duplicate_sha256 = wanted->analysis.digests != 0;
	wanted->opening.options.keep = lopt_analysis_keep;
}

static enum lopt_status open_and_evaluate(struct wanted *wanted, struct lopt_error *err)
{
	LOPT_CLEANUP(lopt_cleanup_source) struct lopt_source *source = NULL;
	LOPT_CLEANUP(lopt_cleanup_source) struct lopt_source *base = NULL;
	struct lopt_baseline *baseline = &wanted->baseline;
	struct lopt_source *sources[3];
	size_t count = 0;
	choose_digests(wanted);
	LOPT_TRY(lopt_opening_source(&source, wanted->opening.image, err));
	LOPT_TRY(choose_base(wanted, &base, err));
	sources[count++] = source;
	if (base)
		sources[count++] = base;
	if (baseline->source)
		sources[count++] = baseline->source;
	LOPT_TRY(lopt_opening_confine(&wanted->opening, sources, count, err));
	return read_and_evaluate(wanted, source, base, baseline, err);
}

/* A log that does not say why a job failed helps nobody: text goes to standard output unless something else does. */
static enum lopt_status choose_outputs(struct wanted *wanted, struct lopt_error *err)
{
	struct lopt_outputs *outputs = &wanted->opening.outputs;
	bool taken = false;
	if (wanted->write_baseline)
		LOPT_TRY(lopt_outputs_add_file(outputs, "baseline", wanted->write_baseline, err));
	for (size_t i = 0; i < outputs->count; i++) {
		struct lopt_output *output = &outputs->items[i];
		output->to_stderr = output->to_stdout && lopt_output_is(output, "github");
		taken = taken || (output->to_stdout && !output->to_stderr);
	}
	return taken ? LOPT_OK : lopt_outputs_add_file(outputs, "text", "-", err);
}

/*
 * Settings may name the baseline that is written now: the first time there is none yet, and later the old one is read
 * before the new one takes its place.
 */
static enum lopt_status open_baseline(struct wanted *wanted, struct lopt_error *err)
{
	const struct lopt_gate_word *named = &wanted->gathering.settings.baseline;
	const char *path = named->text.len ? named->text.ptr : "";
	bool first = wanted->write_baseline && strcmp(wanted->write_baseline, path) == 0;
	if (first && access(path, F_OK) < 0 && errno == ENOENT)
		return LOPT_OK;
	return lopt_baseline_open(&wanted->baseline, path, err);
}

static enum lopt_status gate(struct wanted *wanted, struct lopt_error *err)
{
	const struct lopt_gate_settings *settings = &wanted->gathering.settings;
	LOPT_TRY(lopt_gathering_finish(&wanted->gathering, err));
	if (wanted->check_config)
		return check_config(wanted, err);
	if (wanted->opening.image)
		LOPT_TRY(check_needs(wanted, err));
	if (wanted->opening.image)
		LOPT_TRY(open_baseline(wanted, err));
	LOPT_TRY(choose_outputs(wanted, err));
	const char *const more[2] = { settings->base_image.text.ptr,
				      wanted->baseline.source ? settings->baseline.text.ptr : NULL };
	LOPT_TRY(lopt_opening_finish(&wanted->opening, &lopt_command_gate, more, err));
	if (settings->dockerfile.text.len) {
		wanted->analysis.dockerfile_name = settings->dockerfile.text.ptr;
		wanted->analysis.dockerfile = lopt_buf_view(&wanted->gathering.dockerfile);
	}
	return open_and_evaluate(wanted, err);
}

static enum lopt_status parse(struct wanted *wanted, int argc, char **argv, struct lopt_error *err)
{
	wanted->rank = LOPT_RANK_ENVIRONMENT;
	LOPT_TRY(lopt_environment_take(options, take, wanted, &wanted->origin, err));
	wanted->rank = LOPT_RANK_OPTION;
	LOPT_TRY(lopt_options_parse(options, argc, argv, take, wanted, err));
	return wanted->failed ? lopt_error_memory(err) : LOPT_OK;
}

static enum lopt_status run(const struct lopt_command *command, int argc, char **argv, struct lopt_error *err)
{
	struct wanted wanted = {
		.report.top = TOP_DEFAULT,
		.exit_code = 1,
		.origin = LOPT_BUF_INIT(SIZE_MAX / 2),
		.baseline.json = LOPT_BUF_INIT(SIZE_MAX / 2),
	};
	lopt_opening_init(&wanted.opening);
	wanted.opening.options.verify_digests = true;
	lopt_gathering_init(&wanted.gathering);
	enum lopt_status status = parse(&wanted, argc, argv, err);
	if (status == LOPT_OK)
		status = wanted.opening.help ? lopt_help_print(command, err) : gate(&wanted, err);
	lopt_baseline_release(&wanted.baseline);
	lopt_gathering_release(&wanted.gathering);
	lopt_buf_release(&wanted.origin);
	lopt_opening_release(&wanted.opening);
	return status;
}

static const char *words(int id, size_t index)
{
	static const char *const severities[] = { "info", "warning", "error", "none", NULL };
	static const char *const measures[] = { "content", "layers", "compressed", "rootfs", NULL };
	switch (id) {
	case LOPT_OPTION_FORMAT:
	case LOPT_OPTION_OUTPUT:
		return lopt_gate_format_at(index) ? lopt_gate_format_at(index)->name : NULL;
	case COLOR:
		return lopt_word_at(lopt_color_names, index);
	case RULE:
		return lopt_rule_name_at(index);
	default:
		break;
	}
	const char *name = option_name(id);
	if (strcmp(name, "fail-on") == 0 || strcmp(name, "no-new") == 0)
		return lopt_word_at(severities, index);
	if (strcmp(name, "size-measure") == 0)
		return lopt_word_at(measures, index);
	return lopt_opening_word(id, index);
}

const struct lopt_command lopt_command_gate = {
	.name = "gate",
	.alias = "ci",
	.usage = "IMAGE [OPTION]...",
	.what = "Hold an image to budgets and to a baseline",
	.more = "IMAGE is a docker save tarball, an OCI archive, an OCI layout directory, - for\n"
		"standard input, docker:NAME or podman:NAME. Archives may be compressed.\n"
		"Ends with 0 when every budget held, with 1 when one was exceeded. ci is another\n"
		"name for gate.\n\n"
		"A budget may be for a part: own:10MB is what the Dockerfile adds to its base\n"
		"image, base:10MB the base image's own. Options come before variables named\n"
		"after them (LAYEROPT_MAX_SIZE=1.5GB), these before .layeropt.yaml.\n",
	.options = options,
	.words = words,
	.run = run,
};
