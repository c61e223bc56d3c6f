#!/usr/bin/env bash
# Installs Tink for Python and what docs/readers/t1.py needs, pinned, into a cache outside the repository. Prints the Python that has them.
set -euo pipefail
cache="${SEALGATE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/sealgate}/interop"
packages="tink==1.16.1 cryptography==50.0.2"
venv="$cache/venv-tink"
stamp="$venv/.installed-$(cksum <<<"$packages" | cut -d' ' -f1)"
if [ ! -e "$stamp" ]; then
	mkdir -p "$cache"
	echo "installing $packages" >&2
	rm -rf "$venv"
	python3 -m venv "$venv" >&2
	# shellcheck disable=SC2086
	timeout 900 "$venv/bin/pip" install -q $packages >&2
	touch "$stamp"
fi
echo "$venv/bin/python"
