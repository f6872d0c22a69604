/* SPDX-License-Identifier: MIT */
#include "cli/filter.h"

#ifdef LOPT_HAVE_SECCOMP

#include <asm/ioctls.h>
#include <asm/termbits.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <seccomp.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"

/* Of calls that this architecture does not have libseccomp makes nothing. A call that is in no list fails with ENOSYS. */

static const int allowed[] = {
/* What is compiled in comes first, since the first rule for a call is the one that holds. */
#ifdef LOPT_SANITIZERS
	SCMP_SYS(clone), SCMP_SYS(fcntl), SCMP_SYS(getdents), SCMP_SYS(getdents64), SCMP_SYS(getppid), SCMP_SYS(ioctl),
	SCMP_SYS(mmap), SCMP_SYS(mprotect), SCMP_SYS(prctl), SCMP_SYS(ptrace), /* to find what leaks */
	SCMP_SYS(readlink), SCMP_SYS(readlinkat), SCMP_SYS(rt_sigaction), SCMP_SYS(sigaltstack), SCMP_SYS(tgkill),
#endif
#ifdef LOPT_COVERAGE
	SCMP_SYS(fcntl), SCMP_SYS(mkdir), SCMP_SYS(openat),
#endif
	/* what is open */
	SCMP_SYS(read), SCMP_SYS(readv), SCMP_SYS(pread64), SCMP_SYS(pwrite64), SCMP_SYS(write), SCMP_SYS(writev),
	SCMP_SYS(lseek), SCMP_SYS(_llseek), SCMP_SYS(fstat), SCMP_SYS(fstat64),
	SCMP_SYS(newfstatat), /* fstat() may be this one */
	SCMP_SYS(fstatat64), SCMP_SYS(fadvise64), SCMP_SYS(readahead), SCMP_SYS(fsync), SCMP_SYS(sync_file_range),
	SCMP_SYS(ftruncate), SCMP_SYS(ftruncate64), SCMP_SYS(fallocate), SCMP_SYS(close), SCMP_SYS(poll),
	SCMP_SYS(ppoll),
	/* memory; qsort() asks how much there is */
	SCMP_SYS(brk), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise), SCMP_SYS(sysinfo),
	/* threads */
	SCMP_SYS(futex), SCMP_SYS(set_robust_list), SCMP_SYS(rseq), SCMP_SYS(sched_yield), SCMP_SYS(sched_getaffinity),
	SCMP_SYS(gettid), SCMP_SYS(getpid), SCMP_SYS(exit), SCMP_SYS(exit_group),
	/* signals, children, time, chance, and for which platform an image is wanted */
	SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn), SCMP_SYS(sigreturn), SCMP_SYS(restart_syscall),
	SCMP_SYS(wait4), SCMP_SYS(waitid), SCMP_SYS(clock_gettime), SCMP_SYS(clock_nanosleep), SCMP_SYS(nanosleep),
	SCMP_SYS(gettimeofday), SCMP_SYS(time), SCMP_SYS(getrandom), SCMP_SYS(uname)
};

/* None of this is called in good faith. */
static const int forbidden[] = {
	/* programs and processes */
	SCMP_SYS(execve), SCMP_SYS(execveat), SCMP_SYS(fork), SCMP_SYS(vfork), SCMP_SYS(ptrace),
	SCMP_SYS(process_vm_readv), SCMP_SYS(process_vm_writev), SCMP_SYS(pidfd_getfd),
	/* the network */
	SCMP_SYS(socket), SCMP_SYS(socketpair), SCMP_SYS(connect), SCMP_SYS(bind), SCMP_SYS(listen), SCMP_SYS(sendto),
	SCMP_SYS(sendmsg),
	/* files and their names */
	SCMP_SYS(creat), SCMP_SYS(truncate), SCMP_SYS(rename), SCMP_SYS(renameat), SCMP_SYS(renameat2), SCMP_SYS(link),
	SCMP_SYS(linkat), SCMP_SYS(symlink), SCMP_SYS(symlinkat), SCMP_SYS(unlink), SCMP_SYS(unlinkat), SCMP_SYS(rmdir),
	SCMP_SYS(mkdir), SCMP_SYS(mkdirat), SCMP_SYS(mknod), SCMP_SYS(mknodat), SCMP_SYS(chmod), SCMP_SYS(fchmod),
	SCMP_SYS(fchmodat), SCMP_SYS(chown), SCMP_SYS(fchown), SCMP_SYS(lchown), SCMP_SYS(fchownat), SCMP_SYS(setxattr),
	SCMP_SYS(fsetxattr), SCMP_SYS(utimensat),
	/* the system */
	SCMP_SYS(mount), SCMP_SYS(unshare), SCMP_SYS(setns), SCMP_SYS(chroot), SCMP_SYS(bpf), SCMP_SYS(io_uring_setup),
	SCMP_SYS(perf_event_open), SCMP_SYS(userfaultfd), SCMP_SYS(keyctl)
};

