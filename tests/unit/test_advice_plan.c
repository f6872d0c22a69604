/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "advice/plan.h"
#include "support/planning.h"

static struct lopt_error err;

#define LISTS "var/ var/lib/ var/lib/apt/ var/lib/apt/lists/ var/lib/apt/lists/a=x;size=9000"
#define F "FROM a\n"

static void moves_updates(void **state)
{
	(void)state;
	static const struct test_plan cases[] = {
		/* one RUN that updates and installs */
		{ .source = F "RUN apt-get update && apt-get install -y curl\n",
		  .layers = { "a=1", LISTS " usr/curl=1" },
		  .want = "apt-lists 2 9000 -~var/lib/apt/lists/a",
		  .text = F "RUN apt-get update && apt-get install -y curl \\\n    && rm -rf /var/lib/apt/lists/*\n" },
		/* the lists of an update of its own go, and the one who needs them makes them */
		{ .source = F "RUN apt-get update\nRUN apt-get install -y curl\n",
		  .layers = { "a=1", LISTS, "usr/curl=1" },
		  .want = "apt-lists 2 9000 -~var/lib/apt/lists/a",
		  .text = F "RUN apt-get update && apt-get install -y curl \\\n    && rm -rf /var/lib/apt/lists/*\n" },
		/* in front of it, wherever it stands */
		{ .source = F "RUN apt-get update\nRUN echo a && apt-get -qq install curl && echo b\n",
		  .layers = { "a=1", LISTS, "usr/curl=1" },
		  .want = "apt-lists 2 9000 -~var/lib/apt/lists/a",
		  .text = F
		  "RUN echo a && apt-get update && apt-get -qq install curl && echo b \\\n    && rm -rf /var/lib/apt/lists/*\n" },
		{ .source = F "RUN apt-get update\nRUN echo a || apt-get install curl\n",
		  .layers = { "a=1", LISTS, "usr/curl=1" },
		  .want = "apt-lists 2 9000 -~var/lib/apt/lists/a",
		  .text = F
		  "RUN apt-get update \\\n    && ( echo a || apt-get install curl ) \\\n    && rm -rf /var/lib/apt/lists/*\n" },
		{ .source = F "RUN apt-get update\nRUN if true; then apt-get install curl; fi\n",
		  .layers = { "a=1", LISTS, "usr/curl=1" },
		  .want = "apt-lists 2 9000 -~var/lib/apt/lists/a",
		  .text = F
		  "RUN apt-get update \\\n    && if true; then apt-get install curl; fi \\\n    && rm -rf /var/lib/apt/lists/*\n" },
		{ .source = F "RUN apt-get update\nRUN yes | apt-get install curl\n",
		  .layers = { "a=1", LISTS, "usr/curl=1" },
		  .want = "apt-lists 2 9000 -~var/lib/apt/lists/a",
		  .text = F
		  "RUN apt-get update \\\n    && yes | apt-get install curl \\\n    && rm -rf /var/lib/apt/lists/*\n" },
		{ .source = F "RUN apt-get update\nRUN DEBIAN_FRONTEND=noninteractive apt-get install curl\n",
		  .layers = { "a=1", LISTS, "usr/curl=1" },
		  .want = "apt-lists 2 9000 -~var/lib/apt/lists/a",
		  .text = F
		  "RUN apt-get update \\\n    && DEBIAN_FRONTEND=noninteractive apt-get install curl \\\n    && rm -rf /var/lib/apt/lists/*\n" },
		{ .source = F "RUN apt-get update\nRUN sudo apt-get install curl\n",
		  .layers = { "a=1", LISTS, "usr/curl=1" },
		  .want = "apt-lists 2 9000 -~var/lib/apt/lists/a",
		  .text = F
		  "RUN sudo apt-get update && sudo apt-get install curl \\\n    && sudo rm -rf /var/lib/apt/lists/*\n" },
		{ .source = F "RUN apt-get update\nRUN apt install curl\n",
		  .layers = { "a=1", LISTS, "usr/curl=1" },
		  .want = "apt-lists 2 9000 -~var/lib/apt/lists/a",
		  .text = F "RUN apt-get update \\\n    && apt install curl \\\n    && rm -rf /var/lib/apt/lists/*\n" },
		{ .source = F "RUN apt-get update\nRUN apt-get install a && apt-get install b\nRUN apt-cache show c\n",
		  .layers = { "a=1", LISTS, "usr/a=1", "c=1" },
		  .want = "apt-lists 2 9000 -~var/lib/apt/lists/a",
		  .text = F
		  "RUN apt-get update && apt-get install a && apt-get install b \\\n    && rm -rf /var/lib/apt/lists/*\nRUN apt-get update \\\n    && apt-cache show c \\\n    && rm -rf /var/lib/apt/lists/*\n" },
		/* one that updates by itself is left */
		{ .source = F "RUN apt-get update && make\nRUN apt-get update && apt-get install b\n",
		  .layers = { "a=1", LISTS " c=1", "b=1" },
		  .want = "apt-lists 2 9000 -~var/lib/apt/lists/a",
		  .text = F
		  "RUN apt-get update && make \\\n    && rm -rf /var/lib/apt/lists/*\nRUN apt-get update && apt-get install b\n" },
		/* lists that come later are not those that are missed */
		{ .source = F "RUN apt-get install b\nRUN apt-get update && make\n",
		  .layers = { "a=1", "b=1", LISTS " c=1" },
		  .want = "apt-lists 3 9000 -~var/lib/apt/lists/a",
		  .text = F
		  "RUN apt-get install b\nRUN apt-get update && make \\\n    && rm -rf /var/lib/apt/lists/*\n" },
		/* the base's lists go too */
		{ .source = F "RUN apt-get update && make\n",
		  .layers = { LISTS "b=1", LISTS " c=1" },
		  .want = "apt-lists 2 9000 -~var/lib/apt/lists/a",
		  .text = F "RUN apt-get update && make \\\n    && rm -rf /var/lib/apt/lists/*\n" },
		/* commands nobody can read */
		{ .source = F "RUN apt-get update\nRUN [\"apt-get\", \"install\", \"curl\"]\n",
		  .layers = { "a=1", LISTS, "usr/curl=1" },
		  .want = "apt-lists 2 9000 dropped -~var/lib/apt/lists/a",
		  .why = "the commands of line 3, which use apt, cannot be read" },
		{ .source = F "RUN apt-get update\nRUN <<E\napt-get install curl\nE\n",
		  .layers = { "a=1", LISTS, "usr/curl=1" },
		  .want = "apt-lists 2 9000 dropped -~var/lib/apt/lists/a",
		  .why = "the commands of line 3, which use apt, cannot be read" },
		/* too little */
		{ .source = F "RUN apt-get update\n",
		  .layers = { "a=1", "var/lib/apt/lists/a=1;size=999" },
		  .want = "" },
	};
	TEST_PLANS(cases);
}

