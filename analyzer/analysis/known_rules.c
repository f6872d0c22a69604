/* SPDX-License-Identifier: MIT */
#include "analysis/known.h"

/*
 * The rules. Level safe is what a container does not miss: it is there because a build left it behind, or what made it
 * makes it again. Standard is what somebody may miss; aggressive is what something may need. docs/metrics.md has
 * the same table, and tests/docs holds them to each other.
 */
static const struct lopt_known_rule rules[] = {
	[LOPT_KNOWN_APT_ARCHIVES] = {
		.name = "apt-archives",
		.level = LOPT_LEVEL_SAFE,
		.what = "package archives that apt downloaded",
		.effect = "nothing changes",
		.advice = "End the instruction that installs with: && apt-get clean. Or give apt a cache mount: "
			  "RUN --mount=type=cache,target=/var/cache/apt,sharing=locked ...",
		.kept = "The image tells apt to remove them (docker-clean), and still they are kept: look for "
			"Keep-Downloaded-Packages or apt-get download, and remove them in the same instruction.",
		.fits = lopt_fits_apt_archive,
	},
	[LOPT_KNOWN_APT_CACHE] = {
		.name = "apt-cache",
		.level = LOPT_LEVEL_SAFE,
		.what = "the package index that apt builds whenever it runs",
		.effect = "nothing changes",
		.advice = "End the instruction that runs apt with: && rm -f /var/cache/apt/*.bin",
		.fits = lopt_fits_apt_cache,
	},
	[LOPT_KNOWN_APT_LISTS] = {
		.name = "apt-lists",
		.level = LOPT_LEVEL_SAFE,
		.what = "package lists of apt",
		.effect = "apt-get install needs an apt-get update before it",
		.advice = "End the instruction that runs apt-get update with: && rm -rf /var/lib/apt/lists/*. Later ones "
			  "that install have to run apt-get update too.",
	},
	[LOPT_KNOWN_DPKG_BACKUPS] = {
		.name = "dpkg-backups",
		.level = LOPT_LEVEL_SAFE,
		.what = "older copies of the databases of dpkg and debconf",
		.effect = "nothing changes",
		.advice = "End the instruction that installs with: && rm -f /var/lib/dpkg/*-old /var/cache/debconf/*-old",
		.fits = lopt_fits_dpkg_backup,
	},
	[LOPT_KNOWN_APK_CACHE] = {
		.name = "apk-cache",
		.level = LOPT_LEVEL_SAFE,
		.what = "packages and lists that apk downloaded",
		.effect = "nothing changes",
		.advice = "Install with: apk add --no-cache ...",
	},
	[LOPT_KNOWN_DNF_CACHE] = {
		.name = "dnf-cache",
		.level = LOPT_LEVEL_SAFE,
		.what = "packages and metadata that yum or dnf downloaded",
		.effect = "nothing changes",
		.advice = "End the instruction that installs with: && dnf clean all (or: yum clean all)",
	},
	[LOPT_KNOWN_ZYPPER_CACHE] = {
		.name = "zypper-cache",
		.level = LOPT_LEVEL_SAFE,
		.what = "packages and metadata that zypper downloaded",
		.effect = "nothing changes",
		.advice = "End the instruction that installs with: && zypper clean --all",
	},
	[LOPT_KNOWN_PACMAN_CACHE] = {
		.name = "pacman-cache",
		.level = LOPT_LEVEL_SAFE,
		.what = "packages that pacman downloaded",
		.effect = "nothing changes",
		.advice = "End the instruction that installs with: && pacman -Scc --noconfirm",
	},
	[LOPT_KNOWN_PIP_CACHE] = {
		.name = "pip-cache",
		.level = LOPT_LEVEL_SAFE,
		.what = "what pip, uv or poetry downloaded and built",
		.effect = "nothing changes",
		.advice = "Install with: pip install --no-cache-dir ..., or give it a cache mount: "
			  "RUN --mount=type=cache,target=/root/.cache ...",
	},
	[LOPT_KNOWN_NPM_CACHE] = {
		.name = "npm-cache",
		.level = LOPT_LEVEL_SAFE,
		.what = "what npm, pnpm or bun downloaded",
		.effect = "nothing changes",
		.advice = "End the instruction that installs with: && npm cache clean --force, or give it a cache mount: "
			  "RUN --mount=type=cache,target=/root/.npm ...",
	},
	[LOPT_KNOWN_YARN_CACHE] = {
		.name = "yarn-cache",
		.level = LOPT_LEVEL_SAFE,
		.what = "what yarn downloaded",
		.effect = "nothing changes",
		.advice = "End the instruction that installs with: && yarn cache clean",
	},
	[LOPT_KNOWN_CONDA_CACHE] = {
		.name = "conda-cache",
		.level = LOPT_LEVEL_SAFE,
		.what = "packages that conda or mamba unpacked and installed from",
		.effect = "nothing changes",
		.advice = "End the instruction that installs with: && conda clean --all --yes",
	},
	[LOPT_KNOWN_CARGO_CACHE] = {
		.name = "cargo-cache",
		.level = LOPT_LEVEL_SAFE,
		.what = "crates and indexes that cargo downloaded",
		.effect = "cargo downloads them again when something is built",
		.advice = "Build in a stage of its own and copy the program out of it, or give cargo a cache mount: "
			  "RUN --mount=type=cache,target=/usr/local/cargo/registry ...",
	},
	[LOPT_KNOWN_GO_CACHE] = {
		.name = "go-cache",
		.level = LOPT_LEVEL_SAFE,
		.what = "modules that go downloaded, and what it compiled of them",
		.effect = "go downloads and compiles them again when something is built",
		.advice = "Build in a stage of its own and copy the program out of it, or give go cache mounts: "
			  "RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build ...",
	},
	[LOPT_KNOWN_GEM_CACHE] = {
		.name = "gem-cache",
		.level = LOPT_LEVEL_SAFE,
		.what = "archives of installed Ruby gems",
		.effect = "nothing changes, but that gem pristine downloads them",
		.advice = "End the instruction that installs with: && rm -rf \"$(gem env gemdir)\"/cache",
		.fits = lopt_fits_gem,
	},
	[LOPT_KNOWN_COMPOSER_CACHE] = {
		.name = "composer-cache",
		.level = LOPT_LEVEL_SAFE,
		.what = "what composer downloaded",
		.effect = "nothing changes",
		.advice = "End the instruction that installs with: && composer clear-cache",
	},
	[LOPT_KNOWN_R_CACHE] = {
		.name = "r-cache",
		.level = LOPT_LEVEL_SAFE,
		.what = "R packages that install.packages, pak or renv downloaded or left locked",
		.effect = "nothing changes",
		.advice = "Remove them in the instruction that installs: && rm -rf /tmp/downloaded_packages /root/.cache/R. Or "
			  "give it a cache mount: RUN --mount=type=cache,target=/root/.cache/R ... (with renv, isolate the "
			  "library first: renv::isolate())",
	},
	[LOPT_KNOWN_COMPILER_CACHE] = {
		.name = "compiler-cache",
		.level = LOPT_LEVEL_SAFE,
		.what = "what ccache or bazel compiled",
		.effect = "a build compiles it again",
		.advice = "Give it a cache mount: RUN --mount=type=cache,target=/root/.cache ...",
	},
	[LOPT_KNOWN_SYSTEM_CACHES] = {
		.name = "system-caches",
		.level = LOPT_LEVEL_SAFE,
		.what = "indexes that ldconfig and man-db build",
		.effect = "nothing changes",
		.advice = "End the instruction that installs with: && rm -rf /var/cache/ldconfig/aux-cache /var/cache/man/*",
	},
	[LOPT_KNOWN_LOGIN_RECORDS] = {
		.name = "login-records",
		.level = LOPT_LEVEL_SAFE,
		.what = "records of logins, in a table as long as the highest user number",
		.effect = "nothing changes",
		.advice = "Make users with: useradd --no-log-init ..., or end that instruction with: && rm -f "
			  "/var/log/lastlog /var/log/faillog",
		.fits = lopt_fits_login_record,
	},
	[LOPT_KNOWN_LOGS] = {
		.name = "logs",
		.level = LOPT_LEVEL_SAFE,
		.what = "logs of the build",
		.effect = "nothing changes",
		.advice = "End the instruction that writes them with: && find /var/log -type f -delete",
	},
	[LOPT_KNOWN_TEMPORARY_FILES] = {
		.name = "temporary-files",
		.level = LOPT_LEVEL_SAFE,
		.what = "temporary files",
		.effect = "nothing changes: nothing in the image names them",
		.advice = "Remove them in the instruction that makes them, or give it a mount that is no part of the image: "
			  "RUN --mount=type=tmpfs,target=/tmp ...",
	},
	[LOPT_KNOWN_JAVA_CACHE] = {
		.name = "java-cache",
		.level = LOPT_LEVEL_STANDARD,
		.what = "what maven, gradle, ivy or coursier downloaded",
		.effect = "a build in the container downloads it again, and programs started from there do not start",
		.advice = "Build in a stage of its own and copy the program out of it, or give it a cache mount: "
			  "RUN --mount=type=cache,target=/root/.m2 ...",
	},
	[LOPT_KNOWN_VERSION_CONTROL] = {
		.name = "version-control",
		.level = LOPT_LEVEL_STANDARD,
		.what = "the history of a repository",
		.effect = "its folder is no working copy any more: git and what asks git for a version fail there",
		.advice = "Clone with --depth 1 and remove the history in the same instruction: && rm -rf .../.git",
	},
	[LOPT_KNOWN_WORKSPACE_LEFTOVERS] = {
		.name = "workspace-leftovers",
		.level = LOPT_LEVEL_STANDARD,
		.what = "caches and settings of developers' tools",
		.effect = "editors and test tools start afresh",
		.advice = "Do not copy them in: name them in .dockerignore.",
		.look = lopt_look_copied,
	},
	[LOPT_KNOWN_DOCUMENTATION] = {
		.name = "documentation",
		.level = LOPT_LEVEL_STANDARD,
		.what = "documentation, licences apart",
		.effect = "there is nothing to read in /usr/share/doc but licences",
		.advice = "Tell dpkg before the first installation: echo 'path-exclude=/usr/share/doc/*' and "
			  "'path-include=/usr/share/doc/*/copyright' into /etc/dpkg/dpkg.cfg.d/docs. For dnf: --nodocs.",
		.fits = lopt_fits_documentation,
	},
	[LOPT_KNOWN_MANUAL_PAGES] = {
		.name = "manual-pages",
		.level = LOPT_LEVEL_STANDARD,
		.what = "manual pages",
		.effect = "man has nothing to show",
		.advice = "Tell dpkg before the first installation: echo 'path-exclude=/usr/share/man/*' into "
			  "/etc/dpkg/dpkg.cfg.d/docs. Some packages want the directories man1 to man9 to be there.",
	},
	[LOPT_KNOWN_TRANSLATIONS] = {
		.name = "translations",
		.level = LOPT_LEVEL_STANDARD,
		.what = "translations into languages that the configuration does not ask for",
		.effect = "messages are in English, whatever LANG says at run time",
		.advice = "Tell dpkg before the first installation: echo 'path-exclude=/usr/share/locale/*/LC_MESSAGES/*' into "
			  "/etc/dpkg/dpkg.cfg.d/docs.",
		.look = lopt_look_translation,
	},
	[LOPT_KNOWN_R_HELP] = {
		.name = "r-help",
		.level = LOPT_LEVEL_STANDARD,
		.what = "help pages and manuals of R",
		.effect = "?topic and help.start() find nothing; library() works",
		.advice = "Install packages with: install.packages(..., INSTALL_opts = c(\"--no-help\", \"--no-html\")), or end the "
			  "instruction that installs with: && rm -rf /usr/lib/R/*library/*/help /usr/lib/R/*library/*/html",
	},
	[LOPT_KNOWN_R_VIGNETTES] = {
		.name = "r-vignettes",
		.level = LOPT_LEVEL_STANDARD,
		.what = "vignettes and demos of R packages",
		.effect = "vignette() and demo() find nothing; library() works",
		.advice = "Install packages with: install.packages(..., INSTALL_opts = \"--no-docs\"), or end the instruction that "
			  "installs with: && rm -rf /usr/lib/R/*library/*/doc /usr/lib/R/*library/*/demo",
	},
	[LOPT_KNOWN_R_TESTS] = {
		.name = "r-tests",
		.level = LOPT_LEVEL_STANDARD,
		.what = "tests of installed R packages",
		.effect = "tools::testInstalledPackage() finds nothing; library() works",
		.advice = "Install packages without --install-tests, or end the instruction that installs with: "
			  "&& rm -rf /usr/lib/R/*library/*/tests",
	},
	[LOPT_KNOWN_R_TRANSLATIONS] = {
		.name = "r-translations",
		.level = LOPT_LEVEL_STANDARD,
		.what = "translations of R into languages that the configuration does not ask for",
		.effect = "messages of R are in English, whatever LANG says at run time",
		.advice = "End the instruction that installs with: && rm -rf /usr/lib/R/*library/*/po "
			  "/usr/lib/R/library/translations",
		.look = lopt_look_translation,
	},
	[LOPT_KNOWN_PYTHON_BYTECODE] = {
		.name = "python-bytecode",
		.level = LOPT_LEVEL_STANDARD,
		.what = "Python modules compiled beside their source",
		.effect = "Python starts slower, the first time or, where it may not write there, every time",
		.advice = "Set PYTHONDONTWRITEBYTECODE=1 while building and install with: pip install --no-compile ..., or end "
			  "the instruction with: && find / -name __pycache__ -prune -exec rm -rf {} +",
		.look = lopt_look_bytecode,
	},
	[LOPT_KNOWN_DEBUG_FILES] = {
		.name = "debug-files",
		.level = LOPT_LEVEL_STANDARD,
		.what = "debug information in files of its own",
		.effect = "debuggers and profilers show addresses in place of names",
		.advice = "Do not install the -dbg and -dbgsym packages.",
	},
	[LOPT_KNOWN_UNPACKED_ARCHIVE] = {
		.name = "unpacked-archive",
		.level = LOPT_LEVEL_STANDARD,
		.what = "archives beside what they unpacked to",
		.effect = "the archive cannot be unpacked again",
		.advice = "Remove the archive in the instruction that unpacks it, or unpack it as it comes: curl ... | tar -x, or "
			  "ADD for a local one.",
		.look = lopt_look_archive,
	},
	[LOPT_KNOWN_UNSTRIPPED_ELF] = {
		.name = "unstripped-elf",
		.level = LOPT_LEVEL_STANDARD,
		.what = "symbols and debug information in programs and libraries",
		.effect = "debuggers and profilers show addresses in place of names",
		.advice = "Strip in the instruction that builds or installs: && strip --strip-unneeded FILE (R: "
			  "INSTALL_opts = \"--strip\"). Not programs that carry data behind their sections.",
		.look = lopt_look_elf,
	},
	[LOPT_KNOWN_STATIC_LIBRARIES] = {
		.name = "static-libraries",
		.level = LOPT_LEVEL_AGGRESSIVE,
		.what = "static libraries beside their shared ones",
		.effect = "programs cannot be linked statically with them (-static, configure scripts that ask for it)",
		.advice = "Remove them in the instruction that installs the -dev packages, or tell dpkg before: echo "
			  "'path-exclude=/usr/lib/*/lib*.a', and include those that linking needs.",
		.look = lopt_look_static_library,
	},
};
_Static_assert(sizeof rules / sizeof rules[0] == LOPT_KNOWN_RULES, "every rule has a row");

