/* test_content.c: bytes of a page: known and unknown, shared and copied, junk. */
#include "vmm/content.h"

#include "base/rng.h"

#include <glib.h>
#include <string.h>

#define P 4096

static void check_byte(const struct content *content, unsigned at, int expected)
{
	uint8_t byte;
	bool known;

	content_load(content, at, 1, &byte, &known);
	g_assert_cmpint(known, ==, expected >= 0);
	if (known)
		g_assert_cmpint(byte, ==, expected);
}

static void test_nothing(void)
{
	for (unsigned i = 0; i < P; i += 511)
		check_byte(NULL, i, 0);
	g_assert_true(content_is_zero(NULL));
	content_unref(NULL);
	g_assert_null(content_ref(NULL));
}

static void test_unknown(void)
{
	static const uint8_t bytes[4] = {1, 2, 3, 4};
	struct content *page = NULL;

	content_store(&page, 100, 4, bytes);
	content_store(&page, 102, 100, NULL);
	check_byte(page, 99, 0);
	check_byte(page, 101, 2);
	check_byte(page, 102, -1);
	check_byte(page, 201, -1);
	check_byte(page, 202, 0);
	content_store(&page, 103, 1, bytes);
	check_byte(page, 102, -1);
	check_byte(page, 103, 1);
	check_byte(page, 104, -1);
	content_unref(page);
}

static void test_zero(void)
{
	static const uint8_t zero, one = 1;
	struct content *page = NULL;

	content_store(&page, 0, 1, &zero);
	g_assert_true(content_is_zero(page));
	content_store(&page, P - 1, 1, NULL);
	g_assert_false(content_is_zero(page)); /* unknown is not known to be 0 */
	content_store(&page, P - 1, 1, &zero);
	g_assert_true(content_is_zero(page));
	content_store(&page, P - 1, 1, &one);
	g_assert_false(content_is_zero(page));
	content_unref(page);
	g_assert_false(content_is_zero(content_junk()));
}

/* A slot keeps what was written to it when the page is stored to afterwards. */
static void test_sharing(void)
{
	static const uint8_t one = 1, two = 2;
	struct content *page = NULL, *slot = NULL;

	content_store(&page, 5, 1, &one);
	content_set(&slot, page);
	g_assert_true(slot == page);
	content_store(&page, 5, 1, &two);
	check_byte(slot, 5, 1);
	check_byte(page, 5, 2);
	content_store(&page, 6, 1, NULL);
	check_byte(slot, 6, 0);
	content_set(&page, slot); /* read back */
	check_byte(page, 5, 1);
	check_byte(page, 6, 0);
	content_set(&slot, NULL); /* alone now: stored to in place */
	content_store(&page, 5, 1, &two);
	check_byte(page, 5, 2);
	content_set(&page, page);
	check_byte(page, 5, 2);
	content_unref(page);
}

static void test_move(void)
{
	static const uint8_t one = 1;
	struct content *a = NULL, *b = NULL;

	content_store(&a, 0, 1, &one);
	content_store(&b, 1, 1, &one);
	content_move(&b, &a);
	g_assert_null(a);
	check_byte(b, 0, 1);
	check_byte(b, 1, 0);
	content_move(&b, &a);
	g_assert_null(b);
}

/* Junk is one page for everybody, never changed by a store to a frame that holds it. */
static void test_junk(void)
{
	static const uint8_t zero;
	struct content *page = content_ref(content_junk());

	g_assert_true(content_junk() == page);
	for (unsigned i = 0; i < P; i++) {
		uint8_t byte;
		bool known;

		content_load(page, i, 1, &byte, &known);
		g_assert_true(known);
		g_assert_cmpint(byte, !=, 0);
	}
	content_store(&page, 9, 1, &zero);
	g_assert_true(page != content_junk());
	check_byte(page, 9, 0);
	content_load(content_junk(), 9, 1, &(uint8_t){0}, &(bool){false});
	g_assert_false(content_is_zero(content_junk()));
	content_unref(page);
	for (int i = 0; i < 3; i++) /* never counted down */
		content_unref(content_junk());
	g_assert_false(content_is_zero(content_junk()));
}

static void test_random(void)
{
	struct content *page = NULL, *saved = NULL;
	int model[P] = {0}, model_saved[P] = {0};
	struct rng rng = {3};

	for (int i = 0; i < 3000; i++) {
		unsigned at = (unsigned)rng_below(&rng, P), n = (unsigned)(1 + rng_below(&rng, 8));
		uint64_t value = rng_next(&rng), kind = rng_below(&rng, 10);
		uint8_t bytes[8];

		n = MIN(n, P - at);
		memcpy(bytes, &value, sizeof(bytes));
		if (kind == 0) {
			content_set(&saved, page);
			memcpy(model_saved, model, sizeof(model));
		} else if (kind == 1) {
			content_set(&page, saved);
			memcpy(model, model_saved, sizeof(model));
		} else {
			content_store(&page, at, n, kind < 4 ? NULL : bytes);
			for (unsigned k = 0; k < n; k++)
				model[at + k] = kind < 4 ? -1 : bytes[k];
		}
		for (unsigned k = at > 16 ? at - 16 : 0; k < MIN(at + 24, P); k++) {
			check_byte(page, k, model[k]);
			check_byte(saved, k, model_saved[k]);
		}
	}
	for (unsigned k = 0; k < P; k++)
		check_byte(page, k, model[k]);
	content_unref(page);
	content_unref(saved);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/content/nothing", test_nothing);
	g_test_add_func("/content/unknown", test_unknown);
	g_test_add_func("/content/zero", test_zero);
	g_test_add_func("/content/sharing", test_sharing);
	g_test_add_func("/content/move", test_move);
	g_test_add_func("/content/junk", test_junk);
	g_test_add_func("/content/random", test_random);
	return g_test_run();
}
