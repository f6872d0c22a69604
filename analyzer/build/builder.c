/* SPDX-License-Identifier: MIT */
#include "build/builder.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/escape.h"

enum { PROBE_SECONDS = 60 };

static const char *const legacy_front[] = { "env", "DOCKER_BUILDKIT=0", NULL };
static const char *const buildkit_front[] = { "env", "DOCKER_BUILDKIT=1", NULL };
static const char *const no_front[] = { NULL };
static const char *const legacy_build[] = { "build", "--no-cache", "--force-rm", NULL };
static const char *const buildkit_build[] = { "build", "--no-cache", "--progress=plain", NULL };
static const char *const buildah_build[] = { "build",  "--no-cache",  "--layers", "--format",
					     "docker", "--isolation", "chroot",	  NULL };
static const char *const podman_build[] = { "build",  "--no-cache",  "--layers", "--format",
					    "docker", "--isolation", "chroot",	 NULL };
static const char *const docker_probe[] = { "docker", "version", "--format", "{{.Server.Version}}", NULL };
static const char *const buildah_probe[] = { "buildah", "info", NULL };
static const char *const podman_probe[] = { "podman", "info", NULL };
static const char *const buildah_store[] = { "buildah", "info", "--format",
					     "{{.store.GraphDriverName}} {{.store.GraphRoot}}", NULL };
static const char *const podman_store[] = { "podman", "info", "--format",
					    "{{.Store.GraphDriverName}} {{.Store.GraphRoot}}", NULL };

static const struct lopt_builder_kind kinds[] = {
	{ "docker", "docker's classic builder", LOPT_BUILDER_LEGACY, "docker", legacy_front, legacy_build, docker_probe,
	  "docker", "docker:", "", NULL },
	{ "buildkit", "docker with BuildKit", LOPT_BUILDER_BUILDKIT, "docker", buildkit_front, buildkit_build,
	  docker_probe, "docker", "docker:", "", NULL },
	{ "podman", "podman", LOPT_BUILDER_BUILDAH, "podman", no_front, podman_build, podman_probe, "podman",
	  "podman:", "localhost/", podman_store },
	{ "buildah", "buildah", LOPT_BUILDER_BUILDAH, "buildah", no_front, buildah_build, buildah_probe, "buildah",
	  "podman:", "localhost/", buildah_store },
};

const struct lopt_builder_kind *lopt_builder_at(size_t index)
{
	return index < sizeof kinds / sizeof kinds[0] ? &kinds[index] : NULL;
}

/* The last line it said, fit to be shown. */
static void last_line(struct lopt_buf *out, const struct lopt_buf *log)
{
	size_t end = log->len;
	while (end && (log->data[end - 1] == '\n' || log->data[end - 1] == ' '))
		end--;
	size_t start = end;
	while (start && log->data[start - 1] != '\n' && end - start < 300)
		start--;
	lopt_escape_text(out, lopt_str_make(log->data + start, end - start));
}

static enum lopt_status probe(const struct lopt_builder_kind *kind, struct lopt_buf *log, struct lopt_error *err)
{
	struct lopt_ran ran;
	const struct lopt_run run = { .argv = kind->probe, .seconds = PROBE_SECONDS };
	LOPT_TRY(lopt_run(&ran, &run, log, err));
	if (ran.code == 0 && !ran.timed_out)
		return LOPT_OK;
	LOPT_CLEANUP(lopt_buf_release) struct lopt_buf line = LOPT_BUF_INIT(4096);
	if (log->len)
		last_line(&line, log);
	return lopt_error_set(err, LOPT_E_SYSTEM, "%s does not work here: %.*s", kind->what,
			      LOPT_STR_ARGS(lopt_buf_view(&line)));
}

/* Which builder docker's client uses by itself: what DOCKER_BUILDKIT says, else BuildKit since 23.0. */
static bool builds_with_buildkit(const struct lopt_buf *log)
{
	const char *said = getenv("DOCKER_BUILDKIT");
	if (said && *said)
		return strcmp(said, "0") != 0 && strcmp(said, "false") != 0;
	unsigned major = 0;
	for (size_t i = 0; i < log->len && log->data[i] >= '0' && log->data[i] <= '9' && major < 1000; i++)
		major = major * 10 + (unsigned)(log->data[i] - '0');
	return major >= 23;
}

static enum lopt_status choose_named(const struct lopt_builder_kind **out, const char *name, struct lopt_error *err)
{
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
		if (strcmp(kinds[i].name, name) != 0)
			continue;
		LOPT_CLEANUP(lopt_buf_release) struct lopt_buf log = LOPT_BUF_INIT(SIZE_MAX / 2);
		*out = &kinds[i];
		return probe(&kinds[i], &log, err);
	}
	return lopt_error_set(err, LOPT_E_USAGE,
			      "--builder: %.100s: it is one of auto, docker, buildkit, podman, buildah", name);
}

static enum lopt_status choose_any(const struct lopt_builder_kind **out, struct lopt_error *err)
{
	static const char *const order[] = { "docker", "podman", "buildah" };
	struct lopt_error first = { 0 };
	for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
		struct lopt_error why = { 0 };
		LOPT_CLEANUP(lopt_buf_release) struct lopt_buf log = LOPT_BUF_INIT(SIZE_MAX / 2);
		enum lopt_status status = choose_named(out, order[i], &why);
		if (status == LOPT_OK && i == 0 && probe(*out, &log, &why) == LOPT_OK && builds_with_buildkit(&log))
			return choose_named(out, "buildkit", err);
		if (status == LOPT_OK || status == LOPT_E_INTERRUPTED) {
			*err = status == LOPT_OK ? *err : why;
			return status;
		}
		if (i == 0)
			first = why;
	}
	return lopt_error_set(err, LOPT_E_SYSTEM, "no builder works here (docker, podman, buildah): %s", first.message);
}

enum lopt_status lopt_builder_choose(const struct lopt_builder_kind **out, const char *name, struct lopt_error *err)
{
	return strcmp(name, "auto") == 0 ? choose_any(out, err) : choose_named(out, name, err);
}
