#!/bin/sh
# SPDX-License-Identifier: MIT
# Usage: scripts/coverage.sh BUILD
# Runs the checks on a coverage build and writes BUILD/report/index.html and coverage.xml. GCOV is the tool
# that belongs to the compiler.
set -u
cd "$(dirname "$0")/.." || exit 2
build=$1
find "$build" -name '*.gcda' -delete
sh scripts/check.sh "$build"
status=$?
mkdir -p "$build/report" || exit 2
gcovr --root . --filter 'analyzer/' --filter 'include/' --gcov-executable "${GCOV:-gcov}" \
	--exclude-unreachable-branches --exclude-throw-branches \
	--html-details "$build/report/index.html" --xml "$build/report/coverage.xml" \
	--print-summary "$build" || status=1
exit $status