/* Each row of the table of leftovers, in a layer of its own. */
static void removes_leftovers(void **state)
{
	(void)state;
	static const struct test_plan cases[] = {
		{ .source = F "RUN make\n",
		  .layers = { "a=1", "var/cache/apt/archives/a.deb=1;size=9000 var/cache/apt/archives/lock=1 b=1" },
		  .want = "apt-archives 2 9000 -var/cache/apt/archives/a.deb",
		  .text = F "RUN make \\\n    && rm -rf /var/cache/apt/archives/*.deb\n" },
		{ .source = F "RUN make\n",
		  .layers = { "a=1", "var/cache/apt/pkgcache.bin=1;size=9000 b=1" },
		  .want = "apt-cache 2 9000 -var/cache/apt/pkgcache.bin",
		  .text = F "RUN make \\\n    && rm -rf /var/cache/apt/*.bin\n" },
		{ .source = F "RUN make\n",
		  .layers = { "a=1", "var/lib/dpkg/status-old=1;size=9000 var/cache/debconf/a-old=1 b=1" },
		  .want = "dpkg-backups 2 9001 -var/cache/debconf/a-old -var/lib/dpkg/status-old",
		  .text = F "RUN make \\\n    && rm -rf /var/lib/dpkg/*-old /var/cache/debconf/*-old\n" },
		{ .source = F "RUN make\n",
		  .layers = { "a=1", "var/cache/apk/a.apk=1;size=9000 etc/apk/cache/b=1 b=1" },
		  .want = "apk-cache 2 9001 -etc/apk/cache/b -var/cache/apk/a.apk",
		  .text = F "RUN make \\\n    && rm -rf /var/cache/apk/* /etc/apk/cache/*\n" },
		{ .source = F "RUN make\n",
		  .layers = { "a=1", "var/cache/dnf/a/b=1;size=9000 var/cache/yum/c=1 var/cache/libdnf5/d=1 b=1" },
		  .want = "dnf-cache 2 9002 -var/cache/dnf/a -var/cache/dnf/a/b -var/cache/libdnf5/d -var/cache/yum/c",
		  .text = F "RUN make \\\n    && rm -rf /var/cache/dnf/* /var/cache/yum/* /var/cache/libdnf5/*\n" },
		{ .source = F "RUN make\n",
		  .layers = { "a=1", "var/cache/zypp/a/b=1;size=9000 b=1" },
		  .want = "zypper-cache 2 9000 -var/cache/zypp/a -var/cache/zypp/a/b",
		  .text = F "RUN make \\\n    && rm -rf /var/cache/zypp/*\n" },
		{ .source = F "RUN make\n",
		  .layers = { "a=1", "var/cache/pacman/pkg/b=1;size=9000 b=1" },
		  .want = "pacman-cache 2 9000 -var/cache/pacman/pkg/b",
		  .text = F "RUN make \\\n    && rm -rf /var/cache/pacman/pkg/*\n" },
		{ .source = F "RUN make\n",
		  .layers = { "a=1",
			      "root/.cache/ root/.cache/pip/a=1;size=9000 home/u/.cache/pip/b=1 root/.cache/uv/c=1 b=1" },
		  .want = "pip-cache 2 9002 -home/u/.cache/pip -home/u/.cache/pip/b -root/.cache/pip -root/.cache/pip/a -root/.cache/uv -root/.cache/uv/c",
		  .text = F "RUN make \\\n    && rm -rf /root/.cache/pip /home/u/.cache/pip /root/.cache/uv\n" },
		{ .source = F "RUN make\n",
		  .layers = { "a=1", "root/.npm/a=1;size=9000 home/u/.npm/b=1 root/.cache/node-gyp/c=1 b=1" },
		  .want = "npm-cache 2 9002 -home/u/.npm -home/u/.npm/b -root/.cache/node-gyp -root/.cache/node-gyp/c -root/.npm -root/.npm/a",
		  .text = F "RUN make \\\n    && rm -rf /root/.npm /home/u/.npm /root/.cache/node-gyp\n" },
		{ .source = F "RUN make\n",
		  .layers = { "a=1", "usr/local/share/.cache/yarn/a=1;size=9000 b=1" },
		  .want = "yarn-cache 2 9000 -usr/local/share/.cache/yarn -usr/local/share/.cache/yarn/a",
		  .text = F "RUN make \\\n    && rm -rf /usr/local/share/.cache/yarn\n" },
		{ .source = F "RUN make\n",
		  .layers = { "a=1", "opt/app/pkgs/a=1;size=9000 b=1" }, /* another's of that name */
		  .want = "" },
		{ .source = F "RUN make\n",
		  .layers = { "opt/conda/conda-meta/ root/miniconda3/conda-meta/",
			      "opt/conda/pkgs/a=1;size=9000 root/miniconda3/pkgs/b=1 b=1" },
		  .want = "conda-cache 2 9001 -opt/conda/pkgs -opt/conda/pkgs/a -root/miniconda3/pkgs -root/miniconda3/pkgs/b",
		  .text = F "RUN make \\\n    && rm -rf /opt/conda/pkgs /root/miniconda3/pkgs\n" },
		{ .source = F "RUN make\n",
		  .layers = { "a=1", "usr/local/cargo/registry/a=1;size=9000 root/.cargo/git/b=1 b=1" },
		  .want = "cargo-cache 2 9001 -root/.cargo/git -root/.cargo/git/b -usr/local/cargo/registry -usr/local/cargo/registry/a",
		  .text = F "RUN make \\\n    && rm -rf /usr/local/cargo/registry /root/.cargo/git\n" },
		{ .source = F "RUN make\n",
		  .layers = { "a=1", "root/.cache/go-build/a=1;size=9000 go/pkg/mod/b=1 b=1" },
		  .want = "go-cache 2 9001 -go/pkg/mod -go/pkg/mod/b -root/.cache/go-build -root/.cache/go-build/a",
		  .text = F "RUN make \\\n    && rm -rf /root/.cache/go-build /go/pkg/mod\n" },
		{ .source = F "RUN make\n",
		  .layers = { "a=1", "root/.composer/cache/a=1;size=9000 b=1" },
		  .want = "composer-cache 2 9000 -root/.composer/cache -root/.composer/cache/a",
		  .text = F "RUN make \\\n    && rm -rf /root/.composer/cache\n" },
		{ .source = F "RUN make\n",
		  .layers = { "a=1", "root/.cache/R/a=1;size=9000 b=1" },
		  .want = "r-cache 2 9000 -root/.cache/R -root/.cache/R/a",
		  .text = F "RUN make \\\n    && rm -rf /root/.cache/R\n" },
		{ .source = F "RUN make\n",
		  .layers = { "a=1", "root/.ccache/a=1;size=9000 b=1" },
		  .want = "compiler-cache 2 9000 -root/.ccache -root/.ccache/a",
		  .text = F "RUN make \\\n    && rm -rf /root/.ccache\n" },
		{ .source = F "RUN make\n",
		  .layers = { "a=1", "var/log/lastlog=1;size=9000 b=1" },
		  .want = "login-records 2 9000 -var/log/lastlog",
		  .text = F "RUN make \\\n    && rm -rf /var/log/lastlog\n" },
		{ .source = F "RUN make\n",
		  .layers = { "a=1", "var/log/dpkg.log=1;size=9000 var/log/apt/term.log=1 b=1" },
		  .want = "logs 2 9001 -var/log/apt/term.log -var/log/dpkg.log",
		  .text = F "RUN make \\\n    && rm -rf /var/log/*.log /var/log/apt/*\n" },
		{ .source = F "RUN make\n",
		  .layers = { "a=1", "tmp/a=1;size=9000 tmp/.b=1 var/tmp/c=1 b=1" },
		  .want = "temporary-files 2 9001 -tmp/a -var/tmp/c",
		  .text = F "RUN make \\\n    && rm -rf /tmp/* /var/tmp/*\n" },
		/* several at once: one rm */
		{ .source = F "RUN apt-get update && \\\n    make\n",
		  .layers = { "a=1", LISTS " tmp/a=1;size=9000 root/.npm/a=1;size=8000" },
		  .want = "apt-lists 2 9000 -~var/lib/apt/lists/a\nnpm-cache 2 8000 -root/.npm -root/.npm/a\ntemporary-files 2 9000 -tmp/a",
		  .text = F
		  "RUN apt-get update && \\\n    make && \\\n    rm -rf /var/lib/apt/lists/* /root/.npm /tmp/*\n" },
		/* too little, and of the base */
		{ .source = F "RUN make\n",
		  .layers = { "root/.npm/a=1;size=9000", "root/.npm/b=1;size=999" },
		  .want = "" },
		/* what lower layers have goes as well, and is told */
		{ .source = F "RUN make\n",
		  .layers = { "root/.npm/a=1;size=9000", "root/.npm/b=1;size=8000" },
		  .want = "npm-cache 2 8000 -root/.npm -root/.npm/a -root/.npm/b",
		  .text = F "RUN make \\\n    && rm -rf /root/.npm\n" },
		/* shipped once more by another */
		{ .source = F "RUN one\nRUN two\n",
		  .layers = { "a=1", "root/.npm/a=1;size=9000", "root/.npm/a=2;size=8000" },
		  .want = "npm-cache 2 9000\nnpm-cache 3 8000 -root/.npm -root/.npm/a",
		  .text = F "RUN one \\\n    && rm -rf /root/.npm\nRUN two \\\n    && rm -rf /root/.npm\n" },
		/* a name that stays elsewhere keeps the bytes */
		{ .source = F "RUN make\n", .layers = { "a=1", "tmp/a=1;size=9000 usr/b+tmp/a" }, .want = "" },
		/* a comment, a heredoc, the exec form */
		{ .source = F "RUN make # all\n",
		  .layers = { "a=1", "root/.npm/a=1;size=9000" },
		  .want = "npm-cache 2 9000 -root/.npm -root/.npm/a",
		  .text = F "RUN make \\\n    && rm -rf /root/.npm # all\n" },
		{ .source = F "RUN [\"make\"]\n", .layers = { "a=1", "root/.npm/a=1;size=9000" }, .want = "" },
		{ .source = F "SHELL [\"/bin/zsh\", \"-c\"]\nRUN make\n",
		  .layers = { "a=1", "root/.npm/a=1;size=9000" },
		  .want = "" },
		/* names that a shell would not take as they are */
		{ .source = F "RUN make\n", .layers = { "a=1", "home/u$x/.npm/a=1;size=9000" }, .want = "" },
		/* a link leads into it */
		{ .source = F "RUN make\n",
		  .layers = { "a=1", "root/.cache/R/a/x=1;size=9000 usr/lib/r@/root/.cache/R/a" },
		  .want = "" },
	};
	TEST_PLANS(cases);
}

