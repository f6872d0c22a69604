# SPDX-License-Identifier: MIT
"""The container engines: docker as it runs here, and podman, buildah and skopeo with a store of their own. Everything
made through this module carries one random prefix and is removed again."""

import json
import os
import secrets
import shutil
import signal
import subprocess
import tempfile

import view

TIMEOUT = 120


class EngineError(Exception):
	"""An engine's command failed."""


class Unusable(Exception):
	"""What a test needs is not here; the text says why."""


def run(*words, check=True, timeout=TIMEOUT, **options):
	done = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=timeout,
			      **options)
	if check and done.returncode:
		raise EngineError("%s: exit %d: %s" % (" ".join(words[:6]), done.returncode,
						       done.stderr.decode("utf-8", "replace").strip()[-500:]))
	return done


def succeeds(*words, **options):
	try:
		return run(*words, check=False, **options).returncode == 0
	except (OSError, subprocess.TimeoutExpired):
		return False


class Workplace:
	"""A prefix for names, a folder, and what has to be removed at the end."""

	def __init__(self):
		self.prefix = "layeropt-engine-" + secrets.token_hex(4)
		self.folder = tempfile.mkdtemp(prefix=self.prefix)
		self.docker = None
		self.store = os.path.join(self.folder, "store")

	def __enter__(self):
		return self

	def path(self, *parts):
		return os.path.join(self.folder, *parts)

	def name(self, what):
		return "%s:%s" % (self.prefix, what)

	def __exit__(self, *_):
		for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):	# not while tidying up
			signal.signal(number, signal.SIG_IGN)
		try:
			if self.docker:
				self.docker.remove_all()
		finally:
			self.remove_folder()

	def remove_folder(self):
		mounts = [line.split()[1] for line in open("/proc/mounts", encoding="utf-8") if self.folder in line.split()[1]]
		for mount in sorted(mounts, reverse=True):
			run("umount", mount, check=False)
		shutil.rmtree(self.folder, ignore_errors=True)