#ifdef LOPT_SANITIZERS
/* They look at /proc, and their report is to come out even when they cannot start a symbolizer. */
enum { FORBID = SCMP_ACT_ERRNO(EPERM), OPENS_FILES = 1 };
#else
enum { FORBID = SCMP_ACT_TRAP, OPENS_FILES = 0 };
#endif

enum {
	REFUSE = SCMP_ACT_ERRNO(EACCES),
	ALL = -1, /* bits; of 32, since these arguments are ints, and the upper half of their register is anyone's */
	WRITING = O_ACCMODE | O_CREAT | O_TRUNC,
	THREAD = CLONE_VM | CLONE_SIGHAND | CLONE_THREAD,
	NAMESPACE = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID |
		    CLONE_NEWNET,
};

/* A call whose argument decides: what is done when the bits of `mask` are those of `value`. */
struct condition {
	int call;
	unsigned argument;
	int mask;
	int value;
	unsigned action;
};

static const struct condition conditions[] = {
	{ SCMP_SYS(ioctl), 1, ALL, TCGETS, SCMP_ACT_ALLOW },
#ifdef TCGETS2 /* glibc 2.42 */
	{ SCMP_SYS(ioctl), 1, ALL, (int)TCGETS2, SCMP_ACT_ALLOW },
#endif
	{ SCMP_SYS(ioctl), 1, ALL, TIOCGWINSZ, SCMP_ACT_ALLOW },
	{ SCMP_SYS(fcntl), 1, ALL, F_DUPFD_CLOEXEC, SCMP_ACT_ALLOW },
	{ SCMP_SYS(fcntl), 1, ALL, F_GETFD, SCMP_ACT_ALLOW },
	{ SCMP_SYS(fcntl), 1, ALL, F_GETFL, SCMP_ACT_ALLOW },
	/* memory, but none to run */
	{ SCMP_SYS(mmap), 2, PROT_EXEC, 0, SCMP_ACT_ALLOW },
	{ SCMP_SYS(mmap), 2, PROT_EXEC, PROT_EXEC, REFUSE },
	{ SCMP_SYS(mmap2), 2, PROT_EXEC, 0, SCMP_ACT_ALLOW },
	{ SCMP_SYS(mmap2), 2, PROT_EXEC, PROT_EXEC, REFUSE },
	{ SCMP_SYS(mprotect), 2, PROT_EXEC, 0, SCMP_ACT_ALLOW },
	{ SCMP_SYS(mprotect), 2, PROT_EXEC, PROT_EXEC, REFUSE },
	/* Threads. What clone3 is told lies in memory, where it cannot be checked: it does not exist, and clone is called. */
	{ SCMP_SYS(clone), 0, THREAD | NAMESPACE, THREAD, SCMP_ACT_ALLOW },
	{ SCMP_SYS(clone), 0, CLONE_THREAD, 0, FORBID },
	/* opening for anything but reading */
	{ SCMP_SYS(open), 1, O_ACCMODE, O_WRONLY, FORBID },
	{ SCMP_SYS(open), 1, O_ACCMODE, O_RDWR, FORBID },
	{ SCMP_SYS(open), 1, O_ACCMODE, O_ACCMODE, FORBID },
	{ SCMP_SYS(open), 1, O_CREAT, O_CREAT, FORBID },
	{ SCMP_SYS(open), 1, O_TRUNC, O_TRUNC, FORBID },
	{ SCMP_SYS(openat), 2, O_ACCMODE, O_WRONLY, FORBID },
	{ SCMP_SYS(openat), 2, O_ACCMODE, O_RDWR, FORBID },
	{ SCMP_SYS(openat), 2, O_ACCMODE, O_ACCMODE, FORBID },
	{ SCMP_SYS(openat), 2, O_CREAT, O_CREAT, FORBID },
	{ SCMP_SYS(openat), 2, O_TRUNC, O_TRUNC, FORBID },
};

/* --- putting them together; all of these return 0 or an errno --- */

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* The same call in two lists: only where something compiled in is allowed more. */
static int errno_of(int code)
{
	return code == -EEXIST ? 0 : -code;
}

static int add_calls(scmp_filter_ctx filter, uint32_t action, const int *calls, size_t count)
{
	int code = 0;
	for (size_t i = 0; i < count && !code; i++)
		code = errno_of(seccomp_rule_add(filter, action, calls[i], 0));
	return code;
}

