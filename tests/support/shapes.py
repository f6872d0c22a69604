# SPDX-License-Identifier: MIT
"""One tiny image in the shape of every producer of container images that is known to differ.

All of it is synthetic: made here, after what is known of each producer's format, by none of the producers. SHAPES maps
a name to a function that returns the archive's bytes (or {name: bytes} for a directory); every one holds the same layers, so that
every analysis has to come to the same totals. REFUSED maps a name to (bytes, arguments, exit code, text that the error
has to contain). VARIANTS maps a name to (bytes, arguments) of archives that hold the image among others.
"""
import json

import build as b

MTIME = 1672628645
HEX_TAG = "t1:latest"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json"
DOCKER_LAYER = "application/vnd.docker.image.rootfs.diff.tar"


# The image ----------------------------------------------------------------------------------------

def layers():
	"""Four layers, the last one the second again: content, a hard link, a change, whiteouts, an opaque directory."""
	base = b.tar(
		b.directory("etc"), b.file("etc/passwd", b"root:x:0:0\n" * 9), b.directory("usr"), b.directory("usr/bin"),
		b.file("usr/bin/tool", b"\x7fELF" + bytes(3000), mode=0o755), b.hardlink("usr/bin/alias", "usr/bin/tool", mode=0o755),
		b.directory("var"), b.directory("var/cache"), b.file("var/cache/list", b"package\n" * 500),
		b.file("var/cache/same", b"twice " * 100), b.symlink("bin", "usr/bin"))
	change = b.tar(b.directory("etc"), b.file("etc/passwd", b"root:x:0:0\n" * 9, mode=0o600), b.file("etc/motd", b"hello\n"))
	remove = b.tar(
		b.directory("usr"), b.directory("usr/bin"), b.file("usr/bin/.wh.alias"), b.directory("var"), b.directory("var/cache"),
		b.file("var/cache/.wh..wh..opq"), b.file("var/cache/kept", b"twice " * 100), b.file("etc/copy", b"twice " * 100))
	return [base, change, remove, change]


def config(architecture="amd64", plain=None):
	plain = layers() if plain is None else plain
	return b.dump({
		"architecture": architecture, "os": "linux", "created": "2023-01-02T03:04:05.123456789Z",
		"config": {
			"Env": ["PATH=/usr/bin", "EMPTY=", "EQUAL=a=b"], "Cmd": ["tool"], "Entrypoint": None, "WorkingDir": "/",
			"User": "app", "ExposedPorts": {"8080/tcp": {}, "443/tcp": {}}, "Volumes": {"/data": {}},
			"Labels": {"z": "last", "a": "first"}},
		"rootfs": {"type": "layers", "diff_ids": ["sha256:" + b.sha256(x) for x in plain]},
		"history": [
			{"created": "2023-01-02T03:04:05Z", "created_by": "/bin/sh -c #(nop) ADD file:x in / "},
			{"created": "2023-01-02T03:04:05Z", "created_by": "/bin/sh -c #(nop)  CMD [\"tool\"]", "empty_layer": True},
			*[{"created": "2023-01-02T03:04:05Z", "created_by": f"/bin/sh -c step {i}"} for i in range(1, len(plain))]],
	})


def v1_id(index):
	return b.sha256(b"v1 %d" % index)


def member(name, data, **fields):
	return b.file(name, data, mtime=MTIME, **fields)


def manifest_json(config_name, names, tags=(HEX_TAG,), **more):
	return b.dump([{"Config": config_name, "RepoTags": list(tags) if tags is not None else None, "Layers": names, **more}])


# docker save, 1.10 to 24 --------------------------------------------------------------------------

