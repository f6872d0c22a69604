/* SPDX-License-Identifier: MIT */
/*
 * Preloaded into the program under test: makes the N-th call of one kind fail. Controlled by the environment:
 *
 *   FAULT_KIND   alloc, read, short, eintr, open, write
 *   FAULT_AT     which call of that kind fails, from 1; 0: none
 *   FAULT_ON     "once", or "after": that call and all that follow
 *   FAULT_COUNT  a file of 16 bytes: the number of calls seen, and 1 if one was made to fail
 *
 * `short` lets every read give one byte; `eintr` interrupts every other read. Calls are counted from main on. Allocations of
 * libseccomp are left alone: it is started with enough memory put by, since it does not bear to have too little.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

enum kind { NONE, ALLOC, READ, SHORT, EINTR_READ, OPEN, WRITE };

static struct {
	uint64_t count;
	uint64_t fired;
} private_count, *counts = &private_count;

static enum kind active;
static uint64_t fail_at;
static bool fail_after;

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

/* Counts a call of `kind` and says whether it is to fail. */
static bool fails(enum kind kind)
{
	if (active != kind)
		return false;
	uint64_t now = __atomic_add_fetch(&counts->count, 1, __ATOMIC_RELAXED);
	bool hit = fail_at && (now == fail_at || (fail_after && now > fail_at));
	if (hit)
		counts->fired = 1;
	return hit;
}

/* Where the library that is left alone lies. */
static uintptr_t spared_from, spared_to;

static int find_spared(struct dl_phdr_info *info, size_t size, void *unused)
{
	(void)size, (void)unused;
	if (!strstr(info->dlpi_name, "/libseccomp.so"))
		return 0;
	spared_from = info->dlpi_addr;
	for (size_t i = 0; i < info->dlpi_phnum; i++) {
		uintptr_t end = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr + info->dlpi_phdr[i].p_memsz;
		if (info->dlpi_phdr[i].p_type == PT_LOAD && end > spared_to)
			spared_to = end;
	}
	return 1;
}

static bool runs_out(const void *caller)
{
	bool spared = (uintptr_t)caller >= spared_from && (uintptr_t)caller < spared_to;
	if (spared || !fails(ALLOC))
		return false;
	errno = ENOMEM;
	return true;
}
#define RUNS_OUT() runs_out(__builtin_return_address(0))

void *malloc(size_t size)
{
	return RUNS_OUT() ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
	return RUNS_OUT() ? NULL : __libc_calloc(count, size);
}

void *realloc(void *old, size_t size)
{
	return RUNS_OUT() ? NULL : __libc_realloc(old, size);
}

void *reallocarray(void *old, size_t count, size_t size)
{
	size_t bytes;
	if (__builtin_mul_overflow(count, size, &bytes)) {
		errno = ENOMEM;
		return NULL;
	}
	return RUNS_OUT() ? NULL : __libc_realloc(old, bytes);
}

void *aligned_alloc(size_t alignment, size_t size)
{
	return RUNS_OUT() ? NULL : __libc_memalign(alignment, size);
}

int posix_memalign(void **out, size_t alignment, size_t size)
{
	void *p = RUNS_OUT() ? NULL : __libc_memalign(alignment, size);
	if (!p)
		return ENOMEM;
	*out = p;
	return 0;
}

/* The C library's own function behind ours. */
#define REAL(function, name)               \
	static __typeof__(function) *real; \
	if (!real)                         \
	*(void **)&real = dlsym(RTLD_NEXT, name)

/* True when a read is to fail at once; *size is cut for short reads. */
static bool read_fails(size_t *size)
{
	if (active == SHORT) {
		*size = *size ? 1 : 0;
		counts->count++;
		counts->fired = 1;
	}
	if (active == EINTR_READ && ++counts->count % 2) {
		counts->fired = 1;
		errno = EINTR;
		return true;
	}
	if (!fails(READ))
		return false;
	errno = EIO;
	return true;
}

ssize_t read(int fd, void *to, size_t size)
{
	REAL(read, "read");
	return read_fails(&size) ? -1 : real(fd, to, size);
}

ssize_t __read_chk(int fd, void *to, size_t size, size_t room)
{
	if (size > room)
		abort();
	return read(fd, to, size);
}

ssize_t pread(int fd, void *to, size_t size, off_t offset)
{
	REAL(pread, "pread64");
	return read_fails(&size) ? -1 : real(fd, to, size, offset);
}

ssize_t pread64(int fd, void *to, size_t size, off_t offset)
{
	return pread(fd, to, size, offset);
}

ssize_t __pread_chk(int fd, void *to, size_t size, off_t offset, size_t room)
{
	if (size > room)
		abort();
	return pread(fd, to, size, offset);
}

ssize_t __pread64_chk(int fd, void *to, size_t size, off_t offset, size_t room)
{
	return __pread_chk(fd, to, size, offset, room);
}

static bool open_fails(void)
{
	if (!fails(OPEN))
		return false;
	errno = EMFILE;
	return true;
}

static mode_t mode_of(int flags, va_list args)
{
	return flags & (O_CREAT | __O_TMPFILE) ? va_arg(args, mode_t) : 0;
}

int open(const char *path, int flags, ...)
{
	REAL(open, "open");
	va_list args;
	va_start(args, flags);
	mode_t mode = mode_of(flags, args);
	va_end(args);
	return open_fails() ? -1 : real(path, flags, mode);
}

