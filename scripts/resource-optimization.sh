#!/bin/sh
# SPDX-License-Identifier: MIT
# Memory and processor time of the R environment, as it comes and tuned. See usage() or --help.
set -eu

usage() {
	cat <<'END'
Usage: scripts/resource-optimization.sh COMMAND [OPTION]...

  measure   do each piece of work in a container with default and with tuned
            settings, and print peak memory, CPU seconds and time of both
  show      the tuned settings, and which of them .env has
  apply     write the tuned settings into .env, where docker-compose finds them;
            what was there is kept
  restore   .env as it was before apply
  monitor   memory, CPU and processes of the running containers of the image,
            every --interval seconds, --count times or until Ctrl-C, and their
            peaks

  --image NAME      the development image (r-env:development)
  --work LIST       for measure: some of load,test,check,document,compile,job
  --runs N          for measure: of how many runs the median counts (3)
  --memory SIZE     for measure: limit of each container, in docker's words (2g)
  --format FORMAT   for measure: text, json or markdown
  --env FILE        another file than .env
  --interval N, --count N   for monitor (2 seconds, 30 times)
  -h, --help        show this and exit

Peak memory is anonymous memory of the container's cgroup, sampled 20 times a
second; the kernel's own peak, with cached files, is in JSON beside it.
Exit: 0 done; 1 a piece of work failed, or there is nothing to restore; 2 wrong
usage; 4 the surroundings failed. DOCKER names another client.
END
}

# The settings, each with its name in .env. What was tried and made things worse is told in docs/performance.md.
# MAKEFLAGS, threads: all processors in either case: fewer would save memory and cost time.
cores=$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)
# One arena for all threads; memory that is free goes back to the system.
tunables=glibc.malloc.arena_max=1:glibc.malloc.trim_threshold=131072
# What was compiled before is not compiled again: the compiler is what takes memory.
ccache=1

settings() {
	cat <<-SETTINGS
		R_ENV_MAKEFLAGS=-j$cores
		R_ENV_THREADS=$cores
		R_ENV_GLIBC_TUNABLES=$tunables
	SETTINGS
}

refuse() {
	printf 'resource-optimization: %s\ntry: scripts/resource-optimization.sh --help\n' "$1" >&2
	exit 2
}

fail() {
	printf 'resource-optimization: %s\n' "$2" >&2
	exit "$1"
}

# number NAME VALUE
number() {
	case $2 in
	'' | 0 | *[!0-9]*) refuse "$1 $2: it is a number above 0" ;;
	esac
}

