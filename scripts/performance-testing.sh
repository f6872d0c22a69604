#!/bin/sh
# SPDX-License-Identifier: MIT
# Every figure of the R environment against its target, measured here. See usage() or --help.
set -eu

usage() {
	cat <<'USAGE'
Usage: scripts/performance-testing.sh [OPTION]...

Builds the images of the R environment, before (Dockerfile.baseline) and after
(Dockerfile.multistage, Dockerfile.production), and measures sizes, start, builds,
caches and memory against their targets. Prints a table.

  --quick            under five minutes on a quiet machine: without baseline, cold
                     and dependency; fewer packages and runs
  --without LIST     leave out some of baseline, cold, dependency, packages, memory;
                     what is left out is named
  --compare FILE     a JSON report of before: what became more than 10 % worse
                     is told, and the exit is 1
  -o FORMAT=FILE     also write text, json, markdown or svg; can be given again
  --write-docs       put table and chart into docs/performance.md and .svg
  --base NAME        the base image (debian:bookworm-slim)
  --name NAME        images are NAME:baseline, NAME:development,
                     NAME:production, NAME:minimal (r-env); they stay
  --runs N           starts per image, at least 10 (11)
  --work-runs N      runs of each piece of work whose memory is measured (3)
  --no-buildkit      build with the fallback, where there is no BuildKit
  -h, --help         show this and exit

A baseline that is there is measured, not built. Times are of this machine as it
is: let it rest. Exit: 0 done, also when a target is missed (the table says so);
1 something became worse; 2 wrong usage; 4 the surroundings failed. DOCKER names
another client, LAYEROPT another layeropt.
USAGE
}

refuse() {
	printf 'performance-testing: %s\ntry: scripts/performance-testing.sh --help\n' "$1" >&2
	exit 2
}

fail() {
	printf 'performance-testing: %s\n' "$1" >&2
	exit 4
}

docker=${DOCKER:-docker}
top=$(cd "$(dirname "$0")/.." && pwd)
quick=
compare=
outputs=
write_docs=
base=debian:bookworm-slim
name=r-env
runs=11
work_runs=3
buildkit=1
without=
while [ $# -gt 0 ]; do
	word=$1
	shift
	case $word in
	-h | --help)
		usage
		exit 0
		;;
	--quick) quick=1 && continue ;;
	--write-docs) write_docs=1 && continue ;;
	--no-buildkit) buildkit=0 && continue ;;
	--*=*)
		set -- "${word#*=}" "$@"
		word=${word%%=*}
		;;
	--compare | --without | -o | --base | --name | --runs | --work-runs) [ $# -gt 0 ] || refuse "$word needs a value" ;;
	-*) refuse "$word: no such option" ;;
	esac
	case $word in
	--compare) compare=$1 ;;
	--without) without=$without,$1 ;;
	-o)
		case $1 in
		text=?* | json=?* | markdown=?* | svg=?*) ;;
		*) refuse "-o $1: it is FORMAT=FILE with text, json, markdown or svg" ;;
		esac
		[ -d "$(dirname "${1#*=}")" ] || refuse "-o $1: there is no folder for that"
		outputs="$outputs
$1"
		;;
	--base) base=$1 ;;
	--name) name=$1 ;;
	--runs) runs=$1 ;;
	--work-runs) work_runs=$1 ;;
	*) refuse "$word: no such option" ;;
	esac
	shift
done
for part in $(echo "$without" | tr ',' ' '); do
	case $part in
	baseline | cold | dependency | packages | memory) ;;
	*) refuse "--without $part: it is one of baseline, cold, dependency, packages, memory" ;;
	esac
done
[ -z "$quick" ] || without=$without,baseline,cold,dependency
case $runs in '' | *[!0-9]*) refuse "--runs $runs: it is a number" ;; esac
case $work_runs in '' | 0 | *[!0-9]*) refuse "--work-runs $work_runs: it is a number above 0" ;; esac
[ "$runs" -ge 10 ] || refuse "--runs $runs: fewer than 10 tell nothing"
printf '%s\n' "$name" | grep -Eqx '[a-z0-9]+([._/-]+[a-z0-9]+)*' || refuse "--name $name: not a name that an image can have"
if [ -n "$compare" ]; then
	grep -q '"schema": "r-env/performance/1"' "$compare" 2>/dev/null || refuse "--compare $compare: not a report of this script"
