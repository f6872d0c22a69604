#!/bin/sh
# SPDX-License-Identifier: MIT
# Everything that can be said about the sources without running them: clang-format, clang-tidy, cppcheck,
# and of the scripts and man pages: shellcheck, mandoc. CPPFLAGS are those of the build. LINT_JOBS says how many run at a time (2).
set -u
cd "$(dirname "$0")/.." || exit 2
jobs=${LINT_JOBS:-2}
passed=0
failed=0
scratch=$(mktemp -d) || exit 2
trap 'rm -rf "$scratch"' EXIT INT TERM

# files PATTERN...: those git knows, new ones included, that are still there
files() {
	git ls-files --cached --others --exclude-standard -- "$@" | LC_ALL=C sort -u |
		while IFS= read -r file; do [ ! -f "$file" ] || printf '%s\n' "$file"; done
}

# check NAME COMMAND...: silent when it is content
check() {
	name=$1
	shift
	if ! command -v "$1" >/dev/null; then
		echo "not ok $name: no $1 here; sh scripts/install-deps.sh lint installs it"
		failed=$((failed + 1))
	elif "$@" >"$scratch/log" 2>&1; then
		echo "ok $name"
		passed=$((passed + 1))
	else
		echo "not ok $name"
		sed 's/^/       /' "$scratch/log"
		failed=$((failed + 1))
	fi
}

# each COMMAND...: the command once per file named on standard input, several at a time; what it said
each() {
	LC_ALL=C xargs -P "$jobs" -n 1 -d '\n' "$@"
}

sources() { files 'analyzer/*.c' 'analyzer/*.h' 'include/*.h' 'tests/*.c' 'tests/*.h'; }
format() { sources | xargs -d '\n' clang-format --dry-run -Werror --ferror-limit=3; }
# shellcheck disable=SC2086 # flags are words
tidy() {
	export CPPFLAGS
	# shellcheck disable=SC2016 # expanded by the inner shell
	files 'analyzer/*.c' | each sh -c 'clang-tidy --quiet "$1" -- -std=gnu17 $CPPFLAGS \
		-DLOPT_VERSION=\"lint\" -include base/banned.h 2>/dev/null' tidy
}
# shellcheck disable=SC2086 # flags are words
cpp() {
	files 'analyzer/*.c' | xargs -d '\n' cppcheck --quiet --std=c11 --enable=warning,performance,portability \
		--inline-suppr --error-exitcode=1 --suppress=missingInclude --suppress=unknownMacro \
		-j "$jobs" $CPPFLAGS -DLOPT_VERSION='"lint"'
}
scripts() {
	{
		files '*.sh'
		files '.ci/*' 'scripts/*' 'tests/*' | while IFS= read -r file; do
			case $(head -c 64 "$file" | head -n 1 | tr -d '\0') in
			'#!/bin/sh'* | '#!'*bash*) printf '%s\n' "$file" ;;
			esac
		done
	} | LC_ALL=C sort -u | xargs -d '\n' shellcheck --severity=style
}
pages() {
	for page in docs/man/*.scd; do
		[ -e "$page" ] || continue
		# scdoc writes paragraph macros that mandoc finds superfluous; anything else counts.
		scdoc <"$page" | mandoc -T lint -W warning | grep -v -e 'paragraph macro' -e 'new sentence' |
			sed "s|^mandoc: <stdin>|$page|" | grep . && return 1
	done
	return 0
}
python() {
	files '*.py' | each python3 -c 'import ast, sys; ast.parse(open(sys.argv[1]).read(), sys.argv[1])'
}

CPPFLAGS=${CPPFLAGS:--Iinclude -Ianalyzer -DLOPT_HAVE_ISAL}
check clang-format format
check clang-tidy tidy
check cppcheck cpp
check shellcheck scripts
check man-pages pages
check python python
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
