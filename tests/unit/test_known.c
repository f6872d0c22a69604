/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>
#include <elf.h>

#include "layeropt/analysis.h"
#include "support/archive.h"
#include "support/identities.h"
#include "support/stack.h"

static struct lopt_error err;

/* An image of these layers, what is known of it, and its figures. */
struct known {
	struct lopt_image *image;
	const struct lopt_analysis *analysis;
	int fd;
};

static void know_layers(struct known *known, const struct lopt_buf layers[TEST_LAYERS_MAX], const char *configuration)
{
	const struct lopt_open_options options = { .keep = lopt_analysis_keep };
	if (test_open_configured(&known->image, layers, configuration, &options, &known->fd, &err) != LOPT_OK ||
	    lopt_analysis_make(&known->analysis, known->image, NULL, &err) != LOPT_OK)
		fail_msg("%s", err.message);
	if (identity_broken(known->image, known->analysis))
		fail_msg("%s", identity_broken(known->image, known->analysis));
}

static void know(struct known *known, const char *const texts[TEST_LAYERS_MAX], const char *configuration)
{
	struct lopt_buf layers[TEST_LAYERS_MAX];
	for (size_t i = 0; i < TEST_LAYERS_MAX; i++) {
		layers[i] = LOPT_BUF_INIT(1 << 20);
		if (texts[i])
			test_layer(&layers[i], texts[i]);
	}
	know_layers(known, layers, configuration);
	for (size_t i = 0; i < TEST_LAYERS_MAX; i++)
		lopt_buf_release(&layers[i]);
}

static void forget(struct known *known)
{
	lopt_analysis_free(known->analysis);
	lopt_image_free(known->image);
	(void)close(known->fd);
}

/* "rule bytes/files layer path path, ..." */
static void print_rows(const struct known *known, struct lopt_buf *text)
{
	for (size_t i = 0; i < known->analysis->known_count; i++) {
		const struct lopt_known_row *row = &known->analysis->known[i];
		lopt_buf_printf(text, "%s%s %llu/%llu %zu", i ? ", " : "", row->rule, (unsigned long long)row->bytes,
				(unsigned long long)row->files, row->layer);
		for (size_t path = 0; path < row->path_count; path++)
			lopt_buf_printf(text, " %.*s", LOPT_STR_ARGS(row->paths[path]));
	}
}

struct known_case {
	const char *layers[TEST_LAYERS_MAX];
	const char *want;
	const char *configuration; /* more of it */
};

static void check(const struct known_case *c)
{
	struct lopt_buf text = LOPT_BUF_INIT(1 << 16);
	struct known known;
	know(&known, c->layers, c->configuration);
	print_rows(&known, &text);
	if (strcmp(text.data ? text.data : "", c->want) != 0)
		fail_msg("%s\n  is    %s\n  wants %s", c->layers[0], text.data ? text.data : "", c->want);
	forget(&known);
	lopt_buf_release(&text);
}

#define CHECK_ALL(cases)                                                \
	for (size_t i = 0; i < sizeof(cases) / sizeof((cases)[0]); i++) \
	check(&(cases)[i])

