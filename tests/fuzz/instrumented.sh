#!/bin/sh
# Stands before the compiler for the project's own crates (RUSTC_WORKSPACE_WRAPPER): they tell libFuzzer which of their edges were
# taken and what they compared. All of it stable options; dependencies are not instrumented and not built a second time.
exec "$@" -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
	-Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
	-Cllvm-args=-sanitizer-coverage-trace-compares
