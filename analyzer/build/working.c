/* SPDX-License-Identifier: MIT */
#include "build/working.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"

enum { SECONDS = 120, STATE_BYTES_MAX = 4 << 20, PATH_BYTES_MAX = 4096 };

static void cleanup_directory(DIR **directory)
{
	if (*directory)
		(void)closedir(*directory);
}

static bool run(const char *const *argv, struct lopt_buf *said)
{
	struct lopt_ran ran;
	struct lopt_error unheard;
	const struct lopt_run run = { .argv = argv, .seconds = SECONDS, .heedless = true };
	return lopt_run(&ran, &run, said, &unheard) == LOPT_OK && ran.code == 0 && !ran.timed_out;
}

/* The folder of the store in which containers are, as in "overlay /var/lib/containers/storage". */
static bool find_folder(const struct lopt_builder_kind *kind, char (*folder)[PATH_BYTES_MAX])
{
	LOPT_CLEANUP(lopt_buf_release) struct lopt_buf said = LOPT_BUF_INIT(SIZE_MAX / 2);
	if (!kind->store || !run(kind->store, &said) || !said.len)
		return false;
	char *root = strchr(said.data, ' ');
	if (!root || root[1] != '/')
		return false;
	*root++ = '\0';
	root[strcspn(root, "\n")] = '\0';
	int n = snprintf(*folder, sizeof *folder, "%s/%s-containers", root, said.data);
	return n > 0 && (size_t)n < sizeof *folder;
}

/* What buildah wrote down about the container. */
static bool has_mark(int folder, const char *id, const char *mark)
{
	char path[512];
	int n = snprintf(path, sizeof path, "%s/userdata/buildah.json", id);
	if (n < 0 || (size_t)n >= sizeof path)
		return false;
	LOPT_CLEANUP(lopt_cleanup_fd) int fd = openat(folder, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	LOPT_CLEANUP(lopt_buf_release) struct lopt_buf text = LOPT_BUF_INIT(STATE_BYTES_MAX);
	while (fd >= 0) {
		enum { CHUNK = 65536 };
		char *to = lopt_buf_reserve(&text, CHUNK);
		ssize_t got = to ? read(fd, to, CHUNK) : 0;
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		text.len += (size_t)got;
	}
	return text.len && memmem(text.data, text.len, mark, strlen(mark));
}

void lopt_working_remove(const struct lopt_builder_kind *kind, const char *mark)
{
	char path[PATH_BYTES_MAX];
	if (!find_folder(kind, &path))
		return;
	LOPT_CLEANUP(cleanup_directory) DIR *folder = opendir(path);
	const struct dirent *entry;
	while (folder && (entry = readdir(folder))) {
		/* podman wants to be told twice where it is mounted, buildah knows no such option */
		const char *const by_podman[] = { kind->program, "rm", "-f", entry->d_name, NULL };
		const char *const by_buildah[] = { kind->program, "rm", entry->d_name, NULL };
		if (entry->d_name[0] != '.' && entry->d_name[0] != '-' && has_mark(dirfd(folder), entry->d_name, mark))
			(void)run(strcmp(kind->program, "podman") == 0 ? by_podman : by_buildah, NULL);
	}
}
