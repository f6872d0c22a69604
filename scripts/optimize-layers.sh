#!/bin/sh
# SPDX-License-Identifier: MIT
# Makes the image of a Dockerfile smaller, and proves that it is the same container. See usage() or --help.
set -eu

usage() {
	cat <<'END'
Usage: optimize-layers.sh [OPTION]... [DOCKERFILE [CONTEXT]]

Builds the image of DOCKERFILE (./Dockerfile), finds what it ships for nothing,
rewrites the Dockerfile, and proves by a rebuild that the new image is the same
container, only smaller. Prints both sizes and every edit, and writes
DOCKERFILE.optimized and DOCKERFILE.optimized.md. CONTEXT is the build context
(the directory of DOCKERFILE).

  --check            change and write nothing: tell what could be saved, and exit
                     with 1 when it is more than the threshold
  --threshold SIZE   for --check: bytes, or with a unit as in 20MB (10MB)
  --output FILE      the new Dockerfile, instead of DOCKERFILE.optimized
  -h, --help         show this and exit

All other options go to `layeropt optimize`: --target-size 1.5GB, --level
standard, --test COMMAND, --builder NAME, --build-arg NAME=VALUE, ...
A value follows its option as a word of its own or behind "=".

Exit: 0 proved (or nothing to change); 1 not proved, target missed, or more than
the threshold; 2 wrong usage; 3 a Dockerfile that cannot be rewritten; 4 the
surroundings failed. LAYEROPT names the program, when it is not found by itself.
END
}

fail() {
	printf 'optimize-layers: %s\n' "$2" >&2
	exit "$1"
}

# bytes SIZE: as a number
bytes() {
	number=${1%%[!0-9]*}
	[ -n "$number" ] || fail 2 "--threshold $1: it is a number of bytes, or one with a unit as in 20MB"
	case ${1#"$number"} in
	'' | B) echo "$number" ;;
	kB | KB) echo $((number * 1000)) ;;
	MB) echo $((number * 1000000)) ;;
	GB) echo $((number * 1000000000)) ;;
	KiB) echo $((number * 1024)) ;;
	MiB) echo $((number * 1048576)) ;;
	GiB) echo $((number * 1073741824)) ;;
	*) fail 2 "--threshold $1: the unit is one of B, kB, MB, GB, KiB, MiB, GiB" ;;
	esac
}

# program: where layeropt is
program() {
	if [ -n "${LAYEROPT:-}" ]; then
		command -v "$LAYEROPT" >/dev/null || fail 4 "LAYEROPT: $LAYEROPT: not a program"
		echo "$LAYEROPT"
		return
	fi
	here=$(cd "$(dirname "$0")/.." && pwd)
	if [ -x "$here/build/release/layeropt" ]; then
		echo "$here/build/release/layeropt"
	elif command -v layeropt >/dev/null; then
		command -v layeropt
	else
		fail 4 'layeropt is not there: make builds it, or name it in LAYEROPT'
	fi
}

# takes_value NAME: an option of layeropt optimize with a value as the next word
takes_value() {
	case $1 in
	--*=*) return 1 ;;
	--no-verify | --no-progress | -q) return 1 ;;
	*) return 0 ;;
	esac
}

format=text
check=
threshold=10MB
output=
dockerfile=
context=
count=$#
# The words for layeropt are put behind the others, which are taken from the front.
while [ "$count" -gt 0 ]; do
	word=$1
	shift
	count=$((count - 1))
	case $word in
	-h | --help)
		usage
		exit 0
		;;
	--check) check=1 ;;
	--threshold=*) threshold=${word#*=} ;;
	--output=* | --write=*) output=${word#*=} ;;
	--threshold | --output | --write)
		[ "$count" -gt 0 ] || fail 2 "$word needs a value"
		if [ "$word" = --threshold ]; then threshold=$1; else output=$1; fi
		shift
		count=$((count - 1))
		;;
	-*)
		case $word in --format | --format=*) format= ;; esac
		set -- "$@" "$word"
		if takes_value "$word"; then
			[ "$count" -gt 0 ] || fail 2 "$word needs a value"
			value=$1
			shift
			count=$((count - 1))
			set -- "$@" "$value"
		fi
		;;
	*)
		if [ -z "$dockerfile" ]; then
			dockerfile=$word
		elif [ -z "$context" ]; then
			context=$word
		else
			fail 2 "$word: one Dockerfile and one context at a time"
		fi
		;;
	esac
done
[ -n "$dockerfile" ] || dockerfile=Dockerfile
[ -f "$dockerfile" ] || fail 4 "$dockerfile: no such file"
set -- --dockerfile "$dockerfile" "$@"
[ -z "$context" ] || set -- --context "$context" "$@"
layeropt=$(program)

if [ -n "$check" ]; then
	limit=$(bytes "$threshold")
	report=$(mktemp)
	trap 'rm -f "$report"' EXIT
	status=0
	"$layeropt" optimize "$@" --no-verify -o "json=$report" ${format:+--format "$format"} || status=$?
	[ "$status" -le 1 ] || exit "$status" # a target that is missed is told; the threshold decides
	saved=$(sed -n 's/^  "predicted_bytes": \([0-9]*\),*$/\1/p' "$report")
	[ -n "$saved" ] || fail 70 'no figure in the report of layeropt'
	if [ "$saved" -gt "$limit" ]; then
		printf '\n%s bytes could be saved, more than %s\n' "$saved" "$threshold"
		exit 1
	fi
	printf '\n%s bytes could be saved, no more than %s\n' "$saved" "$threshold"
	exit 0
fi

[ -n "$output" ] || output=$dockerfile.optimized
exec "$layeropt" optimize "$@" --write "$output" -o "markdown=$output.md" ${format:+--format "$format"}