static void leaves_what_is_used_later(void **state)
{
	(void)state;
	static const struct test_plan cases[] = {
		{ .source = F "RUN wget -O /tmp/a x\nRUN dpkg -i /tmp/a\n",
		  .layers = { "a=1", "tmp/a=1;size=9000", "b=1" },
		  .want = "" },
		{ .source = F "RUN get\nRUN dpkg -i /tmp/pkg.deb\n",
		  .layers = { "a=1", "tmp/pkg.deb=1;size=9000 tmp/log=1;size=2000", "b=1" },
		  .want = "temporary-files 2 2000 -tmp/log",
		  .text = F "RUN get \\\n    && rm -rf /tmp/log\nRUN dpkg -i /tmp/pkg.deb\n" },
		{ .source = F "RUN get\nRUN rm -f /tmp/pkg.deb\n",
		  .layers = { "a=1", "tmp/pkg.deb=1;size=9000", "tmp/.wh.pkg.deb=" },
		  .want = "temporary-files 2 9000\nuseless-run 3 0",
		  .text = F "RUN get \\\n    && rm -rf /tmp/*\n" },
		{ .source = F "RUN get\nRUN rm /tmp/pkg.deb\n",
		  .layers = { "a=1", "tmp/pkg.deb=1;size=9000", "tmp/.wh.pkg.deb=" },
		  .want = "fold 2 9000",
		  .text = F "RUN get \\\n    && rm /tmp/pkg.deb\n" },
		{ .source = F "RUN get\nENV X=/tmp/pkg.deb\n",
		  .layers = { "a=1", "tmp/pkg.deb=1;size=9000" },
		  .want = "" },
		{ .source = F "RUN get\nCMD [\"/tmp/pkg.deb\"]\n",
		  .layers = { "a=1", "tmp/pkg.deb=1;size=9000" },
		  .want = "" },
		{ .source = F "RUN get\nWORKDIR /tmp/x\nRUN make\n",
		  .layers = { "a=1", "tmp/x/a=1;size=9000", "b=1" },
		  .want = "" },
		{ .source = F "RUN get\nRUN ls /root/.npm\n",
		  .layers = { "a=1", "root/.npm/a=1;size=9000", "b=1" },
		  .want = "" },
		{ .source = F "RUN get\nRUN conda install x\n",
		  .layers = { "opt/conda/conda-meta/", "opt/conda/pkgs/a=1;size=9000", "b=1" },
		  .want = "" },
		{ .source = F "RUN get\nRUN [\"x\"]\n",
		  .layers = { "opt/conda/conda-meta/", "opt/conda/pkgs/a=1;size=9000", "b=1" },
		  .want = "" },
		{ .source = F "RUN get\nRUN pip install x\n",
		  .layers = { "a=1", "root/.cache/pip/a=1;size=9000", "b=1" },
		  .want = "pip-cache 2 9000 -root/.cache/pip -root/.cache/pip/a",
		  .text = F "RUN get \\\n    && rm -rf /root/.cache/pip\nRUN pip install x\n" },
	};
	TEST_PLANS(cases);
}

#define APP "srv/ srv/a=1;size=9000 srv/b=2;size=5000"

