/* SPDX-License-Identifier: MIT */
/* A saved analysis: what is taken can be shown in every format, and saved and loaded again it is the same. */
#include "base/buf.h"
#include "base/escape.h"
#include "harness.h"
#include "layeropt/report.h"

struct text {
	char *bytes;
	size_t size;
};

static struct text report(const struct lopt_analysis *analysis, const char *format, size_t top)
{
	const struct lopt_report_options options = { .top = top };
	struct text text = { NULL, 0 };
	struct lopt_error err;
	FILE *file = open_memstream(&text.bytes, &text.size);
	MUST(file && lopt_report_format_find(format)->write(file, analysis, &options, &err) == LOPT_OK);
	MUST(fclose(file) == 0);
	return text;
}

/* Nothing that a terminal or a spreadsheet would act on; JSON is ASCII. */
static void must_be_harmless(struct text text, bool ascii)
{
	for (size_t i = 0; i < text.size; i++) {
		unsigned char c = (unsigned char)text.bytes[i];
		MUST(c == '\n' || c == '\r' || (c >= ' ' && c != 0x7f));
		MUST(!ascii || c < 0x80);
	}
	MUST(lopt_utf8_valid(lopt_str_make(text.bytes, text.size)));
}

static void show(const struct lopt_analysis *analysis)
{
	static const char *const formats[] = { "text", "markdown", "csv", "json" };
	for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++)
		for (size_t top = 0; top < 3; top++) {
			struct text text = report(analysis, formats[i], top);
			must_be_harmless(text, i == 3);
			free(text.bytes);
		}
}

static enum lopt_status load(const struct lopt_analysis **out, struct lopt_str json)
{
	struct lopt_error err;
	enum lopt_status status = lopt_analysis_load(out, json, &err);
	MUST(status == LOPT_OK || (status == LOPT_E_USAGE && err.status == status && err.message[0]));
	return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct lopt_analysis *first, *second;
	if (load(&first, lopt_str_make((const char *)data, size)) != LOPT_OK)
		return 0;
	show(first);
	struct text saved = report(first, "json", 0);
	MUST(load(&second, lopt_str_make(saved.bytes, saved.size)) == LOPT_OK);
	struct text again = report(second, "json", 0);
	MUST(saved.size == again.size && memcmp(saved.bytes, again.bytes, saved.size) == 0);
	lopt_analysis_free(first);
	lopt_analysis_free(second);
	free(saved.bytes);
	free(again.bytes);
	return 0;
}
