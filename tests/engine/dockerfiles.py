# SPDX-License-Identifier: MIT
"""The Dockerfiles of fixtures/dockerfiles, and `layeropt optimize` held to what their `expect` says."""

import concurrent.futures
import hashlib
import io
import json
import os
import re
import shlex
import shutil
import subprocess
import tarfile
import tempfile
import time

import engine
import program

HERE = os.path.dirname(os.path.abspath(__file__))
FOLDER = os.path.join(HERE, "..", "..", "fixtures", "dockerfiles")
BASE, DEBIAN = "layeropt-corpus:base", "debian:bookworm-slim"
# Debian as its packages make it: the published image tells apt to keep nothing, and some cases are about what it keeps.
PLAIN = "layeropt-corpus:debian"
# What docker puts into containers by itself.
NOISE = {".dockerenv", "etc/hosts", "etc/hostname", "etc/resolv.conf", "etc/mtab"}
NOISE_BELOW = ("dev", "proc", "sys")
CONFIG = ("Env", "Cmd", "Entrypoint", "WorkingDir", "User", "ExposedPorts", "Volumes", "Labels", "StopSignal",
	  "Healthcheck", "OnBuild", "Shell")
REPORTS = ("text", "json", "markdown", "sarif", "diff")
BUILD_SECONDS = 1200
# The classic builder makes an image of every step, and leaves those of stages that are not the last.
ARROW = re.compile(r"^ ---> ([0-9a-f]{12})$", re.MULTILINE)
ERROR_MOST = 0.05	# by how much a prediction may miss, where `expect` says nothing


class Expect:
	"""The lines of a file `expect`, as far as they are about one builder."""

	WORDS = {"exit", "options", "proved", "not-proved", "dropped", "needs-test", "needs-level", "saved", "error", "unchanged",
		 "secret", "has", "lacks", "builders", "needs"}

	def __init__(self, path):
		self.lines = []
		with open(path, encoding="utf-8") as file:
			for number, line in enumerate(file, 1):
				line = line.split("#")[0].strip() if not line.startswith(("has", "lacks")) else line.rstrip("\n")
				if not line:
					continue
				key, _, value = line.partition(" ")
				key, _, builder = key.partition("@")
				if key not in self.WORDS:
					raise ValueError("%s:%d: no such word: %s" % (path, number, key))
				self.lines.append((key, builder, value.strip()))
		self.builder = ""

	def of(self, builder):
		other = Expect.__new__(Expect)
		other.builder, other.lines = builder, [line for line in self.lines if line[1] in ("", builder)]
		return other

	def values(self, key):
		return [value for name, _, value in self.lines if name == key]

	def words(self, key):
		return [word for value in self.values(key) for word in shlex.split(value)]

	def one(self, key, default):
		"""The last one that is told; what is said of the builder goes before what is said of all."""
		rows = [line for line in self.lines if line[0] == key]
		rows.sort(key=lambda line: line[1] != "")
		return rows[-1][2] if rows else default


class Result:
	"""How one folder went with one builder."""

	def __init__(self, name):
		self.name, self.wrong, self.skipped = name, [], None
		self.saved = self.savable = self.predicted = 0
		self.proved, self.seconds, self.verdict = False, 0.0, ""
		self.optional = False	# that it is skipped is no failure anywhere
		self.safe = True	# only safe edits were asked for

	def error(self):
		"""By how much the prediction missed, as a share; None where nothing was saved."""
		return abs(self.predicted - self.saved) / self.saved if self.saved else None


# -- what containers see


def is_noise(path):
	return path in NOISE or path.split("/")[0] in NOISE_BELOW


def plain(name):
	name = name.strip("/")
	return name[2:] if name.startswith("./") else name


