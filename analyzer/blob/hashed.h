/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_BLOB_HASHED_H
#define LAYEROPT_BLOB_HASHED_H

#include "blob/digest.h"
#include "blob/fingerprint.h"
#include "io/sink.h"
#include "io/stream.h"

/**
 * What this process hashed: what has the fingerprint has the digest. Whoever comes upon it once more need not compute a digest
 * again, which takes several times as long. The fingerprint is that of the bytes, or of an uncompressed layer that of its parts
 * (layer/parts.h), and compared with one of the same kind.
 */
struct lopt_hashed {
	struct lopt_digest digest;
	unsigned char fingerprint[LOPT_FINGERPRINT_SIZE];
};
/** NULL: it is not among them. */
const struct lopt_hashed *lopt_hashed_find(const struct lopt_hashed *list, size_t count,
					   const struct lopt_digest *digest);

/** LOPT_E_INPUT: bytes of this fingerprint are not what was `hashed`; NULL, those without one, never are. */
LOPT_CHECKED enum lopt_status lopt_hashed_check(const struct lopt_hashed *hashed, const unsigned char *fingerprint,
						struct lopt_error *err);

/** How a digest is come by. */
enum lopt_hashing {
	LOPT_HASHING,		  /* computed */
	LOPT_HASHING_TO_REMEMBER, /* computed, and with it the fingerprint */
};

/** Takes the digest of whatever is read through it, or sees that it is what was `hashed`; cannot skip. */
struct lopt_digest_stream {
	struct lopt_stream stream;
	struct lopt_stream *below;
	const struct lopt_hashed *hashed;
	struct lopt_hasher hasher;	   /* without `hashed` */
	struct lopt_fingerprinter printer; /* with it, and to remember; else zeroed */
};
/** `hashed` is borrowed, or NULL: nobody knows. Release *digest in any case. */
LOPT_CHECKED enum lopt_status lopt_digest_stream_init(struct lopt_digest_stream *digest, struct lopt_stream *below,
						      enum lopt_digest_algorithm algorithm, enum lopt_hashing how,
						      const struct lopt_hashed *hashed, struct lopt_error *err);
/** out->fingerprint only where it is to be remembered. LOPT_E_INPUT: it is not what was hashed. */
LOPT_CHECKED enum lopt_status lopt_digest_stream_finish(struct lopt_digest_stream *digest, struct lopt_hashed *out,
							struct lopt_error *err);
/** Zeroed is fine. */
void lopt_digest_stream_release(struct lopt_digest_stream *digest);

/** Hashes and counts whatever is written through it, and fingerprints it to remember. `below` NULL: it ends here. */
struct lopt_digest_sink {
	struct lopt_sink sink;
	struct lopt_sink *below;
	struct lopt_hasher hasher;
	struct lopt_fingerprinter printer; /* to remember; else zeroed */
	uint64_t count;
};
/** Release *digest in any case. */
LOPT_CHECKED enum lopt_status lopt_digest_sink_init(struct lopt_digest_sink *digest, struct lopt_sink *below,
						    enum lopt_digest_algorithm algorithm, enum lopt_hashing how,
						    struct lopt_error *err);
/** out->fingerprint only where it is to be remembered. */
LOPT_CHECKED enum lopt_status lopt_digest_sink_finish(struct lopt_digest_sink *digest, struct lopt_hashed *out,
						      struct lopt_error *err);
/** Zeroed is fine. */
void lopt_digest_sink_release(struct lopt_digest_sink *digest);

#endif
