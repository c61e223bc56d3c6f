import { globSync, readFileSync } from "node:fs";
import {
	CompleteMultipartUploadCommand,
	CopyObjectCommand,
	CreateMultipartUploadCommand,
	GetBucketEncryptionCommand,
	GetObjectAttributesCommand,
	GetObjectCommand,
	HeadObjectCommand,
	ListPartsCommand,
	PutBucketEncryptionCommand,
	PutObjectCommand,
	UploadPartCommand,
	UploadPartCopyCommand,
} from "@aws-sdk/client-s3";
import t from "tap";
import { customerKeyHeaders } from "../../src/s3/customer-key.ts";
import { Bucket, startEmbeddedStore } from "../support/embedded-store.ts";

const Key = "k";
const inClear = { customerKeysInClear: true };

/** The triple of a key of 32 equal bytes, as the SDK takes it. */
function triple(byte: number, prefix: "" | "CopySource" = "") {
	const key = Buffer.alloc(32, byte);
	const [, SSECustomerKey, SSECustomerKeyMD5] = Object.values(
		customerKeyHeaders(key, "object"),
	);
	return {
		[`${prefix}SSECustomerAlgorithm`]: "AES256",
		[`${prefix}SSECustomerKey`]: SSECustomerKey,
		[`${prefix}SSECustomerKeyMD5`]: SSECustomerKeyMD5,
	};
}

const one = triple(1);
const other = triple(2);
const answered = {
	SSECustomerAlgorithm: "AES256",
	SSECustomerKeyMD5: one.SSECustomerKeyMD5,
};
const needed = {
	name: "InvalidRequest",
	message:
		"The object was stored using a form of Server Side Encryption. The correct parameters must be provided to retrieve the object.",
};
const wrongKey = {
	name: "AccessDenied",
	$metadata: { httpStatusCode: 403 },
	message:
		"Requests specifying Server Side Encryption with Customer provided keys must provide the correct secret key.",
};
const notApplicable = {
	name: "InvalidRequest",
	message: "The encryption parameters are not applicable to this object.",
};

t.test("an object under a customer's key is read with that key", async (t) => {
	const { s3, directory, restart } = await startEmbeddedStore(t, inClear);
	const written = await s3.send(
		new PutObjectCommand({ Bucket, Key, Body: "secret", ...one }),
	);
	t.match(written, answered);
	t.equal(written.ServerSideEncryption, undefined);
	const later = await restart();
	const get = (more = {}) =>
		later.send(new GetObjectCommand({ Bucket, Key, ...more }));
	const head = (more = {}) =>
		later.send(new HeadObjectCommand({ Bucket, Key, ...more }));
	const attributes = (more = {}) =>
		later.send(
			new GetObjectAttributesCommand({
				Bucket,
				Key,
				ObjectAttributes: ["ObjectSize"],
				...more,
			}),
		);
	const got = await get(one);
	t.match(got, answered);
	t.equal(got.ServerSideEncryption, undefined);
	t.equal(await got.Body?.transformToString(), "secret");
	t.match(await head(one), answered);
	t.equal((await attributes(one)).ObjectSize, 6);
	await t.rejects(get(), needed);
	await t.rejects(get(other), wrongKey);
	await t.rejects(attributes(), needed);
	await t.rejects(attributes(other), wrongKey);
	await t.rejects(head(), { name: /./, $metadata: { httpStatusCode: 400 } });
	await t.rejects(head(other), {
		name: /./,
		$metadata: { httpStatusCode: 403 },
	});
	await t.rejects(get({ ...one, SSECustomerAlgorithm: "KMS" }), {
		name: "InvalidEncryptionAlgorithmError",
		ArgumentValue: "KMS",
	});
	const kept = readKept(directory);
	t.match(kept, "customerKey");
	t.notOk(kept.includes(one.SSECustomerKey as string), "the key is not kept");
	t.notOk(kept.includes(one.SSECustomerKeyMD5 as string), "nor is its MD5");
	const again = await later.send(
		new PutObjectCommand({ Bucket, Key, Body: "secret", ...one }),
	);
	t.not(again.ETag, written.ETag, "an ETag is no MD5");

	await later.send(new PutObjectCommand({ Bucket, Key, Body: "plain" }));
	await t.rejects(get(one), notApplicable);
	await t.rejects(head(one), { name: /./, $metadata: { httpStatusCode: 400 } });
});

