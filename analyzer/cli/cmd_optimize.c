/* SPDX-License-Identifier: MIT */
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "advice/commits.h"
#include "base/cleanup.h"
#include "cli/building.h"
#include "cli/command.h"
#include "cli/opening.h"
#include "cli/sandbox.h"
#include "dockerfile/dockerfile.h"
#include "io/outfile.h"
#include "proof/optimize.h"

enum { IMAGE = LOPT_BUILDING_OWN, LEVEL, NO_VERIFY, WRITE, BUILDS, COMMITS, INCLUDE, EXCLUDE, NO_SANDBOX };

enum { BUILDS_MOST = 12 };

static const char *const levels[] = { "safe", "standard", "aggressive", NULL };

struct wanted {
	struct lopt_building building;
	const char *image;
	const char *write;
	size_t level; /* from 0: safe */
	size_t builds;
	size_t commits;
	struct lopt_repeated included, excluded; /* rules */
	bool no_verify;
	bool no_sandbox;
};

static enum lopt_status take_rule(struct lopt_repeated *list, const char *option, const char *name,
				  struct lopt_error *err)
{
	const char *names[LOPT_REPEATED_MAX + 1];
	size_t count = 0, index;
	for (; count < LOPT_REPEATED_MAX && lopt_rule_name(count); count++)
		names[count] = lopt_rule_name(count);
	names[count] = NULL;
	LOPT_TRY(lopt_word_parse(&index, option, name, names, err));
	if (list->count == LOPT_REPEATED_MAX)
		return lopt_error_set(err, LOPT_E_USAGE, "%s: too often", option);
	list->items[list->count++] = name;
	return LOPT_OK;
}

static enum lopt_status take(void *context, int id, const char *value, struct lopt_error *err)
{
	struct wanted *wanted = context;
	switch (id) {
	case IMAGE:
		wanted->image = value;
		return LOPT_OK;
	case LEVEL:
		return lopt_word_parse(&wanted->level, "--level", value, levels, err);
	case NO_VERIFY:
		wanted->no_verify = true;
		return LOPT_OK;
	case NO_SANDBOX:
		wanted->no_sandbox = true;
		return LOPT_OK;
	case WRITE:
		wanted->write = value;
		return LOPT_OK;
	case BUILDS:
		LOPT_TRY(lopt_number_parse(&wanted->builds, "builds", value, err));
		if (wanted->builds == 0)
			return lopt_error_set(err, LOPT_E_USAGE,
					      "--builds 0: at least 1; --no-verify builds no candidate");
		return LOPT_OK;
	case INCLUDE:
		return take_rule(&wanted->included, "--include", value, err);
	case EXCLUDE:
		return take_rule(&wanted->excluded, "--exclude", value, err);
	case COMMITS:
		LOPT_TRY(lopt_number_parse(&wanted->commits, "commits", value, err));
		if (wanted->commits > LOPT_COMMITS_MAX)
			return lopt_error_set(err, LOPT_E_USAGE, "--commits %.200s: at most %d", value,
					      LOPT_COMMITS_MAX);
		return LOPT_OK;
	default:
		return lopt_building_take(&wanted->building, id, value, err);
	}
}

/* What one run holds. */
struct work {
	struct wanted *wanted;
	struct lopt_buf source;
	struct lopt_str part;		      /* of it: up to the end of the stage that is built */
	struct lopt_buf after;		      /* the Dockerfile as it becomes */
	struct lopt_dockerfile *file;	      /* the part */
	struct lopt_image *image;	      /* of --image */
	const struct lopt_analysis *analysis; /* the plan is made from */
	bool owns_analysis;
	struct lopt_original original;
	bool has_original;
	struct lopt_commits commits;
	struct lopt_plan plan;
	bool has_plan;
	struct lopt_plan_input input;
	struct lopt_optimizing optimizing;
	struct lopt_outfile product, ignore_product; /* of --write; file NULL: not open */
};

