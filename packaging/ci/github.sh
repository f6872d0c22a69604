#!/bin/sh
# SPDX-License-Identifier: MIT
# Usage: packaging/ci/github.sh find|gate|comment|end
# The steps of action.yml. What the user wrote arrives in the environment and stays there: nothing of it is ever
# part of a script. INPUT_NAME is the input `name`; the others are GitHub's own.
set -eu

# escaped TEXT: one line that a workflow command can hold
escaped() {
	printf '%s' "$1" | sed 's/%/%25/g; s/\r/%0D/g' | sed ':a; N; $!ba; s/\n/%0A/g'
}

# command_line KIND TEXT: error, warning or notice
command_line() {
	printf '::%s title=layeropt::%s\n' "$1" "$(escaped "$2")"
}

fail() {
	command_line error "$1"
	exit 2
}

# output NAME VALUE
output() {
	case $2 in
	*'
'*) fail "$1 holds a line break" ;;
	esac
	printf '%s=%s\n' "$1" "$2" >>"$GITHUB_OUTPUT"
}

# --- the program

build() {
	echo '::group::building layeropt'
	(cd "$GITHUB_ACTION_PATH" && sh scripts/install-deps.sh build && make -j"$(nproc)" binary) >&2
	echo '::endgroup::'
}

find_program() {
	program=${INPUT_LAYEROPT:-layeropt}
	case $program in
	*/*) ;;
	*) program=$(command -v "$program") || program='' ;;
	esac
	if [ -z "$program" ] && [ -z "${INPUT_LAYEROPT:-}" ]; then
		build
		program=$GITHUB_ACTION_PATH/build/release/layeropt
	fi
	[ -x "$program" ] || fail "layeropt: ${INPUT_LAYEROPT:-$program} is not a program"
	"$program" --version
	output program "$program"
}

# --- the gate

check_inputs() {
	case ${INPUT_COMMENT:-} in
	always | on-failure | never) ;;
	*) fail "comment: it is always, on-failure or never" ;;
	esac
	case ${INPUT_SARIF:-} in
	upload | file) ;;
	*) fail "sarif: it is upload or file" ;;
	esac
	case ${INPUT_COMMENT_KEY:-} in
	'' | *[!A-Za-z0-9._-]*) fail "comment-key: letters, digits, dots, underscores and hyphens" ;;
	esac
	case ${INPUT_IMAGE:-} in
	'') fail "image: a file, a folder or a name is needed" ;;
	-*) fail "image: neither a name nor a path begins with a hyphen" ;;
	esac
}

# A name is one of docker's unless it says otherwise.
image() {
	case $INPUT_IMAGE in
	docker:* | podman:*) printf '%s\n' "$INPUT_IMAGE" ;;
	*) if [ -e "$INPUT_IMAGE" ]; then printf '%s\n' "$INPUT_IMAGE"; else printf 'docker:%s\n' "$INPUT_IMAGE"; fi ;;
	esac
}

# metric FILE NAME: its value for the whole image
metric() {
	sed -n "s/^layeropt_$2\({part=\"image\"}\)\{0,1\} //p" "$1"
}

# There is no report, so say why in its places.
tell_error() {
	message=$(cat "$1")
	command_line error "${message:-layeropt ended with $2}"
	{
		printf '## layeropt: no verdict\n\n'
		printf '%s\n' "$message" | sed 's/^/    /'
	} >>"$GITHUB_STEP_SUMMARY"
}

tell_verdict() {
	cat "$1/annotations" "$1/errors"
	cat "$1/layeropt.md" >>"$GITHUB_STEP_SUMMARY"
	case $(metric "$1/layeropt.openmetrics" gate_passed) in
	1) output passed true ;;
	*) output passed false ;;
	esac
	output size "$(metric "$1/layeropt.openmetrics" content_bytes)"
	output wasted "$(metric "$1/layeropt.openmetrics" wasted_bytes)"
	output json "$1/layeropt.json"
	output markdown "$1/layeropt.md"
	output junit "$1/layeropt.junit.xml"
	output sarif "$1/layeropt.sarif"
	output openmetrics "$1/layeropt.openmetrics"
}

gate() {
	check_inputs
	folder=${RUNNER_TEMP:-${TMPDIR:-/tmp}}/layeropt-$INPUT_COMMENT_KEY
	rm -rf "$folder"
	mkdir -p "$folder"
	set -- "$(image)" --comment-key "$INPUT_COMMENT_KEY" --no-progress
	[ -z "${INPUT_DOCKERFILE:-}" ] || set -- "$@" --dockerfile "$INPUT_DOCKERFILE"
	[ -z "${INPUT_CONFIG:-}" ] || set -- "$@" --config "$INPUT_CONFIG"
	[ -z "${INPUT_BASELINE:-}" ] || set -- "$@" --baseline "$INPUT_BASELINE"
	[ -z "${INPUT_WRITE_BASELINE:-}" ] || set -- "$@" --write-baseline "$INPUT_WRITE_BASELINE"
	[ -z "${INPUT_MAX_SIZE:-}" ] || set -- "$@" --max-size "$INPUT_MAX_SIZE"
	[ -z "${INPUT_FAIL_ON:-}" ] || set -- "$@" --fail-on "$INPUT_FAIL_ON"
	set -f
	# shellcheck disable=SC2086 # divided at blanks and line ends, and nothing else is done to it
	set -- "$@" ${INPUT_ARGS:-}
	set +f
	status=0
	"$GATE_PROGRAM" gate "$@" -o json="$folder/layeropt.json" -o markdown="$folder/layeropt.md" \
		-o junit="$folder/layeropt.junit.xml" -o sarif="$folder/layeropt.sarif" \
		-o openmetrics="$folder/layeropt.openmetrics" -o github="$folder/annotations" \
		2>"$folder/errors" || status=$?
	if [ -f "$folder/layeropt.md" ]; then
		tell_verdict "$folder"
	else
		tell_error "$folder/errors" $status
		[ $status -ne 0 ] || status=70
	fi
	output reports "$folder"
	output status $status
}

# --- the comment

# ask METHOD PATH [BODY]: the answer is in $scratch/answer, its status in $http; 000 when there is none. The token is
# not among the arguments, which every process could read.
ask() {
	method=$1 path=$2
	shift 2
	[ $# -eq 0 ] || set -- --header 'Content-Type: application/json' --data-binary "@$1"
	[ "$method" != GET ] || set -- "$@" --retry 2 # what writes is not sent twice
	http=$(printf 'header = "Authorization: Bearer %s"\n' "$GITHUB_TOKEN" |
		curl --silent --show-error --config - --max-time 60 --request "$method" --output "$scratch/answer" \
			--write-out '%{http_code}' --header 'Accept: application/vnd.github+json' \
			--header 'X-GitHub-Api-Version: 2022-11-28' "$@" "${GITHUB_API_URL:-https://api.github.com}$path") ||
		http=000
}

# find_comment MARKER: its number in $id, or nothing. Of the comments that a job's own token could have made only those
# of bots count: anybody can write a marker.
find_comment() {
	id='' page=1 author=''
	case $GITHUB_TOKEN in
	ghs_*) author=Bot ;;
	esac
	while :; do
		ask GET "$comments?per_page=100&page=$page"
		[ "$http" = 200 ] || return 1
		id=$(jq -r --arg marker "$1" --arg author "$author" 'map(select((.body // "" | startswith($marker)) and
			($author == "" or .user.type == $author))) | .[0].id // empty' "$scratch/answer") || return 1
		[ -z "$id" ] && [ "$(jq length "$scratch/answer")" -eq 100 ] || return 0
		page=$((page + 1))
	done
}

write_comment() {
	find_comment "$(head -n 1 "$GATE_MARKDOWN")" || return 1
	jq -Rs '{body: .}' "$GATE_MARKDOWN" >"$scratch/body"
	if [ -n "$id" ]; then
		ask PATCH "/repos/$GITHUB_REPOSITORY/issues/comments/$id" "$scratch/body"
		[ "$http" != 200 ] || echo "updated comment $id"
		[ "$http" = 200 ]
	elif [ "$INPUT_COMMENT" = always ] || [ "$GATE_PASSED" != true ]; then
		ask POST "$comments" "$scratch/body"
		[ "$http" != 201 ] || echo "added comment $(jq -r .id "$scratch/answer")"
		[ "$http" = 201 ]
	fi
}

comment() {
	if [ -z "${GATE_PULL_REQUEST:-}" ]; then
		echo 'not a pull request: nothing to comment on'
		return 0
	fi
	case $GATE_PULL_REQUEST in
	*[!0-9]*) fail "$GATE_PULL_REQUEST is not the number of a pull request" ;;
	esac
	case ${GITHUB_TOKEN:-} in
	'' | *[!A-Za-z0-9._=-]*) http=401 ;;
	*) http= ;;
	esac
	for program in curl jq; do
		command -v $program >/dev/null || http="no $program"
	done
	comments=/repos/$GITHUB_REPOSITORY/issues/$GATE_PULL_REQUEST/comments
	scratch=$(mktemp -d)
	trap 'rm -rf "$scratch"' EXIT
	if [ -z "$http" ] && write_comment; then
		return 0
	fi
	case $http in
	401 | 403 | 404) why='the token may not write to the pull request, as in a run for a fork' ;;
	no*) why="there is $http here" ;;
	000) why='GitHub did not answer' ;;
	*) why="GitHub answered with $http" ;;
	esac
	command_line notice "No comment: $why. The report is in the summary of this job."
}

# --- the end

end() {
	case ${GATE_STATUS:-} in
	'' | *[!0-9]*) exit 70 ;;
	esac
	exit "$GATE_STATUS"
}

case ${1:-} in
find) find_program ;;
gate) gate ;;
comment) comment ;;
end) end ;;
*)
	sed -n '3,5s/^# //p' "$0" >&2
	exit 2
	;;
esac
