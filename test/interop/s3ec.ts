/**
 * The AWS S3 Encryption Clients for Java and Python read what Sealgate wrote, and the other way round, in both formats, with
 * the data keys of one KMS. moto is that KMS; its S3 is not used.
 * With SEALGATE_S3EC_VECTORS=FILE the small objects are written there: that is how test/vectors/s3ec.json came to be.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { CreateKeyCommand, DecryptCommand } from "@aws-sdk/client-kms";
import {
	CreateBucketCommand,
	GetObjectCommand,
	HeadObjectCommand,
	ListObjectsV2Command,
	PutObjectCommand,
	S3Client,
} from "@aws-sdk/client-s3";
import { bytesOf, sample } from "../envelope/content.ts";
import { appKeys, type RunningGateway, startGateway } from "./gateway.ts";
import { check, cleanEnvironment, folder, report, root } from "./harness.ts";
import { adminOf, type KmsServer, moto } from "./kms-counterpart.ts";
import { direct, type RunningStore, storeKeys } from "./stores.ts";

const bucket = "s3ec";
/** The last is read in two passes. */
const sizes = [0, 33, 1_000_000, 20_000_000];
const formats = ["s3ec-v3", "s3ec-v2"] as const;

interface Kms extends KmsServer {
	readonly key: string;
}

export async function s3ec(store: RunningStore): Promise<void> {
	const [python = "", jars = ""] = execFileSync(
		join(root, "scripts/interop/install-s3ec.sh"),
		{ encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] },
	)
		.trim()
		.split("\n");
	const kms = await startKms();
	const files = join(folder, "s3ec");
	mkdirSync(files);
	for (const size of sizes)
		writeFileSync(join(files, `${size}.bin`), sample(size));
	await direct(store).send(new CreateBucketCommand({ Bucket: bucket }));
	const gateways = [
		await gatewayOf(store, kms, "s3ec-v3", ""),
		await gatewayOf(store, kms, "s3ec-v2", ""),
	] as const;
	const team = ", s3ec: { context: { team: a } }";
	const bound = await gatewayOf(store, kms, "s3ec-v3", team, "-team");
	for (const [index, gateway] of gateways.entries()) {
		for (const size of sizes)
			await write(gateway, `sealgate-${formats[index]}-${size}`, size);
	}
	await write(bound, "sealgate-s3ec-v3-1000000-team", 1_000_000);
	const where = [
		...[store.endpoint, kms.endpoint, kms.key, bucket, files],
		...[storeKeys.accessKeyId, storeKeys.secretAccessKey],
	];
	const script = join(root, "test/interop/s3ec/s3ec_client.py");
	const program = join(root, "test/interop/s3ec/S3ecClient.java");
	const clients = [
		["Python", python, [script]],
		["Java", "java", ["-cp", jars, program]],
	] as const;
	for (const action of ["write", "read"]) {
		for (const [name, command, args] of clients)
			run(`s3ec ${name}`, command, [...args, action, ...where]);
	}
	for (const gateway of gateways) await readAll(gateway);
	const file = process.env.SEALGATE_S3EC_VECTORS;
	if (file !== undefined) await writeVectors(store, kms, file);
}

/** As they lie in the store, with the data keys that KMS tells. */
async function writeVectors(
	store: RunningStore,
	kms: Kms,
	file: string,
): Promise<void> {
	const client = adminOf(kms);
	const vectors = [];
	for (const writer of ["java", "python", "sealgate"]) {
		for (const format of formats) {
			const Key = `${writer}-${format}-33`;
			const object = new GetObjectCommand({ Bucket: bucket, Key });
			const { Body, Metadata = {} } = await direct(store).send(object);
			const [blob, context] =
				format === "s3ec-v3"
					? [Metadata["x-amz-3"], Metadata["x-amz-t"]]
					: [Metadata["x-amz-key-v2"], Metadata["x-amz-matdesc"]];
			const { Plaintext = new Uint8Array() } = await client.send(
				new DecryptCommand({
					CiphertextBlob: Buffer.from(blob ?? "", "base64"),
					EncryptionContext: JSON.parse(context ?? ""),
				}),
			);
			vectors.push({
				writer,
				format,
				metadata: Metadata,
				dataKey: Buffer.from(Plaintext).toString("base64"),
				body: (await bytesOf(Body)).toString("base64"),
			});
		}
	}
	client.destroy();
	const origin =
		"the S3 Encryption Clients for Java 4.0.1 and Python 4.0.0, and Sealgate, by test/interop/s3ec.ts";
	writeFileSync(file, `${JSON.stringify({ origin, vectors }, null, "\t")}\n`);
}