static void release_work(struct work *work)
{
	lopt_outfile_abandon(&work->product);
	lopt_outfile_abandon(&work->ignore_product);
	lopt_optimizing_release(&work->optimizing);
	lopt_commits_release(&work->commits);
	if (work->has_plan)
		lopt_plan_release(&work->plan);
	if (work->owns_analysis)
		lopt_analysis_free(work->analysis);
	if (work->has_original)
		lopt_original_release(&work->original);
	lopt_image_free(work->image);
	lopt_dockerfile_free(work->file);
	lopt_buf_release(&work->after);
	lopt_buf_release(&work->source);
}

/* Where the context is no repository, instructions stay in their order. */
static enum lopt_status read_commits(struct work *work, struct lopt_error *err)
{
	const struct wanted *wanted = work->wanted;
	const struct lopt_commits_options options = { .context = wanted->building.context,
						      .dockerfile = wanted->building.dockerfile,
						      .commits_max = wanted->commits };
	return wanted->commits ? lopt_commits_read(&work->commits, &options, work->file, err) : LOPT_OK;
}

/* An image of somebody else is read without the rights that building takes, where nothing is built. */
static enum lopt_status read_given(struct work *work, struct lopt_error *err)
{
	LOPT_CLEANUP(lopt_cleanup_source) struct lopt_source *source = NULL;
	struct wanted *wanted = work->wanted;
	const struct lopt_open_options open = { .want_sha256 = true, .keep = lopt_proof_keep };
	const struct lopt_analysis_options options = { .dockerfile_name = wanted->building.dockerfile,
						       .dockerfile = work->part };
	LOPT_TRY(lopt_opening_source(&source, wanted->image, err));
	struct lopt_source *const sources[] = { source };
	if (wanted->no_verify && !wanted->no_sandbox)
		LOPT_TRY(lopt_sandbox_enter(sources, 1, err));
	LOPT_TRY(lopt_image_read(&work->image, source, &open, err));
	LOPT_TRY(lopt_analysis_make(&work->analysis, work->image, &options, err));
	work->owns_analysis = true;
	return LOPT_OK;
}

static enum lopt_status build_original(struct work *work, struct lopt_error *err)
{
	struct lopt_building *building = &work->wanted->building;
	work->has_original = true;
	LOPT_TRY(lopt_original_build(&work->original, &building->proof, work->part, building->dockerfile, err));
	if (work->original.failed)
		return lopt_building_refuse(building, &work->original, err);
	if (!work->analysis)
		work->analysis = work->original.subject.analysis;
	return LOPT_OK;
}

/* Something to look at: the image given, or one that is built; and a workshop where anything is to be built. */
static enum lopt_status gather(struct work *work, struct lopt_error *err)
{
	struct wanted *wanted = work->wanted;
	if (wanted->image)
		LOPT_TRY(read_given(work, err));
	if (wanted->image && wanted->no_verify)
		return LOPT_OK;
	LOPT_TRY(lopt_building_start(&wanted->building, err));
	return build_original(work, err);
}

/* Without a builder at hand nothing is proposed that not every builder takes. */
static enum lopt_status set_features(struct work *work, struct lopt_error *err)
{
	struct lopt_workshop *workshop = work->wanted->building.proof.workshop;
	if (!workshop)
		return LOPT_OK;
	work->input.builder = lopt_workshop_kind(workshop)->history;
	LOPT_TRY(lopt_workshop_can(workshop, LOPT_FEATURE_COPY_CHMOD, &work->input.copy_chmod, err));
	return lopt_workshop_can(workshop, LOPT_FEATURE_MOUNT, &work->input.mount, err);
}

static enum lopt_status aim(struct work *work, struct lopt_error *err)
{
	return lopt_plan_aim(&work->plan, work->analysis->totals.content_bytes, work->wanted->building.target, err);
}

