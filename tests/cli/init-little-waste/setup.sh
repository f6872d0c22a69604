# shellcheck shell=sh
PYTHONPATH="$FIXTURES/../tests/support" python3 -B - <<'END'
from build import docker_archive, file, tar
with open("little.tar", "wb") as out:
    out.write(docker_archive(tar(file("a", b"x"), file("b", bytes(1000000))), tar(file("a", b"y"))))
END
