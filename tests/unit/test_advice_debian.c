/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/planning.h"

#define STATUS "var/lib/dpkg/status"
#define STATES "var/lib/apt/extended_states"
#define LIST(name) "var/lib/dpkg/info/" name ".list"
#define PACKAGE(name) "Package: " name "\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1\n"
#define AUTO(name) "Package: " name "\nArchitecture: amd64\nAuto-Installed: 1\n\n"
#define BASE PACKAGE("base") "Priority: required\n\n"
/* A package has one program of 5000 bytes that is called like it. */
#define PROGRAM(name, layer)                                              \
	{ LIST(name), "/.\n/usr\n/usr/bin\n/usr/bin/" name "\n", layer }, \
	{                                                                 \
		"usr/bin/" name ";size=5000;mode=755", "x", layer         \
	}
#define BASE_FILES { STATUS, BASE, 0 }, PROGRAM("base", 0)
#define END                   \
	{                     \
		NULL, NULL, 0 \
	}
#define FILES (const struct test_file[])
#define F "FROM a\n"
#define STANDARD .level = LOPT_LEVEL_STANDARD, .has_test = true
#define INSTALL "RUN apt-get install -y tool\n"
#define FLAGGED "RUN apt-get install --no-install-recommends -y tool\n"

/* "tool" was asked for; "bonus" is recommended by it. */
#define TOOL PACKAGE("tool") "Recommends: bonus\n\n"
#define TOOL_FILES                                                                                               \
	BASE_FILES, { STATUS, BASE TOOL PACKAGE("bonus"), 1 }, { STATES, AUTO("bonus"), 1 }, PROGRAM("tool", 1), \
		PROGRAM("bonus", 1)
/* The same with more in the layer's database. */
#define MORE_FILES(status, states) BASE_FILES, { STATUS, BASE status, 1 }, { STATES, states, 1 }, PROGRAM("tool", 1)

/* What becomes of apt's and dpkg's own files, wherever a package fewer is installed. */
#define DATABASE " -~var -~var/lib -~var/lib/apt -~var/lib/apt/extended_states -~var/lib/dpkg -~var/lib/dpkg/info"
#define NO_LIST(name) " -var/lib/dpkg/info/" name ".list"
#define CHANGED_LIST(name) " -~var/lib/dpkg/info/" name ".list"
#define NO_DOC " -usr/share/doc/tool/changelog.gz -usr/share/doc/tool/examples/a -usr/share/info/tool.info"
#define NO_MO(name) " -usr/share/locale/" name "/LC_MESSAGES/tool.mo"
#define NO_LOCALE(name) " -usr/share/locale/" name " -usr/share/locale/" name "/LC_MESSAGES"
#define CONFIGURED " +etc/dpkg/dpkg.cfg.d/90_no-documentation"
#define CONFIGURE(more)                                                                                        \
	"printf '%s\\n' 'path-exclude /usr/share/doc/*' 'path-include /usr/share/doc/*/copyright' "            \
	"'path-exclude /usr/share/man/*' 'path-exclude /usr/share/info/*' 'path-exclude /usr/share/locale/*' " \
	"'path-include /usr/share/locale/locale.alias'" more " > /etc/dpkg/dpkg.cfg.d/90_no-documentation \\\n    && "

static const struct test_plan recommended[] = {
	{ STANDARD, .source = F INSTALL, .files = FILES{ TOOL_FILES, END },
	  .want = "no-recommends 2 5032 -usr/bin/bonus" DATABASE NO_LIST("bonus")
		  CHANGED_LIST("tool") " -~var/lib/dpkg/status",
	  .text = F FLAGGED },
	/* what the recommended one depends on goes with it, unless somebody else needs it */
	{ STANDARD, .source = F INSTALL,
	  .files = FILES{ MORE_FILES(PACKAGE("tool") "Depends: lib\nRecommends: bonus\n\n" PACKAGE("lib") "\n" PACKAGE(
					     "bonus") "Pre-Depends: only\nDepends: lib\n\n" PACKAGE("only"),
				     AUTO("bonus") AUTO("lib") AUTO("only")),
			  PROGRAM("lib", 1), PROGRAM("bonus", 1), PROGRAM("only", 1), END },
	  .want = "no-recommends 2 10063 -usr/bin/bonus -usr/bin/only" DATABASE NO_LIST("bonus") CHANGED_LIST("lib")
		  NO_LIST("only") CHANGED_LIST("tool") " -~var/lib/dpkg/status",
	  .text = F FLAGGED },
	/* asked for as well */
	{ STANDARD, .source = F "RUN apt-get install -y tool bonus\n",
	  .files = FILES{ MORE_FILES(TOOL PACKAGE("bonus"), AUTO("other")), PROGRAM("bonus", 1), END }, .want = "" },
	/* important to have is not needed: apt does not install it either */
	{ STANDARD, .source = F INSTALL,
	  .files = FILES{ MORE_FILES(TOOL PACKAGE("bonus") "Priority: required\n", AUTO("bonus")), PROGRAM("bonus", 1),
			  END },
	  .want = "no-recommends 2 5032 -usr/bin/bonus" DATABASE NO_LIST("bonus")
		  CHANGED_LIST("tool") " -~var/lib/dpkg/status",
	  .text = F FLAGGED },
	/* nobody knows who asked for what */
	{ STANDARD, .source = F INSTALL,
	  .files = FILES{ BASE_FILES,
			  { STATUS, BASE TOOL PACKAGE("bonus"), 1 },
			  PROGRAM("tool", 1),
			  PROGRAM("bonus", 1),
			  END },
	  .want = "" },
	/* it was there before */
	{ STANDARD, .source = F INSTALL,
	  .files = FILES{ BASE_FILES,
			  { STATUS, BASE PACKAGE("bonus"), 0 },
			  { STATES, AUTO("bonus"), 0 },
			  PROGRAM("bonus", 0),
			  { STATUS, BASE TOOL PACKAGE("bonus"), 1 },
			  PROGRAM("tool", 1),
			  END },
	  .want = "" },
	/* nothing that a container could miss unseen */
	{ .source = F INSTALL,
	  .files = FILES{ TOOL_FILES, END },
	  .level = LOPT_LEVEL_STANDARD,
	  .want = "no-recommends 2 5032 needs --test -usr/bin/bonus" DATABASE NO_LIST("bonus")
		  CHANGED_LIST("tool") " -~var/lib/dpkg/status" },
};

static const struct test_plan commands[] = {
	/* said already, in either way */
	{ STANDARD, .source = F "RUN apt-get install -y --no-install-recommends tool\n",
	  .files = FILES{ TOOL_FILES, END }, .want = "" },
	{ STANDARD, .source = F "RUN apt-get -o APT::Install-Recommends=false install -y tool\n",
	  .files = FILES{ TOOL_FILES, END }, .want = "" },
	{ STANDARD, .source = F "RUN apt-get install -y --install-recommends tool\n", .files = FILES{ TOOL_FILES, END },
	  .want = "" },
	/* other ways to say it */
	{ STANDARD, .source = F "RUN apt install tool -y # why\n", .files = FILES{ TOOL_FILES, END },
	  .want = "no-recommends 2 5032 -usr/bin/bonus" DATABASE NO_LIST("bonus")
		  CHANGED_LIST("tool") " -~var/lib/dpkg/status",
	  .text = F "RUN apt install --no-install-recommends tool -y # why\n" },
	{ STANDARD,
	  .source = F "RUN apt-get -qq update; DEBIAN_FRONTEND=x apt-get -qq \\\n  install \\\n  tool >/dev/null\n",
	  .files = FILES{ TOOL_FILES, END },
	  .want = "no-recommends 2 5032 -usr/bin/bonus" DATABASE NO_LIST("bonus")
		  CHANGED_LIST("tool") " -~var/lib/dpkg/status",
	  .text = F
	  "RUN apt-get -qq update; DEBIAN_FRONTEND=x apt-get -qq \\\n  install --no-install-recommends \\\n  tool >/dev/null\n" },
	{ STANDARD, .source = F "RUN dpkg -i tool.deb || apt-get -f install\n", .files = FILES{ TOOL_FILES, END },
	  .want = "no-recommends 2 5032 -usr/bin/bonus" DATABASE NO_LIST("bonus")
		  CHANGED_LIST("tool") " -~var/lib/dpkg/status",
	  .text = F "RUN dpkg -i tool.deb || apt-get -f install --no-install-recommends\n" },
	/* the name of one that is used goes behind the last */
	{ STANDARD, .source = F "RUN apt-get install -y tool && apt-get install -y tool2 && bonus --version\n",
	  .files = FILES{ MORE_FILES(TOOL "\n" PACKAGE("tool2") "Recommends: extra\n\n" PACKAGE("bonus") "\n" PACKAGE(
					     "extra"),
				     AUTO("bonus") AUTO("extra")),
			  PROGRAM("tool2", 1), PROGRAM("bonus", 1), PROGRAM("extra", 1), END },
	  .want = "no-recommends 2 5032 -usr/bin/extra" DATABASE CHANGED_LIST("bonus") NO_LIST("extra")
		  CHANGED_LIST("tool") CHANGED_LIST("tool2") " -~var/lib/dpkg/status",
	  .text = F
	  "RUN apt-get install --no-install-recommends -y tool && apt-get install --no-install-recommends -y tool2 bonus && bonus --version\n" },
	/* each RUN names what it brought */
	{ STANDARD, .source = F "RUN apt-get install -y tool\nRUN apt-get install -y tool2\nCMD [\"two\"]\n",
	  .files = FILES{ MORE_FILES(PACKAGE("tool") "Recommends: one\n\n" PACKAGE("one"), AUTO("one")),
			  PROGRAM("one", 1),
			  { STATUS,
			    BASE PACKAGE("tool") "Recommends: one\n\n" PACKAGE("one") "\n" PACKAGE(
				    "tool2") "Recommends: two, three\n\n" PACKAGE("two") "\n" PACKAGE("three"),
			    2 },
			  { STATES, AUTO("one") AUTO("two") AUTO("three"), 2 },
			  PROGRAM("tool2", 2),
			  PROGRAM("two", 2),
			  PROGRAM("three", 2),
			  END },
	  .want = "no-recommends 2 10062 -usr/bin/one -usr/bin/three" DATABASE NO_LIST("one") NO_LIST("three")
		  CHANGED_LIST("tool") CHANGED_LIST("tool2") CHANGED_LIST("two") " -~var/lib/dpkg/status",
	  .text = F
	  "RUN apt-get install --no-install-recommends -y tool\nRUN apt-get install --no-install-recommends -y tool2 two\nCMD [\"two\"]\n" },
	/* of two RUNs one says it already: what it brought stays */
	{ STANDARD, .source = F "RUN apt-get install -y tool\nRUN apt-get install -y --install-recommends tool2\n",
	  .files = FILES{ MORE_FILES(PACKAGE("tool") "Recommends: one\n\n" PACKAGE("one"), AUTO("one")),
			  PROGRAM("one", 1),
			  { STATUS,
			    BASE PACKAGE("tool") "Recommends: one\n\n" PACKAGE("one") "\n" PACKAGE(
				    "tool2") "Recommends: two\n\n" PACKAGE("two") "Depends: one\n",
			    2 },
			  { STATES, AUTO("one") AUTO("two"), 2 },
			  PROGRAM("tool2", 2),
			  PROGRAM("two", 2),
			  END },
	  .want = "" },
};

