# SPDX-License-Identifier: MIT
"""`verify` and `optimize` of a small busybox image by every builder, and what is left of them: nothing."""

import json
import os
import shutil
import signal
import subprocess
import tempfile
import time

import dockerfiles
import engine

BUILDERS = ("docker", "buildkit", "podman", "buildah")
FIVE = """\
FROM %s
RUN mkdir -p /opt/app && head -c 2000000 /dev/zero > /opt/app/data
COPY app /opt/app/src
RUN chmod -R a+rX /opt/app
RUN cp /opt/app/src/program /srv/program && head -c 300000 /dev/zero > /tmp/scratch
RUN rm -rf /opt/app/src /tmp/scratch
"""
OTHER = """\
FROM %s
COPY app /opt/app/src
RUN mkdir -p /opt/app && head -c 2000000 /dev/zero > /opt/app/data && \\
    cp /opt/app/src/program /srv/program && rm -rf /opt/app/src
"""
WORSE = OTHER + "RUN chmod 600 /srv/program\n"
GOAL = 15.0	# seconds that optimize may take here


class Proofs:
	"""The tests. Each returns what is wrong, or None."""

	def __init__(self, work, binary):
		self.work, self.binary = work, os.path.abspath(binary)
		self.docker, self.others = engine.Docker(work), engine.Containers(work)
		self.label = "layeropt.engine=" + work.prefix
		self.cache, self.bases, self.timed = self.docker.build_cache(), {}, []

	# -- one store or another

	def in_docker(self, builder):
		return builder in ("docker", "buildkit")

	def environment(self, builder, **more):
		if not self.in_docker(builder):
			if not shutil.which(builder):
				raise engine.Unusable("there is no %s" % builder)
			return dict(self.others.environment, **more)
		client = self.docker.client_with_buildkit() if builder == "buildkit" else self.docker.client
		path = os.path.dirname(shutil.which(client)) + ":" + os.environ["PATH"]
		return dict(os.environ, PATH=path, **more)

	def tool(self, builder, *words, **options):
		if self.in_docker(builder):
			return self.docker(*words, **options)
		return self.others("podman" if shutil.which("podman") else "buildah", *words, **options)

	def base(self, builder):
		kind = "docker" if self.in_docker(builder) else "podman"
		if kind not in self.bases:
			path = self.work.path("proof-base.tar")
			with open(path, "wb") as file:
				file.write(dockerfiles.base_tar())
			name = self.work.name("proof")
			changes = ["-c", "LABEL " + self.label, "-c", "ENV PATH=/bin", "-c", 'CMD ["/bin/sh"]']
			if kind == "podman" and not shutil.which("podman"):
				raise engine.Unusable("there is no podman to make a base image with")
			self.tool(builder, "import", *changes, path, name)
			self.bases[kind] = name if kind == "docker" else "localhost/" + name
		return self.bases[kind]

	def things(self, builder):
		"""All images and containers that have to do with us. podman's and buildah's store is ours; containers of buildah are seen by
		podman only when it is asked for."""
		if not self.in_docker(builder):
			external = ["--external"] if shutil.which("podman") else []
			containers = self.tool(builder, "ps", "-a", "-q", *external).stdout.decode().split()
			return sorted(set(self.tool(builder, "images", "-a", "-q").stdout.decode().split())), sorted(containers)
		label = "label=" + self.label
		images = self.tool(builder, "images", "-a", "-q", "--filter", label).stdout.decode().split()
		containers = self.tool(builder, "ps", "-a", "-q", "--filter", label).stdout.decode().split()
		return sorted(set(images)), sorted(containers)

	# -- one run

	def prepare(self, builder):
		place = tempfile.mkdtemp(dir=self.work.folder)
		os.makedirs(os.path.join(place, "context", "app"))
		os.mkdir(os.path.join(place, "tmp"))
		with open(os.path.join(place, "context", "app", "program"), "wb") as file:
			file.write(b"#!/bin/sh\necho hello\n" + b"#" * 400000)
		for name, text in (("Dockerfile", FIVE), ("other", OTHER), ("worse", WORSE)):
			with open(os.path.join(place, "context", name), "w", encoding="ascii") as file:
				file.write(text % self.base(builder))
		return place

	def start(self, builder, place, command, *words):
		return subprocess.Popen([self.binary, command, "--dockerfile", "context/Dockerfile", "--builder", builder, "--format", "json", *words],
					cwd=place, env=self.environment(builder, TMPDIR=os.path.join(place, "tmp")), stdin=subprocess.DEVNULL,
					stdout=subprocess.PIPE, stderr=subprocess.PIPE)

	def left(self, builder, place, before):
		wrong = ["left in TMPDIR: " + name for name in os.listdir(os.path.join(place, "tmp"))]
		for what, x, y in zip(("image", "container"), before, self.things(builder)):
			wrong += ["left: %s %s" % (what, each) for each in sorted(set(y) - set(x))]
			wrong += ["gone: %s %s" % (what, each) for each in sorted(set(x) - set(y))]
		self.docker.cached |= self.docker.build_cache() - self.cache
		return wrong

	def run(self, builder, command, code, *words):
		"""What is wrong, and the report."""
		place = self.prepare(builder)
		before = self.things(builder)
		start = time.monotonic()
		process = self.start(builder, place, command, *words)
		out, err = process.communicate(timeout=600)
		self.timed.append((builder, command, time.monotonic() - start))
		wrong = self.left(builder, place, before)
		if process.returncode != code:
			wrong.append("exit %d: %s" % (process.returncode, err.decode("utf-8", "replace").strip()[-600:]))
			return wrong, None
		return wrong, json.loads(out)

	# -- the tests

	def need_runs(self, builder):
		if builder == "podman" and self.tool(builder, "run", "--rm", self.base(builder), "true", check=False).returncode:
			raise engine.Unusable("podman runs no containers here")

	def verify(self, builder):
		self.need_runs(builder)
		wrong, report = self.run(builder, "verify", 0, "--optimized", "context/other", "--allow", "/tmp",
					 "--test", 'test "$(/bin/sh /srv/program)" = hello')
		if report and (report["verdict"] != "proved" or report["size_after"] >= report["size_before"]):
			wrong.append("%s, %d to %d bytes" % (report["verdict"], report["size_before"], report["size_after"]))
		return "; ".join(wrong) or None

	def refute(self, builder):
		wrong, report = self.run(builder, "verify", 1, "--optimized", "context/worse", "--starts", "0")
		rows = [row for row in report["differences"]["list"] if row["reason"] == "unexplained"] if report else []
		if report and not any(row["path"] == "srv/program" and row["aspects"] == ["mode"] for row in rows):
			wrong.append("not told: %s" % rows)
		return "; ".join(wrong) or None

	def optimize(self, builder):
		wrong, report = self.run(builder, "optimize", 0, "--starts", "1")
		if report:
			proved = [row for row in report["edits"] if row["state"] == "proved"]
			if report["verdict"] != "proved" or not proved:
				wrong.append("%s: %s" % (report["verdict"], report["edits"]))
			if report["predicted_bytes"] != report["size_before"] - report["size_after"]:
				wrong.append("predicted %d bytes, saved %d" % (report["predicted_bytes"], report["size_before"] - report["size_after"]))
		return "; ".join(wrong) or None

	def interrupt(self, builder):
		"""Ctrl-C while the original is built: 130, and nothing is left."""
		place = self.prepare(builder)
		with open(os.path.join(place, "context", "Dockerfile"), "r+", encoding="ascii") as file:
			rest = file.read()
			file.seek(0)
			file.write("FROM %s AS first\nRUN echo 1 >/one\n%sCOPY --from=first /one /one\nRUN sleep 60\n" % (self.base(builder), rest))
		if builder == "buildah": # somebody else's, in the middle of it
			self.others("buildah", "from", self.base(builder))
		before = self.things(builder)
		process = self.start(builder, place, "verify", "--optimized", "context/other")
		time.sleep(4 if self.in_docker(builder) else 8)
		process.send_signal(signal.SIGINT)
		start = time.monotonic()
		_, err = process.communicate(timeout=120)
		wrong = []
		if process.returncode != 130:
			wrong.append("exit %d: %s" % (process.returncode, err.decode("utf-8", "replace").strip()[-300:]))
		if time.monotonic() - start > 20:
			wrong.append("it took %.0f s to stop" % (time.monotonic() - start))
		wrong += self.left(builder, place, before)
		return "; ".join(wrong) or None


def run_all(tally, work, binary):
	try:
		proofs = Proofs(work, binary)
	except engine.Unusable as error:
		tally.skip("proof", str(error))
		return
	for builder in BUILDERS:
		tally.run("proof/verify/" + builder, proofs.verify, builder)
		tally.run("proof/refute/" + builder, proofs.refute, builder)
		tally.run("proof/optimize/" + builder, proofs.optimize, builder)
		tally.run("proof/interrupt/" + builder, proofs.interrupt, builder)
	for builder, command, seconds in proofs.timed:
		if command == "optimize":
			print("%s with %s: %.1f s (goal: %.0f s)" % (command, builder, seconds, GOAL), flush=True)