def exported(docker, image):
	"""{path: (type, mode, uid, gid, content or target, names of the same inode)} of `docker export`."""
	container = docker("create", image, "/none").stdout.decode().strip()
	nodes, inodes = {}, {}
	try:
		feed = subprocess.Popen([docker.client, "export", container], stdout=subprocess.PIPE)
		with tarfile.open(fileobj=feed.stdout, mode="r|", encoding="utf-8", errors="surrogateescape") as tar:
			for member in tar:
				path = plain(member.name)
				if not path or is_noise(path):
					continue
				if member.islnk():
					nodes[path] = nodes[plain(member.linkname)]
					inodes.setdefault(plain(member.linkname), {plain(member.linkname)}).add(path)
					continue
				what = member.linkname
				if member.isfile():
					what = hashlib.sha256(tar.extractfile(member).read()).hexdigest()
				elif member.ischr() or member.isblk():
					what = "%d:%d" % (member.devmajor, member.devminor)
				nodes[path] = (member.type, member.mode, member.uid, member.gid, what)
		if feed.wait():
			raise engine.EngineError("docker export: exit %d" % feed.returncode)
	finally:
		docker("rm", "-f", container, check=False)
	peers = {path: tuple(sorted(group)) for group in inodes.values() for path in group}
	return {path: node + (peers.get(path, ()),) for path, node in nodes.items()}


def path_differences(before, after, explained):
	"""Lines on paths that differ and are not explained."""
	aspects = ("type", "mode", "uid", "gid", "content", "links")
	for path in sorted(before.keys() | after.keys()):
		a, b = before.get(path), after.get(path)
		if a == b or path in explained:
			continue
		if a is None or b is None:
			yield "/%s only in the %s" % (path, "original" if b is None else "written one")
			continue
		# who shares an inode with a path that is explained is not what it was
		differs = [name for name, x, y in zip(aspects, a, b) if x != y]
		if differs == ["links"] and (set(a[5]) ^ set(b[5])) - {path} <= explained:
			continue
		yield "/%s: %s %s -> %s" % (path, ",".join(differs), [x for x, y in zip(a, b) if x != y], [y for x, y in zip(a, b) if x != y])


def config_differences(docker, before, after):
	rows = [json.loads(docker("image", "inspect", "--format", "{{json .Config}}", name).stdout) for name in (before, after)]
	for key in CONFIG:
		a, b = (row.get(key) for row in rows)
		if key == "Env":
			a, b = sorted(a or ()), sorted(b or ())
		if (a or None) != (b or None):
			yield "configuration: %s %s -> %s" % (key, a, b)


# -- the corpus


def base_tar():
	"""A root with busybox and no more."""
	applets = engine.run("/bin/busybox", "--list").stdout.decode().split()
	out = io.BytesIO()
	with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as tar:
		def add(name, kind, mode, data=b"", link=""):
			info = tarfile.TarInfo(name)
			info.type, info.mode, info.size, info.linkname, info.mtime = kind, mode, len(data), link, 1600000000
			tar.addfile(info, io.BytesIO(data))
		for name, mode in (("bin", 0o755), ("etc", 0o755), ("home", 0o755), ("opt", 0o755), ("root", 0o700), ("srv", 0o755),
				   ("tmp", 0o1777), ("var", 0o755), ("var/log", 0o755), ("var/tmp", 0o1777), ("dev", 0o755), ("proc", 0o555),
				   ("sys", 0o555)):
			add(name, tarfile.DIRTYPE, mode)
		with open("/bin/busybox", "rb") as file:
			add("bin/busybox", tarfile.REGTYPE, 0o755, file.read())
		for name in applets:
			if name != "busybox":
				add("bin/" + name, tarfile.SYMTYPE, 0o777, link="busybox")
		add("etc/passwd", tarfile.REGTYPE, 0o644, b"root:x:0:0:root:/root:/bin/sh\n")
		add("etc/group", tarfile.REGTYPE, 0o644, b"root:x:0:\n")
	return out.getvalue()


