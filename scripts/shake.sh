#!/usr/bin/env bash
# Runs the tests several times beside busy processes: scripts/shake.sh [RUNS] [BUSY]
#
# A test that asserts how fast something was, or that waits for less than the thing itself, fails
# here sooner or later. Each run ends with a line of figures; the exit code is 1 if any test failed.
set -uo pipefail
cd -P "$(dirname "$0")/.." || exit

runs=${1:-10}
busy=${2:-8}
read -r -a parallel <<<"${PARALLEL:-}"
log=$(mktemp) || exit
pids=()
stop() {
    ((${#pids[@]})) && kill "${pids[@]}" 2>/dev/null
    rm -f "$log"
}
trap stop EXIT
trap 'exit 130' INT TERM

for ((n = 0; n < busy; n++)); do
    .venv/bin/python -c 'while True: pass' &
    pids+=($!)
done
failed=0
for ((run = 1; run <= runs; run++)); do
    .venv/bin/python -m pytest ${parallel[@]+"${parallel[@]}"} >"$log" 2>&1 || failed=1
    # What failed, why, and the list of it: a race is seldom seen twice.
    sed -n '/^=* \(FAILURES\|ERRORS\) =*$/,$p' "$log"
    printf 'run %d of %d, load %s: %s\n' "$run" "$runs" "$(cut -d' ' -f1 /proc/loadavg)" \
        "$(tail -n 1 "$log" | tr -d =)"
done
exit "$failed"
