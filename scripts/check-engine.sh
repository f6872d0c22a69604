#!/bin/sh
# SPDX-License-Identifier: MIT
# Usage: scripts/check-engine.sh BINARY
# Every test that needs a container engine; the last line sums up. Dockerfiles that fetch packages are left out where there
# is no network.
set -u
cd "$(dirname "$0")/.." || exit 2
binary=$1
passed=0
failed=0
skipped=0
log=$(mktemp) || exit 2
trap 'rm -f "$log"' EXIT
trap 'exit 130' INT TERM

# suite COMMAND...
suite() {
	printf '\n--- %s\n' "$*"
	"$@" >"$log" 2>&1
	status=$?
	cat "$log"
	line=$(grep -Ex '[0-9]+ passed, [0-9]+ failed(, [0-9]+ skipped)?' "$log" | tail -n 1)
	good=${line%% *}
	rest=${line#*, }
	bad=${rest%% *}
	case $line in
	*skipped) more=${line##*, } skipped=$((skipped + ${more%% *})) ;;
	esac
	[ "$status" -eq 0 ] || [ "${bad:-0}" -gt 0 ] || bad=1
	passed=$((passed + ${good:-0}))
	failed=$((failed + ${bad:-0}))
}

docker=${DOCKER:-docker}
# layeropt runs the docker on PATH: the one that the tests talk to
PATH=$(dirname "$(command -v "$docker" || echo /usr/bin/docker)"):$PATH
export PATH

suite tests/engine/run "$binary"
plain=layeropt-corpus:debian
made=
if ! "$docker" image inspect "$plain" >/dev/null 2>&1 && command -v mmdebstrap >/dev/null; then
	printf '\n--- a base image of Debian packages\n'
	sh scripts/make-base-image.sh --plain "$plain" && made=1
fi
suite tests/engine/packaging "$binary"
cases=$(grep -l '^needs network' fixtures/dockerfiles/*/expect | xargs -n 1 dirname | xargs -n 1 basename)
# Containers may have no network although this machine has.
if timeout 120 "$docker" run --rm "$plain" apt-get -qq -o APT::Update::Error-Mode=any update >"$log" 2>&1; then
	# shellcheck disable=SC2086 # names
	suite tests/engine/corpus "$binary" $cases
	BASE_IMAGE=$plain suite tests/engine/environment "$binary"
else
	printf '\n--- containers reach no package: SKIPPED: environment %s\n' "$(echo "$cases" | tr '\n' ' ')"
	tail -n 2 "$log"
	skipped=$((skipped + 1 + $(echo "$cases" | wc -l)))
fi
[ -z "$made" ] || "$docker" rmi "$plain" >/dev/null
suite tests/engine/replay "$binary"
printf '\n'
if [ "$skipped" -gt 0 ]; then
	echo "$passed passed, $failed failed, $skipped skipped"
else
	echo "$passed passed, $failed failed"
fi
[ "$failed" -eq 0 ]
