/* registry.c: the policies that exist. Built-ins stand in one array; programs add theirs. */
#include <glib.h>
#include <vmsim/policy.h>

extern const struct replace_ops fifo_ops, lru_ops, clock_ops, windows_ops;

static const struct replace_ops *const built_in[] = {&fifo_ops, &lru_ops, &clock_ops,
							&windows_ops};

static GPtrArray *registered; /* of const struct replace_ops *, after the built-ins */

const struct replace_ops *vmsim_policy_at(size_t index)
{
	if (index < G_N_ELEMENTS(built_in))
		return built_in[index];
	index -= G_N_ELEMENTS(built_in);
	return registered && index < registered->len ? g_ptr_array_index(registered, index) : NULL;
}

const struct replace_ops *vmsim_policy_find(const char *name)
{
	const struct replace_ops *ops;

	for (size_t i = 0; (ops = vmsim_policy_at(i)); i++)
		if (g_str_equal(ops->name, name))
			return ops;
	return NULL;
}

bool vmsim_policy_register(const struct replace_ops *ops)
{
	if (ops->abi != VMSIM_POLICY_ABI || vmsim_policy_find(ops->name))
		return false;
	if (!ops->scan != !ops->count_aged || !ops->scan != !ops->select_aged)
		return false;
	if (!registered)
		registered = g_ptr_array_new();
	g_ptr_array_add(registered, (gpointer)(uintptr_t)ops);
	return true;
}
