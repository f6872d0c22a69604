#!/bin/sh
# SPDX-License-Identifier: MIT
# Usage: scripts/check.sh BUILD [REPLAYS [PLAIN]]
# Runs every test that needs no container engine on what make built in the folder BUILD, the fuzz corpora
# on the programs of REPLAYS/replay, tests/fault and tests/sandbox on PLAIN/layeropt, which has no sanitizers,
# and sums up in the last line. REPLAYS and PLAIN are BUILD when not given. One log per suite is left in BUILD/logs.
set -u
cd "$(dirname "$0")/.." || exit 2
build=$1
replays=${2:-$1}/replay
plain=${3:-$1}/layeropt
binary=$build/layeropt
logs=$build/logs
rm -rf "$logs"
mkdir -p "$logs" || exit 2
passed=0
failed=0
skipped=0
CC=${CC:-gcc} CXX=${CXX:-g++}
export CC CXX

# add NAME SECONDS PASSED FAILED SKIPPED: count one suite and say how it went; the log only when it failed
add() {
	passed=$((passed + $3))
	failed=$((failed + $4))
	skipped=$((skipped + $5))
	word='ok    '
	[ "$4" -eq 0 ] || word='not ok'
	note=
	[ "$5" -eq 0 ] || note=", $5 skipped"
	printf '%s %-32s %5d passed, %d failed%s (%d s)\n' "$word" "$1" "$3" "$4" "$note" "$2"
	[ "$4" -eq 0 ] || grep -v '^ok ' "$logs/$1.log" | tail -n 60 | sed 's/^/       /'
}

# run NAME COMMAND...: sets status and seconds, keeps the output
run() {
	log=$logs/$1.log
	shift
	start=$(date +%s)
	timeout 1800 "$@" >"$log" 2>&1 </dev/null
	status=$?
	seconds=$(($(date +%s) - start))
	[ $status -ne 124 ] || echo 'not ok: stopped after 1800 seconds' >>"$log"
}

# cmocka_count WORD: the sum of what cmocka's summaries say about WORD
cmocka_count() {
	sed -n "s/^\[ *$1 *\] \([0-9][0-9]*\) test(s).*/\1/p" "$log" | awk '{ n += $1 } END { print n + 0 }'
}

unit() {
	name=$(basename "$1")
	run "$name" "$1"
	good=$(cmocka_count PASSED)
	bad=$(cmocka_count FAILED)
	[ $status -eq 0 ] || [ "$bad" -gt 0 ] || bad=1
	[ "$((good + bad))" -gt 0 ] || bad=1
	add "$name" "$seconds" "$good" "$bad" "$(cmocka_count SKIPPED)"
}

# suite NAME COMMAND...: the last line on its standard output is "N passed, M failed[, K skipped]"; what it
# says on standard error may come behind that
suite() {
	name=$1
	run "$@"
	last=$(grep -Ex '[0-9]+ passed, [0-9]+ failed(, [0-9]+ skipped)?' "$log" | tail -n 1 | tr -cd '0-9 ')
	# shellcheck disable=SC2086 # the figures are words
	set -- $last
	good=${1:-0}
	bad=${2:-0}
	[ $((good + bad)) -gt 0 ] || bad=1 # a suite that tries nothing shows nothing
	[ "$bad" -gt 0 ] || { [ $status -eq 0 ] && [ $# -ge 2 ]; } || bad=1
	add "$name" "$seconds" "$good" "$bad" "${3:-0}"
}

replay() {
	target=$(basename "$1")
	files=$(find "tests/fuzz/corpus/$target" -type f 2>/dev/null | wc -l)
	run "replay-$target" "$1" "tests/fuzz/corpus/$target"
	if [ $status -eq 0 ] && [ "$files" -gt 0 ]; then
		add "replay-$target" "$seconds" "$files" 0 0
	else
		[ "$files" -gt 0 ] || echo "tests/fuzz/corpus/$target is empty" >>"$log"
		add "replay-$target" "$seconds" 0 1 0
	fi
}

suite layers sh scripts/check-layers.sh
suite headers sh scripts/check-headers.sh
suite banned sh scripts/check-banned.sh "$build/obj"
# What is run is what has a source: a program left over from a deleted test does not count.
for source in tests/unit/test_*.c; do
	[ ! -e "$source" ] || unit "$build/unit/$(basename "$source" .c)"
done
for source in tests/fuzz/*.c; do
	name=$(basename "$source" .c)
	[ ! -e "$source" ] || [ "$name" = replay ] || replay "$replays/$name"
done
for room in cli docs formats ci completion shapes matrix hostile property repack proof; do
	[ ! -x "tests/$room/run" ] || suite "$room" "tests/$room/run" "$binary"
done
# The sandbox that users get is not around what has sanitizers.
[ "$plain" = "$binary" ] || suite cli-plain tests/cli/run "$plain"
for room in fault sandbox; do
	[ ! -x "tests/$room/run" ] || suite "$room" "tests/$room/run" "$plain"
done

[ "$skipped" -eq 0 ] || echo "$skipped skipped"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