/* Used by what the Dockerfile itself says. */
#define USED(line)                                                                                \
	{                                                                                         \
		STANDARD, .source = F INSTALL line, .files = FILES{ TOOL_FILES, END }, .want = "" \
	}

static const struct test_plan used[] = {
	USED("CMD [\"bonus\"]\n"),
	USED("CMD bonus --serve\n"),
	USED("CMD exec /usr/bin/bonus --serve\n"),
	USED("ENTRYPOINT [\"/usr/bin/bonus\", \"x\"]\n"),
	USED("ENTRYPOINT [\"sh\", \"-c\", \"cd /srv && exec bonus -x\"]\n"),
	USED("HEALTHCHECK CMD bonus x || exit 1\n"),
	USED("HEALTHCHECK --interval=5s CMD [\"bonus\"]\n"),
	USED("SHELL [\"/usr/bin/bonus\", \"-c\"]\n"),
	USED("RUN cd /srv && sudo -u x env A=1 bonus x\n"),
	USED("RUN echo $(bonus x)\n"),
	USED("RUN [\"bonus\", \"x\"]\n"),
	USED("RUN sh -c 'x' | /usr/bin/bonus\n"),
	USED("RUN test -x /usr/bin/bonus\n"),
	USED("RUN <<X\nset -e\nbonus x\nX\n"),
	USED("RUN [[ -f a && -f b ]] && bonus x\n"),
};

#define SCRIPT(first)                                               \
	{                                                           \
		"usr/local/bin/start;mode=755", first "\nbody\n", 1 \
	}
#define BY_SCRIPT(first)                                                                                    \
	{                                                                                                   \
		STANDARD, .source = F INSTALL, .files = FILES{ TOOL_FILES, SCRIPT(first), END }, .want = "" \
	}

static const struct test_plan scripts[] = {
	BY_SCRIPT("#!/usr/bin/bonus"),
	BY_SCRIPT("#! /usr/bin/bonus -x"),
	BY_SCRIPT("#!/usr/bin/env bonus"),
	BY_SCRIPT("#!/usr/bin/env -S A=1 bonus -x"),
};

/* Which of several could do. */
static const struct test_plan choices[] = {
	/* apt takes the first */
	{ STANDARD, .source = F INSTALL,
	  .files = FILES{ MORE_FILES(PACKAGE("tool") "Depends: one | two\nRecommends: two\n\n" PACKAGE(
					     "one") "\n" PACKAGE("two"),
				     AUTO("one") AUTO("two")),
			  PROGRAM("one", 1), PROGRAM("two", 1), END },
	  .want = "no-recommends 2 5030 -usr/bin/two" DATABASE CHANGED_LIST("one") CHANGED_LIST("tool")
		  NO_LIST("two") " -~var/lib/dpkg/status",
	  .text = F FLAGGED },
	/* unless another one is there anyway */
	{ STANDARD, .source = F INSTALL,
	  .files = FILES{ MORE_FILES(PACKAGE("tool") "Depends: one | two, lib\nRecommends: one\n\n" PACKAGE(
					     "one") "\n" PACKAGE("two") "\n" PACKAGE("lib") "Depends: two\n",
				     AUTO("one") AUTO("two") AUTO("lib")),
			  PROGRAM("one", 1), PROGRAM("two", 1), PROGRAM("lib", 1), END },
	  .want = "no-recommends 2 5030 -usr/bin/one" DATABASE CHANGED_LIST("lib") NO_LIST("one") CHANGED_LIST("tool")
		  CHANGED_LIST("two") " -~var/lib/dpkg/status",
	  .text = F FLAGGED },
	{ STANDARD, .source = F INSTALL,
	  .files = FILES{ BASE_FILES,
			  { STATUS, BASE PACKAGE("two"), 0 },
			  PROGRAM("two", 0),
			  { STATUS,
			    BASE PACKAGE("tool") "Depends: one | two\nRecommends: one\n\n" PACKAGE("one") "\n" PACKAGE(
				    "two"),
			    1 },
			  { STATES, AUTO("one"), 1 },
			  PROGRAM("tool", 1),
			  PROGRAM("one", 1),
			  END },
	  .want = "no-recommends 2 5030 -usr/bin/one" DATABASE NO_LIST("one")
		  CHANGED_LIST("tool") " -~var/lib/dpkg/status",
	  .text = F FLAGGED },
	/* the only one that is left of them */
	{ STANDARD, .source = F INSTALL,
	  .files = FILES{ MORE_FILES(PACKAGE("tool") "Depends: gone | bonus\nRecommends: bonus\n\n" PACKAGE("bonus"),
				     AUTO("bonus")),
			  PROGRAM("bonus", 1), END },
	  .want = "" },
	/* by another name */
	{ STANDARD, .source = F INSTALL,
	  .files = FILES{ MORE_FILES(PACKAGE("tool") "Depends: virtual (>= 1)\nRecommends: bonus\n\n" PACKAGE(
					     "bonus") "Provides: other, virtual (= 2)\n",
				     AUTO("bonus")),
			  PROGRAM("bonus", 1), END },
	  .want = "" },
	{ STANDARD, .source = F INSTALL,
	  .files = FILES{ MORE_FILES(PACKAGE("tool") "Depends: virtual, one\nRecommends: bonus\n\n" PACKAGE(
					     "bonus") "Provides: virtual\n\n" PACKAGE("one") "Provides: virtual\n",
				     AUTO("bonus") AUTO("one")),
			  PROGRAM("bonus", 1), PROGRAM("one", 1), END },
	  .want = "no-recommends 2 5032 -usr/bin/bonus" DATABASE NO_LIST("bonus") CHANGED_LIST("one")
		  CHANGED_LIST("tool") " -~var/lib/dpkg/status",
	  .text = F FLAGGED },
	/* one of the base is no matter of this Dockerfile */
	{ STANDARD, .source = F INSTALL,
	  .files = FILES{ BASE_FILES,
			  { STATUS, BASE PACKAGE("old") "Recommends: bonus\n\n" PACKAGE("bonus"), 0 },
			  { STATES, AUTO("bonus"), 0 },
			  PROGRAM("old", 0),
			  PROGRAM("bonus", 0),
			  { STATUS, BASE PACKAGE("old") "Recommends: bonus\n\n" PACKAGE("bonus") "\n" PACKAGE("tool"),
			    1 },
			  { "usr/bin/bonus;size=5000;mode=750", "x", 1 },
			  PROGRAM("tool", 1),
			  END },
	  .want = "" },
};

#define R_PACKAGE(text)                                                                                          \
	{                                                                                                        \
		"usr/local/lib/R/site-library/mine/DESCRIPTION", "Package: mine\nVersion: 1\nBuilt: R\n" text, 1 \
	}
#define IN_R(text)                                                                                                \
	{                                                                                                         \
		STANDARD, .source = F INSTALL,                                                                    \
			  .files = FILES{ MORE_FILES(PACKAGE("tool") "Recommends: r-cran-data.table\n\n" PACKAGE( \
							     "r-cran-data.table"),                                \
						     AUTO("r-cran-data.table")),                                  \
					  PROGRAM("r-cran-data.table", 1), R_PACKAGE(text), END },                \
			  .want = ""                                                                              \
	}
