# SPDX-License-Identifier: MIT
"""Hostile inputs: what is fed to `analyze` and `ls`, and what has to come of it.

The numbers A.. and P.. are those of the rules and cases of docs/hostile-input.md; M.. are traps of libarchive's tar
reader, E.. are things that no container engine loads, D.. are headers that libarchive and Go's archive/tar read
differently, K.. are databases of package managers, Q.. are dpkg's. Where the rules leave a choice ("ok or error", "warn or
error", "any"), this is the one that is made:

  A17 outer gzip + zeros      ok        A45 keys in other case         error, except where all required ones are there
  A18 /manifest.json          error     A46 surrogate in Env           any, no crash
  A34 RepoTags is a string    error     A56 two equal platforms        error that asks for a choice
  A59 inline data             ignored   A82 pax record without "="     error
  A99 sums above 2^63         either; never a wrapped sum
"""
import bz2
import hashlib
import json
import lzma
from dataclasses import dataclass, field

from build import *  # noqa: F403 - the vocabulary of the tables below
import rpm

OK, BAD, SYSTEM, FAILS, ANY, CHOOSE = {0}, {3}, {4}, {3, 4}, {0, 3}, {2}


slow = False	# a binary with sanitizers: set by tests/hostile/run before anything is built


def scaled(count):
	"""Sizes and counts for a fast binary; a tenth, in whole MiB where it is that large, for a slow one."""
	if not slow:
		return count
	return count // 10 if count < 1 << 24 else count // 10 >> 24 << 24


@dataclass
class Case:
	id: str
	what: str
	make: object				# () -> bytes of the input, or (directory) -> path with `place`
	expect: set = field(default_factory=lambda: BAD)
	says: str = ""				# has to stand in the error, or in a finding when the case succeeds
	unverified: set = None			# what `analyze` without --verify-digests answers, where that differs
	place: bool = False
	commands: str = ""			# a: analyze, j: analyze --format json --verify-digests, l: ls --long, n: ls ndjson
	args: tuple = ()
	seconds: float = 20
	rss: int = 0				# MiB, checked where the binary has no sanitizer

	def __post_init__(self):
		if not self.commands:	# an error is the same whatever would have been printed
			self.commands = "jl" if 0 not in self.expect and self.unverified is None else "ajln"


SMALL = tar(directory("etc"), file("etc/a", "hello\n"), file("b", b"x" * 700))
OTHER = tar(file("etc/a", "changed\n"), file("etc/.wh.none", b""))


def image(*parts, lower=SMALL, end=END):
	"""A docker archive whose second layer is made of `parts`."""
	return docker_archive(lower, tar(*parts, end=end))


def single(*parts, end=END):
	return docker_archive(tar(*parts, end=end))


def good():
	return docker_archive(SMALL, OTHER)


def patched(data, at, value):
	return data[:at] + value + data[at + len(value):]


def flip(data, at):
	at %= len(data)
	return patched(data, at, bytes([data[at] ^ 1]))


def manifest(edit=None, raw=None):
	return docker_archive(SMALL, OTHER, edit_manifest=edit, raw_manifest=raw)


def config(edit=None, raw=None):
	return docker_archive(SMALL, OTHER, edit_config=edit, raw_config=raw)


def oci(**how):
	return oci_archive(SMALL, OTHER, **how)


def put(**values):
	"""An edit that sets keys; for a docker manifest in its first image."""
	def edit(document):
		(document[0] if isinstance(document, list) else document).update(values)
	return edit


def drop_key(key):
	def edit(document):
		del (document[0] if isinstance(document, list) else document)[key]
	return edit


def blob(stored, plain=SMALL):
	return docker_archive(Layer(plain, stored))


def layer_member(index=0):
	return f"{index:064x}/layer.tar"


FILES = [
	Case("A01", "no such file", lambda at: at + "/missing.tar", SYSTEM, "missing.tar", place=True),
	Case("A08", "512 bytes of 0xff", lambda: b"\xff" * 512, says="tar"),
	Case("A08", "4 bytes", lambda: b"tar!", says="tar"),
	Case("A08", "empty file", lambda: b"", says="empty"),
	Case("A08", "only zeros", lambda: bytes(10240)),
	Case("A09", "a JPEG", lambda: b"\xff\xd8\xff\xe0\0\x10JFIF\0" + bytes(range(256)) * 8, says="not a tar"),
	Case("A09", "an ELF", lambda: open("/proc/self/exe", "rb").read(8192), says="not a tar"),
	Case("A09", "a PDF", lambda: b"%PDF-1.7\n" + b"1 0 obj\n" * 200, says="not a tar"),
	Case("A10", "cut one byte before the end of the config", lambda: cut_after(b'"step 1"}]}', -1)),
	Case("A11", "cut in the padding of the last member", lambda: unended(cut=100)),
	Case("A12", "cut right after the last member", lambda: unended(cut=0), OK),
	Case("A12", "one zero block", lambda: docker_archive(SMALL, end=bytes(512)), OK),
	Case("A13", "checksum all zeros", lambda: docker_archive(SMALL, before=header("x", patch={"chksum": bytes(8)}))),
	Case("A13", "checksum off by one", lambda: docker_archive(SMALL, before=patched(header("x"), 0, b"y"))),
	Case("A14", "rar", lambda: b"Rar!\x1a\x07\x01\0" + bytes(1024), says="not a tar"),
	Case("A14", "7z", lambda: b"7z\xbc\xaf\x27\x1c\0\x04" + bytes(1024), says="not a tar"),
	Case("A14", "iso", lambda: bytes(32768) + b"\x01CD001\x01\0" + bytes(4096)),
	Case("A14", "xar", lambda: b"xar!\0\x1c\0\x01" + bytes(1024), says="not a tar"),
	Case("A14", "zip", lambda: b"PK\x03\x04" + bytes(1024), says="zip"),
	Case("A14", "cpio", lambda: b"070701" + b"0" * 1024),
	Case("A15", "image.tar.xz", lambda: lzma.compress(good()), says="xz"),
	Case("A15", "image.tar.bz2", lambda: bz2.compress(good()), says="bzip2"),
	Case("A16", "gzip header only", lambda: gzip(good())[:10]),
	Case("A16", "gzip cut in its trailer", lambda: gzip(good())[:-3]),
	Case("A16", "gzip cut in the middle", lambda: gzip(good())[:600]),
	Case("A17", "gzip and 512 zero bytes", lambda: gzip(good()) + bytes(512), OK),
	Case("A17", "gzip and zero bytes, then one", lambda: gzip(good()) + bytes(512) + b"x"),
	Case("A18", "absolute /manifest.json", lambda: pack({"/" + k: v for k, v in docker_parts([SMALL]).items()}), ANY),
	Case("A19", "layer.tar is a hard link", lambda: linked(hardlink, "store/layer"), OK),
	Case("A19", "layer.tar is a symlink", lambda: linked(symlink, "../store/layer"), OK),
	Case("A20", "layer.tar is a symlink to a missing member", lambda: linked(symlink, "../store/none"), says="layer.tar"),
	Case("P10", "layer.tar is a symlink to /etc/passwd", lambda: linked(symlink, "/etc/passwd"), says="layer.tar"),
	Case("P10", "layer.tar is a symlink that climbs out", lambda: linked(symlink, "../../../etc/passwd"), says="layer.tar"),
	Case("P10", "layer.tar is a symlink to itself", lambda: linked(symlink, "layer.tar"), says="layer.tar"),
	Case("P10", "a chain of 8 symlinks", lambda: chain(8), OK),
	Case("P10", "a chain of 9 symlinks", lambda: chain(9), says="layer.tar"),
	Case("P10", "layer.tar is a directory", lambda: instead(directory(layer_member())), says="layer.tar"),
	Case("P10", "layer.tar is a fifo", lambda: instead(node(layer_member(), b"6")), says="layer.tar"),
	Case("P10", "layer.tar is a device", lambda: instead(node(layer_member(), b"3")), says="layer.tar"),
	Case("A21", "200,000 members nobody refers to", lambda: crowd(), OK, rss=200, seconds=60),
	Case("A22", "the same member twice, same bytes", lambda: docker_archive(SMALL, after=file(layer_member(), SMALL)), OK),
	Case("P9", "the same layer twice, other bytes", lambda: docker_archive(SMALL, after=file(layer_member(), OTHER))),
	Case("P9", "two manifest.json", lambda: docker_archive(SMALL, after=file("manifest.json", "[]")), says="manifest.json"),
	Case("P9", "manifest.json and ./manifest.json", lambda: docker_archive(SMALL, after=file("./manifest.json", "[]")),
		says="manifest.json"),
	Case("P9", "two oci-layout", lambda: oci(after=file("oci-layout", '{"imageLayoutVersion":"9"}')), says="oci-layout"),
	Case("A23", "manifest.json is 5 MiB of spaces", lambda: manifest(raw=b" " * (5 << 20)), says="json_bytes"),
	Case("A24", "manifest.json is a file and a directory",
		lambda: docker_archive(SMALL, after=directory("manifest.json")), says="manifest.json"),
	Case("P12", "members with odd names", lambda: docker_archive(SMALL, before=file("../../x", "x") + file("\x1b[31m", "y") +
		node("null", b"3") + symlink("up", "/etc/shadow") + file(".", "z")), OK),
	Case("-", "no manifest.json at all", lambda: docker_archive(SMALL, drop=("manifest.json",)), says="manifest.json"),
	Case("-", "a tar of nothing but a file", lambda: tar(file("a", "b"))),
	Case("A02", "a directory that is no OCI layout", lambda at: at, place=True, says="OCI"),
]


