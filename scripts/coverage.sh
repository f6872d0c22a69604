#!/bin/sh
# SPDX-License-Identifier: MIT
# Usage: scripts/coverage.sh BUILD PLAIN
# Runs the checks on a coverage build and writes BUILD/report/index.html and coverage.xml; fails below 90 % of the
# lines. GCOV is the tool that belongs to the compiler. What cannot run with counters (tests that let calls fail, or
# look what the program does) runs on PLAIN and does not count. Whether the checks pass is for `make check` to say:
# counters make a program slow, and need files a test may not allow.
set -u
cd "$(dirname "$0")/.." || exit 2
build=$1
plain=$2
find "$build" -name '*.gcda' -delete
GCOV_ERROR_FILE=/dev/null
export GCOV_ERROR_FILE
sh scripts/check.sh "$build" "$build" "$plain"
mkdir -p "$build/report" || exit 2
exec gcovr --root . --filter 'analyzer/' --filter 'include/' --gcov-executable "${GCOV:-gcov}" \
	--gcov-ignore-parse-errors --exclude-unreachable-branches --exclude-throw-branches --fail-under-line 90 \
	--html-details "$build/report/index.html" --xml "$build/report/coverage.xml" \
	--print-summary "$build"