#define ASKS(has, path, text)                                                                                          \
	{                                                                                                              \
		STANDARD,                                                                                              \
			.source = F INSTALL,                                                                           \
			.files = FILES{ TOOL_FILES, { LIST("bonus"), "/usr\n" has "\n", 1 }, { path, text, 1 }, END }, \
			.want = ""                                                                                     \
	}
#define SAYS(has, line)                                                                                          \
	{                                                                                                        \
		STANDARD, .source = F INSTALL line "\n",                                                         \
			  .files = FILES{ TOOL_FILES, { LIST("bonus"), "/usr\n" has "\n", 1 }, END }, .want = "" \
	}
#define OTHER(name, run)                                                                                          \
	STANDARD, .source = F run, .files = FILES                                                                 \
	{                                                                                                         \
		MORE_FILES(PACKAGE("tool") "Recommends: " name ", bonus\n\n" PACKAGE(name) "\n" PACKAGE("bonus"), \
			   AUTO(name) AUTO("bonus")),                                                             \
			PROGRAM(name, 1), PROGRAM("bonus", 1), END                                                \
	}

/* What is used without being called. */
static const struct test_plan needed[] = {
	IN_R("Imports: data.table\n"),
	IN_R("Imports: utils (>= 3.5),\n  data.table (>= 1.12), x\n"),
	IN_R("Depends: R (>= 3.5), data.table\n"),
	IN_R("LinkingTo: Data.Table\n"),
	{ OTHER("ca-certificates", "RUN apt-get install -y tool && wget https://a/b\n"),
	  .want = "no-recommends 2 5032 -usr/bin/bonus" DATABASE NO_LIST("bonus") CHANGED_LIST("ca-certificates")
		  CHANGED_LIST("tool") " -~var/lib/dpkg/status",
	  .text = F "RUN apt-get install --no-install-recommends -y tool ca-certificates && wget https://a/b\n" },
	{ OTHER("ca-certificates", "RUN apt-get install -y tool\nCMD git fetch\n"),
	  .want = "no-recommends 2 5032 -usr/bin/bonus" DATABASE NO_LIST("bonus") CHANGED_LIST("ca-certificates")
		  CHANGED_LIST("tool") " -~var/lib/dpkg/status",
	  .text = F "RUN apt-get install --no-install-recommends -y tool ca-certificates\nCMD git fetch\n" },
	{ OTHER("ca-certificates", INSTALL),
	  .want = "no-recommends 2 10074 -usr/bin/bonus -usr/bin/ca-certificates" DATABASE NO_LIST("bonus")
		  NO_LIST("ca-certificates") CHANGED_LIST("tool") " -~var/lib/dpkg/status",
	  .text = F FLAGGED },
	{ OTHER("locales", INSTALL), .env = "LANG=de_DE.UTF-8",
	  .want = "no-recommends 2 5032 -usr/bin/bonus" DATABASE NO_LIST("bonus") CHANGED_LIST("locales")
		  CHANGED_LIST("tool") " -~var/lib/dpkg/status",
	  .text = F "RUN apt-get install --no-install-recommends -y tool locales\n" },
	{ OTHER("locales", INSTALL), .env = "LC_ALL=en_US.UTF-8",
	  .want = "no-recommends 2 5032 -usr/bin/bonus" DATABASE NO_LIST("bonus") CHANGED_LIST("locales")
		  CHANGED_LIST("tool") " -~var/lib/dpkg/status",
	  .text = F "RUN apt-get install --no-install-recommends -y tool locales\n" },
	{ OTHER("locales", INSTALL), .env = "LANG=C.UTF-8",
	  .want = "no-recommends 2 10066 -usr/bin/bonus -usr/bin/locales" DATABASE NO_LIST("bonus") NO_LIST("locales")
		  CHANGED_LIST("tool") " -~var/lib/dpkg/status",
	  .text = F FLAGGED },
};

#define X86 "/usr/lib/x86_64-linux-gnu/"
#define DIST "/usr/lib/python3/dist-packages/"

static const struct test_plan loaded[] = {
	/* libraries that programs of nobody ask for */
	ASKS(X86 "libz.so.1", "usr/local/bin/made;mode=755;needs=libc.so.6,libz.so.1", "x"),
	ASKS("/lib/libz.so.1", "app/plain.so;needs=libz.so.1", "x"),
	ASKS("/usr/lib/R/lib/libR.so", "app/plain.so.2.1;needs=libR.so", "x"),
	ASKS("/opt/x/lib/libz.so.1", "app/made;mode=755;needs=libz.so.1,libc.so.6", "x"),
	/* modules of Python */
	ASKS(DIST "yaml/__init__.py", "app/a.py", "import os\nimport yaml\n"),
	ASKS(DIST "six.py", "app/a.py", "import os, six as x\n"),
	ASKS(DIST "_cffi.cpython-311-x86_64-linux-gnu.so", "app/a.py", "def f():\n    import _cffi; f()\n"),
	ASKS(DIST "lxml/etree.cpython-311-x86_64-linux-gnu.so", "app/a.py", "from lxml import (etree,\n  x)\n"),
	ASKS(DIST "zope/interface/__init__.py", "app/a.py", "from zope.interface.x import y\n"),
	ASKS("/usr/lib/python3.11/tkinter/__init__.py", "app/run;mode=755",
	     "#!/usr/bin/env python3\nimport tkinter.ttk\n"),
	ASKS("/usr/lib/python3.11/lib-dynload/_tkinter.cpython-311-x86_64-linux-gnu.so", "app/a.py", "import _tkinter"),
	SAYS(DIST "yaml/__init__.py", "CMD [\"python3\", \"-c\", \"import yaml\"]"),
	SAYS(DIST "yaml/__init__.py", "ENTRYPOINT exec python3 -c 'import os; import yaml'"),
	SAYS(DIST "yaml/__init__.py", "RUN python3 -c \"import os, yaml.x\" && true"),
	SAYS(DIST "yaml/__init__.py", "RUN python3 <<X\nimport yaml\nX"),
	SAYS(DIST "yaml/__init__.py", "RUN python3.11 -m yaml --version"),
	SAYS(DIST "yaml/__init__.py", "CMD [\"python3\", \"-m\", \"yaml\"]"),
	/* modules of Perl */
	ASKS("/usr/share/perl5/Data/Dump.pm", "app/a.pl", "use strict;\nuse Data::Dump qw(dd);\n"),
	ASKS("/usr/lib/x86_64-linux-gnu/perl5/5.36/DBI.pm", "app/A.pm", "package A; require DBI;\n"),
	ASKS("/usr/share/perl/5.36.0/CPAN.pm", "app/a;mode=755", "#!/usr/bin/perl -w\nuse CPAN;\n"),
	ASKS("/usr/share/perl5/A/B.pm", "app/a.pl", "use parent qw( X A::B );\n"),
	SAYS("/usr/share/perl5/A/B.pm", "CMD perl -e 'use A::B; x()'"),
	SAYS("/usr/share/perl5/A/B.pm", "RUN perl -MA::B=c -e 'c()'"),
	/* another name, another language, no library's place, a file of a package */
	{ STANDARD, .source = F INSTALL "CMD [\"python3\", \"-c\", \"import bonu\"]\n",
	  .files = FILES{ TOOL_FILES,
			  { "app/a.py", "import bonu\nimports bonus\n#import bonus\nuse bonus;\n", 0 },
			  { "app/a.pl", "use bonus2;\nimport bonus;\n", 0 },
			  { "app/made;mode=755;needs=bonus", "x", 0 },
			  { "app/data", "import bonus", 0 },
			  { "usr/bin/tool;mode=755;needs=bonus", "x", 1 },
			  END },
	  .want = "no-recommends 2 5032 -usr/bin/bonus" DATABASE NO_LIST("bonus")
		  CHANGED_LIST("tool") " -~var/lib/dpkg/status",
	  .text = F FLAGGED "CMD [\"python3\", \"-c\", \"import bonu\"]\n" },
	/* what nobody sees any more asks for nothing */
	{ STANDARD, .source = F INSTALL "RUN rm\n",
	  .files = FILES{ TOOL_FILES,
			  { LIST("bonus"), "/usr/lib/libz.so.1\n/usr/bin/bonus\n", 1 },
			  { "app/made;mode=755;needs=libz.so.1", "x", 0 },
			  { "app/.wh.made", "", 2 },
			  END },
	  .want = "no-recommends 2 5034 -usr/bin/bonus" DATABASE NO_LIST("bonus")
		  CHANGED_LIST("tool") " -~var/lib/dpkg/status",
	  .text = F FLAGGED "RUN rm\n" },
};

