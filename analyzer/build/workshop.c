/* SPDX-License-Identifier: MIT */
#include "build/workshop.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "build/working.h"
#include "io/stream.h"

enum { CLEAN_SECONDS = 120, TRY_SECONDS = 3600, PATH_MAX_HERE = 512 };

struct lopt_workshop {
	const struct lopt_builder_kind *kind;
	const struct lopt_build_options *options;
	char directory[PATH_MAX_HERE];
	char mark[17];	   /* random hex digits: in the name of everything made here */
	char argument[48]; /* the same for builds whose working containers have names of their own */
	size_t built;	   /* so far, for names */
	bool cut;	   /* a build was cut off */
	char (*names)[96];
	size_t name_count, name_cap;
	struct lopt_str ignore; /* ptr NULL: what the context has */
	char ignore_path[PATH_MAX_HERE + 32];
	char scratch[PATH_MAX_HERE + 16]; /* for who asks for it */
	char copy[PATH_MAX_HERE + 16];	  /* of a build context, with another .dockerignore */
	char working[PATH_MAX_HERE + 48]; /* "TMPDIR=" and where podman and buildah work */
	bool works;
	signed char can[LOPT_FEATURE_COUNT]; /* -1: not tried */
};

static const char temporary[] = "TMPDIR=";

/* Words of a command. */
struct words {
	const char *items[LOPT_RUN_WORDS_MAX];
	size_t count;
	bool full;
};

static void word(struct words *words, const char *text)
{
	if (words->count + 1 >= LOPT_RUN_WORDS_MAX) {
		words->full = true;
		return;
	}
	words->items[words->count++] = text;
	words->items[words->count] = NULL;
}

static void each_word(struct words *words, const char *const *texts)
{
	for (size_t i = 0; texts[i]; i++)
		word(words, texts[i]);
}

/* Opening and closing. */

static enum lopt_status set_mark(struct lopt_workshop *workshop, struct lopt_error *err)
{
	static const char digits[] = "0123456789abcdef";
	unsigned char random[8];
	if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random)
		return lopt_error_set(err, LOPT_E_SYSTEM, "no random number: %s", strerror(errno));
	for (size_t i = 0; i < sizeof random; i++) {
		workshop->mark[2 * i] = digits[random[i] >> 4];
		workshop->mark[2 * i + 1] = digits[random[i] & 15];
	}
	(void)snprintf(workshop->argument, sizeof workshop->argument, LOPT_WORKING_ARGUMENT "=%s", workshop->mark);
	return LOPT_OK;
}

/*
 * podman and buildah leave files where they work, too, when they are cut off. They can be large, so without a place that the
 * user has chosen they are where these programs have them by themselves.
 */
static void name_working(struct lopt_workshop *workshop)
{
	bool chosen = workshop->options->temporary != NULL;
	(void)snprintf(workshop->working, sizeof workshop->working, "%s%s/%s%s", temporary,
		       chosen ? workshop->directory : "/var/tmp", chosen ? "working" : "layeropt-",
		       chosen ? "" : workshop->mark);
}

static enum lopt_status make_directory(struct lopt_workshop *workshop, struct lopt_error *err)
{
	const char *base = workshop->options->temporary ? workshop->options->temporary : "/tmp";
	int n = snprintf(workshop->directory, sizeof workshop->directory, "%s/layeropt-%s", base, workshop->mark);
	if (n < 0 || (size_t)n >= sizeof workshop->directory - 64) {
		workshop->directory[0] = '\0';
		return lopt_error_set(err, LOPT_E_USAGE, "the name of the directory for temporary files is too long");
	}
	(void)snprintf(workshop->scratch, sizeof workshop->scratch, "%s/scratch", workshop->directory);
	(void)snprintf(workshop->copy, sizeof workshop->copy, "%s/copy", workshop->directory);
	(void)snprintf(workshop->ignore_path, sizeof workshop->ignore_path, "%s/Dockerfile.dockerignore",
		       workshop->directory);
	name_working(workshop);
	if (mkdir(workshop->directory, 0700) == 0)
		return LOPT_OK;
	enum lopt_status status =
		lopt_error_set(err, LOPT_E_SYSTEM, "%s: cannot make: %s", workshop->directory, strerror(errno));
	workshop->directory[0] = '\0';
	return status;
}

