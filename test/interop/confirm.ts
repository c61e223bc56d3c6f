/** `confirm: true` in front of real stores: one that ignores what it is asked, and one that encrypts. */
import {
	CompleteMultipartUploadCommand,
	CopyObjectCommand,
	CreateBucketCommand,
	CreateMultipartUploadCommand,
	HeadObjectCommand,
	ListObjectVersionsCommand,
	PutBucketVersioningCommand,
	PutObjectCommand,
	S3Client,
	UploadPartCommand,
	UploadPartCopyCommand,
} from "@aws-sdk/client-s3";
import { boto3, cli } from "./clients.ts";
import { appKeys, startGateway } from "./gateway.ts";
import { check } from "./harness.ts";
import { direct, minioKey, type RunningStore } from "./stores.ts";

function through(endpoint: string): S3Client {
	return new S3Client({
		endpoint,
		region: "us-east-1",
		forcePathStyle: true,
		credentials: appKeys,
		maxAttempts: 1,
	});
}

/** The stored state of the bucket, older versions included, as the store itself lists it. */
async function keysOf(store: RunningStore, bucket: string): Promise<string[]> {
	const { Versions = [], DeleteMarkers = [] } = await direct(store).send(
		new ListObjectVersionsCommand({ Bucket: bucket }),
	);
	return [...Versions, ...DeleteMarkers].map(({ Key = "" }) => Key);
}

async function refusal(asked: Promise<unknown>): Promise<string> {
	try {
		await asked;
		return "it was answered";
	} catch (error) {
		const { name, message } = error as Error;
		const { $metadata } = error as { $metadata?: { httpStatusCode?: number } };
		return `${$metadata?.httpStatusCode} ${name} ${message}`;
	}
}

/** Nothing of a client's may reach a store that ignores what it is asked for. */
export async function confirmRefuses(store: RunningStore): Promise<void> {
	const Bucket = "unconfirmed";
	await direct(store).send(new CreateBucketCommand({ Bucket }));
	const policies = {
		"sse-kms": "{ sse-kms: { keyId: k, confirm: true } }",
		"sse-s3": "{ sse-s3: { confirm: true } }",
	};
	for (const [policy, line] of Object.entries(policies)) {
		const name = `${store.name}-confirm-${policy}`;
		const gateway = await startGateway({ name, store, policies: line });
		const client = through(gateway.endpoint);
		const group = `${store.name} ${policy} confirm`;
		await check(group, "a PutObject is refused", async () => {
			const told = await refusal(
				client.send(
					new PutObjectCommand({ Bucket, Key: "a", Body: "content" }),
				),
			);
			if (!/^403 AccessDenied .*not proven to encrypt/.test(told))
				throw new Error(told);
		});
		await check(group, "an upload is refused", async () => {
			const told = await refusal(
				client.send(new CreateMultipartUploadCommand({ Bucket, Key: "b" })),
			);
			if (!/^403 AccessDenied /.test(told)) throw new Error(told);
		});
		await check(group, "nothing is left in the store", async () => {
			const keys = await keysOf(store, Bucket);
			if (keys.length > 0) throw new Error(keys.join(" "));
		});
	}
}

/** A store that encrypts is proven once, answers as ever, and keeps no probe. */
export async function confirmPasses(store: RunningStore): Promise<void> {
	const Bucket = "confirmed";
	const group = `${store.name} sse-kms confirm`;
	const own = direct(store);
	await own.send(new CreateBucketCommand({ Bucket }));
	await own.send(
		new PutBucketVersioningCommand({
			Bucket,
			VersioningConfiguration: { Status: "Enabled" },
		}),
	);
	const gateway = await startGateway({
		name: `${store.name}-confirm`,
		store,
		policies: `{ sse-kms: { keyId: ${minioKey}, confirm: true } }`,
	});
	const client = through(gateway.endpoint);
	const Key = "parts";
	await check(
		group,
		"PutObject, CopyObject and an upload with a copied part",
		async () => {
			const Body = Buffer.alloc(5 * 1024 * 1024, "part");
			const CopySource = `${Bucket}/whole`;
			await client.send(new PutObjectCommand({ Bucket, Key: "whole", Body }));
			await client.send(
				new CopyObjectCommand({ Bucket, Key: "copy", CopySource }),
			);
			const { UploadId } = await client.send(
				new CreateMultipartUploadCommand({ Bucket, Key }),
			);
			const at = { Bucket, Key, UploadId };
			const copied = await client.send(
				new UploadPartCopyCommand({ ...at, PartNumber: 1, CopySource }),
			);
			const last = await client.send(
				new UploadPartCommand({ ...at, PartNumber: 2, Body: "last" }),
			);
			const Parts = [
				{ PartNumber: 1, ETag: copied.CopyPartResult?.ETag },
				{ PartNumber: 2, ETag: last.ETag },
			];
			await client.send(
				new CompleteMultipartUploadCommand({
					...at,
					MultipartUpload: { Parts },
				}),
			);
		},
	);
	await check(
		group,
		"no version and no marker of a probe is left",
		async () => {
			const keys = await keysOf(store, Bucket);
			if (keys.sort().join() !== "copy,parts,whole") throw new Error(`${keys}`);
		},
	);
	await check(group, "the store says so itself", async () => {
		const head = await own.send(new HeadObjectCommand({ Bucket, Key }));
		return head.SSEKMSKeyId === `arn:aws:kms:${minioKey}`;
	});
	boto3(gateway, Bucket, store.lacks);
	await cli(gateway, Bucket);
	await anotherKey(store, Bucket);
}

/** The store encrypts, but not with the key that it is expected to name. */
async function anotherKey(store: RunningStore, Bucket: string): Promise<void> {
	const before = await keysOf(store, Bucket);
	const gateway = await startGateway({
		name: `${store.name}-confirm-another-key`,
		store,
		policies: `{ sse-kms: { keyId: ${minioKey}, confirm: true, expectKey: another } }`,
	});
	await check(`${store.name} expectKey`, "another key is refused", async () => {
		const told = await refusal(
			through(gateway.endpoint).send(
				new PutObjectCommand({ Bucket, Key: "another", Body: "content" }),
			),
		);
		if (!/^403 AccessDenied .*arn:aws:kms:my-key where .*another/.test(told))
			throw new Error(told);
		const after = await keysOf(store, Bucket);
		if (after.length !== before.length) throw new Error(`${after}`);
	});
}
