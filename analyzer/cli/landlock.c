/* SPDX-License-Identifier: MIT */
#include "cli/landlock.h"

#if __has_include(<linux/landlock.h>)

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"

/* Newer than the oldest header this is compiled with. Each version of the ABI adds rights, and fields at the end. */
struct ruleset {
	uint64_t files;	  /* version 1 */
	uint64_t network; /* version 4 */
	uint64_t scope;	  /* version 6 */
};

enum {
	FILES_1 = (1 << 13) - 1,
	FILES_2 = 1 << 13, /* another directory for a file */
	FILES_3 = 1 << 14, /* truncate */
	FILES_5 = 1 << 15, /* ioctl of devices */
	NETWORK_4 = 3,	   /* bind and connect TCP */
	SCOPE_SOCKETS = 1,
	SCOPE_SIGNALS = 2,
	READING = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR,
};

int lopt_landlock_version(void)
{
	long version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	return version > 0 ? (int)version : 0;
}

static struct ruleset choose_rules(int version, bool has_children)
{
	struct ruleset rules = { .files = FILES_1 };
	if (version >= 2)
		rules.files |= FILES_2;
	if (version >= 3)
		rules.files |= FILES_3;
	if (version >= 4)
		rules.network = NETWORK_4;
	if (version >= 5)
		rules.files |= FILES_5;
	if (version >= 6)
		rules.scope = has_children ? SCOPE_SOCKETS : SCOPE_SOCKETS | SCOPE_SIGNALS;
	return rules;
}

static int allow(int ruleset, int directory, uint64_t rights)
{
	const struct landlock_path_beneath_attr beneath = { .allowed_access = rights, .parent_fd = directory };
	return syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &beneath, 0) < 0 ? errno : 0;
}

/* What was compiled in needs files of its own: sanitizers look at /proc, coverage writes its counters at the end. */
static int allow_build(int ruleset, const struct ruleset *rules)
{
#if defined LOPT_COVERAGE || defined LOPT_SANITIZERS
#ifdef LOPT_COVERAGE
	uint64_t rights = rules->files;
#else
	uint64_t rights = rules->files & READING;
#endif
	LOPT_CLEANUP(lopt_cleanup_fd) int root = open("/", O_PATH | O_CLOEXEC);
	return root < 0 ? errno : allow(ruleset, root, rights);
#else
	(void)ruleset, (void)rules;
	return 0;
#endif
}

static int enter(const struct ruleset *rules, size_t size, const int *directories, size_t count)
{
	LOPT_CLEANUP(lopt_cleanup_fd) int ruleset = (int)syscall(SYS_landlock_create_ruleset, rules, size, 0);
	if (ruleset < 0)
		return errno;
	int code = allow_build(ruleset, rules);
	for (size_t i = 0; i < count && !code; i++)
		code = allow(ruleset, directories[i], READING);
	if (code)
		return code;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || syscall(SYS_landlock_restrict_self, ruleset, 0) < 0)
		return errno;
	return 0;
}

enum lopt_status lopt_landlock_enter(const int *directories, size_t count, bool has_children, struct lopt_error *err)
{
	int version = lopt_landlock_version();
	struct ruleset rules = choose_rules(version, has_children);
	size_t size = version < 4   ? offsetof(struct ruleset, network)
		      : version < 6 ? offsetof(struct ruleset, scope)
				    : sizeof rules;
	int code = enter(&rules, size, directories, count);
	if (code == ENOMEM)
		return lopt_error_memory(err);
	return code ? lopt_error_set(err, LOPT_E_SYSTEM, "Landlock: %s", strerror(code)) : LOPT_OK;
}

#else /* no such header: Linux before 5.13 */

int lopt_landlock_version(void)
{
	return 0;
}

enum lopt_status lopt_landlock_enter(const int *directories, size_t count, bool has_children, struct lopt_error *err)
{
	(void)directories, (void)count, (void)has_children;
	return lopt_error_set(err, LOPT_E_BUG, "Landlock is not compiled in");
}

#endif