static void knows_what_package_managers_leave(void **state)
{
	(void)state;
	static const struct known_case cases[] = {
		{ { "var/cache/apt/archives/a_1.deb=123 var/cache/apt/archives/partial/b.deb=4" },
		  "apt-archives 4/2 0 var/cache/apt/archives/",
		  "" },
		{ { "var/cache/apt/archives/lock=1 var/cache/apt/archives/notes.txt=1" }, "", "" },
		{ { "var/cache/apt/pkgcache.bin=12 var/cache/apt/srcpkgcache.bin=3" },
		  "apt-cache 3/2 0 var/cache/apt/",
		  "" },
		{ { "srv/var/cache/apt/pkgcache.bin=12" }, "", "" },
		{ { "var/lib/apt/lists/x_Packages=1 var/lib/apt/lists/auxfiles/y=2" },
		  "apt-lists 2/2 0 var/lib/apt/lists/",
		  "" },
		{ { "var/lib/apt/extended_states=1" }, "", "" },
		{ { "var/lib/dpkg/status-old=1 var/cache/debconf/config.dat-old=12" },
		  "dpkg-backups 3/2 0 var/cache/debconf/ var/lib/dpkg/",
		  "" },
		{ { "var/lib/dpkg/status=1 var/lib/dpkg/info/x-old=1 var/cache/debconf/config.dat=1" }, "", "" },
		{ { "var/backups/dpkg.status.0=1 var/backups/database.sql=123456" },
		  "dpkg-backups 1/1 0 var/backups/",
		  "" },
		{ { "var/cache/apk/APKINDEX.x.tar.gz=12 etc/apk/cache/a.apk=3" },
		  "apk-cache 3/2 0 etc/apk/cache/ var/cache/apk/",
		  "" },
		{ { "lib/apk/db/installed=1 etc/apk/world=2" }, "", "" },
		{ { "var/cache/dnf/a.solv=1 var/cache/yum/x/b.rpm=2 var/cache/libdnf5/c=3" },
		  "dnf-cache 3/3 0 var/cache/dnf/ var/cache/libdnf5/ var/cache/yum/",
		  "" },
		{ { "var/lib/rpm/rpmdb.sqlite=1" }, "", "" },
		{ { "var/cache/zypp/raw/x=1" }, "zypper-cache 1/1 0 var/cache/zypp/", "" },
		{ { "var/cache/pacman/pkg/a.pkg.tar.zst=1" }, "pacman-cache 1/1 0 var/cache/pacman/pkg/", "" },
		{ { "root/.cache/pip/http/a=12 home/x/.cache/uv/b=3" },
		  "pip-cache 3/2 0 home/x/.cache/uv/ root/.cache/pip/",
		  "" },
		{ { "root/.cache/pypoetry/virtualenvs/app/bin/x=1 root/.cache/pypoetry/artifacts/y=2" },
		  "pip-cache 1/1 0 root/.cache/pypoetry/artifacts/",
		  "" },
		{ { "root/.cache/huggingface/model.bin=1 root/.cache/ms-playwright/chrome=2 root/.cache/pre-commit/x=3" },
		  "",
		  "" },
		{ { "root/.npm/_cacache/x=1 root/.npm/_logs/y=2 root/.npm/_npx/z=3" },
		  "npm-cache 2/2 0 root/.npm/_cacache/ root/.npm/_logs/",
		  "" },
		{ { "usr/local/share/.cache/yarn/v6/x=1" }, "yarn-cache 1/1 0 usr/local/share/.cache/yarn/", "" },
		{ { "app/.yarn/cache/lodash.zip=1 app/node_modules/x/index.js=1" }, "", "" },
		{ { "opt/conda/conda-meta/history=1 opt/conda/pkgs/x/lib/y=12" },
		  "conda-cache 2/1 0 opt/conda/pkgs/",
		  "" },
		{ { "srv/pkgs/x/lib/y=12" }, "", "" },
		{ { "root/.cargo/registry/cache/x.crate=1 usr/local/cargo/git/db/y=2 usr/local/cargo/bin/cargo=3" },
		  "cargo-cache 2/2 0 root/.cargo/registry/ usr/local/cargo/git/",
		  "" },
		{ { "go/pkg/mod/a/b.go=12 root/.cache/go-build/00/x=3 go/bin/tool=4 src/vendor/a/b.go=5" },
		  "go-cache 3/2 0 go/pkg/mod/ root/.cache/go-build/",
		  "" },
		{ { "usr/lib/ruby/gems/3.1.0/cache/a.gem=1 usr/lib/ruby/gems/3.1.0/cache/b.rb=2" },
		  "gem-cache 1/1 0 usr/lib/ruby/gems/3.1.0/cache/",
		  "" },
		{ { "root/.composer/cache/files/x.zip=1" }, "composer-cache 1/1 0 root/.composer/cache/", "" },
		{ { "root/.m2/repository/a.jar=1" }, "java-cache 1/1 0 root/.m2/repository/", "" },
		{ { "root/.ccache/0/x=1" }, "compiler-cache 1/1 0 root/.ccache/", "" },
	};
	CHECK_ALL(cases);
}

