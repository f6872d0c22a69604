#!/bin/sh
# SPDX-License-Identifier: MIT
# Usage: scripts/make-deb.sh
# Builds the Debian package in build/deb from a copy of the tree, and shows it to lintian where that is installed.
set -eu
cd "$(dirname "$0")/.."
to=build/deb
version=$(sed 's/-/~/' VERSION)
told=$(sed -n '1s/^layeropt (\(.*\)) .*/\1/p' packaging/debian/changelog)
if [ "$told" != "$version" ]; then
	echo "make-deb: packaging/debian/changelog is about $told, and this is $version" >&2
	exit 1
fi
command -v dpkg-buildpackage >/dev/null || {
	echo 'make-deb: no dpkg-buildpackage here: sh scripts/install-deps.sh build packaging' >&2
	exit 1
}

rm -rf "$to"
mkdir -p "$to/layeropt-$version"
if git rev-parse --git-dir >/dev/null 2>&1; then
	git ls-files -z --cached --others --exclude-standard >"$to/files"
else
	find . -path ./build -prune -o -type f -print0 >"$to/files"
fi
tar -c --null -T "$to/files" --ignore-failed-read | tar -x -C "$to/layeropt-$version"
rm "$to/files"
cd "$to/layeropt-$version"
mv packaging/debian debian
if ! dpkg-buildpackage -b -us -uc >../build.log 2>&1; then
	tail -n 40 ../build.log >&2
	exit 1
fi
cd ..
rm -r "layeropt-$version"
if command -v lintian >/dev/null; then
	lintian --allow-root --fail-on error,warning --display-info --pedantic ./*.changes
else
	echo 'make-deb: not shown to lintian, which is not here' >&2
fi
ls -l ./*.deb
