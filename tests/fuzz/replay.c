/* SPDX-License-Identifier: MIT */
/*
 * Gives every file named on the command line, and every file of the folders named there, to a fuzz target
 * once: the corpus as a test, with any compiler.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay_file(const char *path)
{
	FILE *file = fopen(path, "rb");
	if (!file) {
		perror(path);
		return 1;
	}
	size_t size = 0, cap = 1 << 16;
	uint8_t *data = malloc(cap);
	while (data) {
		size += fread(data + size, 1, cap - size, file);
		if (size < cap)
			break;
		uint8_t *grown = realloc(data, cap *= 2);
		if (!grown)
			free(data);
		data = grown;
	}
	int failed = !data || ferror(file);
	(void)fclose(file);
	if (failed) {
		fprintf(stderr, "%s: cannot be read\n", path);
		free(data);
		return 1;
	}
	/* A copy of the exact size: a read past the end is seen by AddressSanitizer. */
	uint8_t *exact = malloc(size ? size : 1);
	if (!exact) {
		free(data);
		return 1;
	}
	memcpy(exact, data, size);
	free(data);
	fprintf(stderr, "%s\n", path);
	(void)LLVMFuzzerTestOneInput(exact, size);
	free(exact);
	return 0;
}

static int replay_folder(const char *path)
{
	struct dirent **names = NULL;
	int count = scandir(path, &names, NULL, alphasort);
	if (count < 0) {
		perror(path);
		return 1;
	}
	int failed = 0;
	for (int i = 0; i < count; i++) {
		char full[4096];
		int n = snprintf(full, sizeof full, "%s/%s", path, names[i]->d_name);
		struct stat st;
		if (n > 0 && (size_t)n < sizeof full && stat(full, &st) == 0 && S_ISREG(st.st_mode))
			failed |= replay_file(full);
		free(names[i]);
	}
	free(names);
	return failed;
}

int main(int argc, char **argv)
{
	int failed = 0;
	for (int i = 1; i < argc; i++) {
		struct stat st;
		if (stat(argv[i], &st) == 0 && S_ISDIR(st.st_mode))
			failed |= replay_folder(argv[i]);
		else
			failed |= replay_file(argv[i]);
	}
	return failed;
}
