/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "io/outfile.h"

/* Every test runs in an empty directory of its own. */

static char directory[4096];

static int enter(void **state)
{
	(void)state;
	const char *tmp = getenv("TMPDIR");
	(void)snprintf(directory, sizeof directory, "%s/layeropt-test-XXXXXX", tmp ? tmp : "/tmp");
	return mkdtemp(directory) && chdir(directory) == 0 ? 0 : -1;
}

static int leave(void **state)
{
	(void)state;
	DIR *dir = opendir(".");
	if (!dir)
		return -1;
	for (struct dirent *entry; (entry = readdir(dir)) != NULL;)
		if (unlink(entry->d_name) < 0)
			(void)rmdir(entry->d_name);
	(void)closedir(dir);
	return chdir("/") == 0 && rmdir(directory) == 0 ? 0 : -1;
}

static size_t count_entries(void)
{
	size_t count = 0;
	DIR *dir = opendir(".");
	assert_non_null(dir);
	for (struct dirent *entry; (entry = readdir(dir)) != NULL;)
		count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
	(void)closedir(dir);
	return count;
}

static void check_content(const char *path, const char *want)
{
	char text[256] = { 0 };
	FILE *file = fopen(path, "r");
	assert_non_null(file);
	(void)fread(text, 1, sizeof text - 1, file);
	(void)fclose(file);
	assert_string_equal(text, want);
}

static void make_file(const char *path, const char *content)
{
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	(void)fputs(content, file);
	assert_int_equal(fclose(file), 0);
}

static void open_and_write(struct lopt_outfile *out, const char *path)
{
	struct lopt_error err = { 0 };
	if (lopt_outfile_open(out, path, &err) != LOPT_OK)
		fail_msg("%s", err.message);
	assert_true(fputs("new\n", out->file) >= 0);
}

static void a_file_appears_when_it_is_whole(void **state)
{
	(void)state;
	struct lopt_outfile out;
	struct stat st;
	mode_t mask = umask(027);
	open_and_write(&out, "x");
	assert_int_equal(fflush(out.file), 0);
	assert_int_equal(access("x", F_OK), -1);
	assert_int_equal(count_entries(), 1);
	assert_int_equal(lopt_outfile_commit(&out, NULL), LOPT_OK);
	(void)umask(mask);
	assert_int_equal(count_entries(), 1);
	check_content("x", "new\n");
	assert_int_equal(stat("x", &st), 0);
	assert_int_equal(st.st_mode & 0777, 0640);
	lopt_outfile_abandon(&out);
	check_content("x", "new\n");
}

static void a_name_may_be_as_long_as_names_can_be(void **state)
{
	(void)state;
	char name[4096 + 300];
	char longest[256];
	struct lopt_outfile out;
	memset(longest, 'n', 255);
	longest[255] = '\0';
	open_and_write(&out, longest);
	assert_int_equal(lopt_outfile_commit(&out, NULL), LOPT_OK);
	(void)snprintf(name, sizeof name, "%s/y", directory);
	open_and_write(&out, name);
	assert_int_equal(lopt_outfile_commit(&out, NULL), LOPT_OK);
	assert_int_equal(count_entries(), 2);
	longest[254] = '/';
	assert_int_equal(lopt_outfile_open(&out, longest, NULL), LOPT_E_SYSTEM);
}

static void abandoned_files_leave_no_trace(void **state)
{
	(void)state;
	struct lopt_outfile out;
	make_file("x", "old\n");
	open_and_write(&out, "x");
	lopt_outfile_abandon(&out);
	check_content("x", "old\n");
	assert_int_equal(count_entries(), 1);
	lopt_outfile_abandon(&out);
	assert_int_equal(lopt_outfile_commit(&out, NULL), LOPT_E_SYSTEM);
}

static void files_and_links_are_replaced(void **state)
{
	(void)state;
	struct lopt_outfile out;
	make_file("x", "old\n");
	open_and_write(&out, "x");
	assert_int_equal(lopt_outfile_commit(&out, NULL), LOPT_OK);
	check_content("x", "new\n");
	make_file("target", "old\n");
	assert_int_equal(symlink("target", "link"), 0);
	assert_int_equal(symlink("nowhere", "dangling"), 0);
	open_and_write(&out, "link");
	assert_int_equal(lopt_outfile_commit(&out, NULL), LOPT_OK);
	open_and_write(&out, "dangling");
	assert_int_equal(lopt_outfile_commit(&out, NULL), LOPT_OK);
	check_content("target", "old\n"); /* what it points to stays as it was */
	check_content("link", "new\n");
	check_content("dangling", "new\n");
	assert_int_equal(access("nowhere", F_OK), -1);
}

