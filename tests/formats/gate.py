# SPDX-License-Identifier: MIT
"""The reports of a gate, read as their readers do: strictly. Each check takes the bytes of a report and says what it
makes the gate to be (number of budgets, of exceeded ones, of skipped ones; None where the format does not tell)."""
import csv
import html.parser
import io
import json
import os
import re
import shutil
import subprocess
import xml.etree.ElementTree

try:
    import jsonschema
except ImportError:
    jsonschema = None
try:
    from prometheus_client.openmetrics import parser as prometheus
except ImportError:
    prometheus = None

HERE = os.path.dirname(os.path.abspath(__file__))
HIDDEN = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ufffe\uffff]")


class Wrong(Exception):
    """What does not hold."""


def hold(condition, text, *values):
    if not condition:
        raise Wrong(text % values if values else text)


def text_of(data, line_end="\n"):
    text = data.decode("utf-8")
    hold(not text or text.endswith(line_end), "the last line has no end")
    plain = text.replace("\r\n", "\n") if line_end == "\r\n" else text
    found = HIDDEN.search(plain)
    hold(not found, "hidden character %r", found and found[0])
    return plain


def lines_of(data):
    return text_of(data).split("\n")[:-1]


def check_text(data):
    for line in lines_of(data):
        hold(not line.lstrip().startswith("::"), "a workflow command: %s", line)
    first = lines_of(data)[0]
    hold(first.startswith("gate: "), "the verdict is not first: %s", first)
    return None


def check_json(data):
    hold(data.isascii(), "not ASCII")
    report = json.loads(data)
    hold(report["schema"] == "layeropt/analysis/1.0", "another schema")
    gate = report["gate"]
    verdicts = [check["verdict"] for check in gate["checks"]]
    hold(gate["passed"] == ("exceeded" not in verdicts), "passed, and exceeded budgets")
    hold(len(gate["findings"]) >= len(report["findings"]), "findings that the gate does not know")
    for check in gate["checks"]:
        hold((check["actual"] is None) == (check["verdict"] == "skipped"), "a figure of what was not checked")
        if check["unit"] != "ratio" and check["verdict"] == "exceeded":
            hold(check["excess"] == abs(check["actual"] - check["limit"]), "%s: excess", check["budget"])
        if check["unit"] == "ratio" and check["verdict"] == "exceeded":
            ratio = abs(check["actual"] - check["limit"])
            hold(abs(check["excess_ratio"] - ratio) < 1e-5, "%s: excess_ratio", check["budget"])
        whole, part = ("excess", "excess_ratio")[:: -1 if check["unit"] == "ratio" else 1]
        hold(check[whole] is not None and check[part] is None, "%s: excess of another unit", check["budget"])
    return len(verdicts), verdicts.count("exceeded"), verdicts.count("skipped")


# Markdown: code spans are taken out, and what is left has no markup but the report's own.

SPAN = re.compile(r"(?<!`)(`+)(?!`)(.*?)(?<!`)\1(?!`)")
TAGS = re.compile(r"</?details>|<summary>[A-Za-z ]+: [0-9,]+</summary>|<!-- layeropt:[A-Za-z0-9._-]+ -->")


class Rendered(html.parser.HTMLParser):
    """What a browser would get: the tags, the cells of each row, and the text outside code spans."""

    def __init__(self):
        super().__init__()
        self.tags, self.rows, self.text, self.code = set(), [], [], 0

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        hold(all(name == "align" for name, _ in attrs), "attributes of %s: %s", tag, attrs)
        self.code += tag == "code"
        if tag in ("table", "tr"):
            self.rows.append([] if tag == "table" else 0)
        if tag in ("td", "th"):
            self.rows[-1] += 1

    def handle_endtag(self, tag):
        self.code -= tag == "code"

    def handle_data(self, data):
        if not self.code:
            self.text.append(data)


def render(data):
    done = subprocess.run(["cmark-gfm", "--unsafe", "-e", "table", "-e", "autolink", "-e", "strikethrough"], input=data,
                          stdout=subprocess.PIPE, check=True, timeout=60)
    page = Rendered()
    page.feed(done.stdout.decode())
    page.close()
    allowed = {"h2", "p", "strong", "code", "table", "thead", "tbody", "tr", "th", "td", "ul", "li", "details", "summary"}
    hold(page.tags <= allowed, "tags: %s", page.tags - allowed)
    hold(not re.search("[@#|`]|://", "".join(page.text)), "markup outside of code spans")
    for row, above in zip(page.rows[1:], page.rows):
        hold([] in (row, above) or row == above, "%s cells, %s above", row, above)