enum lopt_status lopt_workshop_open(struct lopt_workshop **out, const struct lopt_builder_kind *kind,
				    const struct lopt_build_options *options, struct lopt_error *err)
{
	struct lopt_workshop *workshop = calloc(1, sizeof *workshop);
	if (!workshop)
		return lopt_error_memory(err);
	workshop->kind = kind;
	workshop->options = options;
	memset(workshop->can, -1, sizeof workshop->can);
	enum lopt_status status = set_mark(workshop, err);
	if (status == LOPT_OK)
		status = make_directory(workshop, err);
	if (status != LOPT_OK) {
		lopt_workshop_close(workshop);
		return status;
	}
	*out = workshop;
	return LOPT_OK;
}

/* What cleans up neither fails nor heeds a request to stop. */
static void clean(const struct words *words, struct lopt_buf *log)
{
	struct lopt_ran ran;
	const struct lopt_run run = { .argv = words->items, .seconds = CLEAN_SECONDS, .heedless = true };
	struct lopt_error unheard;
	enum lopt_status status = lopt_run(&ran, &run, log, &unheard);
	(void)status;
}

static void remove_image(const struct lopt_workshop *workshop, const char *name)
{
	struct words words = { 0 };
	word(&words, workshop->kind->program);
	word(&words, "rmi");
	if (!workshop->kind->store || strchr(name, ':')) /* podman and buildah would remove who uses it, too */
		word(&words, "-f");
	word(&words, name);
	clean(&words, NULL);
}

/* Containers of a run that was cut off: their name has the mark. */
static void remove_containers(const struct lopt_workshop *workshop)
{
	if (!workshop->kind->runner)
		return;
	char name[64];
	(void)snprintf(name, sizeof name, "layeropt-%s", workshop->mark);
	struct words words = { 0 };
	word(&words, workshop->kind->runner);
	word(&words, "rm");
	if (strcmp(workshop->kind->runner, "buildah") != 0)
		word(&words, "-f");
	word(&words, name);
	clean(&words, NULL);
}

static void remove_file(const struct lopt_workshop *workshop, const char *name)
{
	char path[PATH_MAX_HERE + 64];
	(void)snprintf(path, sizeof path, "%s/%s", workshop->directory, name);
	(void)unlink(path);
}

/* A tree that came from elsewhere. Nothing that is mounted in it goes with it. */
static void remove_tree(const char *path)
{
	struct stat st;
	struct words words = { 0 };
	if (lstat(path, &st) < 0)
		return;
	word(&words, "rm");
	word(&words, "-rf");
	word(&words, "--one-file-system");
	word(&words, "--");
	word(&words, path);
	clean(&words, NULL);
}

static enum lopt_status make_tree(const char *path, struct lopt_error *err)
{
	remove_tree(path);
	if (mkdir(path, 0700) < 0)
		return lopt_error_set(err, LOPT_E_SYSTEM, "%s: cannot make: %s", path, strerror(errno));
	return LOPT_OK;
}

static void remove_directory(const struct lopt_workshop *workshop)
{
	static const char *const files[] = { "Dockerfile", "Dockerfile.dockerignore", "probe/Dockerfile", "probe/x",
					     "image.tar" };
	char path[PATH_MAX_HERE + 64];
	if (!workshop->directory[0])
		return;
	for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
		remove_file(workshop, files[i]);
	remove_tree(workshop->scratch);
	remove_tree(workshop->copy);
	if (workshop->works)
		remove_tree(workshop->working + strlen(temporary));
	(void)snprintf(path, sizeof path, "%s/probe", workshop->directory);
	(void)rmdir(path);
	(void)rmdir(workshop->directory);
}

