/** Stock clients through real gateways to real stores. Prints a line a check, and the count last. */
import {
	CreateBucketCommand,
	HeadObjectCommand,
	ListObjectsV2Command,
} from "@aws-sdk/client-s3";
import { backups } from "./backups.ts";
import { wholeBucket } from "./bulk.ts";
import { ceph, cephKey } from "./ceph.ts";
import { makeCertificates } from "./certificates.ts";
import { boto3, cli } from "./clients.ts";
import { confirmPasses, confirmRefuses } from "./confirm.ts";
import { differential } from "./differential.ts";
import { startGateway } from "./gateway.ts";
import { check, finish, part, report } from "./harness.ts";
import { keyServices } from "./kms.ts";
import { lyingHead } from "./lying-head.ts";
import { nginxInFront } from "./nginx.ts";
import { packageOfAUser } from "./package.ts";
import { printedCommands } from "./printed-commands.ts";
import { s3ec } from "./s3ec.ts";
import { matrix, script } from "./script.ts";
import { makeKeyring, sealed } from "./sealed.ts";
import { customerKeys } from "./sse-c.ts";
import {
	direct,
	minio,
	minioKey,
	type RunningStore,
	versitygw,
} from "./stores.ts";

/** Both clients, in both modes of authentication. */
async function bothModes(
	store: RunningStore,
	bucket: string,
	policies = "",
): Promise<void> {
	await direct(store).send(new CreateBucketCommand({ Bucket: bucket }));
	for (const mode of ["verify", "trust"] as const) {
		const name = `${store.name}-${mode}`;
		const gateway = await startGateway({ name, store, mode, policies });
		boto3(gateway, bucket, store.lacks);
		await cli(gateway, bucket);
	}
}

/** Current SDKs send trailers over TLS only: what the gateway makes of them depends on what the store knows. */
async function overTls(
	store: RunningStore,
	bucket: string,
	policies = "",
): Promise<void> {
	await direct(store).send(new CreateBucketCommand({ Bucket: bucket }));
	const name = `${store.name}-tls`;
	const gateway = await startGateway({ name, store, tls: true, policies });
	boto3(gateway, bucket, store.lacks);
	await cli(gateway, bucket);
}

/** What matters: the store itself, asked without the gateway, says that every object is under its key. */
async function everyObjectHasItsKey(
	store: RunningStore,
	bucket: string,
): Promise<void> {
	const client = direct(store);
	const group = `${store.name} sse-kms`;
	const { Contents = [] } = await client.send(
		new ListObjectsV2Command({ Bucket: bucket }),
	);
	report(group, Contents.length > 5, `${Contents.length} objects to ask for`);
	for (const { Key = "" } of Contents) {
		const head = await client.send(
			new HeadObjectCommand({ Bucket: bucket, Key }),
		);
		report(
			group,
			head.ServerSideEncryption === "aws:kms" &&
				head.SSEKMSKeyId === `arn:aws:kms:${minioKey}`,
			`${Key} is ${head.ServerSideEncryption} ${head.SSEKMSKeyId}`,
		);
	}
}

try {
	await part("package", packageOfAUser);
	await part("commands that the demo prints", () =>
		check("demo", "the printed commands", printedCommands),
	);
	await part("nginx", nginxInFront);
	await part("Tink and its vectors", () => script("tink"));
	await part("reader in Chromium", () => script("browser"));
	await part("differential, embedded store", () =>
		differential("embedded", 1_500),
	);
	makeCertificates();
	await makeKeyring();
	const plain = await versitygw();
	await part("versitygw", async () => {
		await bothModes(plain, "plain");
		await overTls(plain, "plain-tls");
		await confirmRefuses(plain);
	});
	await part("versitygw, envelope", async () => {
		await sealed(plain, false);
		await sealed(plain, true);
		await lyingHead(plain);
	});
	await keyServices(plain);
	await part("S3 Encryption Clients", () => s3ec(plain));
	await part("versitygw, backup tools", () => backups(plain));
	await part("versitygw, whole bucket", () => wholeBucket(plain));
	await part("versitygw, differential", () =>
		differential("versitygw", 500, plain),
	);
	const policy = `{ sse-kms: { mode: override, keyId: ${minioKey} } }`;
	const plainMinio = await minio(false);
	await part("MinIO", async () => {
		await bothModes(plainMinio, "sealed", policy);
		await everyObjectHasItsKey(plainMinio, "sealed");
		await confirmPasses({
			store: plainMinio,
			key: minioKey,
			answered: `arn:aws:kms:${minioKey}`,
			copies: true,
		});
	});
	await part("MinIO, envelope", () => sealed(plainMinio, false));
	await part("MinIO, backup tools", () => backups(plainMinio));
	await part("MinIO, whole bucket", () => wholeBucket(plainMinio));
	await part("MinIO, differential", () =>
		differential("minio", 500, plainMinio),
	);
	const secureMinio = await minio(true);
	await part("MinIO over TLS", async () => {
		await overTls(secureMinio, "sealed-tls", policy);
		await everyObjectHasItsKey(secureMinio, "sealed-tls");
		await customerKeys(secureMinio);
	});
	await part("MinIO over TLS, envelope", () => sealed(secureMinio, true));
	await part("Ceph", async () => {
		const old = await ceph();
		await overTls(old, "old");
		await confirmRefuses(old);
		await confirmPasses({
			store: old,
			key: cephKey,
			answered: cephKey,
			copies: false,
		});
	});
	await part("matrix, its subset", matrix);
} catch (error) {
	report("interop", false, (error as Error).stack ?? String(error));
} finally {
	finish();
}
