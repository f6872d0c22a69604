#!/bin/sh
# SPDX-License-Identifier: MIT
# The volumes that keep what R packages and compilers have made. See usage() or --help.
set -eu

usage() {
	cat <<'END'
Usage: scripts/setup-cache.sh COMMAND [OPTION]... [PACKAGE]...

Every R CMD INSTALL of the development image, and so install.packages(), remotes
and devtools, takes from the cache what was installed before on the same R,
system and compiler; compilers go through ccache (docs/r-environment.md).

  create       make the volumes; those that are there stay as they are
  warm         install PACKAGEs (all of the repository when none is named) with
               what they need into a library that is thrown away, so that the
               cache has them. Needs --repository
  status       entries, bytes, what is stale; hit rate of all and the last set-up
  verify       hash every entry; what is damaged goes, and the exit is 1
  prune        remove what is stale (made for another R, system or compiler), of
               which a newer version was used later, and with --days N also what
               was not used for N days
  destroy      remove the volumes and all they hold
  repository   write a CRAN-like repository to the folder --repository: with
               --from demo (default) --count packages generated from
               fixtures/r-env/pkg, with --from debian Debian's sources of
               packages of CRAN, of 21 those that apt can fetch
  measure      in a volume of its own: time a set-up without the cache, with an
               empty one, again, and with one package more; print times and hit
               rates. Needs --repository

  --image NAME         the development image (r-env:development)
  --cache NAME         the volume of the cache (r-env-cache)
  --library NAME       the volume of installed packages (r-env-library)
  --repository PLACE   a folder with src/contrib, or a URL
  --from WHAT          demo or debian
  --count N            packages of a demo repository (21)
  --days N             for prune
  --runs N             for measure: set-ups from the cache, of which the median
                       counts (3)
  --format FORMAT      for status and measure: text or json
  -h, --help           show this and exit

Exit: 0 done; 1 a damaged entry was found, or not everything could be installed;
2 wrong usage; 4 the surroundings failed. DOCKER names another client.
END
}

refuse() {
	printf 'setup-cache: %s\ntry: scripts/setup-cache.sh --help\n' "$1" >&2
	exit 2
}

fail() {
	printf 'setup-cache: %s\n' "$1" >&2
	exit 4
}

# number NAME VALUE
number() {
	case $2 in
	'' | *[!0-9]*) refuse "$1 $2: it is a number" ;;
	esac
}

docker=${DOCKER:-docker}
here=$(cd "$(dirname "$0")" && pwd)
image=r-env:development
cache=r-env-cache
library=r-env-library
repository=
from=demo
amount=21
days=
runs=3
format=text
command=
packages=
while [ $# -gt 0 ]; do
	word=$1
	shift
	case $word in
	-h | --help)
		usage
		exit 0
		;;
	--*=*)
		set -- "${word#*=}" "$@"
		word=${word%%=*}
		;;
	--image | --cache | --library | --repository | --from | --count | --days | --runs | --format)
		[ $# -gt 0 ] || refuse "$word needs a value"
		;;
	-*) refuse "$word: no such option" ;;
	create | warm | status | verify | prune | destroy | repository | measure)
		if [ -z "$command" ]; then
			command=$word
			continue
		fi
		;;
	esac
	case $word in
	--image) image=$1 ;;
	--cache) cache=$1 ;;
	--library) library=$1 ;;
	--repository) repository=$1 ;;
	--from) from=$1 ;;
	--count) amount=$1 && number --count "$1" ;;
	--days) days=$1 && number --days "$1" ;;
	--runs) runs=$1 && number --runs "$1" ;;
	--format) format=$1 ;;
	--*) refuse "$word: no such option" ;;
	*)
		[ -n "$command" ] || refuse "$word: no such command"
		printf '%s\n' "$word" | grep -Eqx '[A-Za-z][A-Za-z0-9.]*' || refuse "$word: not the name of an R package"
		packages="$packages $word"
		continue
		;;
	esac
	shift
done
[ -n "$command" ] || refuse 'a command is missing'
case $from in demo | debian) ;; *) refuse "--from $from: it is demo or debian" ;; esac
case $format in text | json) ;; *) refuse "--format $format: it is text or json" ;; esac
for name in "$cache" "$library"; do
	printf '%s\n' "$name" | grep -Eqx '[A-Za-z0-9][A-Za-z0-9_.-]+' || refuse "$name: not a name that a volume can have"