static void what_is_no_file_is_refused(void **state)
{
	(void)state;
	static const char *const names[] = { "",   ".",		"..",	  "dir",  "dir/",
					     "x/", "missing/x", "file/x", "fifo", "link-to-dir" };
	assert_int_equal(mkdir("dir", 0777), 0);
	assert_int_equal(mkfifo("fifo", 0666), 0); /* nobody reads it */
	assert_int_equal(symlink("dir", "link-to-dir"), 0);
	make_file("file", "old\n");
	size_t before = count_entries();
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		struct lopt_outfile out;
		struct lopt_error err = { 0 };
		assert_int_equal(lopt_outfile_open(&out, names[i], &err), LOPT_E_SYSTEM);
		assert_memory_equal(err.message, names[i], strlen(names[i]));
		assert_null(out.file);
		assert_int_equal(count_entries(), before);
	}
}

static void the_target_may_become_a_directory(void **state)
{
	(void)state;
	struct lopt_outfile out;
	struct lopt_error err = { 0 };
	open_and_write(&out, "x");
	assert_int_equal(mkdir("x", 0777), 0);
	assert_int_equal(lopt_outfile_commit(&out, &err), LOPT_E_SYSTEM);
	assert_int_equal(count_entries(), 1);
}

/* Root may write everywhere, so somebody else has to try. */
static void permissions_are_obeyed(void **state)
{
	(void)state;
	make_file("read-only", "old\n");
	assert_int_equal(chmod("read-only", 0444), 0);
	assert_int_equal(chmod(".", 0777), 0);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct lopt_outfile out;
		if (geteuid() == 0 && setuid(65534) < 0)
			_exit(77);
		if (lopt_outfile_open(&out, "read-only", NULL) != LOPT_E_SYSTEM)
			_exit(1);
		if (lopt_outfile_open(&out, "/layeropt-test", NULL) != LOPT_E_SYSTEM)
			_exit(2);
		_exit(0);
	}
	int how;
	assert_int_equal(waitpid(pid, &how, 0), pid);
	if (WIFEXITED(how) && WEXITSTATUS(how) == 77)
		skip();
	assert_int_equal(how, 0);
	check_content("read-only", "old\n");
}

static void devices_are_written_in_place(void **state)
{
	(void)state;
	struct lopt_outfile out;
	struct lopt_error err = { 0 };
	open_and_write(&out, "/dev/null");
	assert_null(out.temporary);
	assert_int_equal(lopt_outfile_commit(&out, NULL), LOPT_OK);
	open_and_write(&out, "/dev/full");
	assert_int_equal(lopt_outfile_commit(&out, &err), LOPT_E_SYSTEM);
	assert_non_null(strstr(err.message, "/dev/full"));
	assert_non_null(strstr(err.message, strerror(ENOSPC)));
	struct stat st;
	assert_int_equal(stat("/dev/null", &st), 0);
	assert_true(S_ISCHR(st.st_mode));
}

static void pipes_and_descriptors_are_written_in_place(void **state)
{
	(void)state;
	char name[32];
	char text[64] = { 0 };
	struct lopt_outfile out;
	int fds[2];
	assert_int_equal(pipe(fds), 0);
	(void)snprintf(name, sizeof name, "/dev/fd/%d", fds[1]);
	open_and_write(&out, name);
	assert_int_equal(lopt_outfile_commit(&out, NULL), LOPT_OK);
	assert_int_equal(read(fds[0], text, sizeof text), 4);
	(void)close(fds[0]);
	(void)close(fds[1]);
	make_file("log", "old\n");
	int fd = open("log", O_WRONLY | O_APPEND | O_CLOEXEC);
	(void)snprintf(name, sizeof name, "/dev/fd/%d", fd);
	open_and_write(&out, name);
	assert_int_equal(lopt_outfile_commit(&out, NULL), LOPT_OK);
	(void)close(fd);
	check_content("log", "old\nnew\n");
}

static void standard_output_is_checked(void **state)
{
	(void)state;
	static const struct {
		const char *path;
		enum lopt_status want;
	} cases[] = { { "/dev/null", LOPT_OK }, { "/dev/full", LOPT_E_SYSTEM } };
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		(void)fflush(stdout);
		pid_t pid = fork();
		assert_true(pid >= 0);
		if (pid == 0) {
			struct lopt_outfile out;
			struct lopt_error err = { 0 };
			int fd = open(cases[i].path, O_WRONLY);
			if (fd < 0 || dup2(fd, STDOUT_FILENO) < 0 || lopt_outfile_open(&out, "-", &err) != LOPT_OK)
				_exit(1);
			(void)fputs("new\n", out.file);
			enum lopt_status got = lopt_outfile_commit(&out, &err);
			_exit(got == cases[i].want && (got == LOPT_OK || strstr(err.message, "standard output")) ? 0
														 : 2);
		}
		int how;
		assert_int_equal(waitpid(pid, &how, 0), pid);
		assert_int_equal(how, 0);
	}
}

