# The two commands of the README, and what CI runs.

CARGO ?= cargo
WASM_TARGET := wasm32-wasip2
export CARGO_INCREMENTAL ?= 1

.PHONY: run test lint fmt target fuzz judges soak help

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
		$(CARGO) deny --all-features check --hide-inclusion-graph; \
	else \
		echo "cargo-deny is not installed: licences and advisories were not checked (cargo install cargo-deny)"; \
	fi

fmt: ## format the code
	$(CARGO) fmt --all

target: ## install what guests are compiled for
	@rustc --print target-libdir --target $(WASM_TARGET) >/dev/null 2>&1 \
		&& test -d "$$(rustc --print target-libdir --target $(WASM_TARGET))" \
		|| rustup target add $(WASM_TARGET)

# Signatures, files, journal and metrics are judged by the tools of others. On
# Debian: apt-get install jq sqlite3 prometheus python3-venv. `make test` runs
# those that are on the path; here a missing one fails.
JUDGES := target/judges

judges: target $(JUDGES)/installed ## have what others read judged by jq, sqlite3, promtool and Standard Webhooks
	PATH="$(CURDIR)/$(JUDGES)/bin:$$PATH" CDR_GATEWAY_JUDGES=required \
		$(CARGO) test --package cdr-gateway --test e2e judges

$(JUDGES)/installed: tests/judges/requirements.txt
	python3 -m venv $(JUDGES)
	$(JUDGES)/bin/pip install --quiet --requirement $<
	touch $@

soak: target ## kill the gateway a hundred times under load (CDR_GATEWAY_SEED=N repeats a run)
	$(CARGO) test --package cdr-gateway --test e2e a_hundred_kills -- --ignored --nocapture