static void makes_changes_where_files_are_made(void **state)
{
	(void)state;
	static const struct test_plan cases[] = {
		/* changes nothing */
		{ .source = F "RUN make\nRUN chmod -R 644 /srv/a\n",
		  .layers = { "a=1", APP, "srv/ srv/a=1;size=9000" },
		  .want = "metadata-copies 3 9000",
		  .text = F "RUN make\n" },
		{ .source = F "RUN make\nRUN x && chmod 644 /srv/a && y\n",
		  .layers = { "a=1", APP, "srv/ srv/a=1;size=9000" },
		  .want = "metadata-copies 3 9000",
		  .text = F "RUN make\nRUN x && y\n" },
		/* two that change the same: either alone makes the copies */
		{ .source = F "RUN make\nRUN chmod 644 /srv/a && chown -R 5:6 /srv\n",
		  .layers = { "a=1", APP, "srv/ srv/a=1;size=9000;own=5:6" },
		  .want = "fold 2 9000",
		  .text = F "RUN make \\\n    && chmod 644 /srv/a && chown -R 5:6 /srv\n" },
		{ .source = F "RUN make\nRUN chmod 644 /srv/a && chown 5:6 $x\n",
		  .layers = { "a=1", APP, "srv/ srv/a=1;size=9000" },
		  .want = "fold 2 9000",
		  .text = F "RUN make \\\n    && chmod 644 /srv/a && chown 5:6 $x\n" },
		/* to the RUN that made them */
		{ .source = F "RUN make\nRUN chown -R 5:6 /srv\n",
		  .layers = { "a=1", APP, "srv/;own=5:6 srv/a=1;size=9000;own=5:6 srv/b=2;size=5000;own=5:6" },
		  .want = "metadata-copies 3 14000",
		  .text = F "RUN make \\\n    && chown -R 5:6 /srv\n" },
		{ .source = F "RUN make\nWORKDIR /srv\nRUN chown -R 5:6 . && y\n",
		  .layers = { "a=1", APP, "srv/;own=5:6 srv/a=1;size=9000;own=5:6 srv/b=2;size=5000;own=5:6" },
		  .want = "metadata-copies 4 14000",
		  .text = F "RUN make \\\n    && chown -R 5:6 /srv\nWORKDIR /srv\nRUN y\n" },
		/* to the COPY */
		{ .source = F "COPY srv /srv\nRUN chown -R 5:6 /srv\n",
		  .layers = { "a=1", APP, "srv/;own=5:6 srv/a=1;size=9000;own=5:6 srv/b=2;size=5000;own=5:6" },
		  .want = "metadata-copies 3 14000",
		  .text = F "COPY --chown=5:6 srv /srv\n" },
		{ .source = F "COPY a /srv/a\nRUN chmod 755 /srv/a\n",
		  .layers = { "a=1", "srv/ srv/a=1;size=9000", "srv/ srv/a=1;size=9000;mode=755" },
		  .copy_chmod = true,
		  .want = "metadata-copies 3 9000",
		  .text = F "COPY --chmod=0755 a /srv/a\n" },
		{ .source = F "COPY a /srv/a\nRUN chmod 755 /srv/a\n",
		  .layers = { "a=1", "srv/ srv/a=1;size=9000", "srv/ srv/a=1;size=9000;mode=755" },
		  .want = "" },
		/* only a part of what it brings */
		{ .source = F "COPY srv /srv\nRUN chown 5:6 /srv/a\n",
		  .layers = { "a=1", APP, "srv/ srv/a=1;size=9000;own=5:6" },
		  .want = "" },
		/* from two places: only what is not right already */
		{ .source = F "RUN make\nRUN more\nRUN chown -R 5:6 /srv\n",
		  .layers = { "a=1", "srv/ srv/a=1;size=9000;own=5:6",
			      "srv/ srv/b=2;size=5000 srv/d=2;size=5000;own=5:6",
			      "srv/;own=5:6 srv/a=1;size=9000;own=5:6 srv/b=2;size=5000;own=5:6 srv/d=2;size=5000;own=5:6" },
		  .want = "metadata-copies 4 19000",
		  .text = F
		  "RUN make\nRUN more \\\n    && find /srv \\( ! -user 5 -o ! -group 6 \\) -exec chown -h 5:6 {} +\n" },
		{ .source = F "RUN make\nRUN more\nRUN chmod -R a+rX /srv\n",
		  .layers = { "a=1", "srv/ srv/a=1;size=9000 srv/c=1;size=1000;mode=600",
			      "srv/ srv/b=2;size=5000;mode=600",
			      "srv/ srv/a=1;size=9000 srv/c=1;size=1000 srv/b=2;size=5000" },
		  .want = "metadata-copies 4 9000\nfold 2 6000",
		  .text = F
		  "RUN make \\\n    && more \\\n    && find /srv ! -type l \\( ! -perm -444 -o -type d ! -perm -111 -o -perm /111 ! -perm -111 \\) -exec chmod a+rX {} +\n" },
		/* the whole base again: nobody here made it */
		{ .source = F "RUN chmod -R go-w /srv\n",
		  .layers = { APP " srv/c=3;size=3000;mode=666",
			      "srv/ srv/a=1;size=9000 srv/b=2;size=5000 srv/c=3;size=3000" },
		  .want = "metadata-copies 2 14000",
		  .text = F "RUN find /srv ! -type l -perm /022 -exec chmod go-w {} +\n" },
		/* names a shell reads differently */
		{ .source = F "RUN make\nRUN chown -R 5:6 '/srv/a$c' && true\n",
		  .layers = { "a=1", "srv/a$c=1;size=9000", "srv/a$c=1;size=9000;own=5:6" },
		  .want = "fold 2 9000",
		  .text = F "RUN make \\\n    && chown -R 5:6 '/srv/a$c' && true\n" },
		/* options that say something else */
		{ .source = F "RUN make\nRUN chown --from=1:1 -R 5:6 /srv\n",
		  .layers = { "a=1", APP, "srv/;own=5:6 srv/a=1;size=9000;own=5:6 srv/b=2;size=5000;own=5:6" },
		  .want = "fold 2 14000",
		  .text = F "RUN make \\\n    && chown --from=1:1 -R 5:6 /srv\n" },
		{ .source = F "RUN make\nRUN chmod --reference=x /srv/a\n",
		  .layers = { "a=1", APP, "srv/a=1;size=9000;mode=600" },
		  .want = "fold 2 9000",
		  .text = F "RUN make \\\n    && chmod --reference=x /srv/a\n" },
		{ .source = F "RUN make\nRUN chown -R $U /srv\n",
		  .layers = { "a=1", APP, "srv/;own=5:6 srv/a=1;size=9000;own=5:6 srv/b=2;size=5000;own=5:6" },
		  .want = "fold 2 14000",
		  .text = F "RUN make \\\n    && chown -R $U /srv\n" },
		{ .source = F "RUN make\nRUN chown 5:6 /srv/*\n",
		  .layers = { "a=1", APP, "srv/ srv/a=1;size=9000;own=5:6 srv/b=2;size=5000;own=5:6" },
		  .want = "fold 2 14000",
		  .text = F "RUN make \\\n    && chown 5:6 /srv/*\n" },
		{ .source = F "RUN make\nRUN chown 5:6 /srv/a || true\n",
		  .layers = { "a=1", APP, "srv/a=1;size=9000;own=5:6" },
		  .want = "fold 2 9000",
		  .text = F "RUN make \\\n    && ( chown 5:6 /srv/a || true )\n" },
		/* another user's, who may not do what root did */
		{ .source = F "USER u\nRUN make\nUSER root\nRUN chown -R 5:6 /srv\n",
		  .layers = { "a=1", APP, "srv/;own=5:6 srv/a=1;size=9000;own=5:6 srv/b=2;size=5000;own=5:6" },
		  .want = "" },
		/* with another mount the program or the files may not be there */
		{ .source = F "RUN make\nRUN --mount=type=bind,from=t,target=/bin chown -R 5:6 /srv\n",
		  .layers = { "a=1", APP, "srv/;own=5:6 srv/a=1;size=9000;own=5:6 srv/b=2;size=5000;own=5:6" },
		  .want = "" },
		{ .source = F
		  "RUN --mount=type=cache,target=/c make\nRUN --mount=type=cache,target=/c chown -R 5:6 /srv\n",
		  .layers = { "a=1", APP, "srv/;own=5:6 srv/a=1;size=9000;own=5:6 srv/b=2;size=5000;own=5:6" },
		  .want = "metadata-copies 3 14000",
		  .text = F "RUN --mount=type=cache,target=/c make \\\n    && chown -R 5:6 /srv\n" },
		/* files that the RUN makes itself want it, too */
		{ .source = F "RUN make\nRUN touch /srv/n && chmod -R 600 /srv/a /srv/n\n",
		  .layers = { "a=1", "srv/ srv/a=1;size=9000;mode=600",
			      "srv/ srv/a=1;size=9000;mode=600 srv/n=;mode=600" },
		  .want = "metadata-copies 3 9000",
		  .text = F
		  "RUN make\nRUN touch /srv/n && find /srv/a /srv/n ! -type l ! -perm 600 -exec chmod 600 {} +\n" },
		/* an operand that is not there yet */
		{ .source = F "RUN make\nRUN more\nRUN chown -R 5:6 /srv/a /opt\n",
		  .layers = { "a=1", APP, "opt/;own=5:6 opt/x=1;own=5:6",
			      "opt/;own=5:6 opt/x=1;own=5:6 srv/a=1;size=9000;own=5:6" },
		  .want = "fold 2 9001",
		  .text = F "RUN make \\\n    && more \\\n    && chown -R 5:6 /srv/a /opt\n" },
		{ .source = F "RUN make\nRUN chown -h 5:6 /srv/a && true\n",
		  .layers = { "a=1", APP, "srv/a=1;size=9000;own=5:6" },
		  .want = "fold 2 9000",
		  .text = F "RUN make \\\n    && chown -h 5:6 /srv/a && true\n" },
		/* an owner by name that only comes later */
		{ .source = F "RUN make\nRUN useradd u\nRUN chown -R u /srv\n",
		  .layers = { "a=1", APP, "etc/passwd=u",
			      "srv/;own=5:6 srv/a=1;size=9000;own=5:6 srv/b=2;size=5000;own=5:6" },
		  .want = "fold 2 14000",
		  .text = F "RUN make \\\n    && useradd u \\\n    && chown -R u /srv\n" },
	};
	TEST_PLANS(cases);
}