def cut_after(text, by):
	data = docker_archive(SMALL, OTHER)
	parts = docker_parts([SMALL, OTHER])
	name = next(n for n in parts if n.endswith(".json") and n != "manifest.json")
	data = pack({k: v for k, v in parts.items() if k != name} | {name: parts[name]}, end=b"")
	return data[:data.rindex(text[-3:]) + 3 + by]


def unended(cut):
	data = docker_archive(SMALL, end=b"")
	return data[:len(data) - cut]


def linked(how, target):
	parts = docker_parts([SMALL])
	parts[layer_member()] = (file("store/layer", SMALL) + how(layer_member(), target),)
	return pack(parts)


def chain(hops):
	links = b"".join(symlink(f"store/l{i}", f"l{i + 1}") for i in range(1, hops))
	parts = docker_parts([SMALL])
	parts[layer_member()] = (symlink(layer_member(), "../store/l1") + links + file(f"store/l{hops}", SMALL),)
	return pack(parts)


def instead(member):
	parts = docker_parts([SMALL])
	parts[layer_member()] = (member,)
	return pack(parts)


def crowd():
	return gzip(docker_archive(SMALL, before=b"".join(header(f"junk/{i}") for i in range(scaled(200000)))), 1)


ONE = [{"Config": "x.json", "RepoTags": None, "Layers": []}]
JSON = [
	*[Case("A30", f"manifest.json is {text}", lambda text=text: manifest(raw=text.encode()), says="manifest.json")
		for text in ('"x"', "1", "true", "{}", "[]", "null", "[1]", "[[]]", "", "[{}]", "\0", "\ufeff[]")],
	*[Case("A31", f"Config is {value!r}", lambda value=value: manifest(put(Config=value)), says="Config")
		for value in (None, 1, [], {}, "")],
	Case("A32", "Layers null with two diff_ids", lambda: manifest(put(Layers=None))),
	*[Case("A33", f"Layers is {value!r}", lambda value=value: manifest(put(Layers=value)))
		for value in ([""], ["", ""], [None, None], [1, 2], "ab", {}, [[], []], ["none", "none"])],
	Case("P7", "an absolute layer name", lambda: manifest(put(Layers=["/etc/passwd", "/etc/passwd"])), says="/etc/passwd"),
	Case("P7", "a layer name with ..", lambda: manifest(put(Layers=["../../etc/passwd", "../../etc/passwd"]))),
	Case("P7", "a config name with ..", lambda: manifest(put(Config="../../../etc/passwd"))),
	Case("P7", "one layer too few", lambda: manifest(lambda m: m[0]["Layers"].pop() and None)),
	Case("P7", "one layer too many", lambda: manifest(lambda m: m[0]["Layers"].append(layer_member()))),
	Case("A34", "RepoTags is a string", lambda: manifest(put(RepoTags="a:b")), ANY),
	Case("A34", "RepoTags holds numbers", lambda: manifest(put(RepoTags=[1])), ANY),
	Case("A34", "RepoTags is missing", lambda: manifest(drop_key("RepoTags")), OK),
	Case("A34", "RepoTags with escapes", lambda: manifest(put(RepoTags=["\x1b[2J\n::error::x", "\u202e"])), OK),
	Case("A35", "5,000 nested arrays", lambda: manifest(raw=b"[" * 5000 + b"]" * 5000), says="manifest.json"),
	Case("A35", "600 nested arrays in a label", lambda: config(put(config={"Labels": nested(600)})), BAD),
	Case("A36", "Config twice", lambda: manifest(raw=dump(ONE).replace(b'"Config"', b'"Config":"y","Config"'))),
	Case("A37", "10 MB of labels", lambda: config(put(config={"Labels": {f"k{i}": "v" * 990 for i in range(10000)}})),
		says="json_bytes"),
	Case("A38", "config cut", lambda: config(raw=dump(image_config(as_layers([SMALL, OTHER])))[:-20])),
	Case("A38", "bytes behind the config", lambda: config(raw=dump(image_config(as_layers([SMALL, OTHER]))) + b"{}")),
	*[Case("A38", f"config is {text}", lambda text=text: config(raw=text.encode())) for text in ("[]", "1", "null", "", '""')],
	*[Case("A39", f"rootfs is {value!r}", lambda value=value: config(put(rootfs=value)), says="rootfs")
		for value in (None, {}, [], "x", {"type": "layers"}, {"type": "layers", "diff_ids": {}})],
	Case("A39", "rootfs is missing", lambda: config(drop_key("rootfs")), says="rootfs"),
	Case("A39", "one diff_id too few", lambda: config(lambda c: c["rootfs"]["diff_ids"].pop() and None)),
	Case("A39", "diff_ids of other types", lambda: config(lambda c: c["rootfs"].update(diff_ids=[1, None])), says="diff_id"),
	Case("A40", "rootfs.type foo", lambda: config(lambda c: c["rootfs"].update(type="foo")), says="foo"),
	Case("A41", "history is null", lambda: config(put(history=None)), OK),
	Case("A41", "history is missing", lambda: config(drop_key("history")), OK),
	Case("P21", "history is too long", lambda: config(lambda c: c["history"].extend([{}, {"created_by": 1}])), ANY, says="history"),
	Case("P21", "history is too short", lambda: config(lambda c: c["history"].pop() and None), OK, says="history"),
	*[Case("P21", f"history is {value!r}", lambda value=value: config(put(history=value)), ANY)
		for value in ("x", 1, {}, [1], [[]], [{"empty_layer": "x"}])],
	Case("A42", "created is no date", lambda: config(put(created="2023-13-45")), ANY),
	Case("A42", "created is a number", lambda: config(put(created=5)), ANY),
	*[Case("A43", what, lambda text=text: manifest(raw=text), says="manifest.json") for what, text in (
		("comments", b"/* x */ " + dump(ONE)), ("single quotes", dump(ONE).replace(b'"', b"'")),
		("trailing comma", dump(ONE)[:-1] + b",]"), ("invalid UTF-8", dump(ONE).replace(b"x.json", b"\xff\xfe")),
		("a NUL inside", dump(ONE).replace(b"x.json", b"x\0")), ("an escaped NUL", dump(ONE).replace(b"x.json", b"x\\u0000")))],
	*[Case("A44", f"size is {text}", lambda text=text: oci(raw_index=dump({"schemaVersion": 2, "manifests": [
		{"mediaType": MANIFEST, "digest": "sha256:" + "0" * 64, "size": 7}]}).replace(b":7}", b":" + text + b"}")))
		for text in (b"NaN", b"Infinity", b"1e999", b"-1", b"1.5", b'"7"', b"null", b"9223372036854775808",
			b"99999999999999999999999999")],
	Case("A45", "keys in other case", lambda: manifest(raw=manifest_text().replace(b"Layers", b"layers"))),
	Case("A45", "CONFIG", lambda: manifest(raw=manifest_text().replace(b"Config", b"CONFIG"))),
	Case("A46", "a lone surrogate in Env", lambda: config(raw=config_text().replace(b"PATH=", b"PATH=\\udc80")), ANY),
	*[Case("A46", f"config.{key} is {value!r}", lambda key=key, value=value: config(put(config={key: value})), ANY)
		for key in ("Env", "Cmd", "Entrypoint", "Labels", "ExposedPorts", "Volumes", "User", "WorkingDir")
		for value in (1, "x", [1], {"a": 1}, [None])],
	Case("A46", "config.config is a string", lambda: config(put(config="x")), ANY),
	Case("A46", "config.config is null", lambda: config(put(config=None)), OK),
	Case("A46", "architecture and os of other types", lambda: config(put(architecture=1, os=[])), ANY),
	Case("A46", "control characters in every string", lambda: config(put(config={"Env": ["A=\x1b[31m\r\n\x7f\u009b\u202e"],
		"Cmd": ["\n::error::x"], "User": "\x1b]0;x\x07", "Labels": {"\x1b": "\u2066"}},
		history=[{"created_by": "##vso[x]\n\x1b[2J"}, {"created_by": "\u202e\u0085"}])), OK),
]


