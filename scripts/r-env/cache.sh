#!/bin/sh
# SPDX-License-Identifier: MIT
# The part of scripts/setup-cache.sh that runs in the container, where the cache is: status, verify, prune, warm.
set -eu
cache=${R_PACKAGE_CACHE:-/cache/packages}
home=$(R RHOME)
mkdir -p "$cache/entries"

# The same as in INSTALL: what binaries here are made for.
abi() {
	sed -n 's/^Version: /R /p' "$home/library/base/DESCRIPTION"
	uname -m
	getconf GNU_LIBC_VERSION
	sed -n 's/^\(ID\|VERSION_ID\)=//p' /etc/os-release
	cc -dumpversion 2>/dev/null || :
}

# told FILE NAME
told() {
	sed -n "s/^$2: //p" "$1"
}

entries() {
	find "$cache/entries" -name '*.meta' ! -name '.*' | sort
}

# stale META: made for another R, C library, system or compiler
stale() {
	[ "$(told "$1" abi)" != "$(abi | tr '\n' ' ')" ]
}

# superseded META: the cache has a newer version of the package that was used later
superseded() {
	name=$(told "$1" package)
	version=$(told "$1" version)
	find "$cache/entries" -name '*.meta' -newer "$1" -exec grep -lx "package: $name" {} + 2>/dev/null |
		while IFS= read -r other; do
			newer=$(told "$other" version)
			[ "$newer" = "$version" ] || dpkg --compare-versions "$newer" lt "$version" || echo newer
		done | grep -q newer
}

sound() {
	[ "$(told "$1" sha256)" = "$(sha256sum 2>/dev/null <"${1%.meta}.tar.gz" | cut -d ' ' -f 1)" ]
}

# rate FILTER: of the log's lines that awk's FILTER takes
rate() {
	touch "$cache/log"
	awk "$1"' && $3 == "hit" { hits++ }
		'"$1"' && $3 == "miss" { misses++ }
		END {
			all = hits + misses
			if (all) printf "%.1f %d %d\n", 100 * hits / all, hits, all
			else print "- 0 0"
		}' "$cache/log"
}

