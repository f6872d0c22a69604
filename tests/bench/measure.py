# SPDX-License-Identifier: MIT
"""Run shell commands and measure them: time on the wall and on the processors, and memory."""

import os
import resource
import signal
import statistics
import subprocess
import sys
import tempfile
import time


class Failed(Exception):
	"""A command ended with something else than 0."""


class Series:
	"""What the runs of one command took."""

	def __init__(self, line):
		self.line = line
		self.walls, self.cpus, self.peaks = [], [], []

	def add(self, wall, cpu, peak):
		self.walls.append(wall)
		self.cpus.append(cpu)
		self.peaks.append(peak)

	@property
	def wall(self):
		return statistics.median(self.walls)

	@property
	def cpu(self):
		return statistics.median(self.cpus)

	@property
	def best(self):
		return min(self.walls)

	@property
	def peak(self):
		"""Bytes of the largest process of the command, in the worst run."""
		return max(self.peaks)


def ratios(series, reference):
	"""(ratio of the medians, least and greatest ratio of two runs that followed each other)"""
	pairs = [one / other for one, other in zip(series.walls, reference.walls)]
	return series.wall / reference.wall, min(pairs), max(pairs)


class Neighbours:
	"""The share of the processors that other programs took since this was made."""

	def __init__(self):
		self.start, self.all, self.own = time.monotonic(), self.used_by_all(), self.used_by_us()

	@staticmethod
	def used_by_all():
		with open("/proc/stat", encoding="ascii") as file:
			user, nice, system, _, _, irq, softirq, steal = map(int, file.readline().split()[1:9])
		return (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")

	@staticmethod
	def used_by_us():
		return sum(sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))

	def share(self):
		others = self.used_by_all() - self.all - (self.used_by_us() - self.own)
		return max(0, others / ((time.monotonic() - self.start) * os.cpu_count()))


class Runner:
	"""Runs commands in one folder, where `layeropt` is the binary under test."""

	def __init__(self, binary, folder, runs):
		self.folder, self.runs, self.disk = folder, runs, 0
		self.env = dict(os.environ, PATH=os.path.dirname(os.path.abspath(binary)) + os.pathsep + os.environ["PATH"])

	def once(self, line, series=None):
		"""Run a command, its output thrown away. GNU time starts it: what wait4 tells would hold Python's own memory."""
		with tempfile.TemporaryFile() as said, tempfile.NamedTemporaryFile() as memory:
			os.sync()	# what the run before wrote is not to be written during this one
			start = time.monotonic()
			process = subprocess.Popen(["time", "-q", "-f", "%M", "-o", memory.name, "sh", "-c", line],
						   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=said,
						   cwd=self.folder, env=self.env, process_group=0)
			try:
				_, status, usage = os.wait4(process.pid, 0)
			except BaseException:
				os.killpg(process.pid, signal.SIGKILL)
				process.wait()
				raise
			wall = time.monotonic() - start
			process.returncode = os.waitstatus_to_exitcode(status)
			if process.returncode:
				said.seek(0)
				raise Failed("%s: exit %d\n%s" % (line, process.returncode, said.read().decode(errors="replace").strip()))
			peak = int(memory.read()) * 1024
		if series:
			self.disk += usage.ru_inblock * 512
			series.add(wall, usage.ru_utime + usage.ru_stime, peak)

	def race(self, *lines, runs=None, before=None):
		"""Run commands in turn: once to warm up, then `runs` times, each after `before`. One series each."""
		race = [Series(line) for line in lines]
		for number in range(1 + (runs or self.runs)):
			for series in race:
				print("\r\033[K%s" % series.line[:100], end="", file=sys.stderr) if sys.stderr.isatty() else None
				if before:
					self.output(before)
				self.once(series.line, series if number else None)
		print("\r\033[K", end="", file=sys.stderr) if sys.stderr.isatty() else None
		return race

	def output(self, line):
		return subprocess.run(["sh", "-c", line], check=True, stdout=subprocess.PIPE, cwd=self.folder, env=self.env).stdout
