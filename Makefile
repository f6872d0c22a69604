# SPDX-License-Identifier: MIT
#
# make                    build/release/layeropt
# make FLAVOR=debug       build/debug/layeropt, with AddressSanitizer and UndefinedBehaviorSanitizer
# make CC=clang check     every test that needs no container engine; results go to build/*-clang
# make help               all targets
#
# CFLAGS, CPPFLAGS and LDFLAGS from the environment are added to what stands here. V=1 shows the commands.

FLAVOR ?= release
PREFIX ?= /usr/local
DESTDIR ?=
FUZZ_SECONDS ?= 60

ifeq ($(origin CC),default)
CC := gcc
endif
PKG_CONFIG ?= pkg-config
VERSION := $(shell cat VERSION)

ifneq ($(findstring clang,$(notdir $(CC))),)
SUFFIX := -clang
CXX := $(subst clang,clang++,$(CC))
GCOV := llvm-cov gcov
else
CXX := $(subst gcc,g++,$(CC))
GCOV := $(subst gcc,gcov,$(CC))
endif
B := build/$(FLAVOR)$(SUFFIX)

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules --no-print-directory
FORCE:
.PHONY: FORCE

# ---- libraries

PKGS := libarchive libcrypto jansson zlib libzstd libcyaml yaml-0.1
# Debian has no archive of ISA-L to link statically: without it gzip is zlib's.
ifneq ($(FLAVOR),static)
isal_there = $(shell $(PKG_CONFIG) --exists libisal && echo yes)
else
isal_there = $(if $(wildcard $(shell $(PKG_CONFIG) --variable=libdir libisal 2>/dev/null)/libisal.a),yes)
endif
ifeq ($(isal_there),yes)
PKGS += libisal
FEATURES += -DLOPT_HAVE_ISAL
endif
ifeq ($(shell $(PKG_CONFIG) --exists libseccomp && echo yes),yes)
PKGS += libseccomp
FEATURES += -DLOPT_HAVE_SECCOMP
endif
PKG_CFLAGS := $(shell $(PKG_CONFIG) --cflags $(PKGS) 2>/dev/null)
PKG_LIBS := $(shell $(PKG_CONFIG) --libs $(PKGS) 2>/dev/null)
ifeq ($(PKG_LIBS),)
$(B)/flags: libraries-missing
endif
.PHONY: libraries-missing
libraries-missing:
	@$(PKG_CONFIG) --print-errors --exists $(PKGS) || { \
		echo 'layeropt: on Debian, sh scripts/install-deps.sh build installs what is missing' >&2; exit 1; }

# ---- flags of each flavour

cc-option = $(shell $(CC) -Werror $(1) -S -x c /dev/null -o /dev/null 2>/dev/null && echo $(1))

WARN := -Wall -Wextra -Wconversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wformat=2
# The sandbox has to know what it is built with.
SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer -DLOPT_SANITIZERS

# Undefined behaviour is found by the debug flavour; here it is not to remove a check.
release_cflags = -O2 -g -fPIE -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3 -Werror=format-security -fstack-protector-strong \
	-fno-strict-overflow -fno-strict-aliasing -fno-delete-null-pointer-checks \
	$(call cc-option,-fstack-clash-protection) $(call cc-option,-fcf-protection) \
	$(call cc-option,-mbranch-protection=standard) $(call cc-option,-fstrict-flex-arrays=3) \
	$(call cc-option,-ftrivial-auto-var-init=zero)
release_ldflags = -pie -Wl,-z,relro,-z,now,-z,noexecstack,-z,separate-code,-z,text

# Of libarchive no more is linked than reads a tar, so nothing of what else it can use is needed. The linker warns of
# functions of glibc that libcrypto could call and layeropt never has it call.
static_cflags = $(release_cflags) -DLOPT_STATIC
static_ldflags = -static-pie -s -Wl,--gc-sections -Wl,-z,relro,-z,now,-z,noexecstack,-z,separate-code -Wl,--no-warnings

debug_cflags = -Og -g -Werror $(SANITIZE)
debug_ldflags = $(SANITIZE)

# Digest checks are off, so that a changed byte reaches the parser behind them.
fuzz_cflags = -O1 -g -Werror $(SANITIZE) -DFUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION \
	$(call cc-option,-fsanitize=fuzzer-no-link)
fuzz_ldflags = $(SANITIZE)

coverage_cflags = -O0 -g --coverage -fprofile-update=atomic -DLOPT_COVERAGE
coverage_ldflags = --coverage

ifeq ($(filter $(FLAVOR),release static debug fuzz coverage),)
$(error FLAVOR=$(FLAVOR): it is one of release, static, debug, fuzz, coverage)
endif

