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

go_module() { # name, package, version: of a module whose own replacements forbid go install
	local stamp="$cache/$1.$(cksum <<<"$2@$3" | cut -d' ' -f1)"
	[ -x "$stamp" ] && { ln -sfn "$stamp" "$cache/$1"; return; }
	local build
	build=$(mktemp -d)
	echo "building $2@$3" >&2
	(
		cd "$build"
		go mod init counterpart
		printf '//go:build tools\n\npackage tools\n\nimport _ "%s"\n' "$2" >tools.go
		go mod edit -require "$2@$3"
		go mod tidy
		timeout 1800 go build -ldflags "-s -w" -o "$1" "$2"
	) >&2
	mv "$build/$1" "$stamp"
	rm -r "$build"
	ln -sfn "$stamp" "$cache/$1"
}

python() { # folder, packages
	local stamp="$cache/$1/.installed-$(cksum <<<"$2" | cut -d' ' -f1)"
	[ -e "$stamp" ] && return
	echo "installing $2" >&2
	rm -rf "${cache:?}/$1"
	python3 -m venv "$cache/$1" >&2
	# shellcheck disable=SC2086
	timeout 900 "$cache/$1/bin/pip" install -q $2 >&2
	touch "$stamp"
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

debian openssl openssl
debian nginx nginx-light
debian chromium chromium
debian radosgw radosgw ceph-mon ceph-osd ceph-common

go_tool versitygw github.com/versity/versitygw/cmd/versitygw@v1.8.0
go_tool minio github.com/minio/minio@v0.0.0-20260212201848-7aac2a2c5b7c

go_module local-kms github.com/nsmithuk/local-kms v0.0.0-20231025161602-e4d9425700fe

python venv "boto3==1.44.5 awscli==1.46.3"
python venv-moto "moto[server]==5.2.5"
echo "$cache"
