/* SPDX-License-Identifier: MIT */
#include "layeropt/finding.h"

/* Every rule of this room, and of the notes that are taken while an image is read; lopt_findings_add() holds them to it. */
static const char *const names[] = {
	"apk-cache",
	"apt-archives",
	"apt-cache",
	"apt-lists",
	"attribution-impossible",
	"bad-date",
	"cargo-cache",
	"compiler-cache",
	"composer-cache",
	"conda-cache",
	"content-not-kept",
	"debug-files",
	"digest-not-checked",
	"dnf-cache",
	"dockerfile-mismatch",
	"documentation",
	"dotdot-clamped",
	"dotdot-in-name",
	"dpkg-backups",
	"duplicate-member",
	"empty-name",
	"engines-differ",
	"gem-cache",
	"go-cache",
	"hardlink-copied",
	"history-mismatch",
	"index-disagrees",
	"java-cache",
	"layer-absent",
	"login-records",
	"logs",
	"long-link",
	"long-path",
	"manual-pages",
	"media-type-mismatch",
	"metadata-only-copy",
	"npm-cache",
	"overwritten-later",
	"package-database-unread",
	"package-relations-unread",
	"pacman-cache",
	"pip-cache",
	"python-bytecode",
	"r-cache",
	"r-help",
	"r-tests",
	"r-translations",
	"r-vignettes",
	"recommended-packages",
	"removed-later",
	"secret-in-layer",
	"static-libraries",
	"sum-saturated",
	"system-caches",
	"temporary-files",
	"translations",
	"unneeded-packages",
	"unpacked-archive",
	"unstripped-elf",
	"version-control",
	"workspace-leftovers",
	"yarn-cache",
	"zypper-cache",
};

const char *lopt_rule_name_at(size_t index)
{
	return index < sizeof names / sizeof names[0] ? names[index] : NULL;
}

bool lopt_rule_name_known(const char *name)
{
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}