def classic(tags=(HEX_TAG,), repeated_as_link=True):
	plain, cfg = layers(), config()
	body, names, seen = b"", [], {}
	for i, data in enumerate(plain):
		name = f"{v1_id(i)}/layer.tar"
		names.append(name)
		body += b.directory(v1_id(i)) + member(f"{v1_id(i)}/VERSION", b"1.0") + member(f"{v1_id(i)}/json", b"{}")
		first = seen.setdefault(data, i)
		if first != i and repeated_as_link:
			body += b.symlink(name, f"../{v1_id(first)}/layer.tar")
		else:
			body += member(name, data)
	cfg_name = b.sha256(cfg) + ".json"
	body += member(cfg_name, cfg) + b.file("manifest.json", manifest_json(cfg_name, names, tags))
	if tags:
		body += b.file("repositories", b.dump({"t1": {"latest": v1_id(len(plain) - 1)}}))
	return body + b.END


def podman_docker_archive():
	plain, cfg = layers(), config()
	names = [b.sha256(x) + ".tar" for x in plain]
	body = b"".join(b.file(n, x, mode=0o444) for n, x in dict(zip(names, plain)).items())
	for i, name in enumerate(names):
		body += b.directory(v1_id(i)) + b.symlink(f"{v1_id(i)}/layer.tar", f"../{name}")
		body += b.file(f"{v1_id(i)}/VERSION", b"1.0", mode=0o444) + b.file(f"{v1_id(i)}/json", b"{}", mode=0o444)
	cfg_name = b.sha256(cfg) + ".json"
	return body + b.file(cfg_name, cfg) + b.file("manifest.json", manifest_json(cfg_name, names, ["localhost/" + HEX_TAG])) + \
		b.file("repositories", b.dump({"localhost/t1": {"latest": v1_id(3)}})) + b.END


# The hybrids of docker 25 to 28, and OCI ----------------------------------------------------------

def oci_blobs(compress, suffix, docker_types=False, order=None, architecture="amd64", plain=None):
	"""Blobs {name: bytes}, the manifest, the stored layers."""
	plain = layers() if plain is None else plain
	cfg = config(architecture, plain)
	stored = [compress(x) if compress else x for x in plain]
	layer_type = DOCKER_LAYER + suffix.replace("+", ".") if docker_types else b.LAYER + suffix
	listed = [stored[i] for i in order] if order else stored
	manifest = b.dump({
		"schemaVersion": 2, "mediaType": DOCKER_MANIFEST if docker_types else b.MANIFEST,
		"config": b.descriptor(DOCKER_CONFIG if docker_types else b.CONFIG, cfg),
		"layers": [b.descriptor(layer_type, x) for x in listed]})
	blobs = {b.blob_name(x): x for x in [*stored, cfg, manifest]}
	return blobs, manifest, stored, cfg


LAYOUT = {"oci-layout": b'{"imageLayoutVersion": "1.0.0"}'}


def index_json(*descriptors, **more):
	return {"index.json": b.dump({"schemaVersion": 2, "mediaType": b.INDEX, "manifests": list(descriptors), **more})}


def named(media_type, data, name="docker.io/library/" + HEX_TAG, tag="latest", **more):
	return b.descriptor(media_type, data, annotations={
		"io.containerd.image.name": name, "org.opencontainers.image.ref.name": tag}, **more)


def hybrid(order=None, null_index=False, with_sources=True):
	blobs, manifest, stored, cfg = oci_blobs(None, "", order=order)
	sources = {"sha256:" + b.sha256(x): b.descriptor(b.LAYER, x) for x in stored}
	index = {"index.json": b'{"schemaVersion":2,"mediaType":"' + b.INDEX.encode() + b'","manifests":null}'} if null_index \
		else index_json(named(b.MANIFEST, manifest))
	legacy = b.dump({"id": v1_id(0), "os": "linux"})
	return b.pack({
		**blobs, b.blob_name(legacy): legacy, **index,
		"manifest.json": manifest_json(b.blob_name(cfg), [b.blob_name(x) for x in stored], None if null_index else [HEX_TAG],
					       **({"LayerSources": sources} if with_sources else {})),
		**LAYOUT, "repositories": b.dump({"t1": {"latest": b.sha256(stored[-1])}})})


