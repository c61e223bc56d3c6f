/** The stores of the run: how each is started, and what its gateway must be told of it. */
import { mkdirSync, readFileSync } from "node:fs";
import { Agent } from "node:https";
import { join } from "node:path";
import { S3Client } from "@aws-sdk/client-s3";
import { certificates, minioCertificates } from "./certificates.ts";
import { folder, freePort, installed, start } from "./harness.ts";

export interface RunningStore {
	readonly name: string;
	readonly endpoint: string;
	/** How its upstream frames bodies; absent: the gateway's default. */
	readonly integrity?: "signed-chunks";
	/** Where it differs from S3: words that the suites know. */
	readonly lacks: readonly ("kept-checksums" | "no-such-upload")[];
	/** Of its one user, where the store does not take `storeKeys`. */
	readonly keys?: StoreKeys;
}

export interface StoreKeys {
	readonly accessKeyId: string;
	readonly secretAccessKey: string;
}

export const storeKeys: StoreKeys = {
	accessKeyId: "STOREACCESSKEY",
	secretAccessKey: "store-secret-key",
};

/** Asks the store itself, past every gateway. */
export function direct(store: RunningStore): S3Client {
	return new S3Client({
		endpoint: store.endpoint,
		region: "us-east-1",
		forcePathStyle: true,
		credentials: store.keys ?? storeKeys,
		requestHandler: {
			httpsAgent: new Agent({ ca: readFileSync(certificates.ca) }),
		},
	});
}

export async function versitygw(): Promise<RunningStore> {
	const port = await freePort();
	const data = join(folder, "versitygw-data");
	const versions = join(folder, "versitygw-versions");
	mkdirSync(data);
	mkdirSync(versions);
	const { accessKeyId, secretAccessKey } = storeKeys;
	await start(
		"versitygw",
		join(installed, "versitygw"),
		[
			...["--port", `127.0.0.1:${port}`, "--region", "us-east-1", "--quiet"],
			...["--access", accessKeyId, "--secret", secretAccessKey],
			...["posix", "--versioning-dir", versions, data],
		],
		port,
	);
	return { name: "versitygw", endpoint: `http://127.0.0.1:${port}`, lacks: [] };
}

/** Name of MinIO's one key. */
export const minioKey = "my-key";

/** MinIO over TLS, where it takes SSE-C, or without. */
export async function minio(tls: boolean): Promise<RunningStore> {
	const name = tls ? "minio-tls" : "minio";
	const port = await freePort();
	const data = join(folder, `${name}-data`);
	const none = join(folder, "no-certificates");
	mkdirSync(data);
	await start(
		name,
		join(installed, "minio"),
		[
			...["server", "--address", `127.0.0.1:${port}`],
			...["--console-address", `127.0.0.1:${await freePort()}`],
			...["--certs-dir", tls ? minioCertificates() : none, data],
		],
		port,
		{
			MINIO_ROOT_USER: storeKeys.accessKeyId,
			MINIO_ROOT_PASSWORD: storeKeys.secretAccessKey,
			MINIO_BROWSER: "off",
			MINIO_UPDATE: "off",
			MINIO_KMS_SECRET_KEY: `${minioKey}:${Buffer.alloc(32, 7).toString("base64")}`,
		},
	);
	const scheme = tls ? "https" : "http";
	return { name, endpoint: `${scheme}://127.0.0.1:${port}`, lacks: [] };
}

/** The line of a configuration that names the store. */
export function upstreamLine(store: RunningStore): string {
	const { accessKeyId, secretAccessKey } = store.keys ?? storeKeys;
	const fields = [
		"name: store",
		`endpoint: "${store.endpoint}"`,
		`credentials: { accessKeyId: ${accessKeyId}, secretAccessKey: ${secretAccessKey} }`,
		...(store.integrity ? [`integrity: ${store.integrity}`] : []),
		...(store.endpoint.startsWith("https:")
			? [`tls: { ca: "${certificates.ca}" }`]
			: []),
	];
	return `{ ${fields.join(", ")} }`;
}