FLAVOR_CFLAGS := $($(FLAVOR)_cflags)
ALL_CPPFLAGS := -D_GNU_SOURCE= -Iinclude -Ianalyzer -DLOPT_VERSION=\"$(VERSION)\" $(FEATURES) $(PKG_CFLAGS) $(CPPFLAGS)
ALL_CFLAGS := -std=gnu17 -pthread $(WARN) $(FLAVOR_CFLAGS) $(CFLAGS)
ALL_LDFLAGS := -pthread -Wl,--as-needed $($(FLAVOR)_ldflags) $(LDFLAGS)
BANNED := -include base/banned.h
V ?= 0
say = $(if $(filter 1,$(V)),,@printf '  %-4s %s\n' $(1);)
COMPILE = $(call say,CC $@)$(CC) $(BANNED) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<
LINK = $(call say,LINK $@)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@

# ---- what is built from what

objects = $(patsubst %.c,$(B)/obj/%.o,$(1))

LIB_OBJ := $(call objects,$(sort $(filter-out analyzer/cli/%,$(wildcard analyzer/*/*.c))))
CLI_OBJ := $(call objects,$(sort $(filter-out analyzer/cli/main.c,$(wildcard analyzer/cli/*.c))))
MAIN_OBJ := $(call objects,$(wildcard analyzer/cli/main.c))
SUPPORT_OBJ := $(call objects,$(sort $(wildcard tests/support/*.c)))
UNIT_SRC := $(sort $(wildcard tests/unit/test_*.c))
FUZZ_SRC := $(filter-out tests/fuzz/replay.c,$(sort $(wildcard tests/fuzz/*.c)))

LIB := $(B)/liblayeropt.a
CLI := $(B)/libcli.a
SUPPORT := $(B)/libsupport.a
BINARY := $(B)/layeropt
UNIT := $(patsubst tests/unit/%.c,$(B)/unit/%,$(UNIT_SRC))
FUZZERS := $(patsubst tests/fuzz/%.c,$(B)/fuzz/%,$(FUZZ_SRC))
REPLAYS := $(patsubst tests/fuzz/%.c,$(B)/replay/%,$(FUZZ_SRC))
MAN := $(patsubst docs/man/%.scd,build/man/%,$(sort $(wildcard docs/man/*.scd)))

.PHONY: all binary tests replays fuzzers
all: binary ## build/$(FLAVOR)[-clang]/layeropt (the default)
binary: $(BINARY)
tests: $(UNIT)
replays: $(REPLAYS)
fuzzers: $(FUZZERS)
.SECONDARY:

# Changed flags, or a source that came or went, rebuild what depends on them.
remember = @mkdir -p $(@D); printf '%s\n' '$(1)' | cmp -s - $@ || printf '%s\n' '$(1)' >$@
$(B)/flags: FORCE
	$(call remember,$(CC) $(BANNED) $(ALL_CPPFLAGS) $(ALL_CFLAGS) $(ALL_LDFLAGS))
$(B)/liblayeropt.list: FORCE
	$(call remember,$(LIB_OBJ))
$(B)/libcli.list: FORCE
	$(call remember,$(CLI_OBJ))
$(B)/libsupport.list: FORCE
	$(call remember,$(SUPPORT_OBJ))

$(B)/obj/analyzer/%.o: analyzer/%.c $(B)/flags
	@mkdir -p $(@D)
	$(COMPILE)
$(B)/obj/tests/%.o: tests/%.c $(B)/flags
	@mkdir -p $(@D)
	$(COMPILE) -Itests

$(LIB): $(LIB_OBJ)
$(CLI): $(CLI_OBJ)
$(SUPPORT): $(SUPPORT_OBJ)
$(B)/%.a: $(B)/%.list
	@rm -f $@
	$(call say,AR $@)$(AR) rcs $@ $(filter %.o,$^)

$(BINARY): $(MAIN_OBJ) $(CLI) $(LIB)
	$(LINK) $^ $(PKG_LIBS) -lm
$(B)/unit/%: $(B)/obj/tests/unit/%.o $(SUPPORT) $(CLI) $(LIB)
	@mkdir -p $(@D)
	$(LINK) $^ $(PKG_LIBS) -lm -lcmocka -lsqlite3
$(B)/replay/%: $(B)/obj/tests/fuzz/%.o $(B)/obj/tests/fuzz/replay.o $(SUPPORT) $(CLI) $(LIB)
	@mkdir -p $(@D)
	$(LINK) $^ $(PKG_LIBS) -lm
$(B)/fuzz/%: $(B)/obj/tests/fuzz/%.o $(SUPPORT) $(CLI) $(LIB)
	@mkdir -p $(@D)
	$(LINK) -fsanitize=fuzzer $^ $(PKG_LIBS) -lm

-include $(wildcard $(B)/obj/*/*/*.d)

# ---- tests

.PHONY: check check-engine check-managers check-layers check-headers check-elf bless bench bench-optimize fuzz coverage lint format
check: ## every test that needs no container engine, under sanitizers
	+@$(MAKE) FLAVOR=debug binary tests
	+@$(MAKE) FLAVOR=fuzz replays
	+@$(MAKE) FLAVOR=release binary
	@CC='$(CC)' CXX='$(CXX)' sh scripts/check.sh build/debug$(SUFFIX) build/fuzz$(SUFFIX) build/release$(SUFFIX)

check-engine: ## tests that need docker: build, save, load, mount, compare
	+@$(MAKE) FLAVOR=release binary
	@sh scripts/check-engine.sh build/release$(SUFFIX)/layeropt

check-managers: ## install with rpm, pip and npm into a folder, and compare
	+@$(MAKE) FLAVOR=release binary
	@tests/engine/managers build/release$(SUFFIX)/layeropt

check-layers: ## hold the includes to analyzer/LAYERS
	@sh scripts/check-layers.sh

check-headers: ## compile each public header alone, as C11 and as C++
	@CC='$(CC)' CXX='$(CXX)' sh scripts/check-headers.sh

check-elf: ## hold the release binary to its hardening flags
	+@$(MAKE) FLAVOR=release binary
	@sh scripts/check-elf.sh build/release$(SUFFIX)/layeropt

bless: ## rewrite the expected output of tests/cli after a look at the difference
	+@$(MAKE) FLAVOR=debug binary
	@tests/cli/run build/debug$(SUFFIX)/layeropt --bless

bench: ## hold the release binary to its targets and write docs/benchmarks.md; QUICK=1: a minute, no file
	+@$(MAKE) FLAVOR=release binary
	@RUNS='$(RUNS)' tests/bench/run build/release$(SUFFIX)/layeropt $(if $(QUICK),--quick)

bench-optimize: binary ## bring two R images below 1.5 GB, proved by rebuilding them: half an hour, needs docker
	@tests/bench/optimize build/release$(SUFFIX)/layeropt

fuzz: ## run each fuzz target with libFuzzer for FUZZ_SECONDS (60); needs clang
	+@$(MAKE) CC=$(if $(SUFFIX),$(CC),clang) FLAVOR=fuzz fuzzers
	@sh scripts/fuzz.sh build/fuzz-clang/fuzz $(FUZZ_SECONDS)

coverage: ## line and branch coverage of the checks, in build/coverage/report; fails below 90 % of the lines
	+@$(MAKE) FLAVOR=coverage binary tests replays
	+@$(MAKE) FLAVOR=release binary
	@CC='$(CC)' CXX='$(CXX)' GCOV='$(GCOV)' sh scripts/coverage.sh build/coverage$(SUFFIX) build/release$(SUFFIX)

lint: ## clang-format, clang-tidy, cppcheck, shellcheck, mandoc
	@CPPFLAGS='$(filter-out -DLOPT_VERSION=%,$(ALL_CPPFLAGS))' sh scripts/lint.sh

format: ## rewrite the sources with clang-format
	@git ls-files --cached --others --exclude-standard '*.c' '*.h' | xargs clang-format -i

# ---- man pages, installation

.PHONY: static deb
static: ## build/static/layeropt, which needs no library to run; says how large it is and what is in it
	+@$(MAKE) FLAVOR=static binary
	@sh scripts/check-static.sh build/static$(SUFFIX)/layeropt

deb: ## a Debian package, in build/deb
	@sh scripts/make-deb.sh

.PHONY: man install clean help
man: $(MAN) ## man pages from docs/man/*.scd, in build/man
build/man/%: docs/man/%.scd
	@mkdir -p $(@D)
	$(call say,MAN $@)date=$${SOURCE_DATE_EPOCH:-$$(git log -1 --format=%ct -- $< 2>/dev/null)}; \
		env $${date:+SOURCE_DATE_EPOCH=$$date} scdoc <$< >$@

COMPLETIONS := $(addprefix $(B)/completion/,bash zsh fish)
$(B)/completion/%: $(BINARY)
	@mkdir -p $(@D)
	$(BINARY) completion $(@F) >$@

SHARE := $(DESTDIR)$(PREFIX)/share
PLUGINS ?= $(PREFIX)/libexec/docker/cli-plugins
ZSH_FUNCTIONS ?= zsh/site-functions
install: all man $(COMPLETIONS) ## the binary, as docker's plugin, man pages, completions, under DESTDIR and PREFIX (/usr/local)
	install -d $(DESTDIR)$(PREFIX)/bin $(SHARE)/man/man1 $(SHARE)/bash-completion/completions \
		$(SHARE)/$(ZSH_FUNCTIONS) $(SHARE)/fish/vendor_completions.d $(DESTDIR)$(PLUGINS)
	install -m 755 $(BINARY) $(DESTDIR)$(PREFIX)/bin/layeropt
	ln -sfr $(DESTDIR)$(PREFIX)/bin/layeropt $(DESTDIR)$(PLUGINS)/docker-layeropt
	install -m 644 $(MAN) $(SHARE)/man/man1
	install -m 644 $(B)/completion/bash $(SHARE)/bash-completion/completions/layeropt
	install -m 644 $(B)/completion/zsh $(SHARE)/$(ZSH_FUNCTIONS)/_layeropt
	install -m 644 $(B)/completion/fish $(SHARE)/fish/vendor_completions.d/layeropt.fish

clean: ## remove build/
	rm -rf build

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' Makefile | while IFS='	' read -r name what; do \
		printf '%-14s %s\n' "$$name" "$$what"; done
	@echo 'variables: FLAVOR=release|static|debug|fuzz|coverage CC=gcc|clang PREFIX= DESTDIR= FUZZ_SECONDS= V=1'
