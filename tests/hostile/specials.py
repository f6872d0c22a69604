# SPDX-License-Identifier: MIT
"""Hostile surroundings: cases that need more than an input file. Each function gets the runner and the judge, which
answers what is wrong with a result, and returns a list of problems."""
import os
import resource
import shutil
import subprocess
import tempfile
import threading
import time

from build import *  # noqa: F403

OK, BAD, SYSTEM, FAILS, REFUSED = {0}, {3}, {4}, {3, 4}, {2, 3, 4}
SMALL = tar(directory("etc"), file("etc/a", "hello\n"), file("b", b"x" * 70000))
BOTH = (("analyze",), ("ls",))


class Place:
	"""A directory with an image in it, and an empty one to run in."""

	def __enter__(self):
		self.top = tempfile.mkdtemp()
		os.chmod(self.top, 0o755)
		self.cwd = self.path("cwd")
		os.mkdir(self.cwd, 0o777)
		os.chmod(self.cwd, 0o777)
		self.image = self.path("image.tar")
		with open(self.image, "wb") as f:
			f.write(docker_archive(SMALL, tar(file("b", "y"))))
		return self

	def __exit__(self, *_):
		shutil.rmtree(self.top)

	def path(self, name):
		return os.path.join(self.top, name)

	def left(self):
		return [f"left {os.listdir(self.cwd)}"] if os.listdir(self.cwd) else []


def judged(judge, result, expect, says=""):
	problem = judge(result, expect)
	if not problem and says and says not in result.err.decode("utf-8", "replace"):
		problem = f"says nothing of {says!r}: {result.err[:300]!r}"
	return [f"{' '.join(map(str, result.args))[:80]}: {problem}"] if problem else []


def both(runner, judge, path, expect, says="", **how):
	with Place() as place:
		given = path(place) if callable(path) else path
		problems = []
		for command in BOTH:
			problems += judged(judge, runner.run((*command, given), place.cwd, **how), expect, says)
		return problems + place.left()


def unreadable(runner, judge):
	def path(place):
		os.chmod(place.image, 0)
		return place.image
	user = {"user": 65534} if os.getuid() == 0 else {}
	if user and subprocess.run([runner.binary, "--version"], user=65534, capture_output=True).returncode:
		return []	# the binary itself cannot be reached by another user
	return both(runner, judge, path, SYSTEM, "image.tar", **user)


def fifo(runner, judge):
	def path(place):
		os.mkfifo(place.path("fifo"))
		return place.path("fifo")
	return both(runner, judge, path, FAILS, seconds=2)


def devices(runner, judge):
	return both(runner, judge, "/dev/zero", FAILS, seconds=2) + both(runner, judge, "/dev/null", FAILS, seconds=2)


def pipes(runner, judge):
	"""Standard input: whole, cut, empty, closed, a directory."""
	problems = []
	with Place() as place:
		with open(place.image, "rb") as f:
			data = f.read()
		for command in BOTH:
			whole = runner.run((*command, place.image), place.cwd).out.replace(place.image.encode(), b"-")
			for size, expect in ((len(data), OK), (5000, BAD), (0, BAD), (1, BAD), (len(data) - 2048, BAD)):
				result = feed(runner, command, data[:size], place)
				problems += judged(judge, result, expect)
				if size == len(data) and command == ("ls",) and result.out != whole:
					problems.append("a pipe and a file differ")
			fd = os.open(place.top, os.O_RDONLY)
			problems += judged(judge, runner.run((*command, "-"), place.cwd, stdin=fd), FAILS)
			os.close(fd)
			problems += judged(judge, runner.run((*command, "-"), place.cwd, before=lambda: os.close(0)), FAILS)
		return problems + place.left()


def feed(runner, command, data, place):
	reading, writing = os.pipe()
	def write():
		try:
			with os.fdopen(writing, "wb") as f:
				f.write(data)
		except BrokenPipeError:
			pass
	thread = threading.Thread(target=write)
	thread.start()
	try:
		return runner.run((*command, "-"), place.cwd, stdin=reading)
	finally:
		os.close(reading)
		thread.join()


def shrinking(runner, judge):
	"""The file is cut while it is read: an error or success, never a signal."""
	problems = []
	for delay in (0, 0.002, 0.005, 0.01, 0.02, 0.05):
		with Place() as place:
			with open(place.image, "wb") as f:
				f.write(docker_archive(tar(file("big", os.urandom(1 << 20) * 16))))
			timer = threading.Timer(delay, lambda: os.truncate(place.image, 4096))
			timer.start()
			result = runner.run(("analyze", "--format", "json", "--verify-digests", place.image), place.cwd)
			timer.join()
			problems += judged(judge, result, {0, 3, 4}) + place.left()
	return problems


