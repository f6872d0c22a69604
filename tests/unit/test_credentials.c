/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "layeropt/analysis.h"
#include "layeropt/report.h"
#include "support/archive.h"
#include "support/stack.h"

static struct lopt_error err;

/* Nothing of these may ever be printed. */
#define SECRET "Ohm4eith3Uephoh"
#define BODY                                                               \
	"MIIEpAIBAAKCAQEA" SECRET "0123456789abcdefghijklmnopqrstuvwxyz\n" \
	"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789abcdefghijklmnopqrstuvwxyz\n"
#define PEM(label) "-----BEGIN " label "-----\n" BODY "-----END " label "-----\n"

struct file {
	const char *path, *text;
};

/* The messages of the findings, one a line. */
static void look_into(const struct file *files, size_t count, const char *upper, struct lopt_buf *messages)
{
	struct lopt_buf layers[TEST_LAYERS_MAX] = { LOPT_BUF_INIT(1 << 20), LOPT_BUF_INIT(1 << 20) };
	const struct lopt_open_options options = { .keep = lopt_analysis_keep };
	const struct lopt_analysis *analysis = NULL;
	struct lopt_image *image = NULL;
	int fd = -1;
	for (size_t i = 0; i < count; i++)
		test_tar_file(&layers[0], files[i].path, files[i].text, strlen(files[i].text));
	test_tar_end(&layers[0]);
	if (upper)
		test_layer(&layers[1], upper);
	if (test_open_layers(&image, layers, &options, &fd, &err) != LOPT_OK ||
	    lopt_analysis_make(&analysis, image, NULL, &err) != LOPT_OK)
		fail_msg("%s", err.message);
	for (size_t i = 0; i < analysis->finding_count; i++) {
		const struct lopt_finding *finding = &analysis->findings[i];
		if (strcmp(finding->rule, "secret-in-layer") != 0)
			continue;
		assert_int_equal(finding->severity, LOPT_WARNING);
		assert_int_equal(finding->bytes, 0);
		lopt_buf_printf(messages, "%s%.*s", messages->len ? "\n" : "", LOPT_STR_ARGS(finding->message));
	}
	lopt_analysis_free(analysis);
	lopt_image_free(image);
	(void)close(fd);
	lopt_buf_release(&layers[0]);
	lopt_buf_release(&layers[1]);
}

static void check(const struct file *file, const char *what)
{
	struct lopt_buf messages = LOPT_BUF_INIT(1 << 16);
	char want[256] = "";
	look_into(file, 1, NULL, &messages);
	if (*what)
		(void)snprintf(want, sizeof want, "layer 0 holds %s: %s", what, file->path);
	if (strcmp(messages.data ? messages.data : "", want) != 0)
		fail_msg("%s: \"%s\", expected \"%s\"", file->path, messages.data ? messages.data : "", want);
	lopt_buf_release(&messages);
}

static void finds_keys(void **state)
{
	(void)state;
	static const struct file there[] = {
		{ "root/.ssh/id_rsa", PEM("RSA PRIVATE KEY") },
		{ "home/x/.ssh/github", PEM("OPENSSH PRIVATE KEY") },
		{ "app/server.key", PEM("PRIVATE KEY") },
		{ "app/both.pem",
		  "-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----\n" PEM("EC PRIVATE KEY") },
		{ "app/deploy_key", PEM("ENCRYPTED PRIVATE KEY") },
		{ "app/x.asc", PEM("PGP PRIVATE KEY BLOCK") },
		{ "app/x.ppk", "PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\n" BODY },
		{ "root/.gnupg/private-keys-v1.d/A.key", "(11:private-key(3:rsa" BODY ")" },
		{ "app/service-account.json", "{\"private_key\": \"" PEM("PRIVATE KEY") "\"}" },
	};
	static const struct file not_there[] = {
		{ "etc/ssl/certs/x.pem", "-----BEGIN CERTIFICATE-----\n" BODY "-----END CERTIFICATE-----\n" },
		{ "root/.ssh/id_rsa.pub", "ssh-rsa AAAA" BODY },
		{ "root/.ssh/known_hosts", "host ssh-rsa AAAA" BODY },
		{ "app/public.key", PEM("PUBLIC KEY") },
		{ "etc/app.pem", "-----BEGIN PRIVATE KEY-----\n...\n" },
		{ "usr/lib/python3/dist-packages/x/server.key", PEM("PRIVATE KEY") },
		{ "app/tests/server.key", PEM("PRIVATE KEY") },
		{ "usr/share/doc/x/server.pem", PEM("PRIVATE KEY") },
		{ "app/notes.txt", PEM("PRIVATE KEY") },
	};
	for (size_t i = 0; i < sizeof there / sizeof there[0]; i++)
		check(&there[i], "a private key");
	for (size_t i = 0; i < sizeof not_there / sizeof not_there[0]; i++)
		check(&not_there[i], "");
	check(&(struct file){ "etc/ssh/ssh_host_rsa_key", PEM("OPENSSH PRIVATE KEY") }, "a host key of sshd");
}