done
if [ "$amount" -lt 2 ] || [ "$amount" -gt 99 ]; then refuse "--count $amount: from 2 to 99"; fi
[ "$runs" -gt 0 ] || refuse '--runs 0: at least one'
case $command in
warm) ;;
*) [ -z "$packages" ] || refuse "$command takes no packages:$packages" ;;
esac
case $command in
warm | measure | repository) [ -n "$repository" ] || refuse "$command needs --repository" ;;
esac
case $command:$repository in
repository:*://* | measure:*://*) refuse "$command: --repository is a folder" ;;
esac
"$docker" version >/dev/null 2>&1 || fail "$docker does not answer: is its daemon running?"

need_image() {
	"$docker" image inspect "$image" >/dev/null 2>&1 ||
		fail "$image is not there: docker build -f Dockerfile.multistage --target development -t $image ."
}

need_volume() {
	"$docker" volume inspect "$cache" >/dev/null 2>&1 || fail "the volume $cache is not there: scripts/setup-cache.sh create"
}

# in_container OPTION... IMAGE COMMAND...: a signal goes to all that runs there (-g of docker's init, by its environment)
in_container() {
	"$docker" run --rm -i --init -e TINI_KILL_PROCESS_GROUP=1 --label "r-env-run=$$" "$@"
}

# stop STATUS: the containers of this run that are still there, also one that the engine was just about to make
stop() {
	for _ in 1 2; do
		for id in $("$docker" ps --quiet --all --filter "label=r-env-run=$$"); do
			"$docker" rm -f "$id" >/dev/null 2>&1 || :
		done
		sleep 1
	done
	exit "$1"
}
trap 'stop 130' INT
trap 'stop 143' TERM

# make VOLUME FOLDER: with the owner that the image gives it
make() {
	"$docker" volume inspect "$1" >/dev/null 2>&1 || "$docker" volume create --label r-env=1 "$1" >/dev/null
	# shellcheck disable=SC2016 # for the shell in the container
	in_container --network none --user 0 -v "$1:$2" "$image" sh -c '
		user=$(id -u r) && mkdir -p "$@" && chown "$user:$user" "$@"' sh "$2" "$3" "$4" </dev/null
}

# place: how the container reaches the repository, and the mount that takes it there
place=
mount=
if [ -n "$repository" ]; then
	case $repository in
	http://* | https://* | file://*) place=$repository ;;
	*)
		if [ "$command" != repository ]; then
			[ -f "$repository/src/contrib/PACKAGES" ] ||
				fail "$repository: no repository of R packages (no src/contrib/PACKAGES)"
			mount=$(cd "$repository" && pwd)
		fi
		place=file:///repository
		;;
	esac
fi

# inside VOLUME COMMAND ARGUMENT...: cache.sh, in the container
inside() {
	volume=$1
	shift
	in_container ${uncached:+-e R_PACKAGE_CACHE=} -e FORMAT="$format" -v "$volume:/cache" \
		${mount:+-v "$mount:/repository:ro"} "$image" sh -s "$@" <"$here/r-env/cache.sh"
}