const struct lopt_known_rule *lopt_known_rule(enum lopt_known_id id)
{
	return &rules[id];
}

static const struct lopt_known_place places[] = {
	{ "/var/cache/apt/archives", LOPT_KNOWN_APT_ARCHIVES, NULL },
	{ "/var/cache/apt", LOPT_KNOWN_APT_CACHE, NULL },
	{ "/var/lib/apt/lists", LOPT_KNOWN_APT_LISTS, NULL },
	{ "/var/lib/dpkg", LOPT_KNOWN_DPKG_BACKUPS, NULL },
	{ "/var/cache/debconf", LOPT_KNOWN_DPKG_BACKUPS, NULL },
	{ "/var/backups", LOPT_KNOWN_DPKG_BACKUPS, NULL },
	{ "/var/cache/apk", LOPT_KNOWN_APK_CACHE, NULL },
	{ "/etc/apk/cache", LOPT_KNOWN_APK_CACHE, NULL },
	{ "/var/cache/yum", LOPT_KNOWN_DNF_CACHE, NULL },
	{ "/var/cache/dnf", LOPT_KNOWN_DNF_CACHE, NULL },
	{ "/var/cache/libdnf5", LOPT_KNOWN_DNF_CACHE, NULL },
	{ "/var/cache/zypp", LOPT_KNOWN_ZYPPER_CACHE, NULL },
	{ "/var/cache/pacman/pkg", LOPT_KNOWN_PACMAN_CACHE, NULL },
	{ ".cache/pip", LOPT_KNOWN_PIP_CACHE, NULL },
	{ ".cache/uv", LOPT_KNOWN_PIP_CACHE, NULL },
	{ ".cache/pypoetry/cache", LOPT_KNOWN_PIP_CACHE, NULL },
	{ ".cache/pypoetry/artifacts", LOPT_KNOWN_PIP_CACHE, NULL },
	{ ".npm/_cacache", LOPT_KNOWN_NPM_CACHE, NULL },
	{ ".npm/_logs", LOPT_KNOWN_NPM_CACHE, NULL },
	{ ".cache/node-gyp", LOPT_KNOWN_NPM_CACHE, NULL },
	{ ".cache/pnpm", LOPT_KNOWN_NPM_CACHE, NULL },
	{ "pnpm/store", LOPT_KNOWN_NPM_CACHE, NULL },
	{ ".bun/install/cache", LOPT_KNOWN_NPM_CACHE, NULL },
	{ ".cache/yarn", LOPT_KNOWN_YARN_CACHE, NULL },
	{ ".yarn/berry/cache", LOPT_KNOWN_YARN_CACHE, NULL },
	{ "pkgs", LOPT_KNOWN_CONDA_CACHE, lopt_check_conda_root },
	{ ".conda/pkgs", LOPT_KNOWN_CONDA_CACHE, NULL },
	{ ".mamba/pkgs", LOPT_KNOWN_CONDA_CACHE, NULL },
	{ ".cargo/registry", LOPT_KNOWN_CARGO_CACHE, NULL },
	{ ".cargo/git", LOPT_KNOWN_CARGO_CACHE, NULL },
	{ "/usr/local/cargo/registry", LOPT_KNOWN_CARGO_CACHE, NULL },
	{ "/usr/local/cargo/git", LOPT_KNOWN_CARGO_CACHE, NULL },
	{ "go/pkg/mod", LOPT_KNOWN_GO_CACHE, NULL },
	{ ".cache/go-build", LOPT_KNOWN_GO_CACHE, NULL },
	{ "gems/*/cache", LOPT_KNOWN_GEM_CACHE, NULL },
	{ "/usr/local/bundle/cache", LOPT_KNOWN_GEM_CACHE, NULL },
	{ ".composer/cache", LOPT_KNOWN_COMPOSER_CACHE, NULL },
	{ ".cache/composer", LOPT_KNOWN_COMPOSER_CACHE, NULL },
	{ ".cache/R/pkgcache", LOPT_KNOWN_R_CACHE, NULL },
	{ ".cache/R/renv", LOPT_KNOWN_R_CACHE, NULL },
	{ ".local/share/renv", LOPT_KNOWN_R_CACHE, NULL },
	{ "/renv/cache", LOPT_KNOWN_R_CACHE, NULL },
	{ "/tmp/downloaded_packages", LOPT_KNOWN_R_CACHE, NULL },
	{ "/tmp/*/downloaded_packages", LOPT_KNOWN_R_CACHE, NULL },
	{ "site-library/00LOCK*", LOPT_KNOWN_R_CACHE, NULL },
	{ "R/library/00LOCK*", LOPT_KNOWN_R_CACHE, NULL },
	{ ".ccache", LOPT_KNOWN_COMPILER_CACHE, NULL },
	{ ".cache/ccache", LOPT_KNOWN_COMPILER_CACHE, NULL },
	{ ".cache/sccache", LOPT_KNOWN_COMPILER_CACHE, NULL },
	{ ".cache/bazel", LOPT_KNOWN_COMPILER_CACHE, NULL },
	{ "/var/cache/ldconfig", LOPT_KNOWN_SYSTEM_CACHES, NULL },
	{ "/var/cache/man", LOPT_KNOWN_SYSTEM_CACHES, NULL },
	{ "/var/log", LOPT_KNOWN_LOGIN_RECORDS, NULL },
	{ "/var/log", LOPT_KNOWN_LOGS, NULL },
	{ "/tmp", LOPT_KNOWN_TEMPORARY_FILES, NULL },
	{ "/var/tmp", LOPT_KNOWN_TEMPORARY_FILES, NULL },
	{ ".m2/repository", LOPT_KNOWN_JAVA_CACHE, NULL },
	{ ".gradle/caches", LOPT_KNOWN_JAVA_CACHE, NULL },
	{ ".ivy2/cache", LOPT_KNOWN_JAVA_CACHE, NULL },
	{ ".cache/coursier", LOPT_KNOWN_JAVA_CACHE, NULL },
	{ ".git", LOPT_KNOWN_VERSION_CONTROL, lopt_check_git },
	{ ".hg", LOPT_KNOWN_VERSION_CONTROL, NULL },
	{ ".svn", LOPT_KNOWN_VERSION_CONTROL, NULL },
	{ ".bzr", LOPT_KNOWN_VERSION_CONTROL, NULL },
	{ ".idea", LOPT_KNOWN_WORKSPACE_LEFTOVERS, NULL },
	{ ".vscode", LOPT_KNOWN_WORKSPACE_LEFTOVERS, NULL },
	{ ".pytest_cache", LOPT_KNOWN_WORKSPACE_LEFTOVERS, NULL },
	{ ".mypy_cache", LOPT_KNOWN_WORKSPACE_LEFTOVERS, NULL },
	{ ".ruff_cache", LOPT_KNOWN_WORKSPACE_LEFTOVERS, NULL },
	{ ".ipynb_checkpoints", LOPT_KNOWN_WORKSPACE_LEFTOVERS, NULL },
	{ ".tox", LOPT_KNOWN_WORKSPACE_LEFTOVERS, NULL },
	{ ".nox", LOPT_KNOWN_WORKSPACE_LEFTOVERS, NULL },
	{ ".Rproj.user", LOPT_KNOWN_WORKSPACE_LEFTOVERS, NULL },
	{ "/usr/share/doc", LOPT_KNOWN_DOCUMENTATION, NULL },
	{ "/usr/share/doc-base", LOPT_KNOWN_DOCUMENTATION, NULL },
	{ "/usr/share/info", LOPT_KNOWN_DOCUMENTATION, NULL },
	{ "/usr/share/gtk-doc", LOPT_KNOWN_DOCUMENTATION, NULL },
	{ "/usr/share/lintian", LOPT_KNOWN_DOCUMENTATION, NULL },
	{ "/usr/local/share/doc", LOPT_KNOWN_DOCUMENTATION, NULL },
	{ "/usr/local/share/info", LOPT_KNOWN_DOCUMENTATION, NULL },
	{ "/usr/share/man", LOPT_KNOWN_MANUAL_PAGES, NULL },
	{ "/usr/local/share/man", LOPT_KNOWN_MANUAL_PAGES, NULL },
	{ "/usr/local/man", LOPT_KNOWN_MANUAL_PAGES, NULL },
	{ "/usr/share/locale", LOPT_KNOWN_TRANSLATIONS, NULL },
	{ "/usr/local/share/locale", LOPT_KNOWN_TRANSLATIONS, NULL },
	{ "help", LOPT_KNOWN_R_HELP, lopt_check_r_package },
	{ "html", LOPT_KNOWN_R_HELP, lopt_check_r_package },
	{ "R/doc/html", LOPT_KNOWN_R_HELP, NULL },
	{ "R/doc/manual", LOPT_KNOWN_R_HELP, NULL },
	{ "doc", LOPT_KNOWN_R_VIGNETTES, lopt_check_r_package },
	{ "demo", LOPT_KNOWN_R_VIGNETTES, lopt_check_r_package },
	{ "tests", LOPT_KNOWN_R_TESTS, lopt_check_r_package },
	{ "po", LOPT_KNOWN_R_TRANSLATIONS, lopt_check_r_package },
	{ "R/library/translations", LOPT_KNOWN_R_TRANSLATIONS, NULL },
	{ "__pycache__", LOPT_KNOWN_PYTHON_BYTECODE, NULL },
	{ "/usr/lib/debug", LOPT_KNOWN_DEBUG_FILES, NULL },
};

