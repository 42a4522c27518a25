# Everything a fresh machine needs is cargo, a C compiler, make, and python3 with pip: the build
# fetches a pinned Z3 library with pip (build.rs says what to do where that is impossible).

.DEFAULT_GOAL := help
.PHONY: help build demo test lint bench doc

CARGO ?= cargo
# The lock file is part of what is tested.
CARGO_FLAGS ?= --locked

step = @printf '\n==> %s\n' "$(1)"

help: ## list the targets
	@printf 'usage: make TARGET\n\n'
	@sed -n 's/^\([a-z]*\):[^#]*## \(.*\)$$/  \1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{ printf "%-10s %s\n", $$1, $$2 }'

build: ## build target/debug/leastwise
	$(call step,build)
	$(CARGO) build $(CARGO_FLAGS)

# The development profile, because it optimizes enough for the examples, and because what it builds
# serves `make test` as well: the release profile would cost several minutes more on a small machine.
demo: build ## scan, follow paths and recommend on the examples
	@LEASTWISE="$${CARGO_TARGET_DIR:-target}/debug/leastwise" sh examples/demo.sh

test: lint doc ## formatting, lints, documentation, tests with and without Z3
	$(call step,tests)
	$(CARGO) test $(CARGO_FLAGS)
	$(call step,tests without Z3)
	$(CARGO) test $(CARGO_FLAGS) --no-default-features
	$(call step,everything passed)

lint: ## formatting and clippy, with and without Z3
	@$(CARGO) fmt --version >/dev/null 2>&1 || { echo 'error: rustfmt is missing: rustup component add rustfmt' >&2; exit 1; }
	@$(CARGO) clippy --version >/dev/null 2>&1 || { echo 'error: clippy is missing: rustup component add clippy' >&2; exit 1; }
	$(call step,formatting)
	$(CARGO) fmt --check
	$(call step,clippy)
	$(CARGO) clippy $(CARGO_FLAGS) --all-targets -- -D warnings
	$(call step,clippy without Z3)
	$(CARGO) clippy $(CARGO_FLAGS) --all-targets --no-default-features -- -D warnings

doc: ## the documentation of the library, without warnings
	$(call step,documentation)
	RUSTDOCFLAGS='-D warnings' $(CARGO) doc $(CARGO_FLAGS) --no-deps --document-private-items

bench: ## the benchmarks
	$(call step,benchmarks)
	$(CARGO) bench $(CARGO_FLAGS)
