#!/usr/bin/env bash
# Installs Tink for Python and what docs/readers/t1.py needs, pinned, into a cache outside the repository. Prints the Python that has them.
set -euo pipefail
# shellcheck source=scripts/interop/steps.sh
. "$(dirname "$0")/steps.sh"

venv venv-tink "tink==1.16.1 cryptography==50.0.2"
echo "$cache/venv-tink/bin/python"