make_repository() {
	need_image
	mkdir -p "$repository/src/contrib" || fail "$repository: cannot be made"
	[ -z "$(find "$repository/src/contrib" -name '*.tar.gz' -print -quit)" ] || [ -f "$repository/.made-by-setup-cache" ] ||
		refuse "$repository: holds packages that are not from here"
	rm -f "$repository"/src/contrib/*.tar.gz "$repository"/src/contrib/PACKAGES*
	: >"$repository/.made-by-setup-cache"
	target=$(cd "$repository" && pwd)
	in_container --user 0 -v "$target:/repository" -v "$here/../fixtures/r-env/pkg:/demo:ro" \
		-e OWNER="$(id -u):$(id -g)" "$image" sh -s "$from" "$amount" <"$here/r-env/repository.sh"
}

# unneeded PACKAGES: the last package of the index that no other one there needs
unneeded() {
	awk '
		/^[^ \t]/ { inside = /^(Depends|Imports|LinkingTo):/ }
		/^Package: / { names[++count] = $2 }
		inside {
			gsub(/\([^)]*\)|^[A-Za-z]+:|,/, " ")
			for (i = 1; i <= NF; i++) needed[$i] = 1
		}
		END {
			while (count && names[count] in needed) count--
			if (count) print names[count]
		}' "$1"
}

# The set-ups that measure times: each in a container of its own, with a library that is thrown away.
measure() {
	need_image
	cache=r-env-measure-$$
	trap '"$docker" volume rm -f "$cache" >/dev/null 2>&1 || :' EXIT
	make "$cache" /cache /cache/packages /cache/ccache
	last=$(unneeded "$mount/src/contrib/PACKAGES")
	[ -n "$last" ] || fail "$repository: every package is needed by another one"
	all=$(awk '/^Package: / { print $2 }' "$mount/src/contrib/PACKAGES" | grep -vx "$last")
	count=$(echo "$all" | wc -l)
	# A first start reads the image from the disk; it is nobody's time.
	"$docker" run --rm --network none "$image" Rscript -e 'library(tools)' >/dev/null
	echo "a set-up of $count packages without the cache" >&2
	# shellcheck disable=SC2086 # names
	none=$(uncached=1 && inside "$cache" warm "$place" none $all) || fail 'the set-up without the cache failed'
	echo 'with an empty cache' >&2
	# shellcheck disable=SC2086
	first=$(inside "$cache" warm "$place" first $all) || fail 'the set-up with an empty cache failed'
	echo "from the cache, $runs times" >&2
	times='' rates=''
	run=0
	while [ "$run" -lt "$runs" ]; do
		run=$((run + 1))
		# shellcheck disable=SC2086
		again=$(inside "$cache" warm "$place" "again-$run" $all) || fail 'the set-up from the cache failed'
		times="$times $(milliseconds "$again")"
		rates="$rates $(percent "$again")"
	done
	echo 'with one package more' >&2
	more=$(inside "$cache" warm "$place" more) || fail 'the set-up with one package more failed'
	# shellcheck disable=SC2086
	median=$(printf '%s\n' $times | sort -n | sed -n "$(((runs + 1) / 2))p")
	# shellcheck disable=SC2086
	worst=$(printf '%s\n' $rates | sort -n | head -n 1)
	without=$(milliseconds "$none")
	saved=$(awk -v a="$without" -v b="$median" 'BEGIN { printf "%.1f", 100 * (a - b) / a }')
	if [ "$format" = json ]; then
		printf '{\n  "packages": %d,\n  "without_ms": %d,\n  "first_ms": %d,\n  "again_ms": %d,\n' "$count" "$without" \
			"$(milliseconds "$first")" "$median"
		printf '  "runs": %d,\n  "hit_rate_percent": %s,\n  "saved_percent": %s,\n' "$runs" "$worst" "$saved"
		printf '  "one_more_ms": %d,\n  "one_more_hit_rate_percent": %s\n}\n' "$(milliseconds "$more")" "$(percent "$more")"
		return
	fi
	printf 'a set-up of %d packages\n' "$count"
	printf '  without the cache       %8d ms\n' "$without"
	printf '  with an empty cache     %8d ms\n' "$(milliseconds "$first")"
	printf '  from the cache          %8d ms   %s %% less, hit rate %s %% (median and worst of %d)\n' "$median" "$saved" \
		"$worst" "$runs"
	printf '  with one package more   %8d ms   hit rate %s %%\n' "$(milliseconds "$more")" "$(percent "$more")"
}

# of the line that warm prints
milliseconds() {
	echo "$1" | sed -n 's/.*, \([0-9]*\) ms$/\1/p'
}
percent() {
	echo "$1" | sed -n 's/^\([0-9.]*\|-\) % of .*/\1/p'
}

case $command in
create)
	need_image
	make "$cache" /cache /cache/packages /cache/ccache
	make "$library" /r/library /r/library /r/library
	echo "volumes: $cache (packages and ccache), $library (installed packages)"
	;;
warm)
	need_image
	need_volume
	# shellcheck disable=SC2086 # names
	inside "$cache" warm "$place" "warm-$(date +%s)" $packages
	;;
status | verify)
	need_image
	need_volume
	inside "$cache" "$command"
	;;
prune)
	need_image
	need_volume
	inside "$cache" prune "$days"
	;;
destroy)
	for name in "$cache" "$library"; do
		if "$docker" volume inspect "$name" >/dev/null 2>&1; then
			"$docker" volume rm "$name" >/dev/null || fail "$name is in use: docker-compose down"
			echo "removed: $name"
		fi
	done
	;;
repository) make_repository ;;
measure) measure ;;
esac
