#!/bin/sh
# SPDX-License-Identifier: MIT
# Run by tests/engine/packaging in a Debian container: installs /deb/layeropt.deb, uses what it brought, removes it, and
# prints the listing of /image.tar.zst. The last words on standard error tell what failed.
set -eu
exec 3>&1 >&2
says() { printf '%s\n' "$1"; }

says 'apt-get update'
apt-get -qq -o Acquire::Retries=2 update >/dev/null
says 'a tree without the package'
find / -xdev ! -path '/proc/*' ! -path '/var/lib/apt/*' ! -path '/var/cache/*' ! -path '/var/log/*' | sort >/tmp/before
says 'installing'
DEBIAN_FRONTEND=noninteractive apt-get -qq -y install /deb/layeropt.deb >/tmp/log 2>&1 || { cat /tmp/log; exit 1; }
says 'what dpkg says of it'
[ -z "$(dpkg --verify layeropt)" ]
says 'the program'
layeropt --version | grep -q '^layeropt '
layeropt ls --format ndjson /image.tar.zst >&3
says 'the plugin'
/usr/libexec/docker/cli-plugins/docker-layeropt docker-cli-plugin-metadata | grep -q '"SchemaVersion":"0.1.0"'
/usr/libexec/docker/cli-plugins/docker-layeropt layeropt --help | grep -q '^Usage: docker layeropt'
says 'the manual pages'
for command in $(layeropt help | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\).*/layeropt-\1/p') layeropt; do
	gzip -dc "/usr/share/man/man1/$command.1.gz" | grep -q "^\.TH \"$command\" \"1\""
done
says 'completion'
cmp /usr/share/bash-completion/completions/layeropt - <<END
$(layeropt completion bash)
END
[ -s /usr/share/zsh/vendor-completions/_layeropt ]
[ -s /usr/share/fish/vendor_completions.d/layeropt.fish ]
says 'the licence'
grep -q 'License: Expat' /usr/share/doc/layeropt/copyright
says 'removing'
DEBIAN_FRONTEND=noninteractive apt-get -qq -y purge --auto-remove layeropt >/tmp/log 2>&1 || { cat /tmp/log; exit 1; }
says 'a tree as before'
find / -xdev ! -path '/proc/*' ! -path '/var/lib/apt/*' ! -path '/var/cache/*' ! -path '/var/log/*' | sort >/tmp/after
sed '/^\/tmp\//d; /-old$/d' /tmp/before >/tmp/before.sorted
sed '/^\/tmp\//d; /-old$/d' /tmp/after | diff /tmp/before.sorted -
says "done"
