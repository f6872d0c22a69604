/* SPDX-License-Identifier: MIT */
#include "report/view.h"

#include <time.h>

#include "base/cleanup.h"
#include "base/escape.h"
#include "base/secrets.h"
#include "base/size.h"
#include "report/printer.h"

/* Cut lists. */

uint64_t lopt_waste_bytes_from(const struct lopt_analysis *analysis, size_t shown)
{
	uint64_t sum = analysis->omitted.waste.bytes;
	for (size_t i = shown; i < analysis->waste_count; i++)
		sum = lopt_add_saturating(sum, analysis->waste[i].bytes, NULL);
	return sum;
}

uint64_t lopt_known_bytes_from(const struct lopt_analysis *analysis, size_t shown)
{
	uint64_t sum = analysis->omitted.known.bytes;
	for (size_t i = shown; i < analysis->known_count; i++)
		sum = lopt_add_saturating(sum, analysis->known[i].bytes, NULL);
	return sum;
}

uint64_t lopt_duplicate_bytes_from(const struct lopt_analysis *analysis, size_t shown)
{
	uint64_t sum = analysis->omitted.duplicates.bytes;
	for (size_t i = shown; i < analysis->duplicate_count; i++)
		sum = lopt_add_saturating(sum, analysis->duplicates[i].bytes, NULL);
	return sum;
}

uint64_t lopt_package_bytes_from(const struct lopt_analysis *analysis, size_t shown)
{
	uint64_t sum = analysis->omitted.packages.bytes;
	for (size_t i = shown; i < analysis->package_count; i++)
		sum = lopt_add_saturating(sum, analysis->packages[i].bytes, NULL);
	return sum;
}

uint64_t lopt_finding_bytes_from(const struct lopt_analysis *analysis, size_t shown)
{
	uint64_t sum = analysis->omitted.findings.bytes;
	for (size_t i = shown; i < analysis->finding_count; i++)
		sum = lopt_add_saturating(sum, analysis->findings[i].bytes, NULL);
	return sum;
}

static size_t shown_of(size_t count, size_t top)
{
	return top && top < count ? top : count;
}

static uint64_t rows_from(size_t count, size_t shown, const struct lopt_omitted *omitted)
{
	return lopt_add_saturating(count - shown, omitted->rows, NULL);
}

struct lopt_cut lopt_cut_waste(const struct lopt_analysis *analysis, size_t top)
{
	size_t shown = shown_of(analysis->waste_count, top);
	return (struct lopt_cut){ shown, rows_from(analysis->waste_count, shown, &analysis->omitted.waste),
				  lopt_waste_bytes_from(analysis, shown) };
}

struct lopt_cut lopt_cut_known(const struct lopt_analysis *analysis, size_t top)
{
	size_t shown = shown_of(analysis->known_count, top);
	return (struct lopt_cut){ shown, rows_from(analysis->known_count, shown, &analysis->omitted.known),
				  lopt_known_bytes_from(analysis, shown) };
}

struct lopt_cut lopt_cut_duplicates(const struct lopt_analysis *analysis, size_t top)
{
	size_t shown = shown_of(analysis->duplicate_count, top);
	return (struct lopt_cut){ shown, rows_from(analysis->duplicate_count, shown, &analysis->omitted.duplicates),
				  lopt_duplicate_bytes_from(analysis, shown) };
}

struct lopt_cut lopt_cut_packages(const struct lopt_analysis *analysis, size_t top)
{
	size_t shown = shown_of(analysis->package_count, top);
	return (struct lopt_cut){ shown, rows_from(analysis->package_count, shown, &analysis->omitted.packages),
				  lopt_package_bytes_from(analysis, shown) };
}

struct lopt_cut lopt_cut_directories(const struct lopt_analysis *analysis, size_t top)
{
	size_t shown = shown_of(analysis->directory_count, top);
	uint64_t bytes = analysis->omitted.directories.bytes;
	for (size_t i = shown; i < analysis->directory_count; i++)
		bytes = lopt_add_saturating(bytes, analysis->directories[i].bytes, NULL);
	return (struct lopt_cut){ shown, rows_from(analysis->directory_count, shown, &analysis->omitted.directories),
				  bytes };
}

