# SPDX-License-Identifier: MIT
"""Runs action.yml as GitHub does, as far as it uses it: the steps of a composite action in order, `if` and
`${{ }}` with comparisons, && and values of inputs, steps and github."""
import os
import re
import subprocess
import tempfile

import yaml

EXPRESSION = re.compile(r"\$\{\{ *(.*?) *\}\}")
COMPARISON = re.compile(r"([a-z_.-]+) (==|!=) '([^']*)'")


class Action:
	def __init__(self, path):
		self.folder = os.path.dirname(path)
		with open(path, encoding="utf-8") as file:
			self.document = yaml.safe_load(file)

	def steps(self):
		return self.document["runs"]["steps"]


class Run:
	"""One run. `github` holds what ${{ github.NAME }} is; `env` the variables of the job."""

	def __init__(self, action, inputs, github, env, folder):
		self.action, self.github, self.folder = action, github, folder
		self.inputs = {name: inputs.get(name, self.text(about.get("default", "")))
			       for name, about in action.document["inputs"].items()}
		if set(inputs) - set(self.inputs):
			raise KeyError("no such input: %s" % (set(inputs) - set(self.inputs)))
		self.env = dict(env, GITHUB_ACTION_PATH=action.folder, GITHUB_REPOSITORY="octo/app")
		self.given, self.used, self.log, self.summary, self.status = {}, [], "", "", 0
		for step in action.steps():
			if not self.status and self.holds(step.get("if", "'' == ''")):
				self.step(step)
		self.outputs = {name: self.text(about["value"]) for name, about in action.document["outputs"].items()}

	def value(self, name):
		kind, _, rest = name.partition(".")
		if kind == "inputs":
			return self.inputs[rest]
		if kind == "steps":
			step, word, output = rest.split(".")
			if word != "outputs":
				raise KeyError(name)
			return self.given.get(step, {}).get(output, "")
		if kind == "github":
			return self.github[rest]
		raise KeyError(name)

	def text(self, text):
		return EXPRESSION.sub(lambda found: self.value(found[1]), str(text))

	def holds(self, condition):
		if condition == "'' == ''":
			return True
		answers = []
		for part in condition.split(" && "):
			name, sign, text = COMPARISON.fullmatch(part).groups()
			answers.append((self.value(name) == text) == (sign == "=="))
		return all(answers)

	def step(self, step):
		if "uses" in step:
			self.used.append((step["uses"], {name: self.text(value) for name, value in step["with"].items()}))
			return
		with tempfile.TemporaryDirectory() as scratch:
			files = {name: os.path.join(scratch, name) for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY", "script")}
			for path in files.values():
				with open(path, "w", encoding="utf-8"):
					pass
			with open(files["script"], "w", encoding="utf-8") as file:
				file.write(step["run"])
			env = {name: self.text(value) for name, value in step.get("env", {}).items()}
			done = subprocess.run([step["shell"], "-e", files["script"]], cwd=self.folder, stdin=subprocess.DEVNULL,
					      stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300, check=False,
					      env={**self.env, **env, **files})
			self.status = done.returncode
			self.log += done.stdout.decode()
			with open(files["GITHUB_STEP_SUMMARY"], encoding="utf-8") as file:
				self.summary += file.read()
			with open(files["GITHUB_OUTPUT"], encoding="utf-8") as file:
				lines = file.read().splitlines()
			if "id" in step:
				self.given[step["id"]] = dict(line.split("=", 1) for line in lines)
