#!/bin/sh
# SPDX-License-Identifier: MIT
# Usage: scripts/install-deps.sh PURPOSE...   (build, test, engine, docker, lint, fuzz, coverage, bench, packaging)
# Installs through apt the Debian packages that the purposes need and that are not there yet.
set -eu

packages=
for purpose in "$@"; do
	case $purpose in
	build) more='gcc libc6-dev make pkgconf libarchive-dev libssl-dev libjansson-dev libcyaml-dev libyaml-dev zlib1g-dev libzstd-dev
		libseccomp-dev scdoc' ;;
	test) more='g++ libcmocka-dev libsqlite3-dev python3 zstd gzip ncdu strace zsh fish libxml2-utils
		python3-jsonschema python3-prometheus-client python3-yaml cmark-gfm curl jq' ;;
	engine) more='python3 git mmdebstrap ca-certificates busybox-static skopeo podman buildah rpm zstd gzip docker-compose
		libxml2-utils' ;;
	docker) more='docker.io iptables' ;;
	lint) more='clang-format clang-tidy cppcheck shellcheck mandoc binutils' ;;
	fuzz) more='clang libclang-rt-dev' ;; # and the sanitizers it only recommends
	coverage) more='gcovr' ;;
	bench) more='python3 time isal zstd openssl skopeo mmdebstrap' ;;
	packaging) more='dpkg-dev debhelper lintian pre-commit python3 ncdu zstd' ;;
	*)
		echo "install-deps: $purpose: it is one of build, test, engine, docker, lint, fuzz, coverage, bench, packaging" >&2
		exit 2
		;;
	esac
	packages="$packages $more"
done

if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
	cat >&2 <<-END
		install-deps: this system has no apt; install what these Debian packages hold and go on with make:
		 $packages
		(and libisal-dev, which makes gzip faster, where there is one; without libseccomp half of the sandbox is missing)
	END
	exit 1
fi

# there PACKAGE: it is installed
there() {
	[ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# ISA-L is not built for every architecture: its absence is not an error.
case " $* " in
*' build '*) optional=libisal-dev ;;
*) optional= ;;
esac
missing=
for package in $packages; do
	there "$package" || missing="$missing $package"
done
if [ -n "$optional" ] && there "$optional"; then
	optional=
fi
[ -n "$missing$optional" ] || exit 0

if [ "$(id -u)" -eq 0 ]; then
	as_root='env'
elif command -v sudo >/dev/null; then
	as_root='sudo env'
elif [ -z "$missing" ]; then
	exit 0
else
	echo "install-deps: run as root, or install sudo, or install these yourself:$missing" >&2
	exit 1
fi

echo "installing:$missing ${optional:+($optional)}"
# apt <verb> <args>: quiet unless it fails
apt() {
	log=$(mktemp)
	if ! $as_root DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=300 "$@" >"$log" 2>&1 </dev/null
	then
		tail -n 20 "$log" >&2
		rm -f "$log"
		return 1
	fi
	rm -f "$log"
}
apt update || echo 'install-deps: apt-get update failed; going on with the package lists there are' >&2
# shellcheck disable=SC2086 # a list of packages
[ -z "$missing" ] || apt install --no-install-recommends $missing
[ -z "$optional" ] || apt install --no-install-recommends "$optional" || echo 'going on without ISA-L'
