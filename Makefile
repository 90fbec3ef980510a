# The two commands that do all the set-up are `make demo` and `make test`.
SWIFT_FLAGS = --explicit-target-dependency-import-check error
# Tests that start programs or listen for connections wait for answers; side by side they would wait
# for each other.
PROGRAMS = FaultTests|ProgramTests|BrowserTests|HostingTests|DesksTests

.PHONY: setup build test demo bench format check clean

setup: ## installs the Debian packages that are missing
	@.ci/setup

build: ## builds programs and tests, once
	@.ci/setup tests
	swift build --build-tests $(SWIFT_FLAGS)

test: build ## runs all tests; whole programs by themselves, one after the other
	swift test --skip-build $(SWIFT_FLAGS) --skip '$(PROGRAMS)'
	swift test --skip-build $(SWIFT_FLAGS) --no-parallel --filter '$(PROGRAMS)'

demo: setup ## the main job on real plate reads, each party a program of its own
	swift build $(SWIFT_FLAGS)
	.build/debug/platevault demo

bench: ## how fast everything is: a table, and .bench/results.json; FULL=1 takes an hour
	@.ci/setup bench
	for program in gatewayd vaultd custodiand Bench; do \
	    swift build -c release $(SWIFT_FLAGS) --product $$program || exit 1; \
	done
	.build/release/Bench $(if $(FULL),--full)

format: ## rewrites the sources in the house's format
	swift format -i -r Package.swift Sources Tests

check: ## format and target graph
	.ci/check

clean: ## removes what was built
	rm -rf .build