def nested(depth):
	value = []
	for _ in range(depth):
		value = [value]
	return value


def manifest_text():
	return docker_parts([SMALL, OTHER])["manifest.json"]


def config_text():
	return dump(image_config(as_layers([SMALL, OTHER])))


def diff_id(change):
	return config(lambda c: c["rootfs"]["diff_ids"].__setitem__(0, change(c["rootfs"]["diff_ids"][0])))


def first_descriptor(where, **values):
	"""Change the first descriptor of the index, the config's, or the first layer's."""
	def edit(document):
		{"index": lambda: document["manifests"][0], "config": lambda: document["config"],
			"layer": lambda: document["layers"][0]}[where]().update(values)
	return oci(**{"edit_index" if where == "index" else "edit_manifest": edit})


def two_manifests(*platforms):
	"""An index with a manifest per platform, all of the same image."""
	parts = oci_parts([SMALL, OTHER])
	one = json.loads(parts["index.json"])["manifests"][0]
	names = [dict(zip(("os", "architecture", "variant"), p.split("/"))) for p in platforms]
	other = dump(json.loads(parts[blob_name_of(one)]) | {"annotations": {"n": "2"}})
	entries = [{**one, "platform": names[0]}, {**descriptor(MANIFEST, other), "platform": names[1]}]
	return pack(with_blobs(parts, other) | {"index.json": dump({"schemaVersion": 2, "mediaType": INDEX, "manifests": entries})})


def blob_name_of(one):
	return "blobs/sha256/" + one["digest"].split(":")[1]


def nested_index(levels):
	parts = oci_parts([SMALL])
	text = parts["index.json"]
	for _ in range(levels - 1):
		parts = with_blobs(parts, text)
		text = dump({"schemaVersion": 2, "mediaType": INDEX, "manifests": [descriptor(INDEX, text)]})
	return pack(parts | {"index.json": text})


def hybrid(index):
	parts = oci_parts([SMALL], compress=None, suffix="")
	text = json.loads(parts["index.json"])
	one = json.loads(parts[blob_name_of(text["manifests"][0])])
	parts["manifest.json"] = dump([{"Config": blob_name_of(one["config"]), "RepoTags": ["t:1"],
		"Layers": [blob_name_of(x) for x in one["layers"]]}])
	return pack(parts | {"index.json": dump({"schemaVersion": 2, "mediaType": INDEX, "manifests": index})})


def without_blob(position):
	parts = oci_parts([SMALL, OTHER])
	return pack(parts, drop=[list(parts)[position]])


BAD_DIGESTS = ("sha256:", "", "sha256:" + "0" * 63, "sha256:" + "0" * 65, "sha256:" + "A" * 64, "sha256:" + "0" * 63 + "g",
	"0" * 64, "md5:" + "0" * 32, "sha512:" + "0" * 64, "sha256:../../../../etc/passwd", "sha256:" + "0" * 63 + "/",
	"sha256:" + "0" * 63 + "\n", "sha256:" + "0" * 63 + "\0", "sha256:" + "0" * 63 + "\x1b", "SHA256:" + "0" * 64)

