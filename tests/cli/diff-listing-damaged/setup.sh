# shellcheck shell=sh
"$LAYEROPT" ls --format ndjson "$FIXTURES/matrix/images/wh_simple.tar" | sed '3s/"uid":[0-9]*/"uid":"0"/' >damaged.ndjson