static const struct test_plan predicted[] = {
	/* information, alternatives, what scripts made, and a list that names the architecture */
	{ STANDARD, .source = F INSTALL,
	  .files = FILES{ MORE_FILES(TOOL PACKAGE("bonus") "Multi-Arch: same\n", AUTO("bonus")),
			  { "var/lib/dpkg/info/bonus:amd64.list", "/usr/bin/bonus\n/etc/bonus\n/etc/bonus/rc\n", 1 },
			  { "var/lib/dpkg/info/bonus:amd64.postinst;mode=755", "#!/bin/sh\n", 1 },
			  { "var/lib/dpkg/info/bonus-more.list", "/x\n", 1 },
			  { "usr/bin/bonus;size=5000", "x", 1 },
			  { "etc/bonus/rc", "1", 1 },
			  { "etc/alternatives/b", "-> /usr/bin/bonus", 1 },
			  { "usr/bin/b", "-> /etc/alternatives/b", 1 },
			  { "etc/ld.so.cache", "1", 1 },
			  END },
	  .want = "no-recommends 2 5051 -~etc -~etc/alternatives -~etc/alternatives/b -etc/bonus -etc/bonus/rc -~etc/ld.so.cache -~usr/bin/b -usr/bin/bonus" DATABASE
		  CHANGED_LIST("bonus-more")
			  NO_LIST("bonus:amd64") " -var/lib/dpkg/info/bonus:amd64.postinst" CHANGED_LIST(
				  "tool") " -~var/lib/dpkg/status",
	  .text = F FLAGGED },
	/* what others share stays; bin is a link */
	{ STANDARD, .source = F INSTALL,
	  .files = FILES{ { "bin", "-> usr/bin", 0 },
			  MORE_FILES(TOOL PACKAGE("bonus"), AUTO("bonus")),
			  { LIST("bonus"), "/bin/bonus\n/usr\n/usr/bin/tool\n", 1 },
			  { "usr/bin/bonus;size=5000", "x", 1 },
			  END },
	  .want = "no-recommends 2 5030 -usr/bin/bonus" DATABASE NO_LIST("bonus")
		  CHANGED_LIST("tool") " -~var/lib/dpkg/status",
	  .text = F FLAGGED },
	/* a later instruction copied it: both copies go */
	{ STANDARD, .source = F INSTALL "RUN fix\n",
	  .files = FILES{ TOOL_FILES, { "usr/bin/bonus;size=5000;mode=700", "x", 2 }, END },
	  .want = "no-recommends 2 10032 -usr/bin/bonus" DATABASE NO_LIST("bonus")
		  CHANGED_LIST("tool") " -~var/lib/dpkg/status",
	  .text = F FLAGGED "RUN fix\n" },
	/* what another edit takes away is not counted again */
	{ STANDARD, .source = F INSTALL "RUN chmod -R 700 /usr/bin\n",
	  .files = FILES{ TOOL_FILES,
			  { "usr/bin/bonus;size=5000;mode=700", "x", 2 },
			  { "usr/bin/tool;size=5000;mode=700", "x", 2 },
			  END },
	  .want = "no-recommends 2 10032 -usr/bin/bonus" DATABASE NO_LIST("bonus")
		  CHANGED_LIST("tool") " -~var/lib/dpkg/status\nfold 2 5000",
	  .text = F "RUN apt-get install --no-install-recommends -y tool \\\n    && chmod -R 700 /usr/bin\n" },
	{ .source = F INSTALL,
	  .files = FILES{ TOOL_FILES, END },
	  .want = "no-recommends 2 5032 needs --level -usr/bin/bonus" DATABASE NO_LIST("bonus")
		  CHANGED_LIST("tool") " -~var/lib/dpkg/status" },
	{ STANDARD, .source = F INSTALL, .files = FILES{ TOOL_FILES, END }, .excluded = { "no-recommends" },
	  .want = "" },
};

#define CONFIG                                  \
	{                                       \
		"etc/dpkg/dpkg.cfg.d/", NULL, 0 \
	}
#define DOCUMENTED_LIST                                                                                          \
	"/usr\n/usr/share\n/usr/share/doc\n/usr/share/doc/tool\n/usr/share/doc/tool/copyright\n"                 \
	"/usr/share/doc/tool/changelog.gz\n/usr/share/doc/tool/examples/a\n/usr/share/doc/lib\n/usr/share/man\n" \
	"/usr/share/man/man1\n/usr/share/man/man1/tool.1.gz\n/usr/share/info\n/usr/share/info/tool.info\n"       \
	"/usr/share/locale/locale.alias\n" LOCALE_LIST("de") LOCALE_LIST("de_AT") LOCALE_LIST("fr") "/usr/bin/tool\n"
#define LOCALE_LIST(name)                                                    \
	"/usr/share/locale/" name "\n/usr/share/locale/" name "/LC_MESSAGES" \
	"\n/usr/share/locale/" name "/LC_MESSAGES/tool.mo\n"
#define DOCUMENTED(layer)                                                                                              \
	{ STATUS, BASE PACKAGE("tool"), layer }, { LIST("tool"), DOCUMENTED_LIST, layer },                             \
		{ "usr/share/doc/tool/copyright", "1", layer },                                                        \
		{ "usr/share/doc/tool/changelog.gz;size=3000", "x", layer },                                           \
		{ "usr/share/doc/tool/examples/a", "1", layer }, { "usr/share/doc/lib", "-> tool", layer },            \
		{ "usr/share/man/man1/tool.1.gz;size=2000", "x", layer },                                              \
		{ "usr/share/info/tool.info;size=1000", "x", layer }, { "usr/share/locale/locale.alias", "1", layer }, \
		{ "usr/share/locale/de/LC_MESSAGES/tool.mo;size=400", "x", layer },                                    \
		{ "usr/share/locale/de_AT/LC_MESSAGES/tool.mo;size=40", "x", layer },                                  \
		{ "usr/share/locale/fr/LC_MESSAGES/tool.mo;size=300", "x", layer },                                    \
	{                                                                                                              \
		"usr/bin/tool;size=5000", "x", layer                                                                   \
	}
#define DOCUMENTED_IMAGE CONFIG, BASE_FILES, DOCUMENTED(1), END
#define NO_PAGE " -usr/share/man/man1/tool.1.gz"
#define NO_PAGES " -usr/share/man/man1"
/* A list in the same layer, whose text goes before that of the whole package. */
#define LISTED(text, layer)               \
	{                                 \
		LIST("tool"), text, layer \
	}

