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