function readKept(directory: string): string {
	const kept = globSync(`${directory}/buckets/*/objects/*.json`);
	return kept.map((file) => readFileSync(file, "utf8")).join();
}

t.test("a write takes one kind of encryption, rightly spelt", async (t) => {
	const { s3 } = await startEmbeddedStore(t, inClear);
	const put = (more: object) =>
		s3.send(new PutObjectCommand({ Bucket, Key, Body: "x", ...more }));
	await t.rejects(put({ ...one, ServerSideEncryption: "AES256" }), {
		name: "InvalidArgument",
		message:
			"Server Side Encryption with Customer provided key is incompatible with the encryption method specified",
		ArgumentName: "x-amz-server-side-encryption",
		ArgumentValue: "AES256",
	});
	await t.rejects(put({ SSECustomerAlgorithm: "AES256" }), {
		message: /must provide an appropriate secret key/,
	});
	const short = Buffer.alloc(31).toString("base64");
	await t.rejects(put({ ...one, SSECustomerKey: short }), {
		message: "The secret key was invalid for the specified algorithm.",
	});
	await t.rejects(s3.send(new HeadObjectCommand({ Bucket, Key })), {
		name: "NotFound",
	});
});

t.test("a copy needs the key of its source, and brings its own", async (t) => {
	const { s3 } = await startEmbeddedStore(t, inClear);
	await s3.send(new PutObjectCommand({ Bucket, Key, Body: "secret", ...one }));
	const copy = (more = {}) =>
		s3.send(
			new CopyObjectCommand({
				Bucket,
				Key: "copy",
				CopySource: `${Bucket}/${Key}`,
				...more,
			}),
		);
	const source = triple(1, "CopySource");
	await t.rejects(copy(), needed);
	await t.rejects(copy(one), needed);
	await t.rejects(copy(triple(2, "CopySource")), wrongKey);
	await t.rejects(
		copy({ ...source, ...other, ServerSideEncryption: "AES256" }),
		{
			message: /incompatible with the encryption method/,
		},
	);
	t.match(await copy({ ...source, ...other }), {
		SSECustomerKeyMD5: other.SSECustomerKeyMD5,
	});
	const got = await s3.send(
		new GetObjectCommand({ Bucket, Key: "copy", ...other }),
	);
	t.equal(await got.Body?.transformToString(), "secret");
	const plain = await copy(source);
	t.equal(plain.ServerSideEncryption, "AES256");
	const read = await s3.send(new GetObjectCommand({ Bucket, Key: "copy" }));
	t.equal(await read.Body?.transformToString(), "secret");
});

t.test("each part of an upload brings the key of its beginning", async (t) => {
	const { s3 } = await startEmbeddedStore(t, inClear);
	const begin = async (more = {}) =>
		(await s3.send(new CreateMultipartUploadCommand({ Bucket, Key, ...more })))
			.UploadId;
	const UploadId = await begin(one);
	const put = (more: object, upload = UploadId) =>
		s3.send(
			new UploadPartCommand({
				Bucket,
				Key,
				UploadId: upload,
				PartNumber: 1,
				Body: "first;",
				...more,
			}),
		);
	const missing = {
		name: "InvalidRequest",
		message:
			"The multipart upload initiate requested encryption. Subsequent part requests must include the appropriate encryption parameters.",
	};
	await t.rejects(put({}), missing);
	await t.rejects(put(one, await begin()), missing);
	await t.rejects(put(other), {
		name: "InvalidRequest",
		message:
			"The provided encryption parameters did not match the ones used originally.",
	});
	const first = await put(one);
	t.match(first, answered);
	await s3.send(
		new PutObjectCommand({ Bucket, Key: "source", Body: "second", ...other }),
	);
	const copy = (more: object) =>
		s3.send(
			new UploadPartCopyCommand({
				Bucket,
				Key,
				UploadId,
				PartNumber: 2,
				CopySource: `${Bucket}/source`,
				...more,
			}),
		);
	await t.rejects(copy(one), needed);
	await t.rejects(copy(triple(2, "CopySource")), missing);
	const second = await copy({ ...one, ...triple(2, "CopySource") });
	t.match(second, answered);
	const list = new ListPartsCommand({ Bucket, Key, UploadId, ...one });
	t.equal((await s3.send(list)).Parts?.length, 2);
	const complete = (more = {}) =>
		s3.send(
			new CompleteMultipartUploadCommand({
				Bucket,
				Key,
				UploadId,
				MultipartUpload: {
					Parts: [
						{ PartNumber: 1, ETag: first.ETag },
						{ PartNumber: 2, ETag: second.CopyPartResult?.ETag },
					],
				},
				...more,
			}),
		);
	await t.rejects(complete(other), { name: "InvalidRequest" });
	await complete();
	const got = await s3.send(
		new GetObjectCommand({ Bucket, Key, ...one, ChecksumMode: "ENABLED" }),
	);
	t.equal(await got.Body?.transformToString(), "first;second");
	t.equal(got.ChecksumType, undefined, "AWS keeps no checksum here");
	await t.rejects(s3.send(new GetObjectCommand({ Bucket, Key })), needed);
});

