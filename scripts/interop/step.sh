#!/usr/bin/env bash
# One step of steps.sh, for a client that is installed only when it runs: step.sh FUNCTION ARGUMENT... Prints the folder of the cache.
set -euo pipefail
# shellcheck source=scripts/interop/steps.sh
. "$(dirname "$0")/steps.sh"
"$@"
echo "$cache"
