#!/bin/sh
# SPDX-License-Identifier: MIT
# Usage: scripts/bench.sh BINARY [IMAGE...]
# Times `analyze` and `ls`, best of RUNS (5), on the images given; without one on fixtures/demo, plain and
# compressed.
set -eu
cd "$(dirname "$0")/.."
binary=$1
shift
runs=${RUNS:-5}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT INT TERM
if [ $# -eq 0 ]; then
	zstd -dq fixtures/demo/demo.tar.zst -o "$scratch/demo.tar"
	gzip -k "$scratch/demo.tar"
	set -- "$scratch/demo.tar" "$scratch/demo.tar.gz" fixtures/demo/demo.tar.zst
fi

# now: milliseconds
now() { echo $(($(date +%s%N) / 1000000)); }

# best COMMAND...: the shortest of the runs, in milliseconds
best() {
	least=
	run=0
	while [ $run -lt "$runs" ]; do
		start=$(now)
		"$@" >/dev/null
		took=$(($(now) - start))
		if [ -z "$least" ] || [ $took -lt "$least" ]; then
			least=$took
		fi
		run=$((run + 1))
	done
	echo "$least"
}

printf '%-24s %12s %14s %14s\n' image bytes 'analyze (ms)' 'ls (ms)'
for image in "$@"; do
	size=$(stat -c %s "$image")
	analyze=$(best "$binary" analyze -q "$image")
	list=$(best "$binary" ls "$image")
	printf '%-24s %12s %14s %14s\n' "$(basename "$image")" "$size" "$analyze" "$list"
done
