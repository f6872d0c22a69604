#!/bin/sh
# SPDX-License-Identifier: MIT
# Usage: sh scripts/test.sh [MAKE-VARIABLE=VALUE...]
# Installs what the tests need and is missing, and runs `make check`. CC=clang runs them with clang.
set -eu
cd "$(dirname "$0")/.."
case " $* " in
*' CC=clang'*) sh scripts/install-deps.sh build test fuzz ;;
*) sh scripts/install-deps.sh build test ;;
esac
exec make -j"$(nproc)" "$@" check
