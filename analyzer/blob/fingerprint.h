/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_BLOB_FINGERPRINT_H
#define LAYEROPT_BLOB_FINGERPRINT_H

#include <stdbool.h>
#include <stddef.h>

#include "layeropt/status.h"

/**
 * A fast hash that tells contents apart within one run: GMAC (NIST SP 800-38D) on OpenSSL, under a random key that
 * never leaves the process. Whoever chose two different contents of at most n bytes without the key sees equal
 * fingerprints with a probability below n / 2^131. Two runs have different ones: they are not for printing.
 */
enum { LOPT_FINGERPRINT_SIZE = 16 };

struct lopt_fingerprinter {
	void *context;
};

LOPT_CHECKED enum lopt_status lopt_fingerprinter_init(struct lopt_fingerprinter *printer, struct lopt_error *err);
void lopt_fingerprinter_release(struct lopt_fingerprinter *printer);
/** Start with the next content; also needed before the first. */
LOPT_CHECKED enum lopt_status lopt_fingerprinter_reset(struct lopt_fingerprinter *printer, struct lopt_error *err);
LOPT_CHECKED enum lopt_status lopt_fingerprinter_add(struct lopt_fingerprinter *printer, const void *bytes, size_t size,
						     struct lopt_error *err);
LOPT_CHECKED enum lopt_status lopt_fingerprinter_finish(struct lopt_fingerprinter *printer,
							unsigned char out[LOPT_FINGERPRINT_SIZE],
							struct lopt_error *err);

#endif
