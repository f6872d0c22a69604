# shellcheck shell=sh
"$LAYEROPT" ls --layer 1 --format ndjson "$FIXTURES/matrix/images/wh_simple.tar" >layer.ndjson
