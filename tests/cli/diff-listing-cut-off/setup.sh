# shellcheck shell=sh
"$LAYEROPT" ls --format ndjson "$FIXTURES/matrix/images/wh_simple.tar" >all.ndjson
sed "\$d" all.ndjson >cut.ndjson