static enum lopt_status make_plan(struct work *work, struct lopt_error *err)
{
	struct wanted *wanted = work->wanted;
	work->input = (struct lopt_plan_input){
		.file = work->file,
		.source = work->part,
		.analysis = work->analysis,
		.level = (enum lopt_level)(LOPT_LEVEL_SAFE + wanted->level),
		.has_test = wanted->building.tests.count > 0,
		.included = wanted->included.items,
		.included_count = wanted->included.count,
		.excluded = wanted->excluded.items,
		.excluded_count = wanted->excluded.count,
	};
	work->input.commits = wanted->commits ? &work->commits : NULL;
	LOPT_TRY(set_features(work, err));
	if (lopt_plan_make(&work->plan, &work->input, err) != LOPT_OK)
		return lopt_error_context(err, "%s", wanted->building.dockerfile);
	work->has_plan = true;
	if (!wanted->building.has_target)
		return LOPT_OK;
	LOPT_TRY(aim(work, err));
	if (!lopt_plan_obsolete(&work->plan))
		return LOPT_OK;
	struct lopt_plan again;
	LOPT_TRY(lopt_plan_again(&again, &work->plan, &work->input, err));
	lopt_plan_release(&work->plan);
	work->plan = again;
	return aim(work, err);
}

static size_t count_state(const struct lopt_plan *plan, enum lopt_edit_state state)
{
	size_t count = 0;
	for (size_t i = 0; i < plan->count; i++)
		count += plan->edits[i].state == state;
	return count;
}

static enum lopt_status prove(struct work *work, struct lopt_error *err)
{
	struct wanted *wanted = work->wanted;
	struct lopt_optimizing *o = &work->optimizing;
	*o = (struct lopt_optimizing){
		.options = &wanted->building.proof,
		.input = &work->input,
		.original = &work->original,
		.plan = &work->plan,
		.has_target = wanted->building.has_target,
		.target = wanted->building.target,
		.builds_max = wanted->builds,
		.ignore_given = lopt_building_own_ignore(&wanted->building),
		.ignore_before = lopt_buf_view(&wanted->building.ignore),
		.ignore = LOPT_BUF_INIT(SIZE_MAX / 2),
		.text = LOPT_BUF_INIT(SIZE_MAX / 2),
	};
	if (wanted->no_verify || count_state(&work->plan, LOPT_EDIT_CHOSEN) == 0) {
		LOPT_TRY(lopt_plan_print(&work->plan, &work->input, &o->text, err));
		LOPT_TRY(lopt_plan_print_ignore(&work->plan, o->ignore_before, &o->ignore, err));
		return lopt_plan_predict(&work->plan, &o->predicted_bytes, err);
	}
	LOPT_TRY(lopt_original_repeat(&work->original, &wanted->building.proof, work->part, err));
	if (work->original.failed_again || work->original.failed_test)
		return lopt_building_refuse(&wanted->building, &work->original, err);
	return lopt_optimize_prove(o, err);
}

/* The products are opened before anything is built, and appear when all reports are written. */

static enum lopt_status open_products(struct work *work, struct lopt_error *err)
{
	LOPT_CLEANUP(lopt_buf_release) struct lopt_buf path = LOPT_BUF_INIT(65536);
	const char *write = work->wanted->write;
	if (!write)
		return LOPT_OK;
	LOPT_TRY(lopt_outfile_open(&work->product, write, err));
	if (!work->product.path) /* standard output */
		return LOPT_OK;
	lopt_buf_printf(&path, "%s.dockerignore", write);
	return path.failed ? lopt_error_memory(err) : lopt_outfile_open(&work->ignore_product, path.data, err);
}

static enum lopt_status write_one(struct lopt_outfile *out, const struct lopt_buf *text, struct lopt_error *err)
{
	if (text->len)
		(void)fwrite(text->data, 1, text->len, out->file);
	return lopt_outfile_commit(out, err);
}

static enum lopt_status write_products(struct work *work, struct lopt_error *err)
{
	if (work->product.file)
		LOPT_TRY(write_one(&work->product, &work->after, err));
	if (work->ignore_product.file && work->optimizing.ignore.len)
		return write_one(&work->ignore_product, &work->optimizing.ignore, err);
	return LOPT_OK;
}

