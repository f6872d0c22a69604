/* SPDX-License-Identifier: MIT */
/* Parse, dump and align; the history holds an entry of every builder, so that each way to word things is reached. */
#include <stdlib.h>

#include "dockerfile/node.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ENTRY(text, note, who, empty)                                                            \
	{                                                                                        \
		.created_by = { text, sizeof(text) - 1 }, .comment = { note, sizeof(note) - 1 }, \
		.author = { who, sizeof(who) - 1 }, .empty_layer = empty, .layer = LOPT_NO_LAYER \
	}

#define BUILDERS 4
static const struct lopt_history histories[BUILDERS][6] = {
	{
		ENTRY("/bin/sh -c #(nop) ADD file:0123 in / ", "", "", false),
		ENTRY("/bin/sh -c #(nop)  ENV A=1 B=two words", "", "", true),
		ENTRY("|2 A=1 B=two words /bin/bash -o pipefail -c make", "", "", false),
		ENTRY("/bin/sh -c #(nop) COPY --chown=1:1multi:4567 in ./text/ ", "", "", false),
		ENTRY("/bin/sh -c #(nop)  EXPOSE 443 53/udp 8080", "", "", true),
		ENTRY("/bin/sh -c #(nop)  CMD [\"sh\"]", "", "", true),
	},
	{
		ENTRY("COPY a b /c # buildkit", "buildkit.dockerfile.v0", "", false),
		ENTRY("ARG A=1", "buildkit.dockerfile.v0", "", true),
		ENTRY("RUN |1 A=1 /bin/sh -c make # buildkit", "buildkit.dockerfile.v0", "", false),
		ENTRY("WORKDIR /srv/data", "buildkit.dockerfile.v0", "", false),
		ENTRY("EXPOSE map[443/tcp:{} 53/udp:{}]", "buildkit.dockerfile.v0", "", true),
		ENTRY("CMD [\"/bin/sh\" \"-c\" \"echo\"]", "buildkit.dockerfile.v0", "", true),
	},
	{
		ENTRY("/bin/sh -c #(nop) COPY file:01 in /bin/a ", "FROM 0123", "", false),
		ENTRY("/bin/sh -c #(nop) ARG A", "FROM 0123", "", true),
		ENTRY("|1 A=1 /bin/sh -c make", "FROM 0123", "", false),
		ENTRY("/bin/sh -c [\"/bin/true\"]", "FROM 0123", "", false),
		ENTRY("/bin/sh -c #(nop) ENV A 1", "FROM 0123", "", true),
		ENTRY("/bin/sh -c #(nop) CMD [\"sh\"]", "FROM 0123", "", true),
	},
	{
		ENTRY("RUN --mount=type=cache,target=/c make", "", "kaniko", false),
		ENTRY("COPY --chown=1:1 a /b", "", "kaniko", false),
		ENTRY("RUN make", "", "kaniko", false),
		ENTRY("WORKDIR sub", "", "kaniko", false),
		ENTRY("ADD a.tar /", "", "kaniko", false),
		ENTRY("RUN [\"/bin/true\"]", "", "kaniko", false),
	},
};

static void align(const struct lopt_dockerfile *file)
{
	enum { COUNT = sizeof histories[0] / sizeof histories[0][0] };
	for (size_t i = 0; i < BUILDERS; i++) {
		uint32_t lines[COUNT];
		struct lopt_alignment alignment;
		struct lopt_error err;
		enum lopt_status status = lopt_dockerfile_align(file, histories[i], COUNT, lines, &alignment, &err);
		if (status != LOPT_OK && status != LOPT_E_MEMORY)
			abort();
	}
}

/* Instructions lie in the file one behind the other, and their lines say where. */
static void check_spans(const struct lopt_dockerfile *file, struct lopt_str source)
{
	const char *at = source.ptr;
	for (size_t i = 0; i < lopt_dockerfile_count(file); i++) {
		const struct lopt_instruction *in = lopt_dockerfile_at(file, i);
		if (in->source.ptr < at || in->source.ptr + in->source.len > source.ptr + source.len || in->line == 0 ||
		    in->last_line < in->line)
			abort();
		at = in->source.ptr + in->source.len;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct lopt_str source = lopt_str_make((const char *)data, size);
	struct lopt_dockerfile *file = NULL;
	struct lopt_error err;
	if (lopt_dockerfile_parse(&file, source, &err) != LOPT_OK)
		return 0;
	struct lopt_buf out = LOPT_BUF_INIT(64 << 20);
	lopt_dockerfile_dump(&out, file);
	lopt_buf_release(&out);
	check_spans(file, source);
	align(file);
	lopt_dockerfile_free(file);
	return 0;
}
