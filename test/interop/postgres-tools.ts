/** pgBackRest and barman-cloud: how each is told of the gateway, backs a cluster up and restores it. */
import { appendFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { appKeys, type RunningGateway } from "./gateway.ts";
import type { Archiver, PostgresCluster } from "./postgres.ts";

export interface BackupTool extends Archiver {
	readonly name: string;
	readonly bucket: string;
	/** Once the cluster runs. */
	prepare(cluster: PostgresCluster): void;
	backUp(cluster: PostgresCluster): void;
	/** Into the folder of the cluster, which is gone. */
	restore(cluster: PostgresCluster): void;
}

/** Nothing is compressed: plaintext would be seen at the store. */
export function pgBackRest(
	cluster: PostgresCluster,
	gateway: RunningGateway,
): BackupTool {
	const bucket = "pgbackrest";
	const file = join(cluster.place, "pgbackrest.conf");
	const { port } = new URL(gateway.endpoint);
	writeFileSync(
		file,
		[
			"[global]",
			"repo1-type=s3",
			"repo1-path=/repository",
			`repo1-s3-bucket=${bucket}`,
			// It looks for a name in the certificate, never for an address.
			"repo1-s3-endpoint=localhost",
			`repo1-storage-port=${port}`,
			`repo1-storage-ca-file=${cluster.ca}`,
			"repo1-s3-uri-style=path",
			"repo1-s3-region=us-east-1",
			`repo1-s3-key=${appKeys.accessKeyId}`,
			`repo1-s3-key-secret=${appKeys.secretAccessKey}`,
			"repo1-retention-full=1",
			"compress-type=none",
			"start-fast=y",
			"process-max=2",
			"log-level-file=off",
			`lock-path=${cluster.place}`,
			"[main]",
			`pg1-path=${cluster.data}`,
			`pg1-socket-path=${cluster.place}`,
			"",
		].join("\n"),
	);
	const pgbackrest = (...args: string[]) =>
		cluster.run("pgbackrest", `--config=${file}`, "--stanza=main", ...args);
	return {
		name: "pgBackRest",
		bucket,
		environment: {},
		archiveCommand: `pgbackrest --config=${file} --stanza=main archive-push %p`,
		prepare: () => {
			pgbackrest("stanza-create");
			pgbackrest("check");
		},
		backUp: () => {
			pgbackrest("backup", "--type=full");
			pgbackrest("backup", "--type=incr");
			pgbackrest("verify");
		},
		restore: () => {
			cluster.run("mkdir", "-m", "700", cluster.data);
			pgbackrest("restore");
		},
	};
}

/** Debian's, on its old boto3. */
export function barmanCloud(
	cluster: PostgresCluster,
	gateway: RunningGateway,
): BackupTool {
	const bucket = "barman";
	const at = ["--endpoint-url", gateway.endpoint, `s3://${bucket}/`, "main"];
	return {
		name: "barman-cloud",
		bucket,
		environment: {
			AWS_ACCESS_KEY_ID: appKeys.accessKeyId,
			AWS_SECRET_ACCESS_KEY: appKeys.secretAccessKey,
			AWS_DEFAULT_REGION: "us-east-1",
			AWS_CA_BUNDLE: cluster.ca,
		},
		archiveCommand: `barman-cloud-wal-archive ${at.join(" ")} %p`,
		prepare: () => {
			cluster.run("barman-cloud-check-wal-archive", ...at);
		},
		backUp: () => {
			cluster.run(
				"barman-cloud-backup",
				...["--host", cluster.place, "--immediate-checkpoint", ...at],
			);
		},
		restore: () => {
			const list = cluster.run(
				"barman-cloud-backup-list",
				...["--format", "json", ...at],
			);
			const { backups_list: backups } = JSON.parse(list);
			const { backup_id: id } = backups.at(-1);
			cluster.run("barman-cloud-restore", ...at, id, cluster.data);
			appendFileSync(
				join(cluster.data, "postgresql.auto.conf"),
				`restore_command = 'barman-cloud-wal-restore ${at.join(" ")} %f %p'\n`,
			);
			cluster.run("touch", join(cluster.data, "recovery.signal"));
		},
	};
}
