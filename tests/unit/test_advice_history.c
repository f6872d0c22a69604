/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "io/process.h"
#include "support/planning.h"

/* Rules that ask git what changes how often. */

static struct lopt_error err;
static char folder[64];

static void run(const char *const argv[])
{
	struct lopt_process process = LOPT_PROCESS_NONE;
	if (lopt_process_start(&process, argv, &err) != LOPT_OK || lopt_process_finish(&process, &err) != LOPT_OK)
		fail_msg("%s: %s", argv[0], err.message);
}

static void write_file(const char *name, int number)
{
	char path[256];
	(void)snprintf(path, sizeof path, "%s/%s", folder, name);
	for (char *slash = path + strlen(folder) + 1; (slash = strchr(slash, '/')); *slash++ = '/') {
		*slash = '\0';
		(void)mkdir(path, 0777);
	}
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fprintf(file, "%d\n", number) > 0);
	assert_int_equal(fclose(file), 0);
}

static void commit(void)
{
	const char *const add[] = { "git", "-C", folder, "add", "-A", NULL };
	const char *const record[] = { "git", "-C", folder, "commit", "-q", "-m.", NULL };
	run(add);
	run(record);
}

/* The first commit brings everything; of ten more, oldest first, `rare` change the manifests and all the source. */
static int set_up(void **state)
{
	(void)state;
	static const char *const names[] = { "package.json",
					     "package-lock.json",
					     "requirements.txt",
					     "go.mod",
					     "web/package.json",
					     "still/package.json",
					     "src/a",
					     "web/b" };
	(void)setenv("GIT_CONFIG_GLOBAL", "/dev/null", 1);
	(void)setenv("GIT_CONFIG_SYSTEM", "/dev/null", 1);
	(void)setenv("GIT_AUTHOR_NAME", "a", 1);
	(void)setenv("GIT_AUTHOR_EMAIL", "a", 1);
	(void)setenv("GIT_COMMITTER_NAME", "a", 1);
	(void)setenv("GIT_COMMITTER_EMAIL", "a", 1);
	(void)snprintf(folder, sizeof folder, "/tmp/layeropt-history-XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	const char *const init[] = { "git", "-C", folder, "init", "-q", "-b", "main", NULL };
	run(init);
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		write_file(names[i], 0);
	commit();
	for (int i = 1; i <= 10; i++) {
		write_file("src/a", i);
		write_file("web/b", i);
		if (i <= 2) {
			write_file("package.json", i);
			write_file("web/package.json", i);
		}
		write_file("requirements.txt", i);
		commit();
	}
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	const char *const argv[] = { "rm", "-rf", folder, NULL };
	run(argv);
	return 0;
}

#define F "FROM a\n"
#define STANDARD .context = folder, .commits = 100, .level = LOPT_LEVEL_STANDARD
#define APP \
	"app/ app/package.json=1 app/package-lock.json=1 app/requirements.txt=1 app/src/ app/src/a=1 app/web/ app/web/b=1"
#define NODE "app/node_modules/ app/node_modules/x=1"

static void copies_the_manifest_first(void **state)
{
	(void)state;
	static const struct test_plan cases[] = {
		{ STANDARD, .source = F "WORKDIR /app\nCOPY . .\nRUN npm ci\n", .layers = { "app/", APP, NODE },
		  .seconds = { 1, 60 }, .want = "manifest-first 3 0 60s>12s",
		  .text = F "WORKDIR /app\nCOPY package.json package-lock.json ./\nRUN npm ci\nCOPY . .\n" },
		/* comments go along; a flag of the RUN stays; the last instruction is not the RUN */
		{ STANDARD,
		  .source = F
		  "WORKDIR /app\n# all of it\nCOPY ./ ./\n# install\nRUN --network=default npm install --omit=dev # why\nCMD [\"x\"]\n",
		  .layers = { "app/", APP, NODE }, .seconds = { 1, 60 }, .want = "manifest-first 4 0 60s>12s",
		  .text = F
		  "WORKDIR /app\nCOPY package.json package-lock.json ./\n# install\nRUN --network=default npm install --omit=dev # why\n# all of it\nCOPY ./ ./\nCMD [\"x\"]\n" },
		{ STANDARD, .source = F "COPY ./web/. /app\nWORKDIR /app\nRUN npm install\nRUN make\n",
		  .layers = { "app/", "app/ app/package.json=1 app/b=1", NODE, "b=1" }, .seconds = { 1, 60, 1 },
		  .want = "manifest-first 2 0 60s>12s",
		  .text = F
		  "WORKDIR /app\nCOPY ./web/./package.json /app/\nRUN npm install\nCOPY ./web/. /app\nRUN make\n" },
		/* a relative path means another one behind WORKDIR */
		{ STANDARD, .source = F "WORKDIR /app\nCOPY . .\nWORKDIR /app/web\nRUN npm install\n",
		  .layers = { "app/", APP, NODE }, .seconds = { 1, 60 }, .want = "" },
		/* changed as often as the rest, by a command that does more, of a copy with flags */
		{ STANDARD, .source = F "WORKDIR /app\nCOPY . .\nRUN pip install -r requirements.txt\n",
		  .layers = { "app/", APP, NODE }, .seconds = { 1, 60 }, .want = "" },
		{ STANDARD, .source = F "WORKDIR /app\nCOPY . .\nRUN npm ci && npm run build\n",
		  .layers = { "app/", APP, NODE }, .seconds = { 1, 60 }, .want = "" },
		{ STANDARD, .source = F "WORKDIR /app\nCOPY --chown=5:5 . .\nRUN npm ci\n",
		  .layers = { "app/", APP, NODE }, .seconds = { 1, 60 }, .want = "" },
		{ STANDARD, .source = F "WORKDIR /app\nCOPY . .\nRUN pip install -e . -r requirements.txt\n",
		  .layers = { "app/", APP, NODE }, .seconds = { 1, 60 }, .want = "" },
		{ STANDARD, .source = F "WORKDIR /app\nCOPY . .\nRUN npm run build\n", .layers = { "app/", APP, NODE },
		  .seconds = { 1, 60 }, .want = "" },
		/* no manifest of it */
		{ STANDARD, .source = F "WORKDIR /app\nCOPY src .\nRUN npm ci\n",
		  .layers = { "app/", "app/ app/a=1", NODE }, .seconds = { 1, 60 }, .want = "" },
		/* no commit changes it */
		{ STANDARD, .source = F "COPY still /app\nWORKDIR /app\nRUN npm install\n",
		  .layers = { "app/", "app/ app/package.json=1", NODE }, .seconds = { 1, 60 }, .want = "" },
		{ STANDARD, .source = F "WORKDIR /app\nCOPY . .\nRUN npm ci\n", .layers = { "app/", APP, NODE },
		  .seconds = { 1, 60 }, .excluded = { "manifest-first" }, .want = "" },
		{ .context = folder,
		  .commits = 5,
		  .level = LOPT_LEVEL_STANDARD,
		  .source = F "WORKDIR /app\nCOPY . .\nRUN npm ci\n",
		  .layers = { "app/", APP, NODE },
		  .seconds = { 1, 60 },
		  .want = "manifest-first 3 0 60s>0s",
		  .text = F "WORKDIR /app\nCOPY package.json package-lock.json ./\nRUN npm ci\nCOPY . .\n",
		  .why = NULL },
		{ .context = folder,
		  .commits = 100,
		  .source = F "WORKDIR /app\nCOPY . .\nRUN npm ci\n",
		  .layers = { "app/", APP, NODE },
		  .seconds = { 1, 60 },
		  .want = "manifest-first 3 0 needs --level 60s>12s" },
		{ .level = LOPT_LEVEL_STANDARD,
		  .source = F "WORKDIR /app\nCOPY . .\nRUN npm ci\n",
		  .layers = { "app/", APP, NODE },
		  .seconds = { 1, 60 },
		  .want = "" },
		{ STANDARD, .source = F "WORKDIR /app\nCOPY . .\nRUN go mod download\n",
		  .layers = { "app/", "app/ app/go.mod=1", "root/go/x=1" }, .seconds = { 1, 60 },
		  .want = "manifest-first 3 0 60s>0s",
		  .text = F "WORKDIR /app\nCOPY go.mod ./\nRUN go mod download\nCOPY . .\n" },
		/* what stood behind the RUN is folded into it, or goes */
		{ STANDARD, .source = F "WORKDIR /app\nCOPY . .\nRUN npm ci\nRUN rm -rf /opt/big\nCMD [\"x\"]\n",
		  .layers = { "app/ opt/", APP, NODE " opt/ opt/big=1;size=9000", "opt/ opt/.wh.big=" },
		  .seconds = { 1, 60, 1 }, .want = "fold 4 9000\nmanifest-first 3 0 60s>12s",
		  .text = F
		  "WORKDIR /app\nCOPY package.json package-lock.json ./\nRUN npm ci \\\n    && rm -rf /opt/big\nCOPY . .\nCMD [\"x\"]\n" },
		{ STANDARD, .source = F "WORKDIR /app\nCOPY . .\nRUN npm ci\nRUN rm -rf /root/.npm\n",
		  .layers = { "app/ root/", APP, NODE " root/ root/.npm/ root/.npm/a=1;size=9000",
			      "root/ root/.wh..npm=" },
		  .seconds = { 1, 60, 1 }, .want = "npm-cache 4 9000\nuseless-run 5 0\nmanifest-first 3 0 60s>12s",
		  .text = F
		  "WORKDIR /app\nCOPY package.json package-lock.json ./\nRUN npm ci \\\n    && rm -rf /root/.npm\nCOPY . .\n" },
		/* what stands behind it stays there */
		{ STANDARD, .copy_chmod = true,
		  .source = F "WORKDIR /app\nCOPY . .\nRUN npm ci\nRUN chown -R 5:5 /app/src\n",
		  .layers = { "app/", APP " app/src/big=1;size=9000", NODE,
			      "app/src/;own=5:5 app/src/a=1;own=5:5 app/src/big=1;size=9000;own=5:5" },
		  .seconds = { 1, 60, 1 }, .want = "manifest-first 3 0 60s>12s",
		  .text = F
		  "WORKDIR /app\nCOPY package.json package-lock.json ./\nRUN npm ci\nCOPY . .\nRUN chown -R 5:5 /app/src\n" },
	};
	TEST_PLANS(cases);
}

#define APT "usr/ usr/bin/ usr/bin/curl=1 var/ var/lib/ var/lib/dpkg/ var/lib/dpkg/status=2"
#define BASE "srv/ usr/ usr/bin/ var/ var/lib/ var/lib/dpkg/ var/lib/dpkg/status=1"

static void orders(void **state)
{
	(void)state;
	static const struct test_plan cases[] = {
		{ STANDARD, .source = F "# the source\nCOPY src /srv\n# tools\nRUN apt-get install curl\n",
		  .layers = { BASE, "srv/ srv/a=1", APT }, .seconds = { 1, 60 }, .want = "order 3 0 61s>1s",
		  .text = F "# tools\nRUN apt-get install curl\n# the source\nCOPY src /srv\n" },
		{ STANDARD, .source = F "RUN apt-get install curl\nCOPY src /srv\n",
		  .layers = { BASE, APT, "srv/ srv/a=1" }, .seconds = { 60, 1 }, .want = "" },
		/* one needs the other */
		{ STANDARD, .source = F "COPY src /srv\nRUN make -C /srv\n",
		  .layers = { BASE, "srv/ srv/a=1", "srv/ srv/b=1" }, .seconds = { 1, 60 }, .want = "" },
		{ STANDARD, .source = F "COPY src /srv\nRUN apt-get install curl\n",
		  .layers = { BASE, "srv/ srv/a=1", APT }, .seconds = { 1, 60 }, .excluded = { "order" }, .want = "" },
		/* with an edit of the same instructions: what is folded does not move any more */
		{ STANDARD, .source = F "COPY src /srv\nRUN apt-get install curl\nRUN rm /usr/share/big\n",
		  .layers = { BASE, "srv/ srv/a=1", APT " usr/share/ usr/share/big=1;size=9000", "usr/share/.wh.big=" },
		  .seconds = { 1, 60, 1 }, .want = "fold 3 9000\norder 2 0 62s>1s",
		  .text = F "RUN apt-get install curl \\\n    && rm /usr/share/big\nCOPY src /srv\n" },
		{ STANDARD, .source = F "COPY src /srv\nRUN apt-get install curl\n",
		  .layers = { BASE, "srv/ srv/a=1", APT " tmp/ tmp/x=1;size=9000" }, .seconds = { 1, 60 },
		  .want = "temporary-files 3 9000 -tmp/x\norder 2 0 61s>1s",
		  .text = F "RUN apt-get install curl \\\n    && rm -rf /tmp/*\nCOPY src /srv\n" },
		/* and with the manifest: each COPY is moved once */
		{ STANDARD, .source = F "WORKDIR /app\nCOPY . .\nRUN npm ci\nRUN apt-get install curl\n",
		  .layers = { BASE " app/", APP, NODE, APT }, .seconds = { 1, 60, 60 },
		  .want = "manifest-first 3 0 60s>12s",
		  .text = F
		  "WORKDIR /app\nCOPY package.json package-lock.json ./\nRUN npm ci\nCOPY . .\nRUN apt-get install curl\n" },
	};
	TEST_PLANS(cases);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(copies_the_manifest_first),
		cmocka_unit_test(orders),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
