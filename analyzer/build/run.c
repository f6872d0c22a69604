/* SPDX-License-Identifier: MIT */
#include "build/run.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "io/process.h"
#include "io/stream.h"

enum { POLL_MS = 200, CHUNK = 16384 };

double lopt_clock(void)
{
	struct timespec now = { 0 };
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void keep(struct lopt_buf *log, const char *bytes, size_t len)
{
	if (!log)
		return;
	if (log->len + len > LOPT_LOG_BYTES_MAX) {
		size_t gone = log->len / 2;
		memmove(log->data, log->data + gone, log->len - gone);
		log->len -= gone;
	}
	lopt_buf_add(log, bytes, len);
}

/* LOPT_END when its outputs are closed. */
static enum lopt_status listen(int fd, struct lopt_buf *log, struct lopt_error *err)
{
	char bytes[CHUNK];
	struct pollfd wait = { .fd = fd, .events = POLLIN };
	int n = poll(&wait, 1, POLL_MS);
	if (n == 0 || (n < 0 && errno == EINTR))
		return LOPT_OK;
	if (n < 0)
		return lopt_error_set(err, LOPT_E_SYSTEM, "cannot wait for its output: %s", strerror(errno));
	ssize_t got = read(fd, bytes, sizeof bytes);
	if (got < 0)
		return errno == EINTR
			       ? LOPT_OK
			       : lopt_error_set(err, LOPT_E_SYSTEM, "cannot read its output: %s", strerror(errno));
	if (got == 0)
		return LOPT_END;
	keep(log, bytes, (size_t)got);
	return log && log->failed ? lopt_error_memory(err) : LOPT_OK;
}

static enum lopt_status attend(struct lopt_process *process, struct lopt_ran *ran, const struct lopt_run *run,
			       struct lopt_buf *log, struct lopt_error *err)
{
	double start = lopt_clock();
	for (;;) {
		enum lopt_status status = listen(process->out, log, err);
		ran->seconds = lopt_clock() - start;
		if (status == LOPT_END)
			break;
		LOPT_TRY(status);
		if (!run->heedless && lopt_stop_requested())
			return lopt_error_set(err, LOPT_E_INTERRUPTED, "interrupted");
		if (run->seconds && ran->seconds > run->seconds) {
			ran->timed_out = true;
			ran->code = -1;
			lopt_process_release(process);
			return LOPT_OK;
		}
	}
	enum lopt_status status = lopt_process_end(process, !run->heedless, &ran->code, err);
	ran->seconds = lopt_clock() - start;
	return status;
}

static void cleanup_process(struct lopt_process *process)
{
	lopt_process_release(process);
}

enum lopt_status lopt_run(struct lopt_ran *ran, const struct lopt_run *run, struct lopt_buf *log,
			  struct lopt_error *err)
{
	LOPT_CLEANUP(cleanup_process) struct lopt_process process = LOPT_PROCESS_NONE;
	*ran = (struct lopt_ran){ 0 };
	LOPT_TRY(lopt_process_start_joined(&process, run->argv, err));
	if (attend(&process, ran, run, log, err) == LOPT_OK)
		return LOPT_OK;
	return lopt_error_context(err, "%s", run->argv[0]);
}