static void finds_passwords(void **state)
{
	(void)state;
	static const struct {
		struct file file;
		const char *want;
	} cases[] = {
		{ { "root/.netrc", "machine example.org\n  login me\n  password " SECRET "\n" }, "a password" },
		{ { "root/.netrc", "machine example.org login me\n" }, "" },
		{ { "root/.git-credentials", "https://me:" SECRET "@example.org\n" }, "a password" },
		{ { "root/.git-credentials", "https://example.org/a@b\n" }, "" },
		{ { "root/.aws/credentials",
		    "[default]\naws_access_key_id = AKIA\naws_secret_access_key = " SECRET "\n" },
		  "an access key" },
		{ { "app/credentials", "aws_secret_access_key = " SECRET "\n" }, "" },
		{ { "root/.docker/config.json", "{\"auths\":{\"example.org\":{\"auth\":\"" SECRET "==\"}}}" },
		  "a registry's password" },
		{ { "root/.docker/config.json", "{\"auths\":{\"example.org\":{}},\"credsStore\":\"pass\"}" }, "" },
		{ { "root/.npmrc", "registry=https://example.org\n//example.org/:_authToken=" SECRET "\n" },
		  "an access token" },
		{ { "root/.npmrc", "//example.org/:_authToken=${NPM_TOKEN}\n" }, "" },
		{ { "root/.pypirc", "[pypi]\nusername: __token__\npassword: " SECRET "\n" }, "a password" },
		{ { "etc/pip.conf", "[global]\nindex-url = https://me:" SECRET "@example.org/simple\n" },
		  "a password" },
		{ { "etc/pip.conf", "[global]\nindex-url = https://example.org/simple\n" }, "" },
		{ { "root/.pgpass", "db.example.org:5432:*:me:" SECRET "\n" }, "a password" },
		{ { "root/.pgpass", "# host:port:database:user:password\n" }, "" },
		{ { "root/.kube/config", "users:\n- name: me\n  user:\n    token: " SECRET "\n" }, "an access token" },
		{ { "root/.config/gh/hosts.yml", "github.com:\n    oauth_token: gho_" SECRET "\n" },
		  "an access token" },
		{ { "app/.env", "DEBUG=1\nexport DB_PASSWORD='" SECRET "'\n" }, "a password" },
		{ { "app/.env.production", "API_TOKEN=" SECRET "\n" }, "a password" },
		{ { "root/.Renviron", "GITHUB_PAT=" SECRET "\nR_LIBS_USER=~/R\n" }, "a password" },
		{ { "app/.env.example", "DB_PASSWORD=" SECRET "\n" }, "" },
		{ { "app/.env",
		    "#DB_PASSWORD=" SECRET
		    "\nDB_PASSWORD=\nAPI_KEY=changeme\nTOKEN_LIFETIME=86400\nSSL_KEY=/etc/ssl/x.key\nAUTH_URL=https://example.org\n"
		    "API_TOKEN=${TOKEN}\nSECRET_NAME=<your secret>\nPATH=/bin\n" },
		  "" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		check(&cases[i].file, cases[i].want);
}

static void tells_what_is_hidden(void **state)
{
	(void)state;
	static const struct file files[] = {
		{ "a.key", PEM("PRIVATE KEY") },	   { "b.key", PEM("PRIVATE KEY") },
		{ "c.key", PEM("PRIVATE KEY") },	   { "d.key", PEM("PRIVATE KEY") },
		{ "e/.npmrc", "_authToken=" SECRET "\n" },
	};
	struct lopt_buf messages = LOPT_BUF_INIT(1 << 16);
	look_into(files, 5, ".wh.b.key= .wh.c.key= e/.npmrc=1", &messages);
	assert_string_equal(messages.data, "layer 0 holds a private key: a.key and 1 more\n"
					   "layer 0 still ships a private key: b.key and 1 more, hidden by layer 1\n"
					   "layer 0 still ships an access token: e/.npmrc, hidden by layer 1");
	lopt_buf_release(&messages);
}

static void print_all(const struct lopt_analysis *analysis)
{
	const struct lopt_report_options options = { .show_secrets = true };
	for (size_t i = 0; lopt_report_format_at(i); i++) {
		char *text = NULL;
		size_t size = 0;
		FILE *file = open_memstream(&text, &size);
		assert_int_equal(lopt_report_format_at(i)->write(file, analysis, &options, &err), LOPT_OK);
		assert_int_equal(fclose(file), 0);
		assert_null(strstr(text, SECRET));
		free(text);
	}
}

static void never_tells_the_content(void **state)
{
	(void)state;
	struct lopt_buf layers[TEST_LAYERS_MAX] = { LOPT_BUF_INIT(1 << 20) };
	const struct lopt_open_options options = { .keep = lopt_analysis_keep };
	const struct lopt_analysis *analysis;
	struct lopt_image *image;
	int fd;
	test_tar_file(&layers[0], "root/.ssh/id_rsa", PEM("PRIVATE KEY"), strlen(PEM("PRIVATE KEY")));
	test_tar_file(&layers[0], "root/.npmrc", "_authToken=" SECRET, strlen("_authToken=" SECRET));
	test_tar_end(&layers[0]);
	assert_int_equal(test_open_layers(&image, layers, &options, &fd, &err), LOPT_OK);
	assert_int_equal(lopt_analysis_make(&analysis, image, NULL, &err), LOPT_OK);
	assert_true(analysis->finding_count >= 2);
	print_all(analysis);
	lopt_analysis_free(analysis);
	lopt_image_free(image);
	(void)close(fd);
	lopt_buf_release(&layers[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_keys),
		cmocka_unit_test(finds_passwords),
		cmocka_unit_test(tells_what_is_hidden),
		cmocka_unit_test(never_tells_the_content),
	};
	return cmocka_run_group_tests_name("credentials", tests, NULL, NULL);
}