void lopt_workshop_close(struct lopt_workshop *workshop)
{
	if (!workshop)
		return;
	if (lopt_stop_requested())
		remove_containers(workshop);
	if (workshop->cut)
		lopt_working_remove(workshop->kind, workshop->mark);
	for (size_t i = workshop->name_count; i-- > 0;)
		if (workshop->names[i][0])
			remove_image(workshop, workshop->names[i]);
	remove_directory(workshop);
	free(workshop->names);
	free(workshop);
}

const struct lopt_builder_kind *lopt_workshop_kind(const struct lopt_workshop *workshop)
{
	return workshop->kind;
}

const char *lopt_workshop_directory(const struct lopt_workshop *workshop)
{
	return workshop->directory;
}

const char *lopt_workshop_mark(const struct lopt_workshop *workshop)
{
	return workshop->mark;
}

enum lopt_status lopt_workshop_scratch(struct lopt_workshop *workshop, const char **path, struct lopt_error *err)
{
	*path = workshop->scratch;
	return make_tree(workshop->scratch, err);
}

/* Files. */

static enum lopt_status write_file(const struct lopt_workshop *workshop, const char *name, struct lopt_str text,
				   struct lopt_error *err)
{
	char path[PATH_MAX_HERE + 64];
	(void)snprintf(path, sizeof path, "%s/%s", workshop->directory, name);
	LOPT_CLEANUP(lopt_cleanup_fd)
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	for (size_t done = 0; fd >= 0 && done < text.len;) {
		ssize_t n = write(fd, text.ptr + done, text.len - done);
		if (n < 0 && errno != EINTR)
			return lopt_error_set(err, LOPT_E_SYSTEM, "%s: cannot write: %s", path, strerror(errno));
		done += n > 0 ? (size_t)n : 0;
	}
	return fd >= 0 ? LOPT_OK : lopt_error_set(err, LOPT_E_SYSTEM, "%s: cannot open: %s", path, strerror(errno));
}

void lopt_workshop_ignore(struct lopt_workshop *workshop, struct lopt_str text)
{
	workshop->ignore = text;
}

enum lopt_status lopt_workshop_copy(const char *from, const char *to, struct lopt_error *err)
{
	char all[PATH_MAX_HERE + 4096];
	struct lopt_ran ran;
	(void)snprintf(all, sizeof all, "%s/.", from);
	const char *const copy[] = { "cp", "-a", "--", all, to, NULL };
	const struct lopt_run run = { .argv = copy };
	LOPT_TRY(lopt_run(&ran, &run, NULL, err));
	return ran.code == 0 ? LOPT_OK : lopt_error_set(err, LOPT_E_SYSTEM, "%s: cannot copy the build context", from);
}

/* docker's classic builder reads no other file than the context's own, so it gets a copy of the context. */
static enum lopt_status copy_context(struct lopt_workshop *workshop, const char **context, struct lopt_error *err)
{
	LOPT_TRY(make_tree(workshop->copy, err));
	LOPT_TRY(lopt_workshop_copy(*context, workshop->copy, err));
	*context = workshop->copy;
	remove_file(workshop, "copy/.dockerignore"); /* it may be a link, or not writable */
	return write_file(workshop, "copy/.dockerignore", workshop->ignore, err);
}

static enum lopt_status apply_ignore(struct lopt_workshop *workshop, const char **context, struct lopt_error *err)
{
	remove_file(workshop, "Dockerfile.dockerignore");
	if (!workshop->ignore.ptr)
		return LOPT_OK;
	if (workshop->kind->history == LOPT_BUILDER_LEGACY)
		return copy_context(workshop, context, err);
	return write_file(workshop, "Dockerfile.dockerignore", workshop->ignore, err);
}

/* Building. */

