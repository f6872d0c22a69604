# SPDX-License-Identifier: MIT
"""What dpkg and apt inside a container say about its packages, against the program's rows."""

import os

import engine

UNSUGGESTED = ("-o", "APT::AutoRemove::SuggestsImportant=false")
MOST_COSTLY = 12	# recommendations that are removed one by one

# A small image of packages made on the spot, on a Debian base: one word of explanation each.
PACKAGES = {	# name: (fields, {path: bytes})
	"app": ("Depends: lib (>= 1), one | other\nRecommends: extra, tools | other, absent", {"usr/bin/app": 5000, "bin/app-merged": 300,
		"etc/app.conf": 40, "usr/share/doc/app/copyright": 50, "usr/share/doc/app/excluded": 60}),
	"lib": ("Multi-Arch: same", {"usr/lib/libapp.so.1": 70000, "lib/libmerged.so": 800}),
	"one": ("Pre-Depends: virtual", {"usr/share/one": 11}),
	"other": ("", {"usr/share/other": 12}),	# the alternative of two relations
	"provider": ("Provides: virtual (= 3), something", {"usr/share/provider": 13}),
	"extra": ("Depends: extra-data (= 1.0-1)", {"usr/share/extra": 4000}),
	"extra-data": ("Recommends: deep", {"usr/share/extra-data": 20000}),
	"deep": ("", {"usr/share/deep": 600}),
	"tools": ("Depends: shared\nSuggests: manual", {"usr/share/tools": 900}),
	"shared": ("", {"usr/share/shared": 70}),
	"alone": ("Depends: shared, extra-data", {"usr/share/alone": 80}),	# for something that is gone
	"manual": ("", {"usr/share/manual": 90}),	# only suggested
	"divert": ("", {"usr/bin/app": 1, "usr/share/divert": 2}),
	"removed": ("", {"etc/removed.conf": 3, "usr/share/removed": 4}),
}
ASKED_FOR = {"app", "divert", "removed"}
PREINST = {"divert": "dpkg-divert --package divert --rename --divert /usr/bin/app.real --add /usr/bin/app"}
CONFFILES = {"app": "/etc/app.conf\n", "removed": "/etc/removed.conf\n"}

DOCKERFILE = """ARG BASE
FROM ${BASE}
COPY packages /tmp/packages
RUN cd /tmp/packages && for p in *; do dpkg-deb -b $p /tmp >/dev/null; done && dpkg -i --force-depends /tmp/*.deb && \\
    apt-mark auto AUTOMATIC && rm -rf /tmp/packages /tmp/*.deb
RUN dpkg-divert --local --rename --divert /usr/share/moved --add /usr/share/shared
RUN ln /usr/share/extra-data /usr/share/another-name && dpkg -r removed && echo changed >>/etc/app.conf
RUN chmod -R g+w /usr/share/tools /usr/share/extra && rm /usr/share/deep && ln /usr/share/one /usr/bin/one
"""