status() {
	total=0 old=0 replaced=0
	for meta in $(entries); do
		total=$((total + 1))
		if stale "$meta"; then old=$((old + 1)); elif superseded "$meta"; then replaced=$((replaced + 1)); fi
	done
	size=$(du -sb "$cache/entries" | cut -f 1)
	last=$(tail -n 1 "$cache/log" 2>/dev/null | cut -d ' ' -f 2)
	# shellcheck disable=SC2046 # three numbers
	set -- $(rate 1) $(rate "\$2 == \"${last:--}\"")
	damaged=$(grep -c ' damaged ' "$cache/log") || :
	ccache=$(ccache --print-stats 2>/dev/null | awk '
		$1 ~ /^(direct|preprocessed)_cache_hit$/ { hits += $2 }
		$1 == "cache_miss" { misses += $2 }
		END { if (hits + misses) printf "%.1f %d %d\n", 100 * hits / (hits + misses), hits, hits + misses; else print "- 0 0" }')
	if [ "${FORMAT:-text}" = json ]; then
		printf '{\n'
		printf '  "entries": %d,\n  "bytes": %d,\n  "stale": %d,\n  "superseded": %d,\n' "$total" "$size" "$old" "$replaced"
		printf '  "damaged_found": %d,\n' "$damaged"
		printf '  "hits": %d,\n  "installations": %d,\n' "$2" "$3"
		printf '  "last_session": "%s",\n  "last_hits": %d,\n  "last_installations": %d,\n' "${last:--}" "$5" "$6"
		printf '  "ccache_hits": %d,\n  "ccache_calls": %d\n}\n' "$(echo "$ccache" | cut -d ' ' -f 2)" \
			"$(echo "$ccache" | cut -d ' ' -f 3)"
		return
	fi
	printf 'packages    %d entries, %s bytes; %d stale, %d superseded\n' "$total" "$size" "$old" "$replaced"
	printf 'hit rate    %s %% (%d of %d installations)\n' "$1" "$2" "$3"
	printf 'last set-up %s %% (%d of %d, session %s)\n' "$4" "$5" "$6" "${last:--}"
	printf 'damaged     %d found and made anew\n' "$damaged"
	# shellcheck disable=SC2086 # three numbers
	printf 'ccache      %s %% (%d of %d compilations)\n' $ccache
}

verify() {
	bad=0 total=0
	for meta in $(entries); do
		total=$((total + 1))
		sound "$meta" && continue
		bad=$((bad + 1))
		echo "damaged: $(told "$meta" package) $(told "$meta" version): removed, the next installation makes it anew"
		rm -f "$meta" "${meta%.meta}.tar.gz"
	done
	echo "$total entries, $bad damaged"
	[ "$bad" -eq 0 ]
}

# prune DAYS: stale, superseded, halves of entries, and what was not used for DAYS
prune() {
	before=$(du -sb "$cache/entries" | cut -f 1)
	for meta in $(entries); do
		why=
		if stale "$meta"; then
			why="made for $(told "$meta" abi)"
		elif superseded "$meta"; then
			why='a newer version was used later'
		elif [ -n "$1" ] && [ -n "$(find "$meta" -mtime "+$1")" ]; then
			why="not used for $1 days"
		fi
		[ -n "$why" ] || continue
		echo "removed: $(told "$meta" package) $(told "$meta" version): $why"
		rm -f "$meta" "${meta%.meta}.tar.gz"
	done
	find "$cache/entries" -name '.new-*' -mmin +60 -delete
	for archive in "$cache"/entries/*.tar.gz; do
		[ -f "${archive%.tar.gz}.meta" ] || find "$archive" -mmin +60 -delete 2>/dev/null || :
	done
	# the log remembers the last ten thousand installations
	if [ -f "$cache/log" ]; then
		tail -n 10000 "$cache/log" >"$cache/log.new" && mv "$cache/log.new" "$cache/log"
	fi
	echo "$((before - $(du -sb "$cache/entries" | cut -f 1))) bytes freed"
}

# warm REPOSITORY SESSION PACKAGE...: installed into a library that is thrown away, so that the cache has them
warm() {
	repository=$1 session=$2
	shift 2
	library=$(mktemp -d)
	trap 'rm -rf "$library"' EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM
	start=$(date +%s%3N)
	status=0
	R_CACHE_SESSION=$session R_LIBS_USER=$library Rscript --no-save - "$repository" "$library" "$@" <<-'R' >"$library.log" 2>&1 ||
		arguments <- commandArgs(TRUE)
		options(repos = c(local = arguments[1]), Ncpus = max(1L, parallel::detectCores()))
		known <- available.packages(filters = "duplicates")
		wanted <- if (length(arguments) > 2) arguments[-(1:2)] else rownames(known)
		missing <- setdiff(wanted, rownames(known))
		if (length(missing)) stop("not in the repository: ", paste(missing, collapse = ", "))
		needed <- tools::package_dependencies(wanted, known, which = c("Depends", "Imports", "LinkingTo"), recursive = TRUE)
		all <- intersect(unique(c(wanted, unlist(needed))), rownames(known))
		install.packages(all, lib = arguments[2], dependencies = FALSE)
		left <- setdiff(all, rownames(installed.packages(arguments[2])))
		if (length(left)) stop("not installed: ", paste(left, collapse = ", "))
	R
		status=1
	[ "$status" -eq 0 ] || tail -n 30 "$library.log" >&2
	rm -f "$library.log"
	# shellcheck disable=SC2046 # three numbers
	set -- $(rate "\$2 == \"$session\"")
	[ "$status" -ne 0 ] && [ "$3" -eq 0 ] ||
		printf '%s %% of %d installations from the cache, %d ms\n' "$1" "$3" "$(($(date +%s%3N) - start))"
	return "$status"
}

command=$1
shift
case $command in
status) status ;;
verify) verify ;;
prune) prune "${1:-}" ;;
warm) warm "$@" ;;
esac