static enum lopt_status remember(struct lopt_workshop *workshop, const char *name, struct lopt_error *err)
{
	char(*names)[96] = lopt_grow(workshop->names, &workshop->name_cap, workshop->name_count + 1, sizeof *names);
	if (!names)
		return lopt_error_memory(err);
	workshop->names = names;
	size_t len = strnlen(name, sizeof *names - 1);
	memcpy(names[workshop->name_count], name, len);
	names[workshop->name_count++][len] = '\0';
	return LOPT_OK;
}

void lopt_workshop_discard(struct lopt_workshop *workshop, struct lopt_built *built)
{
	for (size_t i = 0; i < workshop->name_count && built->name[0]; i++) {
		if (strcmp(workshop->names[i], built->name) != 0)
			continue;
		remove_image(workshop, built->name);
		workshop->names[i][0] = '\0';
	}
	built->name[0] = '\0';
}

/* An image that an id means and nobody has given a name. */
static bool is_unnamed(const struct lopt_workshop *workshop, const char *id)
{
	LOPT_CLEANUP(lopt_buf_release) struct lopt_buf said = LOPT_BUF_INIT(SIZE_MAX / 2);
	const char *const of_docker[] = { "image", "inspect", "--format", "tags {{.RepoTags}}", id, NULL };
	const char *const of_others[] = { "images", "-a", "-q", "--filter", "dangling=true", NULL };
	bool legacy = workshop->kind->history == LOPT_BUILDER_LEGACY;
	struct words words = { 0 };
	word(&words, workshop->kind->program);
	each_word(&words, legacy ? of_docker : of_others);
	clean(&words, &said);
	return legacy ? lopt_str_starts(lopt_buf_view(&said), "tags []")
		      : said.len && memmem(said.data, said.len, id, strlen(id));
}

/*
 * What docker's classic builder made of a stage that is not the last, or before a build failed, has no name; its log has
 * the number: " ---> 0123456789ab" behind "Step 3/9 : RUN ...". Behind a FROM that is an image of somebody else. So it
 * is with podman and buildah: "--> 0123456789a" behind "[1/2] STEP 3/9: RUN ...".
 */
enum { DIGITS = 12, DIGITS_LEAST = 11 };
struct unnamed {
	char id[DIGITS + 1];	    /* of the stage so far; empty: nothing was made */
	bool from;		    /* the step is a FROM */
	bool cached;		    /* what follows was there before */
	char container[DIGITS + 1]; /* that its RUN runs in */
};

/* The last container of a build that was cut off: the daemon takes its time to notice, and keeps the image till then. */
static void remove_last_container(const struct lopt_workshop *workshop, const char *id)
{
	enum { TRIES = 50, PAUSE_MS = 100 };
	for (int i = 0; id[0] && i < TRIES; i++) {
		const char *const remove[] = { workshop->kind->program, "rm", "-f", id, NULL };
		const char *const look[] = { workshop->kind->program, "container", "inspect", id, NULL };
		const struct lopt_run runs[2] = {
			{ .argv = remove, .seconds = CLEAN_SECONDS, .heedless = true },
			{ .argv = look, .seconds = CLEAN_SECONDS, .heedless = true },
		};
		struct lopt_ran ran;
		struct lopt_error unheard;
		if (lopt_run(&ran, &runs[0], NULL, &unheard) != LOPT_OK ||
		    lopt_run(&ran, &runs[1], NULL, &unheard) != LOPT_OK || ran.code != 0)
			return; /* it is gone */
		const struct timespec pause = { .tv_nsec = PAUSE_MS * 1000000L };
		(void)nanosleep(&pause, NULL);
	}
}

static void end_stage(struct lopt_workshop *workshop, struct unnamed *unnamed)
{
	struct lopt_error unheard;
	if (unnamed->id[0] && is_unnamed(workshop, unnamed->id) && remember(workshop, unnamed->id, &unheard) != LOPT_OK)
		return;
	unnamed->id[0] = '\0';
}