def full_output(runner, judge):
	problems = []
	with Place() as place:
		for command in (("analyze",), ("analyze", "--format", "json"), ("analyze", "--format", "markdown"), ("ls", "--long"),
				("ls", "--format", "ndjson")):
			with open("/dev/full", "wb") as full:
				problems += judged(judge, runner.run((*command, place.image), place.cwd, stdout=full), SYSTEM)
			problems += judged(judge, runner.run((*command, place.image), place.cwd, before=lambda: os.close(1)), SYSTEM)
			reading, writing = os.pipe()
			os.close(reading)
			gone = runner.run((*command, place.image), place.cwd, stdout=writing)
			if gone.code != 4 or gone.err:	# whoever stopped reading wants to hear no more
				problems.append("%s into a pipe without a reader: exit %s, %r" % (" ".join(command), gone.code, gone.err[:200]))
			os.close(writing)
			problems += judged(judge, runner.run((*command, "-o", "json=/dev/full" if command[0] == "analyze" else "ndjson=/dev/full",
				place.image), place.cwd), SYSTEM)
		return problems + place.left()


def outputs(runner, judge):
	"""-o FORMAT=FILE: FILE exists, is a symlink, is the input, is a directory, cannot be made."""
	problems = []
	with Place() as place:
		def run(target, expect, path=None):
			return judged(judge, runner.run(("analyze", path or place.image, "-o", f"json={target}"), place.cwd), expect)
		def hold(what, fine):
			return [] if fine else [what]
		target = place.path("out.json")
		with open(target, "w") as f:
			f.write("old")
		problems += run(target, OK) + hold("an existing file is not replaced", open(target).read(1) == "{")
		with open(place.path("elsewhere"), "w") as f:
			f.write("old")
		os.symlink(place.path("elsewhere"), place.path("link"))
		problems += run(place.path("link"), {0, 2, 4})
		problems += hold("written through a symlink", open(place.path("elsewhere")).read() == "old")
		with open(place.image, "rb") as f:
			before = f.read()
		problems += run(place.image, REFUSED) + hold("the input was written", open(place.image, "rb").read() == before)
		os.link(place.image, place.path("same"))
		runner.run(("analyze", place.image, "-o", f"json={place.path('same')}"), place.cwd)
		problems += hold("the input was written by its other name", open(place.image, "rb").read() == before)
		problems += run(place.top, REFUSED) + run(place.path("no/such/dir/out"), REFUSED)
		with open(target, "w") as f:
			f.write("old")
		problems += run(target, SYSTEM, place.path("missing.tar")) + hold("replaced by a failed run", open(target).read() == "old")
		extra = set(os.listdir(place.top)) - {"cwd", "image.tar", "out.json", "elsewhere", "link", "same"}
		return problems + place.left() + hold(f"left {extra}", not extra)


HOSTILE_NAMES = ("--privileged", "-v/:/h", "a;b", "$(touch x)", "a b", "a\nb", "x" * 300, "", "`id`", "a|b", "../a", "/abs", "a\x1b[31m",
	"-", ".", "a=b", "a%b", "~", "a*")


def image_names(runner, judge):
	"""docker:NAME with names that are none: refused before anything is started."""
	problems = []
	with Place() as place:
		path = fake_engine(place, "#!/bin/sh\necho started >" + place.path("started") + "\nexit 1\n")
		for name in HOSTILE_NAMES:
			for engine in ("docker:", "podman:"):
				result = runner.run(("analyze", engine + name), place.cwd, env={"PATH": path})
				problems += judged(judge, result, REFUSED)
				if os.path.exists(place.path("started")):
					problems.append(f"{engine} started for {name!r}")
					os.unlink(place.path("started"))
		return problems + place.left()


def fake_engine(place, script):
	directory = place.path("bin")
	os.makedirs(directory, exist_ok=True)
	for engine in ("docker", "podman"):
		with open(os.path.join(directory, engine), "w") as f:
			f.write(script)
		os.chmod(os.path.join(directory, engine), 0o755)
	return directory + ":/usr/bin:/bin"


ENGINES = (  # what it does, the script, expected codes, what the error has to say
	("exits 1", "echo 'Error: no such image' >&2; exit 1", SYSTEM, "no such image"),
	("prints nothing", "exit 0", FAILS, ""),
	("prints nothing and exits 1", "exit 1", SYSTEM, "1"),
	("is killed", "kill -9 $$", SYSTEM, ""),
	("prints ESC and fails", "printf '\\033[2J\\033]0;x\\007bad\\nline two\\033[31m\\n' >&2; exit 3", SYSTEM, ""),
	("prints garbage", "head -c 100000 /dev/urandom", FAILS, ""),
	("prints a text", "echo hello", FAILS, ""),
	("prints 64 MiB of errors", "yes 'an error' | head -c 67108864 >&2; exit 1", SYSTEM, ""),
	("prints half an image", "head -c 5000 IMAGE", FAILS, ""),
	("prints an image and fails", "cat IMAGE; echo late failure >&2; exit 1", SYSTEM, "late failure"),
	("prints an image", "cat IMAGE", OK, ""),
	("prints an image and zeros", "cat IMAGE; head -c 1000000 /dev/zero", {0, 3}, ""),
	("is no program", None, SYSTEM, ""),
)