DIGESTS = [
	Case("A50", "a byte of padding changed", lambda: blob(flip(SMALL, -len(END) - 2)), says="layer", unverified=OK),
	Case("A50", "a byte behind the end of the archive", lambda: blob(SMALL + b"x"), says="layer", unverified=OK),
	Case("A51", "diff_id upper-case", lambda: diff_id(lambda d: "sha256:" + d[7:].upper())),
	Case("A51", "diff_id without prefix", lambda: diff_id(lambda d: d[7:])),
	Case("A51", "diff_id of 63 digits", lambda: diff_id(lambda d: d[:-1])),
	Case("A51", "diff_id of another layer", lambda: diff_id(lambda d: "sha256:" + "0" * 64), says="layer", unverified=OK),
	Case("A51", "diff_id as sha512", lambda: diff_id(lambda d: "sha512:" + hashlib.sha512(SMALL).hexdigest()), OK),
	Case("A52", "layer size + 1", lambda: first_descriptor("layer", size=len(gzip(SMALL)) + 1), unverified=ANY),
	Case("A52", "layer size 2^62", lambda: first_descriptor("layer", size=1 << 62), unverified=ANY),
	Case("A52", "manifest size - 1", lambda: first_descriptor("index", size=1), unverified=ANY),
	Case("A52", "layer blob of other bytes", lambda: pack(dict(oci_parts([SMALL]),
		**{blob_name(gzip(SMALL)): gzip(SMALL, 0)})), unverified=ANY),
	Case("A53", "config blob missing", lambda: without_blob(2)),
	Case("A53", "manifest blob missing", lambda: without_blob(3)),
	Case("A53", "layer blob missing", lambda: without_blob(0)),
	Case("A53", "foreign layer missing", lambda: foreign(), OK),
	*[Case("A54", f"layer digest {d!r}", lambda d=d: first_descriptor("layer", digest=d)) for d in BAD_DIGESTS],
	*[Case("A54", f"manifest digest {d!r}", lambda d=d: first_descriptor("index", digest=d)) for d in BAD_DIGESTS],
	Case("A55", "the index names the config as manifest", lambda: pack(dict(oci_parts([SMALL]), **{"index.json": dump({
		"schemaVersion": 2, "manifests": [descriptor(MANIFEST, dump(image_config(as_layers([SMALL]))))]})}))),
	Case("A56", "two manifests for linux/amd64", lambda: two_manifests("linux/amd64", "linux/amd64"), CHOOSE,
		args=("--platform", "linux/amd64")),
	Case("A56", "two platforms, one asked for", lambda: two_manifests("linux/amd64", "linux/s390x"), OK,
		args=("--platform", "linux/amd64")),
	Case("A56", "a platform that is not there", lambda: two_manifests("linux/amd64", "linux/s390x"), CHOOSE, says="plan9/mips",
		args=("--platform", "plan9/mips")),
	Case("A57", "unknown layer media type", lambda: first_descriptor("layer", mediaType="application/x-\x1b[31mfoo"), ANY, says="foo"),
	Case("A57", "layer media type says zstd, content is gzip", lambda: first_descriptor("layer", mediaType=LAYER + "+zstd"), OK),
	Case("A57", "layer media type is a number", lambda: first_descriptor("layer", mediaType=1)),
	Case("A58", "schemaVersion 1", lambda: oci(edit_manifest=put(schemaVersion=1)), says="schema"),
	Case("A58", "a schema 1 manifest", lambda: oci(raw_manifest=dump({"schemaVersion": 1, "name": "x", "fsLayers": []}))),
	Case("A59", "inline data that differs", lambda: first_descriptor("config", data="e30="), ANY),
	Case("A60", "indexes nested 3 deep", lambda: nested_index(3), OK),
	Case("A60", "indexes nested 10 deep", lambda: nested_index(10)),
	Case("A60", "index of itself by name", lambda: oci(edit_index=lambda i: i["manifests"][0].update(mediaType=INDEX))),
	Case("A61", "hybrid with an empty index", lambda: hybrid([]), OK),
	Case("A61", "hybrid with manifests: null", lambda: hybrid(None), OK),
	*[Case("A61", f"index.json is {text}", lambda text=text: oci(raw_index=text.encode()), says="index.json")
		for text in ("[]", "{}", "1", "null", '{"manifests":1}', '{"manifests":[1]}', '{"manifests":[]}', '{"manifests":[{}]}')],
	*[Case("P19", f"manifest is {text}", lambda text=text: oci(raw_manifest=text.encode()))
		for text in ("[]", "{}", "1", "null", '{"schemaVersion":2}', '{"schemaVersion":2,"config":1,"layers":1}')],
	Case("P19", "both manifest and index", lambda: oci(edit_manifest=put(manifests=[]))),
	Case("P19", "mediaType contradicts its descriptor", lambda: oci(edit_manifest=put(mediaType=INDEX))),
	Case("P20", "config is no image config", lambda: first_descriptor("config", mediaType="application/vnd.cncf.helm.config.v1+json"),
		says="not a container image"),
	Case("P20", "config is the empty artifact", lambda: oci(raw_config=b"{}",
		edit_manifest=lambda m: m["config"].update(mediaType="application/vnd.oci.empty.v1+json")), says="not a container image"),
	*[Case("-", f"oci-layout is {text}", lambda text=text: oci(layout=text.encode()), ANY)
		for text in ("", "1", "{}", '{"imageLayoutVersion":1}', '{"imageLayoutVersion":"9.9.9"}')],
]


def foreign():
	def edit(document):
		document["layers"][0].update(mediaType="application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
			urls=["https://example.invalid/x"])
	parts = oci_parts([SMALL, OTHER], edit_manifest=edit)
	return pack(parts, drop=[list(parts)[0]])


BOMB_ENTRY = header("zeros", size=8 << 30)
CODECS = [
	Case("A70", "gzip layer, CRC changed", lambda: blob(flip(gzip(SMALL), -6)), says="layer"),
	Case("A70", "gzip layer, length changed", lambda: blob(flip(gzip(SMALL), -1)), says="layer"),
	Case("A70", "gzip layer, trailer cut", lambda: blob(gzip(SMALL)[:-4]), says="layer"),
	Case("A70", "gzip layer, data cut", lambda: blob(gzip(SMALL)[:60]), says="layer"),
	Case("A70", "gzip layer of two members", lambda: blob(gzip(SMALL[:700]) + gzip(SMALL[700:])), OK),
	Case("A70", "gzip layer, a member of nothing", lambda: blob(gzip(b"") + gzip(SMALL) + gzip(b"")), OK),
	Case("A70", "outer gzip, CRC changed", lambda: flip(gzip(good()), -6)),
	Case("A70", "zstd layer, checksum changed", lambda: blob(zstd(SMALL, bad_checksum=True)), says="layer"),
	Case("A70", "zstd layer cut", lambda: blob(zstd(SMALL)[:-7]), says="layer"),
	Case("A70", "zstd layer without checksum, cut", lambda: blob(zstd(SMALL, checksum=False)[:-1]), says="layer"),
	Case("A71", "zstd magic only", lambda: blob(zstd(SMALL)[:4])),
	Case("A71", "zstd skippable frame only", lambda: blob(zstd_skippable(b"abc"))),
	Case("A71", "zstd two frames", lambda: blob(zstd(SMALL[:700]) + zstd_skippable(b"toc") + zstd(SMALL[700:])), OK),
	Case("A71", "zstd skippable frame first", lambda: blob(zstd_skippable() + zstd(SMALL)), OK),
	Case("A71", "zstd skippable frame of 4 GiB", lambda: blob(zstd(SMALL) + zstd_skippable()[:4] + b"\xff" * 4)),
	Case("A71", "zstd reserved block type", lambda: blob(zstd(SMALL)[:13] + b"\x07" + zstd(SMALL)[14:])),
	Case("A71", "outer zstd", lambda: zstd(good()), OK),
	Case("A72", "8 GiB of zeros", lambda: blob(gzip_zeros(scaled(8 << 30), BOMB_ENTRY, check=False)), says="bomb", seconds=10,
		rss=100),
	Case("A72", "8 GiB of zeros behind the archive", lambda: blob(gzip_zeros(scaled(8 << 30), SMALL, check=False)), says="bomb",
		seconds=10, rss=100, commands="al"),
	Case("A72", "8 GiB of zeros as the outer archive", lambda: gzip_zeros(scaled(8 << 30), BOMB_ENTRY, check=False), says="bomb",
		seconds=10, rss=100, commands="al"),
	Case("A72", "8 GiB of zeros in zstd", lambda: blob(zstd_zeros(scaled(8 << 30), BOMB_ENTRY)), says="bomb", seconds=10, rss=100,
		commands="al"),
	Case("A73", "1 GiB of zeros", lambda: zeros_image(scaled(1 << 30)), OK, rss=100, seconds=40, commands="jl"),
	Case("A74", "zstd window of 2 GiB", lambda: blob(zstd(SMALL, window_log=31)), says="zstd_window_bytes"),
	Case("A74", "zstd window of 128 MiB", lambda: blob(zstd(SMALL, window_log=27)), OK),
	Case("A75", "gzip in gzip", lambda: blob(gzip(gzip(SMALL)))),
	Case("A75", "gzip in gzip as the image", lambda: gzip(gzip(good()))),
	Case("A75", "gzip in zstd", lambda: blob(zstd(gzip(SMALL)))),
	Case("A76", "xz layer", lambda: blob(lzma.compress(SMALL)), says="xz"),
	Case("A76", "bzip2 layer", lambda: blob(bz2.compress(SMALL)), says="bzip2"),
	Case("A76", "zip layer", lambda: blob(b"PK\x03\x04" + bytes(600))),
	Case("A76", "a layer of text", lambda: blob(b"hello world\n" * 100)),
	Case("A77", "gzip method 7", lambda: blob(patched(gzip(SMALL), 2, b"\x07"))),
	Case("A77", "gzip reserved flags", lambda: blob(patched(gzip(SMALL), 3, b"\xe0"))),
	Case("A77", "gzip header with an endless name", lambda: blob(b"\x1f\x8b\x08\x08" + bytes(6) + b"a" * 5000)),
	Case("A77", "gzip, name, comment and extra field", lambda: blob(b"\x1f\x8b\x08\x1c" + bytes(6) + b"\x03\0abcname\0note\0" +
		gzip(SMALL)[10:]), OK),
]


