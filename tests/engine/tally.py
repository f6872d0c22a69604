# SPDX-License-Identifier: MIT
"""Counting of cases, for the programs here."""

import os
import subprocess

import engine
import program

IN_CI = os.environ.get("CI") == "true"


class Tally:
	"""Counts the cases and prints how each went."""

	def __init__(self, chosen):
		self.chosen, self.passed, self.failed, self.skipped = chosen, 0, 0, 0

	def run(self, name, test, *arguments):
		"""`test` returns what is wrong, or None; engine.Unusable says that something it takes is not here."""
		if self.chosen and not name.startswith(tuple(self.chosen)):
			return
		try:
			wrong = test(*arguments)
		except engine.Unusable as error:
			self.skip(name, str(error))
			return
		except (engine.EngineError, program.Refused, program.Wrong, subprocess.TimeoutExpired, OSError,
			KeyError, ValueError) as error:
			wrong = "%s: %s" % (type(error).__name__, error)
		self.count(name, wrong)

	def count(self, name, wrong):
		self.passed, self.failed = self.passed + (not wrong), self.failed + bool(wrong)
		print("%s engine/%s%s" % ("FAIL" if wrong else "ok", name, ": " + wrong if wrong else ""), flush=True)

	def skip(self, name, why, optional=False):
		if IN_CI and not optional:
			self.failed += 1
			print("FAIL engine/%s: %s, and CI=true" % (name, why), flush=True)
		else:
			self.skipped += 1
			print("SKIPPED engine/%s: %s" % (name, why), flush=True)

	def finish(self):
		print("%d passed, %d failed, %d skipped" % (self.passed, self.failed, self.skipped))
		return 1 if self.failed else 0
