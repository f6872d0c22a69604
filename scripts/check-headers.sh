#!/bin/sh
# SPDX-License-Identifier: MIT
# Compiles every public header alone, as C11 and as C++11, pedantically; and every header of a room as what
# the sources are written in. CC and CXX name the compilers.
set -u
cd "$(dirname "$0")/.." || exit 2
CC=${CC:-gcc}
CXX=${CXX:-g++}
passed=0
failed=0

# try HEADER INCLUDE WHAT COMMAND...
try() {
	header=$1
	include=$2
	what=$3
	shift 3
	if echo "#include $include" | "$@" -Wall -Wextra -Werror -fsyntax-only -Iinclude -; then
		passed=$((passed + 1))
	else
		echo "not ok $header as $what"
		failed=$((failed + 1))
	fi
}

for header in include/layeropt/*.h; do
	try "$header" "<${header#include/}>" C11 "$CC" -std=c11 -pedantic -x c
	try "$header" "<${header#include/}>" C++11 "$CXX" -std=c++11 -pedantic -x c++
done
for header in analyzer/*/*.h; do
	try "$header" "\"${header#analyzer/}\"" C17 "$CC" -std=gnu17 -Ianalyzer -x c
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