static enum lopt_status finish(struct work *work, struct lopt_error *err)
{
	struct wanted *wanted = work->wanted;
	struct lopt_building *building = &wanted->building;
	const struct lopt_optimizing *o = &work->optimizing;
	bool proved = count_state(&work->plan, LOPT_EDIT_PROVED) > 0;
	lopt_buf_str(&work->after, lopt_buf_view(&o->text));
	lopt_buf_add(&work->after, work->source.data + work->part.len, work->source.len - work->part.len);
	if (work->after.failed)
		return lopt_error_memory(err);
	LOPT_CLEANUP(lopt_replay_release) struct lopt_replay replay = { 0 };
	struct lopt_replay_input input = { .texts = { work->part, lopt_buf_view(&o->text) },
					   .ignores[1] = lopt_buf_view(&o->ignore),
					   .subjects = { &work->original.subject, &o->trial.subject } };
	if (proved)
		LOPT_TRY(lopt_building_replay(building, &replay, &input, err));
	const struct lopt_outcome outcome = {
		.command = "optimize",
		.original_name = building->dockerfile,
		.candidate_name = wanted->write ? wanted->write : building->dockerfile,
		.before = lopt_buf_view(&work->source),
		.after = lopt_buf_view(&work->after),
		.builder = building->proof.workshop ? lopt_workshop_kind(building->proof.workshop) : NULL,
		.options = &building->proof,
		.analysis = work->analysis,
		.original = work->has_original ? &work->original : NULL,
		.trial = proved ? &o->trial : NULL,
		.plan = &work->plan,
		.replay = proved && building->replay ? &replay : NULL,
		.predicted_bytes = o->predicted_bytes,
		.builds = o->builds,
		.ignore_before = o->ignore_before,
		.ignore_after = lopt_buf_view(&o->ignore),
		.unchanged = lopt_str_equal(work->part, lopt_buf_view(&o->text)) && !o->ignore.len,
		.has_target = building->has_target,
		.target = building->target,
	};
	LOPT_TRY(write_products(work, err)); /* first: where they cannot be written there is no report either */
	LOPT_TRY(lopt_building_report(building, &outcome, err));
	bool refuted = o->builds && !proved;
	return lopt_outcome_good(&outcome) && !refuted ? LOPT_OK : LOPT_END;
}

/* "FROM x AS name" */
static bool is_stage(const struct lopt_instruction *from, size_t index, const char *name)
{
	char number[24];
	(void)snprintf(number, sizeof number, "%zu", index);
	bool named = from->word_count == 3 && strlen(name) == from->words[2].len &&
		     strncasecmp(from->words[2].ptr, name, from->words[2].len) == 0;
	return named || strcmp(number, name) == 0;
}

/* Where the stage that is built ends; what stands behind it is not looked at. */
static enum lopt_status find_part(struct work *work, const struct lopt_dockerfile *file, const char *name,
				  struct lopt_error *err)
{
	const struct lopt_instruction *at;
	bool found = false;
	size_t stages = 0;
	for (size_t i = 0; (at = lopt_dockerfile_at(file, i)); i++) {
		if (!lopt_str_is(at->keyword, "from"))
			continue;
		if (found) {
			work->part.len = (size_t)(at->source.ptr - work->source.data);
			return LOPT_OK;
		}
		found = is_stage(at, stages++, name);
	}
	return found ? LOPT_OK : lopt_error_set(err, LOPT_E_USAGE, "--stage %.200s: there is no such stage", name);
}

static enum lopt_status parse(struct work *work, struct lopt_error *err)
{
	const char *stage = work->wanted->building.build.stage;
	work->part = lopt_buf_view(&work->source);
	LOPT_TRY(lopt_dockerfile_parse(&work->file, work->part, err));
	LOPT_TRY(lopt_dockerfile_check(work->file, err));
	if (!stage)
		return LOPT_OK;
	LOPT_TRY(find_part(work, work->file, stage, err));
	lopt_dockerfile_free(work->file);
	work->file = NULL;
	return lopt_dockerfile_parse(&work->file, work->part, err);
}