def zeros_image(size):
	front = header("zeros", size=size)
	digest = hashlib.sha256(front)
	for _ in range(size >> 24):
		digest.update(bytes(1 << 24))
	digest.update(END)
	return docker_archive(Layer(b"", gzip_zeros(size, front) + gzip(END), "sha256:" + digest.hexdigest()))


ODD_NAMES = ["\x1b[2J\x1b[31mred", "line\n::error::x", "\r##vso[task]", "tab\there", "del\x7f", "c1\u009b31m", "bidi\u202egnp.exe",
	"zero\u200bwidth", "\u2028", b"bad\xff\xfeutf8", b"\xc3", "back\\slash", "quote\"'`|", "=1+1", "combining\u0301\u0302", "\U0001f600",
	"-rf", " "]
RESERVED_NAMES = (b".wh.", b".wh..", b".wh...", b"etc/.wh.")

ENTRIES = [
	Case("A80", "size with the digit 9", lambda: image(header("culprit", patch={"size": b"00000000019\0"})), says="layer"),
	Case("A80", "mode with a letter", lambda: image(header("culprit", patch={"mode": b"000x644\0"})), says="layer"),
	Case("A80", "a size of -1 in base-256", lambda: image(header("culprit", patch={"size": b"\xff" * 12})), says="layer"),
	Case("A80", "a size of 2^63 in base-256", lambda: image(header("culprit", patch={"size": base256(1 << 63, 12)})), says="layer"),
	Case("A80", "a size of 2^94 in base-256", lambda: image(header("culprit", patch={"size": base256(1 << 94, 12)})), says="layer"),
	Case("A80", "a size of 2^62", lambda: image(header("culprit", size=1 << 62)), says="layer"),
	Case("A80", "a size of 2^63 - 512", lambda: image(header("culprit", size=(1 << 63) - 512)), says="layer"),
	Case("A80", "a size of 2^63 - 1", lambda: image(header("culprit", size=(1 << 63) - 1)), says="layer"),
	Case("A81", "uid, gid, mtime in base-256", lambda: image(file("big", "x", uid=1 << 40, gid=1 << 33, mtime=1 << 40)), OK),
	Case("A81", "mtime before 1970", lambda: image(file("old", "x", mtime=-1), file("older", "y", mtime=-(1 << 62)),
		file("pax", "z", records={"mtime": "-1.5"})), OK),
	Case("A81", "blank numbers", lambda: image(header("x", patch={"uid": bytes(8), "gid": b" " * 8, "mtime": bytes(12)})), OK),
	Case("A82", "PAX record without =", lambda: image(pax(b"9 abcdef\n") + file("culprit")), says="layer"),
	*[Case("A82", f"PAX header {text[:30]!r}", lambda text=text: image(pax(text) + file("culprit")), says="layer") for text in (
		b"x", b"0 a=b\n", b"4 a=\n", b"-6 a=b\n", b"99 path=x\n", b"8 path=x", b"10 path=x\nzz", b"9999999999999999999999 a=b\n",
		b"\0" * 20, b"9 path=x\0", b" 9 path=x\n", b"6 =bcd\n", b"11 size=-5\n", b"12 size=1x2\n", b"30 size=9223372036854775808\n")],
	Case("A83", "a path of a/../b", lambda: image(file("a/../culprit")), OK),
	Case("A83", "a path that climbs out", lambda: image(file("../../etc/passwd", "x"), records_file("a/../../../b")), OK, says=".."),
	Case("P13", "a name of nothing", lambda: image(file("", "x")), ANY),
	Case("P13", "a name of slashes and dots", lambda: image(directory("./"), file("//", "x"), directory("/././")), ANY),
	Case("P13", "a PAX path with a NUL", lambda: image(records_file("culprit\0hidden")), ANY),
	Case("A84", "GNU L without an entry", lambda: image(gnu_long("culprit")), says="layer"),
	Case("A84", "GNU L cut", lambda: image(gnu_long("culprit" * 100)[:600], end=b""), says="layer"),
	Case("A84", "PAX header without an entry", lambda: image(pax({"path": "culprit"})), says="layer"),
	Case("A84", "100 GNU L headers", lambda: image(gnu_long("culprit") * 100 + file("x", magic=GNU)), says="special_headers"),
	Case("A84", "100 PAX headers", lambda: image(pax({"mtime": "1"}) * 100 + file("culprit")), ANY, says="special_headers"),
	Case("P14", "a PAX header of more than 1 MiB", lambda: image(file("culprit", records={"comment": "x" * (1 << 20)})),
		says="special_header_bytes"),
	Case("P14", "a GNU L header of 4 GiB", lambda: image(header("././@LongLink", b"L", 4 << 30, magic=GNU)), says="special_header_bytes"),
	Case("P14", "a PAX header of 2^62 bytes", lambda: image(header("x", b"x", 1 << 62)), says="special_header_bytes"),
	Case("P14", "2,000 extended attributes", lambda: image(file("culprit", records={f"SCHILY.xattr.user.k{i}": "v"
		for i in range(2000)})), says="xattrs"),
	Case("P14", "20,000 sparse extents", lambda: image(sparse10("culprit", 20000 * 1024, [(i * 1024, b"x") for i in range(20000)])),
		says="sparse_extents"),
	Case("P14", "--limit entries=3", lambda: image(file("a"), file("b"), file("c")), says="entries", args=("--limit", "entries=3")),
	Case("P14", "--limit layers=1", lambda: good(), says="layers", args=("--limit", "layers=1")),
	Case("P14", "--limit json_bytes=20", lambda: good(), says="json_bytes", args=("--limit", "json_bytes=20")),
	Case("P14", "--limit path_bytes=5", lambda: image(file("long/name")), says="path_bytes", args=("--limit", "path_bytes=5")),
	Case("P14", "--limit path_depth=3", lambda: image(file("a/b/c/d/e")), says="path_depth", args=("--limit", "path_depth=3")),
	Case("P14", "1,100 layers", lambda: docker_archive(*[tar(file("x", str(i))) for i in range(1100)]), says="layers", seconds=60),
	Case("A85", "hard link before its target", lambda: image(hardlink("culprit", "t"), file("t", "x")), says="culprit"),
	Case("A85", "hard link to nothing", lambda: image(hardlink("culprit", "nowhere")), says="culprit"),
	Case("A85", "hard link to itself", lambda: image(hardlink("culprit", "culprit")), says="culprit"),
	Case("A85", "hard link to a directory", lambda: image(directory("d"), hardlink("culprit", "d")), says="culprit"),
	Case("A85", "hard link with a body", lambda: image(file("t", "x"), header("culprit", b"1", 5, link="t") + pad(b"hello")), says="layer"),
	Case("A85", "hard link into a lower layer", lambda: image(hardlink("up", "b")), OK, says="engines"),
	Case("A85", "hard links in a ring", lambda: image(hardlink("a1", "b1"), hardlink("b1", "a1")), says="a1"),
	Case("A86", "hard link to an absolute path", lambda: image(file("t", "x"), hardlink("l", "/t")), OK),
	Case("A86", "hard link that climbs out", lambda: image(file("t", "x"), hardlink("l", "../../t")), OK),
	Case("A86", "hard link with an empty target", lambda: image(hardlink("culprit", ""))),
	Case("A87", "symlink target of 4,095 bytes", lambda: image(symlink("l", "t" * 4095)), OK),
	Case("A87", "symlink target of 100 KB", lambda: image(symlink("l", "t" * 100000)), OK),
	Case("A87", "symlink target of 1 MiB", lambda: image(symlink("culprit", "t" * (1 << 20))), says=""),
	Case("A87", "empty symlink target", lambda: image(symlink("culprit", "")), says="culprit"),
	Case("A87", "symlinks in a ring, and paths through them", lambda: image(symlink("x", "y"), symlink("y", "x"),
		file("x/z", "1"), symlink("s", "s"), file("s/t", "2")), ANY),
	Case("A87", "2,000 symlinks in a chain, and a path through it", lambda: image(*[symlink(f"s{i}", f"s{i + 1}")
		for i in range(2000)], file("s0/f", "x")), ANY),
	Case("A87", "symlinks that multiply", lambda: image(*[symlink(f"m{i}", f"m{i + 1}/m{i + 1}") for i in range(40)], file("m0/f")), ANY),
	Case("A88", "whiteouts as other things", lambda: image(directory(".wh.d"), file(".wh.e", "content"), symlink(".wh.f", "x"),
		directory("etc/.wh..wh..opq")), OK),
	Case("A88", "whiteouts in the first layer", lambda: single(file(".wh.x"), file("d/.wh..wh..opq"), file("d/y", "1")), OK),
	*[Case("A88", f"whiteout called {name!r}", lambda name=name: image(file(name)), says="layer") for name in RESERVED_NAMES],
	Case("A89", "a component of 255 bytes", lambda: image(file("c" * 255)), OK),
	Case("A89", "a component of 256 bytes", lambda: image(file("culprit" + "c" * 249)), says="culprit"),
	Case("A89", "a path of 4,200 bytes", lambda: image(file("/".join(["p" * 200] * 21))), OK),
	Case("A89", "a path of 70,000 bytes", lambda: image(file("culprit/" + "/".join(["p" * 200] * 350))), says="culprit"),
	Case("A90", "1,000 directories deep", lambda: image(*[directory("d/" * i) for i in range(1, 1001)]), OK),
	Case("A90", "30,000 directories deep", lambda: image(file("d/" * 30000 + "f", "x")), OK, commands="aj",
		seconds=3),
	Case("A90", "3,000 directories deep, none of them listed", lambda: image(file("d/" * 3000 + "f", "x")), OK),
	Case("A90", "40,000 directories deep", lambda: image(file("d/" * 40000 + "f", "x"))),
	Case("A91", "100,000 files", lambda: image(*[header(f"d{i % 100}/f{i}") for i in range(scaled(100000))]), OK, rss=300, commands="jl",
		seconds=10),
	Case("A91", "100,000 whiteouts", lambda: image(*[header(f"d{i % 100}/.wh.f{i}") for i in range(scaled(100000))]), OK, rss=300,
		commands="jl", seconds=10),
	Case("A91", "100,000 whiteouts of one name", lambda: image(header("etc/.wh.a") * scaled(100000)), ANY, rss=300, commands="jl", seconds=10),
	Case("A91", "one directory 50,000 times", lambda: image(header("etc/", b"5") * scaled(50000)), OK, rss=300, commands="jl", seconds=10),
	Case("A91", "100,000 hard links to one file", lambda: image(file("t", "x"), *[header(f"l{i}", b"1", link="t")
		for i in range(scaled(100000))]), OK, rss=300, commands="jl", seconds=10),
	Case("A92", "50,000 files of one content", lambda: image(*[file(f"f{i}", "same content") for i in range(scaled(50000))]), OK,
		rss=300, commands="jl", seconds=10),
	Case("A93", "a path twice in one layer", lambda: image(file("p", "first"), file("p", "second")), OK),
	Case("A93", "a file, then a directory, then a file", lambda: image(file("p", "1"), directory("p"), file("p/q", "2"), file("p", "3")), ANY),
	Case("A94", "control characters in names", lambda: image(*[file(name, "x") for name in ODD_NAMES]), OK),
	Case("A94", "control characters in link targets", lambda: image(*[symlink(f"l{i}", name) for i, name in enumerate(ODD_NAMES)]), OK),
	*[Case("A94", f"an error at {name!r}", lambda name=name: image(hardlink(name, "nowhere"))) for name in ODD_NAMES[:-2]],
	Case("A95", "sparse, 1 GiB apparent", lambda: image(sparse10("hole", 1 << 30, [(0, b"a" * 512), ((1 << 30) - 512, b"b" * 512)])), OK,
		rss=100),
	Case("A95", "sparse, nothing but a hole of 2^40", lambda: image(sparse10("hole", 1 << 40, [])), OK, rss=100),
	Case("A95", "sparse, extents out of order", lambda: image(sparse10("culprit", 8192, [(4096, b"a" * 512), (0, b"b" * 512)])), says="layer"),
	Case("A95", "sparse, extents that overlap", lambda: image(sparse10("culprit", 8192, [(0, b"a" * 512), (100, b"b" * 512)])), says="layer"),
	Case("A95", "sparse, an extent past the end", lambda: image(sparse10("culprit", 100, [(0, b"a" * 512)])), says="layer"),
	Case("A95", "sparse, an extent at 2^63 - 1", lambda: image(sparse10("culprit", 1 << 40, [((1 << 63) - 1, b"a" * 512)])), says="layer"),
	*[Case("A95", f"sparse map {text[:20]!r}", lambda text=text: image(sparse_map(text)), says="layer") for text in (
		b"", b"x\n", b"1\n", b"1\n0\n", b"-1\n", b"99999999999999999999\n", b"1\n0\n-5\n", b"2\n0\n1\n")],
	Case("A96", "device nodes, fifo, setuid", lambda: image(node("c", b"3"), node("b", b"4", (8, 1)), node("p", b"6"),
		node("zero", b"3", (0, 0)), node("large", b"3", (1 << 20, 1 << 20)), file("su", "x", mode=0o6755)), OK),
	Case("A97", "an xattr of 64 KiB", lambda: image(file("x", "x", records={"SCHILY.xattr.user.big": "v" * 65536})), OK),
	Case("A97", "an xattr with NULs and an odd name", lambda: image(file("x", "x", records={"SCHILY.xattr.security.capability":
		b"\1\0\0\2" + bytes(16), "SCHILY.xattr.user.\x1b[31m": b"\xff\0\x1b"})), OK),
	Case("A97", "an xattr without a name, one without a value", lambda: image(file("x", "x", records={"SCHILY.xattr.": "v",
		"SCHILY.xattr.user.e": ""})), ANY),
	Case("A98", "ACLs and an SELinux label", lambda: image(file("x", "x", records={"SCHILY.acl.access": "user::rw-,user:1:r--,group::r--,"
		"mask::r--,other::---", "SCHILY.xattr.security.selinux": "system_u:object_r:t:s0\0"})), OK),
	Case("A99", "sizes that sum up above 2^63", lambda: image(*[sparse10(f"s{i}", 1 << 62, []) for i in range(5)]), ANY),
	Case("A99", "a sparse size of 2^63 - 1", lambda: image(sparse10("culprit", (1 << 63) - 1, [])), ANY),
	Case("A99", "a sparse size of 2^64", lambda: image(sparse10("culprit", 1 << 64, [])), says="layer"),
	Case("A100", "100,000 names with a common prefix of 200 bytes", lambda: image(*[pax({"path": "p" * 90 + "/" + "q" * 109 + f"{i:06}"})
		+ header("x") for i in range(scaled(100000))]), OK, rss=400, commands="jl", seconds=10),
	Case("A101", "a file touched in 40 layers", lambda: docker_archive(*[tar(file("f", "x" * 5000, mtime=i)) for i in range(40)]), OK),
]