#define BIG "opt/ opt/a=1;size=9000"
#define GONE "opt/ opt/.wh.a="

static void folds(void **state)
{
	(void)state;
	static const struct test_plan cases[] = {
		{ .source = F "RUN make\nRUN rm /opt/a\n",
		  .layers = { "a=1", BIG, GONE },
		  .want = "fold 2 9000",
		  .text = F "RUN make \\\n    && rm /opt/a\n" },
		{ .source = F "RUN make\nLABEL a=b\nCMD x\nRUN rm /opt/a\n",
		  .layers = { "a=1", BIG, GONE },
		  .want = "fold 2 9000",
		  .text = F "RUN make \\\n    && rm /opt/a\nLABEL a=b\nCMD x\n" },
		/* a COPY between, which neither touches */
		{ .source = F "RUN make\nCOPY b /b\nRUN rm /opt/a\n",
		  .layers = { "a=1", BIG, "b=1", GONE },
		  .want = "fold 2 9000",
		  .text = F "COPY b /b\nRUN make \\\n    && rm /opt/a\n" },
		{ .source = F "RUN make\nCOPY b /opt/b\nRUN rm /opt/a\n",
		  .layers = { "a=1", BIG " opt/b=2", "opt/ opt/b=1", GONE },
		  .want = "" },
		/* what commands see changes between */
		{ .source = F "RUN make\nENV A=1\nRUN rm /opt/a\n", .layers = { "a=1", BIG, GONE }, .want = "" },
		{ .source = F "RUN make\nARG A=1\nRUN rm /opt/a\n", .layers = { "a=1", BIG, GONE }, .want = "" },
		{ .source = F "RUN make\nUSER u\nRUN rm /opt/a\n", .layers = { "a=1", BIG, GONE }, .want = "" },
		{ .source = F "RUN make\nWORKDIR /w\nRUN rm /opt/a\n", .layers = { "a=1", BIG, GONE }, .want = "" },
		{ .source = F "RUN make\nSHELL [\"/bin/bash\", \"-c\"]\nRUN rm /opt/a\n",
		  .layers = { "a=1", BIG, GONE },
		  .want = "" },
		{ .source = F "RUN make\nVOLUME /opt\nRUN rm /opt/a\n", .layers = { "a=1", BIG, GONE }, .want = "" },
		{ .source = F "RUN --mount=type=cache,target=/c make\nRUN rm /opt/a\n",
		  .layers = { "a=1", BIG, GONE },
		  .want = "" },
		{ .source = F "RUN [\"make\"]\nRUN rm /opt/a\n", .layers = { "a=1", BIG, GONE }, .want = "" },
		/* overwritten, and several */
		{ .source = F "RUN one\nRUN two\nRUN three\n",
		  .layers = { "a=1", BIG, "opt/ opt/a=2;size=8000", "opt/ opt/a=3;size=7000" },
		  .want = "fold 2 9000\nfold 3 8000",
		  .text = F "RUN one \\\n    && two \\\n    && three\n" },
		{ .source = F "RUN one\nRUN two\nRUN three\nRUN four\n",
		  .layers = { "a=1", BIG, GONE, "srv/b=1;size=9000", "srv/.wh.b=" },
		  .want = "fold 2 9000\nfold 4 9000",
		  .text = F "RUN one \\\n    && two\nRUN three \\\n    && four\n" },
		{ .source = F "RUN one\nRUN two\nRUN three\n",
		  .layers = { "a=1", BIG, "b=1", GONE },
		  .want = "fold 2 9000",
		  .text = F "RUN one \\\n    && two \\\n    && three\n" },
		/* of the base: nothing to fold with */
		{ .source = F "RUN rm /opt/a\n", .layers = { BIG, GONE }, .want = "" },
		/* in the first of two stages there is nothing to see */
		{ .source = "FROM x AS s\nRUN make\nRUN rm /opt/a\n" F "RUN make\nRUN rm /opt/a\n",
		  .layers = { "a=1", BIG, GONE },
		  .want = "fold 5 9000",
		  .text = "FROM x AS s\nRUN make\nRUN rm /opt/a\nFROM a\nRUN make \\\n    && rm /opt/a\n" },
	};
	TEST_PLANS(cases);
}

