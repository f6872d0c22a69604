/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_BASE_SECRETS_H
#define LAYEROPT_BASE_SECRETS_H

#include <stdbool.h>

#include "base/buf.h"

/**
 * Credentials that got into an image's configuration and history must not spread into reports (rule P24). What looks
 * like one becomes "***"; it is better to mask too much than too little.
 */

/** Does the value of a variable, option or label of this name have to stay hidden? "DB_PASSWORD", "apiToken", "GPG_KEY" */
bool lopt_secret_name(struct lopt_str name);

/**
 * Append `text` with everything masked that looks like a credential: NAME=VALUE, "NAME": "VALUE", --NAME VALUE and ENV
 * NAME VALUE where lopt_secret_name says so, tokens of known forms, private keys in PEM, passwords in URLs. Text that was
 * masked stays as it is.
 */
void lopt_secret_mask(struct lopt_buf *out, struct lopt_str text);

/** Append the value that belongs to `name`: "***" or the value, masked where it has the form of a credential. */
void lopt_secret_mask_value(struct lopt_buf *out, struct lopt_str name, struct lopt_str value);

#endif