def containerd_store(with_manifest_json=True):
	"""A nested index of three platforms, of which one is there, and an attestation for each."""
	blobs, manifest, stored, cfg = oci_blobs(b.gzip, "+gzip")
	statement = b.dump({"_type": "https://in-toto.io/Statement/v0.1"})
	proof_config = b.dump({"architecture": "unknown", "os": "unknown", "rootfs": {"type": "layers", "diff_ids": []}})
	proof = b.dump({"schemaVersion": 2, "mediaType": b.MANIFEST, "config": b.descriptor(b.CONFIG, proof_config),
			"layers": [b.descriptor("application/vnd.in-toto+json", statement)]})
	absent = [b"not here 1", b"not here 2"]
	inner = b.dump({"schemaVersion": 2, "mediaType": b.INDEX, "manifests": [
		b.descriptor(b.MANIFEST, absent[0], platform={"architecture": "arm", "os": "linux", "variant": "v7"}),
		b.descriptor(b.MANIFEST, manifest, platform={"architecture": "amd64", "os": "linux"}),
		b.descriptor(b.MANIFEST, absent[1], platform={"architecture": "s390x", "os": "linux"}),
		b.descriptor(b.MANIFEST, proof, platform={"architecture": "unknown", "os": "unknown"}, annotations={
			"vnd.docker.reference.type": "attestation-manifest",
			"vnd.docker.reference.digest": "sha256:" + b.sha256(manifest)})]})
	parts = {**blobs, b.blob_name(inner): inner, b.blob_name(proof): proof, b.blob_name(statement): statement,
		 b.blob_name(proof_config): proof_config}
	parts = {**dict(sorted(parts.items())), **index_json(named(b.INDEX, inner))}
	if with_manifest_json:
		parts["manifest.json"] = manifest_json(b.blob_name(cfg), [b.blob_name(x) for x in stored])
	return b.pack({**parts, **LAYOUT})


def oci_parts(compress, suffix, docker_types=False, name=True):
	blobs, manifest, _, _ = oci_blobs(compress, suffix, docker_types)
	media = DOCKER_MANIFEST if docker_types else b.MANIFEST
	ref = {"annotations": {"org.opencontainers.image.ref.name": "localhost/" + HEX_TAG}} if name else {}
	return {**blobs, **index_json(b.descriptor(media, manifest, **ref)), **LAYOUT}


def oci(compress, suffix, **how):
	return b.pack(oci_parts(compress, suffix, **how))


# Other builders -----------------------------------------------------------------------------------

def named_by_digest(config_name, layer_name, compress=b.gzip, tags=("registry.example/t1:latest",), dirs=False):
	"""kaniko, crane, jib, bazel and nix differ in how they name the members of a docker archive."""
	plain, cfg = layers(), config()
	stored = [compress(x) if compress else x for x in plain]
	names = [layer_name.format(stored=b.sha256(s), plain=b.sha256(p)) for s, p in zip(stored, plain)]
	cfg_name = config_name.format(b.sha256(cfg))
	body = b"".join((b.directory(n.rsplit("/", 1)[0]) if dirs else b"") + b.file(n, s, mtime=1)
			for n, s in dict(zip(names, stored)).items())
	return body + b.file(cfg_name, cfg) + b.file("manifest.json", manifest_json(cfg_name, names, tags)) + b.END


def hard_linked():
	"""rules_img puts each blob once into .cas and links to it."""
	plain, cfg = layers(), config()
	body, names = b"", []
	for i, data in enumerate(plain):
		cas = f".cas/{b.sha256(data)}"
		if data not in plain[:i]:
			body += b.file(cas, data)
		body += b.hardlink(f"layers/{i}.tar", cas)
		names.append(f"layers/{i}.tar")
	return body + b.file("config.json", cfg) + b.file("manifest.json", manifest_json("config.json", names)) + b.END


