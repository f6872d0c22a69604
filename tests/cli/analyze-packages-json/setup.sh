# shellcheck shell=sh
python3 -B "$FIXTURES/packages/make.py" >image.tar
