/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_BLOB_DIGEST_H
#define LAYEROPT_BLOB_DIGEST_H

#include <stdbool.h>
#include <stddef.h>

#include "layeropt/status.h"
#include "layeropt/str.h"

/**
 * Content digests (OCI image-spec, descriptor.md "Digests"): "sha256:" + 64 or "sha512:" + 128 lower-case hex
 * digits; nothing else is accepted (rule P6).
 */
enum lopt_digest_algorithm { LOPT_DIGEST_NONE = 0, LOPT_SHA256, LOPT_SHA512 };

struct lopt_digest {
	enum lopt_digest_algorithm algorithm;
	unsigned char bytes[64];
};

#define LOPT_DIGEST_TEXT_MAX (7 + 128 + 1)

/** Parse "sha256:HEX"; on failure the message shows what was found. */
LOPT_CHECKED enum lopt_status lopt_digest_parse(struct lopt_digest *out, struct lopt_str text, struct lopt_error *err);
/** "sha256:HEX", NUL-terminated; "" for LOPT_DIGEST_NONE. Returns `text`. */
char *lopt_digest_format(char text[LOPT_DIGEST_TEXT_MAX], const struct lopt_digest *digest);
bool lopt_digest_equal(const struct lopt_digest *a, const struct lopt_digest *b);

/** Let libcrypto set itself up, for which it opens files: afterwards hashing opens none. */
LOPT_CHECKED enum lopt_status lopt_digest_prepare(struct lopt_error *err);

/** A running hash, on OpenSSL's EVP. */
struct lopt_hasher {
	void *context;
	enum lopt_digest_algorithm algorithm;
};
LOPT_CHECKED enum lopt_status lopt_hasher_init(struct lopt_hasher *hasher, enum lopt_digest_algorithm algorithm,
					       struct lopt_error *err);
void lopt_hasher_release(struct lopt_hasher *hasher);
/** Start again from nothing, with the same algorithm. */
LOPT_CHECKED enum lopt_status lopt_hasher_reset(struct lopt_hasher *hasher, struct lopt_error *err);
LOPT_CHECKED enum lopt_status lopt_hasher_add(struct lopt_hasher *hasher, const void *bytes, size_t size,
					      struct lopt_error *err);
LOPT_CHECKED enum lopt_status lopt_hasher_finish(struct lopt_hasher *hasher, struct lopt_digest *out,
						 struct lopt_error *err);
/** All at once. */
LOPT_CHECKED enum lopt_status lopt_digest_of(struct lopt_digest *out, enum lopt_digest_algorithm algorithm,
					     const void *bytes, size_t size, struct lopt_error *err);

#endif