static void mounts_inputs(void **state)
{
	(void)state;
	static const struct test_plan cases[] = {
		/* an archive is unpacked as it is added */
		{ .source = F "COPY x.tar.gz /tmp/x.tar.gz\nRUN tar xzf /tmp/x.tar.gz -C /opt && rm /tmp/x.tar.gz\n",
		  .layers = { "a=1", "tmp/x.tar.gz=1;size=9000", "opt/y=1 tmp/.wh.x.tar.gz=" },
		  .want = "add-archive 2 9000",
		  .text = F "ADD x.tar.gz /opt/\n" },
		{ .source = F
		  "COPY x.tgz /tmp/\nRUN mkdir -p /opt/x && tar -xzf /tmp/x.tgz -C /opt/x && rm -f /tmp/x.tgz\n",
		  .layers = { "a=1", "tmp/x.tgz=1;size=9000", "opt/x/y=1 tmp/.wh.x.tgz=" },
		  .want = "add-archive 2 9000",
		  .text = F "ADD x.tgz /opt/x/\n" },
		{ .source = F
		  "COPY x.tar /tmp/x.tar\nRUN cd /opt && tar xf /tmp/x.tar && make && rm /tmp/x.tar /tmp/other\n",
		  .layers = { "a=1", "tmp/x.tar=1;size=9000", "opt/y=1 tmp/.wh.x.tar=" },
		  .mount = true,
		  .want = "mount-inputs 2 9000 +tmp/x.tar",
		  .text = F
		  "RUN --mount=type=bind,source=x.tar,target=/tmp/x.tar,rw cd /opt && tar xf /tmp/x.tar && make && rm /tmp/other\n" },
		{ .source = F "COPY x.tar /tmp/x.tar\nRUN tar xf /tmp/x.tar -C /opt && make && rm /tmp/x.tar\n",
		  .layers = { "a=1", "tmp/x.tar=1;size=9000", "opt/y=1 tmp/.wh.x.tar=" },
		  .want = "add-archive 2 9000",
		  .text = F "ADD x.tar /opt/\nRUN : && make && rm -f /tmp/x.tar\n" },
		/* options that say something else */
		{ .source = F
		  "COPY x.tar /tmp/x.tar\nRUN tar xf /tmp/x.tar --strip-components=1 -C /opt && rm /tmp/x.tar\n",
		  .layers = { "a=1", "tmp/x.tar=1;size=9000", "opt/y=1 tmp/.wh.x.tar=" },
		  .mount = true,
		  .want = "mount-inputs 2 9000 +tmp/x.tar",
		  .text = F
		  "RUN --mount=type=bind,source=x.tar,target=/tmp/x.tar,rw tar xf /tmp/x.tar --strip-components=1 -C /opt\n" },
		/* mounted */
		{ .source = F "COPY pkg.deb /srv/pkg.deb\nRUN dpkg -i /srv/pkg.deb && rm /srv/pkg.deb\n",
		  .layers = { "a=1", "srv/pkg.deb=1;size=9000", "usr/x=1 srv/.wh.pkg.deb=" },
		  .mount = true,
		  .want = "mount-inputs 2 9000 +srv/pkg.deb",
		  .text = F "RUN --mount=type=bind,source=pkg.deb,target=/srv/pkg.deb,rw dpkg -i /srv/pkg.deb\n" },
		{ .source = F "COPY pkg.deb /srv/pkg.deb\nRUN dpkg -i /srv/pkg.deb && rm /srv/pkg.deb\n",
		  .layers = { "a=1", "srv/pkg.deb=1;size=9000", "usr/x=1 srv/.wh.pkg.deb=" },
		  .want = "mount-inputs 2 9000 dropped +srv/pkg.deb",
		  .why = "this builder has no RUN --mount" },
		{ .source = F "COPY src /src\nRUN make -C /src\nRUN rm -rf /src\n",
		  .layers = { "a=1", "src/ src/a=1;size=9000", "usr/x=1", ".wh.src=" },
		  .mount = true,
		  .want = "mount-inputs 2 9000 +src",
		  .text = F "RUN --mount=type=bind,source=src,target=/src,rw make -C /src\n" },
		{ .source = F "COPY src /src\nWORKDIR /src\nRUN make\nWORKDIR /\nRUN rm -rf /src /other\n",
		  .layers = { "a=1", "src/ src/a=1;size=9000", "usr/x=1", ".wh.src=" },
		  .mount = true,
		  .want = "mount-inputs 2 9000 +src\nuseless-run 6 0",
		  .text = F "WORKDIR /src\nRUN --mount=type=bind,source=src,target=/src,rw make\nWORKDIR /\n" },
		/* some of it stays */
		{ .source = F "COPY src /src\nRUN make && rm /src/a\n",
		  .layers = { "a=1", "src/ src/a=1;size=9000 src/b=1", "usr/x=1 src/ src/.wh.a=" },
		  .mount = true,
		  .want = "" },
		/* words that are not plain */
		{ .source = F "COPY [\"a'b.tar\", \"/tmp/x.tar\"]\nRUN tar xf /tmp/x.tar -C /opt && rm /tmp/x.tar\n",
		  .layers = { "a=1", "tmp/x.tar=1;size=9000", "opt/y=1 tmp/.wh.x.tar=" },
		  .mount = true,
		  .want = "" },
		{ .source = F "COPY x.tar /tmp/x.tar\nRUN tar xf /tmp/x.tar -C '/opt/a b' && rm /tmp/x.tar\n",
		  .layers = { "a=1", "tmp/x.tar=1;size=9000", "opt/y=1 tmp/.wh.x.tar=" },
		  .mount = true,
		  .want = "mount-inputs 2 9000 +tmp/x.tar",
		  .text = F
		  "RUN --mount=type=bind,source=x.tar,target=/tmp/x.tar,rw tar xf /tmp/x.tar -C '/opt/a b'\n" },
		{ .source = F "COPY *.deb /srv/\nRUN dpkg -i /srv/a.deb && rm /srv/a.deb\n",
		  .layers = { "a=1", "srv/a.deb=1;size=9000", "usr/x=1 srv/.wh.a.deb=" },
		  .mount = true,
		  .want = "" },
		{ .source = F "COPY --from=b a.deb /srv/a.deb\nRUN dpkg -i /srv/a.deb && rm /srv/a.deb\n",
		  .layers = { "a=1", "srv/a.deb=1;size=9000", "usr/x=1 srv/.wh.a.deb=" },
		  .mount = true,
		  .want = "" },
		{ .source = F "COPY a.deb /srv/a.deb\nRUN dpkg -i /srv/a.deb && rm /srv/*\n",
		  .layers = { "a=1", "srv/a.deb=1;size=9000", "usr/x=1 srv/.wh.a.deb=" },
		  .mount = true,
		  .want = "" },
	};
	TEST_PLANS(cases);
}

static void settles_conflicts(void **state)
{
	(void)state;
	static const struct test_plan cases[] = {
		/* the same bytes are saved once: leftovers come before folding */
		{ .source = F "RUN make\nRUN rm -rf /root/.npm\n",
		  .layers = { "a=1", "root/.npm/a=1;size=9000", "root/.wh..npm=" },
		  .want = "npm-cache 2 9000\nuseless-run 3 0",
		  .text = F "RUN make \\\n    && rm -rf /root/.npm\n" },
		/* a chmod -R over what another edit removes */
		{ .source = F "RUN make\nRUN chmod -R 644 /tmp/a /srv\n",
		  .layers = { "a=1", "tmp/a=1;size=9000 srv/b=1;size=8000", "tmp/a=1;size=9000 srv/b=1;size=8000" },
		  .want = "temporary-files 3 9000 -tmp/a\nmetadata-copies 3 8000",
		  .text = F "RUN make\n" },
		/* folded into one that an edit changes at the same place */
		{ .source = F "RUN apt-get update\nRUN apt-get install curl\nRUN rm -rf /opt/a\n",
		  .layers = { "a=1", LISTS, "opt/a=1;size=7000", "opt/.wh.a=" },
		  .want = "apt-lists 2 9000 -~var/lib/apt/lists/a\nfold 3 7000",
		  .text = F
		  "RUN apt-get update && apt-get install curl \\\n    && rm -rf /var/lib/apt/lists/* \\\n    && rm -rf /opt/a\n" },
		{ .source = F "COPY srv /srv\nRUN chown -R 5:6 /srv\nRUN chmod -R 755 /srv\n",
		  .layers = { "a=1", "srv/ srv/a=1;size=9000", "srv/;own=5:6 srv/a=1;size=9000;own=5:6",
			      "srv/;own=5:6 srv/a=1;size=9000;own=5:6;mode=755" },
		  .copy_chmod = true,
		  .want = "metadata-copies 3 9000\nmetadata-copies 4 9000",
		  .text = F "COPY --chown=5:6 --chmod=0755 srv /srv\n" },
	};
	TEST_PLANS(cases);
}

#define THREE "RUN one\nRUN two\nRUN three\n"
#define OF_THREE                                                                                                  \
	{                                                                                                         \
		"a=1;size=10000", "root/.npm/a=1;size=5000", "root/.cache/pip/a=1;size=6000", "tmp/a=1;size=7000" \
	}

