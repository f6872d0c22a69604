# SPDX-License-Identifier: MIT
"""What has to hold between the gate and the analysis of any image."""
import json
import os
import subprocess

MEASURES = {"content": "content_bytes", "layers": "layer_bytes", "compressed": "compressed_bytes", "rootfs": "visible_bytes"}
BUDGETS = {"max-wasted": "wasted_bytes", "max-reclaimable": "reclaimable_bytes", "max-duplicates": "duplicate_bytes",
	"max-layers": "layers"}


def run(binary, path, options):
	return subprocess.run([binary, "gate", path, "--no-config", "-q", *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def limits(analysis, measure, less):
	"""Every budget at the image's own figures, or one byte or layer less, where there is one."""
	totals = analysis["totals"]
	figures = [("", "max-size", totals[MEASURES[measure]]),
		("", "max-layer-size", max([row["content_bytes"] for row in analysis["layers"]], default=0))]
	for part, whose in (("", totals), ("own:", totals["own"]), ("base:", totals["base"])):
		figures += [(part, name, whose[figure]) for name, figure in BUDGETS.items() if whose]
	return [("--" + name, "%s%d" % (part, figure - less)) for part, name, figure in figures if figure >= less]


def flat(pairs):
	return [word for pair in pairs for word in pair]


def differences(binary, path, rng, options):
	"""Lines of what does not hold."""
	analyze = [binary, "analyze", path, "--format", "json", "--top", "0", *options]
	analysis = json.loads(subprocess.run(analyze, stdout=subprocess.PIPE, check=True).stdout)
	if any(row["rule"] == "engines-differ" and row["severity"] == "error" for row in analysis["findings"]):
		refused = run(binary, path, ["--max-size", "1TB"])
		return [] if refused.returncode == 3 and not refused.stdout else ["gate: an image that docker refuses: %d" % refused.returncode]
	lines, measure = [], rng.choice(sorted(MEASURES))
	more = [*options, "--size-measure", measure, "--format", "json", "--top", "0"]
	held = run(binary, path, flat(limits(analysis, measure, 0)) + more)
	if held.returncode != 0:
		lines.append("gate: its own figures do not hold: %d %s" % (held.returncode, held.stderr.decode()[:300]))
	tight = limits(analysis, measure, 1)
	if tight:
		exceeded = run(binary, path, flat(tight) + more)
		gate = json.loads(exceeded.stdout)["gate"] if exceeded.returncode == 1 else {"checks": []}
		wrong = [row["budget"] for row in gate["checks"] if row["verdict"] != "exceeded"]
		if exceeded.returncode != 1 or wrong or len(gate["checks"]) != len(tight):
			lines.append("gate: one less is not exceeded: %d %s" % (exceeded.returncode, wrong or exceeded.stderr.decode()[:300]))
	return lines + against_itself(binary, path, options)


def against_itself(binary, path, options):
	"""An image has not grown since itself, told by a baseline or by the image."""
	baseline, lines = path + ".json", []
	written = run(binary, path, [*options, "--write-baseline", baseline])
	for name in (baseline, path):
		same = run(binary, path, [*options, "--baseline", name, "--max-growth", "0B", "--max-growth-percent", "0%", "--no-new", "info",
			"--format", "json"])
		growth = json.loads(same.stdout)["gate"]["growth"] if same.returncode == 0 else None
		if written.returncode or same.returncode or any(growth[name] for name in ("layers", "packages", "directories")):
			lines.append("gate: against itself by %s: %d, %d, %s" % (name, written.returncode, same.returncode, growth or same.stderr[:300]))
	if os.path.exists(baseline):
		os.unlink(baseline)
	return lines
