/* SPDX-License-Identifier: MIT */
#include "blob/digest.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <string.h>

#include "base/cleanup.h"

static const struct algorithm {
	const char *prefix; /* as written in front of the digits */
	const char *openssl;
	size_t size;
} algorithms[] = {
	[LOPT_SHA256] = { "sha256:", "SHA256", 32 },
	[LOPT_SHA512] = { "sha512:", "SHA512", 64 },
};

static const struct algorithm *algorithm_of(enum lopt_digest_algorithm which)
{
	return which == LOPT_SHA256 || which == LOPT_SHA512 ? &algorithms[which] : NULL;
}

static int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool parse_digits(unsigned char *to, const char *from, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		int high = digit_value(from[2 * i]);
		int low = digit_value(from[2 * i + 1]);
		if (high < 0 || low < 0)
			return false;
		to[i] = (unsigned char)(high << 4 | low);
	}
	return true;
}

static bool parse_as(struct lopt_digest *out, enum lopt_digest_algorithm which, struct lopt_str text)
{
	const struct algorithm *algorithm = &algorithms[which];
	size_t prefix = strlen(algorithm->prefix);
	struct lopt_digest digest = { .algorithm = which };
	if (!lopt_str_starts(text, algorithm->prefix) || text.len != prefix + 2 * algorithm->size ||
	    !parse_digits(digest.bytes, text.ptr + prefix, algorithm->size))
		return false;
	*out = digest;
	return true;
}

enum lopt_status lopt_digest_parse(struct lopt_digest *out, struct lopt_str text, struct lopt_error *err)
{
	if (parse_as(out, LOPT_SHA256, text) || parse_as(out, LOPT_SHA512, text))
		return LOPT_OK;
	return lopt_error_set(err, LOPT_E_INPUT,
			      "\"%.*s\" is no digest (sha256: and 64, or sha512: and 128 lower-case hex digits)",
			      text.len > 160 ? 160 : (int)text.len, text.ptr ? text.ptr : "");
}

char *lopt_digest_format(char text[LOPT_DIGEST_TEXT_MAX], const struct lopt_digest *digest)
{
	static const char digits[] = "0123456789abcdef";
	const struct algorithm *algorithm = algorithm_of(digest->algorithm);
	char *to = text;
	if (algorithm) {
		size_t prefix = strlen(algorithm->prefix);
		memcpy(to, algorithm->prefix, prefix);
		to += prefix;
		for (size_t i = 0; i < algorithm->size; i++) {
			*to++ = digits[digest->bytes[i] >> 4];
			*to++ = digits[digest->bytes[i] & 15];
		}
	}
	*to = '\0';
	return text;
}

bool lopt_digest_equal(const struct lopt_digest *a, const struct lopt_digest *b)
{
	const struct algorithm *algorithm = algorithm_of(a->algorithm);
	return a->algorithm == b->algorithm && (!algorithm || memcmp(a->bytes, b->bytes, algorithm->size) == 0);
}

static enum lopt_status openssl_error(struct lopt_error *err, const char *what)
{
	int reason = ERR_GET_REASON(ERR_peek_last_error());
	ERR_clear_error();
	if (reason == ERR_R_MALLOC_FAILURE || reason == 0) /* without memory it may not even say why */
		return lopt_error_memory(err);
	return lopt_error_set(err, LOPT_E_SYSTEM, "libcrypto cannot compute %s", what);
}

/*
 * Looked up once for all threads and kept: a look-up goes through OpenSSL's shared tables, which 3.0 uses even when another
 * thread lacked the memory to set them up.
 */
static EVP_MD *implementation_of(const struct algorithm *algorithm)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	static EVP_MD *kept[sizeof algorithms / sizeof algorithms[0]];
	size_t at = (size_t)(algorithm - algorithms);
	(void)pthread_mutex_lock(&lock);
	/* OpenSSL 3.0 itself goes on, and crashes, when its library context could not be set up. */
	if (!kept[at] && OSSL_LIB_CTX_get0_global_default())
		kept[at] = EVP_MD_fetch(NULL, algorithm->openssl, NULL);
	EVP_MD *found = kept[at];
	(void)pthread_mutex_unlock(&lock);
	return found;
}

/* openssl.cnf may name a provider, which a program without shared libraries cannot load, nor is safe when it tries. */
#ifdef LOPT_STATIC
#define INIT_OPTIONS (OPENSSL_INIT_NO_ATEXIT | OPENSSL_INIT_NO_LOAD_CONFIG)
#else
#define INIT_OPTIONS OPENSSL_INIT_NO_ATEXIT
#endif

/* Whoever ends the process need not ask whether another thread is hashing: libcrypto takes nothing down at exit. */
enum lopt_status lopt_digest_prepare(struct lopt_error *err)
{
	if (OPENSSL_init_crypto(INIT_OPTIONS, NULL) != 1)
		return openssl_error(err, "anything");
	for (size_t i = 0; i < sizeof algorithms / sizeof algorithms[0]; i++) {
		if (algorithms[i].openssl && !implementation_of(&algorithms[i]))
			return openssl_error(err, algorithms[i].openssl);
	}
	return LOPT_OK;
}

enum lopt_status lopt_hasher_init(struct lopt_hasher *hasher, enum lopt_digest_algorithm which, struct lopt_error *err)
{
	*hasher = (struct lopt_hasher){ .algorithm = which };
	const struct algorithm *algorithm = algorithm_of(which);
	if (!algorithm)
		return lopt_error_set(err, LOPT_E_BUG, "a hash without an algorithm");
	const EVP_MD *md = implementation_of(algorithm);
	if (!md)
		return openssl_error(err, algorithm->openssl);
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	if (!context)
		return lopt_error_memory(err);
	if (EVP_DigestInit_ex2(context, md, NULL) != 1) {
		EVP_MD_CTX_free(context);
		return openssl_error(err, algorithm->openssl);
	}
	hasher->context = context;
	return LOPT_OK;
}

void lopt_hasher_release(struct lopt_hasher *hasher)
{
	EVP_MD_CTX_free(hasher->context);
	hasher->context = NULL;
}

enum lopt_status lopt_hasher_reset(struct lopt_hasher *hasher, struct lopt_error *err)
{
	if (EVP_DigestInit_ex2(hasher->context, NULL, NULL) != 1)
		return openssl_error(err, algorithms[hasher->algorithm].openssl);
	return LOPT_OK;
}

enum lopt_status lopt_hasher_add(struct lopt_hasher *hasher, const void *bytes, size_t size, struct lopt_error *err)
{
	if (size && EVP_DigestUpdate(hasher->context, bytes, size) != 1)
		return openssl_error(err, algorithms[hasher->algorithm].openssl);
	return LOPT_OK;
}

enum lopt_status lopt_hasher_finish(struct lopt_hasher *hasher, struct lopt_digest *out, struct lopt_error *err)
{
	*out = (struct lopt_digest){ .algorithm = hasher->algorithm };
	if (EVP_DigestFinal_ex(hasher->context, out->bytes, NULL) != 1)
		return openssl_error(err, algorithms[hasher->algorithm].openssl);
	return LOPT_OK;
}

enum lopt_status lopt_digest_of(struct lopt_digest *out, enum lopt_digest_algorithm algorithm, const void *bytes,
				size_t size, struct lopt_error *err)
{
	LOPT_CLEANUP(lopt_hasher_release) struct lopt_hasher hasher;
	LOPT_TRY(lopt_hasher_init(&hasher, algorithm, err));
	LOPT_TRY(lopt_hasher_add(&hasher, bytes, size, err));
	return lopt_hasher_finish(&hasher, out, err);
}