REJECTED = [  # what no container engine loads (images.md 3.1)
	Case("E1", "regular entry with a trailing slash and children", lambda: image(file("culprit/", "x"), file("culprit/y")), ANY),
	Case("E2", "old GNU sparse", lambda: image(header("culprit", b"S", 512, magic=GNU, patch={386: number(0, 12) + number(512, 12),
		483: number(512, 12)}) + bytes(512)), says="layer"),
	*[Case("E3", f"typeflag {flag!r}", lambda flag=flag: image(header("culprit", flag)), says="layer")
		for flag in (b"7", b"D", b"V", b"M", b"N", b"Z", b"8", b"9", b"a", b"\xff", b"X", b"I")],
	Case("E4", "a lone zero block, then an entry", lambda: image(file("x", "y"), bytes(512), file("culprit", "z")), says="layer"),
	Case("E5", "a layer of 0 bytes", lambda: docker_archive(SMALL, b""), OK),
	Case("E5", "a layer of end blocks only", lambda: docker_archive(SMALL, END), OK),
	Case("E5", "data behind the end of the archive", lambda: image(file("x", "y"), end=END + b"more" * 300), OK),
	Case("E5", "no end of the archive", lambda: image(file("x", "y"), end=b""), OK),
	Case("E5", "no end and no padding", lambda: docker_archive(SMALL, tar(file("x", "y"), end=b"")[:-500]), OK),
	Case("E6", "zero bytes behind a gzip layer", lambda: blob(gzip(SMALL) + bytes(512)), says="layer"),
	Case("E6", "garbage behind a gzip layer", lambda: blob(gzip(SMALL) + b"garbage"), says="layer"),
	Case("E6", "garbage behind a zstd layer", lambda: blob(zstd(SMALL) + b"garbage"), says="layer"),
]