static const struct test_plan documentation[] = {
	{ STANDARD, .source = F INSTALL, .files = FILES{ DOCUMENTED_IMAGE },
	  .want = "no-documentation 2 6741" NO_DOC NO_MO("de") NO_MO("de_AT") NO_MO("fr") NO_PAGE NO_LOCALE("de")
		  NO_LOCALE("de_AT") NO_LOCALE("fr") NO_PAGES CONFIGURED,
	  .text = F "RUN " CONFIGURE("") "apt-get install -y tool\n" },
	/* its language stays */
	{ STANDARD, .source = F INSTALL, .files = FILES{ DOCUMENTED_IMAGE }, .env = "LANG=de_DE.UTF-8",
	  .want = "no-documentation 2 6301" NO_DOC NO_MO("fr") NO_PAGE NO_LOCALE("fr") NO_PAGES CONFIGURED,
	  .text = F "RUN " CONFIGURE(" 'path-include /usr/share/locale/de*'") "apt-get install -y tool\n" },
	{ STANDARD, .source = F INSTALL, .files = FILES{ DOCUMENTED_IMAGE }, .env = "LANGUAGE=fr_FR:de",
	  .want = "no-documentation 2 6441" NO_DOC NO_MO("de") NO_MO("de_AT") NO_PAGE NO_LOCALE("de") NO_LOCALE("de_AT")
		  NO_PAGES CONFIGURED,
	  .text = F "RUN " CONFIGURE(" 'path-include /usr/share/locale/fr*'") "apt-get install -y tool\n" },
	{ STANDARD, .source = F INSTALL, .files = FILES{ DOCUMENTED_IMAGE }, .env = "LC_ALL=C.UTF-8",
	  .want = "no-documentation 2 6741" NO_DOC NO_MO("de") NO_MO("de_AT") NO_MO("fr") NO_PAGE NO_LOCALE("de")
		  NO_LOCALE("de_AT") NO_LOCALE("fr") NO_PAGES CONFIGURED,
	  .text = F "RUN " CONFIGURE("") "apt-get install -y tool\n" },
	/* in front of the first that installs, whatever that does */
	{ STANDARD, .source = F "RUN make\nRUN false || apt install tool\nRUN apt-get install more\n",
	  .files = FILES{ CONFIG,
			  BASE_FILES,
			  { "made", "1", 1 },
			  DOCUMENTED(2),
			  { STATUS, BASE PACKAGE("more") "\n" PACKAGE("tool"), 3 },
			  { LIST("more"), "/usr/share/man/man1\n/usr/share/man/man1/more.1.gz\n", 3 },
			  { "usr/share/man/man1/more.1.gz;size=900", "x", 3 },
			  END },
	  .want = "no-documentation 3 7641" NO_DOC NO_MO("de") NO_MO("de_AT")
		  NO_MO("fr") " -usr/share/man/man1/more.1.gz" NO_PAGE NO_LOCALE("de") NO_LOCALE("de_AT")
			  NO_LOCALE("fr") NO_PAGES CONFIGURED,
	  .text = F "RUN make\nRUN " CONFIGURE("") "( false || apt install tool )\nRUN apt-get install more\n" },
	/* links to pages that are not there, and who remembers them */
	{ STANDARD, .source = F INSTALL,
	  .files = FILES{ CONFIG,
			  BASE_FILES,
			  DOCUMENTED(1),
			  { "etc/alternatives/t.1.gz", "-> /usr/share/man/man1/tool.1.gz", 1 },
			  { "etc/alternatives/t", "-> /usr/bin/tool", 1 },
			  { "usr/share/info/dir", "1", 1 },
			  { "usr/share/man/man1/t.1.gz", "-> /etc/alternatives/t.1.gz", 1 },
			  { "var/lib/dpkg/alternatives/t", "1", 1 },
			  { "var/cache/man/index.db", "1", 1 },
			  END },
	  .want = "no-documentation 2 6741 -~etc/alternatives/t.1.gz -usr/share/doc/tool/changelog.gz -usr/share/doc/tool/examples/a -~usr/share/info/dir -usr/share/info/tool.info" NO_MO(
		  "de") NO_MO("de_AT") NO_MO("fr") " -usr/share/man/man1/t.1.gz" NO_PAGE
						   " -~var/cache/man/index.db -~var/lib/dpkg/alternatives/t" NO_LOCALE(
							   "de") NO_LOCALE("de_AT") NO_LOCALE("fr") NO_PAGES CONFIGURED,
	  .text = F "RUN " CONFIGURE("") "apt-get install -y tool\n" },
	/* what the base has stays; what a later instruction copied goes with the rest */
	{ STANDARD, .source = F INSTALL "RUN fix\n",
	  .files = FILES{ CONFIG,
			  BASE_FILES,
			  { "usr/share/man/man1/base.1.gz;size=9000", "x", 0 },
			  { STATUS, BASE PACKAGE("tool"), 1 },
			  LISTED("/usr/share/man/man1\n/usr/share/man/man1/tool.1.gz\n", 1),
			  { "usr/share/man/man1/tool.1.gz;size=2000", "x", 1 },
			  { "usr/share/man/man1/tool.1.gz;size=2000;mode=600", "x", 2 },
			  END },
	  .want = "no-documentation 2 4000" NO_PAGE CONFIGURED,
	  .text = F "RUN " CONFIGURE("") "apt-get install -y tool\nRUN fix\n" },
	/* a package that is upgraded loses what it had */
	{ STANDARD, .source = F INSTALL,
	  .files = FILES{ CONFIG,
			  BASE_FILES,
			  { STATUS, BASE PACKAGE("tool"), 0 },
			  LISTED("/usr/share/man/man1\n/usr/share/man/man1/tool.1.gz\n", 0),
			  { "usr/share/man/man1/", NULL, 0 },
			  { "usr/share/man/man1/tool.1.gz;size=3000", "x", 0 },
			  { LIST("tool"), "/usr/share/man/man1\n/usr/share/man/man1/tool.1.gz\n", 1 },
			  { "usr/share/man/man1/tool.1.gz;size=2000", "y", 1 },
			  END },
	  .want = "no-documentation 2 2000" NO_PAGE CONFIGURED,
	  .text = F "RUN " CONFIGURE("") "apt-get install -y tool\n" },
	/* nobody's: copied, made, written over what a package had, unpacked before dpkg is told */
	{ STANDARD, .source = F "RUN dpkg -i a.deb\n" INSTALL "COPY x /usr/share\nRUN make install\n",
	  .files = FILES{ CONFIG,
			  BASE_FILES,
			  { STATUS, BASE PACKAGE("early"), 1 },
			  { LIST("early"), "/usr/share/man/man1\n/usr/share/man/man1/early.1.gz\n", 1 },
			  { "usr/share/man/man1/early.1.gz;size=7000", "x", 1 },
			  { STATUS, BASE PACKAGE("early") "\n" PACKAGE("tool"), 2 },
			  LISTED("/usr/share/man/man1\n/usr/share/man/man1/tool.1.gz\n/usr/share/man/man1/x.1.gz\n"
				 "/usr/share/man/man1/y.1.gz\n/usr/share/man/man3\n/usr/share/man/man3/z.3\n",
				 2),
			  { "usr/share/man/man1/tool.1.gz;size=2000", "x", 2 },
			  { "usr/share/man/man1/x.1.gz;size=900", "x", 2 },
			  { "usr/share/man/man1/y.1.gz;size=800", "x", 2 },
			  { "usr/share/man/man3/z.3;size=700", "x", 2 },
			  { "usr/share/man/man1/x.1.gz;size=900", "x", 3 },
			  { "usr/share/man/man1/copied.1;size=6000", "x", 3 },
			  { "usr/share/doc/copied/a;size=5000", "x", 3 },
			  { "usr/share/man/man1/y.1.gz;size=800", "made", 4 },
			  { "usr/share/man/man3/made.3;size=4000", "x", 4 },
			  { "usr/share/man/man5/made.5;size=4000", "x", 4 },
			  END },
	  .want = "no-documentation 3 2700" NO_PAGE " -usr/share/man/man3/z.3" CONFIGURED,
	  .text = F
	  "RUN dpkg -i a.deb\nRUN " CONFIGURE("") "apt-get install -y tool\nCOPY x /usr/share\nRUN make install\n" },
	{ STANDARD, .source = F INSTALL,
	  .files = FILES{ CONFIG,
			  BASE_FILES,
			  { "usr/share/man/man1/base.1.gz;size=9000", "x", 0 },
			  { "usr/share/man/man1/nobody.1.gz;size=9000", "x", 1 },
			  { "usr/bin/tool", "x", 1 },
			  END },
	  .want = "" },
	/* no dpkg, no apt */
	{ STANDARD, .source = F INSTALL, .files = FILES{ BASE_FILES, DOCUMENTED(1), END }, .want = "" },
	{ STANDARD, .source = F "RUN apk add tool\n", .files = FILES{ DOCUMENTED_IMAGE }, .want = "" },
	{ .source = F INSTALL,
	  .files = FILES{ DOCUMENTED_IMAGE },
	  .want = "no-documentation 2 6741 needs --level" NO_DOC NO_MO("de") NO_MO("de_AT") NO_MO("fr")
		  NO_PAGE NO_LOCALE("de") NO_LOCALE("de_AT") NO_LOCALE("fr") NO_PAGES CONFIGURED },
};

#define AGGRESSIVE .level = LOPT_LEVEL_AGGRESSIVE, .has_test = true
#define BUILD "RUN apt-get install -y gcc tool && gcc x.c\n"
#define GCC PACKAGE("gcc") "Depends: cpp, lib\n\n" PACKAGE("cpp") "\n" PACKAGE("lib") "\n"
#define GCC_AUTO AUTO("cpp") AUTO("lib")
#define GCC_FILES(layer) PROGRAM("gcc", layer), PROGRAM("cpp", layer), PROGRAM("lib", layer)
#define BUILT MORE_FILES(GCC PACKAGE("tool"), GCC_AUTO), GCC_FILES(1)