docker=${DOCKER:-docker}
here=$(cd "$(dirname "$0")" && pwd)
image=r-env:development
works=load,test,check,document,compile,job
runs=3
memory=2g
format=text
env=${here%/*}/.env
interval=2
count=30
command=
while [ $# -gt 0 ]; do
	word=$1
	shift
	case $word in
	-h | --help)
		usage
		exit 0
		;;
	--*=*)
		set -- "${word#*=}" "$@"
		word=${word%%=*}
		;;
	--image | --work | --runs | --memory | --format | --env | --interval | --count)
		[ $# -gt 0 ] || refuse "$word needs a value"
		;;
	-*) refuse "$word: no such option" ;;
	measure | show | apply | restore | monitor)
		[ -z "$command" ] || refuse "$word: one command at a time"
		command=$word
		continue
		;;
	*) refuse "$word: no such command" ;;
	esac
	case $word in
	--image) image=$1 ;;
	--work) works=$1 ;;
	--runs) runs=$1 && number --runs "$1" ;;
	--memory) memory=$1 ;;
	--format) format=$1 ;;
	--env) env=$1 ;;
	--interval) interval=$1 && number --interval "$1" ;;
	--count) count=$1 && number --count "$1" ;;
	*) refuse "$word: no such option" ;;
	esac
	shift
done
[ -n "$command" ] || refuse 'a command is missing'
case $format in text | json | markdown) ;; *) refuse "--format $format: it is text, json or markdown" ;; esac
printf '%s\n' "$memory" | grep -Eqx '[0-9]+[bkmg]?' || refuse "--memory $memory: a number with b, k, m or g"
works=$(echo "$works" | tr ',' ' ')
for work in $works; do
	case $work in
	load | test | check | document | compile | job) ;;
	*) refuse "--work $work: it is one of load, test, check, document, compile, job" ;;
	esac
done
before=$env.before-resource-optimization
begin='# >>> scripts/resource-optimization.sh apply'
end='# <<< scripts/resource-optimization.sh apply'

need_docker() {
	"$docker" version >/dev/null 2>&1 || fail 4 "$docker does not answer: is its daemon running?"
}

# without_ours FILE: its lines but those between the marks
without_ours() {
	[ ! -f "$1" ] || awk -v begin="$begin" -v end="$end" '$0 == begin { inside = 1 } !inside; $0 == end { inside = 0 }' "$1"
}

show() {
	settings | while IFS='=' read -r name value; do
		there=$(sed -n "s/^$name=//p" "$env" 2>/dev/null | tail -n 1)
		if [ "$there" = "$value" ]; then
			printf '%-22s %s   (in use)\n' "$name" "$value"
		else
			printf '%-22s %s   (%s)\n' "$name" "$value" "${there:-not set}"
		fi
	done
	[ "$ccache" != 1 ] || echo 'ccache                 on, where /cache is a volume'
}

apply() {
	new=$(mktemp "$env.XXXXXX" 2>/dev/null) || fail 4 "$env: cannot be written"
	trap 'rm -f "$new"' EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM
	{
		without_ours "$env"
		echo "$begin"
		settings
		echo "$end"
	} >"$new"
	if [ ! -f "$before" ]; then
		if [ -f "$env" ]; then cp "$env" "$before"; else : >"$before"; fi
	fi
	chmod 644 "$new"
	mv "$new" "$env"
	show
}

restore() {
	[ -f "$before" ] || fail 1 "nothing to restore: no $before"
	if [ -s "$before" ]; then mv "$before" "$env"; else rm -f "$before" "$env"; fi
	echo 'restored'
}

monitor() {
	need_docker
	ids=$("$docker" ps --quiet --filter "ancestor=$image")
	[ -n "$ids" ] || fail 1 "no container of $image is running"
	peaks=$(mktemp)
	trap 'rm -f "$peaks" "$peaks.now"' EXIT
	trap 'report_peaks; exit 130' INT
	trap 'exit 143' TERM
	round=0
	while [ "$round" -lt "$count" ]; do
		[ "$round" -eq 0 ] || sleep "$interval"
		round=$((round + 1))
		# shellcheck disable=SC2086 # identifiers
		"$docker" stats --no-stream --format '{{.Name}}\t{{.MemUsage}}\t{{.CPUPerc}}\t{{.PIDs}}' $ids 2>/dev/null >"$peaks.now" || break
		tee -a "$peaks" <"$peaks.now"
	done
	report_peaks
}

report_peaks() {
	awk -F '\t' '
		# the first of "5.2MiB / 2GiB": what is used, and the limit
		function bytes(text) {
			sub(/ .*/, "", text)
			factor = text ~ /GiB/ ? 2 ^ 30 : text ~ /MiB/ ? 2 ^ 20 : text ~ /KiB/ ? 2 ^ 10 : 1
			return (text + 0) * factor
		}
		{ memory = bytes($2); if (memory > most[$1]) most[$1] = memory; if ($3 + 0 > cpu[$1]) cpu[$1] = $3 + 0 }
		END { for (name in most) printf "peak of %s: %.0f bytes, %.1f %% of a processor\n", name, most[name], cpu[name] }' "$peaks"
}

# once WORK default|tuned: the line that workload.sh ends with
once() {
	# TINI_KILL_PROCESS_GROUP: a signal goes to all that runs there
	set -- "$1" "$2" --rm -i --init -e TINI_KILL_PROCESS_GROUP=1 --label "r-env-run=$$" --network none \
		--memory "$memory" -e "MAKEFLAGS=-j$cores" -e "OMP_NUM_THREADS=$cores" -e "R_DATATABLE_NUM_THREADS=$cores" -e R_PACKAGE_CACHE=
	if [ "$2" = tuned ]; then
		set -- "$@" -e "GLIBC_TUNABLES=$tunables" -v "$volume:/cache"
	else
		set -- "$@" -e CCACHE_DISABLE=1
	fi
	work=$1
	shift 2
	"$docker" run "$@" "$image" sh -s "$work" <"$here/r-env/workload.sh" | tail -n 1
}

