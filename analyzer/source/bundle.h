/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_SOURCE_BUNDLE_H
#define LAYEROPT_SOURCE_BUNDLE_H

#include "layer/layer.h"
#include "layeropt/image.h"

/**
 * One image of an input, resolved: what the manifests and the configuration say, checked against each other, and
 * its layers read. Whatever the container (docker archive, OCI archive, OCI directory, pipe), the result is the same.
 */
struct lopt_bundle_layer {
	struct lopt_str diff_id;
	struct lopt_str digest;	    /* empty where no manifest gives one */
	struct lopt_str media_type; /* likewise */
	struct lopt_str blob;	    /* name of the member or file */
	bool absent;		    /* foreign, and not in the input */
	enum lopt_verified verified;
	struct lopt_layer_data *data; /* NULL when absent; listings of one blob share it */
};

struct lopt_bundle {
	struct lopt_arena arena; /* holds every string below */
	struct lopt_image_info info;
	struct lopt_bundle_layer *layers;
	size_t layer_count;
	struct lopt_notes notes;
	struct lopt_layer_data **owned; /* each blob's data once */
	size_t owned_count;
};

/**
 * Read the image of a source as lopt_image_read describes it. Errors name what is wrong and where inside the input, not
 * the input itself: the caller puts that in front.
 */
LOPT_CHECKED enum lopt_status lopt_bundle_open(struct lopt_bundle **out, struct lopt_source *source,
					       const struct lopt_open_options *options, struct lopt_error *err);
void lopt_bundle_free(struct lopt_bundle *bundle);

#endif
