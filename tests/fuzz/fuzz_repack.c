/* SPDX-License-Identifier: MIT */
/*
 * Images, repacked: whatever is planned is written, and proved; doing it again gives the same bytes.
 */
#include <sys/mman.h>

#include "made_image.h"
#include "repack/repack.h"

struct repacking {
	struct lopt_limits limits;
	struct lopt_open_options reading;
	struct lopt_repack_options planning;
	const struct lopt_compression *how;
};

static struct lopt_image *read_image(const struct repacking *r, const char *path)
{
	struct lopt_error err = { 0 };
	struct lopt_image *image = NULL;
	enum lopt_status status = lopt_image_open(&image, path, &r->reading, &err);
	must_be_clean(status, &err);
	if (status != LOPT_OK && getenv("FUZZ_VERBOSE"))
		fprintf(stderr, "%s\n", err.message);
	return image;
}

static void must_be_proved(const struct repacking *r, const struct lopt_repack_plan *plan,
			   const struct lopt_repacked *repacked, const char *path)
{
	struct lopt_error err = { 0 };
	struct lopt_image *after = read_image(r, path);
	MUST(after);
	if (lopt_repack_prove(plan, repacked, after, &r->limits, &err) != LOPT_OK)
		fprintf(stderr, "%s\n", err.message);
	MUST(!err.message[0]);
	lopt_image_free(after);
}

/* The file it was written to, or -1 where it must not be rewritten. */
static int repack(const struct repacking *r, const char *path, char out[64])
{
	struct lopt_error err = { 0 };
	struct lopt_repack_plan plan;
	struct lopt_repacked repacked;
	struct lopt_image *image = read_image(r, path);
	int fd = -1;
	enum lopt_status status = image ? lopt_repack_plan_make(&plan, image, &r->planning, &err) : LOPT_END;
	must_be_clean(status, &err);
	if (status == LOPT_OK) {
		fd = memfd_create("repacked", MFD_CLOEXEC);
		FILE *to = fdopen(dup(fd), "w");
		const struct lopt_repack_writing options = { .how = r->how, .limits = &r->limits };
		MUST(to && lopt_repack_write(&repacked, &plan, &options, to, "out.tar", &err) == LOPT_OK);
		MUST(fclose(to) == 0);
		(void)snprintf(out, 64, "/proc/self/fd/%d", fd);
		must_be_proved(r, &plan, &repacked, out);
		lopt_repacked_release(&repacked);
		lopt_repack_plan_release(&plan);
	}
	lopt_image_free(image);
	return fd;
}

static void must_be_the_same(int a, int b)
{
	off_t size = lseek(a, 0, SEEK_END);
	MUST(size > 0 && lseek(b, 0, SEEK_END) == size);
	char *left = malloc((size_t)size), *right = malloc((size_t)size);
	MUST(left && right && pread(a, left, (size_t)size, 0) == size && pread(b, right, (size_t)size, 0) == size);
	MUST(memcmp(left, right, (size_t)size) == 0);
	free(left);
	free(right);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct lopt_compression ways[] = { { LOPT_CODEC_PLAIN, 0 },
							{ LOPT_CODEC_GZIP, 1 },
							{ LOPT_CODEC_ZSTD, 1 } };
	struct feed feed = { data, size };
	struct draft draft = { 0 };
	static const struct lopt_repack_options modes[4] = { { .mode = LOPT_REPACK_TRIM },
							     { .mode = LOPT_REPACK_MERGE_UPPER },
							     { .mode = LOPT_REPACK_SQUASH },
							     { .mode = LOPT_REPACK_MERGE_UPPER, .dedupe = true } };
	unsigned mode = take(&feed);
	make_draft(&draft, &feed);
	struct repacking r = {
		.limits = fuzz_limits(),
		.reading = { .verify_digests = true,
			     .want_fingerprints = true,
			     .want_places = true,
			     .platform = "linux/amd64" },
		.planning = modes[(mode >> 4) & 3],
		.how = (mode & 3) == 3 ? NULL : &ways[mode & 3],
	};
	r.planning.has_base_layers = true;
	r.planning.base_layers = mode & 0x80 ? 1 : 0;
	r.limits.zstd_window_bytes = 8 << 20; /* what zstd writes has to be read again */
	r.reading.limits = r.planning.limits = &r.limits;
	struct lopt_buf archive = make_archive(&draft, (mode >> 2) & 3);
	char path[64], once_path[64], twice_path[64];
	int fd = test_memory_file(archive.data, archive.len, path);
	MUST(fd >= 0 && !archive.failed);
	int once = repack(&r, path, once_path);
	if (once >= 0) {
		int twice = repack(&r, once_path, twice_path);
		MUST(twice >= 0);
		must_be_the_same(once, twice);
		(void)close(twice);
		(void)close(once);
	}
	(void)close(fd);
	lopt_buf_release(&archive);
	release_draft(&draft);
	return 0;
}
