/* rules.h: which rules a test exercises (sim/RULES.md), said in its TAP output before its result.
 * Name a rule only where the test fails when the rule is broken. */
#ifndef TESTS_RULES_H
#define TESTS_RULES_H

#include <glib.h>

#define RULES(ids) g_test_message("rules: %s", ids)

#endif
