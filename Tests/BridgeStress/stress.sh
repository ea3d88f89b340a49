#!/usr/bin/env bash
# Many connections through the bridge: as it ships, under AddressSanitizer, and under ThreadSanitizer.
# HERALD_STRESS_CONNECTIONS says how many in each of the three (100,000); arguments choose: plain, address, thread.
set -euo pipefail
cd "$(dirname "$0")/../.."

# What is freed is kept back for a while, to catch its use: less of it, so that growth can still be told.
export ASAN_OPTIONS="quarantine_size_mb=16:${ASAN_OPTIONS:-}"

if [ $# -eq 0 ]; then set -- plain address thread; fi
for kind in "$@"; do
    options=(-c release --product BridgeStress --scratch-path ".build/stress-$kind")
    if [ "$kind" != plain ]; then options+=(--sanitize "$kind"); fi
    swift build --quiet "${options[@]}"
    echo "stress, $kind:"
    ".build/stress-$kind/release/BridgeStress"
done
