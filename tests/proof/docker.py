#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A docker that builds nothing: it answers from $FAKE_DOCKER/plan.json and logs each call to $FAKE_DOCKER/log.

plan.json: "version" (text, or null: the daemon is not there), "chmod" and "mount" (does COPY --chmod, RUN --mount build?),
"builds" and "runs": rules, the first that fits counts. A rule of a build fits by "has" and "lacks" (texts of the
Dockerfile), "ignores" and "admits" (lines of the .dockerignore in force) and "nth" (from 1: the build of this very
Dockerfile); it says "image" (a docker archive), "log", "code",
"sleep" (seconds) or "kill" (a signal, to itself). As podman it has a store, in which a build that sleeps has a working
container. A rule of a run fits by "command" and "image"; it says "log" and "code".
"""
import hashlib
import json
import os
import sys
import time

HOME = os.environ["FAKE_DOCKER"]


def path(*names):
	return os.path.join(HOME, *names)


def note(**what):
	with open(path("log"), "a", encoding="ascii") as f:
		f.write(json.dumps(what) + "\n")


def read(name):
	with open(name, encoding="utf-8", errors="surrogateescape") as f:
		return f.read()


def image_file(name):
	return path("images", hashlib.sha256(name.encode()).hexdigest())


def work_in_container(words):
	"""What podman writes down of the container that it builds in: among much else the build's arguments."""
	marks = [word for word in words if word.startswith("LAYEROPT_MARK=")]
	folder = path("store", "vfs-containers", "0" * 63 + "1", "userdata")
	os.makedirs(folder, exist_ok=True)
	with open(os.path.join(folder, "buildah.json"), "w", encoding="ascii") as f:
		json.dump({"type": "buildah 0.0.1", "Args": dict(mark.split("=") for mark in marks)}, f)
	with open(os.path.join(os.environ["TMPDIR"], "buildah1"), "w", encoding="ascii") as f:
		f.write("x")


def act(rule):
	sys.stdout.buffer.write(rule.get("log", "").encode("utf-8", "surrogateescape"))
	sys.stdout.buffer.flush()
	if "sleep" in rule:
		note(sleeping=True)
		time.sleep(rule["sleep"])
	if "kill" in rule:
		os.kill(os.getpid(), rule["kill"])
	return rule.get("code", 0)


def nth_build(text):
	name = path("count-" + hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest())
	count = int(read(name)) + 1 if os.path.exists(name) else 1
	with open(name, "w", encoding="ascii") as f:
		f.write(str(count))
	return count


def feature_of(text, plan):
	for word, name in (("COPY --chmod=0644 x /x", "chmod"), ("RUN --mount=type=bind,source=x,target=/x", "mount")):
		if text.startswith("FROM scratch") and word in text:
			return {"code": 0 if plan.get(name, True) else 1, "image": None}
	return None


def ignored(words):
	"""The .dockerignore beside the Dockerfile, and that in the context; None where there is none."""
	names = words[words.index("-f") + 1] + ".dockerignore", os.path.join(words[-1], ".dockerignore")
	return [read(name) if os.path.exists(name) else None for name in names]


def build_rule(text, plan, ignore):
	feature = feature_of(text, plan)
	if feature:
		return feature
	nth = nth_build(text)
	for rule in plan["builds"]:
		if not all(x in ignore for x in rule.get("ignores", ())) or any(x in ignore for x in rule.get("admits", ())):
			continue
		if all(x in text for x in rule.get("has", ())) and not any(x in text for x in rule.get("lacks", ())) and \
		   rule.get("nth", nth) == nth:
			return rule
	return {"code": 1, "log": "no rule for this Dockerfile\n"}


def sizes(folder):
	"""Of all files in a build context."""
	return {os.path.relpath(os.path.join(top, name), folder): os.lstat(os.path.join(top, name)).st_size
		for top, _, names in os.walk(folder) for name in names}


def build(words, plan):
	text = read(words[words.index("-f") + 1])
	beside, inside = ignored(words)
	buildkit = os.environ.get("DOCKER_BUILDKIT")
	note(dockerfile=text, context=sorted(os.listdir(words[-1])), buildkit=buildkit, beside=beside, inside=inside,
	     sizes=sizes(words[-1]))
	ignore = beside if buildkit == "1" and beside is not None else inside
	rule = build_rule(text, plan, (ignore or "").splitlines())
	if "sleep" in rule and os.environ["FAKE_NAME"] != "docker":
		work_in_container(words)
	code = act(rule)
	if code == 0:
		with open(image_file(words[words.index("-t") + 1]), "w", encoding="utf-8") as f:
			json.dump(rule["image"], f)
	return code


def save(words):
	name = image_file(words[-1])
	if not os.path.exists(name):
		sys.stderr.write("Error response from daemon: reference does not exist\n")
		return 1
	archive = json.loads(read(name))
	if archive is None or not os.path.exists(archive):
		sys.stderr.write("Error response from daemon: \x1b[31mthe disk broke\n")
		return 1
	with open(archive, "rb") as f:
		sys.stdout.buffer.write(f.read())
	return 0


def run(words, plan):
	image, command = words[words.index("--entrypoint") + 2], words[-1]
	archive = json.loads(read(image_file(image)))
	for rule in plan.get("runs", ()):
		if rule.get("command", command) == command and rule.get("image", archive) == archive:
			return act(rule)
	return 0


def remove(words):
	for word in words:
		if not word.startswith("-") and os.path.exists(image_file(word)):
			os.remove(image_file(word))
	return 0


def main(words):
	plan = json.loads(read(path("plan.json")))
	note(argv=words)
	if plan["version"] is None:
		sys.stderr.write("Cannot connect to the \x1b[31mDocker daemon\n")
		return 1
	if words[0] == "info":
		print("vfs " + path("store"))
		return 0
	if words[0] == "version":
		print(plan["version"])
		return 0
	if words[0] == "build":
		return build(words, plan)
	if words[0] == "save":
		return save(words)
	if words[0] == "run":
		return run(words, plan)
	if words[0] == "rmi":
		return remove(words[1:])
	return 0 if words[0] == "rm" else 1


if __name__ == "__main__":
	sys.exit(main(sys.argv[1:]))