async function startKms(): Promise<Kms> {
	const server = await moto();
	const client = adminOf(server);
	const { KeyMetadata } = await client.send(new CreateKeyCommand({}));
	client.destroy();
	return { ...server, key: KeyMetadata?.Arn as string };
}

function gatewayOf(
	store: RunningStore,
	{ endpoint, key }: Kms,
	format: string,
	options: string,
	suffix = "",
): Promise<RunningGateway> {
	const { accessKeyId, secretAccessKey } = storeKeys;
	return startGateway({
		name: `${store.name}-${format}${suffix}`,
		store,
		policies: `{ envelope: { keys: kms, keyId: "${key}", format: ${format}, read: [s3ec-v3, s3ec-v2]${options} } }`,
		keys: `{ name: kms, provider: aws-kms, endpoint: "${endpoint}", region: us-east-1, credentials: { accessKeyId: ${accessKeyId}, secretAccessKey: ${secretAccessKey} } }`,
	});
}

function clientOf({ endpoint }: RunningGateway): S3Client {
	return new S3Client({
		endpoint,
		region: "us-east-1",
		forcePathStyle: true,
		maxAttempts: 1,
		credentials: appKeys,
	});
}

async function write(
	gateway: RunningGateway,
	Key: string,
	size: number,
): Promise<void> {
	await check(gateway.name, `${Key} written`, async () => {
		const Metadata = { mine: "1" };
		const object = { Bucket: bucket, Key, Body: sample(size), Metadata };
		await clientOf(gateway).send(new PutObjectCommand(object));
	});
}

/** Every object of every client: whole, in part, its size and its own metadata. */
async function readAll(gateway: RunningGateway): Promise<void> {
	const client = clientOf(gateway);
	const { Contents = [] } = await client.send(
		new ListObjectsV2Command({ Bucket: bucket }),
	);
	report(
		gateway.name,
		Contents.length === 26,
		`${Contents.length} of 26 objects`,
	);
	for (const { Key = "", Size } of Contents) {
		if (Key.endsWith("-team")) continue;
		await check(gateway.name, `${Key} read`, async () => {
			const due = sample(Number(Key.split("-")[3]));
			const at = { Bucket: bucket, Key };
			const got = await client.send(new GetObjectCommand(at));
			const body = await bytesOf(got.Body);
			const head = await client.send(new HeadObjectCommand(at));
			const told = [Size, got.ContentLength, head.ContentLength];
			if (!told.every((size) => size === due.length)) return false;
			if (got.Metadata?.mine !== "1") return false;
			if (Object.keys(got.Metadata).length !== 1) return false;
			if (due.length > 1_000) {
				const Range = "bytes=500-999";
				const part = await client.send(new GetObjectCommand({ ...at, Range }));
				const bytes = await bytesOf(part.Body);
				if (!bytes.equals(due.subarray(500, 1_000))) return false;
			}
			return body.equals(due);
		});
	}
}

/** A program that prints a JSON line `[what, good]` a check. */
function run(group: string, command: string, args: readonly string[]): void {
	const { status, stdout, stderr } = spawnSync(command, args, {
		encoding: "utf8",
		env: cleanEnvironment({}),
		timeout: 300_000,
	});
	const lines = (stdout ?? "")
		.split("\n")
		.filter((line) => line.startsWith("["));
	for (const line of lines) {
		const [what, good] = JSON.parse(line) as [string, boolean];
		report(group, good, what);
	}
	const good = status === 0 && lines.length > 0;
	report(group, good, good ? "ran to its end" : (stderr ?? "").slice(-2_000));
}