def dotted():
	"""`./` in front of every name, as `tar -c .` writes; the manifest first."""
	plain, cfg = layers(), config()
	names = [f"{i}/layer.tar" for i in range(len(plain))]
	return b.directory("./") + b.file("./manifest.json", manifest_json("config.json", names)) + b.file("./config.json", cfg) + \
		b"".join(b.file("./" + n, x) for n, x in zip(names, plain)) + b.END


def noise():
	"""Members that nobody refers to: damaged, enormous in claim, or of strange names."""
	junk = b.file("junk.gz", b"\x1f\x8b\x08\x00broken") + b.file("../../etc/shadow", b"x") + b.file("/abs", b"y") + \
		b.file("big.json", b"[" + b" " * (5 << 20) + b"]") + b.symlink("loop", "loop") + b.node("dev", b"3") + \
		b.file("noise.zst", b"\x28\xb5\x2f\xfdnope") + b.file("broken.json", b"{")
	return junk + classic()


def zstd(data):
	return b.zstd(data)


SHAPES = {
	"docker-1.10": lambda: classic(repeated_as_link=False),
	"docker-20.10": classic,
	"docker-20.10-by-id": lambda: classic(tags=None),
	"docker-25.0.0-random-order": lambda: hybrid(order=[2, 0, 3, 1]),
	"docker-25.0.1-null-manifests": lambda: hybrid(null_index=True),
	"docker-26": hybrid,
	"docker-27-no-sources": lambda: hybrid(with_sources=False),
	"docker-29-containerd": containerd_store,
	"containerd-oci-only": lambda: containerd_store(with_manifest_json=False),
	"ctr-export-schema2": lambda: oci(b.gzip, "+gzip", docker_types=True),
	"podman-docker-archive": podman_docker_archive,
	"podman-oci-archive": lambda: oci(b.gzip, "+gzip"),
	"buildah-no-name": lambda: oci(b.gzip, "+gzip", name=False),
	"skopeo-oci-zstd": lambda: oci(zstd, "+zstd"),
	"oci-plain": lambda: oci(None, ""),
	"oci-media-type-lies": lambda: oci(None, "+gzip"),
	"oci-dir": lambda: oci_parts(b.gzip, "+gzip"),
	"kaniko": lambda: named_by_digest("sha256:{}", "{stored}.tar.gz"),
	"crane": lambda: named_by_digest("sha256:{}", "{stored}.tar.gz", tags=["t1"]),
	"jib-docker": lambda: named_by_digest("config.json", "{stored}.tar.gz"),
	"jib-oci": lambda: oci(b.gzip, "+gzip", name=False),
	"bazel-rules-docker": lambda: named_by_digest("{}.json", "{plain}/layer.tar", compress=None, tags=["bazel/image:t1"]),
	"bazel-rules-img": hard_linked,
	"nix": lambda: named_by_digest("{}.json", "{plain}/layer.tar", compress=None, dirs=True),
	"buildx-oci": lambda: containerd_store(with_manifest_json=False),
	"zstd-layers-docker-archive": lambda: named_by_digest("config.json", "{stored}.tar", compress=zstd),
	"dotted-names": dotted,
	"unreferenced-noise": noise,
	"outer-gzip": lambda: b.gzip(classic()),
	"outer-gzip-padded": lambda: b.gzip(classic()) + bytes(512),
	"outer-zstd": lambda: b.zstd(classic()),
	"outer-gzip-oci": lambda: b.gzip(oci(b.gzip, "+gzip")),
}


# The image among others ---------------------------------------------------------------------------

def other_layers():
	return [b.tar(b.file("other", b"something else\n"))]