static void knows_what_builds_leave(void **state)
{
	(void)state;
	static const struct known_case cases[] = {
		{ { "tmp/x=12 var/tmp/d/y=3" }, "temporary-files 3/2 0 tmp/ var/tmp/", "" },
		{ { "srv/tmp/x=12 tmpx=3" }, "", "" },
		{ { "tmp/empty=" }, "", "" },
		{ { "var/log/apt/term.log=12 var/log/lastlog=345" },
		  "login-records 3/1 0 var/log/, logs 2/1 0 var/log/",
		  "" },
		{ { "var/log/app/lastlog=1" }, "logs 1/1 0 var/log/", "" },
		{ { "var/cache/ldconfig/aux-cache=1 var/cache/man/index.db=2 var/cache/fontconfig/x=3" },
		  "system-caches 2/2 0 var/cache/ldconfig/ var/cache/man/",
		  "" },
		{ { "usr/lib/x.py=1 usr/lib/__pycache__/x.cpython-311.pyc=12 usr/lib/y.py=1 usr/lib/y.pyc=345" },
		  "python-bytecode 5/2 0 usr/lib/__pycache__/ usr/lib/y.pyc",
		  "" },
		{ { "app/main.pyc=1 app/__pycache__/data.txt=2" }, "", "" }, /* shipped without its source */
		{ { "src/r-1.2/ src/r-1.2/x=1 src/r-1.2.tar.gz=12 src/pkg/ src/pkg_0.1.tar.gz=3" },
		  "unpacked-archive 3/2 0 src/pkg_0.1.tar.gz src/r-1.2.tar.gz",
		  "" },
		{ { "www/app.js=1 www/app.js.gz=2 data/a.tar.gz=3 data/a=4 my_x/ my_x/y.zip=5 q/.zip=6 w/app/ w/app.war=7" },
		  "",
		  "" },
		{ { "usr/lib/debug/.build-id/ab/c.debug=1" }, "debug-files 1/1 0 usr/lib/debug/", "" },
		{ { "usr/lib/libx.a=12 usr/lib/libx.so=1" }, "static-libraries 2/1 0 usr/lib/libx.a", "" },
		{ { "usr/lib/libx.a=12 usr/lib/libx.so@libx.so.1" }, "static-libraries 2/1 0 usr/lib/libx.a", "" },
		{ { "usr/lib/libpthread.a=1 usr/lib/libc_nonshared.a=2 usr/lib/libc_nonshared.so=2 usr/lib/x.a=3 usr/lib/x.so=4 "
		    "usr/lib/libgcc.a=5 usr/lib/libgcc.so=6 usr/lib/libgfortran.a=7 usr/lib/libgfortran.so=8" },
		  "",
		  "" },
	};
	CHECK_ALL(cases);
}

#define COPIED "\"history\":[{\"created_by\":\"COPY . /app\"}]"
#define RAN "\"history\":[{\"created_by\":\"RUN x\"}]"

static void knows_what_came_with_a_folder(void **state)
{
	(void)state;
	static const struct known_case cases[] = {
		{ { "app/.git/HEAD=1 app/.git/objects/x=23 app/.gitignore=1" },
		  "version-control 3/2 0 app/.git/",
		  COPIED },
		{ { "app/.git/HEAD=1" }, "version-control 1/1 0 app/.git/", RAN },
		{ { "app/.git/notes=1 app/.git=1" }, "", COPIED },
		{ { "app/.idea/x=1 app/.pytest_cache/y=2 app/.DS_Store=3" },
		  "workspace-leftovers 3/3 0 app/.DS_Store app/.idea/ app/.pytest_cache/",
		  COPIED },
		{ { "app/.idea/x=1 app/.pytest_cache/y=2 app/.DS_Store=3" }, "", RAN },
		{ { "app/.env=A=1 app/.dockerignore=1 app/src/x=1" }, "", COPIED },
	};
	CHECK_ALL(cases);
}

#define GERMAN "\"config\":{\"Env\":[\"LANG=de_DE.UTF-8\",\"LANGUAGE=fr:en\"]}"

