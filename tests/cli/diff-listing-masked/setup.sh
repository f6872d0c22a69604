# shellcheck shell=sh
cat >make.py <<EOF
import hashlib, io, json, sys, tarfile

def add(tar, name, data):
    info = tarfile.TarInfo(name)
    info.size = len(data)
    tar.addfile(info, io.BytesIO(data))

layer = io.BytesIO()
with tarfile.open(fileobj=layer, mode="w") as tar:
    add(tar, "a", b"1")
layer = layer.getvalue()
config = {"os": "linux", "architecture": "amd64", "config": {"Env": ["API_TOKEN=" + sys.argv[1], "A=" + sys.argv[1]]},
          "rootfs": {"type": "layers", "diff_ids": ["sha256:" + hashlib.sha256(layer).hexdigest()]}}
with tarfile.open(fileobj=sys.stdout.buffer, mode="w|") as tar:
    add(tar, "layer.tar", layer)
    add(tar, "config.json", json.dumps(config).encode())
    add(tar, "manifest.json", json.dumps([{"Config": "config.json", "RepoTags": None, "Layers": ["layer.tar"]}]).encode())
EOF
python3 -B make.py one >a.tar
python3 -B make.py two >b.tar
"$LAYEROPT" ls --format ndjson a.tar >a.ndjson