static bool is_from(struct lopt_str step)
{
	const char *colon = memchr(step.ptr, ':', step.len);
	size_t left = colon ? (size_t)(step.ptr + step.len - colon) : 0;
	while (left > 1 && colon[1] == ' ') {
		colon++;
		left--;
	}
	return left < 5 || strncasecmp(colon + 1, "FROM", 4) == 0;
}

/* What is behind `before`, when it is a number and no more. */
static bool read_id(char id[DIGITS + 1], struct lopt_str line, const char *before)
{
	size_t skip = strlen(before), len = line.len - skip;
	if (!lopt_str_starts(line, before) || len < DIGITS_LEAST || len > DIGITS ||
	    strspn(line.ptr + skip, "0123456789abcdef") < len)
		return false;
	memcpy(id, line.ptr + skip, len);
	id[len] = '\0';
	return true;
}

static void begin_step(struct lopt_workshop *workshop, struct unnamed *unnamed, struct lopt_str step)
{
	unnamed->cached = false;
	unnamed->from = is_from(step);
	if (unnamed->from)
		end_stage(workshop, unnamed);
}

static void read_line(struct lopt_workshop *workshop, struct unnamed *unnamed, struct lopt_str line)
{
	if (lopt_str_starts(line, "Step "))
		begin_step(workshop, unnamed, line);
	else if (lopt_str_starts(line, "Removing intermediate container "))
		unnamed->container[0] = '\0';
	else if (!read_id(unnamed->container, line, " ---> Running in ") && !unnamed->from)
		(void)read_id(unnamed->id, line, " ---> ");
}

/* podman and buildah: "[1/2] STEP 3/9: RUN ...". What came out of the cache was remembered when it was made. */
static void read_other_line(struct lopt_workshop *workshop, struct unnamed *unnamed, struct lopt_str line)
{
	const char *close = lopt_str_starts(line, "[") ? memchr(line.ptr, ']', line.len) : NULL;
	size_t skip = close && line.ptr + line.len - close > 2 ? (size_t)(close - line.ptr) + 2 : 0;
	struct lopt_str step = lopt_str_make(line.ptr + skip, line.len - skip);
	if (lopt_str_starts(step, "STEP "))
		begin_step(workshop, unnamed, step);
	else if (lopt_str_starts(line, "--> Using cache "))
		unnamed->cached = true;
	else if (read_id(unnamed->id, line, "--> ") && unnamed->cached)
		unnamed->id[0] = '\0';
}

static void remember_unnamed(struct lopt_workshop *workshop, const struct lopt_buf *log, bool failed)
{
	struct unnamed unnamed = { .from = true };
	bool legacy = workshop->kind->history == LOPT_BUILDER_LEGACY;
	void (*read)(struct lopt_workshop *, struct unnamed *, struct lopt_str) = legacy ? read_line : read_other_line;
	for (size_t at = 0; at < log->len;) {
		const char *end = memchr(log->data + at, '\n', log->len - at);
		size_t len = end ? (size_t)(end - log->data) - at : 0; /* what has no end was cut off */
		if (end)
			read(workshop, &unnamed, lopt_str_make(log->data + at, len));
		at = end ? at + len + 1 : log->len;
	}
	if (failed) {
		remove_last_container(workshop, unnamed.container);
		end_stage(workshop, &unnamed);
	}
}

static void make_working(struct lopt_workshop *workshop)
{
	if (workshop->kind->store && !workshop->works)
		workshop->works = mkdir(workshop->working + strlen(temporary), 0700) == 0;
}