TRAPS = [  # libarchive 3.6.2, measured
	Case("M1", "data cut in a member nobody needs", lambda: docker_archive(SMALL, after=header("junk", size=100000) + bytes(5000), end=b"")),
	Case("M1", "data of a layer's last entry cut", lambda: docker_archive(SMALL, tar(file("culprit", "x" * 5000), end=b"")[:-2000]),
		says="layer"),
	Case("M2", "a damaged header between two good ones", lambda: image(file("a"), patched(header("culprit"), 0, b"C"), file("b")),
		says="layer"),
	Case("M2", "the same in the outer archive", lambda: docker_archive(SMALL, before=patched(header("junk"), 0, b"J"))),
	Case("M3", "garbage behind the outer gzip", lambda: gzip(good()) + b"garbage"),
	Case("M3", "garbage behind the outer zstd", lambda: zstd(good()) + b"garbage"),
	Case("M4", "a second tar behind the end of a layer", lambda: image(file("x", "y"), end=END + tar(file("hidden", "z"))), OK),
	Case("M4", "a second tar behind the end of the outer archive", lambda: good() + good(), OK),
	Case("M5", "GNU sparse of 2^63 - 1", lambda: image(header("culprit", b"S", 0, magic=GNU, patch={483: base256((1 << 63) - 1, 12)})),
		says="layer"),
	Case("M6", "mtree text", lambda: b"#mtree\n./etc type=dir\n./etc/passwd type=file size=5\n" * 40, says="not a tar"),
	Case("M7", "hdrcharset=BINARY and raw names", lambda: image(pax({"hdrcharset": "BINARY", "path": b"\xff\xfe"}) + header("x")), OK),
	Case("M7", "a PAX path that is no UTF-8", lambda: image(records_file(b"caf\xe9")), OK),
	Case("M8", "a global header", lambda: image(pax({"comment": "x"}, b"g") + file("x", "y")), OK, says="global"),
	Case("M8", "a global header that renames", lambda: image(pax({"path": "evil"}, b"g") + file("x", "y")), ANY),
	Case("D1", "GNU magic with a ustar prefix (invalid-go17)", lambda: image(header("foo", magic=GNU, patch={"prefix": b"aaaa/" * 20,
		"uid": base256(1 << 30, 8)})), ANY),
	Case("D2", "star times in a GNU header (nil-uid)", lambda: image(header("x", size=3, magic=GNU, patch={345: number(1, 12) +
		number(2, 12), 483: number(2176, 12)}) + pad(b"abc")), ANY),
	Case("D3", "a PAX size that differs from the header", lambda: image(pax({"size": "5"}) + header("x", size=0) + pad(b"hello")), ANY),
	Case("D3", "a PAX size of 0 over a body", lambda: image(pax({"size": "0"}) + header("x", size=600) + bytes(1024)), ANY),
	Case("D4", "a directory with a body", lambda: image(header("d/", b"5", 600) + bytes(1024), file("x")), ANY),
	Case("D4", "a symlink with a size", lambda: image(header("culprit", b"2", 600, link="x") + bytes(1024)), ANY),
	Case("D5", "a v7 name with a trailing slash", lambda: image(header("dir/", b"\0", magic=b"")), ANY),
	Case("D6", "a name of 100 bytes without NUL, a prefix of 155", lambda: image(header("n" * 100, patch={"prefix": b"p" * 155})), OK),
	Case("D7", "GNU L and PAX path on one entry", lambda: image(gnu_long("gnu" * 50), pax({"path": "pax"}) + header("x", magic=GNU)), ANY),
	Case("D8", "a PAX path twice", lambda: image(pax(pax_record("path", "a") + pax_record("path", "b")) + header("x")), ANY),
]