static void knows_documentation(void **state)
{
	(void)state;
	static const struct known_case cases[] = {
		{ { "usr/share/doc/x/changelog.gz=12 usr/share/doc/x/copyright=3456 usr/share/info/y.info.gz=7" },
		  "documentation 3/2 0 usr/share/doc/ usr/share/info/",
		  "" },
		{ { "usr/share/doc/x/LICENSE.txt=1 usr/share/doc/x/COPYING=2 usr/share/doc/x/NOTICE=3 usr/share/licenses/y=4" },
		  "",
		  "" },
		{ { "usr/share/man/man1/x.1.gz=12 usr/local/share/man/y=3" },
		  "manual-pages 3/2 0 usr/local/share/man/ usr/share/man/",
		  "" },
		{ { "usr/share/locale/de/LC_MESSAGES/x.mo=12 usr/share/locale/fr_CA/LC_MESSAGES/x.mo=3 usr/share/locale/locale.alias=4" },
		  "translations 3/2 0 usr/share/locale/",
		  "" },
		{ { "usr/share/locale/de/LC_MESSAGES/x.mo=12 usr/share/locale/de_AT/LC_MESSAGES/x.mo=12 "
		    "usr/share/locale/fr_CA/LC_MESSAGES/x.mo=3 usr/share/locale/ja/LC_MESSAGES/x.mo=4567" },
		  "translations 4/1 0 usr/share/locale/",
		  GERMAN },
		{ { "usr/lib/locale/C.utf8/LC_CTYPE=1 usr/share/i18n/locales/de_DE=2" }, "", "" },
	};
	CHECK_ALL(cases);
}

#define PACKAGE(path) path "/DESCRIPTION=1 " path "/Meta/package.rds=1 "

static void knows_parts_of_r(void **state)
{
	(void)state;
	static const struct known_case cases[] = {
		{ { PACKAGE(
			  "usr/lib/R/library/base") "usr/lib/R/library/base/help/base.rdb=12 "
						    "usr/lib/R/library/base/html/R.css=3 usr/share/R/doc/html/x=4 usr/share/R/doc/CRAN_mirrors.csv=5" },
		  "r-help 4/3 0 usr/lib/R/library/base/help/ usr/lib/R/library/base/html/ usr/share/R/doc/html/",
		  "" },
		{ { PACKAGE(
			  "srv/lib/x") "srv/lib/x/doc/a.pdf=12 srv/lib/x/demo/b.R=3 srv/lib/x/tests/t.R=45 srv/lib/x/R/x.rdb=6 "
				       "srv/lib/x/libs/x.so=7 srv/lib/x/data/d.rda=8" },
		  "r-vignettes 3/2 0 srv/lib/x/demo/ srv/lib/x/doc/, r-tests 2/1 0 srv/lib/x/tests/",
		  "" },
		{ { PACKAGE(
			  "l/x") "l/x/po/de/LC_MESSAGES/R-x.mo=1 usr/lib/R/library/translations/fr/LC_MESSAGES/R.mo=2" },
		  "r-translations 2/2 0 l/x/po/ usr/lib/R/library/translations/",
		  "" },
		{ { PACKAGE("l/x") "l/x/po/de/LC_MESSAGES/R-x.mo=1" }, "", GERMAN },
		{ { "src/x/DESCRIPTION=1 src/x/help/a=2 src/x/doc/b=3 src/x/tests/c=4 usr/lib/R/doc/COPYING=5" },
		  "",
		  "" },
		{ { "root/.cache/R/pkgcache/x=12 usr/lib/R/site-library/00LOCK-y/y/libs/y.so=3 tmp/Rtmp1/downloaded_packages/z=4" },
		  "r-cache 4/3 0 root/.cache/R/pkgcache/ tmp/Rtmp1/downloaded_packages/ usr/lib/R/site-library/00LOCK-y/",
		  "" },
	};
	CHECK_ALL(cases);
}

