#!/bin/sh
# What `make install` puts where, and that a program outside the tree can use it.
. tests/tap.sh
[ "${B##*/}" = plain ] || { skip "install" "plain builds only"; done_testing; exit 0; }
make install PREFIX="$tmp/usr" >"$tmp/log" 2>&1
ok $? "make install" || sed 's/^/# /' "$tmp/log"
for f in bin/vmsim lib/libvmsim.a lib/libvmsim.so lib/pkgconfig/vmsim.pc include/vmsim/vmsim.h \
  share/man/man1/vmsim.1 share/vmsim/configs/desktop.json share/bash-completion/completions/vmsim; do
  [ -s "$tmp/usr/$f" ]
  ok $? "$f is installed"
done
cat >"$tmp/use.c" <<'C'
#include <stdio.h>
#include <vmsim/vmsim.h>
int main(void)
{
	vmsim_config *config = vmsim_config_new();
	vmsim_machine *m;
	uint64_t a, v = 42;
	if (!vmsim_config_finish(config, NULL) || !(m = vmsim_machine_new(config, NULL)))
		return 1;
	a = vmsim_virtual_alloc(m, 1, 0, 4096, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE, NULL);
	vmsim_access(m, 1, VMSIM_WRITE, a, 8, &v);
	v = 0;
	vmsim_access(m, 1, VMSIM_READ, a, 8, &v);
	vmsim_virtual_free(m, 1, a, 0, MEM_RELEASE, NULL);
	printf("%d %d\n", (int)v, vmsim_access(m, 1, VMSIM_READ, a, 1, NULL) == VMSIM_RESULT_ACCESS_VIOLATION);
	vmsim_machine_free(m);
	vmsim_config_free(config);
	return 0;
}
C
${CC:-cc} -Wall -Werror $(PKG_CONFIG_PATH="$tmp/usr/lib/pkgconfig" pkg-config --cflags vmsim) -o "$tmp/use" "$tmp/use.c" \
  $(PKG_CONFIG_PATH="$tmp/usr/lib/pkgconfig" pkg-config --libs vmsim) $(pkg-config --libs glib-2.0) 2>"$tmp/log"
ok $? "a program compiles against it" || sed 's/^/# /' "$tmp/log"
is "$(LD_LIBRARY_PATH="$tmp/usr/lib" "$tmp/use")" "42 1" "and drives the machine"
done_testing