def check_markdown(data):
    lines = lines_of(data)
    hold(len(data) <= 65536, "%d bytes", len(data))
    hold(re.fullmatch(r"<!-- layeropt:[A-Za-z0-9._-]+ -->", lines[0]), "no marker: %s", lines[0])
    hold(lines[1].startswith(("## layeropt: FAIL, ", "## layeropt: pass, ")), "no verdict: %s", lines[1])
    hold(lines.count("</details>") == sum(line.startswith("<details>") for line in lines), "a fold is not closed")
    cells = None
    for line in lines[1:]:
        bare = TAGS.sub("", SPAN.sub("", line))
        hold(not re.search(r"[<>`@#]|\]\(|://", bare.replace(">= ", "").lstrip("#")), "markup: %s", line[:200])
        if not line.startswith("|"):
            cells = None
            continue
        # A table is divided at bars before code spans are looked for.
        count = len(re.findall(r"(?<!\\)\|", line.replace("\\\\", "")))
        hold(cells in (None, count), "%d bars, %s above: %s", count, cells, line[:200])
        cells = count
    if shutil.which("cmark-gfm"):
        render(data)
    return None


def check_junit(data):
    text_of(data)
    hold(b"<!" not in data, "a declaration")
    if shutil.which("xmllint"):
        done = subprocess.run(["xmllint", "--noout", "--nonet", "--schema", os.path.join(HERE, "junit.xsd"), "-"],
                              input=data, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=60)
        hold(done.returncode == 0, "xmllint: %s", done.stderr[-500:])
    suite = xml.etree.ElementTree.fromstring(data).find("testsuite")
    counts = (len(suite.findall("testcase")), len(suite.findall("testcase/failure")),
              len(suite.findall("testcase/skipped")))
    hold(tuple(int(suite.get(name)) for name in ("tests", "failures", "skipped")) == counts, "counts: %s", counts)
    return counts


def check_sarif(data):
    hold(data.isascii() and len(data) <= 10_000_000, "not ASCII, or too long")
    report = json.loads(data)
    run = report["runs"][0]
    if jsonschema:
        with open(os.path.join(HERE, "sarif-subset.schema.json"), encoding="ascii") as file:
            schema = json.load(file)
        # Of thousands of results that are made alike, some will do; how many there are is counted here.
        hold(len(run["results"]) <= 25000, "%d results", len(run["results"]))
        some = dict(report, runs=[dict(run, results=run["results"][:500] + run["results"][-500:])])
        jsonschema.Draft4Validator(schema, format_checker=jsonschema.FormatChecker()).validate(some)
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    for result in run["results"]:
        hold(result["ruleId"] in rules, "%s is no rule", result["ruleId"])
    exceeded = run["properties"]["exceededBudgets"]
    budgets = [result for result in run["results"] if "part" in result["properties"]]
    hold(len(budgets) == exceeded, "%d results of budgets, %d exceeded", len(budgets), exceeded)
    return None, exceeded, None


def check_gitlab(data):
    hold(data.isascii(), "not ASCII")
    issues = json.loads(data)
    for issue in issues:
        hold(set(issue) == {"description", "check_name", "fingerprint", "severity", "location"}, "members of %s", issue)
        hold(issue["severity"] in ("info", "minor", "major", "critical", "blocker"), issue["severity"])
        hold(issue["description"] and re.fullmatch("[0-9a-f]{32}", issue["fingerprint"]), "%s", issue)
        hold(issue["location"]["path"] and issue["location"]["lines"]["begin"] >= 1, "location of %s", issue)
    hold(len({issue["fingerprint"] for issue in issues}) == len(issues), "a fingerprint is there twice")
    return None


COMMAND = re.compile(r"::(error|warning|notice) ((?:file=[^:,\r\n]+,line=[1-9][0-9]*,)?title=[^:,\r\n]+)::([^\r\n]+)")


def check_github(data):
    kinds = []
    for line in lines_of(data):
        found = COMMAND.fullmatch(line)
        hold(found, "no command: %s", line[:200])
        hold(not re.search("%(?!25|3A|2C)", found[2]) and not re.search("%(?!25)", found[3]), "escapes: %s", line[:200])
        kinds.append(found[1])
    hold(kinds == sorted(kinds, key=["error", "warning", "notice"].index), "not the worst first")
    hold(all(kinds.count(kind) <= 10 for kind in kinds), "more than ten of a kind")
    return None


# OpenMetrics 1.0, of which nothing but gauges is expected.

METADATA = re.compile(r"# (TYPE|UNIT|HELP) ([a-z_]+) (.+)")
SAMPLE = re.compile(r'([a-z_]+)(?:\{((?:[a-z_]+="(?:[^"\\\n]|\\["\\n])*",?)+)\})? (-?[0-9]+(?:\.[0-9]{6})?)')
LABEL = re.compile(r'([a-z_]+)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)')