static enum lopt_status optimize(struct wanted *wanted, struct lopt_error *err)
{
	LOPT_CLEANUP(release_work)
	struct work work = { .wanted = wanted,
			     .source = LOPT_BUF_INIT(SIZE_MAX / 2),
			     .after = LOPT_BUF_INIT(SIZE_MAX / 2) };
	struct lopt_building *building = &wanted->building;
	if (wanted->no_verify && building->tests.count)
		return lopt_error_set(err, LOPT_E_USAGE, "--test and --no-verify exclude each other");
	LOPT_TRY(lopt_building_finish(building, "optimize", false, NULL, err));
	LOPT_TRY(lopt_dockerfile_load(&work.source, building->dockerfile, err));
	if (parse(&work, err) != LOPT_OK)
		return lopt_error_context(err, "%s", building->dockerfile);
	LOPT_TRY(open_products(&work, err));
	LOPT_TRY(read_commits(&work, err));
	LOPT_TRY(gather(&work, err));
	LOPT_TRY(make_plan(&work, err));
	LOPT_TRY(prove(&work, err));
	return finish(&work, err);
}

static enum lopt_status run(const struct lopt_command *command, int argc, char **argv, struct lopt_error *err)
{
	struct wanted wanted = { .builds = BUILDS_MOST, .commits = LOPT_COMMITS_DEFAULT };
	lopt_building_init(&wanted.building);
	wanted.building.target_option = "target-size";
	enum lopt_status status = lopt_options_parse(command->options, argc, argv, take, &wanted, err);
	if (status == LOPT_OK)
		status = wanted.building.help ? lopt_help_print(command, err) : optimize(&wanted, err);
	lopt_building_release(&wanted.building);
	return status;
}

static const char *words(int id, size_t index)
{
	switch (id) {
	case LEVEL:
		return lopt_word_at(levels, index);
	case INCLUDE:
	case EXCLUDE:
		return lopt_rule_name(index);
	default:
		return lopt_building_word(id, index, false);
	}
}

static const struct lopt_option options[] = {
	{ "dockerfile", 0, LOPT_BUILDING_DOCKERFILE, "FILE", "the Dockerfile to be improved" },
	{ "image", 0, IMAGE, "IMAGE", "look at this image of it, instead of building one first" },
	{ "target-size", 0, LOPT_BUILDING_TARGET, "SIZE",
	  "make the fewest and safest edits that bring the image down to this, as in 1.5GB" },
	{ "level", 0, LEVEL, "LEVEL",
	  "how far edits may go: safe (default), standard (what somebody may miss), aggressive" },
	{ "exclude", 0, EXCLUDE, "RULE", "make no edit of this rule (repeatable)" },
	{ "include", 0, INCLUDE, "RULE", "also make edits of this rule, which is a matter of taste: r-documentation" },
	{ "no-verify", 0, NO_VERIFY, NULL, "only propose: build nothing to prove it" },
	{ "no-sandbox", 0, NO_SANDBOX, NULL, "with --image and --no-verify: keep all rights while the image is read" },
	{ "write", 0, WRITE, "FILE", "write the new Dockerfile here" },
	{ "builds", 0, BUILDS, "N", "build at most N candidates to find out which edits hold (12)" },
	{ "commits", 0, COMMITS, "N",
	  "order instructions by what the last N commits of the context changed (200); 0 leaves their order" },
	{ "format", 0, LOPT_BUILDING_FORMAT, "FORMAT",
	  "text (default), diff, json, markdown or sarif, to standard output" },
	LOPT_BUILDING_ROWS,
	{ 0 },
};

const struct lopt_command lopt_command_optimize = {
	.name = "optimize",
	.usage = "--dockerfile FILE [OPTION]...",
	.what = "Rewrite a Dockerfile so that its image is smaller, and prove it",
	.more = "Works out from the bytes of the image what to change, builds the original twice\n"
		"and the changed one, and keeps what makes the same container. Ends with 0 when\n"
		"that is proved, and the target reached where there is one; with 1 when not.\n",
	.options = options,
	.words = words,
	.run = run,
};
