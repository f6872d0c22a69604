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

# banned: the functions that no source may name
banned() { sed -n 's/^#pragma GCC poison //p' "$(dirname "$0")/../analyzer/base/banned.h" | tr ' ' '\n'; }

header=$(LC_ALL=C readelf -hW "$binary")
segments=$(LC_ALL=C readelf -lW "$binary")
dynamic=$(LC_ALL=C readelf -dW "$binary")
symbols=$(LC_ALL=C readelf -sW "$binary")
imports=$(LC_ALL=C readelf --dyn-syms -W "$binary" | grep ' UND ')
machine=$(printf '%s\n' "$header" | grep 'Machine:')
has 'position independent (type DYN)' 'Type: +DYN' "$header"
has 'marked as PIE' 'FLAGS_1.*PIE' "$dynamic"
has 'GNU_RELRO' 'GNU_RELRO' "$segments"
has 'bound at start (with RELRO: full)' 'FLAGS_1.*NOW|BIND_NOW' "$dynamic"
lacks 'no executable stack' 'GNU_STACK.* RWE ' "$segments"
has 'stack segment stated' 'GNU_STACK' "$segments"
lacks 'no segment both writable and executable' 'LOAD.* RWE ' "$segments"
has 'stack canary' '__stack_chk_fail' "$symbols"
has 'fortified calls' '__[a-z]+_chk' "$(printf '%s\n' "$symbols" | grep -v __stack_chk_fail)"
lacks 'no printf that is not fortified' ' v?(f|d|s|sn|as)?printf@' "$imports"
lacks 'no relocation in code' 'TEXTREL' "$dynamic"
lacks 'code apart from all else' 'LOAD +0x0+ .* R E ' "$segments"
lacks 'no function that banned.h names' " ($(banned | paste -sd '|' -))@" "$imports"
case $machine in
*X86-64*) branch='endbr64' probe="sub +\\\$0x1000,%rsp" ;;
*AArch64*) branch='bti|paciasp' probe='sub.*sp, sp, #0x1' ;;
*) branch='' probe='' ;;
esac
if [ -n "$branch" ]; then
	code=$(LC_ALL=C objdump -d --no-show-raw-insn "$binary")
	has 'targets of branches marked' "$branch" "$(printf '%s\n' "$code" | sed -n '/ <main>:/,/^$/p')"
	has 'large stack frames probed page by page' "$probe" "$code"
fi
lacks 'no RPATH or RUNPATH' 'RPATH|RUNPATH' "$dynamic"
[ ! -u "$binary" ] && [ ! -g "$binary" ]
status=$?
say 'no setuid, no setgid'
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
