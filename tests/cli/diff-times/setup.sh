# shellcheck shell=sh
cat >make.py <<EOF
import hashlib, io, json, sys, tarfile

def add(tar, name, data, time):
    info = tarfile.TarInfo(name)
    info.size, info.mtime = len(data), time
    tar.addfile(info, io.BytesIO(data))

layer, time = io.BytesIO(), float(sys.argv[1])
with tarfile.open(fileobj=layer, mode="w", format=tarfile.PAX_FORMAT) as tar:
    add(tar, "etc/older", b"1", time)
    add(tar, "same", b"1", 1600000000)
    add(tar, "longer", b"1" * int(time % 7), time)
layer = layer.getvalue()
config = {"os": "linux", "architecture": "amd64", "rootfs": {
    "type": "layers", "diff_ids": ["sha256:" + hashlib.sha256(layer).hexdigest()]}}
with tarfile.open(fileobj=sys.stdout.buffer, mode="w|") as tar:
    add(tar, "layer.tar", layer, 0)
    add(tar, "config.json", json.dumps(config).encode(), 0)
    add(tar, "manifest.json", json.dumps([{"Config": "config.json", "RepoTags": None, "Layers": ["layer.tar"]}]).encode(), 0)
EOF
python3 -B make.py 1600000001.5 >a.tar
python3 -B make.py 1700000002 >b.tar
"$LAYEROPT" ls --format ndjson b.tar >b.ndjson