class Corpus:
	"""Runs folders and keeps what they need."""

	def __init__(self, work, binary, keep=None):
		self.work, self.keep, self.docker = work, keep, engine.Docker(work)
		self.binary, self.label = os.path.abspath(binary), "layeropt.corpus=" + work.prefix
		self.program = program.Program(self.binary)
		self.bases, self.own, self.cache = {}, set(), self.docker.build_cache()
		if not os.path.exists("/bin/busybox"):
			raise engine.Unusable("there is no /bin/busybox (Debian: busybox-static)")
		self.client = self.docker.client_with_buildkit()
		self.version = engine.run(self.client, "version", "--format", "{{.Server.Version}}").stdout.decode().strip()

	def make_base(self):
		"""The images that Dockerfiles start from, with our label, which all that is made of them inherits."""
		name = self.work.name("base")
		label = "LABEL %s layeropt.engine=%s" % (self.label, self.work.prefix)
		subprocess.run([self.docker.client, "import", "-c", label, "-c", "ENV PATH=/bin", "-c", 'CMD ["/bin/sh"]', "-", name],
			       input=base_tar(), stdout=subprocess.DEVNULL, check=True)
		self.bases[BASE] = name

	def make_debian(self):
		there = [image for image in (PLAIN, DEBIAN) if self.docker("image", "inspect", image, check=False).returncode == 0]
		if not there:
			raise engine.Unusable("there is no image %s: scripts/make-base-image.sh --plain %s makes it" % (PLAIN, PLAIN))
		name, folder = self.work.name("debian"), self.work.path("debian")
		os.mkdir(folder)
		with open(os.path.join(folder, "Dockerfile"), "w", encoding="ascii") as file:
			file.write("FROM %s\nLABEL %s layeropt.engine=%s\n" % (there[0], self.label, self.work.prefix))
		self.build(name, os.path.join(folder, "Dockerfile"), folder, "docker")
		self.bases[DEBIAN] = name

	def build(self, name, dockerfile, context, builder, words=()):
		done = engine.run(self.client, "build", "--no-cache", "--force-rm", "-t", name, "-f", dockerfile, *words, context,
				  timeout=BUILD_SECONDS, env=self.environment(builder))
		self.own |= set(ARROW.findall(done.stdout.decode("utf-8", "replace")))

	def environment(self, builder, **more):
		path = os.path.dirname(shutil.which(self.client)) + ":" + os.environ["PATH"]
		return dict(os.environ, PATH=path, DOCKER_BUILDKIT="1" if builder == "buildkit" else "0", BUILDKIT_PROGRESS="plain", **more)

	# -- one folder

	def why_not(self, expect):
		"""Why it is left out, or None."""
		for need in expect.words("needs"):
			if need == "network":
				if DEBIAN not in self.bases:
					return "there is no image %s: scripts/make-base-image.sh --plain %s makes it" % (PLAIN, PLAIN)
			elif need == "heredoc":
				if int(self.version.split(".")[0]) < 23:
					return "docker %s knows no here-documents" % self.version
			else:
				raise ValueError("expect: needs %s?" % need)
		return None

	def prepare(self, name, place):
		"""A copy of the folder, with our base images in its Dockerfile; the Dockerfile's path."""
		context = os.path.join(place, "context")
		shutil.copytree(os.path.join(FOLDER, name), context, symlinks=True)
		os.unlink(os.path.join(context, "expect"))
		recipe = os.path.join(context, "context.sh")
		if os.path.exists(recipe):
			subprocess.run(["sh", "-eu", "./context.sh"], cwd=context, check=True, stdin=subprocess.DEVNULL)
			os.unlink(recipe)
		path = os.path.join(context, "Dockerfile")
		with open(path, "rb") as file:
			text = file.read()
		for plain_name, ours in self.bases.items():
			text = text.replace(plain_name.encode(), ours.encode())
		with open(path, "wb") as file:
			file.write(text)
		return path, text

	def optimize(self, place, dockerfile, builder, options):
		"""(exit, standard output and error, {format: report}, written Dockerfile or None)"""
		temporary = os.path.join(place, "tmp")
		os.mkdir(temporary)
		written = os.path.join(place, "Dockerfile.written")
		words = [self.binary, "optimize", "-q", "--dockerfile", dockerfile, "--builder", builder, "--starts", "0", "--top", "0",
			 "--write", written]
		for name in REPORTS:
			words += ["-o", "%s=%s" % (name, os.path.join(place, "report." + name))]
		done = engine.run(*words, *options, check=False, timeout=BUILD_SECONDS, env=self.environment(builder, TMPDIR=temporary))
		reports = {name: read(os.path.join(place, "report." + name)) for name in REPORTS}
		return done.returncode, done.stdout + done.stderr, reports, read(written), os.listdir(temporary)

	def run(self, name, builder):
		result, start = Result("%s/%s" % (name, builder)), time.monotonic()
		place = tempfile.mkdtemp(dir=self.work.folder)
		try:
			expect = Expect(os.path.join(FOLDER, name, "expect")).of(builder)
			result.skipped = self.why_not(expect)
			result.optional, result.safe = "heredoc" in expect.words("needs"), "--level" not in expect.words("options")
			if not result.skipped:
				self.check(result, name, builder, expect, place)
		except (engine.EngineError, program.Refused, program.Wrong, subprocess.SubprocessError, OSError, KeyError, ValueError) as error:
			result.wrong.append("%s: %s" % (type(error).__name__, error))
		finally:
			if self.keep:
				keep_results(place, os.path.join(self.keep, result.name))
			shutil.rmtree(place, ignore_errors=True)
		result.seconds = time.monotonic() - start
		return result

	def check(self, result, name, builder, expect, place):
		dockerfile, text = self.prepare(name, place)
		code, said, reports, written, left = self.optimize(place, dockerfile, builder, expect.words("options"))
		if left:
			result.wrong.append("left in TMPDIR: " + " ".join(left))
		if code != int(expect.one("exit", "0")):
			result.wrong.append("exit %d: %s" % (code, said.decode("utf-8", "replace").strip()[-400:]))
		for secret in expect.values("secret"):
			for where, data in dict(reports, said=said, written=written).items():
				if data and secret.encode() in data:
					result.wrong.append("%s tells %s" % (where, secret))
		if code not in (0, 1):
			if written is not None or reports["json"]:
				result.wrong.append("something was written")
			return
		report = json.loads(reports["json"])
		result.verdict = report["verdict"]
		self.check_edits(result, report, expect)
		self.check_text(result, text, written, expect)
		self.compare(result, report, builder, expect, place, dockerfile)

	@staticmethod
	def check_edits(result, report, expect):
		states = {}
		for edit in report["edits"]:
			states.setdefault(edit["rule"], {}).setdefault(edit["state"], []).append(edit["why"])
		for key, state in (("proved", "proved"), ("dropped", "dropped"), ("needs-test", "needs --test"), ("needs-level", "needs --level")):
			for rule in expect.words(key):
				if state not in states.get(rule, {}):
					result.wrong.append("%s is not %s but %s" % (rule, state, states.get(rule) or "not there"))
		for rule in expect.words("not-proved"):
			if "proved" in states.get(rule, {}):
				result.wrong.append("%s is proved" % rule)
		result.proved = any("proved" in each for each in states.values())

	@staticmethod
	def check_text(result, text, written, expect):
		if written is None:
			result.wrong.append("no Dockerfile was written")
			return
		if not result.proved and written != text:
			result.wrong.append("nothing is proved, and the Dockerfile is another")
		if expect.values("unchanged") and written != text:
			result.wrong.append("the Dockerfile is another")
		for wanted in expect.values("has"):
			if wanted.encode() not in written:
				result.wrong.append("not in the Dockerfile: " + wanted)
		for unwanted in expect.values("lacks"):
			if unwanted.encode() in written:
				result.wrong.append("in the Dockerfile: " + unwanted)

	def compare(self, result, report, builder, expect, place, dockerfile):
		"""Build both, and hold them to each other and to what was told."""
		context = os.path.dirname(dockerfile)
		arguments = build_words(expect.words("options"))
		tag = os.path.basename(place).lower()
		before, after = self.work.name(tag + "-before"), self.work.name(tag + "-after")
		try:
			self.build(before, dockerfile, context, builder, arguments)
			result.savable = self.savable(before, place)
			if not result.proved:
				return
			self.build(after, os.path.join(place, "Dockerfile.written"), context, builder, arguments)
			result.saved, result.predicted = self.size(before, place) - self.size(after, place), report["predicted_bytes"]
			explained = {row["path"] for row in report["differences"]["list"] if row["reason"] != "unexplained"}
			wrong = list(path_differences(exported(self.docker, before), exported(self.docker, after), explained))
			wrong += config_differences(self.docker, before, after)
			if wrong:
				result.wrong.append("WRONGLY PROVED: " + "; ".join(wrong[:5]))
			self.check_figures(result, expect)
		finally:
			for image in (before, after):
				self.docker.remove(image)

	def savable(self, image, place):
		"""Bytes that layers of the Dockerfile hold for nothing: hidden, or known to be superfluous."""
		analysis = self.analysis(image, place)
		own = {layer["index"] for layer in analysis["layers"]} - set(range(self.base_layers(image)))
		wasted = sum(layer["wasted_bytes"] for layer in analysis["layers"] if layer["index"] in own)
		known = sum(row["bytes"] for row in analysis["known"] if row["layer"] in own and row["level"] == "safe")
		return wasted + known

	def analysis(self, image, place):
		path = os.path.join(place, "image.tar")
		try:
			self.docker.save(image, path)
			return self.program.analysis(path)
		finally:
			os.unlink(path)

	def size(self, image, place):
		return self.analysis(image, place)["totals"]["content_bytes"]

	def base_layers(self, image):
		return max(self.common_layers(image, base) for base in self.bases.values())

	def common_layers(self, image, base):
		a, b = (json.loads(self.docker("image", "inspect", "--format", "{{json .RootFS.Layers}}", name).stdout)
			for name in (image, base))
		return len(b) if a[:len(b)] == b else 0

	@staticmethod
	def check_figures(result, expect):
		share = result.saved / result.savable if result.savable else 0
		if share < float(expect.one("saved", "0")):
			result.wrong.append("saved %d of %d bytes, a share of %.2f" % (result.saved, result.savable, share))
		if result.saved <= 0:
			result.wrong.append("proved, and larger by %d bytes" % -result.saved)
		elif result.error() > float(expect.one("error", str(ERROR_MOST))):
			result.wrong.append("predicted %d bytes, saved %d" % (result.predicted, result.saved))

	# -- afterwards

	def left_behind(self):
		"""Images and containers that descend from our base images and are not those, and names of layeropt's."""
		ours = {self.docker("image", "inspect", "--format", "{{.Id}}", name).stdout.strip() for name in self.bases.values()}
		label = "label=" + self.label
		images = set(self.docker("image", "ls", "-a", "-q", "--no-trunc", "--filter", label).stdout.split()) - ours
		images = {image for image in images if image[len("sha256:"):][:12].decode() not in self.own}
		containers = self.docker("ps", "-a", "-q", "--filter", label).stdout.split()
		return ["image " + each.decode() for each in sorted(images)] + ["container " + each.decode() for each in containers]

	def forget_cache(self):
		self.docker.cached |= self.docker.build_cache() - self.cache


