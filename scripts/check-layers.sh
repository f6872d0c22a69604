#!/bin/sh
# SPDX-License-Identifier: MIT
# Holds the includes of analyzer/ to the order in analyzer/LAYERS: a room includes itself, rooms of earlier
# lines, and public headers; every include in quotes spells its room.
set -u
cd "$(dirname "$0")/.." || exit 2
# shellcheck disable=SC2016 # an awk program
{
	find analyzer -mindepth 2 -name '*.[ch]'
	find include/layeropt -name '*.h'
} | LC_ALL=C sort | LC_ALL=C xargs awk '
	BEGIN {
		while ((getline line < "analyzer/LAYERS") > 0) {
			if (line ~ /^#/)
				continue
			level++
			n = split(line, rooms, " ")
			for (i = 1; i <= n; i++)
				rank[rooms[i]] = level
		}
	}
	function wrong(why) {
		printf "not ok %s:%d: %s\n", FILENAME, FNR, why
		bad[FILENAME] = 1
	}
	FNR == 1 {
		split(FILENAME, part, "/")
		room = part[1] == "include" ? "" : part[2]
		files++
		if (room != "" && !(room in rank))
			wrong("the room " room " is not in analyzer/LAYERS")
	}
	/^[ \t]*#[ \t]*include[ \t]*"/ {
		split($0, quoted, "\"")
		n = split(quoted[2], path, "/")
		to = path[1]
		if (to == "layeropt")
			next
		if (n < 2)
			wrong("\"" quoted[2] "\" does not spell its room")
		else if (room == "")
			wrong("a public header includes " quoted[2])
		else if (!(to in rank))
			wrong("\"" quoted[2] "\" is in no room of analyzer/LAYERS")
		else if (to != room && rank[to] > rank[room])
			wrong("includes " quoted[2] ", of a later room")
		else if (to != room && rank[to] == rank[room])
			wrong("includes " quoted[2] ", of a sibling")
	}
	END {
		for (f in bad)
			failed++
		printf "%d passed, %d failed\n", files - failed, failed
		exit failed > 0
	}' || exit 1