static void leaves_what_something_else_needs(void **state)
{
	(void)state;
	static const struct known_case cases[] = {
		/* a renv library is links into the cache */
		{ { "root/.cache/R/renv/cache/v5/x/DESCRIPTION=12 root/.cache/R/renv/cache/v5/y/DESCRIPTION=3 "
		    "srv/renv/library/x@/root/.cache/R/renv/cache/v5/x" },
		  "r-cache 1/1 0 root/.cache/R/renv/",
		  "" },
		{ { "tmp/app/run=12 tmp/junk=3 usr/bin/run@../../tmp/app/run" }, "temporary-files 1/1 0 tmp/", "" },
		{ { "tmp/a/x=12 tmp/b@/tmp/a" }, "temporary-files 2/1 0 tmp/", "" }, /* from inside */
		{ { "var/tmp/x=12 usr/tmp@/var/tmp" },
		  "temporary-files 2/1 0 var/tmp/",
		  "" }, /* the place, not what is in it */
		{ { "tmp/x=12 bin/x@/tmp/x usr/bin/y@../../bin/x" }, "", "" },
		{ { "tmp/x=12 bin/x@../../../tmp/x" }, "", "" },
		{ { "tmp/x=12 bin/x@/tmp/nothing/../x" }, "temporary-files 2/1 0 tmp/", "" }, /* leads nowhere */
		{ { "tmp/app/x=12 tmp/y=3" }, "temporary-files 1/1 0 tmp/", "\"config\":{\"WorkingDir\":\"/tmp/app\"}" },
		{ { "tmp/app/x=12 tmp/y=3" }, "", "\"config\":{\"WorkingDir\":\"/tmp/\"}" },
		{ { "tmp/app/x=12 tmp/y=3" },
		  "temporary-files 1/1 0 tmp/",
		  "\"config\":{\"Entrypoint\":[\"/tmp/app/x\"]}" },
		{ { "tmp/app/x=12 tmp/y=3" },
		  "temporary-files 1/1 0 tmp/",
		  "\"config\":{\"Cmd\":[\"/bin/sh\",\"-c\",\"exec /tmp/app/x --log=/tmp/log\"]}" },
		{ { "tmp/app/x=12 tmp/y=3" },
		  "temporary-files 1/1 0 tmp/",
		  "\"config\":{\"Env\":[\"TMPDIR=/tmp\",\"PATH=/bin:/tmp/app\"]}" },
		/* what is read only is listed whoever points at it */
		{ { "usr/share/doc/x/a=12 etc/x@/usr/share/doc/x/a" }, "documentation 2/1 0 usr/share/doc/", "" },
	};
	CHECK_ALL(cases);
}

static void counts_an_inode_once(void **state)
{
	(void)state;
	static const struct known_case cases[] = {
		/* conda links what it unpacks into its environments: only what no environment has can go */
		{ { "opt/conda/conda-meta/h=1 opt/conda/pkgs/x/lib=123 opt/conda/lib+opt/conda/pkgs/x/lib opt/conda/pkgs/y=45" },
		  "conda-cache 2/1 0 opt/conda/pkgs/",
		  "" },
		{ { "tmp/a=123 tmp/b+tmp/a" }, "temporary-files 3/1 0 tmp/", "" },
		{ { "tmp/a=123 z+tmp/a", ".wh.z=" }, "temporary-files 3/1 0 tmp/", "" },
		{ { "tmp/a=123 z+tmp/a", "tmp/.wh.a=" }, "", "" },
		/* the rule that goes furthest: the bytes go with the last name only */
		{ { "tmp/a=123 usr/share/man/b+tmp/a" }, "manual-pages 3/1 0 tmp/", "" },
		{ { "usr/share/man/b=123 tmp/a+usr/share/man/b" }, "manual-pages 3/1 0 tmp/", "" },
		/* the first rule in order */
		{ { "tmp/.git/HEAD=1 usr/share/doc/x/__pycache__/y.pyc=2" },
		  "documentation 1/1 0 usr/share/doc/, temporary-files 1/1 0 tmp/",
		  "" },
		/* by the layer that holds it, and only what is seen */
		{ { "tmp/a=123", "tmp/b=12", "tmp/.wh.a=" }, "temporary-files 2/1 1 tmp/", "" },
		{ { "tmp/a=123", "tmp/a=123" }, "temporary-files 3/1 1 tmp/", "" },
	};
	CHECK_ALL(cases);
}

static void shows_where_most_is(void **state)
{
	(void)state;
	static const char *const layers[TEST_LAYERS_MAX] = {
		"a/.ccache/x=1 b/.ccache/x=12345 c/.ccache/x=12 c/.ccache/y=34 d/.ccache/x=123 e/.ccache/x=1"
	};
	struct known known;
	know(&known, layers, "");
	assert_int_equal(known.analysis->known_count, 1);
	const struct lopt_known_row *row = &known.analysis->known[0];
	assert_int_equal(row->path_count, 3);
	assert_true(lopt_str_is(row->paths[0], "b/.ccache/"));
	assert_true(lopt_str_is(row->paths[1], "c/.ccache/"));
	assert_true(lopt_str_is(row->paths[2], "d/.ccache/"));
	assert_true(lopt_str_is(row->largest, "b/.ccache/"));
	forget(&known);
}

