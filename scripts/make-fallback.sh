#!/bin/sh
# SPDX-License-Identifier: MIT
# Makes the Dockerfile for builders without BuildKit out of Dockerfile.multistage. See usage() or --help.
set -eu

usage() {
	cat <<'END'
Usage: scripts/make-fallback.sh [--check] [-h | --help]

Writes fixtures/r-env/Dockerfile.fallback: Dockerfile.multistage without its
mounts, which builders that are not BuildKit refuse. The instructions clean up
after themselves where nothing is mounted, so the images are the same.

  --check   write nothing; exit with 1 when the file there is another

Exit: 0 done; 1 the files have drifted apart; 2 wrong usage; 4 the surroundings
failed.
END
}

check=
for word in "$@"; do
	case $word in
	--check) check=1 ;;
	-h | --help)
		usage
		exit 0
		;;
	*)
		echo "make-fallback: $word: no such option" >&2
		exit 2
		;;
	esac
done

cd "$(dirname "$0")/.."
source=Dockerfile.multistage
target=fixtures/r-env/Dockerfile.fallback
new=$(mktemp) || exit 4
trap 'rm -f "$new"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# A line of an instruction that is nothing but a mount goes; "RUN --mount" hands its RUN to the next that is not one.
awk '
	NR == 2 {
		print "# Made by scripts/make-fallback.sh from Dockerfile.multistage for builders without BuildKit: change that file."
	}
	/^# Needs BuildKit/ { skip = 1 }
	/^#/ && skip { next }
	{ skip = 0 }
	/^RUN --mount=[^ ]+ \\$/ { pending = 1; next }
	/^[ \t]+--mount=[^ ]+ \\$/ { next }
	pending { sub(/^[ \t]+/, "RUN "); pending = 0 }
	/--mount=/ { print "make-fallback: line " NR ": a mount must stand on a line of its own" >"/dev/stderr"; bad = 1 }
	{ print }
	END { exit bad ? 4 : 0 }' "$source" >"$new"

if [ -n "$check" ]; then
	diff -u "$target" "$new" >&2 || {
		echo "make-fallback: $target is not what $source makes: run scripts/make-fallback.sh" >&2
		exit 1
	}
	exit 0
fi
chmod 644 "$new"
cp "$new" "$target"