fi
"$docker" version >/dev/null 2>&1 || fail "$docker does not answer: is its daemon running?"
"$docker" image inspect "$base" >/dev/null 2>&1 || "$docker" pull -q "$base" >/dev/null 2>&1 ||
	fail "$base cannot be had: scripts/make-base-image.sh makes it out of Debian's packages"
layeropt=${LAYEROPT:-}
if [ -z "$layeropt" ]; then
	for layeropt in "$top/build/release/layeropt" "$(command -v layeropt || :)"; do
		[ ! -x "$layeropt" ] || break
		layeropt=
	done
fi

work=$(mktemp -d)
table=$work/table
: >"$table"
: >"$work/omitted"
extra=$name-performance-$$
clean_up() {
	for tag in warm source dependency cold baseline; do
		"$docker" rmi "$extra:$tag" >/dev/null 2>&1 || :
	done
	rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

say() {
	printf '%s %s\n' "$(date +%H:%M:%S)" "$1" >&2
}

# measured PART: it is not left out
measured() {
	case ,$without, in
	*,"$1",*) return 1 ;;
	esac
}

omit() {
	echo "$1" >>"$work/omitted"
}

now() {
	date +%s%3N
}

# row KEY UNIT NOW TARGET BEFORE VALUE LABEL: TARGET is <N, >N or -; what was not measured is -
row() {
	printf '%s\t%s\t%s\t%s\t%s\t%s\t%s\n' "$@" >>"$table"
}

# minus A B: how much of A is saved by B, in percent
saved() {
	awk -v a="$1" -v b="$2" 'BEGIN { if (a == "-" || b == "-" || a + 0 == 0) print "-"; else printf "%.1f", 100 * (a - b) / a }'
}

# The context is copied, so that a source can be changed without touching the tree.
context=$work/context
mkdir -p "$context/fixtures/r-env" "$context/scripts"
cp -R "$top/fixtures/r-env/." "$context/fixtures/r-env"
cp -R "$top/scripts/r-env" "$context/scripts/"
if [ "$buildkit" = 1 ]; then multistage=$top/Dockerfile.multistage; else multistage=$top/fixtures/r-env/Dockerfile.fallback; fi

# build TAG DOCKERFILE CONTEXT OPTION...: the milliseconds it took; its log is $work/log
build() {
	tag=$1 dockerfile=$2 folder=$3
	shift 3
	start=$(now)
	if ! DOCKER_BUILDKIT=$buildkit "$docker" build ${plain:+--progress=plain} -f "$dockerfile" --build-arg "BASE_IMAGE=$base" \
		-t "$tag" "$@" "$folder" >"$work/log" 2>&1 </dev/null; then
		tail -n 30 "$work/log" >&2
		fail "$tag does not build"
	fi
	echo $(($(now) - start))
}
plain=
[ "$buildkit" = 0 ] || plain=1

# inspect FORMAT IMAGE: a figure of an image, or - where there is none: docker then prints an empty line of its own
inspect() {
	figure=$("$docker" image inspect --format "$1" "$2" 2>/dev/null) || figure=-
	echo "$figure"
}

size() {
	inspect '{{.Size}}' "$1"
}

layers() {
	inspect '{{len .RootFS.Layers}}' "$1"
}

there() {
	"$docker" image inspect "$1" >/dev/null 2>&1
}

waste() {
	if [ -z "$layeropt" ] || ! there "$1"; then
		echo -
		return
	fi
	"$docker" save "$1" | "$layeropt" analyze - --format json --top 1 -q | sed -n 's/.*"wasted_bytes": *\([0-9]*\).*/\1/p' | head -n 1
}