struct lopt_cut lopt_cut_findings(const struct lopt_analysis *analysis, size_t top)
{
	size_t shown = shown_of(analysis->finding_count, top);
	return (struct lopt_cut){ shown, rows_from(analysis->finding_count, shown, &analysis->omitted.findings),
				  lopt_finding_bytes_from(analysis, shown) };
}

bool lopt_has_packages(const struct lopt_analysis *analysis)
{
	for (size_t i = 0; i < analysis->package_count; i++)
		if (analysis->packages[i].manager)
			return true;
	return analysis->omitted.packages.rows != 0;
}

uint64_t lopt_recommended_count_from(const struct lopt_analysis *analysis, size_t from, uint64_t *bytes)
{
	uint64_t count = analysis->omitted.recommended.rows;
	*bytes = analysis->omitted.recommended.bytes;
	for (size_t i = from; i < analysis->package_count; i++) {
		if (!analysis->packages[i].recommended_only)
			continue;
		count++;
		*bytes = lopt_add_saturating(*bytes, analysis->packages[i].bytes, NULL);
	}
	return count;
}

/* What to do next. */

static bool is_step(const struct lopt_finding *finding)
{
	bool wanted = finding->level == LOPT_LEVEL_SAFE || finding->level == LOPT_LEVEL_STANDARD;
	return wanted && finding->bytes && finding->advice.len;
}

/* Findings come largest first. */
size_t lopt_steps_find(const struct lopt_finding *out[LOPT_STEPS], const struct lopt_analysis *analysis)
{
	size_t count = 0;
	for (size_t i = 0; i < analysis->finding_count && count < LOPT_STEPS; i++)
		if (is_step(&analysis->findings[i]))
			out[count++] = &analysis->findings[i];
	return count;
}

size_t lopt_finding_holder(const struct lopt_finding *finding)
{
	return finding->waste ? finding->waste->layer : finding->layer;
}

const char *lopt_cause_words(enum lopt_cause cause)
{
	return cause == LOPT_CAUSE_METADATA_ONLY ? "metadata only" : lopt_cause_name(cause);
}

/* Text of the image. */

void lopt_text_show(struct lopt_buf *out, struct lopt_str text, const struct lopt_report_options *options)
{
	if (options->show_secrets)
		lopt_buf_str(out, text);
	else
		lopt_secret_mask(out, text);
}

void lopt_instruction_show(struct lopt_buf *out, const struct lopt_analysis *analysis, size_t layer,
			   const struct lopt_report_options *options)
{
	struct lopt_str instruction = analysis->layers[layer].instruction;
	bool unknown = instruction.len == 0 || lopt_str_is(instruction, "(unknown)");
	if (unknown && analysis->has_base && layer < analysis->base_layers)
		lopt_buf_text(out, "base image");
	else if (unknown)
		lopt_buf_text(out, "(unknown)");
	else
		lopt_text_show(out, instruction, options);
}

void lopt_span_show(struct lopt_buf *out, struct lopt_str text, size_t width)
{
	/* An escape takes up to four columns a byte: more raw bytes than that need no look to be too wide. */
	size_t raw = 4 * width;
	LOPT_CLEANUP(lopt_buf_release) struct lopt_buf plain = LOPT_BUF_INIT(SIZE_MAX / 2);
	if (text.len <= raw) {
		lopt_escape_text(&plain, text);
	} else {
		lopt_escape_text(&plain, lopt_str_make(text.ptr, raw / 2));
		lopt_escape_text(&plain, lopt_str_make(text.ptr + text.len - raw / 2, raw / 2));
	}
	struct lopt_str view = lopt_buf_view(&plain);
	if (!plain.failed && lopt_text_width(view) <= width && text.len <= raw) {
		lopt_escape_markdown(out, text);
		return;
	}
	LOPT_CLEANUP(lopt_buf_release) struct lopt_buf cut = LOPT_BUF_INIT(SIZE_MAX / 2);
	if (!plain.failed)
		lopt_text_elide(&cut, view, width);
	out->failed |= plain.failed || cut.failed;
	lopt_escape_markdown(out, lopt_buf_view(&cut));
}

