#!/bin/sh
# SPDX-License-Identifier: MIT
# The part of scripts/setup-cache.sh repository that runs in the container: packages for a CRAN-like repository in
# /repository, from the package in /demo (demo) or from Debian's sources (debian).
set -eu
target=/repository/src/contrib
work=$(mktemp -d)
trap 'rm -rf "$work"; chown -R "$OWNER" /repository' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
cd "$work"

# copy NUMBER: the demo package under another name, needing those with half and a third of its number
copy() {
	name=demo$1
	cp -R /demo "$name"
	rm -rf "$name/vignettes" "$name/man/demo-package.Rd" "$name"/src/*.o "$name"/src/*.so
	imports=stats
	for divisor in 2 3; do
		other=$(printf '%02d' $((${1#0} / divisor)))
		[ "$other" = 00 ] || imports="$imports, demo$other"
	done
	sed -i -e "s/^Package: demo\$/Package: $name/" -e '/^VignetteBuilder/d' \
		-e "s/^Imports: stats\$/Imports: $imports/" "$name/DESCRIPTION"
	sed -i "s/demo/$name/g" "$name/NAMESPACE" "$name/tests/testthat.R"
	sed -i "s/R_init_demo/R_init_$name/" "$name/src/init.c"
	echo "$imports" | tr ',' '\n' | sed -n 's/^ *\(demo.*\)/importFrom(\1, window_table)/p' | head -n 1 >>"$name/NAMESPACE"
	R CMD build --no-build-vignettes --no-manual "$name" >"$work/log" 2>&1 || {
		tail -n 20 "$work/log" >&2
		exit 1
	}
	mv "$name"_*.tar.gz "$target/"
}

from_demo() {
	seq -w 1 99 | head -n "$1" | while IFS= read -r number; do
		copy "$number"
	done
}

# Debian's original source archives are CRAN's, or hold the same folder. A mirror that lacks some is good enough.
from_debian() {
	sed -n 's/^deb \(.*\)/deb-src \1/p' /etc/apt/sources.list >/etc/apt/sources.list.d/source.list
	for file in /etc/apt/sources.list.d/*.sources; do
		[ ! -f "$file" ] || sed -i 's/^Types: deb$/Types: deb deb-src/' "$file"
	done
	apt-get -qq update
	for name in r6 rlang cli glue magrittr lifecycle withr fansi utf8 digest jsonlite yaml xfun evaluate highr fastmap \
		base64enc htmltools knitr mime backports; do
		mkdir "$name"
		(cd "$name" && apt-get -qq source --download-only --tar-only "r-cran-$name" >/dev/null 2>&1) || {
			echo "r-cran-$name: apt cannot fetch its source" >&2
			continue
		}
		repack "$name"
	done
}

# repack NAME: the source archive of Debian as CRAN has it
repack() {
	mkdir "$1/unpacked" "$1/final"
	tar -xf "$1"/*.orig.tar.* -C "$1/unpacked"
	description=$(find "$1/unpacked" -maxdepth 3 -name DESCRIPTION | awk '{ print length, $0 }' | sort -n | head -n 1)
	folder=$(dirname "${description#* }")
	package=$(sed -n 's/^Package: *\([A-Za-z0-9.]*\).*/\1/p' "$folder/DESCRIPTION")
	version=$(sed -n 's/^Version: *\([0-9.-]*\).*/\1/p' "$folder/DESCRIPTION")
	mv "$folder" "$1/final/$package"
	tar -czf "$target/${package}_$version.tar.gz" -C "$1/final" "$package"
}

case $1 in
demo) from_demo "$2" ;;
debian) from_debian ;;
esac
Rscript -e 'n <- tools::write_PACKAGES("/repository/src/contrib", type = "source"); cat(n, "packages\n")'
