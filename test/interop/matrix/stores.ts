/** The stores of the matrix. */
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { startStore } from "../../../src/store/store.ts";
import { ceph, cephKey } from "../ceph.ts";
import { certificates } from "../certificates.ts";
import { folder, freePort, start } from "../harness.ts";
import {
	minio,
	minioKey,
	type RunningStore,
	storeKeys,
	versitygw,
} from "../stores.ts";
import { garage } from "./garage.ts";
import { install } from "./programs.ts";

export interface MatrixStore {
	readonly name: string;
	readonly version: string;
	/** Whether it is spoken to over TLS. */
	readonly tls: boolean;
	/** A key of its key service, where it has one that Sealgate can prove. */
	readonly kmsKey?: string;
	/** Without one: what it does with a request for SSE-KMS. */
	readonly ignoresKms?: string;
	/** Why only `npm run test:deep` runs it. */
	readonly deep?: string;
	/** It listens on every interface: it runs, with all that speak to it, in a network of its own. */
	readonly ownNetwork?: true;
	install?(): void;
	start(): Promise<RunningStore>;
}

const s3mockVersion = "4.9.1";

async function embedded(): Promise<RunningStore> {
	const directory = join(folder, "embedded-data");
	mkdirSync(directory);
	const store = await startStore({
		directory,
		...storeKeys,
		tls: {
			cert: readFileSync(certificates.cert),
			key: readFileSync(certificates.key),
		},
	});
	const { port } = new URL(store.endpoint);
	return { name: "embedded", endpoint: `https://127.0.0.1:${port}`, lacks: [] };
}

function s3mockJar(): string {
	const artifact = `com.adobe.testing:s3mock:${s3mockVersion}:jar:exec`;
	return join(
		install("maven_jar", artifact),
		"maven/com/adobe/testing/s3mock",
		s3mockVersion,
		`s3mock-${s3mockVersion}-exec.jar`,
	);
}

async function s3mock(): Promise<RunningStore> {
	const jar = s3mockJar();
	const port = 9_090;
	const secure = await freePort();
	await start("s3mock", "java", ["-jar", jar, `--server.port=${secure}`], port);
	const endpoint = `http://127.0.0.1:${port}`;
	// It stores the framing of unsigned trailers as if it were content.
	return { name: "s3mock", endpoint, integrity: "signed-chunks", lacks: [] };
}

export const stores: readonly MatrixStore[] = [
	{
		name: "embedded",
		version: "Sealgate's own",
		tls: true,
		kmsKey: "arn:aws:kms:us-east-1:111122223333:key/matrix",
		start: embedded,
	},
	{
		name: "versitygw",
		version: "1.8.0",
		tls: false,
		ignoresKms: "ignores it",
		start: versitygw,
	},
	{
		name: "MinIO",
		version: "2026-02-12",
		tls: true,
		kmsKey: minioKey,
		start: () => minio(true),
	},
	{
		name: "Ceph RGW",
		version: "16.2.15",
		tls: true,
		kmsKey: cephKey,
		start: ceph,
	},
	{
		name: "Adobe S3Mock",
		version: s3mockVersion,
		tls: false,
		ignoresKms: "knows no key, and its answers are echoes",
		ownNetwork: true,
		install: s3mockJar,
		start: s3mock,
	},
	garage,
];