static const char ALNUM[] = "abcdefABCDEF0123456789ghijklmnopqrstuvwxyzGHIJKLMNOPQRSTUVWXYZ";
enum { HEX = 22, ALNUM_COUNT = sizeof ALNUM - 1 };

static bool is_among(char c, const char *set, size_t count)
{
	return memchr(set, c, count);
}

/* Behind a dot or a colon anything else could be a host, a scheme or an emoji. */
static bool is_prose(struct lopt_str text, size_t at)
{
	static const char marks[] = " ,;()%+-'";
	char c = text.ptr[at], next = at + 1 < text.len ? text.ptr[at + 1] : ' ';
	if (c == '.' && is_among(next, "0123456789", 10))
		return true;
	if (c == '.' || c == ':')
		return next == ' ' || next == ')';
	return is_among(c, ALNUM, ALNUM_COUNT) || is_among(c, marks, sizeof marks - 1);
}

/* Seven hexadecimal digits and more are a commit to GitHub, "GH-1" is an issue. */
static bool is_reference(struct lopt_str text, size_t at)
{
	size_t hex = 0;
	while (at + hex < text.len && is_among(text.ptr[at + hex], ALNUM, HEX))
		hex++;
	return hex >= 7 || (text.len - at >= 3 && strncasecmp(text.ptr + at, "gh-", 3) == 0);
}

void lopt_sentence_show(struct lopt_buf *out, struct lopt_str text, size_t width)
{
	bool plain = text.len && text.len <= width && is_among(text.ptr[0], ALNUM, ALNUM_COUNT);
	for (size_t i = 0; plain && i < text.len; i++)
		plain = is_prose(text, i) && !is_reference(text, i);
	if (plain)
		lopt_buf_str(out, text);
	else
		lopt_span_show(out, text, width);
}

void lopt_change_format(struct lopt_buf *out, uint64_t before, uint64_t after)
{
	if (before == after) {
		lopt_buf_text(out, "the same");
		return;
	}
	lopt_buf_char(out, after > before ? '+' : '-');
	lopt_size_format(out, after > before ? after - before : before - after);
}

void lopt_time_format(struct lopt_buf *out, int64_t ns)
{
	int64_t fraction = ns % 1000000000 + (ns % 1000000000 < 0 ? 1000000000 : 0);
	time_t when = (time_t)((ns - fraction) / 1000000000);
	struct tm tm;
	if (!gmtime_r(&when, &tm)) {
		lopt_buf_char(out, '-');
		return;
	}
	lopt_buf_printf(out, "%04d-%02d-%02d %02d:%02d:%02d", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour,
			tm.tm_min, tm.tm_sec);
	if (fraction)
		lopt_buf_printf(out, ".%09lld", (long long)fraction);
}

const char *lopt_digests_words(const struct lopt_analysis *analysis)
{
	if (analysis->digests_verified)
		return "digests verified";
	return "digests not verified (--verify-digests checks them)";
}

struct lopt_str lopt_source_name(const struct lopt_image_info *info)
{
	struct lopt_str name = info->source;
	while (name.len > 1 && name.ptr[name.len - 1] == '/')
		name.len--;
	const char *slash = name.len ? memrchr(name.ptr, '/', name.len - 1) : NULL;
	if (!slash || lopt_str_starts(name, "docker:") || lopt_str_starts(name, "podman:"))
		return name;
	size_t start = (size_t)(slash + 1 - name.ptr);
	return lopt_str_make(name.ptr + start, name.len - start);
}

struct lopt_str lopt_image_name(const struct lopt_image_info *info)
{
	bool is_file = !lopt_str_is(info->source, "-") && !lopt_str_starts(info->source, "docker:") &&
		       !lopt_str_starts(info->source, "podman:");
	return is_file || !info->tag_count ? lopt_source_name(info) : info->tags[0];
}