static void aims_at_the_fewest(void **state)
{
	(void)state;
	static const struct test_plan cases[] = {
		{ .source = F THREE,
		  .layers = OF_THREE,
		  .target = 28000,
		  .want = "npm-cache 2 5000 not needed -root/.npm -root/.npm/a\npip-cache 3 6000 not needed -root/.cache/pip -root/.cache/pip/a\ntemporary-files 4 7000 not needed -tmp/a" },
		{ .source = F THREE,
		  .layers = OF_THREE,
		  .target = 27999,
		  .want = "npm-cache 2 5000 not needed -root/.npm -root/.npm/a\npip-cache 3 6000 not needed -root/.cache/pip -root/.cache/pip/a\ntemporary-files 4 7000 -tmp/a",
		  .text = F "RUN one\nRUN two\nRUN three \\\n    && rm -rf /tmp/*\n" },
		{ .source = F THREE,
		  .layers = OF_THREE,
		  .target = 21000,
		  .want = "npm-cache 2 5000 not needed -root/.npm -root/.npm/a\npip-cache 3 6000 not needed -root/.cache/pip -root/.cache/pip/a\ntemporary-files 4 7000 -tmp/a",
		  .text = F "RUN one\nRUN two\nRUN three \\\n    && rm -rf /tmp/*\n" },
		{ .source = F THREE,
		  .layers = OF_THREE,
		  .target = 20999,
		  .want = "npm-cache 2 5000 not needed -root/.npm -root/.npm/a\npip-cache 3 6000 -root/.cache/pip -root/.cache/pip/a\ntemporary-files 4 7000 -tmp/a",
		  .text = F
		  "RUN one\nRUN two \\\n    && rm -rf /root/.cache/pip\nRUN three \\\n    && rm -rf /tmp/*\n" },
		{ .source = F THREE,
		  .layers = OF_THREE,
		  .target = 15000,
		  .want = "npm-cache 2 5000 not needed -root/.npm -root/.npm/a\npip-cache 3 6000 -root/.cache/pip -root/.cache/pip/a\ntemporary-files 4 7000 -tmp/a",
		  .text = F
		  "RUN one\nRUN two \\\n    && rm -rf /root/.cache/pip\nRUN three \\\n    && rm -rf /tmp/*\n" },
		{ .source = F THREE,
		  .layers = OF_THREE,
		  .target = 14999,
		  .want = "npm-cache 2 5000 -root/.npm -root/.npm/a\npip-cache 3 6000 -root/.cache/pip -root/.cache/pip/a\ntemporary-files 4 7000 -tmp/a",
		  .text = F
		  "RUN one \\\n    && rm -rf /root/.npm\nRUN two \\\n    && rm -rf /root/.cache/pip\nRUN three \\\n    && rm -rf /tmp/*\n" },
		{ .source = F THREE,
		  .layers = OF_THREE,
		  .target = 1,
		  .want = "npm-cache 2 5000 -root/.npm -root/.npm/a\npip-cache 3 6000 -root/.cache/pip -root/.cache/pip/a\ntemporary-files 4 7000 -tmp/a",
		  .text = F
		  "RUN one \\\n    && rm -rf /root/.npm\nRUN two \\\n    && rm -rf /root/.cache/pip\nRUN three \\\n    && rm -rf /tmp/*\n" },
	};
	TEST_PLANS(cases);
}

static void refuses_other_dockerfiles(void **state)
{
	(void)state;
	static const struct test_plan of = { .source = F "RUN make\n", .layers = { "a=1", "b=1" } };
	static const char other[] = F "RUN something else\nCOPY x /y\n";
	struct test_planning p;
	test_planning_begin(&p, &of);
	lopt_analysis_free(p.analysis);
	lopt_dockerfile_free(p.file);
	const struct lopt_analysis_options options = { .dockerfile_name = "D", .dockerfile = lopt_str_from(other) };
	assert_int_equal(lopt_dockerfile_parse(&p.file, lopt_str_from(other), &err), LOPT_OK);
	assert_int_equal(lopt_analysis_make(&p.analysis, p.image, &options, &err), LOPT_OK);
	p.input.file = p.file;
	p.input.source = lopt_str_from(other);
	p.input.analysis = p.analysis;
	assert_int_equal(lopt_plan_make(&p.plan, &p.input, &err), LOPT_E_INPUT);
	assert_non_null(strstr(err.message, "was not built from this Dockerfile"));
	test_planning_end(&p);
}

/* A file removed by one edit and copied by another counts once. */
static void counts_each_inode_once(void **state)
{
	(void)state;
	static const struct test_plan of = { .source = F "RUN one\nRUN two\n",
					     .layers = { "a=1", "root/.npm/a=1;size=5000", "tmp/a=1;size=7000" } };
	struct test_planning p;
	uint64_t bytes;
	test_planning_begin(&p, &of);
	assert_int_equal(lopt_plan_make(&p.plan, &p.input, &err), LOPT_OK);
	assert_int_equal(p.plan.count, 2);
	assert_int_equal(lopt_plan_predict(&p.plan, &bytes, &err), LOPT_OK);
	assert_int_equal(bytes, 12000);
	p.plan.edits[1].claims = p.plan.edits[0].claims; /* both claim the same now */
	p.plan.edits[1].claim_count = p.plan.edits[0].claim_count;
	uint64_t once = p.plan.edits[0].predicted_bytes;
	assert_int_equal(lopt_plan_predict(&p.plan, &bytes, &err), LOPT_OK);
	assert_int_equal(bytes, once);
	p.plan.edits[0].state = LOPT_EDIT_DROPPED;
	assert_int_equal(lopt_plan_predict(&p.plan, &bytes, &err), LOPT_OK);
	assert_int_equal(bytes, once);
	p.plan.edits[1].state = LOPT_EDIT_NEEDS_TEST;
	assert_int_equal(lopt_plan_predict(&p.plan, &bytes, &err), LOPT_OK);
	assert_int_equal(bytes, 0);
	test_planning_end(&p);
}

/* The later one gives way, and the earlier one stays whole. */
static void drops_what_does_not_go_together(void **state)
{
	(void)state;
	static const struct test_plan of = { .source = F "RUN one\nRUN two\n",
					     .layers = { "a=1", "root/.npm/a=1;size=5000", "tmp/a=1;size=7000" } };
	static const struct lopt_edit_step drop = { .kind = LOPT_STEP_DROP, .instruction = 1 };
	static const struct lopt_edit_step more[] = {
		{ .kind = LOPT_STEP_APPEND, .instruction = 2, .text = { .ptr = "x", .len = 1 } },
		{ .kind = LOPT_STEP_DROP, .instruction = 1 }
	};
	struct test_planning p;
	struct lopt_buf text = LOPT_BUF_INIT(1 << 16);
	test_planning_begin(&p, &of);
	assert_int_equal(lopt_plan_make(&p.plan, &p.input, &err), LOPT_OK);
	p.plan.edits[0].steps = &drop;
	p.plan.edits[0].step_count = 1;
	p.plan.edits[1].steps = more;
	p.plan.edits[1].step_count = 2;
	assert_int_equal(lopt_plan_print(&p.plan, &p.input, &text, &err), LOPT_OK);
	lopt_buf_char(&text, '\0');
	assert_string_equal(text.data, F "RUN two\n");
	assert_int_equal(p.plan.edits[0].state, LOPT_EDIT_CHOSEN);
	assert_int_equal(p.plan.edits[1].state, LOPT_EDIT_DROPPED);
	assert_true(p.plan.edits[1].why.len > 0);
	lopt_buf_release(&text);
	test_planning_end(&p);
}

