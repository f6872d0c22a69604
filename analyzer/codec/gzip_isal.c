/* SPDX-License-Identifier: MIT */
#include "codec/gzip.h"

#ifdef LOPT_HAVE_ISAL

#include <isa-l/igzip_lib.h>
#include <stdlib.h>

static void isal_free(void *state)
{
	free(state);
}

static void isal_reset(void *state)
{
	struct inflate_state *inflate = state;
	isal_inflate_reset(inflate);
	inflate->crc_flag = ISAL_GZIP_NO_HDR; /* no header, no trailer, but a CRC-32 */
}

static void *isal_create(void)
{
	struct inflate_state *inflate = malloc(sizeof *inflate);
	if (inflate)
		isal_inflate_init(inflate);
	return inflate;
}

/* ISA-L holds up to eight bytes of input in a register; those behind the last block are the trailer's. */
static void give_back(struct inflate_state *inflate, struct lopt_decoder *decoder)
{
	unsigned char bytes[8];
	size_t size = inflate->read_in_length > 0 ? (size_t)inflate->read_in_length / 8 : 0;
	uint64_t bits = size ? inflate->read_in >> (inflate->read_in_length % 8) : 0;
	for (size_t i = 0; i < size; i++)
		bytes[i] = (unsigned char)(bits >> (8 * i));
	lopt_decoder_unget(decoder, bytes, size);
	inflate->read_in = 0;
	inflate->read_in_length = 0;
}

static enum lopt_inflate_result isal_run(void *state, struct lopt_decoder *decoder, struct lopt_inflate_output *output)
{
	struct inflate_state *inflate = state;
	uint32_t room = output->left < UINT32_MAX ? (uint32_t)output->left : UINT32_MAX;
	uint32_t input = (uint32_t)decoder->in_left;
	inflate->next_in = decoder->in;
	inflate->avail_in = input;
	inflate->next_out = output->to;
	inflate->avail_out = room;
	int result = isal_inflate(inflate);
	lopt_decoder_take(decoder, input - inflate->avail_in);
	output->to += room - inflate->avail_out;
	output->left -= room - inflate->avail_out;
	output->crc = inflate->crc;
	if (result != ISAL_DECOMP_OK)
		return LOPT_INFLATE_DAMAGED;
	if (inflate->block_state != ISAL_BLOCK_FINISH)
		return LOPT_INFLATE_MORE;
	give_back(inflate, decoder);
	return LOPT_INFLATE_DONE;
}

const struct lopt_inflater lopt_inflater_isal = {
	.name = "ISA-L",
	.create = isal_create,
	.free = isal_free,
	.reset = isal_reset,
	.run = isal_run,
};

#endif
