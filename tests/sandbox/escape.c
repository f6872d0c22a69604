/* SPDX-License-Identifier: MIT */
/*
 * Preloaded into layeropt: plays an image that has taken the program over. When the first bytes of an image are read, which is when
 * the sandbox has to be there, the deed that ESCAPE names is attempted, and what came of it is told on standard error as
 * "escape: NAME", an errno's or "done". ESCAPE_FILE is the file it is about. With ESCAPE_THREAD a thread does it.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static const char *path;

/* --- the deeds: what the system call says --- */

static long run_exec(void)
{
	char *const argv[] = { "true", NULL };
	return syscall(SYS_execve, "/bin/true", argv, argv + 1);
}

static long run_fork(void)
{
	long pid = syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
	if (pid == 0)
		_exit(0);
	return pid;
}

static long run_namespace(void)
{
	return syscall(SYS_unshare, CLONE_NEWUSER);
}

static long run_socket(void)
{
	return syscall(SYS_socket, AF_INET, SOCK_STREAM, 0);
}

/* On a socket that was there all along: standard input. */
static long run_connect(void)
{
	const struct sockaddr_in to = { .sin_family = AF_INET,
					.sin_port = htons(9),
					.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	long n = syscall(SYS_connect, STDIN_FILENO, &to, sizeof to);
	return n < 0 && errno == ECONNREFUSED ? 0 : n;
}

static long run_create(void)
{
	return syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT, 0600);
}

static long run_create_reading(void)
{
	return syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CREAT, 0600);
}

static long run_write(void)
{
	return syscall(SYS_openat, AT_FDCWD, path, O_RDWR, 0);
}

static long run_truncate(void)
{
	return syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_TRUNC, 0);
}

static long run_openat2(void)
{
	struct open_how how = { .flags = O_WRONLY };
	return syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof how);
}

static long run_read(void)
{
	return syscall(SYS_openat, AT_FDCWD, path, O_RDONLY, 0);
}

static long run_unlink(void)
{
	return syscall(SYS_unlinkat, AT_FDCWD, path, 0);
}

static long run_rename(void)
{
	char to[4096];
	(void)snprintf(to, sizeof to, "%s.new", path);
	return syscall(SYS_renameat2, AT_FDCWD, path, AT_FDCWD, to, 0);
}

static long run_link(void)
{
	char to[4096];
	(void)snprintf(to, sizeof to, "%s.new", path);
	return syscall(SYS_linkat, AT_FDCWD, path, AT_FDCWD, to, 0);
}

static long run_mkdir(void)
{
	char to[4096];
	(void)snprintf(to, sizeof to, "%s.new", path);
	return syscall(SYS_mkdirat, AT_FDCWD, to, 0700);
}

static long run_chmod(void)
{
	return syscall(SYS_fchmodat, AT_FDCWD, path, 0777);
}

static long run_ptrace(void)
{
	return syscall(SYS_ptrace, PTRACE_TRACEME, 0, NULL, NULL);
}

static long run_kill(void)
{
	return syscall(SYS_kill, getppid(), 0);
}

static long run_map(void)
{
	void *memory = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return memory == MAP_FAILED ? -1 : 0;
}

static long run_protect(void)
{
	void *memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return mprotect(memory, 4096, PROT_READ | PROT_EXEC);
}

/* The handler of forbidden calls cannot be replaced. */
static long run_handler(void)
{
	return signal(SIGSYS, SIG_IGN) == SIG_ERR ? -1 : 0;
}

/* Type on the terminal, if it were one. */
static long run_type(void)
{
	long n = syscall(SYS_ioctl, STDIN_FILENO, TIOCSTI, "x");
	return n < 0 && errno == ENOTTY ? 0 : n;
}

static const struct {
	const char *name;
	long (*run)(void);
} deeds[] = {
	{ "exec", run_exec },
	{ "fork", run_fork },
	{ "namespace", run_namespace },
	{ "socket", run_socket },
	{ "connect", run_connect },
	{ "create", run_create },
	{ "create-reading", run_create_reading },
	{ "write", run_write },
	{ "truncate", run_truncate },
	{ "openat2", run_openat2 },
	{ "read", run_read },
	{ "unlink", run_unlink },
	{ "rename", run_rename },
	{ "link", run_link },
	{ "mkdir", run_mkdir },
	{ "chmod", run_chmod },
	{ "ptrace", run_ptrace },
	{ "kill", run_kill },
	{ "map", run_map },
	{ "protect", run_protect },
	{ "handler", run_handler },
	{ "type", run_type },
};

/* --- when --- */

static void attempt(const char *name)
{
	for (size_t i = 0; i < sizeof deeds / sizeof deeds[0]; i++) {
		if (strcmp(deeds[i].name, name) == 0) {
			bool fails = deeds[i].run() < 0;
			(void)dprintf(STDERR_FILENO, "escape: %s\n", fails ? strerrorname_np(errno) : "done");
			return;
		}
	}
	(void)dprintf(STDERR_FILENO, "escape: no such deed\n");
}

static pid_t self; /* neither the deputy nor an engine, which have this library too */
static atomic_bool has_threads;

__attribute__((constructor)) static void remember(void)
{
	self = strcmp(program_invocation_short_name, "layeropt") == 0 ? getpid() : 0;
}

/* With ESCAPE_THREAD the main thread waits for another to try. */
static void try_once(void)
{
	static atomic_flag begun = ATOMIC_FLAG_INIT;
	static atomic_bool over;
	const char *name = getenv("ESCAPE");
	if (!name || getpid() != self)
		return;
	if (getenv("ESCAPE_THREAD") && gettid() == self) {
		for (int i = 0; i < 500 && atomic_load(&has_threads) && !atomic_load(&over); i++)
			(void)usleep(10000);
		return;
	}
	if (atomic_flag_test_and_set(&begun))
		return;
	path = getenv("ESCAPE_FILE");
	attempt(name);
	atomic_store(&over, true);
}

/* The C library's own function behind ours. */
#define REAL(function, name)               \
	static __typeof__(function) *real; \
	if (!real)                         \
	*(void **)&real = dlsym(RTLD_NEXT, name)

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *), void *context)
{
	REAL(pthread_create, "pthread_create");
	atomic_store(&has_threads, true);
	return real(thread, attributes, start, context);
}

/* Of an image, and not of what a library reads before. */
static bool is_pipe(int fd)
{
	struct stat st;
	return fstat(fd, &st) == 0 && S_ISFIFO(st.st_mode);
}

ssize_t read(int fd, void *to, size_t size)
{
	REAL(read, "read");
	if (is_pipe(fd))
		try_once();
	return real(fd, to, size);
}

ssize_t __read_chk(int fd, void *to, size_t size, size_t room)
{
	return size > room ? -1 : read(fd, to, size);
}

ssize_t pread(int fd, void *to, size_t size, off_t offset)
{
	REAL(pread, "pread64");
	try_once();
	return real(fd, to, size, offset);
}

ssize_t pread64(int fd, void *to, size_t size, off_t offset)
{
	return pread(fd, to, size, offset);
}

ssize_t __pread_chk(int fd, void *to, size_t size, off_t offset, size_t room)
{
	return size > room ? -1 : pread(fd, to, size, offset);
}

ssize_t __pread64_chk(int fd, void *to, size_t size, off_t offset, size_t room)
{
	return __pread_chk(fd, to, size, offset, room);
}
