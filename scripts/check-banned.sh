#!/bin/sh
# SPDX-License-Identifier: MIT
# Usage: scripts/check-banned.sh OBJECTS
# Holds analyzer/base/banned.h to its word: that a use of each function it names does not compile, and that every
# source in the tree was compiled with it, as the dependencies that the compiler left in the folder OBJECTS tell.
set -u
cd "$(dirname "$0")/.." || exit 2
objects=$1
CC=${CC:-gcc}
passed=0
failed=0

# count WHAT: the status of the command before it
count() {
	if [ "$status" -eq 0 ]; then
		passed=$((passed + 1))
	else
		echo "not ok $1"
		failed=$((failed + 1))
	fi
}

# refused TEXT: it does not compile, for the sake of a name in it
refused() {
	printf '%s\n' "$1" | $CC -std=gnu17 -w -Ianalyzer -include base/banned.h -fsyntax-only -x c - 2>&1 | grep -q poison
}

! refused 'size_t use(void) { return strlen("text"); }'
status=$?
count 'what is not banned is not refused'
names=$(sed -n 's/^#pragma GCC poison //p' analyzer/base/banned.h)
for name in $names; do
	refused "void *use(void) { return (void *)$name; }"
	status=$?
	count "$name is refused"
done
for source in analyzer/*/*.c tests/unit/*.c tests/support/*.c tests/fuzz/*.c; do
	depends=$objects/${source%.c}.d
	case $source in
	tests/*) [ -f "$depends" ] || continue ;; # not in every build
	esac
	grep -qs 'analyzer/base/banned\.h' "$depends"
	status=$?
	count "$source is compiled with banned.h"
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
