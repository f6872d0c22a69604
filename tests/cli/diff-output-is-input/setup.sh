# shellcheck shell=sh
cp "$FIXTURES/demo/demo.tar.zst" copy.tar.zst