def several():
	plain, cfg = layers(), config()
	other_cfg = config(plain=other_layers())
	names = [f"{v1_id(i)}/layer.tar" for i in range(len(plain))]
	images = [{"Config": "other.json", "RepoTags": ["other:1"], "Layers": ["other/layer.tar"]},
		  {"Config": "config.json", "RepoTags": ["t1:latest", "t1:also"], "Layers": names}]
	return b.file("other/layer.tar", other_layers()[0]) + b"".join(b.file(n, x) for n, x in zip(names, plain)) + \
		b.file("config.json", cfg) + b.file("other.json", other_cfg) + b.file("manifest.json", b.dump(images)) + b.END


def several_oci():
	blobs, manifest, _, _ = oci_blobs(b.gzip, "+gzip")
	others, other, _, _ = oci_blobs(b.gzip, "+gzip", plain=other_layers())
	return b.pack({**blobs, **others, **LAYOUT, **index_json(
		named(b.MANIFEST, other, name="docker.io/library/other:1", tag="1"), named(b.MANIFEST, manifest))})


def platforms(first="arm64", second="s390x"):
	"""Two complete platforms; the image is the second."""
	blobs, manifest, _, _ = oci_blobs(b.gzip, "+gzip", architecture=second)
	others, other, _, _ = oci_blobs(b.gzip, "+gzip", architecture=first, plain=other_layers())
	return b.pack({**blobs, **others, **LAYOUT, **index_json(
		b.descriptor(b.MANIFEST, other, platform={"os": "linux", "architecture": first}),
		b.descriptor(b.MANIFEST, manifest, platform={"os": "linux", "architecture": second}))})


def manifest_digest():
	return "sha256:" + b.sha256(oci_blobs(b.gzip, "+gzip")[1])


VARIANTS = {
	"several-by-tag": (several, ["--select", "t1:latest"]),
	"several-by-second-tag": (several, ["--select", "t1:also"]),
	"several-by-number": (several, ["--select", "2"]),
	"several-oci-by-name": (several_oci, ["--select", "docker.io/library/t1:latest"]),
	"several-oci-by-number": (several_oci, ["--select", "2"]),
	"several-oci-by-digest": (several_oci, ["--select", manifest_digest()]),
	"platform-chosen": (platforms, ["--platform", "linux/s390x"]),
	"platform-of-save": (containerd_store, ["--platform", "linux/amd64"]),
}


# What is refused ----------------------------------------------------------------------------------

def legacy_v1():
	body = b""
	for i, data in enumerate(layers()):
		body += b.directory(v1_id(i)) + b.file(f"{v1_id(i)}/VERSION", b"1.0") + b.file(f"{v1_id(i)}/layer.tar", data)
		body += b.file(f"{v1_id(i)}/json", b.dump({"id": v1_id(i), **({"parent": v1_id(i - 1)} if i else {})}))
	return body + b.file("repositories", b.dump({"t1": {"latest": v1_id(3)}})) + b.END


def edited_oci(edit_manifest=None, edit_index=None, drop=()):
	return b.pack(b.oci_parts(layers(), edit_manifest=edit_manifest, edit_index=edit_index), drop=drop)


def edited_docker(**how):
	return b.docker_archive(*layers(), **how)


def put(path, value):
	"""An edit that sets the value at `path`."""
	def edit(document):
		for step in path[:-1]:
			document = document[step]
		document[path[-1]] = value
	return edit


def linked(target):
	return b.docker_archive(*layers(), drop=[f"{0:064x}/layer.tar"], before=b.symlink(f"{0:064x}/layer.tar", target))


def nested(depth):
	blobs, manifest, _, _ = oci_blobs(b.gzip, "+gzip")
	media, data = b.MANIFEST, manifest
	for _ in range(depth):
		data = b.dump({"schemaVersion": 2, "mediaType": b.INDEX, "manifests": [b.descriptor(media, data)]})
		media = b.INDEX
		blobs[b.blob_name(data)] = data
	return b.pack({**blobs, **LAYOUT, **index_json(b.descriptor(media, data))})