static void build_words(struct words *words, const struct lopt_workshop *workshop, const char *file, const char *name,
			const char *context, bool cached)
{
	const struct lopt_builder_kind *kind = workshop->kind;
	const struct lopt_build_options *options = workshop->options;
	each_word(words, kind->front);
	if (workshop->works) {
		word(words, "env");
		word(words, workshop->working);
	}
	word(words, kind->program);
	for (size_t i = 0; kind->build[i]; i++)
		if (!cached || strcmp(kind->build[i], "--no-cache") != 0)
			word(words, kind->build[i]);
	for (size_t i = 0; i < options->build_arg_count; i++) {
		word(words, "--build-arg");
		word(words, options->build_args[i]);
	}
	if (kind->store) {
		word(words, "--build-arg");
		word(words, workshop->argument);
	}
	if (options->stage) {
		word(words, "--target");
		word(words, options->stage);
	}
	if (workshop->ignore.ptr && kind->history == LOPT_BUILDER_BUILDAH) {
		word(words, "--ignorefile");
		word(words, workshop->ignore_path);
	}
	word(words, "-t");
	word(words, name);
	word(words, "-f");
	word(words, file);
	word(words, context);
}

static enum lopt_status build(struct lopt_workshop *workshop, struct lopt_built *out, struct lopt_str dockerfile,
			      const char *file, const char *context, bool cached, struct lopt_error *err)
{
	char path[PATH_MAX_HERE + 64];
	char name[sizeof out->name] = "";
	*out = (struct lopt_built){ .log = LOPT_BUF_INIT(2 * LOPT_LOG_BYTES_MAX) };
	(void)snprintf(path, sizeof path, "%s/%s", workshop->directory, file);
	(void)snprintf(name, sizeof name, "%slayeropt-%s:%zu", workshop->kind->tag_prefix, workshop->mark,
		       ++workshop->built);
	struct words words = { 0 };
	LOPT_TRY(apply_ignore(workshop, &context, err));
	make_working(workshop);
	build_words(&words, workshop, path, name, context, cached);
	if (words.full)
		return lopt_error_set(err, LOPT_E_LIMIT, "too many build arguments");
	LOPT_TRY(write_file(workshop, file, dockerfile, err));
	LOPT_TRY(remember(workshop, name, err)); /* before there is anything to forget */
	struct lopt_ran ran;
	const struct lopt_run run = { .argv = words.items, .seconds = workshop->options->seconds };
	enum lopt_status status = lopt_run(&ran, &run, &out->log, err);
	bool failed = status != LOPT_OK || ran.code != 0;
	workshop->cut |= status != LOPT_OK || ran.timed_out;
	if (workshop->kind->history != LOPT_BUILDER_BUILDKIT && out->log.len)
		remember_unnamed(workshop, &out->log, failed);
	LOPT_TRY(status);
	out->failed = failed;
	out->timed_out = ran.timed_out;
	out->seconds = ran.seconds;
	if (!failed)
		memcpy(out->name, name, sizeof name);
	return LOPT_OK;
}

enum lopt_status lopt_workshop_build(struct lopt_workshop *workshop, struct lopt_built *out, struct lopt_str dockerfile,
				     struct lopt_error *err)
{
	return build(workshop, out, dockerfile, "Dockerfile", workshop->options->context, false, err);
}

enum lopt_status lopt_workshop_rebuild(struct lopt_workshop *workshop, struct lopt_built *out,
				       struct lopt_str dockerfile, const char *context, struct lopt_error *err)
{
	return build(workshop, out, dockerfile, "Dockerfile", context, true, err);
}

void lopt_built_release(struct lopt_built *built)
{
	lopt_buf_release(&built->log);
}

/* What a builder takes. */

static const char *const features[] = {
	[LOPT_FEATURE_COPY_CHMOD] = "FROM scratch\nCOPY --chmod=0644 x /x\n",
	/* The stage is not needed, so who knows the flag does not run it. */
	[LOPT_FEATURE_MOUNT] = "FROM scratch AS tried\nRUN --mount=type=bind,source=x,target=/x [\"/x\"]\n"
			       "FROM scratch\nCOPY x /x\n",
};