int open64(const char *path, int flags, ...)
{
	va_list args;
	va_start(args, flags);
	mode_t mode = mode_of(flags, args);
	va_end(args);
	return open(path, flags, mode);
}

int openat(int at, const char *path, int flags, ...)
{
	REAL(openat, "openat");
	va_list args;
	va_start(args, flags);
	mode_t mode = mode_of(flags, args);
	va_end(args);
	return open_fails() ? -1 : real(at, path, flags, mode);
}

int openat64(int at, const char *path, int flags, ...)
{
	va_list args;
	va_start(args, flags);
	mode_t mode = mode_of(flags, args);
	va_end(args);
	return openat(at, path, flags, mode);
}

int __open_2(const char *path, int flags)
{
	return open(path, flags);
}

int __open64_2(const char *path, int flags)
{
	return open(path, flags);
}

int __openat_2(int at, const char *path, int flags)
{
	return openat(at, path, flags);
}

int __openat64_2(int at, const char *path, int flags)
{
	return openat(at, path, flags);
}

FILE *fopen(const char *path, const char *mode)
{
	REAL(fopen, "fopen");
	return open_fails() ? NULL : real(path, mode);
}

FILE *fopen64(const char *path, const char *mode)
{
	return fopen(path, mode);
}

/* Streams write with calls of the C library's inside, so they are failed here, with the error flag they would get. */
static bool stream_fails(FILE *file)
{
	enum { ERROR_FLAG = 0x20 }; /* _IO_ERR_SEEN */
	if (file == stderr || !fails(WRITE))
		return false;
	file->_flags |= ERROR_FLAG;
	errno = ENOSPC;
	return true;
}

ssize_t write(int fd, const void *from, size_t size)
{
	REAL(write, "write");
	if (fd != 2 && fails(WRITE)) {
		errno = ENOSPC;
		return -1;
	}
	return real(fd, from, size);
}

ssize_t pwrite(int fd, const void *from, size_t size, off_t offset)
{
	REAL(pwrite, "pwrite");
	if (fails(WRITE)) {
		errno = ENOSPC;
		return -1;
	}
	return real(fd, from, size, offset);
}

ssize_t pwrite64(int fd, const void *from, size_t size, off64_t offset)
{
	return pwrite(fd, from, size, offset);
}

int fallocate(int fd, int mode, off_t offset, off_t size)
{
	REAL(fallocate, "fallocate");
	if (fails(WRITE)) {
		errno = ENOSPC;
		return -1;
	}
	return real(fd, mode, offset, size);
}

int fallocate64(int fd, int mode, off64_t offset, off64_t size)
{
	return fallocate(fd, mode, offset, size);
}

size_t fwrite(const void *from, size_t size, size_t count, FILE *file)
{
	REAL(fwrite, "fwrite");
	return stream_fails(file) ? 0 : real(from, size, count, file);
}

int fputs(const char *text, FILE *file)
{
	REAL(fputs, "fputs");
	return stream_fails(file) ? EOF : real(text, file);
}

int fputc(int c, FILE *file)
{
	REAL(fputc, "fputc");
	return stream_fails(file) ? EOF : real(c, file);
}

int putc(int c, FILE *file)
{
	return fputc(c, file);
}

int fflush(FILE *file)
{
	REAL(fflush, "fflush");
	return file && stream_fails(file) ? EOF : real(file);
}

int fsync(int fd)
{
	REAL(fsync, "fsync");
	if (fails(WRITE)) {
		errno = EIO;
		return -1;
	}
	return real(fd);
}

int rename(const char *from, const char *to)
{
	REAL(rename, "rename");
	if (fails(WRITE)) {
		errno = EIO;
		return -1;
	}
	return real(from, to);
}

static enum kind kind_of(const char *name)
{
	static const char *const names[] = { "", "alloc", "read", "short", "eintr", "open", "write" };
	for (int i = ALLOC; name && i <= WRITE; i++)
		if (strcmp(name, names[i]) == 0)
			return (enum kind)i;
	return NONE;
}

static void arm(void)
{
	const char *at = getenv("FAULT_AT"), *on = getenv("FAULT_ON"), *path = getenv("FAULT_COUNT");
	int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
	if (fd >= 0) {
		void *shared = mmap(NULL, sizeof *counts, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		if (shared != MAP_FAILED)
			counts = shared;
		close(fd);
	}
	(void)dl_iterate_phdr(find_spared, NULL);
	fail_at = at ? strtoull(at, NULL, 10) : 0;
	fail_after = on && strcmp(on, "after") == 0;
	active = kind_of(getenv("FAULT_KIND"));
}

static int (*program)(int, char **, char **);

static int armed_main(int argc, char **argv, char **envp)
{
	arm();
	return program(argc, argv, envp);
}

/* Where every program starts: what happens before main is none of its doing. */
int __libc_start_main(int (*main)(int, char **, char **), int argc, char **argv, void (*init)(void), void (*fini)(void),
		      void (*rtld_fini)(void), void *stack_end);
int __libc_start_main(int (*main)(int, char **, char **), int argc, char **argv, void (*init)(void), void (*fini)(void),
		      void (*rtld_fini)(void), void *stack_end)
{
	REAL(__libc_start_main, "__libc_start_main");
	program = main;
	return real(armed_main, argc, argv, init, fini, rtld_fini, stack_end);
}