def build_words(options):
	"""Of layeropt's options those that are docker's, too."""
	words = []
	for name, value in zip(options, options[1:]):
		if name == "--build-arg":
			words += [name, value]
		elif name == "--stage":
			words += ["--target", value]
	return words


def read(path):
	try:
		with open(path, "rb") as file:
			return file.read()
	except FileNotFoundError:
		return None


def keep_results(place, folder):
	os.makedirs(folder, exist_ok=True)
	for name in os.listdir(place):
		if name.startswith(("report.", "Dockerfile")):
			shutil.copy(os.path.join(place, name), folder)


def cases(chosen=(), builder=None, offline=False):
	"""(folder, builder) of all; of those that are named, as folder or FOLDER/BUILDER; of those that need no network."""
	for name in sorted(os.listdir(FOLDER)):
		path = os.path.join(FOLDER, name, "expect")
		if not os.path.exists(path):
			continue
		expect = Expect(path)
		if offline and "network" in expect.words("needs"):
			continue
		for each in expect.words("builders") or ["docker"]:
			named = not chosen or any(word == name or "%s/%s" % (name, each) == word for word in chosen)
			if named and builder in (None, each):
				yield name, each


def run_all(corpus, chosen, jobs, tell):
	"""`tell` is called with each result as it comes. What was left behind."""
	corpus.make_base()
	if any("network" in Expect(os.path.join(FOLDER, name, "expect")).words("needs") for name, _ in chosen):
		try:
			corpus.make_debian()
		except engine.Unusable:
			pass	# told for each folder
	with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
		for done in concurrent.futures.as_completed([pool.submit(corpus.run, *case) for case in chosen]):
			tell(done.result())
	left = corpus.left_behind()
	corpus.forget_cache()
	return left
