#!/usr/bin/env bash
# Installs the S3 Encryption Clients for Python and Java, pinned, into a cache outside the repository (java and mvn are the
# machine's). Prints the Python, then the class path.
set -euo pipefail
root="$(cd "$(dirname "$0")/../.." && pwd)"
cache="${SEALGATE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/sealgate}/interop"
packages="boto3==1.44.5 amazon-s3-encryption-client-python==4.0.0"
pom="$root/test/interop/s3ec/pom.xml"
venv="$cache/venv-s3ec"
jars="$cache/s3ec-$(cksum <"$pom" | cut -d' ' -f1)"
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
if [ ! -e "$jars/.installed" ]; then
	echo "fetching the jars of the S3 Encryption Client" >&2
	rm -rf "$jars"
	mkdir -p "$jars"
	cp "$pom" "$jars/"
	(cd "$jars" && timeout 900 mvn -q -B dependency:copy-dependencies -DoutputDirectory=jars >&2)
	touch "$jars/.installed"
fi
echo "$venv/bin/python"
echo "$jars/jars/*"
