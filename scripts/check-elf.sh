#!/bin/sh
# SPDX-License-Identifier: MIT
# Usage: scripts/check-elf.sh BINARY
# Reads the ELF file and says whether the hardening the release is built with has arrived in it.
set -u
binary=$1
[ -f "$binary" ] || { echo "check-elf: $binary: no such file" >&2; exit 2; }
passed=0
failed=0

# say WHAT: counts the status of the command before it
say() {
	if [ "$status" -eq 0 ]; then
		echo "ok $1"
		passed=$((passed + 1))
	else
		echo "not ok $1"
		failed=$((failed + 1))
	fi
}
# has WHAT PATTERN TEXT, lacks WHAT PATTERN TEXT
has() { printf '%s\n' "$3" | grep -Eq -- "$2"; status=$?; say "$1"; }
lacks() { ! printf '%s\n' "$3" | grep -Eq -- "$2"; status=$?; say "$1"; }

header=$(LC_ALL=C readelf -hW "$binary")
segments=$(LC_ALL=C readelf -lW "$binary")
dynamic=$(LC_ALL=C readelf -dW "$binary")
symbols=$(LC_ALL=C readelf -sW "$binary")
has 'position independent (type DYN)' 'Type: +DYN' "$header"
has 'marked as PIE' 'FLAGS_1.*PIE' "$dynamic"
has 'GNU_RELRO' 'GNU_RELRO' "$segments"
has 'bound at start (with RELRO: full)' 'FLAGS_1.*NOW|BIND_NOW' "$dynamic"
lacks 'no executable stack' 'GNU_STACK.* RWE ' "$segments"
has 'stack segment stated' 'GNU_STACK' "$segments"
lacks 'no segment both writable and executable' 'LOAD.* RWE ' "$segments"
has 'stack canary' '__stack_chk_fail' "$symbols"
has 'fortified calls' '__[a-z]+_chk' "$(printf '%s\n' "$symbols" | grep -v __stack_chk_fail)"
lacks 'no RPATH or RUNPATH' 'RPATH|RUNPATH' "$dynamic"
[ ! -u "$binary" ] && [ ! -g "$binary" ]
status=$?
say 'no setuid, no setgid'
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