/* Random files and layers: whatever is proposed is a Dockerfile, and promises no more than there is. */

static uint32_t next_random(uint32_t *seed)
{
	*seed = *seed * 1664525u + 1013904223u;
	return *seed >> 16;
}

#define PICK(list, seed) (list)[next_random(seed) % (sizeof(list) / sizeof((list)[0]))]

static void random_source(char *text, size_t size, uint32_t *seed, size_t *shipping)
{
	static const char *const lines[] = {
		"RUN apt-get update",
		"RUN apt-get install -y a && make",
		"RUN make",
		"RUN make; cd /srv || exit 1",
		"RUN set -e; make \\\n  # why\n  && true",
		"RUN chmod -R a+rX /srv /tmp/a",
		"RUN chown -R 5:6 /srv",
		"RUN rm -rf /opt/a /tmp/*",
		"RUN rm -f /tmp/a && (cd /srv; rm b)",
		"RUN [\"make\", \"x\"]",
		"RUN --mount=type=cache,target=/c make",
		"RUN tar xf /tmp/x.tar -C /opt && rm /tmp/x.tar",
		"COPY x.tar /tmp/x.tar",
		"COPY srv /srv",
		"ADD a /opt/",
		"RUN dpkg -i /tmp/a",
		"COPY . /app",
		"RUN apt-get install -y make gcc || apt-get install -y tool",
		"RUN npm ci",
	};
	static const char *const others[] = { "ENV A=1",
					      "USER u",
					      "USER 0",
					      "WORKDIR /srv",
					      "WORKDIR tmp",
					      "ARG B",
					      "CMD [\"x\"]",
					      "LABEL a=b",
					      "VOLUME /opt",
					      "# a comment",
					      "",
					      "SHELL [\"/bin/bash\", \"-c\"]",
					      "ONBUILD RUN x" };
	size_t used = (size_t)snprintf(text, size, "FROM a\n");
	for (*shipping = 0; *shipping < 6; ++*shipping) {
		if (next_random(seed) % 3 == 0)
			used += (size_t)snprintf(text + used, size - used, "%s\n", PICK(others, seed));
		used += (size_t)snprintf(text + used, size - used, "%s\n", PICK(lines, seed));
	}
}

static void random_files(char *text, size_t size, uint32_t *seed)
{
	static const char *const names[] = { "tmp/a",
					     "tmp/x.tar",
					     "srv/a",
					     "srv/b",
					     "opt/a",
					     "root/.npm/a",
					     "var/lib/apt/lists/a",
					     "var/log/x.log",
					     "etc/passwd",
					     "app/.git/a",
					     "usr/lib/x.a",
					     "usr/share/man/a",
					     "opt/R/library/x/help/a",
					     "usr/bin/find",
					     "etc/dpkg/dpkg.cfg.d/a" };
	static const char *const gone[] = { "tmp/.wh.a=", "tmp/.wh.x.tar=", "srv/.wh.b=",
					    "opt/.wh.a=", "root/.wh..npm=", "srv/.wh..wh..opq=" };
	static const char *const more[] = { "", ";own=5:6", ";mode=600", ";own=5:6;mode=755" };
	size_t used = (size_t)snprintf(text, size, "srv/%s ", PICK(more, seed));
	for (uint32_t n = next_random(seed) % 5; n > 0; n--) {
		if (next_random(seed) % 3 == 0)
			used += (size_t)snprintf(text + used, size - used, "%s ", PICK(gone, seed));
		else
			used += (size_t)snprintf(text + used, size - used, "%s=%u;size=%u%s ", PICK(names, seed),
						 (unsigned)(next_random(seed) % 2),
						 (unsigned)(next_random(seed) % 2 ? 9000 : 1), PICK(more, seed));
	}
}

static void try_random(uint32_t seed)
{
	char source[2048], files[7][1024];
	struct test_plan c = { .source = source,
			       .mount = seed % 2,
			       .copy_chmod = seed % 3,
			       .has_test = seed % 4,
			       .level = LOPT_LEVEL_AGGRESSIVE,
			       .included = { "r-documentation" } };
	size_t shipping;
	struct test_planning p;
	struct lopt_buf text = LOPT_BUF_INIT(1 << 20);
	random_source(source, sizeof source, &seed, &shipping);
	for (size_t i = 0; i <= shipping; i++) {
		random_files(files[i], sizeof files[i], &seed);
		c.layers[i] = files[i];
	}
	test_planning_begin(&p, &c);
	if (lopt_plan_make(&p.plan, &p.input, &err) != LOPT_OK)
		fail_msg("%s: %s", source, err.message);
	if (lopt_plan_print(&p.plan, &p.input, &text, &err) != LOPT_OK)
		fail_msg("%s: %s", source, err.message);
	lopt_buf_char(&text, '\0');
	test_planning_check_text(&p, text.data);
	test_planning_check_bytes(&p);
	lopt_buf_release(&text);
	test_planning_end(&p);
}

static void suggests_another_base(void **state)
{
	(void)state;
	static const struct test_plan cases[] = {
		{ .source = F "RUN x\n",
		  .layers = { "usr/ usr/share/ usr/share/doc/ usr/share/doc/p/ usr/share/doc/p/README=t;size=2000000 "
			      "gone=g;size=500",
			      ".wh.gone= b=1" },
		  .want = "base-image 1 2000500 a suggestion" },
		/* what the Dockerfile adds is not the base image's */
		{ .source = F "RUN x\n",
		  .layers = { "a=1",
			      "usr/ usr/share/ usr/share/doc/ usr/share/doc/p/ usr/share/doc/p/README=t;size=2000000" },
		  .want = "" },
		{ .source = F "RUN x\n",
		  .layers = { "usr/ usr/share/ usr/share/doc/ usr/share/doc/p/ usr/share/doc/p/README=t;size=900000",
			      "b=1" },
		  .want = "" },
		/* named by the stage at the bottom, and left out where it is not wanted */
		{ .source = "FROM a AS low\nFROM b AS other\nRUN y\nFROM LOW\nRUN x\n",
		  .layers = { "usr/ usr/share/ usr/share/doc/ usr/share/doc/p/ usr/share/doc/p/README=t;size=2000000",
			      "b=1" },
		  .want = "base-image 1 2000000 a suggestion" },
		{ .source = F "RUN x\n",
		  .layers = { "usr/ usr/share/ usr/share/doc/ usr/share/doc/p/ usr/share/doc/p/README=t;size=2000000",
			      "b=1" },
		  .excluded = { "base-image" },
		  .want = "" },
	};
	TEST_PLANS(cases);
}

static void holds_for_random_ones(void **state)
{
	(void)state;
	for (uint32_t seed = 1; seed <= 400; seed++)
		try_random(seed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(moves_updates),
		cmocka_unit_test(removes_leftovers),
		cmocka_unit_test(leaves_what_is_used_later),
		cmocka_unit_test(makes_changes_where_files_are_made),
		cmocka_unit_test(folds),
		cmocka_unit_test(mounts_inputs),
		cmocka_unit_test(settles_conflicts),
		cmocka_unit_test(aims_at_the_fewest),
		cmocka_unit_test(refuses_other_dockerfiles),
		cmocka_unit_test(counts_each_inode_once),
		cmocka_unit_test(drops_what_does_not_go_together),
		cmocka_unit_test(suggests_another_base),
		cmocka_unit_test(holds_for_random_ones),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
