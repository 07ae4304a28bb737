#!/usr/bin/env bash
# Opens the app; where there is no terminal, gives one spoken answer instead.
set -euo pipefail
cd -P "$(dirname "$0")/.."

case ${1:-} in
    '' | -* | chat) ;;
    *) exec .venv/bin/gramophone "$@" ;;  # a command: those need no terminal
esac
if [ -t 0 ] && [ -t 1 ]; then
    exec .venv/bin/gramophone "$@"
fi
[ "${1:-}" != chat ] || shift
echo "There is no terminal here, so instead of the app: one spoken answer." >&2
exec .venv/bin/gramophone ask "$@" "In one short sentence: what is a gramophone?"
