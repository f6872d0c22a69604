# SPDX-License-Identifier: MIT
"""What was measured, to the terminal while it comes in and as docs/benchmarks.md at the end."""

import datetime
import os
import platform
import re
import subprocess

IN_THE_WAY = [
	("light.tar: time", "`light.tar`: a program that starts, reads what packages say of themselves and stacks layers takes a few "
	 "milliseconds that copying 400 MB hides only half of; `heavy.tar` shows the reading itself."),
	("light.tar: with digests", "`light.tar` with digests: the same, and contents of equal size are compared once more behind "
	 "the digests."),
	("heavy.tar: time", "`heavy.tar`: 129,000 headers are parsed, package databases read and files of equal size compared beside "
	 "what cat copies; the second processor makes up for it on some machines (0.91 on an AMD EPYC, commit 76eb0c8) and not on "
	 "others."),
	("heavy.tar: with digests", "`heavy.tar` with digests: contents of which several have one size are read twice, once for the "
	 "digest of their layer and once to compare them; the second reading takes about a tenth."),
	("heavy.tar: written again", "`heavy.tar` written again: a fingerprint of every content, by which what was written is "
	 "compared, the headers of both images, and planning and proving, for which there is one thread."),
	("heavy-gzip.oci.tar: time", "gzip: every content gets a fingerprint when it passes, since it cannot be gone back for (0.5 of "
	 "5.7 s of processor time on `heavy`), and ISA-L copies its window for each piece of output that igzip writes as it is."),
]

INTRODUCTION = """\
# Benchmarks

`make bench` measures all of this on your machine and rewrites this file; do not edit it. `make bench QUICK=1` takes a
minute and leaves the file alone; `RUNS=9` takes more runs.

* The images are made by `scripts/make-bench-images.sh` out of Debian's packages, once, and kept in `build/bench`
  (`LAYEROPT_BENCH_DIR` names another folder): `light` is `fixtures/bench/light`, `heavy` the naive R image of
  `fixtures/bench/heavy`. `NAME.tar` is what docker saves, the OCI archives have compressed layers.
* A command and its reference run in turn, with all files in the page cache, once unmeasured and then {runs} times. A time
  is the median, with the least and the greatest in parentheses. A ratio is that of the medians, in parentheses those
  of the runs that followed each other. References are given the layers as files of their own, the biggest first.
* Processor time is that of all processes and threads together; as a ratio it says less than time, but holds where
  the machine has other things to do.
* Memory is the peak of the largest process, in the worst of the runs.
"""


def seconds(value):
	return "%.3g s" % value if value < 100 else "%.0f s" % value


def size(value):
	for unit, digits in ((1e9, 2), (1e6, 1), (1e3, 1)):
		if value >= unit:
			return "%.*f %s" % (digits, value / unit, {1e9: "GB", 1e6: "MB", 1e3: "kB"}[unit])
	return "%d B" % value


def time_of(series):
	"""The median time, and between what the runs were."""
	runs = " (%.3g–%.3g)" % (min(series.walls), max(series.walls)) if len(series.walls) > 1 else ""
	return seconds(series.wall) + runs


def first_line(*command):
	try:
		done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, text=True)
	except OSError:
		return ""
	return done.stdout.strip().split("\n")[0]


def version(*command):
	found = re.search(r"\d+(\.\d+)+", first_line(*command))
	return found[0] if found else "?"


def grep(path, pattern):
	with open(path, encoding="utf-8") as file:
		found = re.search(pattern, file.read(), re.MULTILINE)
	return found[1] if found else "?"


def machine():
	memory = int(grep("/proc/meminfo", r"^MemTotal: *(\d+)")) * 1024
	return "%s, %d processors used, %s of memory, Linux %s" % (
		grep("/proc/cpuinfo", r"^model name\s*: (.*)"), len(os.sched_getaffinity(0)), size(memory), platform.release())


def tools():
	return "igzip %s, zstd %s, OpenSSL %s, tar %s, coreutils %s" % (
		version("igzip", "--version"), version("zstd", "--version"), version("openssl", "version"),
		version("tar", "--version"), version("cat", "--version"))


def commit(root):
	"""What was measured; changes to this very file do not count."""
	named = first_line("git", "-C", root, "rev-parse", "--short", "HEAD")
	changed = first_line("git", "-C", root, "status", "--porcelain", "--", ":!docs/benchmarks.md")
	return named + (" with changes" if changed else "")


class Table:
	def __init__(self, title, note, *columns):
		self.title, self.note, self.columns, self.rows = title, note, columns, []

	def markdown(self):
		lines = ["| %s |" % " | ".join(cell.replace("|", "\\|") for cell in row) for row in self.rows]
		return "\n".join(["", "## " + self.title, ""] + ([self.note, ""] if self.note else [])
				 + ["| %s |" % " | ".join(self.columns), "|%s" % (" --- |" * len(self.columns))] + lines) + "\n"


class Report:
	def __init__(self, root, runs):
		self.root, self.runs = root, runs
		self.targets = Table("Targets", None, "what", "target", "measured", "processor time", "verdict")
		self.tables = []
		self.misses = 0

	def table(self, title, note, *columns):
		self.tables.append(Table(title, note, *columns))
		print("\n%s" % title, flush=True)
		return self.tables[-1]

	def row(self, table, *cells):
		table.rows.append(cells)
		print("  " + "  ".join(cell.strip("`") for cell in cells), flush=True)

	def target(self, what, limit, measured, met, processor=""):
		"""Hold something to a target. All come as text; `met` decides."""
		self.misses += not met
		self.targets.rows.append((what, limit, measured, processor, "met" if met else "**missed**"))

	def print_targets(self):
		print("\nTargets")
		for what, limit, measured, processor, verdict in self.targets.rows:
			print("  %-8s %-58s %10s  %-18s %s" % (verdict.strip("*"), what, limit, measured, processor))
		print("%d targets met, %d missed" % (len(self.targets.rows) - self.misses, self.misses), flush=True)

	def in_the_way(self):
		"""What is known of the targets that were missed, by the beginning of their rows."""
		missed = [row[0] for row in self.targets.rows if row[-1] != "met"]
		notes = [text for start, text in IN_THE_WAY if any(what.startswith(start) for what in missed)]
		if not missed:
			return ""
		return "\n".join(["", "What stands in the way of those missed:", ""] + ["* " + note for note in notes]) + "\n"

	def markdown(self, others, disk):
		facts = ["* Measured on %s, commit %s." % (datetime.date.today(), commit(self.root)),
			 "* Machine: %s." % machine(), "* Beside: %s." % tools(),
			 "* Other programs took %.0f %% of the processors meanwhile, and %s were read from the disk." % (
				others * 100, size(disk))]
		return INTRODUCTION.format(runs=self.runs) + "\n".join(facts) + "\n" + self.targets.markdown() + \
			self.in_the_way() + "".join(table.markdown() for table in self.tables)