# start IMAGE COMMAND...: median, least and most milliseconds
start() {
	image=$1
	shift
	there "$image" || {
		echo '- - -'
		return
	}
	"$docker" run --rm "$image" "$@" >/dev/null 2>&1 || fail "$image: $* failed"
	run=0
	while [ "$run" -lt "$runs" ]; do
		run=$((run + 1))
		begin=$(now)
		"$docker" run --rm "$image" "$@" >/dev/null 2>&1 || fail "$image: $* failed"
		echo $(($(now) - begin))
	done | sort -n | awk '{ all[NR] = $1 } END { print all[int((NR + 1) / 2)], all[1], all[NR] }'
}

# cached: how many of the steps in the last build's log came from the cache, in percent
cached() {
	if [ "$buildkit" = 1 ]; then
		awk '/^#[0-9]+ \[.*[0-9]+\/[0-9]+\] / && !/\] FROM / { steps[$1] = 1 }
			/^#[0-9]+ CACHED/ { hits[$1] = 1 }
			END { for (s in steps) { all++; if (s in hits) good++ }; if (all) printf "%.1f", 100 * good / all; else print "-" }' "$work/log"
	else
		awk '/^Step [0-9]+\/[0-9]+ : (RUN|COPY|ADD|WORKDIR)/ { all++ } /^ ---> Using cache/ { if (counted != all) { good++; counted = all } }
			END { if (all) printf "%.1f", 100 * good / all; else print "-" }' "$work/log"
	fi
}

# value FILE NAME: of a JSON object with a field on each line
value() {
	sed -n "s/^ *\"$2\": \"*\([^\",]*\)\"*,*$/\1/p" "$1"
}

measure_builds() {
	say 'images'
	development=$(build "$name:development" "$multistage" "$context" --target development)
	build "$name:production" "$multistage" "$context" --target production >/dev/null
	build "$name:minimal" "$top/Dockerfile.production" "$context" >/dev/null
	baseline=-
	if measured baseline && ! there "$name:baseline"; then
		say 'the baseline: minutes'
		baseline=$(build "$name:baseline" "$context/fixtures/r-env/Dockerfile.baseline" "$context/fixtures/r-env")
	fi

	say 'builds'
	warm=$(build "$extra:warm" "$multistage" "$context" --target development)
	echo "/* $$ $(now) */" >>"$context/fixtures/r-env/pkg/src/running_mean.c"
	source=$(build "$extra:source" "$multistage" "$context" --target development)
	rate=$(cached)
	cold=- dependency=- baseline_source=-
	if measured dependency; then
		say 'a dependency more'
		dependency=$(build "$extra:dependency" "$multistage" "$context" --target development \
			--build-arg R_DEVELOPMENT='bench covr devtools knitr lintr pkgdown rmarkdown roxygen2')
	else
		omit 'build after a change of dependencies'
	fi
	if measured cold; then
		say 'cold: minutes'
		cold=$(build "$extra:cold" "$multistage" "$context" --target development --no-cache)
	else
		omit 'cold build'
	fi
	if measured baseline; then
		say 'the baseline with a source changed: minutes'
		baseline_source=$(build "$extra:baseline" "$context/fixtures/r-env/Dockerfile.baseline" "$context/fixtures/r-env")
	else
		omit 'builds of the baseline'
	fi
}

measure_sizes() {
	say 'sizes'
	row size bytes '~1.7 GB' '<1500000000' "$(size "$name:baseline")" "$(size "$name:development")" 'image size, development'
	row production bytes - '<700000000' - "$(size "$name:production")" 'image size, production stage'
	row minimal bytes - '<700000000' - "$(size "$name:minimal")" 'image size, Dockerfile.production'
	row layers count - - "$(layers "$name:baseline")" "$(layers "$name:development")" 'layers, development'
	if [ -n "$layeropt" ]; then
		row waste bytes - - "$(waste "$name:baseline")" "$(waste "$name:development")" 'wasted bytes, development'
	else
		omit 'wasted bytes, as layeropt is not built'
	fi
}