static enum lopt_status try_feature(struct lopt_workshop *workshop, enum lopt_builder_feature feature, bool *can,
				    struct lopt_error *err)
{
	char context[PATH_MAX_HERE + 64];
	struct lopt_build_options options = { .seconds = CLEAN_SECONDS };
	const struct lopt_build_options *given = workshop->options;
	const struct lopt_str ignored = workshop->ignore;
	LOPT_CLEANUP(lopt_built_release) struct lopt_built built = { 0 };
	(void)snprintf(context, sizeof context, "%s/probe", workshop->directory);
	if (mkdir(context, 0700) < 0 && errno != EEXIST)
		return lopt_error_set(err, LOPT_E_SYSTEM, "%s: cannot make: %s", context, strerror(errno));
	LOPT_TRY(write_file(workshop, "probe/x", lopt_str_from("x\n"), err));
	workshop->options = &options;
	workshop->ignore = lopt_str_make(NULL, 0); /* it is about another context */
	enum lopt_status status =
		build(workshop, &built, lopt_str_from(features[feature]), "probe/Dockerfile", context, false, err);
	workshop->options = given;
	workshop->ignore = ignored;
	LOPT_TRY(status);
	*can = !built.failed;
	lopt_workshop_discard(workshop, &built);
	return LOPT_OK;
}

enum lopt_status lopt_workshop_can(struct lopt_workshop *workshop, enum lopt_builder_feature feature, bool *can,
				   struct lopt_error *err)
{
	if (workshop->can[feature] < 0) {
		LOPT_TRY(try_feature(workshop, feature, can, err));
		workshop->can[feature] = *can;
	}
	*can = workshop->can[feature] > 0;
	return LOPT_OK;
}

/* Looking at images. */

static void cleanup_source(struct lopt_source **source)
{
	lopt_source_free(*source);
}

enum lopt_status lopt_workshop_read(struct lopt_workshop *workshop, struct lopt_image **out,
				    const struct lopt_built *built, const struct lopt_open_options *options,
				    struct lopt_error *err)
{
	char path[128];
	LOPT_CLEANUP(cleanup_source) struct lopt_source *source = NULL;
	(void)snprintf(path, sizeof path, "%s%s", workshop->kind->source_prefix, built->name);
	LOPT_TRY(lopt_source_open(&source, path, err));
	return lopt_image_read(out, source, options, err);
}

/* Running containers. */

enum { ENGINE_TROUBLE = 125 }; /* what docker and podman end with when it is not the command that failed */

/* buildah makes a container, runs something in it, and removes it, each by a command of its own. */
static enum lopt_status step_words(struct lopt_ran *ran, const char *const *items, struct lopt_buf *log,
				   struct lopt_error *err)
{
	struct words words = { 0 };
	each_word(&words, items);
	const struct lopt_run run = { .argv = words.items, .seconds = TRY_SECONDS };
	return lopt_run(ran, &run, log, err);
}

static enum lopt_status try_with_buildah(const struct lopt_workshop *workshop, const struct lopt_built *built,
					 const char *command, struct lopt_ran *ran, struct lopt_buf *log,
					 struct lopt_error *err)
{
	char container[64];
	(void)snprintf(container, sizeof container, "layeropt-%s", workshop->mark);
	const char *const from[] = { "buildah", "from", "--quiet", "--name", container, built->name, NULL };
	const char *const run[] = { "buildah", "run",	  "--isolation", "chroot", container,
				    "--",      "/bin/sh", "-c",		 command,  NULL };
	enum lopt_status status = step_words(ran, from, NULL, err);
	if (status == LOPT_OK && ran->code != 0)
		return lopt_error_set(err, LOPT_E_SYSTEM, "buildah from: exit status %d", ran->code);
	if (status == LOPT_OK)
		status = step_words(ran, run, log, err);
	remove_containers(workshop);
	return status;
}

static void run_words(struct words *words, const struct lopt_workshop *workshop, const char *container,
		      const struct lopt_built *built, const char *command)
{
	word(words, workshop->kind->runner);
	word(words, "run");
	word(words, "--rm");
	word(words, "--name");
	word(words, container);
	word(words, "--entrypoint");
	word(words, "/bin/sh");
	word(words, built->name);
	word(words, "-c");
	word(words, command);
}