def missing_layer():
	return b.docker_archive(*layers(), drop=[f"{2:064x}/layer.tar"])


def duplicate(same):
	parts = b.docker_parts(layers(), raw_config=config())
	name, data = next(iter(parts.items()))
	return b.pack(parts, after=b.file(name, data if same else layers()[1]))


SHAPES["duplicate-member-same-bytes"] = lambda: duplicate(True)
SHAPES["index-nested-in-limits"] = lambda: nested(6)
SHAPES["oci-manifest-missing-in-index"] = lambda: b.pack({
	**oci_blobs(None, "")[0], **index_json(), **LAYOUT,
	"manifest.json": manifest_json(b.blob_name(config()), [b.blob_name(x) for x in layers()])})

REFUSED = {
	"legacy-v1": (legacy_v1, [], 3, "image format v1"),
	"several-unchosen": (several, [], 2, "other:1"),
	"several-wrong-choice": (several, ["--select", "nothing"], 2, "nothing"),
	"several-number-too-high": (several, ["--select", "3"], 2, "other:1"),
	"several-oci-unchosen": (several_oci, [], 2, "docker.io/library/t1:latest"),
	"platforms-unchosen": (platforms, [], 2, "linux/arm64, linux/s390x"),
	"platform-not-there": (platforms, ["--platform", "linux/riscv64"], 2, "linux/s390x"),
	"platform-mistyped": (platforms, ["--platform", "linux"], 2, "os/arch"),
	"platform-of-one": (classic, ["--platform", "linux/arm64"], 2, "linux/amd64"),
	"layer-missing": (missing_layer, [], 3, "no such member"),
	"layer-link-dangling": (lambda: linked("../nowhere/layer.tar"), [], 3, "nowhere/layer.tar"),
	"layer-link-absolute": (lambda: linked("/etc/passwd"), [], 3, "/etc/passwd"),
	"layer-link-climbing": (lambda: linked("../../../etc/passwd"), [], 3, "../../../etc/passwd"),
	"layer-link-to-itself": (lambda: linked("layer.tar"), [], 3, "chain of"),
	"layer-is-a-directory": (lambda: b.docker_archive(
		*layers(), drop=[f"{0:064x}/layer.tar"], before=b.directory(f"{0:064x}/layer.tar")), [], 3, "not a regular file"),
	"duplicate-member-differs": (lambda: duplicate(False), [], 3, "differ"),
	"manifest-not-an-array": (lambda: edited_docker(raw_manifest=b"{}"), [], 3, "manifest.json"),
	"manifest-empty": (lambda: edited_docker(raw_manifest=b"[]"), [], 3, "manifest.json"),
	"manifest-string": (lambda: edited_docker(raw_manifest=b'"x"'), [], 3, "manifest.json"),
	"manifest-deep": (lambda: edited_docker(raw_manifest=b"[" * 5000 + b"]" * 5000), [], 3, "json_depth"),
	"manifest-large": (lambda: edited_docker(raw_manifest=b" " * (5 << 20)), [], 3, "json_bytes"),
	"manifest-twice-a-key": (lambda: edited_docker(raw_manifest=b'[{"Config":"a","Config":"b","Layers":[]}]'), [], 3, "manifest.json"),
	"manifest-trailing": (lambda: edited_docker(raw_manifest=b"[] x"), [], 3, "manifest.json"),
	"config-null": (lambda: edited_docker(edit_manifest=put([0, "Config"], None)), [], 3, "Config"),
	"config-climbs": (lambda: edited_docker(edit_manifest=put([0, "Config"], "../x.json")), [], 3, "../x.json"),
	"layers-null": (lambda: edited_docker(edit_manifest=put([0, "Layers"], None)), [], 3, "diff IDs"),
	"layers-empty-name": (lambda: edited_docker(edit_manifest=put([0, "Layers"], ["", "", "", ""])), [], 3, "Layers[0]"),
	"tags-a-string": (lambda: edited_docker(edit_manifest=put([0, "RepoTags"], "t1")), [], 3, "RepoTags"),
	"rootfs-type": (lambda: edited_docker(edit_config=put(["rootfs", "type"], "foo")), [], 3, "rootfs.type"),
	"rootfs-empty": (lambda: edited_docker(edit_config=put(["rootfs"], {})), [], 3, "rootfs"),
	"diff-id-upper": (lambda: edited_docker(edit_config=put(["rootfs", "diff_ids", 0], "sha256:" + "A" * 64)), [], 3, "diff_ids[0]"),
	"diff-id-one-too-few": (lambda: edited_docker(edit_config=lambda c: c["rootfs"]["diff_ids"].pop() and None), [], 3, "3 diff IDs"),
	"diff-id-wrong": (lambda: edited_docker(edit_config=put(["rootfs", "diff_ids", 0], "sha256:" + "0" * 64)),
			  ["--verify-digests"], 3, "expected sha256:0000"),
	"not-an-image-config": (lambda: edited_oci(put(["config", "mediaType"], "application/vnd.example+json")), [], 3,
				"not a container image"),
	"layer-type-unknown": (lambda: edited_oci(put(["layers", 0, "mediaType"], "application/x-thing")), [], 3, "application/x-thing"),
	"schema-1": (lambda: edited_oci(put(["schemaVersion"], 1)), [], 3, "schema 1"),
	"manifest-and-index": (lambda: edited_oci(put(["manifests"], [])), [], 3, "at the same time"),
	"manifest-type-lies": (lambda: edited_oci(put(["mediaType"], b.INDEX)), [], 3, "mediaType"),
	"size-plus-one": (lambda: edited_oci(lambda m: m["layers"][0].update(size=m["layers"][0]["size"] + 1)), [], 3, "descriptor"),
	"size-real": (lambda: edited_oci(put(["layers", 0, "size"], 1.5)), [], 3, "size"),
	"digest-slash": (lambda: edited_oci(put(["layers", 0, "digest"], "sha256:../../etc")), [], 3, "layers[0]"),
	"index-names-config": (lambda: b.pack({**b.oci_parts(layers()), **index_json(
		b.descriptor(b.MANIFEST, b.dump(b.image_config(b.as_layers(layers(), b.gzip)))))}), [], 3, "not an image manifest"),
	"index-too-deep": (lambda: nested(9), [], 3, "index_depth"),
	"no-layout": (lambda: edited_oci(drop=["oci-layout"]), [], 3, "oci-layout"),
	"compressed-twice": (lambda: b.gzip(b.gzip(classic())), [], 3, "gzip"),
	"xz": (lambda: b"\xfd7zXZ\0" + bytes(600), [], 3, "xz"),
	"empty": (lambda: b"", [], 3, "empty"),
	"empty-tar": (lambda: b.END, [], 3, "empty tar"),
	"not-an-image": (lambda: b.tar(b.file("readme", b"hello")), [], 3, "neither manifest.json"),
	"not-a-tar": (lambda: b"\xff" * 512, [], 3, "not a tar"),
	"cut": (lambda: classic()[:5000], [], 3, ""),
}


def foreign():
	"""A Windows image's base layer is described, not shipped."""
	plain = layers()
	blobs, manifest, stored, _ = oci_blobs(b.gzip, "+gzip")
	document = json.loads(manifest)
	document["layers"][0]["mediaType"] = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"
	document["layers"][0]["urls"] = ["https://example.com/base"]
	del blobs[b.blob_name(manifest)]
	del blobs[b.blob_name(stored[0])]
	manifest = b.dump(document)
	return b.pack({**blobs, b.blob_name(manifest): manifest, **LAYOUT, **index_json(b.descriptor(b.MANIFEST, manifest))}), len(plain)
