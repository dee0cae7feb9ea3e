#!/usr/bin/env bash
# run.sh -max_total_time=SECONDS|-runs=NUMBER [TARGET...]: fuzzes each target so long or so often, from its corpus. With KEEP=1 what was found worth keeping goes into the
# corpus, no more inputs than it takes to reach every edge; without, the tree stays as it is. What breaks a target is written beside the corpus, and is the exit code.
set -euo pipefail
cd "$(dirname "$0")/../.."
bound=$1
shift
targets=("$@")
[ ${#targets[@]} -gt 0 ] || targets=(verify wire answers mails rulebook settings tickets manifest)
RUSTC_WORKSPACE_WRAPPER="$PWD/tests/fuzz/instrumented.sh" cargo build --quiet -p deskbridge-fuzz
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
for target in "${targets[@]}"; do
	corpus=tests/fuzz/corpus/$target
	mkdir -p "$scratch/$target"
	if ! DESKBRIDGE_FUZZ=$target target/debug/fuzz "$scratch/$target" "$corpus" "$bound" -seed="${SEED:-7}" \
		-max_len=32768 -timeout=20 -rss_limit_mb=2048 -artifact_prefix="tests/fuzz/$target-" -print_final_stats=1 \
		>"$scratch/log" 2>&1; then
		tail -40 "$scratch/log"
		exit 1
	fi
	runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$scratch/log")
	edges=$(sed -n 's/.* cov: \([0-9]*\) .*/\1/p' "$scratch/log" | tail -1)
	echo "fuzz $target: $runs executions, $edges edges, no finding"
	if [ "${KEEP:-}" = 1 ]; then
		mkdir "$scratch/kept"
		DESKBRIDGE_FUZZ=$target target/debug/fuzz -set_cover_merge=1 "$scratch/kept" "$corpus" "$scratch/$target" >/dev/null 2>&1
		rm -rf "$corpus"
		mv "$scratch/kept" "$corpus"
	fi
done
