#!/bin/sh
# SPDX-License-Identifier: MIT
# Usage: scripts/fuzz.sh PROGRAMS SECONDS
# Runs each libFuzzer program in the folder PROGRAMS for SECONDS. New inputs go to build/fuzz-found/TARGET,
# so that the corpus in the tree grows only by hand; what crashes is kept in build/fuzz-crashes.
set -u
cd "$(dirname "$0")/.." || exit 2
programs=$1
seconds=$2
mkdir -p build/fuzz-crashes || exit 2
passed=0
failed=0
for source in tests/fuzz/*.c; do
	target=$(basename "$source" .c)
	[ -e "$source" ] || continue
	[ "$target" != replay ] || continue
	mkdir -p "build/fuzz-found/$target"
	log=build/fuzz-found/$target.log
	set -- -max_total_time="$seconds" -rss_limit_mb=2048 -timeout=20 \
		-artifact_prefix="build/fuzz-crashes/$target-" -print_final_stats=1
	[ ! -f "tests/fuzz/$target.dict" ] || set -- "$@" -dict="tests/fuzz/$target.dict"
	if "$programs/$target" "$@" "build/fuzz-found/$target" "tests/fuzz/corpus/$target" >"$log" 2>&1; then
		passed=$((passed + 1))
		echo "ok $target: $(sed -n 's/^stat::number_of_executed_units: *//p' "$log") inputs"
	else
		failed=$((failed + 1))
		echo "not ok $target: see $log"
		tail -n 30 "$log"
	fi
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
