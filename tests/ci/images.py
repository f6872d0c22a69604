# SPDX-License-Identifier: MIT
"""The image of a target branch, the one of a pull request that has 100 MB more, and their Dockerfiles."""
import os
import sys
import zlib

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
import build  # noqa: E402

MORE = 100_000_000
SMALL = 30_000_000
TARGET = """\
FROM scratch
COPY rootfs/ /
RUN setup --all
COPY app /srv/app
CMD ["/srv/app"]
"""
PULL = """\
FROM scratch
COPY rootfs/ /
RUN setup --all
# What the new feature needs.
RUN fetch-model \\
    --into /srv/model
COPY app /srv/app
CMD ["/srv/app"]
"""
LINE = 5  # of PULL: where 100 MB come from


def noise(size, seed):
	"""Bytes that do not repeat, the same on every run."""
	state, out = seed, bytearray()
	while len(out) < size:
		state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
		out += state.to_bytes(8, "little")
	return bytes(out[:size])


def squeeze(data):
	packer = zlib.compressobj(1, zlib.DEFLATED, 31)
	return packer.compress(data) + packer.flush()


LAYERS = {
	"rootfs": ("COPY rootfs/ / # buildkit",
		   lambda: build.tar(build.directory("etc"), build.file("etc/hosts", b"127.0.0.1 localhost\n"),
				     build.directory("srv"), build.directory("usr"), build.directory("usr/lib"), build.file("usr/lib/big", bytes(SMALL)))),
	"setup": ("RUN /bin/sh -c setup --all # buildkit",
		  lambda: build.tar(build.file("etc/setup.conf", noise(2000, 1)))),
	"model": ("RUN /bin/sh -c fetch-model     --into /srv/model # buildkit",
		  lambda: build.tar(build.directory("srv/model"), build.file("srv/model/weights.bin", bytes(MORE)))),
	"app": ("COPY app /srv/app # buildkit", lambda: build.tar(build.file("srv/app", noise(70_000, 2), mode=0o755))),
}


def image(names):
	def describe(config):
		config["history"] = [{"created": "2023-01-02T03:04:05Z", "created_by": LAYERS[name][0]} for name in names]
		config["history"].append({"created": "2023-01-02T03:04:05Z", "created_by": 'CMD ["/srv/app"]', "empty_layer": True})

	return build.oci_archive(*[LAYERS[name][1]() for name in names], compress=squeeze, edit_config=describe)


def write(folder):
	"""target.tar, pull.tar, Dockerfile.target, Dockerfile.pull"""
	for name, layers, dockerfile in (("target", ("rootfs", "setup", "app"), TARGET),
					 ("pull", ("rootfs", "setup", "model", "app"), PULL)):
		with open(os.path.join(folder, name + ".tar"), "wb") as file:
			file.write(image(layers))
		with open(os.path.join(folder, "Dockerfile." + name), "w", encoding="ascii") as file:
			file.write(dockerfile)