const struct lopt_known_place *lopt_known_place_at(size_t index)
{
	return index < sizeof places / sizeof places[0] ? &places[index] : NULL;
}

#define NAME(end, rule)                    \
	{                                  \
		end, sizeof(end) - 1, rule \
	}
static const struct {
	const char *end;
	size_t len;
	enum lopt_known_id rule;
} names[] = {
	NAME(".pyc", LOPT_KNOWN_PYTHON_BYTECODE),	   NAME(".a", LOPT_KNOWN_STATIC_LIBRARIES),
	NAME(".tar", LOPT_KNOWN_UNPACKED_ARCHIVE),	   NAME(".tar.gz", LOPT_KNOWN_UNPACKED_ARCHIVE),
	NAME(".tgz", LOPT_KNOWN_UNPACKED_ARCHIVE),	   NAME(".tar.bz2", LOPT_KNOWN_UNPACKED_ARCHIVE),
	NAME(".tbz2", LOPT_KNOWN_UNPACKED_ARCHIVE),	   NAME(".tar.xz", LOPT_KNOWN_UNPACKED_ARCHIVE),
	NAME(".txz", LOPT_KNOWN_UNPACKED_ARCHIVE),	   NAME(".tar.zst", LOPT_KNOWN_UNPACKED_ARCHIVE),
	NAME(".zip", LOPT_KNOWN_UNPACKED_ARCHIVE),	   NAME(".DS_Store", LOPT_KNOWN_WORKSPACE_LEFTOVERS),
	NAME("Thumbs.db", LOPT_KNOWN_WORKSPACE_LEFTOVERS), NAME(".Rhistory", LOPT_KNOWN_WORKSPACE_LEFTOVERS),
};

/* Asked for every file: mostly the last letter decides. */
lopt_known_set lopt_known_by_name(const struct lopt_node *node, struct lopt_str name)
{
	lopt_known_set set = 0;
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		size_t len = names[i].len;
		if (name.len >= len && name.ptr[name.len - 1] == names[i].end[len - 1] &&
		    memcmp(name.ptr + name.len - len, names[i].end, len) == 0)
			set |= LOPT_KNOWN_BIT(names[i].rule);
	}
	if (lopt_known_may_be_elf(name, node->entry->mode))
		set |= LOPT_KNOWN_BIT(LOPT_KNOWN_UNSTRIPPED_ELF);
	return set;
}