t.test("a key in the clear is refused, and one over TLS is not", async (t) => {
	const plain = await startEmbeddedStore(t);
	const put = new PutObjectCommand({ Bucket, Key, Body: "x", ...one });
	await t.rejects(plain.s3.send(put), {
		name: "InvalidRequest",
		message:
			"Requests specifying Server Side Encryption with Customer provided keys must be made over a secure connection.",
	});
	const read = (name: string) => readFileSync(`test/support/tls/${name}`);
	const ca = read("ca.pem");
	const tls = { cert: read("server.pem"), key: read("server.key") };
	const { s3 } = await startEmbeddedStore(t, { tls }, ca);
	t.match(await s3.send(put), answered);
	t.match(
		await s3.send(new HeadObjectCommand({ Bucket, Key, ...one })),
		answered,
	);
});

t.test("a bucket can block customers' keys, for writes alone", async (t) => {
	const { s3 } = await startEmbeddedStore(t, inClear);
	await s3.send(new PutObjectCommand({ Bucket, Key, Body: "x", ...one }));
	const block = (type: "SSE-C" | "NONE") =>
		s3.send(
			new PutBucketEncryptionCommand({
				Bucket,
				ServerSideEncryptionConfiguration: {
					Rules: [{ BlockedEncryptionTypes: { EncryptionType: [type] } }],
				},
			}),
		);
	const writes = [
		() =>
			s3.send(new PutObjectCommand({ Bucket, Key: "b", Body: "x", ...one })),
		() =>
			s3.send(new CreateMultipartUploadCommand({ Bucket, Key: "b", ...one })),
		() =>
			s3.send(
				new CopyObjectCommand({
					Bucket,
					Key: "b",
					CopySource: `${Bucket}/${Key}`,
					...triple(1, "CopySource"),
					...one,
				}),
			),
	];
	const blocked = { name: "AccessDenied", $metadata: { httpStatusCode: 403 } };
	await block("SSE-C");
	for (const write of writes) await t.rejects(write(), blocked);
	t.match(
		await s3.send(new HeadObjectCommand({ Bucket, Key, ...one })),
		answered,
	);
	await s3.send(new PutObjectCommand({ Bucket, Key: "b", Body: "x" }));
	await block("NONE");
	for (const write of writes) await write();

	const strict = await startEmbeddedStore(t, {
		...inClear,
		blockCustomerKeys: true,
	});
	const put = new PutObjectCommand({ Bucket, Key, Body: "x", ...one });
	await t.rejects(strict.s3.send(put), blocked);
	const { ServerSideEncryptionConfiguration } = await strict.s3.send(
		new GetBucketEncryptionCommand({ Bucket }),
	);
	t.match(ServerSideEncryptionConfiguration?.Rules, [
		{ BlockedEncryptionTypes: { EncryptionType: ["SSE-C"] } },
	]);
});