static const struct test_plan tools[] = {
	{ AGGRESSIVE, .source = F BUILD, .files = FILES{ BUILT, END },
	  .want = "purge-build-tools 2 15090 -usr/bin/cpp -usr/bin/gcc -usr/bin/lib" DATABASE NO_LIST("cpp") NO_LIST(
		  "gcc") NO_LIST("lib") CHANGED_LIST("tool") " -~var/lib/dpkg/status +var/lib/apt/lists/auxfiles",
	  .text = F "RUN apt-get install -y gcc tool && gcc x.c \\\n    && apt-get purge -y --auto-remove gcc\n" },
	/* used later: by name, by a link, in the container */
	{ AGGRESSIVE, .source = F BUILD "RUN gcc y.c\n", .files = FILES{ BUILT, END }, .want = "" },
	{ AGGRESSIVE, .source = F BUILD "RUN cc y.c\n",
	  .files = FILES{ BUILT,
			  { "usr/bin/cc", "-> /etc/alternatives/cc", 1 },
			  { "etc/alternatives/cc", "-> /usr/bin/gcc", 1 },
			  END },
	  .want = "" },
	{ AGGRESSIVE, .source = F BUILD "ENTRYPOINT exec gcc\n", .files = FILES{ BUILT, END }, .want = "" },
	{ AGGRESSIVE, .source = F "CMD [\"gcc\"]\n" BUILD, .files = FILES{ BUILT, END }, .want = "" },
	{ AGGRESSIVE, .source = F "RUN gcc --version\n" BUILD,
	  .files = FILES{ BASE_FILES,
			  { "made", "1", 1 },
			  { STATUS, BASE GCC PACKAGE("tool"), 2 },
			  { STATES, GCC_AUTO, 2 },
			  PROGRAM("tool", 2),
			  GCC_FILES(2),
			  END },
	  .want = "purge-build-tools 3 15090 -usr/bin/cpp -usr/bin/gcc -usr/bin/lib" DATABASE NO_LIST("cpp") NO_LIST(
		  "gcc") NO_LIST("lib") CHANGED_LIST("tool") " -~var/lib/dpkg/status +var/lib/apt/lists/auxfiles",
	  .text = F
	  "RUN gcc --version\nRUN apt-get install -y gcc tool && gcc x.c \\\n    && apt-get purge -y --auto-remove gcc\n" },
	/* one of them is, the other is not */
	{ AGGRESSIVE, .source = F "RUN apt-get install -y gcc make\nCMD make\n",
	  .files = FILES{ BASE_FILES,
			  { STATUS, BASE GCC PACKAGE("make"), 1 },
			  { STATES, GCC_AUTO, 1 },
			  GCC_FILES(1),
			  PROGRAM("make", 1),
			  END },
	  .want = "purge-build-tools 2 15090 -usr/bin/cpp -usr/bin/gcc -usr/bin/lib" DATABASE NO_LIST("cpp") NO_LIST(
		  "gcc") NO_LIST("lib") CHANGED_LIST("make") " -~var/lib/dpkg/status +var/lib/apt/lists/auxfiles",
	  .text = F "RUN apt-get install -y gcc make \\\n    && apt-get purge -y --auto-remove gcc\nCMD make\n" },
	/* somebody else depends on it: it would go, too */
	{ AGGRESSIVE, .source = F BUILD,
	  .files = FILES{ MORE_FILES(GCC PACKAGE("tool") "Depends: gcc\n", GCC_AUTO), GCC_FILES(1), END }, .want = "" },
	{ AGGRESSIVE, .source = F "RUN apt-get install -y gcc make tool\n",
	  .files = FILES{ MORE_FILES(GCC PACKAGE("make") "\n" PACKAGE("tool") "Recommends: gcc\n", GCC_AUTO),
			  GCC_FILES(1), PROGRAM("make", 1), END },
	  .want = "purge-build-tools 2 5031 -usr/bin/make" DATABASE CHANGED_LIST("cpp") CHANGED_LIST("gcc")
		  CHANGED_LIST("lib") NO_LIST("make")
			  CHANGED_LIST("tool") " -~var/lib/dpkg/status +var/lib/apt/lists/auxfiles",
	  .text = F "RUN apt-get install -y gcc make tool \\\n    && apt-get purge -y --auto-remove make\n" },
	/* what the others need stays */
	{ AGGRESSIVE, .source = F BUILD,
	  .files =
		  FILES{ MORE_FILES(GCC PACKAGE("tool") "Depends: lib\nSuggests: cpp\n", GCC_AUTO), GCC_FILES(1), END },
	  .want = "purge-build-tools 2 5030 -usr/bin/gcc" DATABASE CHANGED_LIST("cpp") NO_LIST("gcc")
		  CHANGED_LIST("lib") CHANGED_LIST("tool") " -~var/lib/dpkg/status +var/lib/apt/lists/auxfiles",
	  .text = F "RUN apt-get install -y gcc tool && gcc x.c \\\n    && apt-get purge -y --auto-remove gcc\n" },
	/* so does what a program loads that was built with them */
	{ AGGRESSIVE, .source = F BUILD,
	  .files = FILES{ MORE_FILES(GCC PACKAGE("deep") "\n" PACKAGE("tool"), GCC_AUTO AUTO("deep")),
			  PROGRAM("gcc", 1),
			  PROGRAM("cpp", 1),
			  PROGRAM("deep", 1),
			  { LIST("lib"), "/usr/lib/lib.so.1\n", 1 },
			  { "usr/lib/lib.so.1;size=5000", "x", 1 },
			  { "usr/local/bin/made;mode=755;needs=lib.so.1", "x", 1 },
			  END },
	  .want = "purge-build-tools 2 15091 -usr/bin/cpp -usr/bin/deep -usr/bin/gcc -~usr/lib -~usr/local -~usr/local/bin" DATABASE
		  NO_LIST("cpp") NO_LIST("deep") NO_LIST("gcc") CHANGED_LIST("lib")
			  CHANGED_LIST("tool") " -~var/lib/dpkg/status +var/lib/apt/lists/auxfiles",
	  .text = F
	  "RUN apt-get install -y gcc tool && gcc x.c \\\n    && apt-mark manual lib && apt-get purge -y --auto-remove gcc\n" },
	/* several of a kind, one with headers of its own */
	{ AGGRESSIVE, .source = F "RUN apt-get install -y libx-dev g++-12 tool cmake\n",
	  .files = FILES{ MORE_FILES(PACKAGE("libx-dev") "Depends: libx\n\n" PACKAGE("libx") "\n" PACKAGE(
					     "g++-12") "\n" PACKAGE("cmake") "\n" PACKAGE("tool"),
				     AUTO("libx")),
			  PROGRAM("libx-dev", 1), PROGRAM("libx", 1), PROGRAM("g++-12", 1), PROGRAM("cmake", 1), END },
	  .want = "purge-build-tools 2 20131 -usr/bin/cmake -usr/bin/g++-12 -usr/bin/libx -usr/bin/libx-dev" DATABASE
		  NO_LIST("cmake") NO_LIST("g++-12") NO_LIST("libx-dev") NO_LIST("libx")
			  CHANGED_LIST("tool") " -~var/lib/dpkg/status +var/lib/apt/lists/auxfiles",
	  .text = F
	  "RUN apt-get install -y libx-dev g++-12 tool cmake \\\n    && apt-get purge -y --auto-remove cmake g++-12 libx-dev\n" },
	/* not brought by an instruction, or to be kept */
	{ AGGRESSIVE, .source = F INSTALL,
	  .files = FILES{ BASE_FILES,
			  { STATUS, BASE GCC, 0 },
			  { STATES, GCC_AUTO, 0 },
			  GCC_FILES(0),
			  { STATUS, BASE GCC PACKAGE("tool"), 1 },
			  PROGRAM("tool", 1),
			  END },
	  .want = "" },
	{ AGGRESSIVE, .source = F "RUN apt-get install -y make tool\n",
	  .files = FILES{ MORE_FILES(PACKAGE("make") "Essential: yes\n\n" PACKAGE("tool"), AUTO("x")),
			  PROGRAM("make", 1), END },
	  .want = "" },
	/* each at the end of its own */
	{ AGGRESSIVE, .source = F "RUN apt-get install -y make tool\nRUN apt-get install -y gcc\n",
	  .files = FILES{ MORE_FILES(PACKAGE("make") "\n" PACKAGE("tool"), AUTO("x")),
			  PROGRAM("make", 1),
			  { STATUS, BASE PACKAGE("make") "\n" PACKAGE("tool") "\n" GCC, 2 },
			  { STATES, GCC_AUTO, 2 },
			  GCC_FILES(2),
			  END },
	  .want = "purge-build-tools 2 5031 -usr/bin/make" DATABASE CHANGED_LIST("cpp") CHANGED_LIST("gcc")
		  CHANGED_LIST("lib") NO_LIST("make") CHANGED_LIST(
			  "tool") " -~var/lib/dpkg/status +var/lib/apt/lists/auxfiles\npurge-build-tools 3 15090 -usr/bin/cpp -usr/bin/gcc -usr/bin/lib" DATABASE
			  NO_LIST("cpp") NO_LIST("gcc") NO_LIST("lib") CHANGED_LIST("make")
				  CHANGED_LIST("tool") " -~var/lib/dpkg/status +var/lib/apt/lists/auxfiles",
	  .text = F
	  "RUN apt-get install -y make tool \\\n    && apt-get purge -y --auto-remove make\nRUN apt-get install -y gcc \\\n    && apt-get purge -y --auto-remove gcc\n" },
	{ STANDARD, .source = F BUILD, .files = FILES{ BUILT, END },
	  .want = "purge-build-tools 2 15090 needs --level -usr/bin/cpp -usr/bin/gcc -usr/bin/lib" DATABASE NO_LIST(
		  "cpp") NO_LIST("gcc") NO_LIST("lib")
		  CHANGED_LIST("tool") " -~var/lib/dpkg/status +var/lib/apt/lists/auxfiles" },
	{ .level = LOPT_LEVEL_AGGRESSIVE,
	  .source = F BUILD,
	  .files = FILES{ BUILT, END },
	  .want = "purge-build-tools 2 15090 needs --test -usr/bin/cpp -usr/bin/gcc -usr/bin/lib" DATABASE NO_LIST(
		  "cpp") NO_LIST("gcc") NO_LIST("lib")
		  CHANGED_LIST("tool") " -~var/lib/dpkg/status +var/lib/apt/lists/auxfiles" },
};

#define LINK(path, target)            \
	{                             \
		path, "-> " target, 1 \
	}
#define BY_LINK(...)                                                                                         \
	{                                                                                                    \
		STANDARD, .source = F INSTALL "CMD start\n", .files = FILES{ TOOL_FILES, __VA_ARGS__, END }, \
			  .want = ""                                                                         \
	}

/* By another name. */
static const struct test_plan linked[] = {
	BY_LINK(LINK("usr/local/bin/start", "/usr/bin/bonus")),
	BY_LINK(LINK("usr/bin/start", "/etc/alternatives/start"), LINK("etc/alternatives/start", "/usr/bin/bonus")),
	BY_LINK(LINK("usr/bin/start", "bonus")),
	BY_LINK(LINK("usr/local/bin/start", "../../bin/./more"), LINK("usr/bin/more", "bonus")),
	/* the one that has the link, not only who has what it leads to */
	BY_LINK(LINK("usr/bin/start", "tool"), { LIST("bonus"), "/usr/bin/bonus\n/bin/start\n", 1 }),
};

#define INSTALLS "RUN apt-get install -y gcc tool\n"
#define SOURCE                                   \
	{ "src/", "", 2 },                       \
	{                                        \
		"src/x.c;size=3000", "source", 2 \
	}
#define MADE                                                    \
	{ ".wh.src", "", 3 },                                   \
	{                                                       \
		"usr/local/bin/x;size=7000;mode=755", "made", 3 \
	}
#define COMPILES "COPY x.c /src/\nRUN gcc /src/x.c -o /usr/local/bin/x && rm -r /src\n"
#define STAGE "FROM a AS build\n"
#define COPIES "COPY --from=build /usr/local/bin/x /usr/local/bin/\n"