static void write_errors_keep_the_old_file(void **state)
{
	(void)state;
	make_file("x", "old\n");
	struct lopt_outfile out;
	struct lopt_error err = { 0 };
	assert_int_equal(lopt_outfile_open(&out, "x", &err), LOPT_OK);
	int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
	assert_int_equal(dup2(full, fileno(out.file)), fileno(out.file));
	(void)close(full);
	(void)fputs("new\n", out.file);
	assert_int_equal(lopt_outfile_commit(&out, &err), LOPT_E_SYSTEM);
	assert_memory_equal(err.message, "x: cannot write: ", 17);
	check_content("x", "old\n");
	assert_int_equal(count_entries(), 1);
}

static void only_so_many_are_open_at_a_time(void **state)
{
	(void)state;
	enum { MANY = 17 };
	struct lopt_outfile outs[MANY];
	char name[16];
	for (int i = 0; i < MANY; i++) {
		(void)snprintf(name, sizeof name, "x%d", i);
		assert_int_equal(lopt_outfile_open(&outs[i], name, NULL), i < 16 ? LOPT_OK : LOPT_E_SYSTEM);
	}
	assert_int_equal(count_entries(), 16);
	for (int i = 0; i < MANY; i++)
		lopt_outfile_abandon(&outs[i]);
	assert_int_equal(count_entries(), 0);
	open_and_write(&outs[0], "x");
	lopt_outfile_abandon(&outs[0]);
}

static void on_signal(int number)
{
	(void)number;
	lopt_outfile_abandon_all();
	_exit(0);
}

static void a_signal_leaves_nothing(void **state)
{
	(void)state;
	make_file("x", "old\n");
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct lopt_outfile outs[3];
		(void)signal(SIGTERM, on_signal);
		open_and_write(&outs[0], "x");
		open_and_write(&outs[1], "y");
		open_and_write(&outs[2], "z");
		if (lopt_outfile_commit(&outs[1], NULL) != LOPT_OK)
			_exit(1);
		(void)raise(SIGTERM);
		_exit(2);
	}
	int how;
	assert_int_equal(waitpid(pid, &how, 0), pid);
	assert_int_equal(how, 0);
	assert_int_equal(count_entries(), 2);
	check_content("x", "old\n");
	check_content("y", "new\n");
}

/* A deputy is there once per process: each case is played in a child. Its exit code is what the child's `play` returns. */
static void check_played(int (*play)(void), int want)
{
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		_exit(play());
	int how;
	assert_int_equal(waitpid(pid, &how, 0), pid);
	assert_int_equal(how, want);
}

/* The names are relative: once this process is elsewhere, only the deputy can mean the right files. */
static int play_delivery(void)
{
	struct lopt_outfile outs[3];
	open_and_write(&outs[0], "x");
	open_and_write(&outs[1], "y");
	open_and_write(&outs[2], "z");
	if (lopt_outfile_delegate(NULL) != LOPT_OK || lopt_outfile_delegate(NULL) != LOPT_E_BUG)
		return 1;
	if (count_entries() != 4 || chdir("/") < 0)
		return 2;
	if (lopt_outfile_commit(&outs[0], NULL) != LOPT_OK || lopt_outfile_commit(&outs[2], NULL) != LOPT_OK)
		return 3;
	lopt_outfile_abandon(&outs[1]);
	lopt_outfile_abandon(&outs[2]);
	lopt_outfile_abandon_all();
	return 0;
}

static void a_deputy_delivers(void **state)
{
	(void)state;
	make_file("x", "old\n");
	check_played(play_delivery, 0);
	assert_int_equal(count_entries(), 2);
	check_content("x", "new\n");
	check_content("z", "new\n");
}

static int play_failure(void)
{
	struct lopt_outfile out;
	struct lopt_error err = { 0 };
	open_and_write(&out, "x");
	if (lopt_outfile_delegate(&err) != LOPT_OK || mkdir("x", 0700) < 0)
		return 1;
	if (lopt_outfile_commit(&out, &err) != LOPT_E_SYSTEM || !strstr(err.message, "x: cannot write: "))
		return 2;
	return 0;
}

static void a_deputy_tells_what_fails(void **state)
{
	(void)state;
	check_played(play_failure, 0);
	assert_int_equal(count_entries(), 1); /* the directory */
}

