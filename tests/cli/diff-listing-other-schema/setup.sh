# shellcheck shell=sh
"$LAYEROPT" analyze --format json "$FIXTURES/matrix/images/wh_simple.tar" >analysis.json
