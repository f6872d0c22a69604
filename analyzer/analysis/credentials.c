/* SPDX-License-Identifier: MIT */
#include <inttypes.h>

#include "analysis/credential.h"
#include "analysis/figures.h"
#include "base/cleanup.h"

/*
 * Keys and passwords that were left in a layer, hidden by a later one or not: whoever has the image has them. Files
 * are chosen by their names, and told only when they hold what they are known for. What they hold is never told.
 */

enum { LOOKED_AT_MAX = 64 << 10, EXAMPLES = 5 };

static bool is_looked_at(const struct lopt_entry *entry)
{
	return entry->type == LOPT_FILE && entry->size && entry->size <= LOOKED_AT_MAX &&
	       lopt_credential_expected(entry->path);
}

enum lopt_keep lopt_credentials_keep(const struct lopt_entry *entry, struct lopt_str head)
{
	return !head.ptr && is_looked_at(entry) ? LOPT_KEEP_ALL : LOPT_KEEP_NOTHING;
}

static const char *const names[LOPT_CREDENTIALS] = {
	[LOPT_CREDENTIAL_PRIVATE_KEY] = "a private key", [LOPT_CREDENTIAL_HOST_KEY] = "a host key of sshd",
	[LOPT_CREDENTIAL_PASSWORD] = "a password",	 [LOPT_CREDENTIAL_REGISTRY] = "a registry's password",
	[LOPT_CREDENTIAL_ACCESS_KEY] = "an access key",	 [LOPT_CREDENTIAL_TOKEN] = "an access token",
};

/* Files of one layer that hold the same, all of them seen or all hidden. */
struct group {
	size_t layer;
	enum lopt_credential what;
	bool hidden;
	uint64_t files;
	const struct lopt_inode *first[EXAMPLES]; /* in byte order of their paths */
	size_t count;
};

/* "layer 2 holds a private key: root/.ssh/id_rsa and 2 more, hidden by layer 4" */
static enum lopt_status describe(struct lopt_making *making, const struct group *group, struct lopt_str *message,
				 struct lopt_error *err)
{
	struct lopt_str path = group->first[0]->path;
	char more[48] = "", hidden[48] = "";
	if (group->files > 1)
		(void)snprintf(more, sizeof more, " and %" PRIu64 " more", group->files - 1);
	if (group->hidden)
		(void)snprintf(hidden, sizeof hidden, ", hidden by layer %" PRIu32, group->first[0]->masked_by);
	*message = lopt_making_text(making, "layer %zu %s %s: %.*s%s%s", group->layer,
				    group->hidden ? "still ships" : "holds", names[group->what], LOPT_STR_ARGS(path),
				    more, hidden);
	return message->ptr ? LOPT_OK : lopt_error_memory(err);
}

static const char *advice_for(const struct group *group)
{
	if (group->what == LOPT_CREDENTIAL_HOST_KEY)
		return "Every container has the same, and whoever has the image: remove them in the instruction that installs "
		       "sshd (rm -f /etc/ssh/ssh_host_*) and make them at the first start (ssh-keygen -A).";
	return "Whoever has the image has it: revoke it, and build without. What a build needs to know it gets by RUN "
	       "--mount=type=secret, which leaves nothing in a layer.";
}

static enum lopt_status add_group(struct lopt_making *making, const struct group *group, struct lopt_error *err)
{
	struct lopt_finding finding = {
		.rule = "secret-in-layer",
		.severity = LOPT_WARNING,
		.advice = lopt_str_from(advice_for(group)),
		.layer = group->layer,
		.path_count = group->count,
	};
	struct lopt_str *paths = lopt_arena_zalloc(&making->arena, group->count, sizeof *paths);
	if (!paths)
		return lopt_error_memory(err);
	for (size_t i = 0; i < group->count; i++)
		paths[i] = group->first[i]->path;
	finding.paths = paths;
	LOPT_TRY(describe(making, group, &finding.message, err));
	return lopt_findings_add(making, &finding, err);
}

static void add_file(struct group *group, const struct lopt_inode *inode)
{
	size_t at = group->count;
	group->files++;
	while (at > 0 && lopt_str_compare(group->first[at - 1]->path, inode->path) > 0)
		at--;
	if (at == EXAMPLES)
		return;
	if (group->count < EXAMPLES)
		group->count++;
	for (size_t i = group->count - 1; i > at; i--)
		group->first[i] = group->first[i - 1];
	group->first[at] = inode;
}

/* Other analyses keep files too. */
static enum lopt_credential credential_in(const struct lopt_layer *layer, const struct lopt_kept *kept)
{
	const struct lopt_entry *entry = &layer->entries[layer->inodes[kept->inode].entry];
	if (kept->what != LOPT_KEEP_ALL || !is_looked_at(entry))
		return LOPT_CREDENTIAL_NONE;
	return lopt_credential_in(entry->path, kept->bytes);
}

static enum lopt_status add_layer(struct lopt_making *making, const struct lopt_layer *layer, struct lopt_error *err)
{
	struct group groups[LOPT_CREDENTIALS][2] = { 0 };
	for (size_t i = 0; i < layer->kept_count; i++) {
		const struct lopt_inode *inode = &layer->inodes[layer->kept[i].inode];
		enum lopt_credential what = credential_in(layer, &layer->kept[i]);
		if (what != LOPT_CREDENTIAL_NONE)
			add_file(&groups[what][inode->cause != LOPT_CAUSE_NONE], inode);
	}
	for (size_t i = 0; i < 2 * (size_t)LOPT_CREDENTIALS; i++) {
		struct group *group = &groups[i / 2][i % 2];
		group->layer = layer->index;
		group->what = (enum lopt_credential)(i / 2);
		group->hidden = i % 2;
		if (group->count)
			LOPT_TRY(add_group(making, group, err));
	}
	return LOPT_OK;
}

enum lopt_status lopt_make_credential_findings(struct lopt_making *making, struct lopt_error *err)
{
	for (size_t i = 0; i < lopt_image_layer_count(making->result.image); i++)
		LOPT_TRY(add_layer(making, lopt_image_layer(making->result.image, i), err));
	return LOPT_OK;
}