def engines(runner, judge):
	problems = []
	for what, script, expect, says in ENGINES:
		with Place() as place:
			path = fake_engine(place, "\0\1\2" if script is None else f"#!/bin/sh\n{script.replace('IMAGE', place.image)}\n")
			for command in (("analyze", "docker:test:1"), ("ls", "podman:test:1")):
				problems += [f"{what}: {p}" for p in judged(judge, runner.run(command, place.cwd, env={"PATH": path}), expect, says)]
			problems += place.left()
	with Place() as place:
		os.mkdir(place.path("empty"))
		for command in (("analyze", "docker:test:1"), ("ls", "podman:test:1")):
			problems += judged(judge, runner.run(command, place.cwd, env={"PATH": place.path("empty")}), SYSTEM, command[1][:6])
	return problems


def endless_engine(runner, judge):
	"""An engine that never stops printing garbage, and one that leaves a child behind, are ended."""
	problems = []
	with Place() as place:
		path = fake_engine(place, "#!/bin/sh\nyes garbage\n")
		start = time.monotonic()
		problems += judged(judge, runner.run(("analyze", "docker:test:1"), place.cwd, env={"PATH": path}, seconds=5), FAILS)
		pidfile = place.path("pid")
		path = fake_engine(place, f"#!/bin/sh\nsleep 60 & echo $! >{pidfile}\nyes garbage | head -c 1000000; exec sleep 60\n")
		problems += judged(judge, runner.run(("analyze", "docker:test:1"), place.cwd, env={"PATH": path}, seconds=5), FAILS)
		if time.monotonic() - start > 30:
			problems.append("waited for an engine that printed garbage")
		for _ in range(20):
			if not alive(pidfile):
				break
			time.sleep(0.1)
		else:
			problems.append("a child of the engine is left")
	return problems


def alive(pidfile):
	try:
		with open(pidfile) as f:
			pid = int(f.read())
		with open(f"/proc/{pid}/stat") as f:
			return f.read().rsplit(")", 1)[1].split()[0] != "Z"
	except (OSError, ValueError):
		return False


def surroundings(runner, judge):
	"""Closed descriptors, few of them, no HOME, odd locales, umask 0, little stack: the same output, or a clean error."""
	problems = []
	with Place() as place:
		for command in (("analyze", place.image), ("ls", "--long", place.image)):
			usual = runner.run(command, place.cwd).out
			changes = {
				"stdin closed": {"before": lambda: os.close(0)},
				"16 descriptors": {"before": lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (16, 16))},
				"umask 0": {"before": lambda: os.umask(0)},
				"256 KiB of stack": {"before": lambda: runner.sanitized or resource.setrlimit(resource.RLIMIT_STACK, (1 << 18, 1 << 18))},
				"no TMPDIR": {"env": {"TMPDIR": place.path("none")}},
				"TMPDIR is a file": {"env": {"TMPDIR": place.image}},
				**{f"LC_ALL={name}": {"env": {"LC_ALL": name}} for name in ("C", "C.UTF-8", "tr_TR.UTF-8", "bogus", "x" * 5000)},
				"TZ and MALLOC_PERTURB_": {"env": {"TZ": "Asia/Kathmandu", "MALLOC_PERTURB_": "165"}},
			}
			for what, how in changes.items():
				result = runner.run(command, place.cwd, **how)
				problems += [f"{what}: {p}" for p in judged(judge, result, OK)]
				if result.code == 0 and result.out != usual:
					problems.append(f"{what}: another output")
			result = runner.run(command, place.cwd, before=lambda: os.close(2))
			problems += judged(judge, result, {0})
			result = runner.run(command, place.cwd, before=lambda: [os.close(fd) for fd in (0, 1, 2)])
			if result.code != 4:
				problems.append(f"all descriptors closed: exit {result.code}")
		if open(place.image, "rb").read()[:5] != docker_archive(SMALL)[:5]:
			problems.append("the image was written to")
		return problems + place.left()


def small_files(runner, judge):
	"""RLIMIT_FSIZE in the middle of a report: no signal, nothing left."""
	problems = []
	with Place() as place:
		target = place.path("out.json")
		result = runner.run(("analyze", place.image, "-o", f"json={target}"), place.cwd,
			before=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100)))
		problem = judge(result, SYSTEM)
		if problem and "stdout" not in problem:
			problems.append(problem)
		extra = set(os.listdir(place.top)) - {"cwd", "image.tar"}
		return problems + place.left() + ([f"left {extra}"] if extra else [])


ALL = [
	("A03", "a file that may not be read", unreadable),
	("A04", "a FIFO without a writer", fifo),
	("A05", "/dev/zero and /dev/null", devices),
	("A06", "standard input", pipes),
	("A07", "a file that shrinks", shrinking),
	("A117", "output that cannot be written", full_output),
	("A118", "output files", outputs),
	("A133", "image names", image_names),
	("A134", "container engines that fail", engines),
	("A134", "container engines without an end", endless_engine),
	("A136", "a file size limit", small_files),
	("A138", "surroundings", surroundings),
]