def check_openmetrics(data):
    lines = lines_of(data)
    hold(lines.pop() == "# EOF", "no end")
    families, series, name = {}, {}, None
    for line in lines:
        found = METADATA.fullmatch(line)
        if found:
            kind, name, value = found.groups()
            family = families.setdefault(name, {})
            hold(kind not in family and "samples" not in family, "metadata twice, or late: %s", line)
            hold(kind != "TYPE" or value == "gauge", line)
            hold(kind != "UNIT" or name.endswith("_" + value), "the name does not end with its unit: %s", line)
            family[kind] = value
            continue
        found = SAMPLE.fullmatch(line)
        hold(found, "no sample: %s", line[:200])
        hold(found[1] == name and set(families[name]) >= {"TYPE", "HELP"}, "not of the family above: %s", line[:200])
        families[name]["samples"] = True
        labels = LABEL.findall(found[2] or "")
        hold(len({key for key, _ in labels}) == len(labels), "a label twice: %s", line[:200])
        key = (name, tuple(sorted(labels)))
        hold(key not in series, "a series twice: %s", line[:200])
        series[key] = found[3]
        hold((found[3].count(".") == 1) == name.endswith("_ratio"), "not written as its unit wants: %s", line[:200])
    if prometheus:
        samples = [sample for family in prometheus.text_string_to_metric_families(data.decode())
                   for sample in family.samples]
        hold(len(samples) == len(series), "prometheus_client reads %d samples of %d", len(samples), len(series))
    if shutil.which("promtool"):
        done = subprocess.run(["promtool", "check", "metrics"], input=data, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=60)
        hold(done.returncode == 0, "promtool: %s", done.stdout[-500:])
    exceeded = int(series["layeropt_gate_exceeded", ()])
    hold(int(series["layeropt_gate_passed", ()]) == (exceeded == 0), "passed")
    checked = [value for (name, _), value in series.items() if name == "layeropt_budget_exceeded"]
    hold(checked.count("1") == exceeded, "exceeded ones")
    skipped = int(series["layeropt_gate_skipped", ()])
    return len(checked) + skipped, exceeded, skipped


def check_csv(data):
    text = text_of(data, "\r\n")
    hold(data.count(b"\n") == data.count(b"\r\n") == data.count(b"\r"), "line ends")
    rows = list(csv.DictReader(io.StringIO(text, newline=""), strict=True))
    header = text.split("\n", 1)[0].split(",")
    for row in rows:
        hold(list(row) == header and None not in row.values(), "columns of %s", row)
        for name, value in row.items():
            hold(not value.startswith(("=", "+", "-", "@", "\t", "\r")), "a formula in %s: %s", name, value[:80])
    verdicts = [row["verdict"] for row in rows]
    return len(verdicts), verdicts.count("exceeded"), verdicts.count("skipped")


CHECKS = {
    "text": check_text,
    "json": check_json,
    "markdown": check_markdown,
    "junit": check_junit,
    "sarif": check_sarif,
    "gitlab-codequality": check_gitlab,
    "github": check_github,
    "openmetrics": check_openmetrics,
    "csv": check_csv,
}

# What is done without when it is not there.
MISSING = [name for name, there in (
    ("xmllint", shutil.which("xmllint")),
    ("cmark-gfm", shutil.which("cmark-gfm")),
    ("jsonschema", jsonschema),
    ("prometheus_client", prometheus),
) if not there]

# A reader that takes anything shows nothing: each of these, done to a report that is right, has to be refused.
BREAKS = (
    ("text", b"Budgets\n", b"  ::error::owned\n"),
    ("text", b"Budgets", b"\x1b[31mBudgets"),
    ("json", b'"passed": false', b'"passed": true'),
    ("json", b'"layeropt/analysis/1.0"', b'"\xc3\xa4"'),
    ("markdown", b"`<script>", b"<script>"),
    ("markdown", b"a\\|b", b"a|b"),
    ("markdown", b"`@team", b"@team"),
    ("markdown", b"\n</details>\n", b"\n"),
    ("markdown", b"<!-- layeropt:gate -->\n", b""),
    ("junit", b"&lt;script&gt;", b"<script>"),
    ("junit", b' errors="0"', b""),
    ("junit", b"<skipped message=", b"<skipped type="),
    ("junit", b"]]&gt;", b"]]>"),
    ("sarif", b'"level": "error"', b'"level": "fatal"'),
    ("sarif", b'"kind": "external"', b'"kind": "elsewhere"'),
    ("sarif", b'"startLine": 1', b'"startLine": 0'),
    ("sarif", b'"uri": "', b'"uri": "http:'),
    ("gitlab-codequality", b'"severity": "blocker"', b'"severity": "fatal"'),
    ("gitlab-codequality", b'"begin": 1', b'"begin": 0'),
    ("github", b"%3A", b":"),
    ("github", b"\\n", b"\n"),
    ("github", b"::error ", b"::set-env "),
    ("openmetrics", b"# EOF\n", b""),
    ("openmetrics", b'say \\"hi\\"', b'say "hi"'),
    ("openmetrics", b'name="\\\\n', b'name="\n'),
    ("openmetrics", b"# UNIT layeropt_ignored_bytes bytes", b"# UNIT layeropt_ignored_bytes seconds"),
    ("csv", b"'=cmd", b"=cmd"),
    ("csv", b'""hi""', b'"hi"'),
    ("csv", b"\r\n", b"\n"),
)