def context(folder):
	"""Fill `folder` with the trees of the packages and the Dockerfile; its path."""
	for name, (fields, files) in PACKAGES.items():
		tree = os.path.join(folder, "packages", name)
		control = "Package: %s\nVersion: 1.0-1\nArchitecture: %s\nMaintainer: nobody <nobody@example.org>\nDescription: x\n%s\n" % (
			name, "amd64" if "same" in fields else "all", fields)
		write(tree, "DEBIAN/control", control.replace("\n\n", "\n"))
		if name in PREINST:
			write(tree, "DEBIAN/preinst", "#!/bin/sh\n%s\n" % PREINST[name], 0o755)
		if name in CONFFILES:
			write(tree, "DEBIAN/conffiles", CONFFILES[name])
		for path, size in files.items():
			write(tree, path, (name + "\n") * (size // len(name) + 1))
	path = os.path.join(folder, "Dockerfile")
	automatic = " ".join(name for name in PACKAGES if name not in ASKED_FOR)
	write(folder, "Dockerfile", DOCKERFILE.replace("AUTOMATIC", automatic))
	return path


def write(folder, name, text, mode=0o644):
	path = os.path.join(folder, name)
	os.makedirs(os.path.dirname(path), exist_ok=True)
	with open(path, "w", encoding="utf-8") as file:
		file.write(text)
	os.chmod(path, mode)


# Of each package, in the order of names: the files that dpkg lists, where it put them, one line each with the inode and the
# size. An inode that two packages list belongs to the first. Last come the files that Python compiled of those listed.
LISTING = r"""
open(my $names, '-|', 'dpkg-query', '-W', '-f', '${db:Status-Status} ${binary:Package}\n') or die;
my @names = sort map { /^(?!config-files|not-installed)\S+ (\S+)$/ ? $1 : () } <$names>;
open(my $lists, '-|', 'dpkg-query', '-L', @names) or die;
my ($at, $path, @sources) = 0;
sub weigh {
	my ($name, $path) = @_;
	my @stat = lstat $path;
	print "$name\t$stat[0]:$stat[1]\t$stat[7]\t$path\n" if @stat && ($stat[2] & 0170000) == 0100000;
}
sub told {
	return unless defined $path;
	weigh($names[$at], $path);
	push @sources, [$names[$at], "$1/__pycache__", $2] if !-l $path && $path =~ m{^(.*)/([^/.]+)\.py$};
	undef $path;
}
print "=$_\n" for @names;
while (<$lists>) {
	chomp;
	if (/^$/) { told(); $at++ }
	elsif (/^(?:locally diverted|diverted by \S+) to: (.*)/) { $path = $1 }
	elsif (/^(?:package|local diversion) /) { }
	else { told(); $path = $_ }
}
told();
for (@sources) {
	my ($name, $folder, $module) = @$_;
	opendir(my $there, $folder) or next;
	weigh($name, "$folder/$_") for sort grep { /^\Q$module\E\.(?:.*\.)?pyc$/ } readdir $there;
}
"""


class Container:
	"""Commands in containers of an image, each in one of its own, without a network."""

	def __init__(self, docker, image):
		self.docker, self.image = docker, image

	def __call__(self, *words):
		done = self.docker("run", "--rm", "--network", "none", "--user", "0", "--entrypoint", words[0], self.image, *words[1:],
				   timeout=600)
		return done.stdout.decode("utf-8", "backslashreplace")

	def packages(self):
		"""{name: [bytes, files, paths]} of all packages, an inode counted for the first that lists it."""
		result, seen = {}, set()
		for line in self("perl", "-e", LISTING).splitlines():
			if line.startswith("="):
				result[line[1:]] = [0, 0, []]
				continue
			name, inode, size, path = line.split("\t", 3)
			if inode not in seen:
				seen.add(inode)
				result[name][0] += int(size)
				result[name][1] += 1
				result[name][2].append(path)
		return result

	def architecture(self):
		return self("dpkg", "--print-architecture").strip()

	def removed(self, *arguments):
		"""What apt would remove. It knows no other package than those that are installed."""
		lines = self("apt-get", "-s", "-o", "APT::AutoRemove::SuggestsImportant=true", *arguments).splitlines()
		return {line.split()[1] for line in lines if line.startswith("Remv ")}


def plain(name, architecture):
	"""dpkg and apt name an architecture where it is not the machine's own, dpkg also for packages that may be there twice."""
	return name[:-len(architecture) - 1] if name.endswith(":" + architecture) else name


def our_packages(analysis, architecture):
	return {plain(row["name"], architecture): row for row in analysis["packages"] if row["manager"] == "dpkg"}


def size_differences(rows, theirs):
	"""Lines on packages of which bytes or files differ."""
	if rows.keys() != theirs.keys():
		yield "only here %s, only there %s" % (sorted(rows.keys() - theirs.keys()), sorted(theirs.keys() - rows.keys()))
	for name in sorted(rows.keys() & theirs.keys()):
		size, files, paths = theirs[name]
		if (rows[name]["bytes"], rows[name]["files"]) != (size, files):
			yield "%s: %d bytes in %d files, dpkg %d in %d (%s ...)" % (
				name, rows[name]["bytes"], rows[name]["files"], size, files, " ".join(paths[:3]))


def set_difference(what, ours, theirs):
	if ours != theirs:
		yield "%s: only here %s, only apt %s" % (what, sorted(ours - theirs)[:10], sorted(theirs - ours)[:10])


def reason_differences(rows, container):
	"""Lines on packages that are here for another reason than apt says."""
	unneeded = container.removed("autoremove")
	without = container.removed("-o", "APT::AutoRemove::RecommendsImportant=false", *UNSUGGESTED, "autoremove")
	suggested = container.removed(*UNSUGGESTED, "autoremove")
	yield from set_difference("unneeded", {name for name, row in rows.items() if row["unneeded"]}, unneeded)
	yield from set_difference("recommended", {name for name, row in rows.items() if row["recommended_only"]}, without - suggested)


def cost_differences(rows, container):
	"""Lines on recommended packages that would take along others than apt removes with them, of those nothing depends on."""
	names, anyway = [name for name, row in rows.items() if row["recommended_only"]], container.removed(*UNSUGGESTED, "autoremove")
	for name in sorted(names, key=lambda name: -rows[name]["brings_bytes"])[:MOST_COSTLY]:
		if container.removed("remove", name) != {name}:	# what depends on it would go as well
			continue
		gone = container.removed(*UNSUGGESTED, "--auto-remove", "remove", name) - anyway
		theirs = len(gone), sum(rows[each]["bytes"] for each in gone)
		ours = rows[name]["brings_packages"], rows[name]["brings_bytes"]
		if ours != theirs:
			yield "%s brings in %d packages of %d bytes, apt removes %d of %d" % (name, *ours, *theirs)


def compare(analysis, docker, image):
	"""(differences as lines, the rows, what dpkg says)"""
	container = Container(docker, image)
	architecture = container.architecture()
	rows = our_packages(analysis, architecture)
	theirs = {plain(name, architecture): value for name, value in container.packages().items()}
	if not theirs:
		raise engine.Unusable("%s has no dpkg, or no packages" % image)
	wrong = [*size_differences(rows, theirs), *reason_differences(rows, container), *cost_differences(rows, container)]
	return wrong, rows, theirs
