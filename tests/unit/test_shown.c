/* The table of status folders: found by id, also among many, and gone when forgotten. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>

#include "daemon/shown.h"

#define MANY 5000

static void id_of(int i, char id[ID_LEN + 1]) { snprintf(id, ID_LEN + 1, "%012x", (unsigned)i * 7919U); }

static void is_found_until_forgotten(_unused_ void **state)
{
	struct shown_table t = { 0 };
	char id[ID_LEN + 1];
	assert_null(shown_find(&t, "0123456789ab"));
	shown_forget(&t, "0123456789ab");
	for (int i = 0; i < MANY; i++) {
		id_of(i, id);
		struct shown *s = shown_get(&t, id);
		assert_true(s->at < 0);
		assert_false(s->written);
		s->at = i;
	}
	for (int i = 0; i < MANY; i += 2) {
		id_of(i, id);
		shown_forget(&t, id);
	}
	assert_int_equal(t.n, MANY / 2);
	for (int i = 0; i < MANY; i++) {
		id_of(i, id);
		const struct shown *s = shown_find(&t, id);
		assert_int_equal(s != NULL, i % 2);
		if (s)
			assert_true(s->at == i && shown_get(&t, id) == s);
	}
	shown_release(&t);
	assert_null(shown_find(&t, id));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(is_found_until_forgotten) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
