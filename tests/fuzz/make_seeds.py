#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Write the seed inputs of the fuzz targets: tests/fuzz/make_seeds.py [FOLDER]

They go to tests/fuzz/corpus/TARGET/seed-NAME, or under FOLDER; files of other names, found by fuzzing, are left
alone. Run it again after a change here, and commit what it wrote.
"""
import json
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(HERE, "..", "support"))
from build import *  # noqa: E402,F403
import rpm  # noqa: E402

TARS = {
	"plain": tar(directory("etc"), file("etc/a", "hello\n"), symlink("l", "etc/a"), hardlink("h", "etc/a")),
	"nodes": tar(node("c", b"3"), node("b", b"4", (8, 1)), node("p", b"6"), node("zero", b"3", (0, 0))),
	"whiteouts": tar(file(".wh.a"), directory("d"), file("d/.wh..wh..opq"), file("d/x", "1")),
	"pax": tar(file("a", "x", records={"path": "longer/name", "mtime": "1.5", "uid": "70000", "SCHILY.xattr.user.a": "b"})),
	"pax-link": tar(symlink("a", "x" * 120)),
	"gnu": tar(gnu_long("name" * 30), file("x", "data", magic=GNU), gnu_long("link" * 30, b"K"), symlink("y", "z", magic=GNU)),
	"v7": tar(header("dir/", b"\0", magic=b""), header("file", b"\0", 2, magic=b"") + pad(b"ab")),
	"prefix": tar(header("n" * 100, patch={"prefix": b"p" * 100})),
	"base256": tar(file("a", "x", uid=1 << 40, mtime=-5)),
	"sparse10": tar(sparse10("s", 4096, [(512, b"abc"), (2048, b"def")])),
	"sparse01": tar(pax({"GNU.sparse.major": "0", "GNU.sparse.minor": "1", "GNU.sparse.name": "s", "GNU.sparse.size": "100",
		"GNU.sparse.numblocks": "1", "GNU.sparse.map": "10,3"}), header("x", size=3) + pad(b"abc")),
	"sparse00": tar(pax(b"".join(pax_record(k, v) for k, v in (("GNU.sparse.size", "100"), ("GNU.sparse.numblocks", "1"),
		("GNU.sparse.offset", "10"), ("GNU.sparse.numbytes", "3")))), header("s", size=3) + pad(b"abc")),
	"global": tar(pax({"comment": "x"}, b"g"), file("a", "b")),
	"unended": tar(file("a", "b"), end=b""),
	"unpadded": tar(file("a", "b"), end=b"")[:-511],
	"zero-entry": tar(file("a"), bytes(512), file("b")),
	"damaged": tar(file("a"), b"X" + header("b")[1:]),
	"old-sparse": tar(header("s", b"S", 0, magic=GNU)),
	"twice": tar(file("a", "1"), file("a", "2")),
	"hardlink-body": tar(file("a", "1"), header("b", b"1", 5, link="a") + pad(b"12345")),
	"dotdot": tar(file("../a", "1"), file("./b//c/", "2"), file("x/../y", "3")),
	"empty": b"",
	"end": END,
}
NAMED = {name: TARS[name] for name in ("plain", "whiteouts", "pax", "unended", "dotdot", "twice")}
SMALL = TARS["plain"]

LAYERS = {
	**{f"plain-{name}": b"\x07" + data for name, data in TARS.items()},
	**{f"gzip-{name}": b"\x07" + gzip(data) for name, data in NAMED.items()},
	**{f"zstd-{name}": b"\x0f" + zstd(data) for name, data in NAMED.items()},
	"gzip-members": b"\x0f" + gzip(SMALL[:512]) + gzip(SMALL[512:]),
	"zstd-frames": b"\x0f" + zstd_skippable(b"x") + zstd(SMALL[:512]) + zstd(SMALL[512:]),
	"xz": b"\x00\xfd7zXZ\x00",
}

GATE_CONFIG = b"""version: 1
dockerfile: Dockerfile
budgets: {max-size: 1.5GB, max-wasted-percent: 5%, min-efficiency: 0.95, max-layers: 40, floor: 1MB,
  size-measure: rootfs, fail-on: error}
