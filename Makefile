# vmsim: `make` builds build/vmsim and build/libvmsim.{a,so}; `make check` tests everything.
# V=1 shows commands. Variants (plain, asan, coverage) are built side by side below build/.

MODULES = base config stats event trace policy mmu vmm engine report
VERSION = 0.1.0
PREFIX ?= /usr/local
DIR ?=
JOBS ?= $(shell nproc 2>/dev/null || echo 2)

# Libraries from Debian, each declared once: pkg-config name and package.
LIBS = glib-2.0:libglib2.0-dev libcjson:libcjson-dev libzstd:libzstd-dev liblzma:liblzma-dev zlib:zlib1g-dev
PACKAGES = gcc make pkg-config xz-utils zstd gzip $(foreach l,$(LIBS),$(lastword $(subst :, ,$(l))))
PKGS = $(foreach l,$(LIBS),$(firstword $(subst :, ,$(l))))

VARIANT ?= plain
B = build/$(VARIANT)
OPT ?= -O2 -g
WARN = -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes \
  -Wold-style-definition -Wundef -Wwrite-strings -Wpointer-arith -Werror=implicit-function-declaration
CPPFLAGS += -Iinclude -Isim -I$(B)/gen -DVMSIM_VERSION='"$(VERSION)"' -D_POSIX_C_SOURCE=200809L -D_FILE_OFFSET_BITS=64
CFLAGS += -std=c11 $(OPT) $(WARN) $(EXTRA) -fvisibility=hidden -fPIC

ifneq ($(MAKECMDGOALS),deps)
HAVE := $(shell pkg-config --exists $(PKGS) 2>/dev/null && echo yes)
ifeq ($(HAVE),yes)
PKG_CFLAGS := $(shell pkg-config --cflags $(PKGS))
PKG_LIBS := $(shell pkg-config --libs $(PKGS))
endif
endif

Q = $(if $(V),,@)
say = $(if $(V),,@printf '  %-5s %s\n' $(1) $(2))