static const struct test_plan staged[] = {
	/* the sources were for the build alone: they are not copied */
	{ AGGRESSIVE, .source = F INSTALLS COMPILES "CMD x\n", .files = FILES{ BUILT, SOURCE, MADE, END },
	  .want = "build-stage 2 18090 -src -usr/bin/cpp -usr/bin/gcc -usr/bin/lib" DATABASE NO_LIST("cpp")
		  NO_LIST("gcc") NO_LIST("lib") CHANGED_LIST("tool") " -~var/lib/dpkg/status",
	  .text = "FROM a AS build\nRUN apt-get install -y gcc tool\nCOPY x.c /src/\nRUN gcc /src/x.c -o /usr/local/bin/x && rm -r /src\n\nFROM a\nRUN apt-get install -y tool\nCOPY --from=build /usr/local/bin/x /usr/local/bin/\nCMD x\n" },
	/* the RUN was for the tools alone: it goes; other stages have the name; the base is named with a flag */
	{ AGGRESSIVE,
	  .source =
		  "FROM z AS Build\n# mine\nFROM --platform=x a AS y\nRUN apt-get update && apt-get install -y gcc && apt-get clean\n" COMPILES,
	  .files = FILES{ MORE_FILES(GCC, GCC_AUTO), GCC_FILES(1), SOURCE, MADE, END },
	  .want = "build-stage 4 23559 -src -usr/bin/cpp -usr/bin/gcc -usr/bin/lib -~usr/bin/tool" DATABASE NO_LIST(
		  "cpp") NO_LIST("gcc") NO_LIST("lib") CHANGED_LIST("tool") " -~var/lib/dpkg/status",
	  .text = "FROM z AS Build\nFROM --platform=x a AS build-2\nRUN apt-get update && apt-get install -y gcc && apt-get clean\nCOPY x.c /src/\nRUN gcc /src/x.c -o /usr/local/bin/x && rm -r /src\n\n# mine\nFROM --platform=x a AS y\nCOPY --from=build-2 /usr/local/bin/x /usr/local/bin/\n" },
	/* a container runs it; a RUN that does is one more to move */
	{ AGGRESSIVE, .source = F INSTALLS COMPILES "CMD gcc\n", .files = FILES{ BUILT, SOURCE, MADE, END },
	  .want = "" },
	{ AGGRESSIVE, .source = F INSTALLS COMPILES "RUN sudo gcc --version >/v\n",
	  .files = FILES{ BUILT, SOURCE, MADE, { "v", "12", 4 }, END },
	  .want = "build-stage 2 18090 -src -usr/bin/cpp -usr/bin/gcc -usr/bin/lib" DATABASE NO_LIST("cpp")
		  NO_LIST("gcc") NO_LIST("lib") CHANGED_LIST("tool") " -~var/lib/dpkg/status",
	  .text = "FROM a AS build\nRUN apt-get install -y gcc tool\nCOPY x.c /src/\nRUN gcc /src/x.c -o /usr/local/bin/x && rm -r /src\nRUN sudo gcc --version >/v\n\nFROM a\nRUN apt-get install -y tool\nCOPY --from=build /usr/local/bin/x /usr/local/bin/\nCOPY --from=build /v /\n" },
	/* not asked for */
	{ .level = LOPT_LEVEL_AGGRESSIVE,
	  .source = F INSTALLS COMPILES,
	  .files = FILES{ BUILT, SOURCE, MADE, END },
	  .want = "build-stage 2 18090 needs --test -src -usr/bin/cpp -usr/bin/gcc -usr/bin/lib" DATABASE NO_LIST("cpp")
		  NO_LIST("gcc") NO_LIST("lib") CHANGED_LIST("tool") " -~var/lib/dpkg/status" },
	{ STANDARD, .source = F INSTALLS COMPILES, .files = FILES{ BUILT, SOURCE, MADE, END },
	  .want = "build-stage 2 18090 needs --level -src -usr/bin/cpp -usr/bin/gcc -usr/bin/lib" DATABASE NO_LIST(
		  "cpp") NO_LIST("gcc") NO_LIST("lib") CHANGED_LIST("tool") " -~var/lib/dpkg/status" },
	/* two RUN that build, one between them that does not; an older file is replaced */
	{ AGGRESSIVE,
	  .source = F INSTALLS
	  "RUN gcc a.c -o /opt/a/x # first\n# between\nRUN date >/when\nRUN make && gcc b.c && mv x /opt/a/y\n",
	  .files = FILES{ BUILT,
			  { "opt/a/", "", 2 },
			  { "opt/a/x;size=2000", "a", 2 },
			  { "opt/a/z;size=1000", "a", 2 },
			  { "when", "now", 3 },
			  { "opt/a/y;size=3000", "b", 4 },
			  { "opt/a/.wh.z", "", 4 },
			  { "usr/bin/base;size=9;mode=755", "new", 4 },
			  END },
	  .want = "build-stage 2 16090 -usr/bin/cpp -usr/bin/gcc -usr/bin/lib" DATABASE NO_LIST("cpp") NO_LIST("gcc")
		  NO_LIST("lib") CHANGED_LIST("tool") " -~var/lib/dpkg/status",
	  .text = "FROM a AS build\nRUN apt-get install -y gcc tool\nRUN gcc a.c -o /opt/a/x # first\n# between\nRUN date >/when\nRUN make && gcc b.c && mv x /opt/a/y\nRUN mkdir /built && cp -a --parents \\\n    /opt/a \\\n    /usr/bin/base \\\n    /built\n\nFROM a\nRUN apt-get install -y tool\nCOPY --from=build /built/ /\n# between\nRUN date >/when\n" },
	/* what COPY would follow, split or set: it is gathered */
	{ AGGRESSIVE, .source = F INSTALLS "USER 1\nRUN gcc x.c\n",
	  .files = FILES{ BUILT,
			  { "usr/lib/x.so.1", "library", 2 },
			  { "usr/lib/x.so", "-> x.so.1", 2 },
			  { "opt/a/;mode=700", "", 2 },
			  { "opt/a/b", "b", 2 },
			  END },
	  .want = "build-stage 2 15090 -usr/bin/cpp -usr/bin/gcc -usr/bin/lib" DATABASE NO_LIST("cpp") NO_LIST("gcc")
		  NO_LIST("lib") CHANGED_LIST("tool") " -~var/lib/dpkg/status",
	  .text = "FROM a AS build\nRUN apt-get install -y gcc tool\nUSER 1\nRUN gcc x.c\nUSER root\nRUN mkdir /built && cp -a --parents \\\n    /opt/a \\\n    /usr/lib/x.so \\\n    /usr/lib/x.so.1 \\\n    /built\n\nFROM a\nRUN apt-get install -y tool\nUSER 1\nCOPY --from=build /built/ /\n" },
	{ AGGRESSIVE, .source = F INSTALLS "RUN gcc x.c\n",
	  .files = FILES{ BUILT, { "srv/a", "one", 2 }, { "srv/b", "=> srv/a", 2 }, { "built", "taken", 2 }, END },
	  .want = "" },
	/* nothing that has to be quoted */
	{ AGGRESSIVE, .source = F INSTALLS "RUN gcc x.c\n", .files = FILES{ BUILT, { "srv/a b", "one", 2 }, END },
	  .want = "" },
	/* what a build leaves behind is not copied, and the linker's cache is made anew */
	{ AGGRESSIVE, .source = F INSTALLS "RUN gcc x.c\n",
	  .files = FILES{ BUILT,
			  { "tmp/cc1.o;size=4000", "o", 2 },
			  { "root/.cache/", "", 2 },
			  { "root/.cache/pip/", "", 2 },
			  { "root/.cache/pip/a;size=2000", "a", 2 },
			  { "etc/ld.so.cache", "cache", 2 },
			  { "usr/local/lib/x.so", "x", 2 },
			  END },
	  .want = "build-stage 2 21095 ~etc/ld.so.cache -root/.cache -root/.cache/pip -root/.cache/pip/a -tmp/cc1.o -usr/bin/cpp -usr/bin/gcc -usr/bin/lib" DATABASE
		  NO_LIST("cpp") NO_LIST("gcc") NO_LIST("lib") CHANGED_LIST("tool") " -~var/lib/dpkg/status",
	  .text = "FROM a AS build\nRUN apt-get install -y gcc tool\nRUN gcc x.c\n\nFROM a\nRUN apt-get install -y tool\nCOPY --from=build /usr/local/lib/x.so /usr/local/lib/\nRUN ldconfig\n" },
	/* lists that the build removes are removed where they come from */
	{ AGGRESSIVE,
	  .source = F "RUN apt-get update && apt-get install -y gcc tool\nRUN gcc x.c && rm -rf /var/lib/apt/lists/*\n",
	  .files = FILES{ BUILT,
			  { "var/lib/apt/lists/a;size=50000", "list", 1 },
			  { "var/lib/apt/lists/.wh.a", "", 2 },
			  { "srv/x;size=2000", "x", 2 },
			  END },
	  .want = "build-stage 2 65090 -usr/bin/cpp -usr/bin/gcc -usr/bin/lib -~var/lib/apt/extended_states -~var/lib/dpkg -~var/lib/dpkg/info" NO_LIST(
		  "cpp") NO_LIST("gcc") NO_LIST("lib") CHANGED_LIST("tool") " -~var/lib/dpkg/status",
	  .text = "FROM a AS build\nRUN apt-get update && apt-get install -y gcc tool\nRUN gcc x.c && rm -rf /var/lib/apt/lists/*\n\nFROM a\nRUN apt-get update && apt-get install -y tool \\\n    && rm -rf /var/lib/apt/lists/*\nCOPY --from=build /srv/x /srv/\n" },
	/* anything else that it removes would be there again */
	{ AGGRESSIVE, .source = F INSTALLS "RUN gcc x.c && rm /usr/bin/base\n",
	  .files = FILES{ BUILT, { "usr/bin/.wh.base", "", 2 }, { "srv/x", "x", 2 }, END }, .want = "" },
	{ AGGRESSIVE, .source = F INSTALLS "RUN gcc x.c && rm /usr/link\n",
	  .files = FILES{ { "usr/link", "-> bin", 0 }, BUILT, { "usr/.wh.link", "", 2 }, { "srv/x", "x", 2 }, END },
	  .want = "" },
	/* a library that came with the tools, and what was built asks for it */
	{ AGGRESSIVE, .source = F "RUN apt-get install -y \\\n  gcc \\\n  # why\n  tool \\\n  lib-dev=1\nRUN gcc x.c\n",
	  .files = FILES{ MORE_FILES(GCC PACKAGE("lib-dev") "Depends: deep\n\n" PACKAGE("deep") "\n" PACKAGE("tool"),
				     GCC_AUTO AUTO("deep")),
			  GCC_FILES(1),
			  PROGRAM("lib-dev", 1),
			  { LIST("deep"), "/usr/lib/deep.so.1\n", 1 },
			  { "usr/lib/deep.so.1;size=5000", "x", 1 },
			  { "usr/local/bin/x;mode=755;needs=deep.so.1", "x", 2 },
			  END },
	  .want = "build-stage 2 20124 -usr/bin/cpp -usr/bin/gcc -usr/bin/lib -usr/bin/lib-dev -~usr/lib" DATABASE
		  NO_LIST("cpp") CHANGED_LIST("deep") NO_LIST("gcc") NO_LIST("lib-dev") NO_LIST("lib")
			  CHANGED_LIST("tool") " -~var/lib/dpkg/status",
	  .text = "FROM a AS build\nRUN apt-get install -y \\\n  gcc \\\n  # why\n  tool \\\n  lib-dev=1\nRUN gcc x.c\n\nFROM a\nRUN apt-get install -y \\\n  # why\n  tool deep\nCOPY --from=build /usr/local/bin/x /usr/local/bin/\n" },
	/* an installer compiles without a word of it; one that downloads does not */
	{ AGGRESSIVE, .source = F INSTALLS "RUN R CMD INSTALL pkg\n",
	  .files = FILES{ BUILT,
			  { "usr/lib/R/pkg/;mode=755", "", 2 },
			  { "usr/lib/R/pkg/x.so;mode=755;needs=libc.so.6", "x", 2 },
			  END },
	  .want = "build-stage 2 15090 -usr/bin/cpp -usr/bin/gcc -usr/bin/lib" DATABASE NO_LIST("cpp") NO_LIST("gcc")
		  NO_LIST("lib") CHANGED_LIST("tool") " -~var/lib/dpkg/status",
	  .text = "FROM a AS build\nRUN apt-get install -y gcc tool\nRUN R CMD INSTALL pkg\n\nFROM a\nRUN apt-get install -y tool\nCOPY --from=build /usr/lib/R/pkg/ /usr/lib/R/pkg/\n" },
	{ AGGRESSIVE, .source = F INSTALLS "RUN pip install x\n",
	  .files = FILES{ BUILT, { "usr/lib/x.py", "x", 2 }, END },
	  .want = "purge-build-tools 2 15090 -usr/bin/cpp -usr/bin/gcc -usr/bin/lib" DATABASE NO_LIST("cpp") NO_LIST(
		  "gcc") NO_LIST("lib") CHANGED_LIST("tool") " -~var/lib/dpkg/status +var/lib/apt/lists/auxfiles",
	  .text = F
	  "RUN apt-get install -y gcc tool \\\n    && apt-get purge -y --auto-remove gcc\nRUN pip install x\n" },
	/* what others need stays; what a package that stays recommends does, too, where apt was told nothing else */
	{ AGGRESSIVE, .source = F INSTALLS "RUN gcc x.c\n",
	  .files = FILES{ MORE_FILES(GCC PACKAGE("tool") "Depends: lib\nRecommends: cpp\n", GCC_AUTO),
			  GCC_FILES(1),
			  { "srv/x", "x", 2 },
			  END },
	  .want = "build-stage 2 5030 -usr/bin/gcc" DATABASE CHANGED_LIST("cpp") NO_LIST("gcc") CHANGED_LIST("lib")
		  CHANGED_LIST("tool") " -~var/lib/dpkg/status",
	  .text = "FROM a AS build\nRUN apt-get install -y gcc tool\nRUN gcc x.c\n\nFROM a\nRUN apt-get install -y tool\nCOPY --from=build /srv/x /srv/\n" },
	/* a command of the RUN would install nothing, and the RUN is not for the tools alone */
	{ AGGRESSIVE, .source = F "RUN apt-get install -y gcc && touch /a\nRUN gcc x.c\n",
	  .files = FILES{ MORE_FILES(GCC, GCC_AUTO), GCC_FILES(1), { "srv/x", "x", 2 }, END }, .want = "" },
	/* nor where a later RUN installs with its lists */
	{ AGGRESSIVE,
	  .source = F "RUN apt-get update && apt-get install -y gcc\nRUN apt-get install -y tool\nRUN gcc x.c\n",
	  .files = FILES{ BASE_FILES,
			  { STATUS, BASE GCC, 1 },
			  { STATES, GCC_AUTO, 1 },
			  GCC_FILES(1),
			  { STATUS, BASE GCC PACKAGE("tool"), 2 },
			  PROGRAM("tool", 2),
			  { "srv/x", "x", 3 },
			  END },
	  .want = "" },
};

