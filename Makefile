# Tallyboard. `make demo` and `make test` need a Rust toolchain, gcc, make and perl; `make test` also Java 17, Maven, Prometheus,
# Alertmanager, systemd-analyze, Python 3 with venv, node with npm, Chromium, and indexes of packages.

CARGO ?= cargo
NOT_RUN := target/not-run.txt
# Packages and features are always chosen alike, so that what tests need is compiled once for all of them.
CHOSEN := --workspace --features tallyboard-eventlog/conformance
TESTS = $(sort $(basename $(notdir $(wildcard $(1)/tests/*.rs) $(patsubst %/main.rs,%,$(wildcard $(1)/tests/*/main.rs)))))
UNIT := $(call TESTS,crates/*)
# The longest first.
LONGEST := browser board_kafka openapi
END_TO_END := $(LONGEST) $(filter-out $(LONGEST),$(call TESTS,tests))
ifneq ($(filter $(UNIT),$(END_TO_END)),)
$(error tests of a room and end-to-end tests have the same name: $(filter $(UNIT),$(END_TO_END)))
endif

.PHONY: help demo test verify format lint unit end-to-end bench build clean

help:
	@echo "make demo     a simulated company with everything running, nothing to install (DEMO_SECONDS=30 ends it)"
	@echo "make test     everything: format, lints, unit, property and golden tests, end-to-end tests with real servers"
	@echo "make verify   the same without the servers: before each commit"
	@echo "make bench    speed, beside a bare Kafka consumer in the same run; the live page, in a real browser"
	@echo "make build    the program, target/release/tallyboard"

demo:
	$(CARGO) run --package tallyboard-cli -- demo

build:
	$(CARGO) build --release --package tallyboard-cli

verify: format lint unit

test: verify end-to-end

format:
	$(CARGO) fmt --all --check

lint:
	$(CARGO) clippy --workspace --all-targets -- --deny warnings

unit:
	$(CARGO) test $(CHOSEN) --lib --bins $(UNIT:%=--test %)
	$(CARGO) test $(CHOSEN) --doc

# They wait more than they work: two at once, the longest first, each with its words together. Tests whose server could not be
# had are named at the end; under CI they have failed by then. The program that they run is built with its own test.
end-to-end:
	@mkdir -p target && rm -f $(NOT_RUN)
	$(CARGO) test $(CHOSEN) --test program $(END_TO_END:%=--test %) --no-run
	+$(MAKE) --jobs=2 --output-sync=target $(END_TO_END:%=end-to-end-%)
	@if [ -s $(NOT_RUN) ]; then echo; echo "These tests were NOT RUN:"; cat $(NOT_RUN); fi

$(END_TO_END:%=end-to-end-%): end-to-end-%:
	$(CARGO) test $(CHOSEN) --test $*

bench:
	$(CARGO) build --release --package tallyboard-cli
	$(CARGO) run --release --package tallyboard-bench -- all

clean:
	$(CARGO) clean
	rm -rf .servers
