/* SPDX-License-Identifier: MIT */
#include "dockerfile/history.h"

#include "base/buf.h"
#include "base/cleanup.h"
#include "dockerfile/record.h"

const char *lopt_builder_name(enum lopt_builder builder)
{
	switch (builder) {
	case LOPT_BUILDER_LEGACY:
		return "docker";
	case LOPT_BUILDER_BUILDKIT:
		return "buildkit";
	case LOPT_BUILDER_BUILDAH:
		return "buildah";
	case LOPT_BUILDER_KANIKO:
		return "kaniko";
	case LOPT_BUILDER_UNKNOWN:
		break;
	}
	return "unknown";
}

enum lopt_builder lopt_history_builder(const struct lopt_history *entry)
{
	return lopt_record_read(entry).builder;
}

static void add_part(struct lopt_buf *out, struct lopt_str part)
{
	if (part.len == 0)
		return;
	if (out->len)
		lopt_buf_char(out, ' ');
	/* A here-document's script has lines; the instruction is shown on one. */
	for (size_t i = 0; i < part.len; i++)
		lopt_buf_char(out, part.ptr[i] == '\n' || part.ptr[i] == '\r' ? ' ' : part.ptr[i]);
}

struct lopt_str lopt_history_instruction(struct lopt_arena *arena, const struct lopt_history *entry)
{
	struct lopt_record record = lopt_record_read(entry);
	LOPT_CLEANUP(lopt_buf_release) struct lopt_buf out = LOPT_BUF_INIT(entry->created_by.len + 64);
	add_part(&out, lopt_str_from(lopt_keyword_name(record.keyword)));
	add_part(&out, record.flags);
	if (record.sources_lost)
		add_part(&out, lopt_str_from("(sources not recorded)"));
	add_part(&out, record.text);
	if (out.failed)
		return lopt_str_make(NULL, 0);
	return lopt_arena_copy(arena, lopt_buf_view(&out));
}
