/* SPDX-License-Identifier: MIT */
#include "layeropt/finding.h"

/* Every rule of this room, and of the notes that are taken while an image is read; lopt_findings_add() holds them to it. */
static const struct {
	const char *name, *what;
} rules[] = {
	{ "apk-cache", "A layer holds files that apk downloaded." },
	{ "apt-archives", "A layer holds package archives that apt downloaded." },
	{ "apt-cache", "A layer holds the caches that apt makes of its lists." },
	{ "apt-lists", "A layer holds package lists of apt." },
	{ "attribution-impossible",
	  "One layer holds the work of several instructions, so that nothing can be attributed to one." },
	{ "bad-date", "A date of the configuration is none." },
	{ "cargo-cache", "A layer holds what cargo downloaded." },
	{ "compiler-cache", "A layer holds the cache of a compiler." },
	{ "composer-cache", "A layer holds what composer downloaded." },
	{ "conda-cache", "A layer holds packages that conda downloaded." },
	{ "content-not-kept", "Content was too large to be looked into." },
	{ "debug-files", "A layer holds debugging information in files of its own." },
	{ "digest-not-checked", "A digest of an algorithm that is not known was not verified." },
	{ "dnf-cache", "A layer holds what dnf or yum downloaded." },
	{ "dockerfile-mismatch", "The Dockerfile is not the one the image was built from." },
	{ "documentation", "A layer holds documentation, licences apart." },
	{ "dotdot-clamped", "The name of a layer's entry leaves the root and was kept in it." },
	{ "dotdot-in-name", "The name of a layer's entry goes up a directory." },
	{ "dpkg-backups", "A layer holds backups of the databases of dpkg and debconf." },
	{ "duplicate-member", "The archive holds a member twice." },
	{ "empty-name", "A layer's entry has no name." },
	{ "engines-differ", "Container engines do not agree on what this image is." },
	{ "gem-cache", "A layer holds gems that were downloaded." },
	{ "go-cache", "A layer holds the caches of go." },
	{ "hardlink-copied", "A change of one name copied a file that another name still shows." },
	{ "history-mismatch", "The history does not fit the layers." },
	{ "index-disagrees", "The index and the manifest do not agree." },
	{ "java-cache", "A layer holds what maven or gradle downloaded." },
	{ "layer-absent", "A layer is not in the input." },
	{ "login-records", "A layer holds records of logins." },
	{ "logs", "A layer holds log files." },
	{ "long-link", "The target of a link is longer than engines take." },
	{ "long-path", "A path is longer than engines take." },
	{ "manual-pages", "A layer holds manual pages." },
	{ "media-type-mismatch", "A layer is not of the type that the manifest says." },
	{ "metadata-only-copy", "A later instruction copies files to change their owner, mode or time." },
	{ "npm-cache", "A layer holds what npm downloaded." },
	{ "overwritten-later", "A later instruction writes files again." },
	{ "package-database-unread", "The database of a package manager could not be read." },
	{ "package-relations-unread", "What packages depend on could not be read." },
	{ "pacman-cache", "A layer holds what pacman downloaded." },
	{ "pip-cache", "A layer holds what pip downloaded." },
	{ "python-bytecode", "A layer holds compiled Python beside its source." },
	{ "r-cache", "A layer holds caches of R packages." },
	{ "r-help", "A layer holds help pages of R packages." },
	{ "r-tests", "A layer holds tests of R packages." },
	{ "r-translations", "A layer holds translations of R packages." },
	{ "r-vignettes", "A layer holds vignettes of R packages." },
	{ "recommended-packages", "Packages are there only because others recommend them." },
	{ "removed-later", "A later instruction removes files that are shipped all the same." },
	{ "secret-in-layer", "A layer holds what looks like a credential." },
	{ "static-libraries", "A layer holds static libraries." },
	{ "sum-saturated", "Sizes add up to more than 64 bits hold." },
	{ "system-caches", "A layer holds caches that the system makes again." },
	{ "temporary-files", "A layer holds temporary files." },
	{ "translations", "A layer holds translations of messages." },
	{ "unneeded-packages", "Packages are there only for others that are gone." },
	{ "unpacked-archive", "A layer holds an archive beside what was unpacked from it." },
	{ "unstripped-elf", "Programs and libraries hold symbols that they do not load." },
	{ "version-control", "A layer holds the history of a repository." },
	{ "workspace-leftovers", "A layer holds what a build left behind." },
	{ "yarn-cache", "A layer holds what yarn downloaded." },
	{ "zypper-cache", "A layer holds what zypper downloaded." },
};

enum { RULES = sizeof rules / sizeof rules[0] };

const char *lopt_rule_name_at(size_t index)
{
	return index < RULES ? rules[index].name : NULL;
}

const char *lopt_rule_what(const char *name)
{
	for (size_t i = 0; i < RULES; i++)
		if (strcmp(rules[i].name, name) == 0)
			return rules[i].what;
	return NULL;
}

bool lopt_rule_name_known(const char *name)
{
	return lopt_rule_what(name) != NULL;
}
