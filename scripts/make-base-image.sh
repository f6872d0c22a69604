#!/bin/sh
# SPDX-License-Identifier: MIT
set -eu

usage() {
	cat <<-'END'
		Usage: scripts/make-base-image.sh [--plain] [NAME]

		Makes the image NAME (debian:bookworm-slim when not given) out of Debian's packages, for places
		where no image registry can be reached: a minimal bookworm, bootstrapped with mmdebstrap from the
		apt sources of this machine, with the apt and dpkg settings that the published images have.

		  --plain   without those settings: apt and dpkg as Debian ships them
		  -h, --help

		Needs mmdebstrap and docker (DOCKER names another client). An image NAME that is there is replaced.
	END
}

refuse() {
	echo "make-base-image: $1" >&2
	echo "try: scripts/make-base-image.sh --help" >&2
	exit 2
}

fail() {
	echo "make-base-image: $1" >&2
	exit 1
}

suite=bookworm
docker=${DOCKER:-docker}
plain=
name=
for argument in "$@"; do
	case $argument in
	--plain) plain=yes ;;
	-h | --help)
		usage
		exit 0
		;;
	-*) refuse "$argument: no such option" ;;
	*)
		[ -z "$name" ] || refuse "$argument: one name is enough"
		[ -n "$argument" ] || refuse "the name is empty"
		name=$argument
		;;
	esac
done
name=${name:-debian:bookworm-slim}
printf '%s\n' "$name" | grep -Eqx '[a-z0-9]+([._/-]+[a-z0-9]+)*(:[A-Za-z0-9_][A-Za-z0-9_.-]*)?' ||
	refuse "$name: not a name that an image can have"

command -v mmdebstrap >/dev/null || fail "mmdebstrap is not there: apt-get install mmdebstrap"
command -v "$docker" >/dev/null || fail "$docker is not there: apt-get install docker.io"
"$docker" version >/dev/null 2>&1 || fail "$docker does not answer: is its daemon running?"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

# sources: what apt of this machine knows of the suite. Nothing at all leaves the choice to mmdebstrap.
sources() {
	command -v apt-get >/dev/null || return 0
	# shellcheck disable=SC2016 # apt's own variables
	apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT) $(ORIGIN)' 'Created-By: Packages' |
		awk -v suite="$suite" '
			$2 != suite && $2 != suite "-updates" && $2 != suite "-security" { next }
			$3 != "main" || ($4 != "Debian" && $4 !~ /ORIGIN/) { next }
			{ print "deb", $1, $2, $3 }' | sort -u
}

# settings: how apt of this machine reaches its sources
settings() {
	command -v apt-config >/dev/null || return 0
	apt-config dump | grep -E '^Acquire::(Check-Valid-Until|Check-Date|Retries|https?::Proxy) ' || :
}

# Every RUN of a Dockerfile is a layer: caches that apt keeps for the next call would stay in it.
published_apt() {
	remove='rm -f /var/cache/apt/archives/*.deb /var/cache/apt/archives/partial/*.deb /var/cache/apt/*.bin || true'
	cat >"$1/docker-clean" <<-END
		DPkg::Post-Invoke { "$remove"; };
		APT::Update::Post-Invoke { "$remove"; };
		Dir::Cache::pkgcache "";
		Dir::Cache::srcpkgcache "";
	END
	echo 'Acquire::GzipIndexes "true";' >"$1/docker-gzip-indexes"
	echo 'Acquire::Languages "none";' >"$1/docker-no-languages"
	echo 'Apt::AutoRemove::SuggestsImportant "false";' >"$1/docker-autoremove-suggests"
}

# What makes it slim: no manuals, no translations, of the documentation only the licences.
published_dpkg() {
	echo 'force-unsafe-io' >"$1/docker-apt-speedup"
	for path in doc groff info lintian linda locale man; do
		echo "path-exclude=/usr/share/$path/*"
	done >"$1/docker"
	echo 'path-include=/usr/share/doc/*/copyright' >>"$1/docker"
}

# Files under "$work/more" are added to the finished tar: settings of apt in the tree would make the
# bootstrap's own apt run docker-clean's rm out here, and mmdebstrap ends with taking policy-rc.d away.
add_published() {
	mkdir -p "$work/more/etc/apt/apt.conf.d" "$work/more/etc/dpkg/dpkg.cfg.d" "$work/more/usr/sbin"
	published_apt "$work/more/etc/apt/apt.conf.d"
	published_dpkg "$work/more/etc/dpkg/dpkg.cfg.d"
	printf '#!/bin/sh\nexit 101\n' >"$work/more/usr/sbin/policy-rc.d"
	chmod 644 "$work/more"/etc/*/*/*
	chmod 755 "$work/more/usr/sbin/policy-rc.d"
	(cd "$work/more" && find . -type f | sort) >"$work/files"
	tar -C "$work/more" --owner=0 --group=0 --append -f "$work/root.tar" -T "$work/files"
}

sources >"$work/sources"
settings >"$work/settings"
set -- --quiet --variant=minbase --format=tar
while IFS= read -r setting; do
	set -- "$@" --aptopt="$setting"
done <"$work/settings"
# Caches, and what mmdebstrap copies from this machine. (apt's own cleaning up would leave its caches anew.)
cat >"$work/clean" <<'END'
set -e
rm -rf "$1"/var/lib/apt/lists/* "$1"/var/cache/apt/*.bin "$1"/var/cache/apt/archives/*.deb "$1"/var/log/apt/*
echo debian >"$1/etc/hostname"
: >"$1/etc/resolv.conf"
rm -f "$1/etc/dpkg/dpkg.cfg.d/99mmdebstrap"
END
set -- "$@" --skip=cleanup/apt --customize-hook="sh $work/clean \"\$1\""
if [ -z "$plain" ]; then
	mkdir "$work/dpkg"
	published_dpkg "$work/dpkg"
	set -- "$@" --dpkgopt="$work/dpkg/docker" --dpkgopt="$work/dpkg/docker-apt-speedup"
fi
set -- "$@" "$suite" "$work/root.tar"
if [ -s "$work/sources" ]; then
	set -- "$@" -
fi

echo "bootstrapping $suite" >&2
mmdebstrap "$@" <"$work/sources" >"$work/log" 2>&1 || {
	tail -n 30 "$work/log" >&2
	fail "mmdebstrap failed"
}
[ -n "$plain" ] || add_published
old=$("$docker" image inspect --format '{{.Id}}' "$name" 2>/dev/null) || old=
"$docker" import --change 'CMD ["bash"]' "$work/root.tar" "$name" >/dev/null
if [ -n "$old" ] && [ "$("$docker" image inspect --format '{{len .RepoTags}}' "$old")" = 0 ]; then
	"$docker" rmi "$old" >/dev/null 2>&1 || : # still there when an image was built on it
fi
"$docker" image inspect --format "$name: {{.Size}} bytes" "$name"