own: {max-wasted: 1MB}
base: {layers: 1, max-layer-size: 7MiB}
baseline: {file: b.json, max-growth: 25MB, max-growth-percent: 150%, no-new: warning}
paths:
- {path: /opt/**, name: n, max-size: 7MB, message: "ask us"}
packages:
- {package: "cuda-*", max-size: 0B}
forbidden:
- path: /root/.ssh
rules:
- {rule: logs, severity: off}
ignore:
- {rule: logs, path: /var/log, fingerprint: 0123456789abcdef0123456789abcdef, reason: r, expires: 2027-01-31}
"""

SETTINGS = {
	"config": b"\0" + GATE_CONFIG,
	"config-alias": b"\0budgets: &a {max-size: 1GB}\nown: *a\n",
	"config-deep": b"\0" + b"[" * 200,
	"config-two": b"\0version: 1\n---\nversion: 1\n",
	"config-tags": b"\0!!map {? !!str version : !!int 1}\n",
	"dive": b"\1rules:\n  lowestEfficiency: 0.95\n  highestWastedBytes: 20 MB\n  highestUserWastedPercent: disabled\n",
	"pragma": b"\2FROM x\n# layeropt ignore=logs,apt-lists expires=2027-01-31 -- why\nRUN <<E\n# layeropt x\nE\n",
	"percent": b"\x0395%",
	"part": b"\3own:1.5GB",
	"budget": b"\3/opt=7MB",
	"rule": b"\3logs",
}

GZIPS = {
	"small": gzip(b"hello"),
	"stored": gzip(b"hello" * 20, 0),
	"empty": gzip(b""),
	"members": gzip(b"a") + gzip(b"") + gzip(b"b" * 300),
	"fields": b"\x1f\x8b\x08\x1c" + bytes(6) + b"\x03\0abcname\0note\0" + gzip(b"x")[10:],
	"long": gzip(bytes(range(256)) * 30),
	"zeros": gzip(bytes(100000)),
	"padding": gzip(b"a") + bytes(20),
	"garbage": gzip(b"a") + b"garbage",
	"cut": gzip(b"hello world")[:-5],
	"header": gzip(b"")[:10],
	"method": b"\x1f\x8b\x07" + bytes(7),
}

ZSTDS = {
	"small": zstd(b"hello"),
	"empty": zstd(b""),
	"window": zstd(b"x" * 10 + b"y" * 300, window_log=12),
	"plain": zstd(b"hello", checksum=False),
	"frames": zstd(b"a") + zstd_skippable(b"toc") + zstd(b"b" * 200),
	"skippable": zstd_skippable(b"abc"),
	"bad-checksum": zstd(b"hello", bad_checksum=True),
	"large-window": zstd(b"hello", window_log=31),
	"zeros": zstd(bytes(1 << 18)),
	"cut": zstd(b"hello world")[:-6],
	"garbage": zstd(b"a") + b"garbage",
	"compressed": bytes.fromhex("28b52ffd0458450000106161014b11f2eb96a8"),
}

# instructions of fuzz_image and fuzz_repack: mode, then OP PATH ...; 0xf0 starts a layer, 0xe0 to 0xe3 add a history entry
IMAGES = {
	"empty": "",
	"one-file": "00 00 05 1f",
	"overwrite": "81 00 05 1f f0 00 05 1e",
	"touch": "42 00 05 1f f0 00 05 9f",
	"remove": "c0 00 05 1f f0 07 05",
	"opaque": "01 03 00 00 05 1f f0 09 00 00 09 1a",
	"duplicates": "02 00 00 1f 00 04 1f 00 08 1f",
	"hard-links": "80 00 00 1f 05 04 00 f0 07 00",
	"hard-link-up": "80 00 00 1f f0 05 04 00",
	"symlink-parent": "00 03 00 06 04 00 00 05 1f",
	"file-to-directory": "00 00 00 1f f0 03 00 00 05 11",
	"directory-to-file": "00 03 00 00 05 11 f0 00 00 1f",
	"sparse": "00 0a 00 02 10 20 30 05 07",
	"xattr": "00 0b 00 01 02 1f",
	"nodes": "00 0c 00 0c 81 0c 82",
	"whiteout-node": "00 00 00 1f f0 0c 00",
	"odd-names": "c1 00 e0 01 00 e4 02 00 e5 03 00 e6 04 00 e7 05",
	"history": "00 e0 e1 00 00 1f f0 e2 00 00 1e e3",
	"layers": "81 00 00 1f f0 00 05 1e f0 07 00 f0 00 00 1f f0 09 01",
	"twice": "00 00 00 1f 00 00 1e f0 00 00 1f",
	"root-opaque": "00 00 00 1f f0 09 ff",
	"slash-file": "00 0d 00",
}

LAYER_NAMES = ["0.tar", "1.tar"]
CONFIG_0 = {"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": ["@0", "@1"]}}
MANIFEST_0 = [{"Config": "c.json", "RepoTags": ["a:b"], "Layers": LAYER_NAMES}]
FULL = {**CONFIG_0, "variant": "v8", "created": "2023-01-02T03:04:05Z", "config": {"Env": ["A=1", "PASSWORD=x"], "Cmd": ["sh"],
	"Entrypoint": ["/e"], "User": "u", "WorkingDir": "/w", "Labels": {"k": "v"}, "ExposedPorts": {"80/tcp": {}}, "Volumes": {"/v": {}}},
	"history": [{"created_by": "/bin/sh -c #(nop) ADD file:x in / ", "created": "x"}, {"created_by": "ENV A=1", "empty_layer": True},
		{"created_by": "RUN /bin/sh -c x # buildkit", "comment": "buildkit.dockerfile.v0"}]}


def texts(*documents):
	return "\n%%\n".join(x if isinstance(x, str) else json.dumps(x, separators=(",", ":")) for x in documents).encode()


MANIFESTS = {
	"small": texts(MANIFEST_0, CONFIG_0),
	"full": texts(MANIFEST_0, FULL),
	"two-images": texts(MANIFEST_0 * 2, CONFIG_0),
	"one-layer": texts([{"Config": "c.json", "Layers": ["0.tar"]}], {**CONFIG_0, "rootfs": {"type": "layers", "diff_ids": ["@0"]}}),
	"same-layer": texts([{"Config": "c.json", "Layers": ["0.tar"] * 2}], {**CONFIG_0, "rootfs": {"type": "layers", "diff_ids": ["@0"] * 2}}),
	"no-layers": texts([{"Config": "c.json", "Layers": None}], {"rootfs": {"type": "layers"}}),
	"mismatch": texts(MANIFEST_0, {"rootfs": {"type": "layers", "diff_ids": ["@0"]}}),
	"absolute": texts([{"Config": "/c.json", "Layers": ["../0.tar"]}], CONFIG_0),
	"sources": texts([{**MANIFEST_0[0], "LayerSources": {"@0": {"mediaType": "x", "size": 1, "digest": "@0"}}}], CONFIG_0),
	"history-long": texts(MANIFEST_0, {**CONFIG_0, "history": [{}] * 5}),
	"types": texts([{"Config": 1, "RepoTags": "x", "Layers": {}}], []),
	"escapes": texts(MANIFEST_0, {**CONFIG_0, "config": {"Env": ["A=\x1b[31m\u202e\u0000"], "Labels": {"\n": "\ud83d\ude00"}}}),
	"nothing": texts("", ""),
}

ONE_LAYER = {"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": ["@0"]}, "history": [{"created_by": "x"}]}


def reference(index, media_type, **more):
	"""A descriptor of a later document; the quotes around its size are taken off by bare()."""
	return {"mediaType": media_type, "digest": f"@{index}", "size": f"#{index}", **more}


def bare(data):
	for n in b"0123456789":
		data = data.replace(b'"#%c"' % n, b"#%c" % n)
	return data


def oci_manifest(config, media_type=LAYER, **more):
	return {"schemaVersion": 2, "mediaType": MANIFEST, "config": reference(config, CONFIG), "layers": [reference(0, media_type)], **more}


def oci_index(*entries, **more):
	return {"schemaVersion": 2, "mediaType": INDEX, "manifests": list(entries), **more}


AMD64, S390X = ({"os": "linux", "architecture": a} for a in ("amd64", "s390x"))
INDEXES = {
	"small": texts(oci_index(reference(1, MANIFEST)), oci_manifest(2), ONE_LAYER),
	"named": texts(oci_index(reference(1, MANIFEST, annotations={"org.opencontainers.image.ref.name": "a:1"})), oci_manifest(2), ONE_LAYER),
	"nested": texts(oci_index(reference(1, INDEX)), oci_index(reference(2, MANIFEST, platform=AMD64)), oci_manifest(3), ONE_LAYER),
	"platforms": texts(oci_index(reference(1, MANIFEST, platform=AMD64), reference(2, MANIFEST, platform=S390X)), oci_manifest(3),
		oci_manifest(3, annotations={"x": "y"}), ONE_LAYER),
	"attestation": texts(oci_index(reference(1, MANIFEST, platform=AMD64), reference(2, MANIFEST, platform={"os": "unknown",
		"architecture": "unknown"}, annotations={"vnd.docker.reference.type": "attestation-manifest"})), oci_manifest(3), {}, ONE_LAYER),
	"missing": texts(oci_index({"mediaType": MANIFEST, "digest": "sha256:" + "0" * 64, "size": 5})),
	"foreign": texts(oci_index(reference(1, MANIFEST)), oci_manifest(2, "application/vnd.oci.image.layer.nondistributable.v1.tar"), ONE_LAYER),
	"artifact": texts(oci_index(reference(1, MANIFEST)), {**oci_manifest(2), "config": reference(2, "application/vnd.oci.empty.v1+json")}, {}),
	"both": texts(oci_index(reference(1, MANIFEST)), {**oci_manifest(2), "manifests": []}, ONE_LAYER),
	"docker": texts(oci_index(reference(1, "application/vnd.docker.distribution.manifest.v2+json")),
		{**oci_manifest(2), "mediaType": "application/vnd.docker.distribution.manifest.v2+json"}, ONE_LAYER),
	"null": texts({"schemaVersion": 2, "manifests": None}),
	"types": texts({"schemaVersion": "2", "manifests": [1, {}, {"digest": 1, "size": "x"}]}),
	"data": texts(oci_index(reference(1, MANIFEST, data="e30=")), oci_manifest(2), ONE_LAYER),
	"negative-size": texts(oci_index({**reference(1, MANIFEST), "size": -1}), oci_manifest(2), ONE_LAYER),
	"config-as-manifest": texts(oci_index(reference(1, MANIFEST)), ONE_LAYER),
}

ESCAPES = {
	"plain": b"usr/bin/tool", "controls": bytes(range(32)) + b"\x7f", "c1": "\u0080\u009b\u0085".encode(),
	"bidi": "\u202a\u202e\u2066\u2069\u200e\u061c".encode(), "separators": "\u2028\u2029".encode(), "invalid": b"\xff\xfe\xc3\x28\xe2\x82",
	"overlong": b"\xc0\xaf\xe0\x80\xaf\xed\xa0\x80\xf4\x90\x80\x80", "emoji": "\U0001f600\u0301\u4e2d".encode(), "formula": b"=1+1",
	"quotes": b"\"',;|`\\", "ticks": b"``` `` `", "newline": b"a\n::error::b\r\n##vso[x]", "empty": b"", "tab": b"\tx", "at": b"@x", "minus": b"-1",
	"html": b"<img src=x>&amp;",
}

DPKG = {
	"stanza": b"Package: a\nStatus: install ok installed\nPriority: optional\nArchitecture: amd64\nMulti-Arch: same\nVersion: 1:2.0~rc1-3+b1\n"
		b"Depends: b (>= 1.0), c | d:any (<< 2)\nRecommends: e\nDescription: x\n text\n .\n more\n\nPackage: b\nProvides: v (= 1), w\n"
		b"Version: 1\nDepends: v (= 1)\n",
	"folded": b"Package: a\nDepends: b,\n c (>= 1:1.0-1~),\n\td [amd64] <!x>\nVersion: 0\n",
	"states": b"Package: a\nArchitecture: amd64\nAuto-Installed: 1\n\n",
	"list": b"/.\n/usr\n/usr/share/doc/a/copyright\n",
	"sums": b"d41d8cd98f00b204e9800998ecf8427e  usr/bin/a\nd41d8cd98f00b204e9800998ecf8427e *usr/bin/b\n",
	"diversions": b"/bin/sh\n/bin/sh.distrib\ndash\n/usr/a\n/usr/b\n:\n",
	"removed": b"Package: a\nStatus: deinstall ok config-files\n\nPackage: b\nStatus: hold ok installed\nEssential: yes\n",
	"ends": b"Package: a\r\nVersion: 1\r\n\r\n: \n x\nDepends:|,|,(\n",
	"path": b"var/lib/dpkg/info/a:amd64.list",
}

APK, RECORD, INSTALLED_FILES, TOP_LEVEL, EGG, R_PACKAGE, NPM, CONDA = (b"%c" % n for n in range(8))	# as in fuzz_databases.c
DATABASES = {
	"apk": APK + b"C:Q1x=\nP:musl\nV:1.2\nF:lib\nM:0:0:755\nR:libc.so\na:0:0:755\nZ:Q1y=\n\nP:base\nV:3\nF:\nR:x\nF:etc\n\n",
	"apk-nameless": APK + b"V:1\nF:x\nR:y\n\n\nP:b\r\nR:z\nP:c",
	"record": RECORD + b"../../../bin/pip,sha256=abc,234\nname/__init__.py,sha256=x,357\nname-1.0.dist-info/RECORD,,\n",
	"record-quoted": RECORD + b'"a,b.py",sha256=x,1\r\n"say ""hi""",,\n"two\nlines",,\n/etc/x,,\n"open,,\n',
	"installed-files": INSTALLED_FILES + b"../name/__init__.py\n../../../bin/x\nPKG-INFO\n",
	"top-level": TOP_LEVEL + b"name\n_name\n..\na/b\n",
	"egg": EGG + b"Name: name\n",
	"r": R_PACKAGE + b"Package: name\nVersion: 1.0\nAuthors: a\n  b: c\nBuilt: R 4.2.2; ; 2023; unix\n",
	"r-source": R_PACKAGE + b"Package: name\nVersion: 1.0\n",
	"npm": NPM + b'{"name": "@a/b", "version": "1.0.0", "dependencies": {"name": "c"}}',
	"npm-escapes": NPM + b'{"na\\u006de": 1, "name": "\\ud83d\\ude00\\n", "version": null}',
	"npm-twice": NPM + b'{"name": "a", "name": "b"}',
	"conda": CONDA + b'{"build": "0", "files": ["bin/a", "../b", "\\u0041\\/c", 1], "name": "name", "version": "1.0"}',
	"conda-cut": CONDA + b'{"name": "name", "files": ["bin/a"',
}

JSONS = {
	"numbers": b"[1, -0, 1.5, 1e9, 1E+9, 1e-9, 0.0, 18446744073709551616, 1e999]", "words": b" [ true , false , null ]\n",
	"strings": b'["\\"\\\\\\/\\b\\f\\n\\r\\t\\u00fc\\ud83d\\ude00", "\xc3\xbc\x7f", "\\ud83d", "\xff", ""]',
	"nested": b'{"a": [[], {}, [[{}]], {"b": []}], "": {"c": {"d": 1}}}', "twice": b'{"a": 1, "a": 2}', "nul-key": b'{"\\u0000": 1}',
	"open": b"[[[[", "comma": b"[1,]", "behind": b"[] 1", "zero": b"[01]", "point": b"[1.]", "word": b"[nul]", "empty": b"", "scalar": b"1",
	"crossed": b"[{]}", "control": b'["\n"]', "escape": b'["\\x"]',
}

HEADER, DATABASE, BERKELEY, NDB, WAL = (b"%c" % n for n in range(5))	# as in fuzz_rpm.c
RPM_DATABASE = rpm.database(rpm.TABLE, rpm.INSERT, rpm.INSERT)
RPMS = {
	"header": HEADER + rpm.DEMO,
	"header-key": HEADER + rpm.header(*rpm.NAME),
	"header-replaced": HEADER + rpm.header(*rpm.NAME, (1000, rpm.STRING, 1, b"b\0")),
	"header-unequal": HEADER + rpm.header(*rpm.NAME, *rpm.FILES[:2]),
	"database": DATABASE + RPM_DATABASE,
	"database-wal": DATABASE + RPM_DATABASE[:18] + b"\2\2" + RPM_DATABASE[20:],
	"database-long": DATABASE + rpm.database(rpm.TABLE, rpm.INSERT, "INSERT INTO Packages (blob) VALUES (zeroblob(3000))"),
	"database-tree": DATABASE + rpm.database(rpm.TABLE, *[rpm.INSERT] * 5),
	"database-other": DATABASE + rpm.database("CREATE TABLE a (b)", "CREATE INDEX i ON a (b)", "CREATE VIEW Packages AS SELECT b FROM a"),
	"berkeley": BERKELEY + bytes(12) + b"\x61\x15\x06\0",
	"ndb": NDB + b"RpmP",
	"wal": WAL + b"\x37\x7f\x06\x82",
}

def elf(sections, wide=True, order="<", gap=0):
	"""(name, type, flags, size, link) each, between the null section and the one of the names."""
	word = order + ("Q" if wide else "I")
	names, body, rows = b"\0", b"", [(0, 0, 0, 0, 0, 0)]
	start = 64 if wide else 52
	for name, kind, flags, size, link in sections:
		rows.append((len(names), kind, flags, start + len(body), size, link))
		names += name + b"\0"
		body += bytes(size)
	rows.append((0, 3, 0, start + len(body), len(names), 0))
	body += names + bytes(gap)
	ident = b"\x7fELF" + bytes((2 if wide else 1, 1 if order == "<" else 2, 1)) + bytes(9)
	table, size = start + len(body), 64 if wide else 40
	head = ident + struct.pack(order + "HHI", 2, 62, 1) + struct.pack(word, 0) * 2 + struct.pack(word, table)
	head += struct.pack(order + "I6H", 0, start, 0, 0, size, len(rows), len(rows) - 1)
	for name, kind, flags, at, length, link in rows:
		body += struct.pack(order + "II", name, kind) + struct.pack(word, flags) + struct.pack(word, 0)
		body += struct.pack(word, at) + struct.pack(word, length) + struct.pack(order + "II", link, 0)
		body += struct.pack(word, 1) + struct.pack(word, 0)
	return head + body


SECTIONS = [(b".text", 1, 6, 30, 0), (b".bss", 8, 3, 0, 0), (b".debug_info", 1, 0, 20, 0), (b".symtab", 2, 0, 24, 5),
	(b".strtab", 3, 0, 9, 0), (b".symtab_shndx", 18, 0, 4, 4)]
ELFS = {
	"plain": elf(SECTIONS),
	"stripped": elf(SECTIONS[:2]),
	"narrow": elf(SECTIONS, wide=False),
	"big-endian": elf(SECTIONS, order=">"),
	"narrow-big-endian": elf(SECTIONS, wide=False, order=">"),
	"gap": elf(SECTIONS, gap=600),
	"cut": elf(SECTIONS)[:-20],
	"head": elf(SECTIONS)[:64],
}

def linked(names, wide=True, order="<", behind=False):
	"""A file that needs libraries: headers, two segments, strings and what asks for them, or the other way round."""
	word, half = order + ("Q" if wide else "I"), 8 if wide else 4
	start, row = (64, 56) if wide else (52, 32)
	strings = b"\0" + b"".join(name + b"\0" for name in names)
	offsets = [1 + sum(len(name) + 1 for name in names[:i]) for i in range(len(names))]
	count, first = len(names) + 3, start + 2 * row
	at, dynamic = (first + count * 2 * half, first) if behind else (first, first + len(strings))
	tags = [(1, offset) for offset in offsets] + [(5, at), (10, len(strings)), (0, 0)]
	table = b"".join(struct.pack(word, number) for tag in tags for number in tag)
	ident = b"\x7fELF" + bytes((2 if wide else 1, 1 if order == "<" else 2, 1)) + bytes(9)
	head = ident + struct.pack(order + "HHI", 3, 62, 1) + struct.pack(word, 0) + struct.pack(word, start) + struct.pack(word, 0)
	head += struct.pack(order + "I6H", 0, start, row, 2, 0, 0, 0)
	for kind, offset, size in ((1, 0, first + len(strings) + len(table)), (2, dynamic, len(table))):
		numbers = b"".join(struct.pack(word, n) for n in (offset, offset, offset, size, size))
		flags = struct.pack(order + "I", 4)
		head += struct.pack(order + "I", kind) + (flags + numbers if wide else numbers + flags) + struct.pack(word, 1)
	return head + (table + strings if behind else strings + table)


LIBRARIES = [b"libc.so.6", b"libz.so.1", b"", b"a/b"]
ELFS |= {
	"needed": linked(LIBRARIES),
	"needed-behind": linked(LIBRARIES, behind=True),
	"needed-narrow-big-endian": linked(LIBRARIES, wide=False, order=">"),
	"needed-cut": linked(LIBRARIES)[:-60],
}

# the first byte: 1 is Python, 0 Perl, 2 more: quotes begin statements
IMPORTS = {
	"python": b"\1import os, a.b as c\nfrom d import (e as f, g)\n  import h; import i\nfrom . import j\n",
	"perl": b"\0package A;\nuse strict; use A::B 1.2 qw(c);\nuse parent -norequire, qw(D E::F);\nrequire G::H;\n",
	"quoted": b"\3CMD [\"python3\", \"-c\", \"import a; from b import c\"]\n",
	"quoted-perl": b"\2RUN perl -e 'use A;'",
	"long": b"\1import a" + b", b" * 300,
}

INFO = "var/lib/dpkg/info/"
STATUS = ("var/lib/dpkg/status\nPackage: a\nArchitecture: amd64\nRecommends: b | x\nDepends: d\n\nPackage: b\nArchitecture: amd64\n"
	"Depends: c (>= 1)\n\nPackage: c\nArchitecture: all\nVersion: 2\nProvides: x (= 1)\n\nPackage: d\nArchitecture: i386\n"
	"Multi-Arch: foreign\n")
STATES = "var/lib/apt/extended_states\n" + "".join(f"Package: {n}\nArchitecture: amd64\nAuto-Installed: 1\n\n" for n in "bcd")
PACKAGES = {
	"dpkg": texts(STATUS, STATES, INFO + "a.list\n/.\n/usr\n/usr/a\n/l", INFO + "b.list\n/bin/a\n/usr/b", INFO + "c.list\n/usr/c/d\n/loop/x",
		"var/lib/dpkg/diversions\n/usr/b\n/usr/c/e\nc"),
	"layers": texts(STATUS, INFO + "a.list\n/usr/a", "+" + STATES, "var/lib/dpkg/info/.wh.a.list\n", INFO + "b.list\n/usr/b", "+usr/.wh.b\n"),
	"distroless": texts("var/lib/dpkg/status.d/a\nPackage: a\nVersion: 1\n", "var/lib/dpkg/status.d/a.md5sums\n" + "0" * 32 + "  usr/a\n"),
	"managers": texts("lib/apk/db/installed\nP:m\nV:1\nF:usr\nR:a\n\n", "usr/c/DESCRIPTION\nPackage: r\nVersion: 1\nBuilt: R 4\n",
		"node_modules/n/package.json\n{\"name\":\"n\",\"version\":\"1\"}", "x/conda-meta/c.json\n{\"name\":\"c\",\"files\":[\"../usr/b\"]}",
		"usr/p-1.dist-info/RECORD\n../b,sha256=x,1\n"),
	"architectures": texts("var/lib/dpkg/status\nPackage: a\nArchitecture: i386\nMulti-Arch: same\n\nPackage: a\nArchitecture: amd64\n"
		"Multi-Arch: same\n\nPackage: dpkg\nArchitecture: amd64\n", INFO + "a:i386.list\n/usr/a", INFO + "a:amd64.list\n/usr/b"),
}

# the path, and below it what stands there
CREDENTIALS = {name: text.encode() for name, text in {
	"key": "root/.ssh/id_rsa\n-----BEGIN RSA PRIVATE KEY-----\n" + "QUJD" * 30 + "\n-----END RSA PRIVATE KEY-----\n",
	"public": "a/x.pem\n-----BEGIN CERTIFICATE-----\n" + "QUJD" * 30,
	"host": "etc/ssh/ssh_host_rsa_key\n-----BEGIN OPENSSH PRIVATE KEY-----\n" + "QUJD" * 30,
	"netrc": ".netrc\nmachine a login b password made-up\n",
	"url": ".git-credentials\nhttps://a:made-up@example.org/\n",
	"aws": "root/.aws/credentials\n[default]\naws_secret_access_key = made-up\n",
	"docker": 'root/.docker/config.json\n{"auths": {"example.org": {"auth": "bWFkZS11cA=="}}}',
	"npm": "a/.npmrc\n//example.org/:_authToken=made-up\nother=${X}\n",
	"pypi": ".pypirc\n[a]\nusername: b\npassword: 'made-up'\n",
	"pgpass": ".pgpass\n#\na:1:b:c:made-up\n",
	"kube": "root/.kube/config\nusers:\n- user:\n    token: made-up\n",
	"env": "a/.env\n# x\nexport DB_PASSWORD='made-up'\nTOKEN_LIFE=86400\nKEY=/a\n",
	"sample": "a/tests/.env\nPASSWORD=made-up\n",
	"elsewhere": "a/notes\nPASSWORD=made-up\n",
}.items()}

FIGURES = ("layers", "entries", "paths", "files", "layer_bytes", "compressed_bytes", "content_bytes", "visible_bytes",
	"wasted_bytes", "overwritten_bytes", "metadata_only_bytes", "removed_bytes", "duplicate_bytes", "reclaimable_bytes")


def totals(number, **more):
	return {name: number for name in FIGURES} | {"layers": 1, "efficiency": 1.0} | more


def saved(**more):
	"""An analysis of one layer, with `more` members in place of its own."""
	layer = {"index": 0, "diff_id": "sha256:00", "digest": None, "media_type": None, "compression": "gzip", "absent": False,
		"size": 9, "compressed_size": 5, "created_by": "RUN x TOKEN=***", "instruction": None, "line": 3, "entries": 1,
		"files": 1, "content_bytes": 7, "wasted_bytes": 3, "masked_bytes": 3, "reclaimable_bytes": 3, "whiteouts": 0,
		"digest_verified": None, "added": 1, "modified": 0, "metadata_only": 0, "removed": 0}
	return {
		"schema": "layeropt/analysis/1.0", "tool": {},
		"image": {"source": "a.tar", "format": "oci-archive", "tags": ["a:1"], "config_digest": "sha256:01", "manifest_digest": None,
			"architecture": "amd64", "variant": None, "os": "linux", "created": None, "digests_verified": True,
			"config": {"env": ["A=b", "C"], "entrypoint": [], "cmd": ["sh", ""], "working_dir": None, "user": None,
				"exposed_ports": ["80/tcp"], "volumes": [], "labels": {"a": "b"}, "settings": {"StopSignal": "\"SIGINT\""}}},
		"totals": totals(7, base=None, own=None, dive={"efficiency": 0.5, "wasted_bytes": 1, "user_wasted_percent": 0}),
		"layers": [layer], "waste": [], "known": [], "duplicates": [], "packages": [], "directories": [], "findings": [],
		"omitted": {name: {"rows": 0, "bytes": 0} for name in ("waste", "known", "duplicates", "packages", "recommended_only",
			"directories", "findings")},
		"dockerfile_given": True,
	} | more


ROWS = {
	"waste": [{"path": "a/\\xff", "bytes": 3, "files": 1, "layer": 0, "masked_by": 0, "cause": "removed"}],
	"known": [{"rule": "logs", "level": "safe", "bytes": 3, "files": 1, "layer": 0, "line": 3, "paths": ["var/log/"], "largest":
		"var/log/a", "what": "logs of the build", "effect": "nothing changes", "advice": "End it with: && rm -rf /var/log/*"}],
	"duplicates": [{"sha256": "ab" * 32, "size": 2, "count": 2, "bytes": 2, "paths": ["a", "b|`\u001b"]}],
	"packages": [{"manager": "dpkg", "name": "a", "version": "1:1", "bytes": 7, "own_bytes": 7, "files": 1, "layers": [0],
		"recommended_only": True, "recommended_by": ["b"], "brings_packages": 1, "brings_bytes": 7, "unneeded": False}],
	"directories": [{"path": "", "bytes": 7, "files": 1}],
	"findings": [{"rule": "removed-later", "severity": "warning", "level": "safe", "message": "layer 0 removes 1 file", "bytes": 3,
		"layer": 0, "held_by": 0, "cause": "removed", "line": 3, "paths": ["a"], "largest": "a", "advice": "Do not copy it in.",
		"fingerprint": "0f" * 16}],
}
ANALYSES = {
	"small": saved(),
	"no-layers": saved(layers=[]),
	"large-number": saved(totals=totals((1 << 64) - 1, base=None, own=None,
		dive={"efficiency": None, "wasted_bytes": 1 << 63, "user_wasted_percent": 1e9})),
	"rows": saved(**ROWS, totals=totals(7, base=totals(7), own=totals(0), dive={"efficiency": 1, "wasted_bytes": 0,
		"user_wasted_percent": 0})),
	"cut": saved(waste=ROWS["waste"], omitted=saved()["omitted"] | {"waste": {"rows": 1 << 63, "bytes": (1 << 64) - 1},
		"packages": {"rows": 3, "bytes": 4}}),
	"next-minor": saved(schema="layeropt/analysis/1.99", gate={}),
	"next-major": saved(schema="layeropt/analysis/2.0"),
}


def listing(*rows, layers=2, **header):
	"""Lines as `layeropt ls --format ndjson` writes them; `header` replaces members of the first."""
	first = {"schema": "layeropt/listing/1.0", "layer": None, "secrets_masked": True, "image": {
		"source": "a.tar", "config_digest": None, "architecture": "amd64", "variant": None, "os": "linux", "config": {
			"env": ["A=1", "TOKEN=***"], "entrypoint": [], "cmd": ["sh", ""], "working_dir": None, "user": "u",
			"exposed_ports": ["80/tcp"], "volumes": [], "labels": {"a": "b"}, "settings": {"StopSignal": "\"SIGINT\""}}},
		"totals": {"layers": layers, "paths": len(rows), "content_bytes": 3, "visible_bytes": 2, "wasted_bytes": 1},
		"layers": [{"diff_id": "sha256:%d" % n, "instruction": "RUN %d" % n, "content_bytes": n} for n in range(layers)],
		"packages": [{"manager": "dpkg", "name": "p", "version": "1", "bytes": 1}]}
	common = {"mode": "644", "uid": 0, "gid": 0, "mtime_ns": 1, "layer": 0}
	lines = [first | header] + [common | row for row in rows]
	return "".join(json.dumps(line) + "\n" for line in lines).encode()


CONTENT = {"type": "f", "size": 1, "sha256": "ab" * 32}
LISTINGS = {
	"empty": listing(layers=0),
	"all-types": listing({"path": "b", "type": "b", "rdev": "8,1"}, {"path": "c", "type": "c", "rdev": "1,3"},
			     {"path": "d", "type": "d", "mtime_ns": None}, {"path": "d/f"} | CONTENT,
			     {"path": "l", "type": "l", "link": "d/f"}, {"path": "p", "type": "p"}),
	"links": listing({"path": "a", "hardlink": "a"} | CONTENT, {"path": "b", "hardlink": "a", "layer": 1, "content_layer": 0} | CONTENT),
	"odd-names": listing({"path": "\u001b[31m\u202e\n", "xattrs": {"user.a": "", "user.b": "ff"}} | CONTENT,
			     {"path": "\\xff", "path_b64": "/w==", "type": "l", "link": "\\xfe", "link_b64": "/g=="}),
	"odd-attributes": listing({"path": "a", "xattrs": {"\\xff": "00"}, "xattrs_b64": {"/w==": "00"}, "uid": -1,
				   "gid": 2**63 - 1, "mtime_ns": -2**63, "mode": "7777"} | CONTENT | {"size": 2**64 - 1, "sha256": None}),
	"packages": listing(packages=[{"manager": "pip", "name": "\\xff", "name_b64": "/w==", "version": "", "bytes": 0}]),
	"of-a-layer": listing(layer=1),
	"newer": listing(schema="layeropt/listing/2.0"),
	"another": b"{\n  \"schema\": \"layeropt/analysis/1.0\",\n",
	"cut-off": listing({"path": "a"} | CONTENT)[:-3],
	"twice": listing({"path": "a"} | CONTENT, {"path": "a"} | CONTENT),
	"too-few": listing({"path": "a"} | CONTENT).splitlines(True)[0],
	"blanks": b" \t{ \"new\": [ ] , " + listing()[1:-1] + b" \r\n",
}

CORPORA = {
	"fuzz_credential": CREDENTIALS,
	"fuzz_packages": PACKAGES,
	"fuzz_elf": ELFS,
	"fuzz_imports": IMPORTS,
	"fuzz_dpkg": DPKG,
	"fuzz_databases": DATABASES,
	"fuzz_json": JSONS,
	"fuzz_settings": SETTINGS,
	"fuzz_listing": LISTINGS,
	"fuzz_rpm": RPMS,
	"fuzz_tar": {name: b"\x0b" + data for name, data in TARS.items()},
	"fuzz_layer": LAYERS,
	"fuzz_gzip": {name: b"\x04" + data for name, data in GZIPS.items()} | {"tolerated-padding": b"\x05" + GZIPS["padding"]},
	"fuzz_zstd": {name: b"\x03" + data for name, data in ZSTDS.items()},
	"fuzz_image": {name: bytes.fromhex(text) for name, text in IMAGES.items()},
	"fuzz_repack": {name: bytes.fromhex(text) for name, text in IMAGES.items()},
	"fuzz_manifest": {name: data for name, data in MANIFESTS.items()},
	"fuzz_index": {name: bare(data) for name, data in INDEXES.items()},
	"fuzz_escape": ESCAPES,
	"fuzz_analysis": {name: json.dumps(document, separators=(",", ":")).encode() for name, document in ANALYSES.items()}
		| {"broken": b'{"schema": "layeropt/analysis/1.0", "image": {', "list": b"[[], 1]"},
}


def main():
	top = sys.argv[1] if len(sys.argv) > 1 else os.path.join(HERE, "corpus")
	for target, seeds in CORPORA.items():
		folder = os.path.join(top, target)
		os.makedirs(folder, exist_ok=True)
		for name in os.listdir(folder):
			if name.startswith("seed-"):
				os.unlink(os.path.join(folder, name))
		for name, data in seeds.items():
			with open(os.path.join(folder, "seed-" + name), "wb") as f:
				f.write(data)


if __name__ == "__main__":
	main()
