# shellcheck shell=sh
python3 -B "$FIXTURES/known/make.py" known.tar