# remove VOLUME: and the container of this run that may still use it
remove() {
	for id in $("$docker" ps --quiet --all --filter "label=r-env-run=$$"); do
		"$docker" rm -f "$id" >/dev/null 2>&1 || :
	done
	"$docker" volume rm -f "$1" >/dev/null 2>&1 || :
}

# median COLUMN: of the lines of standard input
median() {
	sort -n -k "$1,$1" | awk -v column="$1" '{ values[NR] = $column } END { print values[int((NR + 1) / 2)] }'
}

measure() {
	need_docker
	"$docker" image inspect "$image" >/dev/null 2>&1 ||
		fail 4 "$image is not there: docker build -f Dockerfile.multistage --target development -t $image ."
	volume=r-env-resources-$$
	table=$(mktemp)
	trap 'rm -f "$table"; remove "$volume"' EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM
	for work in $works; do
		# What the tuned runs find in ccache comes from one that does not count: the same work, done before.
		case $work in
		load | job) ;;
		*) once "$work" tuned >/dev/null || fail 1 "$work failed" ;;
		esac
		default='' tuned='' run=0
		while [ "$run" -lt "$runs" ]; do
			run=$((run + 1))
			echo "$work, run $run of $runs" >&2
			default="$default$(once "$work" default)
"
			tuned="$tuned$(once "$work" tuned)
"
		done
		for lines in "$default" "$tuned"; do
			[ "$(printf %s "$lines" | awk '$5 == 1' | wc -l)" -eq "$runs" ] || fail 1 "$work failed"
			for column in 1 2 3 4; do
				printf '%s ' "$(printf %s "$lines" | median "$column")"
			done
		done | awk -v work="$work" '{ print work, $0 }' >>"$table"
	done
	"report_$format" <"$table"
}

# Rows: work, then milliseconds, CPU milliseconds, peak of anonymous memory, peak of the cgroup; default, then tuned.
report_text() {
	awk '
		function less(a, b) { return a ? 100 * (b - a) / a : 0 }
		BEGIN { printf "%-10s %12s %12s %8s  %8s %8s %8s  %8s %8s %8s\n", "work", "memory", "tuned", "", "CPU s", "tuned", "",
			"time s", "tuned", "" }
		{
			printf "%-10s %9.1f MB %9.1f MB %+7.1f%%  %8.2f %8.2f %+7.1f%%  %8.2f %8.2f %+7.1f%%\n", $1, $4 / 1e6, $8 / 1e6,
				less($4, $8), $3 / 1000, $7 / 1000, less($3, $7), $2 / 1000, $6 / 1000, less($2, $6)
			if ($4 > most) { most = $4; heaviest = $1; memory = less($4, $8); time = less($2, $6) }
		}
		END { printf "heaviest: %s, memory %+.1f%%, time %+.1f%%\n", heaviest, memory, time }'
}

report_markdown() {
	awk '
		function less(a, b) { return a ? 100 * (b - a) / a : 0 }
		BEGIN {
			print "| work | peak memory | tuned | | CPU s | tuned | | time s | tuned | |"
			print "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"
		}
		{
			printf "| %s | %.1f MB | %.1f MB | %+.1f %% | %.2f | %.2f | %+.1f %% | %.2f | %.2f | %+.1f %% |\n", $1, $4 / 1e6,
				$8 / 1e6, less($4, $8), $3 / 1000, $7 / 1000, less($3, $7), $2 / 1000, $6 / 1000, less($2, $6)
		}'
}

report_json() {
	awk -v runs="$runs" '
		function part(name, at) {
			return sprintf("\"%s\": {\"ms\": %d, \"cpu_ms\": %d, \"peak_bytes\": %d, \"cgroup_peak_bytes\": %d}", name, $at, $(at + 1),
				$(at + 2), $(at + 3))
		}
		BEGIN { printf "{\n  \"runs\": %d,\n  \"works\": [", runs }
		{ printf "%s\n    {\"work\": \"%s\", %s, %s}", (NR > 1 ? "," : ""), $1, part("default", 2), part("tuned", 6) }
		END { print "\n  ]\n}" }'
}

"$command"
