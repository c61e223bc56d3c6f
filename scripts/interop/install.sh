#!/usr/bin/env bash
# Installs the counterparts of the interop tests, pinned, into a cache outside the repository. Prints the folder.
set -euo pipefail
cache="${SEALGATE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/sealgate}/interop"
mkdir -p "$cache"

go_tool() { # name, package@version
	local stamp="$cache/$1.$(cksum <<<"$2" | cut -d' ' -f1)"
	[ -x "$stamp" ] && { ln -sfn "$stamp" "$cache/$1"; return; }
	local build
	build=$(mktemp -d)
	echo "building $2" >&2
	GOBIN="$build" timeout 1800 go install -ldflags "-s -w" "$2" >&2
	mv "$build/$1" "$stamp"
	rmdir "$build"
	ln -sfn "$stamp" "$cache/$1"
}

debian() { # command, package...
	local command="$1"
	shift
	command -v "$command" >/dev/null && return
	[ "$(id -u)" -eq 0 ] || { echo "install as root: apt-get install $*" >&2; exit 1; }
	echo "installing $*" >&2
	[ -e "$cache/.apt-updated" ] || { apt-get update -q >&2 && touch "$cache/.apt-updated"; }
	DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends "$@" >&2
}

debian nginx nginx-light
go_tool versitygw github.com/versity/versitygw/cmd/versitygw@v1.8.0
# The benches want no more than that.
[ "${1:-}" = bench ] && { echo "$cache"; exit; }

debian openssl openssl
debian chromium chromium
debian radosgw radosgw ceph-mon ceph-osd ceph-common

go_tool minio github.com/minio/minio@v0.0.0-20260212201848-7aac2a2c5b7c

packages="boto3==1.44.5 awscli==1.46.3"
stamp="$cache/venv/.installed-$(cksum <<<"$packages" | cut -d' ' -f1)"
if [ ! -e "$stamp" ]; then
	echo "installing $packages" >&2
	rm -rf "$cache/venv"
	python3 -m venv "$cache/venv" >&2
	# shellcheck disable=SC2086
	timeout 900 "$cache/venv/bin/pip" install -q $packages >&2
	touch "$stamp"
fi
echo "$cache"
