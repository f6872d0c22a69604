#!/bin/sh
# SPDX-License-Identifier: MIT
# Usage: scripts/check-static.sh BINARY
# Says how large the program is, which libraries are in it, and which it still has to be given; fails when there are any.
set -eu
binary=$1
dynamic=$(LC_ALL=C readelf -dW "$binary" 2>/dev/null)
needed=$(printf '%s\n' "$dynamic" | sed -n 's/.*(NEEDED).*\[\(.*\)\].*/\1/p')
loader=$(LC_ALL=C readelf -lW "$binary" | sed -n 's/.*Requesting program interpreter: \(.*\)\].*/\1/p')
printf '%s: %s bytes\n' "$binary" "$(wc -c <"$binary")"
printf 'linked in: glibc, %s\n' "$("$binary" --version | sed -n 2p)"
if [ -n "$needed$loader" ]; then
	printf "still needed: %s\n" "$(printf "%s\n" "$needed" "$loader" | sed /^$/d | paste -sd " " -)"
	exit 1
fi
echo 'still needed: nothing'
