/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_DOCKERFILE_RECORD_H
#define LAYEROPT_DOCKERFILE_RECORD_H

#include "dockerfile/history.h"

/*
 * A history entry taken apart. Builders word the same instruction differently; what a record holds is worded alike.
 * For this room and advice.
 */

enum lopt_keyword {
	LOPT_KEYWORD_NONE, /* no instruction that is known */
	LOPT_KEYWORD_ADD,
	LOPT_KEYWORD_ARG,
	LOPT_KEYWORD_CMD,
	LOPT_KEYWORD_COPY,
	LOPT_KEYWORD_ENTRYPOINT,
	LOPT_KEYWORD_ENV,
	LOPT_KEYWORD_EXPOSE,
	LOPT_KEYWORD_FROM,
	LOPT_KEYWORD_HEALTHCHECK,
	LOPT_KEYWORD_LABEL,
	LOPT_KEYWORD_MAINTAINER,
	LOPT_KEYWORD_ONBUILD,
	LOPT_KEYWORD_RUN,
	LOPT_KEYWORD_SHELL,
	LOPT_KEYWORD_STOPSIGNAL,
	LOPT_KEYWORD_USER,
	LOPT_KEYWORD_VOLUME,
	LOPT_KEYWORD_WORKDIR,
	LOPT_KEYWORD_COUNT,
};

/** Any case; LOPT_KEYWORD_NONE for other words. */
enum lopt_keyword lopt_keyword_find(struct lopt_str word);
/** In capitals; "" for LOPT_KEYWORD_NONE. */
const char *lopt_keyword_name(enum lopt_keyword keyword);

struct lopt_record {
	enum lopt_builder builder;
	bool shared; /* docker's classic builder and buildah write such an entry alike */
	enum lopt_keyword keyword;
	struct lopt_str args;  /* RUN: the "|N NAME=value ..." in front of the command, without "|N "; else empty */
	struct lopt_str flags; /* COPY, ADD: "--chown=1:1" as far as they were written */
	struct lopt_str text;  /* behind keyword, flags, build arguments and shell */
	bool sources_lost;     /* COPY, ADD: text is "in DESTINATION" */
};

struct lopt_record lopt_record_read(const struct lopt_history *entry);

/** A command without the shell in front of it ("/bin/sh -c ", "/bin/bash -o pipefail -c ", "cmd /S /C "). */
struct lopt_str lopt_shell_strip(struct lopt_str command);

#endif
