# A short face for Meson: `make help` lists what it does. BUILD, PREFIX and DESTDIR can be set.

BUILD ?= build
PREFIX ?= /usr/local
DESTDIR ?=

# What is installed; what needs a library of its own is a file of its own.
PRODUCT = durable-sync durable-sync-jq fakes.so codec-server.so pgstore.so temporal.so \
    connectors/postgresql.so connectors/github.so connectors/notion.so

.PHONY: all setup test-setup demo test simulate stress-temporal bench check fuzz coverage deb docs install format clean help

# The program and the library; `make test` builds the tests.
all: $(BUILD)/build.ninja
	@ninja -C $(BUILD) $(PRODUCT)

setup:
	@tools/setup build

test-setup:
	@tools/setup build test

# Set up once; Meson itself notices when a meson.build changes.
$(BUILD)/build.ninja: | setup
	@meson setup --prefix=$(PREFIX) $(BUILD)

demo: all
	@tools/setup demo
	@tools/demo $(BUILD)

test: | test-setup $(BUILD)/build.ninja
	@meson test -C $(BUILD) --print-errorlogs

bench: all
	@tools/setup bench
	@ninja -C $(BUILD) tests/bench/bench_engine tests/bench/bench_http tests/bench/bench_transform tests/bench/bench_replay tests/faults/libshifted_clock.so
	@tools/bench; data=$$?; tools/bench-postgresql || data=1; \
	tools/bench-temporal || data=1; tools/bench-apis && exit $$data

# The engine temporal's storms and outages in their full sizes: two hours.
stress-temporal: all
	@tools/setup temporal
	@ninja -C $(BUILD) tests/unit/test_replay_golden
	@tools/stress-temporal $(BUILD)

# Twice ten thousand seeds of the simulated world, on two cores.
simulate: | test-setup $(BUILD)/build.ninja
	@ninja -C $(BUILD) tests/simulate/simulate
	@$(BUILD)/tests/simulate/simulate seeds 10000 1 & other=$$!; \
	$(BUILD)/tests/simulate/simulate seeds 10000 10001; mine=$$?; wait $$other && exit $$mine

check:
	@tools/setup build check
	@tools/check

# Debian packages in build-deb, from a copy of this tree.
deb:
	@tools/setup build deb
	@tools/deb

# Ten minutes for each target; FUZZ_SECONDS, FUZZ_JOBS.
fuzz:
	@tools/fuzz

coverage:
	@tools/coverage

# After a `make`, `sudo make install` finds nothing to build and leaves nothing of root's there.
install: $(BUILD)/build.ninja
	@[ "$$(tools/build-option $(BUILD) prefix)" = "$(PREFIX)" ] || \
	    meson configure $(BUILD) -Dprefix=$(PREFIX) >/dev/null
	@ninja -C $(BUILD) $(PRODUCT)
	@meson install -C $(BUILD) --no-rebuild --quiet $(if $(DESTDIR),--destdir=$(DESTDIR))
	@if [ -z "$(DESTDIR)" ] && [ "$$(id -u)" = 0 ]; then ldconfig; fi

# The pages, manuals and completions that are made from the program's tables.
docs: all
	@rm -rf $(BUILD)/generated
	@env -u DURABLE_SYNC_CONNECTORS $(BUILD)/durable-sync -q _generate $(BUILD)/generated
	@rm -rf docs/reference docs/man packaging/completion
	@cp -R $(BUILD)/generated/. .

format:
	@tools/setup format
	@git ls-files -co --exclude-standard '*.c' '*.h' | xargs clang-format -i

clean:
	@rm -rf $(BUILD) build-asan build-tsan build-clang build-analyzer build-deb build-fuzz build-coverage

help:
	@echo 'make          build build/durable-sync; what is missing on this machine is installed first'
	@echo 'make demo     mirror a public data set into SQLite, edit, kill, resume'
	@echo 'make test     the whole test suite'
	@echo 'make simulate the simulated world, 20,000 seeds'
	@echo 'make bench    speed and memory beside other tools'
	@echo 'make check    the suite under sanitizers, and static analysis'
	@echo 'make deb      Debian packages, in build-deb'
	@echo 'make fuzz     the fuzz targets, ten minutes each (FUZZ_SECONDS, FUZZ_JOBS)'
	@echo 'make coverage what of the code the suite reaches, folder by folder'
	@echo 'make install  PREFIX=$(PREFIX), DESTDIR=$(DESTDIR)'
	@echo 'make docs     write the reference, manual pages and completions from the tables'
	@echo 'make format   clang-format over the sources'
	@echo 'make clean    remove what was built'
