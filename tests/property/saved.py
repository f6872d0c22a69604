# SPDX-License-Identifier: MIT
"""A saved analysis shown again: `report` of what `analyze --format json` wrote against `analyze` itself.

usage: saved.py BINARY IMAGE...
"""

import subprocess
import sys

FORMATS = ("text", "json", "markdown", "csv")
TOPS = ("0", "1", "3", "20")


def output_of(command, stdin=None):
	done = subprocess.run(command, input=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
	return done.returncode, done.stdout, done.stderr


def differences(binary, path, options=(), formats=FORMATS, tops=TOPS):
	"""What differs, as lines; none for an image that is refused."""
	analyze = [binary, "analyze", path, *options]
	code, saved, _ = output_of([*analyze, "--format", "json", "--top", "0"])
	if code:
		return []
	lines = []
	for form in formats:
		for top in tops:
			how = ["--format", form, "--top", top]
			code, want, _ = output_of([*analyze, *how])
			got = output_of([binary, "report", "-", *how], saved)
			if (code, want) != got[:2]:
				lines.append("report %s: exit %d, %s" % (" ".join(how), got[0], got[2].decode("utf-8", "replace")))
	# what was cut stays cut: once more makes no difference
	_, cut, _ = output_of([*analyze, "--format", "json", "--top", "2"])
	if output_of([binary, "report", "-", "--format", "json", "--top", "0"], cut)[1] != cut:
		lines.append("report of what was cut differs")
	for form in formats:
		_, short, _ = output_of([binary, "report", "-", "--format", form, "--top", "1"], cut)
		_, want, _ = output_of([binary, "report", "-", "--format", form, "--top", "1"], saved)
		if short != want and form != "text" and form != "markdown":  # these tell what to do next from all there is
			lines.append("report --format %s of what was cut, cut again, differs" % form)
	return lines


def main(arguments):
	if len(arguments) < 2:
		sys.stderr.write(__doc__)
		return 2
	failed = 0
	for path in arguments[1:]:
		for options in ((), ("--base-layers", "1")):
			lines = differences(arguments[0], path, options)
			failed += bool(lines)
			for line in lines:
				print("%s %s: %s" % (path, " ".join(options), line))
	return 1 if failed else 0


if __name__ == "__main__":
	sys.exit(main(sys.argv[1:]))