static enum lopt_status cannot_run(const struct lopt_workshop *workshop, const struct lopt_buf *log,
				   struct lopt_error *err)
{
	LOPT_CLEANUP(lopt_buf_release) struct lopt_buf masked = LOPT_BUF_INIT(SIZE_MAX / 2);
	struct lopt_str said = log && log->len ? lopt_buf_view(log) : lopt_str_from("exit status 125");
	LOPT_TRY(lopt_workshop_mask(workshop, &masked, said));
	return lopt_error_set(err, LOPT_E_SYSTEM, "%s cannot run a container: %.300s", workshop->kind->runner,
			      masked.data);
}

enum lopt_status lopt_workshop_try(struct lopt_workshop *workshop, const struct lopt_built *built, const char *command,
				   struct lopt_ran *ran, struct lopt_buf *log, struct lopt_error *err)
{
	char container[64];
	struct words words = { 0 };
	if (strcmp(workshop->kind->runner, "buildah") == 0)
		return try_with_buildah(workshop, built, command, ran, log, err);
	(void)snprintf(container, sizeof container, "layeropt-%s", workshop->mark);
	run_words(&words, workshop, container, built, command);
	const struct lopt_run run = { .argv = words.items, .seconds = TRY_SECONDS };
	LOPT_TRY(lopt_run(ran, &run, log, err));
	if (ran->timed_out)
		remove_containers(workshop);
	return ran->code == ENGINE_TROUBLE ? cannot_run(workshop, log, err) : LOPT_OK;
}

static int compare_doubles(const void *a, const void *b)
{
	const double *x = a, *y = b;
	return (*x > *y) - (*x < *y);
}

enum lopt_status lopt_workshop_start_seconds(struct lopt_workshop *workshop, const struct lopt_built *built,
					     size_t runs, double *seconds, struct lopt_error *err)
{
	enum { RUNS_MAX = 25 };
	double taken[RUNS_MAX] = { 0 };
	*seconds = -1;
	runs = runs < RUNS_MAX ? runs : RUNS_MAX;
	for (size_t i = 0; i < runs; i++) {
		struct lopt_ran ran;
		struct lopt_error unheard;
		enum lopt_status status = lopt_workshop_try(workshop, built, ":", &ran, NULL, &unheard);
		if (status == LOPT_E_INTERRUPTED)
			return lopt_error_set(err, status, "interrupted");
		if (status != LOPT_OK || ran.code != 0)
			return LOPT_OK; /* no shell in there, or no way to run it */
		taken[i] = ran.seconds;
	}
	qsort(taken, runs, sizeof taken[0], compare_doubles);
	if (runs)
		*seconds = taken[runs / 2];
	return LOPT_OK;
}

/* Build arguments may be secrets. */

enum lopt_status lopt_workshop_mask(const struct lopt_workshop *workshop, struct lopt_buf *out, struct lopt_str log)
{
	enum { SHORTEST = 4 };
	const struct lopt_build_options *options = workshop->options;
	for (size_t at = 0; at < log.len;) {
		size_t found = 0; /* the longest: one value may begin with another */
		for (size_t i = 0; i < options->build_arg_count; i++) {
			const char *sign = strchr(options->build_args[i], '=');
			struct lopt_str value = lopt_str_from(sign ? sign + 1 : NULL);
			if (value.len >= SHORTEST && value.len > found && value.len <= log.len - at &&
			    memcmp(log.ptr + at, value.ptr, value.len) == 0)
				found = value.len;
		}
		if (found)
			lopt_buf_text(out, "***");
		else
			lopt_buf_char(out, log.ptr[at]);
		at += found ? found : 1;
	}
	return out->failed ? lopt_error_memory(NULL) : LOPT_OK;
}
