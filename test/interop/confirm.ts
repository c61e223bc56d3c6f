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
import { direct, type RunningStore } from "./stores.ts";

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

/** A store that encrypts. */
export interface Encrypting {
	readonly store: RunningStore;
	/** Its key, as requests name it, and as its answers do. */
	readonly key: string;
	readonly answered: string;
	/** Whether it copies what it has encrypted. */
	readonly copies: boolean;
}

/** A store that encrypts is proven once, answers as ever, and keeps no probe. */
export async function confirmPasses(encrypting: Encrypting): Promise<void> {
	const { store, key, answered, copies } = encrypting;
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
		policies: `{ sse-kms: { keyId: ${key}, confirm: true } }`,
	});
	const client = through(gateway.endpoint);
	const Body = Buffer.alloc(5 * 1024 * 1024, "part");
	await check(group, "PutObject", () =>
		client.send(new PutObjectCommand({ Bucket, Key: "whole", Body })),
	);
	await check(group, "an upload", () => upload(client, Bucket, Body, copies));
	if (copies) {
		await check(group, "CopyObject", () =>
			client.send(
				new CopyObjectCommand({
					Bucket,
					Key: "copy",
					CopySource: `${Bucket}/whole`,
				}),
			),
		);
	}
	await check(
		group,
		"no version and no marker of a probe is left",
		async () => {
			const keys = await keysOf(store, Bucket);
			const expected = copies ? "copy,parts,whole" : "parts,whole";
			if (keys.sort().join() !== expected) throw new Error(`${keys}`);
		},
	);
	await check(group, "the store says so itself", async () => {
		for (const Key of await keysOf(store, Bucket)) {
			const head = await own.send(new HeadObjectCommand({ Bucket, Key }));
			if (head.SSEKMSKeyId !== answered) throw new Error(Key);
		}
	});
	if (copies) {
		boto3(gateway, Bucket, store.lacks);
		await cli(gateway, Bucket);
	}
	await anotherKey(encrypting, Bucket);
}

async function upload(
	client: S3Client,
	Bucket: string,
	Body: Buffer,
	copies: boolean,
): Promise<void> {
	const Key = "parts";
	const { UploadId } = await client.send(
		new CreateMultipartUploadCommand({ Bucket, Key }),
	);
	const at = { Bucket, Key, UploadId };
	const send = async (PartNumber: number, Body: Buffer) => {
		const sent = new UploadPartCommand({ ...at, PartNumber, Body });
		return { PartNumber, ETag: (await client.send(sent)).ETag };
	};
	const copy = async (PartNumber: number) => {
		const sent = new UploadPartCopyCommand({
			...at,
			PartNumber,
			CopySource: `${Bucket}/whole`,
		});
		return { PartNumber, ETag: (await client.send(sent)).CopyPartResult?.ETag };
	};
	const Parts = [
		copies ? await copy(1) : await send(1, Body),
		await send(2, Buffer.from("last")),
	];
	await client.send(
		new CompleteMultipartUploadCommand({ ...at, MultipartUpload: { Parts } }),
	);
}

/** The store encrypts, but not with the key that it is expected to name. */
async function anotherKey(
	{ store, key, answered }: Encrypting,
	Bucket: string,
): Promise<void> {
	const before = await keysOf(store, Bucket);
	const gateway = await startGateway({
		name: `${store.name}-confirm-another-key`,
		store,
		policies: `{ sse-kms: { keyId: ${key}, confirm: true, expectKey: another } }`,
	});
	await check(`${store.name} expectKey`, "another key is refused", async () => {
		const told = await refusal(
			through(gateway.endpoint).send(
				new PutObjectCommand({ Bucket, Key: "another", Body: "content" }),
			),
		);
		const says = `it says aws:kms with key ${answered} where aws:kms with key another`;
		if (!/^403 AccessDenied /.test(told) || !told.includes(says))
			throw new Error(told);
		const after = await keysOf(store, Bucket);
		if (after.length !== before.length) throw new Error(`${after}`);
	});
}
