/** Backup tools through an envelope route to a real store: back up, lose everything, restore, compare; and the store has no plaintext. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
	CreateBucketCommand,
	GetObjectCommand,
	paginateListObjectsV2,
} from "@aws-sdk/client-s3";
import { startGateway } from "./gateway.ts";
import { check, report, root } from "./harness.ts";
import { PostgresCluster } from "./postgres.ts";
import { type BackupTool, barmanCloud, pgBackRest } from "./postgres-tools.ts";
import { restic } from "./restic.ts";
import { envelope } from "./sealed.ts";
import { direct, type RunningStore } from "./stores.ts";

/** Every object of the bucket is sealed, and none holds the words that the database is full of. */
async function storeHasNoPlaintext(
	group: string,
	store: RunningStore,
	bucket: string,
	words: string,
): Promise<void> {
	const client = direct(store);
	let objects = 0;
	const open: string[] = [];
	for await (const page of paginateListObjectsV2(
		{ client },
		{ Bucket: bucket },
	))
		for (const { Key = "" } of page.Contents ?? []) {
			const asked = new GetObjectCommand({ Bucket: bucket, Key });
			const { Body, Metadata } = await client.send(asked);
			const bytes = Buffer.from((await Body?.transformToByteArray()) ?? []);
			objects += 1;
			if (Metadata?.sealgate === undefined || bytes.includes(words))
				open.push(Key);
		}
	report(
		group,
		objects > 3 && open.length === 0,
		`${objects} objects at the store, in the clear: ${open.join(", ") || "none"}`,
	);
}

/** One tool: rows before the backup, rows after it that only the archived log has, an empty folder, and all rows again. */
async function database(
	group: string,
	tool: BackupTool,
	cluster: PostgresCluster,
): Promise<void> {
	let before = "";
	const steps: readonly [string, () => unknown][] = [
		[
			"a cluster that archives its log",
			() => {
				cluster.create(tool);
				cluster.fill(20_000);
				tool.prepare(cluster);
			},
		],
		[
			"back up, and archive what came later",
			async () => {
				tool.backUp(cluster);
				cluster.fill(10_000);
				await cluster.archiveAll();
				before = cluster.fingerprint();
			},
		],
		[
			"restore into an empty folder",
			() => {
				cluster.lose();
				tool.restore(cluster);
			},
		],
		[
			"the same 30000 rows",
			async () => {
				await cluster.recover();
				return before.startsWith("30000 ") && cluster.fingerprint() === before;
			},
		],
	];
	for (const [what, step] of steps)
		if (!(await check(group, what, step))) return;
}

/** The gateway ends TLS, as pgBackRest wants it. */
export async function backups(store: RunningStore): Promise<void> {
	const programs = execFileSync(
		join(root, "scripts/interop/install-backups.sh"),
		{ encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] },
	).trim();
	const gateway = await startGateway({
		name: `${store.name}-backups`,
		store,
		tls: true,
		...envelope,
	});
	const group = (name: string) => `${store.name} ${name}`;
	await direct(store).send(new CreateBucketCommand({ Bucket: "restic" }));
	await restic(group("restic"), gateway);
	for (const make of [pgBackRest, barmanCloud]) {
		const place = mkdtempSync(join(tmpdir(), "sealgate-postgres-"));
		const cluster = new PostgresCluster(place, programs);
		const tool = make(cluster, gateway);
		try {
			await direct(store).send(
				new CreateBucketCommand({ Bucket: tool.bucket }),
			);
			await database(group(tool.name), tool, cluster);
		} finally {
			cluster.stop();
			rmSync(place, { recursive: true, force: true });
		}
		await storeHasNoPlaintext(
			group(tool.name),
			store,
			tool.bucket,
			cluster.words,
		);
	}
}