static void builds_elsewhere(void **state)
{
	(void)state;
	TEST_PLANS(staged);
}

static void leaves_out_what_is_recommended(void **state)
{
	(void)state;
	TEST_PLANS(recommended);
}

static void changes_commands(void **state)
{
	(void)state;
	TEST_PLANS(commands);
}

static void keeps_what_is_used(void **state)
{
	(void)state;
	TEST_PLANS(used);
	TEST_PLANS(scripts);
	TEST_PLANS(linked);
}

static void chooses_as_apt_does(void **state)
{
	(void)state;
	TEST_PLANS(choices);
}

static void keeps_what_is_needed(void **state)
{
	(void)state;
	TEST_PLANS(needed);
	TEST_PLANS(loaded);
}

static void predicts_what_goes(void **state)
{
	(void)state;
	TEST_PLANS(predicted);
}

static void leaves_out_documentation(void **state)
{
	(void)state;
	TEST_PLANS(documentation);
}

static void purges_tools(void **state)
{
	(void)state;
	TEST_PLANS(tools);
}

/* Whether an edit of this rule is in the plan, in this state. */
static bool has(const struct lopt_plan *plan, const char *rule, enum lopt_edit_state state)
{
	for (size_t i = 0; i < plan->count; i++)
		if (strcmp(plan->edits[i].rule, rule) == 0)
			return plan->edits[i].state == state;
	return false;
}

static void plans_again(void **state)
{
	struct test_planning p;
	struct lopt_plan again;
	struct lopt_error err = { 0 };
	const struct test_plan plan = {
		AGGRESSIVE,
		.source = F "RUN apt-get update && apt-get install -y gcc && apt-get clean\n" COMPILES,
		.files = FILES{ MORE_FILES(GCC, GCC_AUTO),
				GCC_FILES(1),
				{ "var/lib/apt/lists/a;size=50000", "list", 1 },
				SOURCE,
				MADE,
				END },
	};
	(void)state;
	test_planning_begin(&p, &plan);
	assert_int_equal(lopt_plan_make(&p.plan, &p.input, &err), LOPT_OK);
	assert_true(has(&p.plan, "build-stage", LOPT_EDIT_CHOSEN));
	assert_false(has(&p.plan, "apt-lists", LOPT_EDIT_CHOSEN)); /* the instruction goes as a whole */
	assert_null(lopt_plan_obsolete(&p.plan));
	p.plan.edits[0].state = LOPT_EDIT_DROPPED;
	p.plan.edits[0].why = lopt_str_from("a test says so");
	assert_ptr_equal(lopt_plan_obsolete(&p.plan), &p.plan.edits[0]);
	assert_int_equal(lopt_plan_again(&again, &p.plan, &p.input, &err), LOPT_OK);
	assert_true(has(&again, "build-stage", LOPT_EDIT_DROPPED));
	assert_true(lopt_str_is(again.edits[0].why, "a test says so"));
	assert_true(has(&again, "apt-lists", LOPT_EDIT_CHOSEN));
	assert_null(lopt_plan_obsolete(&again));
	lopt_plan_release(&again);
	test_planning_end(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(leaves_out_what_is_recommended),
		cmocka_unit_test(changes_commands),
		cmocka_unit_test(keeps_what_is_used),
		cmocka_unit_test(chooses_as_apt_does),
		cmocka_unit_test(keeps_what_is_needed),
		cmocka_unit_test(predicts_what_goes),
		cmocka_unit_test(leaves_out_documentation),
		cmocka_unit_test(purges_tools),
		cmocka_unit_test(builds_elsewhere),
		cmocka_unit_test(plans_again),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
