#!/bin/sh
# SPDX-License-Identifier: MIT
# Usage: sh scripts/quickstart.sh
# From a bare Debian to a first report: installs what the build needs and is missing, builds, and analyzes
# the small image of fixtures/demo.
set -eu
cd "$(dirname "$0")/.."
sh scripts/install-deps.sh build
make -j"$(nproc)"
echo '$ build/release/layeropt analyze fixtures/demo/demo.tar.zst'
build/release/layeropt analyze fixtures/demo/demo.tar.zst
echo "The program is $PWD/build/release/layeropt; 'sudo make install' puts it on PATH (docs/install.md)."
echo "Try next: build/release/layeropt analyze docker:NAME, or gate --no-config docker:NAME --max-wasted 20MB (docs/gate.md)."
