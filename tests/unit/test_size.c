/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/size.h"

static void sizes_are_written(void **state)
{
	(void)state;
	static const struct {
		uint64_t bytes;
		const char *want;
	} cases[] = {
		{ 0, "0 B" },
		{ 1, "1 B" },
		{ 999, "999 B" },
		{ 1000, "1.0 kB" },
		{ 1500, "1.5 kB" },
		{ 1555, "1.56 kB" },
		{ 1554, "1.55 kB" },
		{ 9994, "9.99 kB" },
		{ 9995, "10.0 kB" },
		{ 9999, "10.0 kB" },
		{ 10000, "10.0 kB" },
		{ 12345, "12.3 kB" },
		{ 128200000, "128.2 MB" },
		{ 999949, "999.9 kB" },
		{ 999950, "1.0 MB" },
		{ 999999999, "1.0 GB" },
		{ 4294967296, "4.29 GB" },
		{ 1000000000000, "1.0 TB" },
		{ 1234000000000000, "1.23 PB" },
		{ UINT64_MAX, "18.4 EB" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct lopt_buf out = LOPT_BUF_INIT(100);
		lopt_size_format(&out, cases[i].bytes);
		assert_string_equal(out.data, cases[i].want);
		lopt_buf_release(&out);
	}
}

static void counts_are_grouped(void **state)
{
	(void)state;
	static const struct {
		uint64_t count;
		const char *want;
	} cases[] = {
		{ 0, "0" },
		{ 7, "7" },
		{ 999, "999" },
		{ 1000, "1,000" },
		{ 123456, "123,456" },
		{ 1234567, "1,234,567" },
		{ 1000000000, "1,000,000,000" },
		{ UINT64_MAX, "18,446,744,073,709,551,615" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct lopt_buf out = LOPT_BUF_INIT(100);
		lopt_count_format(&out, cases[i].count);
		assert_string_equal(out.data, cases[i].want);
		lopt_buf_release(&out);
	}
}

static void sizes_are_read(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		uint64_t want;
	} cases[] = {
		{ "0", 0 },
		{ "1234", 1234 },
		{ "18446744073709551615", UINT64_MAX },
		{ "5B", 5 },
		{ "2.0B", 2 },
		{ "1kB", 1000 },
		{ "1KB", 1000 },
		{ "1.5GB", 1500000000 },
		{ "1.5 GB", 1500000000 },
		{ "1.5GiB", 1610612736 },
		{ "2MiB", 2097152 },
		{ "1kiB", 1024 },
		{ "1KiB", 1024 },
		{ "2TB", 2000000000000 },
		{ "1TiB", 1099511627776 },
		{ "0.1kB", 100 },
		{ "0.0001kB", 0 },
		{ "1.00000000000000000000000000001kB", 1000 },
		{ "18446744.073709551615TB", UINT64_MAX },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		uint64_t got = 1;
		assert_int_equal(lopt_size_parse(&got, cases[i].text, NULL), LOPT_OK);
		assert_true(got == cases[i].want);
	}
}

static void wrong_sizes_are_refused(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		const char *says; /* part of the message */
	} cases[] = {
		{ "", "no size" },
		{ "x", "no size" },
		{ "-1", "no size" },
		{ "+1", "no size" },
		{ " 1", "no size" },
		{ "1 ", "no size" },
		{ "1  GB", "no size" },
		{ "0x10", "no size" },
		{ ".5GB", "no size" },
		{ "1.GB", "no size" },
		{ "1.5.2GB", "no size" },
		{ "1,5GB", "no size" },
		{ "1e9", "no size" },
		{ "1gb", "no size" },
		{ "1GBx", "no size" },
		{ "1.5B", "no size" },
		{ "1PB", "no size" },
		{ "1.5", "write \"1.5GB\" or \"1.5GiB\"" },
		{ "1.5G", "write \"1.5GB\" or \"1.5GiB\"" },
		{ "20m", "write \"20MB\" or \"20MiB\"" },
		{ "3k", "write \"3kB\" or \"3KiB\"" },
		{ "18446744073709551616", "too large" },
		{ "99999999999999999999999", "too large" },
		{ "18446744.073709551616TB", "too large" },
		{ "18446744073709551615kB", "too large" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		uint64_t got = 77;
		struct lopt_error err = { 0 };
		assert_int_equal(lopt_size_parse(&got, cases[i].text, &err), LOPT_E_USAGE);
		assert_non_null(strstr(err.message, cases[i].says));
		assert_int_equal(got, 77);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sizes_are_written),
		cmocka_unit_test(counts_are_grouped),
		cmocka_unit_test(sizes_are_read),
		cmocka_unit_test(wrong_sizes_are_refused),
	};
	return cmocka_run_group_tests_name("size", tests, NULL, NULL);
}
