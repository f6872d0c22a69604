#!/bin/sh
# SPDX-License-Identifier: MIT
set -eu

usage() {
	cat <<-'END'
		Usage: scripts/make-bench-images.sh [--light | --heavy] [--keep] FOLDER

		Writes the images that `make bench` reads to FOLDER, each in three forms: NAME.tar as docker save
		writes it, NAME-gzip.oci.tar and NAME-zstd.oci.tar as OCI archives with layers compressed by skopeo.
		What is there already stays as it is; remove a file to have it made again.

		  light   fixtures/bench/light: some 400 MB, 6 layers, little waste
		  heavy   fixtures/bench/heavy: a naive R image, 4.5 GB, 11 layers, 1,000 whiteouts. Takes five
		          minutes and fetches 900 MB of Debian's packages; all three forms take 10 GB of disk.

		  --light      only the light one
		  --heavy      only the heavy one
		  --keep       leave them in docker too, as layeropt-bench-light:1 and layeropt-bench-heavy:1
		  -h, --help

		Needs docker (DOCKER names another client), mmdebstrap and skopeo for what is missing.
	END
}

refuse() {
	echo "make-bench-images: $1" >&2
	echo "try: scripts/make-bench-images.sh --help" >&2
	exit 2
}

fail() {
	echo "make-bench-images: $1" >&2
	exit 1
}

root=$(cd "$(dirname "$0")/.." && pwd)
docker=${DOCKER:-docker}
DOCKER_BUILDKIT=${DOCKER_BUILDKIT:-0}
export DOCKER_BUILDKIT
names='light heavy'
keep=
folder=
for argument in "$@"; do
	case $argument in
	--light | --heavy)
		[ "$names" = 'light heavy' ] || refuse "$argument: one of --light and --heavy"
		names=${argument#--}
		;;
	--keep) keep=yes ;;
	-h | --help)
		usage
		exit 0
		;;
	-*) refuse "$argument: no such option" ;;
	*)
		[ -z "$folder" ] || refuse "$argument: one folder is enough"
		[ -n "$argument" ] || refuse "the folder's name is empty"
		folder=$argument
		;;
	esac
done
[ -n "$folder" ] || refuse "the folder is missing"
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
work=$(mktemp -d "$folder/making-XXXXXX")

# The containers of a build that was interrupted would hold its layers; --force-rm sees to the rest. Layers
# without a name carry the label of the Dockerfiles.
made=
clean() {
	rm -rf "$work"
	[ -n "$made" ] || return 0
	if [ -z "$keep" ]; then
		# shellcheck disable=SC2086 # a list of names
		"$docker" rmi $made >/dev/null 2>&1 || :
	fi
	"$docker" image ls -q --filter dangling=true --filter label=layeropt.fixture=bench |
		xargs -r "$docker" rmi >/dev/null 2>&1 || :
}
trap clean EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

need() {
	command -v "$1" >/dev/null || fail "$1 is not there: sh scripts/install-deps.sh $2 installs it"
}

# room GIGABYTES: there is that much left in the folder
room() {
	left=$(df -kP "$folder" | awk 'NR == 2 { print int($4 / 1000 / 1000) }')
	[ "$left" -ge "$1" ] || fail "$left GB are left for $folder; $1 GB are needed"
}

build_light() {
	"$docker" image inspect debian:bookworm-slim >/dev/null 2>&1 ||
		"$root/scripts/make-base-image.sh" debian:bookworm-slim
	made="$made layeropt-bench-light:1"
	"$docker" build --network host --force-rm -t layeropt-bench-light:1 \
		-f "$root/fixtures/bench/light/Dockerfile" "$root/fixtures/bench/heavy"
}

# Manuals are part of what makes it heavy: the base is Debian as Debian ships it.
build_heavy() {
	made="$made layeropt-bench-heavy:1 layeropt-bench-base:1"
	"$docker" image inspect layeropt-bench-base:1 >/dev/null 2>&1 ||
		"$root/scripts/make-base-image.sh" --plain layeropt-bench-base:1
	"$docker" build --network host --force-rm -t layeropt-bench-heavy:1 --build-arg BASE=layeropt-bench-base:1 \
		"$root/fixtures/bench/heavy"
}

# save NAME: as docker save writes it
save() {
	need "$docker" docker
	need mmdebstrap bench
	"$docker" version >/dev/null 2>&1 || fail "$docker does not answer: is its daemon running?"
	"build_$1"
	"$docker" save -o "$work/$1.tar" "layeropt-bench-$1:1"
	chmod 644 "$work/$1.tar"
	mv "$work/$1.tar" "$folder/"
}

# pack NAME COMPRESSION: as an OCI archive
pack() {
	need skopeo bench
	file=$work/$1-$2.oci.tar
	skopeo copy -q --dest-compress-format "$2" "docker-archive:$folder/$1.tar" "oci-archive:$file:$1:1"
	mv "$file" "$folder/"
}

for name in $names; do
	if [ -e "$folder/$name.tar" ] && [ -e "$folder/$name-gzip.oci.tar" ] && [ -e "$folder/$name-zstd.oci.tar" ]; then
		continue
	fi
	if [ "$name" = heavy ]; then room 20; else room 2; fi
	if [ ! -e "$folder/$name.tar" ]; then
		echo "making $name.tar" >&2
		rm -f "$folder/$name"-*.oci.tar # they would be of another image
		save "$name" >&2
	fi
	for compression in gzip zstd; do
		[ ! -e "$folder/$name-$compression.oci.tar" ] || continue
		echo "making $name-$compression.oci.tar" >&2
		pack "$name" "$compression"
	done
done