RPM, APK = "var/lib/rpm/rpmdb.sqlite", "lib/apk/db/installed"


def twice(data, page):
	"""The first cell of a leaf of SQLite's, 20 times."""
	pointers = page + 8
	return data[:page + 3] + b"\0\x14" + data[page + 5:pointers] + data[pointers:pointers + 2] * 20 + data[pointers + 40:]


def schema(count):
	"""A database whose schema has very many tables."""
	make = "INSERT INTO sqlite_schema WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d) " % count
	return rpm.database(rpm.TABLE, "PRAGMA writable_schema = 1", make + "SELECT 'table', 't' || i, 't' || i, 2, 'CREATE TABLE t' || i || '(a)' FROM n")


def database(id, what, make, says=""):
	return Case(id, what, make, OK, says=says, commands="aj", rss=300)


PACKAGES = [database(*case) for case in (  # the image is read whatever its databases are
	("K1", "rpm's database in Berkeley DB", lambda: image(file("var/lib/rpm/Packages", bytes(12) + b"\x61\x15\x06\0")), "Berkeley DB"),
	("K1", "rpm's database in ndb", lambda: image(file("usr/lib/sysimage/rpm/Packages.db", b"RpmP")), "ndb"),
	("K1", "a write-ahead log that was not brought in", lambda: image(file(RPM + "-wal", b"\x37\x7f\x06\x82")), "write-ahead log"),
	("K2", "no SQLite database", lambda: image(file(RPM, bytes(4096))), "no SQLite database"),
	("K2", "a row 20 times in its page", lambda: image(file(RPM, twice(rpm.database("CREATE TABLE Packages (a, blob)",
		"INSERT INTO Packages VALUES (NULL, zeroblob(100))"), 512))), "damaged"),
	("K2", "a schema of very many tables", lambda: image(file(RPM, schema(scaled(100000))))),
	("K2", "a damaged header", lambda: image(file(RPM, rpm.database(rpm.TABLE, rpm.INSERT, package=rpm.DEMO[:-1]))), "1 damaged header"),
	("K3", "a long folder with very many files", lambda: image(file(APK, "P:a\nF:" + "x/" * 2000 + "\n" + "R:a\n" * scaled(1000000))), "16 times"),
	("K4", "a document nested very deep", lambda: image(file("conda-meta/a-1-0.json", "[" * scaled(2000000)))),
	("K4", "a document of very many objects", lambda: image(file("conda-meta/a-1-0.json", "[" + "{}," * scaled(3000000) + "{}]"))),
	("K4", "very many broken documents", lambda: image(*(file(f"node_modules/a{i}/package.json", "{") for i in range(scaled(20000))))),
	("K5", "a quote that nothing ends", lambda: image(file("a-1.dist-info/RECORD", '"' + "a," * scaled(5000000)))),
	("K5", "quotes only", lambda: image(file("a-1.dist-info/RECORD", '"' * scaled(10000000)))),
	("K6", "a description of very many fields", lambda: image(file("a/DESCRIPTION", "Built:\n" * scaled(2000000)))),
	("K7", "paths that lead out", lambda: image(file("a-1.dist-info/RECORD", "../" * scaled(1000000) + "etc/a,,\n" * 1000))),
	("K7", "names that act on a terminal", lambda: image(file("a/DESCRIPTION", "x"), file("a\x1b[2J-1.dist-info/RECORD", "/b,,\n"))),
)]


def records_file(name):
	return pax({"path": name}) + header("x", size=1) + pad(b"x")


def sparse_map(text):
	body = pad(text) if text else b""
	records = {"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.name": "culprit", "GNU.sparse.realsize": "4096"}
	return pax(records) + header("GNUSparseFile.0/x", size=len(body)) + body


def dpkg(stanzas, *entries, automatic=0):
	"""An image whose packages are these, p0 and following not asked for by anybody."""
	states = "".join(f"Package: p{n}\nArchitecture: amd64\nAuto-Installed: 1\n\n" for n in range(automatic))
	return docker_archive(tar(file("var/lib/dpkg/status", "".join(stanzas)), file("var/lib/apt/extended_states", states), *entries))


def stanza(name, **fields):
	return f"Package: {name}\nArchitecture: amd64\n" + "".join(f"{key}: {value}\n" for key, value in fields.items()) + "\n"


def many(count, make):
	"""`make` of as many numbers as the binary is fast."""
	return [make(n) for n in range(scaled(count))]


DPKG = [
	Case("Q1", "packages that all provide what all depend on", lambda: dpkg(many(100000, lambda n: stanza(f"p{n}", Provides="v", Depends="v")),
		automatic=scaled(100000)), OK, says="name each other more often", commands="j"),
	Case("Q2", "a long way of dependencies behind one recommendation", lambda: dpkg([stanza("a", Recommends="p0")] + many(
		100000, lambda n: stanza(f"p{n}", Depends=f"p{n + 1}, p{n // 2}")), automatic=scaled(100000)), OK,
		says="only because others recommend them", commands="aj"),
	Case("Q3", "everything recommends everything", lambda: dpkg([stanza("a", Recommends="p0")] + many(
		1000, lambda n: stanza(f"p{n}", Recommends=", ".join(many(1000, "p{}".format)))), automatic=scaled(1000)), OK, commands="j"),
	Case("Q4", "long versions compared in every pair", lambda: dpkg(many(2000, lambda n: stanza(
		f"p{n}", Provides=f"v (= {'1' * 250})", Depends=f"v (= {'1' * 250})", Version="1" * 250)), automatic=scaled(2000)), OK, commands="j"),
	Case("Q5", "a list of the same two files, millions of times", lambda: dpkg([stanza("a")], file(
		"var/lib/dpkg/info/a.list", "/u/a\n/u/b\n" * scaled(2000000)), file("u/a", "x"), file("u/b", "y")), OK, commands="j"),
	Case("Q6", "symbolic links of forty each", lambda: dpkg([stanza("a")], *many(4000, lambda n: symlink(f"l{n}", "/".join([f"l{n + 1}"] * 40))),
		file("var/lib/dpkg/info/a.list", "".join(many(4000, lambda n: f"/l{n}/x\n")) * 50)), OK, commands="j"),
	Case("Q7", "names of a thousand bytes that differ at their end", lambda: dpkg(many(20000, lambda n: stanza("n" * 1000 + str(n))),
		automatic=3), OK, commands="j"),
	Case("Q8", "names with anything in them", lambda: dpkg([stanza("\x1b[31m\u202e", Version="\x07 \x9b"), stanza("a\0b", Version="\0"),
		stanza("../../etc/passwd"), stanza("=1+1", Recommends="p0"), stanza("p0")], automatic=1), OK),
	Case("Q9", "a package inside a package, a thousand times", lambda: docker_archive(tar(*many(1000, lambda n: file(
		"x/" * n + "node_modules/n/package.json", f'{{"name": "n{n}", "version": "1"}}')))), OK, commands="j"),
]


ALL = FILES + JSON + DIGESTS + CODECS + ENTRIES + REJECTED + TRAPS + PACKAGES + DPKG
