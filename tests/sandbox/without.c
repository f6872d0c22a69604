/* SPDX-License-Identifier: MIT */
/*
 * Usage: without NAME... -- PROGRAM [ARGUMENT]...
 *
 * Runs a program as if on a kernel that lacks "landlock" or "seccomp"; or with as many Landlock domains around it as there can
 * be, "full".
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static int forbid(bool landlock, bool seccomp)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, landlock ? SYS_landlock_create_ruleset : -1, 2, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, seccomp ? SYS_seccomp : -1, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
	};
	const struct sock_fprog program = { sizeof code / sizeof code[0], code };
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -1;
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

static int fill(void)
{
	const uint64_t sockets = 1 << 9; /* LANDLOCK_ACCESS_FS_MAKE_SOCK */
	int ruleset = (int)syscall(SYS_landlock_create_ruleset, &sockets, sizeof sockets, 0);
	if (ruleset < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -1;
	while (syscall(SYS_landlock_restrict_self, ruleset, 0) == 0)
		;
	(void)close(ruleset);
	return errno == E2BIG ? 0 : -1;
}

int main(int argc, char **argv)
{
	bool landlock = false;
	bool seccomp = false;
	bool full = false;
	int i = 1;
	for (; i < argc && strcmp(argv[i], "--") != 0; i++) {
		landlock |= strcmp(argv[i], "landlock") == 0;
		seccomp |= strcmp(argv[i], "seccomp") == 0;
		full |= strcmp(argv[i], "full") == 0;
	}
	if (i + 1 >= argc || (full && fill() < 0) || forbid(landlock, seccomp) < 0) {
		perror("without");
		return 2;
	}
	execv(argv[i + 1], argv + i + 1);
	perror(argv[i + 1]);
	return 2;
}
