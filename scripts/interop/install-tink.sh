#!/usr/bin/env bash
# Installs Tink for Python, pinned, into a cache outside the repository. Prints the Python that has it.
set -euo pipefail
cache="${SEALGATE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/sealgate}/interop"
package="tink==1.16.1"
venv="$cache/venv-tink"
stamp="$venv/.installed-$(cksum <<<"$package" | cut -d' ' -f1)"
if [ ! -e "$stamp" ]; then
	mkdir -p "$cache"
	echo "installing $package" >&2
	rm -rf "$venv"
	python3 -m venv "$venv" >&2
	timeout 900 "$venv/bin/pip" install -q "$package" >&2
	touch "$stamp"
fi
echo "$venv/bin/python"
