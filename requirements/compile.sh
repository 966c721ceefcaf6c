#!/usr/bin/env bash
# Recompile the locks after a change in pyproject.toml, or with --upgrade for newer releases.
# dev.lock is resolved first and holds every other lock, so that any two of them agree on every version.
set -euo pipefail
cd "$(dirname "$0")/.."

compile() {
  uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
    --no-header --no-annotate --no-emit-index-url --no-emit-find-links "$@"
}

compile pyproject.toml --extra local --extra export --extra stats --extra otel --extra dev --output-file requirements/dev.lock "$@"
compile pyproject.toml --constraint requirements/dev.lock --output-file requirements/base.lock
compile pyproject.toml --extra local --constraint requirements/dev.lock --output-file requirements/local.lock
compile pyproject.toml --extra export --constraint requirements/dev.lock --output-file requirements/export.lock
compile pyproject.toml --extra stats --constraint requirements/dev.lock --output-file requirements/stats.lock
compile pyproject.toml --extra otel --constraint requirements/dev.lock --output-file requirements/otel.lock
compile pyproject.toml --extra docs --constraint requirements/dev.lock --output-file requirements/docs.lock
echo "uv==${UV_PIN:-$(uv --version | cut -d' ' -f2)}" |
  compile --output-file requirements/installer.lock -