measure_starts() {
	say 'starts'
	# shellcheck disable=SC2046 # three numbers
	set -- $(start "$name:development" Rscript -e 0) $(start "$name:baseline" Rscript -e 0) $(start "$name:production" Rscript -e 0) \
		$(start "$name:development" true)
	row start ms '< 2 s' '<1000' "$4" "$1" 'container start, median'
	row start_least ms - - "$5" "$2" '... the fastest'
	row start_most ms - - "$6" "$3" '... the slowest'
	row start_production ms - '<1000' - "$7" '... of production, median'
	row start_engine ms - - - "${10}" '... without R (true), median'
}

report_builds() {
	row build_source ms '~16 s' '<10000' "$baseline_source" "$source" 'build, source changed'
	row build_warm ms - - - "$warm" 'build, nothing changed'
	row build_dependency ms - - - "$dependency" 'build, a dependency more'
	row build_cold ms - - "$baseline" "$cold" 'build, cold (apt archives cached)'
	row build_cache percent - - - "$rate" 'steps from the build cache, source changed'
	row build_first ms - - - "$development" 'build, first of this run'
}

measure_packages() {
	say 'package cache'
	set -- --from demo
	[ -z "$quick" ] || set -- --from demo --count 6
	"$top/scripts/setup-cache.sh" repository --image "$name:development" --repository "$work/repository" "$@" >"$work/log" 2>&1 || {
		cat "$work/log" >&2
		fail 'no repository of packages'
	}
	"$top/scripts/setup-cache.sh" measure --image "$name:development" --repository "$work/repository" --format json \
		--runs "${quick:-3}" >"$work/packages" 2>"$work/log" || {
		cat "$work/log" >&2
		fail 'the package cache could not be measured'
	}
	row hit_rate percent - '>95' - "$(value "$work/packages" hit_rate_percent)" \
		"package cache hits, $(value "$work/packages" packages) packages again"
	row hit_rate_more percent - - - "$(value "$work/packages" one_more_hit_rate_percent)" 'package cache hits, one package more'
	row install ms - - "$(value "$work/packages" without_ms)" "$(value "$work/packages" again_ms)" 'installation'
	row install_saved percent - '>50' - "$(value "$work/packages" saved_percent)" 'installation time saved'
}

measure_memory() {
	say 'memory'
	if [ -n "$quick" ]; then
		set -- --runs 1 --work compile
		omit 'memory of all work but compilation'
	else
		set -- --runs "$work_runs"
	fi
	"$top/scripts/resource-optimization.sh" measure --image "$name:development" --format json "$@" >"$work/memory" 2>"$work/log" || {
		cat "$work/log" >&2
		fail 'memory could not be measured'
	}
	sed -n 's/.*"work": "\([a-z]*\)", "default": {"ms": \([0-9]*\), "cpu_ms": [0-9]*, "peak_bytes": \([0-9]*\),.*"tuned": {"ms": \([0-9]*\), "cpu_ms": [0-9]*, "peak_bytes": \([0-9]*\),.*/\1 \2 \3 \4 \5/p' \
		"$work/memory" >"$work/works"
	while read -r what _ before _ after; do
		row "memory_$what" bytes - - "$before" "$after" "peak memory, $what"
	done <"$work/works"
	heaviest=$(sort -n -k 3 "$work/works" | tail -n 1)
	# shellcheck disable=SC2086 # fields
	set -- $heaviest
	row memory_saved percent - '>50' - "$(saved "$3" "$5")" "memory saved, heaviest work ($1)"
	row memory_time percent - - - "$(saved "$2" "$4")" '... and its time saved'
}

# ---- reports: all are made of the table

# human: prints a value with its unit
human='
	function human(unit, value) {
		if (value == "-" || value == "") return "-"
		if (unit == "bytes" && value >= 1e9) return sprintf("%.2f GB", value / 1e9)
		if (unit == "bytes") return sprintf("%.1f MB", value / 1e6)
		if (unit == "ms") return sprintf("%.2f s", value / 1000)
		if (unit == "percent") return sprintf("%.1f %%", value)
		return value
	}
	function target(unit, text) {
		return text == "-" ? "-" : (text ~ /^</ ? "< " : "> ") human(unit, substr(text, 2))
	}
	function met(text, value) {
		if (text == "-" || value == "-" || value == "") return "-"
		return (text ~ /^</ ? value + 0 < substr(text, 2) + 0 : value + 0 > substr(text, 2) + 0) ? "yes" : "missed"
	}'