static int play_dismissal(void)
{
	struct lopt_outfile out;
	open_and_write(&out, "x");
	if (lopt_outfile_delegate(NULL) != LOPT_OK)
		return 1;
	lopt_outfile_abandon_all();
	if (count_entries() != 1)
		return 2;
	lopt_outfile_abandon_all();
	return lopt_outfile_commit(&out, NULL) == LOPT_E_SYSTEM ? 0 : 3;
}

static void a_dismissed_deputy_leaves_nothing(void **state)
{
	(void)state;
	make_file("x", "old\n");
	check_played(play_dismissal, 0);
	assert_int_equal(count_entries(), 1);
	check_content("x", "old\n");
}

static int play_death(void)
{
	struct lopt_outfile out;
	open_and_write(&out, "x");
	if (lopt_outfile_delegate(NULL) != LOPT_OK)
		return 1;
	(void)raise(SIGKILL);
	return 2;
}

static void a_deputy_outlives_a_kill(void **state)
{
	(void)state;
	make_file("x", "old\n");
	check_played(play_death, SIGKILL);
	for (int waited = 0; count_entries() != 1 && waited < 5000; waited += 10)
		(void)usleep(10000);
	assert_int_equal(count_entries(), 1);
	check_content("x", "old\n");
}

static int play_nothing(void)
{
	struct lopt_outfile out;
	if (lopt_outfile_open(&out, "/dev/null", NULL) != LOPT_OK || lopt_outfile_delegate(NULL) != LOPT_OK)
		return 1;
	if (waitpid(-1, NULL, WNOHANG) != -1 || errno != ECHILD)
		return 2;
	return lopt_outfile_commit(&out, NULL) == LOPT_OK ? 0 : 3;
}

static void without_files_there_is_no_deputy(void **state)
{
	(void)state;
	check_played(play_nothing, 0);
}

static void the_input_is_known(void **state)
{
	(void)state;
	make_file("x", "old\n");
	make_file("y", "old\n");
	assert_int_equal(symlink("x", "link"), 0);
	assert_int_equal(link("x", "hard"), 0);
	int fd = open("x", O_RDONLY | O_CLOEXEC);
	assert_true(lopt_outfile_is_input("x", fd));
	assert_true(lopt_outfile_is_input("./x", fd));
	assert_true(lopt_outfile_is_input("link", fd));
	assert_true(lopt_outfile_is_input("hard", fd));
	assert_false(lopt_outfile_is_input("y", fd));
	assert_false(lopt_outfile_is_input("missing", fd));
	(void)close(fd);
	fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	assert_false(lopt_outfile_is_input("/dev/null", fd));
	(void)close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_file_appears_when_it_is_whole, enter, leave),
		cmocka_unit_test_setup_teardown(a_name_may_be_as_long_as_names_can_be, enter, leave),
		cmocka_unit_test_setup_teardown(abandoned_files_leave_no_trace, enter, leave),
		cmocka_unit_test_setup_teardown(files_and_links_are_replaced, enter, leave),
		cmocka_unit_test_setup_teardown(what_is_no_file_is_refused, enter, leave),
		cmocka_unit_test_setup_teardown(the_target_may_become_a_directory, enter, leave),
		cmocka_unit_test_setup_teardown(permissions_are_obeyed, enter, leave),
		cmocka_unit_test_setup_teardown(devices_are_written_in_place, enter, leave),
		cmocka_unit_test_setup_teardown(pipes_and_descriptors_are_written_in_place, enter, leave),
		cmocka_unit_test_setup_teardown(standard_output_is_checked, enter, leave),
		cmocka_unit_test_setup_teardown(write_errors_keep_the_old_file, enter, leave),
		cmocka_unit_test_setup_teardown(only_so_many_are_open_at_a_time, enter, leave),
		cmocka_unit_test_setup_teardown(a_signal_leaves_nothing, enter, leave),
		cmocka_unit_test_setup_teardown(a_deputy_delivers, enter, leave),
		cmocka_unit_test_setup_teardown(a_deputy_tells_what_fails, enter, leave),
		cmocka_unit_test_setup_teardown(a_dismissed_deputy_leaves_nothing, enter, leave),
		cmocka_unit_test_setup_teardown(a_deputy_outlives_a_kill, enter, leave),
		cmocka_unit_test_setup_teardown(without_files_there_is_no_deputy, enter, leave),
		cmocka_unit_test_setup_teardown(the_input_is_known, enter, leave),
	};
	return cmocka_run_group_tests_name("outfile", tests, NULL, NULL);
}