/* --- figures and findings --- */

static void tells_what_is_reclaimable(void **state)
{
	(void)state;
	static const char *const layers[TEST_LAYERS_MAX] = { "tmp/a=123 b=4567", "usr/share/man/c=12 .wh.b= tmp/d=8" };
	const struct lopt_analysis_options options = { .has_base_layers = true, .base_layers = 1 };
	struct known known;
	know(&known, layers, "");
	assert_int_equal(known.analysis->totals.reclaimable_bytes, 8);
	assert_int_equal(known.analysis->layers[0].reclaimable_bytes, 7);
	assert_int_equal(known.analysis->layers[1].reclaimable_bytes, 1);
	lopt_analysis_free(known.analysis);
	assert_int_equal(lopt_analysis_make(&known.analysis, known.image, &options, &err), LOPT_OK);
	assert_int_equal(known.analysis->base.reclaimable_bytes, 7);
	assert_int_equal(known.analysis->own.reclaimable_bytes, 1);
	forget(&known);
}

static const struct lopt_finding *finding_of(const struct known *known, const char *rule)
{
	for (size_t i = 0; i < known->analysis->finding_count; i++)
		if (strcmp(known->analysis->findings[i].rule, rule) == 0)
			return &known->analysis->findings[i];
	fail_msg("no finding %s", rule);
	return NULL;
}

static void advises_by_what_made_it(void **state)
{
	(void)state;
	static const struct {
		const char *layer, *configuration, *want;
		bool base;
	} cases[] = {
		{ "var/cache/apt/archives/x.deb=1", RAN, "&& apt-get clean", false },
		{ "var/cache/apt/archives/x.deb=1 etc/apt/apt.conf.d/docker-clean=1", RAN, "(docker-clean)", false },
		{ "var/cache/apt/archives/x.deb=1", COPIED, ".dockerignore", false },
		{ "var/cache/apt/archives/x.deb=1", RAN, "base image", true },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		const char *const layers[TEST_LAYERS_MAX] = { cases[i].layer };
		const struct lopt_analysis_options options = { .has_base_layers = cases[i].base, .base_layers = 1 };
		struct known known;
		know(&known, layers, cases[i].configuration);
		lopt_analysis_free(known.analysis);
		assert_int_equal(lopt_analysis_make(&known.analysis, known.image, &options, &err), LOPT_OK);
		const struct lopt_finding *finding = finding_of(&known, "apt-archives");
		if (!strstr(finding->advice.ptr, cases[i].want))
			fail_msg("\"%s\" does not say \"%s\"", finding->advice.ptr, cases[i].want);
		assert_int_equal(finding->level, LOPT_LEVEL_SAFE);
		assert_int_equal(finding->bytes, 1);
		assert_string_equal(finding->message.ptr,
				    "layer 0 holds package archives that apt downloaded (1 file); "
				    "once gone, nothing changes");
		forget(&known);
	}
}

/* --- ELF --- */

enum { SYMBOLS = 48, STRINGS = 7, DEBUG = 100 };

/* A program of nothing but sections that strip takes away. */
static void make_elf(struct lopt_buf *file)
{
	static const char names[] = "\0.symtab\0.strtab\0.debug_info\0.shstrtab";
	enum { SYMTAB = 1, STRTAB = 9, DEBUG_INFO = 17, SHSTRTAB = 29, COUNT = 5 };
	const uint64_t data = sizeof(Elf64_Ehdr);
	const uint64_t table = (data + SYMBOLS + STRINGS + DEBUG + sizeof names + 7) / 8 * 8;
	const Elf64_Ehdr header = {
		.e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
		.e_type = ET_DYN,
		.e_machine = EM_X86_64,
		.e_version = EV_CURRENT,
		.e_shoff = table,
		.e_ehsize = sizeof(Elf64_Ehdr),
		.e_shentsize = sizeof(Elf64_Shdr),
		.e_shnum = COUNT,
		.e_shstrndx = COUNT - 1,
	};
	const Elf64_Shdr sections[COUNT] = {
		{ 0 },
		{ .sh_name = SYMTAB,
		  .sh_type = SHT_SYMTAB,
		  .sh_offset = data,
		  .sh_size = SYMBOLS,
		  .sh_link = 2,
		  .sh_entsize = 24 },
		{ .sh_name = STRTAB, .sh_type = SHT_STRTAB, .sh_offset = data + SYMBOLS, .sh_size = STRINGS },
		{ .sh_name = DEBUG_INFO,
		  .sh_type = SHT_PROGBITS,
		  .sh_offset = data + SYMBOLS + STRINGS,
		  .sh_size = DEBUG },
		{ .sh_name = SHSTRTAB,
		  .sh_type = SHT_STRTAB,
		  .sh_offset = data + SYMBOLS + STRINGS + DEBUG,
		  .sh_size = sizeof names },
	};
	lopt_buf_add(file, &header, sizeof header);
	while (file->len < data + SYMBOLS + STRINGS + DEBUG)
		lopt_buf_char(file, 'x');
	lopt_buf_add(file, names, sizeof names);
	while (file->len < table)
		lopt_buf_char(file, '\0');
	lopt_buf_add(file, sections, sizeof sections);
}