LIB_SRC = $(foreach m,$(MODULES),$(sort $(wildcard sim/$(m)/*.c)))
CLI_SRC = sim/main.c $(sort $(wildcard sim/cli/*.c))
LIB_OBJ = $(LIB_SRC:%.c=$(B)/%.o) $(B)/gen/presets.o
CLI_OBJ = $(CLI_SRC:%.c=$(B)/%.o)
UNIT_SRC = $(sort $(wildcard tests/unit/test_*.c tests/policy/test_*.c tests/model/test_*.c))
UNITS = $(UNIT_SRC:%.c=$(B)/%)
TOOL_SRC = $(sort $(wildcard tools/*.c tests/bench/*.c))
TOOLS = $(TOOL_SRC:%.c=$(B)/%)
PRESETS = $(sort $(wildcard configs/*.json))

.PHONY: all deps have-deps demo tests-built check check-asan check-clang check-faults check-recordings \
  coverage fuzz fuzz-run fuzz-model bench chase docs rules format lint install uninstall clean
.DELETE_ON_ERROR:
.SECONDARY:

all: have-deps
	$(Q)$(MAKE) --no-print-directory -j$(JOBS) build/vmsim build/libvmsim.a build/libvmsim.so

build/vmsim: $(B)/vmsim
	$(Q)cp -f $< $@
build/libvmsim.a: $(B)/libvmsim.a
	$(Q)cp -f $< $@
build/libvmsim.so: $(B)/libvmsim.so
	$(Q)cp -f $< $@

$(B)/libvmsim.a: $(LIB_OBJ)
	$(call say,AR,$@)
	$(Q)rm -f $@ && ar rcs $@ $^
$(B)/libvmsim.so: $(LIB_OBJ)
	$(call say,LD,$@)
	$(Q)$(CC) -shared $(EXTRA) -o $@ $^ $(PKG_LIBS)
$(B)/vmsim: $(CLI_OBJ) $(B)/libvmsim.a
	$(call say,LD,$@)
	$(Q)$(CC) $(EXTRA) -o $@ $^ $(PKG_LIBS)

$(B)/%.o: %.c
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(PKG_CFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<
$(B)/gen/presets.c: $(PRESETS) tools/embed.awk
	@mkdir -p $(@D)
	$(Q)awk -f tools/embed.awk $(PRESETS) > $@
$(B)/gen/presets.o: $(B)/gen/presets.c
	$(Q)$(CC) $(CPPFLAGS) $(PKG_CFLAGS) $(CFLAGS) -c -o $@ $<

# The fuzzer: libFuzzer under `make fuzz`, a replay of files everywhere else.
$(B)/tests/fuzz/fuzz_readers: tests/fuzz/fuzz_readers.c $(B)/libvmsim.a
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(PKG_CFLAGS) $(CFLAGS) $(if $(filter fuzz,$(VARIANT)),-DLIBFUZZER -fsanitize=fuzzer) \
	  -MMD -MP -MF $@.d -o $@ $< $(B)/libvmsim.a $(PKG_LIBS)

# The second opinion on Windows' memory manager: several files, shared by the tests that use it.
MODEL_OBJ = $(patsubst %.c,$(B)/%.o,$(sort $(wildcard tests/model/model_*.c)))
$(MODEL_OBJ): CPPFLAGS += -Itests
MODEL_TESTS = $(B)/tests/model/test_windows_model
$(MODEL_TESTS): $(MODEL_OBJ)
$(MODEL_TESTS): EXTRA_OBJ = $(MODEL_OBJ)

# The simulator that advances one cycle at a time, likewise.
TICK_OBJ = $(patsubst %.c,$(B)/%.o,$(sort $(wildcard tests/model/tick_*.c)))
$(TICK_OBJ): CPPFLAGS += -Itests
$(B)/tests/model/test_tick_model: $(TICK_OBJ)
$(B)/tests/model/test_tick_model: EXTRA_OBJ = $(TICK_OBJ)

# Tests and tools are single files, linked with the static library so that they may look inside.
$(B)/tests/%: tests/%.c $(B)/libvmsim.a
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) -Itests $(PKG_CFLAGS) $(CFLAGS) -MMD -MP -MF $@.d -o $@ $< $(EXTRA_OBJ) \
	  $(B)/libvmsim.a $(PKG_LIBS)
$(B)/tools/%: tools/%.c $(B)/libvmsim.a
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(PKG_CFLAGS) $(CFLAGS) -MMD -MP -MF $@.d -o $@ $< $(B)/libvmsim.a $(PKG_LIBS)

-include $(LIB_OBJ:.o=.d) $(MODEL_OBJ:.o=.d) $(TICK_OBJ:.o=.d) $(CLI_OBJ:.o=.d) $(UNITS:=.d) $(TOOLS:=.d)

deps:
	$(Q)sh tools/deps.sh $(PACKAGES)
have-deps:
	$(Q)pkg-config --exists $(PKGS) 2>/dev/null || $(MAKE) --no-print-directory deps

tests-built: have-deps
	$(Q)$(MAKE) --no-print-directory -j$(JOBS) VARIANT=$(VARIANT) $(B)/vmsim $(B)/libvmsim.a $(B)/libvmsim.so \
	  $(UNITS) $(TOOLS) $(B)/tests/fuzz/fuzz_readers $(if $(filter plain,$(VARIANT)),build/vmsim build/libvmsim.a build/libvmsim.so)

check: tests-built
	$(Q)VMSIM=$(CURDIR)/$(B)/vmsim B=$(CURDIR)/$(B) sh tests/run.sh
check-asan:
	$(Q)$(MAKE) --no-print-directory VARIANT=asan OPT='-O1 -g' \
	  EXTRA='-fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer' check
check-clang:
	$(Q)$(MAKE) --no-print-directory VARIANT=clang CC=clang EXTRA=-Werror check
check-recordings: all
	$(Q)$(MAKE) --no-print-directory -j$(JOBS) $(B)/tests/model/test_tlb_model
	$(Q)VMSIM=$(CURDIR)/build/vmsim B=$(CURDIR)/$(B) sh tests/recordings.sh "$(DIR)"

# Each fault of tests/faults/faults.txt, planted in a copy of the sources, must make something fail.
check-faults:
	$(Q)JOBS=$(JOBS) sh tests/faults/run.sh

# A real Windows program with all the memory it wants, and with a quarter of it.
demo: all
	$(Q)VMSIM=build/vmsim sh tools/demo.sh

# Figures, never tests: DIR/recordings/lackey gives whole runs besides the hot path.
bench: all
	$(Q)$(MAKE) --no-print-directory -j$(JOBS) $(B)/tests/bench/bench_hot
	$(Q)VMSIM=$(CURDIR)/build/vmsim B=$(CURDIR)/$(B) sh tests/bench/bench.sh $(wildcard $(DIR)/recordings/lackey/*.xz)

# The pointer chase on a Zen 4: what configs/README.md shows. It takes two minutes of one core.
chase: all
	$(Q)$(MAKE) --no-print-directory $(B)/tools/chase
	$(Q)VMSIM=build/vmsim CHASE=$(B)/tools/chase JOBS=$(JOBS) sh tools/chase.sh zen4 \
	  > configs/zen4-chase.svg.new && mv -f configs/zen4-chase.svg.new configs/zen4-chase.svg

# Readers of traces and configurations, for as long as SECONDS says; the corpus replays in check.
SECONDS ?= 60
fuzz:
	$(Q)$(MAKE) --no-print-directory VARIANT=fuzz CC=clang OPT='-O1 -g' \
	  EXTRA='-fsanitize=fuzzer-no-link,address,undefined' fuzz-run
fuzz-run: $(B)/tests/fuzz/fuzz_readers
	$(Q)mkdir -p $(B)/corpus && $(B)/tests/fuzz/fuzz_readers -max_total_time=$(SECONDS) \
	  -max_len=4096 $(B)/corpus tests/fuzz/corpus tests/malformed

# Random programs before the simulator and the second opinion, under both rule sets, from seed SEED on.
OPS ?= 1000000
SEED ?= 1
fuzz-model: all
	$(Q)$(MAKE) --no-print-directory -j$(JOBS) $(B)/tests/model/test_windows_model
	$(Q)$(B)/tests/model/test_windows_model --ops $(OPS) --seed $(SEED)

coverage:
	$(Q)$(MAKE) --no-print-directory VARIANT=coverage OPT='-O0 -g' EXTRA='--coverage' check
	$(Q)find build/coverage/sim -name '*.gcda' | xargs gcov -n -o build/coverage 2>/dev/null | \
	  awk -F"'" '/^File .sim\// {f=$$2} f && /^Lines/ {sub(/.*:/, ""); print $$0 "  " f; f=""}' | sort -n

docs: have-deps
	$(Q)$(MAKE) --no-print-directory $(B)/tools/docgen
	$(Q)$(B)/tools/docgen > configs/REFERENCE.md.new && mv -f configs/REFERENCE.md.new configs/REFERENCE.md

# Which tests exercise which rule, as the last full check said; one is run if there was none.
rules:
	$(Q)[ -d $(B)/log ] || $(MAKE) --no-print-directory check || true
	$(Q)sh tests/rules.sh $(B)/log -v table=1 > tests/RULES.md.new && mv -f tests/RULES.md.new tests/RULES.md

SOURCES = $(LIB_SRC) $(CLI_SRC) $(UNIT_SRC) $(TOOL_SRC) $(wildcard tests/model/model_*.c tests/model/tick_*.c)
format:
	clang-format -i $(SOURCES) $(wildcard sim/*/*.h include/vmsim/*.h tests/*/*.h)
lint: have-deps
	clang-tidy --quiet $(LIB_SRC) $(CLI_SRC) -- $(CPPFLAGS) $(PKG_CFLAGS) -std=c11

DESTDIR ?=
TO = $(DESTDIR)$(PREFIX)
install: all
	install -d $(TO)/bin $(TO)/lib/pkgconfig $(TO)/include/vmsim $(TO)/share/vmsim/configs \
	  $(TO)/share/man/man1 $(TO)/share/bash-completion/completions
	install -m 755 build/vmsim $(TO)/bin/vmsim
	install -m 644 build/libvmsim.a $(TO)/lib/libvmsim.a
	install -m 755 build/libvmsim.so $(TO)/lib/libvmsim.so
	install -m 644 include/vmsim/*.h include/vmsim/*.def $(TO)/include/vmsim/
	install -m 644 $(PRESETS) configs/README.md configs/REFERENCE.md configs/zen4-chase.svg $(TO)/share/vmsim/configs/
	sed '1s|""|"$(VERSION)"|' sim/vmsim.1 > $(TO)/share/man/man1/vmsim.1
	chmod 644 $(TO)/share/man/man1/vmsim.1
	install -m 644 tools/vmsim.bash $(TO)/share/bash-completion/completions/vmsim
	printf '%s\n' 'prefix=$(PREFIX)' 'libdir=$${prefix}/lib' 'includedir=$${prefix}/include' '' \
	  'Name: vmsim' 'Description: Simulator of an MMU and the Windows memory manager' \
	  'Version: $(VERSION)' 'Requires: glib-2.0' 'Requires.private: $(filter-out glib-2.0,$(PKGS))' \
	  'Libs: -L$${libdir} -lvmsim' 'Cflags: -I$${includedir}' > $(TO)/lib/pkgconfig/vmsim.pc
	chmod 644 $(TO)/lib/pkgconfig/vmsim.pc

uninstall:
	rm -f $(TO)/bin/vmsim $(TO)/lib/libvmsim.a $(TO)/lib/libvmsim.so $(TO)/lib/pkgconfig/vmsim.pc \
	  $(TO)/share/man/man1/vmsim.1 $(TO)/share/bash-completion/completions/vmsim
	rm -rf $(TO)/include/vmsim $(TO)/share/vmsim

clean:
	rm -rf build
