# The two commands of the README, and what CI runs.

CARGO ?= cargo
WASM_TARGET := wasm32-wasip2
DENY_VERSION := 0.20.2
FUZZ_VERSION := 0.13.2
export CARGO_INCREMENTAL ?= 1

.PHONY: run test lint fmt target judges soak fuzz bench bench-micro bench-calls bench-check bench-record advisories help

help: ## what there is
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## */  make \1	/'

run: target ## start the gateway with config/quickstart.toml and show a record going through
	$(CARGO) run --package cdr-gateway -- demo

test: target ## run all tests: unit, property and end to end with the real binary
	$(CARGO) test --workspace

lint: target ## formatting, clippy and licences
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets -- --deny warnings
	@if $(CARGO) deny --version >/dev/null 2>&1; then \
		$(CARGO) deny check --hide-inclusion-graph bans licenses sources; \
	else \
		echo "skipped: licences, bans and sources (cargo install --locked cargo-deny --version $(DENY_VERSION))"; \
	fi

advisories: ## known vulnerabilities of dependencies; fetches the RustSec database
	$(CARGO) deny check advisories

fmt: ## format the code
	$(CARGO) fmt --all

target: ## install what guests are compiled for
	@rustc --print target-libdir --target $(WASM_TARGET) >/dev/null 2>&1 \
		&& test -d "$$(rustc --print target-libdir --target $(WASM_TARGET))" \
		|| rustup target add $(WASM_TARGET)

# Signatures, files, uploads, journal, metrics, TLS and tokens are judged by the tools of others. On
# Debian: apt-get install jq sqlite3 prometheus openssl curl python3-venv docker-registry. `make test` runs
# those that are on the path; here a missing one fails.
JUDGES := target/judges

judges: target $(JUDGES)/installed ## have what others read judged by their own tools
	PATH="$(CURDIR)/$(JUDGES)/bin:$$PATH" CDR_GATEWAY_JUDGES=required \
		$(CARGO) test --package cdr-gateway --test e2e judges

$(JUDGES)/installed: tests/judges/requirements.txt
	python3 -m venv $(JUDGES)
	$(JUDGES)/bin/pip install --quiet --requirement $<
	touch $@

# What takes minutes, or root for file systems of its own. Whatever cannot be
# proven here is skipped, loudly. CDR_GATEWAY_SEED=N repeats the kills of a run.
SOAK_RESULTS := target/soak.md

soak: target ## prove by long faults what `make test` proves by short ones, and print a table
	@echo "$$(date -u +%F), $$(uname -srm), $$(nproc) cores" >$(SOAK_RESULTS)
	@printf '\n| proof | found |\n| --- | --- |\n' >>$(SOAK_RESULTS)
	@CDR_GATEWAY_SOAK_RESULTS="$(CURDIR)/$(SOAK_RESULTS)" \
		$(CARGO) test --package cdr-gateway --test e2e -- --ignored --nocapture --test-threads=1; \
		ended=$$?; cat $(SOAK_RESULTS); exit $$ended

# What parses bytes from outside, each for a minute under libFuzzer. The stable
# compiler instruments as well as a nightly one once it is told to. What is found
# on the way stays in fuzz/found; what breaks is written to fuzz/artifacts.
FUZZ_SECONDS ?= 60
FUZZ_TARGETS := $(notdir $(basename $(wildcard fuzz/fuzz_targets/*.rs)))

fuzz: target ## fuzz each parser for a minute (FUZZ_SECONDS=N, FUZZ_TARGETS="record guard")
	@$(CARGO) fuzz --version >/dev/null 2>&1 || $(CARGO) install --locked cargo-fuzz --version $(FUZZ_VERSION)
	@mkdir -p $(addprefix fuzz/found/,$(FUZZ_TARGETS))
	@for target in $(FUZZ_TARGETS); do \
		echo "== $$target"; \
		RUSTC_BOOTSTRAP=1 $(CARGO) fuzz run --sanitizer none $$target fuzz/found/$$target fuzz/corpus/$$target -- \
			-max_total_time=$(FUZZ_SECONDS) -max_len=8192 -timeout=10 -rss_limit_mb=1024 -print_final_stats=1 || exit 1; \
	done

# The gateway against a server that does the same work with nothing around it, in
# turn, on a machine that should have nothing else to do. BENCH_OPTIONS are those
# of `cdr-gateway-bench --help`. Incremental compilation and LTO exclude each other.
BENCH_RUNS ?= 5
BENCH_OPTIONS ?=

bench: export CARGO_INCREMENTAL := 0
bench: target ## measure the gateway against the floor, with table and plots in bench/results (BENCH_RUNS=N)
	$(CARGO) build --release --package cdr-gateway --package cdr-gateway-bench
	target/release/cdr-gateway-bench --gateway target/release/cdr-gateway --runs $(BENCH_RUNS) \
		--directory target/bench --results bench/results $(BENCH_OPTIONS)

# Works on their own. Time on a machine that should have nothing else to do; or
# instructions, which do not depend on that, against those in
# bench/instructions.toml. Dependencies are those of `make test`, and the gateway's
# own crate is optimised as it is there: a build of minutes less. Counting needs
# valgrind (apt-get install valgrind). BENCH_FILTER=guard chooses some.
MICRO_PROFILE := opt-level=3, codegen-units=16
MICRO_CRATE := profile.dev.package.cdr-gateway
MICRO_TEST = $(CARGO) test --quiet --config '$(MICRO_CRATE).opt-level=3' --config '$(MICRO_CRATE).codegen-units=16' \
	--package cdr-gateway
MICRO = $(MICRO_TEST) --bench micro --
BENCH_FILTER ?=

bench-micro bench-calls bench-check bench-record: export CARGO_INCREMENTAL := 0
bench-micro bench-check bench-record: export MICRO_PROFILE := $(MICRO_PROFILE)

bench-micro: target ## time works on their own: record, journal, plugins, tables, guard, templates
	$(MICRO) wall $(BENCH_FILTER)

bench-calls: target ## time what a call of each function of the plugin contract costs
	$(MICRO_TEST) --lib plugin::cost::calls -- --ignored --nocapture

bench-check: target ## count instructions of each work, and fail where one got dearer than recorded
	$(MICRO) check $(BENCH_FILTER)

bench-record: target ## count instructions of each work, and record them
	$(MICRO) record