machine() {
	model=$(sed -n 's/^model name[[:space:]]*: //p' /proc/cpuinfo 2>/dev/null | head -n 1)
	memory=$(awk '/^MemTotal/ { printf "%.1f GB", $2 * 1024 / 1e9 }' /proc/meminfo 2>/dev/null)
	printf '%s processors (%s), %s, Linux %s, docker %s (%s, %s), load %s before and %s after\n' \
		"$(getconf _NPROCESSORS_ONLN)" "${model:-unknown}" "${memory:-?}" "$(uname -r | cut -d - -f 1)" \
		"$("$docker" version --format '{{.Server.Version}}')" "$("$docker" info --format '{{.Driver}}')" \
		"$([ "$buildkit" = 1 ] && echo BuildKit || echo 'classic builder')" "$load" "$(load_now)"
}

load_now() {
	cut -d ' ' -f 1 /proc/loadavg 2>/dev/null || echo '?'
}

report_text() {
	awk -F '\t' "$human"'
		BEGIN { printf "%-46s %10s %12s %12s %12s  %s\n", "", "the plan", "target", "before", "measured", "met" }
		{ printf "%-46s %10s %12s %12s %12s  %s\n", $7, $3, target($2, $4), human($2, $5), human($2, $6), met($4, $6) }' "$table"
	sed 's/^/not measured: /' "$work/omitted"
	echo "$machine"
}

report_markdown() {
	echo "Measured $today with \`scripts/performance-testing.sh${quick:+ --quick}\` on $machine."
	echo
	awk -F '\t' "$human"'
		BEGIN { print "| | the plan'"'"'s \"now\" | target | before | measured | target met |"; print "| --- | ---: | ---: | ---: | ---: | --- |" }
		{ gsub(/</, "\\&lt;", $3); t = target($2, $4); gsub(/</, "\\&lt;", t); gsub(/>/, "\\&gt;", t)
		  m = met($4, $6); printf "| %s | %s | %s | %s | %s | %s |\n", $7, $3, t, human($2, $5), human($2, $6), (m == "missed" ? "**missed**" : m) }' "$table"
	[ ! -s "$work/omitted" ] || {
		echo
		sed 's/^/Not measured: /; s/$/./' "$work/omitted"
	}
}

report_json() {
	printf '{\n  "schema": "r-env/performance/1",\n  "date": "%s",\n  "quick": %s,\n  "machine": "%s",\n  "rows": [' "$today" \
		"$([ -n "$quick" ] && echo true || echo false)" "$(echo "$machine" | sed 's/[\\"]/\\&/g')"
	awk -F '\t' '
		function number(value) { return value == "-" || value == "" ? "null" : value }
		{
			printf "%s\n    {\"name\": \"%s\", \"unit\": \"%s\", \"target\": %s, \"before\": %s, \"measured\": %s}", (NR > 1 ? "," : ""), $1,
				$2, ($4 == "-" ? "null" : "\"" $4 "\""), number($5), number($6)
		}
		END { print "\n  ]\n}" }' "$table"
}

