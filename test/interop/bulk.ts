/** `sealgate encrypt`, `rewrap` and `scan` against a store of others, which a gateway by the same configuration reads. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import {
	CompleteMultipartUploadCommand,
	CreateBucketCommand,
	CreateMultipartUploadCommand,
	GetObjectCommand,
	GetObjectTaggingCommand,
	ListObjectsV2Command,
	PutObjectCommand,
	S3Client,
	UploadPartCommand,
} from "@aws-sdk/client-s3";
import { appKeys, type RunningGateway, startGateway } from "./gateway.ts";
import { check, cleanEnvironment, folder, report, root } from "./harness.ts";
import { direct, type RunningStore } from "./stores.ts";

const Bucket = "whole-bucket";
const small = 20;

export async function wholeBucket(store: RunningStore): Promise<void> {
	const group = `${store.name} whole bucket`;
	const keyring = join(folder, `${store.name}-bulk.json`);
	const secret = "a passphrase of this run only";
	const gateway = await startGateway({
		name: `${store.name}-bulk`,
		store,
		policies:
			"{ envelope: { keys: main, keyId: alias/bulk, onPlaintext: allow } }",
		keys: `{ name: main, provider: keyring, path: "${keyring}", passphrase: "${secret}" }`,
		before: (config) => run(config, "keys", "create", "alias/bulk"),
	});
	const at = direct(store);
	const client = clientOf(gateway);
	await at.send(new CreateBucketCommand({ Bucket }));
	const bodies = new Map<string, string>();
	for (let index = 0; index < small; index++)
		bodies.set(`small/${index}`, `of ${index}`);
	for (const [Key, Body] of bodies)
		await at.send(
			new PutObjectCommand({ Bucket, Key, Body, Tagging: "team=blue" }),
		);
	const target = `s3://${Bucket}/`;
	told(group, run(gateway.config, "encrypt", target, "--json"), {
		encrypted: small,
	});
	bodies.set("parts", "x".repeat(5 * 1024 ** 2 + 10));
	await putParts(client, "parts", bodies.get("parts") ?? "");
	report(group, await readable(client, bodies), "encrypted ones are readable");
	run(gateway.config, "keys", "rotate", "alias/bulk");
	const rewrap = ["rewrap", target, "--to", "alias/bulk", "--json"];
	told(group, run(gateway.config, ...rewrap), { "re-sealed": small + 1 });
	told(group, run(gateway.config, ...rewrap), { already: small + 1 });
	await check(group, "they open under the new version alone", async () => {
		const { counts } = JSON.parse(
			run(gateway.config, "scan", target, "--json").stdout,
		);
		const [{ format, keyVersion, objects }] = counts;
		const seen = [counts.length, format, keyVersion, objects].join(" ");
		if (seen !== `1 t1 2 ${small + 1}`) throw new Error(seen);
	});
	report(group, await readable(client, bodies), "re-sealed ones are readable");
	const { TagSet = [] } = await at.send(
		new GetObjectTaggingCommand({ Bucket, Key: "small/0" }),
	);
	report(group, TagSet[0]?.Value === "blue", "tags survive both");
	const { KeyCount } = await at.send(new ListObjectsV2Command({ Bucket }));
	report(group, KeyCount === small + 1, "no probe is left");
	told(
		group,
		run(gateway.config, "encrypt", target, "--to", "plaintext", "--json"),
		{ decrypted: small + 1 },
	);
	report(group, await readable(at, bodies), "the store has plaintext again");
}

interface Ended {
	readonly status: number | null;
	readonly stdout: string;
	readonly stderr: string;
}

function run(config: string, ...args: readonly string[]): Ended {
	return spawnSync(
		process.execPath,
		["src/main.ts", ...args, "--config", config],
		{
			cwd: root,
			encoding: "utf8",
			env: cleanEnvironment({}),
			timeout: 120_000,
		},
	);
}

function told(
	group: string,
	{ status, stdout, stderr }: Ended,
	wanted: Readonly<Record<string, number>>,
): void {
	const counts: { outcome: string; objects: number }[] =
		status === 0 ? JSON.parse(stdout).counts : [];
	const found = Object.fromEntries(
		counts.map(({ outcome, objects }) => [outcome, objects]),
	);
	const same = JSON.stringify(found) === JSON.stringify(wanted);
	const what = same
		? JSON.stringify(found)
		: `status ${status}: ${stdout.slice(0, 600)}${stderr.slice(-400)}`;
	report(group, same, what);
}

function clientOf({ endpoint }: RunningGateway): S3Client {
	return new S3Client({
		endpoint,
		region: "us-east-1",
		forcePathStyle: true,
		credentials: appKeys,
	});
}

async function readable(
	client: S3Client,
	bodies: ReadonlyMap<string, string>,
): Promise<boolean> {
	for (const [Key, body] of bodies) {
		const { Body } = await client.send(new GetObjectCommand({ Bucket, Key }));
		if ((await Body?.transformToString()) !== body) return false;
	}
	return true;
}

async function putParts(
	client: S3Client,
	Key: string,
	body: string,
): Promise<void> {
	const at = { Bucket, Key };
	const { UploadId } = await client.send(new CreateMultipartUploadCommand(at));
	const size = 5 * 1024 ** 2;
	const Parts = [];
	for (const [index, Body] of [
		body.slice(0, size),
		body.slice(size),
	].entries()) {
		const PartNumber = index + 1;
		const part = { ...at, UploadId, PartNumber, Body };
		const { ETag } = await client.send(new UploadPartCommand(part));
		Parts.push({ PartNumber, ETag });
	}
	await client.send(
		new CompleteMultipartUploadCommand({
			...at,
			UploadId,
			MultipartUpload: { Parts },
		}),
	);
}