static void counts_what_strip_takes(void **state)
{
	(void)state;
	static const struct {
		const char *path;
		unsigned mode;
		const char *want;
	} cases[] = {
		{ "usr/bin/x", 0755, "unstripped-elf 155/1 0 usr/bin/x" },
		{ "usr/lib/libx.so.1", 0644, "unstripped-elf 155/1 0 usr/lib/libx.so.1" },
		{ "usr/lib/x.so", 0644, "unstripped-elf 155/1 0 usr/lib/x.so" },
		{ "lib/modules/x.ko", 0755, "" },
		{ "usr/lib/crt1.o", 0755, "" },
		{ "srv/data", 0644, "" },
		{ "srv/x.sock", 0644, "" },
	};
	struct lopt_buf file = LOPT_BUF_INIT(1 << 16);
	make_elf(&file);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct lopt_buf text = LOPT_BUF_INIT(1 << 16), layers[TEST_LAYERS_MAX] = { LOPT_BUF_INIT(1 << 16) };
		struct known known;
		test_tar_header(&layers[0], &(struct test_header){
						    .name = cases[i].path, .mode = cases[i].mode, .size = file.len });
		test_tar_content(&layers[0], file.data, file.len);
		test_tar_end(&layers[0]);
		know_layers(&known, layers, "");
		print_rows(&known, &text);
		assert_string_equal(text.data ? text.data : "", cases[i].want);
		assert_int_equal(known.analysis->totals.reclaimable_bytes, 0);
		forget(&known);
		lopt_buf_release(&text);
		lopt_buf_release(&layers[0]);
	}
	lopt_buf_release(&file);
}

/* A late chmod -R +x makes databases look like programs. */
static void keeps_contents_rather_than_sections(void **state)
{
	(void)state;
	static const struct {
		const char *path;
		unsigned mode;
		enum lopt_keep want;
	} cases[] = {
		{ "var/lib/dpkg/status", 0755, LOPT_KEEP_ALL },
		{ "usr/bin/x", 0755, LOPT_KEEP_SECTIONS },
		{ "usr/bin/x", 0644, LOPT_KEEP_NOTHING },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		const struct lopt_entry entry = {
			.path = lopt_str_from(cases[i].path), .mode = cases[i].mode, .size = 1000, .type = LOPT_FILE
		};
		assert_int_equal(lopt_analysis_keep(&entry, lopt_str_make(NULL, 0)), cases[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(knows_what_package_managers_leave),
		cmocka_unit_test(knows_what_builds_leave),
		cmocka_unit_test(knows_what_came_with_a_folder),
		cmocka_unit_test(knows_documentation),
		cmocka_unit_test(knows_parts_of_r),
		cmocka_unit_test(leaves_what_something_else_needs),
		cmocka_unit_test(counts_an_inode_once),
		cmocka_unit_test(shows_where_most_is),
		cmocka_unit_test(tells_what_is_reclaimable),
		cmocka_unit_test(advises_by_what_made_it),
		cmocka_unit_test(counts_what_strip_takes),
		cmocka_unit_test(keeps_contents_rather_than_sections),
	};
	return cmocka_run_group_tests_name("known", tests, NULL, NULL);
}