static int add_condition(scmp_filter_ctx filter, const struct condition *condition)
{
	const struct scmp_arg_cmp compare = { condition->argument, SCMP_CMP_MASKED_EQ, (uint32_t)condition->mask,
					      (uint32_t)condition->value };
	return errno_of(seccomp_rule_add_array(filter, condition->action, condition->call, 1, &compare));
}

static int add_conditions(scmp_filter_ctx filter, const struct condition *list, size_t count)
{
	int code = 0;
	for (size_t i = 0; i < count && !code; i++)
		code = add_condition(filter, &list[i]);
	return code;
}

/* Elsewhere than beneath a directory that is read, libraries look for files in vain, and go on. */
static int add_reading(scmp_filter_ctx filter, bool opens_files)
{
	unsigned action = opens_files || OPENS_FILES ? SCMP_ACT_ALLOW : (unsigned)REFUSE;
	const struct condition reading[] = {
		{ SCMP_SYS(open), 1, WRITING, 0, action },
		{ SCMP_SYS(openat), 2, WRITING, 0, action },
	};
	return add_conditions(filter, reading, COUNT(reading));
}

/* Oneself, as abort() does, and the process groups of children. */
static int add_signals(scmp_filter_ctx filter, const struct lopt_filter_needs *needs)
{
	const struct condition own = { SCMP_SYS(tgkill), 0, ALL, getpid(), SCMP_ACT_ALLOW };
	int code = add_condition(filter, &own);
	for (size_t i = 0; i < needs->child_count && !code; i++) {
		const struct condition group = { SCMP_SYS(kill), 0, ALL, -needs->children[i], SCMP_ACT_ALLOW };
		code = add_condition(filter, &group);
	}
	return code;
}

/* A binary tree of calls, and for all threads. */
static int set_attributes(scmp_filter_ctx filter)
{
	int code = seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	if (code == -EOPNOTSUPP || code == -EINVAL) /* libseccomp before 2.5 */
		code = 0;
	if (!code)
		code = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
	if (!code)
		code = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
	return -code;
}

static int fill(scmp_filter_ctx filter, const struct lopt_filter_needs *needs)
{
	int code = set_attributes(filter);
	if (!code)
		code = add_calls(filter, SCMP_ACT_ALLOW, allowed, COUNT(allowed));
	if (!code)
		code = add_calls(filter, FORBID, forbidden, COUNT(forbidden));
	if (!code)
		code = add_conditions(filter, conditions, COUNT(conditions));
	if (!code)
		code = add_reading(filter, needs->opens_files);
	return code ? code : add_signals(filter, needs);
}

static int build(const struct lopt_filter_needs *needs)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(ENOSYS));
	if (!filter)
		return ENOMEM;
	int code = fill(filter, needs);
	if (!code)
		code = -seccomp_load(filter);
	seccomp_release(filter);
	return code;
}

/*
 * Without memory libseccomp 2.5 crashes, or makes a filter that lacks something. So there is room before it starts: given back
 * in the middle of the heap, where the C library keeps it for the next who asks.
 */
static int build_with_room(const struct lopt_filter_needs *needs)
{
	enum { ROOMS = 6, ROOM = 64 * 1024 }; /* small enough to come from the heap; it takes a third of it all */
	void *rooms[ROOMS] = { NULL };
	bool enough = true;
	for (size_t i = 0; i < ROOMS; i++) {
		rooms[i] = malloc(ROOM);
		enough = enough && rooms[i];
	}
	LOPT_CLEANUP(lopt_cleanup_bytes) void *end = malloc(1);
	for (size_t i = 0; i < ROOMS; i++)
		free(rooms[i]);
	return enough && end ? build(needs) : ENOMEM;
}

/* --- outside --- */

enum lopt_status lopt_filter_enter(const struct lopt_filter_needs *needs, struct lopt_error *err)
{
	int code = build_with_room(needs);
	if (code == ENOMEM)
		return lopt_error_memory(err);
	return code ? lopt_error_set(err, LOPT_E_SYSTEM, "seccomp: %s", strerror(code)) : LOPT_OK;
}

bool lopt_filter_is_there(void)
{
	const uint32_t trap = SECCOMP_RET_TRAP;
	return syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &trap) == 0;
}

void lopt_filter_print_library(FILE *to)
{
	const struct scmp_version *version = seccomp_version();
	(void)fprintf(to, ", libseccomp %u.%u.%u", version->major, version->minor, version->micro);
}

#else

bool lopt_filter_is_there(void)
{
	return false;
}

void lopt_filter_print_library(FILE *to)
{
	(void)to;
}

enum lopt_status lopt_filter_enter(const struct lopt_filter_needs *needs, struct lopt_error *err)
{
	(void)needs;
	return lopt_error_set(err, LOPT_E_BUG, "seccomp is not compiled in");
}

#endif
