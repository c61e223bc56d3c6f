#!/usr/bin/env bash
# Installs the backup tools of test/interop/backups.ts, as Debian has them. Prints the folder of PostgreSQL's programs.
set -euo pipefail
# shellcheck source=scripts/interop/steps.sh
. "$(dirname "$0")/steps.sh"

# A cluster of the machine's own is neither wanted nor used.
postgres=/usr/lib/postgresql/15/bin
[ -x "$postgres/postgres" ] || debian pg_createcluster postgresql-common
[ -x "$postgres/postgres" ] || sed -i 's/^#\?create_main_cluster = .*/create_main_cluster = false/' /etc/postgresql-common/createcluster.conf
debian "$postgres/postgres" postgresql-15
debian pgbackrest pgbackrest
debian barman-cloud-backup barman-cli-cloud
debian restic restic
echo "$postgres"
