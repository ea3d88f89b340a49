# Herald: what one does with it. Each target installs the Debian packages that it needs (.ci/packages).

SWIFT ?= swift
SOURCES = Package.swift Sources Tests Benchmarks

.PHONY: demo build test test-container stress lint bench bench-gate install-tools clean

## demo: build and run the main job with nothing to set up; Ctrl-C ends it
demo: build
	@exec .build/release/herald demo

## build: the command, as it ships
build:
	@.ci/install build
	$(SWIFT) build -c release --product herald

## test: lint; every test in debug and in release; the bridge under load and both sanitizers; no cost grown; the image
test: install-tools lint
	$(SWIFT) build --build-tests
	$(SWIFT) build -c release --build-tests
	$(MAKE) stress
	$(SWIFT) test --skip-build --skip EndToEndTests
	$(SWIFT) test --skip-build -c release --skip EndToEndTests
	$(SWIFT) test --skip-build --filter EndToEndTests
	$(SWIFT) test --skip-build -c release --filter EndToEndTests
	$(MAKE) bench-gate
	$(MAKE) test-container

## test-container: the image, built by podman from Docker/Dockerfile, in a pod, by compose.yaml and by the manifests
##
## By Debian's own python3, which is the one that python3-yaml belongs to. Choose by TESTS="-k NAME".
test-container:
	@if .ci/install container; then \
	    /usr/bin/python3 Tests/Container/run.py $(TESTS); \
	else \
	    echo "*** SKIPPED: the container test, as podman can't be had ***"; \
	fi

## stress: 100,000 connections through the bridge as it ships, under AddressSanitizer, and under ThreadSanitizer
stress:
	@.ci/install build
	Tests/BridgeStress/stress.sh

## lint: the style that .swift-format describes
lint:
	$(SWIFT) format lint --strict --recursive $(SOURCES)

# What is measured is what ships: the Swift runtime is linked in.
BENCH_BUILD = $(SWIFT) build --quiet -c release --static-swift-stdlib --scratch-path .build/static --product

## bench: Herald, haproxy and nginx on the same work, in ten minutes; QUICK=1 for a first look, in two
bench:
	@.ci/install build bench
	$(BENCH_BUILD) herald
	$(BENCH_BUILD) ParserBench
	python3 Benchmarks/bench.py $(if $(QUICK),--quick)

## bench-gate: what costs more than it did (Benchmarks/thresholds.json) is an error; UPDATE=1 takes today's figures
##
## Behind it a quick benchmark, to be looked at: it judges nothing.
bench-gate:
	@.ci/install build bench
	$(BENCH_BUILD) herald
	$(BENCH_BUILD) ParserBench
	python3 Benchmarks/gate.py $(if $(UPDATE),--update)
	$(if $(UPDATE),,-python3 Benchmarks/bench.py --quick)

## install-tools: every package that building, testing and measuring need
install-tools:
	@.ci/install build test bench

clean:
	rm -rf .build
