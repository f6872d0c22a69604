/* SPDX-License-Identifier: MIT */
#include "blob/fingerprint.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <sys/random.h>

#include "base/cleanup.h"

enum { ADD_MAX = 1 << 30 }; /* OpenSSL counts in int */

static struct {
	pthread_once_t once;
	bool seeded;
	unsigned char bytes[16];
} key = { .once = PTHREAD_ONCE_INIT };

/* One nonce does: nothing is encrypted and no tag is seen outside. */
static const unsigned char nonce[12];

static void make_key(void)
{
	key.seeded = getrandom(key.bytes, sizeof key.bytes, 0) == (ssize_t)sizeof key.bytes;
}

static enum lopt_status failure(struct lopt_error *err)
{
	unsigned long code = ERR_get_error();
	ERR_clear_error();
	if (ERR_GET_REASON(code) == ERR_R_MALLOC_FAILURE || code == 0)
		return lopt_error_memory(err);
	return lopt_error_set(err, LOPT_E_SYSTEM, "OpenSSL cannot compute GMAC: %s", ERR_reason_error_string(code));
}

enum lopt_status lopt_fingerprinter_init(struct lopt_fingerprinter *printer, struct lopt_error *err)
{
	*printer = (struct lopt_fingerprinter){ 0 };
	(void)pthread_once(&key.once, make_key);
	if (!key.seeded)
		return lopt_error_set(err, LOPT_E_SYSTEM, "the system gives no random numbers");
	EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
	if (!context)
		return lopt_error_memory(err);
	if (EVP_EncryptInit_ex2(context, EVP_aes_128_gcm(), key.bytes, nonce, NULL) != 1) {
		EVP_CIPHER_CTX_free(context);
		return failure(err);
	}
	printer->context = context;
	return LOPT_OK;
}

void lopt_fingerprinter_release(struct lopt_fingerprinter *printer)
{
	EVP_CIPHER_CTX_free(printer->context);
	printer->context = NULL;
}

enum lopt_status lopt_fingerprinter_reset(struct lopt_fingerprinter *printer, struct lopt_error *err)
{
	return EVP_EncryptInit_ex2(printer->context, NULL, NULL, nonce, NULL) == 1 ? LOPT_OK : failure(err);
}

enum lopt_status lopt_fingerprinter_add(struct lopt_fingerprinter *printer, const void *bytes, size_t size,
					struct lopt_error *err)
{
	const unsigned char *at = bytes;
	while (size) {
		int n = size < ADD_MAX ? (int)size : ADD_MAX, unused;
		if (EVP_EncryptUpdate(printer->context, NULL, &unused, at, n) != 1) /* no output: authenticated only */
			return failure(err);
		at += n;
		size -= (size_t)n;
	}
	return LOPT_OK;
}

enum lopt_status lopt_fingerprinter_finish(struct lopt_fingerprinter *printer, unsigned char out[LOPT_FINGERPRINT_SIZE],
					   struct lopt_error *err)
{
	unsigned char unused[16];
	int size;
	if (EVP_EncryptFinal_ex(printer->context, unused, &size) != 1 ||
	    EVP_CIPHER_CTX_ctrl(printer->context, EVP_CTRL_AEAD_GET_TAG, LOPT_FINGERPRINT_SIZE, out) != 1)
		return failure(err);
	return LOPT_OK;
}