class Docker:
	"""The docker client and what was made with it."""

	def __init__(self, work):
		self.work = work
		self.client = os.environ.get("DOCKER") or "docker"
		if not shutil.which(self.client):
			raise Unusable("there is no %s" % self.client)
		if not succeeds(self.client, "version", timeout=30):
			raise Unusable("%s does not answer: is its daemon running?" % self.client)
		self.driver = json.loads(run(self.client, "info", "--format", "{{json .Driver}}").stdout)
		self.cached = set()	# what BuildKit kept of our builds
		work.docker = self

	def __call__(self, *words, **options):
		return run(self.client, *words, **options)

	def why_no_view(self):
		"""Why a container's file system cannot be mounted here, or None."""
		if self.driver != "overlay2":
			return "docker's storage driver is %s, not overlay2" % self.driver
		if os.geteuid() != 0:
			return "mounting a container's file system takes root"
		return None

	def client_with_buildkit(self):
		"""A client that can build with BuildKit: one of today needs a plugin, the older ones do not."""
		for client in (self.client, "/usr/bin/docker"):
			if shutil.which(client) and (succeeds(client, "buildx", "version") or
						     (b" 20." in run(client, "--version").stdout)):
				return client
		raise Unusable("no docker client here builds with BuildKit")

	def build(self, what, dockerfile, context, buildkit, base=None):
		name = self.work.name(what)
		client = self.client_with_buildkit() if buildkit else self.client
		before = self.build_cache() if buildkit else set()
		try:
			run(client, "build", "--no-cache", "--force-rm", "--network", "none", "-q",
			    "--label", "layeropt.engine=" + self.work.prefix, "--build-arg", "BASE=" + (base or self.work.name("base")),
			    "-t", name, "-f", dockerfile, context,
			    env=dict(os.environ, DOCKER_BUILDKIT="1" if buildkit else "0", BUILDKIT_PROGRESS="plain"))
		finally:
			if buildkit:
				self.cached |= self.build_cache() - before
		return name

	def build_cache(self):
		"""The names of BuildKit's records."""
		rows = json.loads(self("system", "df", "-v", "--format", "{{json .BuildCache}}").stdout) or []
		return {row["ID"] for row in rows}

	def save(self, name, path):
		self("save", "-o", path, name)
		return path

	def load(self, path):
		"""None, or why docker refuses the archive."""
		done = self("load", "-q", "-i", path, check=False)
		return done.stderr.decode("utf-8", "replace").strip() if done.returncode else None

	def remove(self, name):
		self("rmi", "-f", name, check=False)

	def view(self, name):
		"""The image as a container sees it: its layers mounted as docker mounts them, without docker's own files."""
		data = json.loads(self("image", "inspect", "--format", "{{json .GraphDriver.Data}}", name).stdout)
		if "UpperDir" not in data:	# no layers, nothing to see
			return {}
		layers = [data["UpperDir"]] + [layer for layer in data.get("LowerDir", "").split(":") if layer]
		links = [read_text(os.path.join(os.path.dirname(layer), "link")) for layer in layers]
		home = os.path.dirname(os.path.dirname(layers[0]))
		place = tempfile.mkdtemp(dir=self.work.folder)
		empty, target = os.path.join(place, "empty"), os.path.join(place, "target")
		os.mkdir(empty)
		os.mkdir(target)
		lower = ":".join([os.path.join("l", link) for link in links] + [empty])
		run("mount", "-t", "overlay", "overlay", "-o", "ro,lowerdir=" + lower, target, cwd=home)
		try:
			return view.walk(target)
		finally:
			run("umount", target)

	def running_view(self, name, *command):
		"""The root of a container that runs `command`, seen from outside."""
		container = "%s-%s" % (self.work.prefix, secrets.token_hex(3))
		self("run", "-d", "--network", "none", "--name", container, name, *command)
		try:
			pid = self("inspect", "--format", "{{.State.Pid}}", container).stdout.decode().strip()
			return view.walk("/proc/%s/root" % pid, mounts=True)
		finally:
			self("rm", "-f", container)

	def remove_all(self):
		words = self("ps", "-aq", "--filter", "name=" + self.work.prefix, check=False).stdout.split()
		if words:
			self("rm", "-f", *[word.decode() for word in words], check=False)
		lines = self("image", "ls", "--format", "{{.Repository}}:{{.Tag}}", check=False).stdout.decode().splitlines()
		names = [line for line in lines if line.startswith(self.work.prefix)]
		if names:
			self("rmi", "-f", *names, check=False)
		# What the classic builder leaves of a build that failed has no name, only the label.
		words = self("image", "ls", "-q", "--filter", "dangling=true", "--filter",
			     "label=layeropt.engine=" + self.work.prefix, check=False).stdout.decode().split()
		if words:
			self("rmi", "-f", *words, check=False)
		if self.cached:
			self("builder", "prune", "-a", "-f", "--filter", "id=" + "|".join(sorted(self.cached)), check=False)


def read_text(path):
	with open(path, encoding="ascii") as file:
		return file.read().strip()


class Containers:
	"""podman, buildah and skopeo, with a store below the workplace."""

	def __init__(self, work):
		self.work = work
		os.makedirs(work.store, exist_ok=True)
		conf = work.path("storage.conf")
		with open(conf, "w", encoding="utf-8") as file:
			file.write('[storage]\ndriver = "vfs"\ngraphroot = "%s/graph"\nrunroot = "%s/run"\n' % (work.store, work.store))
		self.policy = work.path("policy.json")
		with open(self.policy, "w", encoding="utf-8") as file:
			file.write('{"default": [{"type": "insecureAcceptAnything"}]}\n')
		self.environment = dict(os.environ, CONTAINERS_STORAGE_CONF=conf, CONTAINERS_CONF=self.settings())

	def settings(self):
		"""podman asks for more open files than a machine may grant, and crun knows no hybrid control groups; runc does."""
		path = self.work.path("containers.conf")
		with open(path, "w", encoding="utf-8") as file:
			file.write('[containers]\ndefault_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]\n')
			if shutil.which("runc"):
				file.write('[engine]\nruntime = "runc"\ncgroup_manager = "cgroupfs"\n')
		return path

	def __call__(self, tool, *words, **options):
		if not shutil.which(tool):
			raise Unusable("there is no %s" % tool)
		return run(tool, *words, env=self.environment, **options)

	def skopeo(self, source, target, *options, timeout=TIMEOUT):
		self("skopeo", "--policy", self.policy, "copy", "-q", *options, source, target, timeout=timeout)
