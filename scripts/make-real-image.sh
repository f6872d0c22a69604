#!/bin/sh
# SPDX-License-Identifier: MIT
set -eu

usage() {
	cat <<-'END'
		Usage: scripts/make-real-image.sh [--base IMAGE] [--output FILE] NAME

		Makes the image NAME by fixtures/real/Dockerfile: R, compilers and data, over 1 GB of content, with
		late chmod -R and chown -R, removed and recreated directories, hard links, files that become
		directories. Takes some minutes and fetches some 300 MB of Debian's packages.

		  --base IMAGE    start from IMAGE (debian:bookworm-slim); it is made by scripts/make-base-image.sh
		                  when it is not there
		  --output FILE   also save the image to FILE, as docker save does
		  -h, --help

		Needs docker (DOCKER names another client) and python3. DOCKER_BUILDKIT=1 builds with BuildKit.
	END
}

refuse() {
	echo "make-real-image: $1" >&2
	echo "try: scripts/make-real-image.sh --help" >&2
	exit 2
}

root=$(cd "$(dirname "$0")/.." && pwd)
docker=${DOCKER:-docker}
DOCKER_BUILDKIT=${DOCKER_BUILDKIT:-0}
export DOCKER_BUILDKIT
base=debian:bookworm-slim
output=
name=
while [ $# -gt 0 ]; do
	case $1 in
	--base | --output)
		[ -n "${2-}" ] || refuse "$1: a value is missing"
		if [ "$1" = --base ]; then base=$2; else output=$2; fi
		shift
		;;
	-h | --help)
		usage
		exit 0
		;;
	-*) refuse "$1: no such option" ;;
	*)
		[ -z "$name" ] || refuse "$1: one name is enough"
		name=$1
		;;
	esac
	shift
done
[ -n "$name" ] || refuse "the name is missing"
printf '%s\n' "$name" | grep -Eqx '[a-z0-9]+([._/-]+[a-z0-9]+)*(:[A-Za-z0-9_][A-Za-z0-9_.-]*)?' ||
	refuse "$name: not a name that an image can have"
"$docker" version >/dev/null 2>&1 || {
	echo "make-real-image: $docker does not answer: is it installed, is its daemon running?" >&2
	exit 1
}

context=$(mktemp -d)
# A build that fails leaves layers without a name behind; they carry the label of the Dockerfile.
clean() {
	rm -rf "$context"
	[ -z "$output" ] || rm -f "$output.part"
	"$docker" image ls -q --filter dangling=true --filter label=layeropt.fixture=real |
		xargs -r "$docker" rmi >/dev/null 2>&1 || :
}
trap clean EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

"$docker" image inspect "$base" >/dev/null 2>&1 || "$root/scripts/make-base-image.sh" "$base"
python3 "$root/fixtures/real/project.py" "$context/project"
"$docker" build --network host --force-rm --build-arg "BASE=$base" -t "$name" \
	-f "$root/fixtures/real/Dockerfile" "$context"
if [ -n "$output" ]; then
	"$docker" save -o "$output.part" "$name"
	mv "$output.part" "$output"
fi
"$docker" image inspect --format "$name: {{.Size}} bytes" "$name"