# Bars: what has to be below its target in parts of it, as far as twice; what has to be above in percent. A mark on each is the
# target, a thin bar under it what was before.
report_svg() {
	awk -F '\t' "$human"'
		function escaped(text) {
			gsub(/</, "\\&lt;", text)
			gsub(/>/, "\\&gt;", text)
			return text
		}
		function line(x, y, class, text) {
			body = body sprintf("<text x=\"%d\" y=\"%d\"%s>%s</text>\n", x, y, class, escaped(text))
		}
		function bar(y, high, part, colour) {
			wide = part > 1 ? 400 : part * 400
			body = body sprintf("<rect x=\"300\" y=\"%d\" width=\"%.1f\" height=\"%d\" fill=\"%s\"/>\n", y, (wide < 2 ? 2 : wide), high, colour)
		}
		function group(sign, title) {
			if (!(sign in count)) return
			line(10, at + 16, " font-weight=\"bold\"", title)
			at += 28
			for (i = 1; i <= count[sign]; i++) {
				split(rows[sign, i], field, "\t")
				limit = substr(field[4], 2) + 0
				whole = sign == "<" ? 2 * limit : field[2] == "percent" ? 100 : 2 * limit
				mark = 300 + 400 * limit / whole
				line(10, at + 15, "", field[7])
				bar(at + 2, 16, field[6] / whole, met(field[4], field[6]) == "yes" ? "#2b7a3d" : "#b3402a")
				if (field[5] != "-" && field[5] != "") bar(at + 19, 4, field[5] / whole, "#8a8a8a")
				body = body sprintf("<line x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" y2=\"%d\" stroke=\"#222\" stroke-width=\"2\"/>\n", mark, at, mark,
					at + 24)
				line(710, at + 15, "", human(field[2], field[6]) " (" target(field[2], field[4]) ")" \
					(field[5] != "-" && field[5] != "" ? ", before " human(field[2], field[5]) : ""))
				at += 30
			}
			at += 10
		}
		$4 != "-" && $6 != "-" && $6 != "" { sign = substr($4, 1, 1); rows[sign, ++count[sign]] = $0 }
		END {
			at = 8
			group("<", "To be below the mark. Thin and grey: before, cut off at twice the target")
			group(">", "To be above the mark, in percent")
			printf "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 980 %d\" font-family=\"sans-serif\" font-size=\"13\">\n", at
			printf "<rect width=\"980\" height=\"%d\" fill=\"#fff\"/>\n%s</svg>\n", at, body
		}' "$table"
}

# What is compared: rows of both reports, lower better but for percentages; a tenth of a second is noise.
# A quick run installs other packages.
compare_with() {
	others=
	grep -q "\"quick\": $([ -n "$quick" ] && echo true || echo false)" "$1" || others='install hit_rate_more'
	sed -n 's/.*"name": "\([a-z_]*\)", "unit": "\([a-z]*\)".*"measured": \([0-9.-]*\)}.*/\1 \2 \3/p' "$1" | while read -r key unit old; do
		new=$(awk -F '\t' -v key="$key" '$1 == key { print $6 }' "$table")
		case $new in '' | -) continue ;; esac
		case " $others " in *" $key "*) continue ;; esac
		awk -v key="$key" -v unit="$unit" -v old="$old" -v new="$new" 'BEGIN {
			if (unit == "percent") worse = old - new > 5
			else worse = new > old * 1.1 && (unit != "ms" || new - old > 100)
			if (worse) printf "worse: %s was %s, is %s (%s)\n", key, old, new, unit
		}'
	done
}

# emit FORMAT FILE
emit() {
	"report_$1" >"$work/out"
	cp "$work/out" "$2" || fail "$2: cannot be written"
}

load=$(load_now)
today=$(date -u +%Y-%m-%d)
measure_builds
measure_sizes
measure_starts
report_builds
if measured packages; then measure_packages; else omit 'package cache'; fi
if measured memory; then measure_memory; else omit 'memory'; fi
machine=$(machine)
report_text
printf '%s\n' "$outputs" | sed '/^$/d' >"$work/outputs"
while IFS='=' read -r format file; do
	emit "$format" "$file"
done <"$work/outputs"
if [ -n "$write_docs" ]; then
	report_markdown >"$work/figures"
	docs=$top/docs/performance.md
	awk -v figures="$work/figures" '
		/^<!-- figures -->/ { print; print ""; while ((getline line <figures) > 0) print line; print ""; inside = 1 }
		/^<!-- end of figures -->/ { inside = 0 }
		!inside { if ($0 !~ /^<!-- figures -->/) print }' "$docs" >"$work/docs"
	cp "$work/docs" "$docs"
	emit svg "$top/docs/performance.svg"
fi
if [ -n "$compare" ]; then
	worse=$(compare_with "$compare")
	if [ -n "$worse" ]; then
		echo "$worse"
		exit 1
	fi
	echo "nothing that was measured is worse than in $compare"
fi
