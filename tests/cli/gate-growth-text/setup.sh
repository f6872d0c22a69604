# shellcheck shell=sh
python3 -B "$FIXTURES/packages/make.py" >packages.tar
python3 -B "$FIXTURES/known/make.py" known.tar
