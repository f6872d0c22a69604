#!/bin/sh
# SPDX-License-Identifier: MIT
# The part of scripts/resource-optimization.sh and scripts/performance-testing.sh that runs in the container: does one
# piece of work and prints, as the last line: milliseconds, CPU milliseconds, peak of anonymous memory (sampled), peak of the
# cgroup with its file cache, 1 when it went well.
# shellcheck disable=SC2317 # the functions are called by name
set -u
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

packages='covr data.table devtools digest dplyr ggplot2 jsonlite knitr lintr lubridate pkgdown purrr readr rlang rmarkdown roxygen2 stringr testthat tibble tidyr'

load() {
	# shellcheck disable=SC2086 # names
	Rscript -e 'for (p in commandArgs(TRUE)) library(p, character.only = TRUE)' $packages
}

document() {
	cp -R /workspace/package "$work/package" && r-env document "$work/package"
}

# A package of four C++ files with Rcpp: templates over templates.
compile() {
	mkdir -p "$work/heavy/src"
	printf 'Package: heavy\nVersion: 1.0\nTitle: C++\nDescription: C++.\nAuthor: a\nMaintainer: a <a@example.org>\nLicense: MIT\nLinkingTo: Rcpp\n' \
		>"$work/heavy/DESCRIPTION"
	echo 'useDynLib(heavy)' >"$work/heavy/NAMESPACE"
	for number in 1 2 3 4; do
		cat >"$work/heavy/src/part$number.cpp" <<-CPP
			#include <Rcpp.h>
			#include <algorithm>
			#include <map>
			#include <string>
			extern "C" SEXP part$number(SEXP x)
			{
				Rcpp::NumericVector values(x);
				std::map<std::string, std::vector<double>> groups;
				for (double value : values)
					groups[std::to_string(value).substr(0, $number)].push_back(value);
				for (auto &group : groups)
					std::sort(group.second.begin(), group.second.end());
				return Rcpp::wrap(groups);
			}
		CPP
	done
	mkdir "$work/library"
	R CMD INSTALL --no-docs --library="$work/library" "$work/heavy"
}

# Two million rows: grouped, joined, sorted, reshaped, drawn.
job() {
	Rscript - "$work" <<-'R'
		library(data.table)
		library(ggplot2)
		set.seed(1)
		n <- 2e6
		events <- data.table(id = sample.int(5e4, n, TRUE), day = sample.int(365, n, TRUE), kind = sample(letters, n, TRUE),
		                     value = rnorm(n), weight = runif(n))
		users <- data.table(id = seq_len(5e4), group = sample(LETTERS[1:5], 5e4, TRUE))
		events <- users[events, on = "id"]
		setorder(events, group, day)
		daily <- events[, .(mean = weighted.mean(value, weight), sd = sd(value), n = .N), by = .(group, day, kind)]
		wide <- dcast(daily, day + kind ~ group, value.var = "mean")
		for (round in 1:5) events[, paste0("lag", round) := shift(value, round), by = group]
		fit <- lm(value ~ weight + group + lag1, data = events[seq_len(5e5)])
		plot <- ggplot(daily, aes(day, mean, colour = group)) + geom_point(alpha = 0.1) + geom_smooth(method = "lm", formula = y ~ x) +
			facet_wrap(~kind)
		ggsave(file.path(commandArgs(TRUE)[1], "plot.png"), plot, width = 8, height = 6, dpi = 100)
		stopifnot(nrow(wide) == 365 * 26, abs(coef(fit)[["weight"]]) < 0.1)
	R
}

# The same files under cgroup version 1 and 2. Version 2 has no peak on kernels before 5.19.
if [ -f /sys/fs/cgroup/memory/memory.stat ]; then
	stat=/sys/fs/cgroup/memory/memory.stat field=total_rss peak=/sys/fs/cgroup/memory/memory.max_usage_in_bytes
	cpu() {
		echo $(($(cat /sys/fs/cgroup/cpuacct/cpuacct.usage) / 1000000))
	}
else
	stat=/sys/fs/cgroup/memory.stat field=anon peak=/sys/fs/cgroup/memory.peak
	cpu() {
		echo $(($(sed -n 's/^usage_usec //p' /sys/fs/cgroup/cpu.stat) / 1000))
	}
fi

# Built-in commands only, but for the pause: watching is to cost next to nothing.
watch() {
	most=0
	while :; do
		while read -r name value; do
			if [ "$name" = "$field" ]; then
				if [ "$value" -gt "$most" ]; then
					most=$value
					echo "$most" >>"$work/most"
				fi
				break
			fi
		done <"$stat"
		sleep 0.05
	done
}

case $1 in
load | document | compile | job) ;;
test | check) ;;
*)
	echo "workload: $1: no such work" >&2
	exit 2
	;;
esac
watch &
watcher=$!
start=$(date +%s%3N)
before=$(cpu)
case $1 in
test | check) r-env "$1" ;;
*) "$1" ;;
esac >"$work/log" 2>&1
status=$?
spent=$(($(cpu) - before))
end=$(date +%s%3N)
kill "$watcher"
[ "$status" -eq 0 ] || tail -n 20 "$work/log" >&2
printf '%d %d %d %d %d\n' "$((end - start))" "$spent" "$(tail -n 1 "$work/most")" "$(cat "$peak" 2>/dev/null || echo 0)" \
	"$((status == 0))"
exit "$status"
