/** Objects in the S3 Encryption Clients' formats, by the AWS SDK through a real gateway to the embedded store. */
import {
	CompleteMultipartUploadCommand,
	CopyObjectCommand,
	CreateMultipartUploadCommand,
	DeleteObjectCommand,
	GetObjectAttributesCommand,
	GetObjectCommand,
	GetObjectTaggingCommand,
	HeadObjectCommand,
	ListObjectsV2Command,
	PutObjectCommand,
	PutObjectTaggingCommand,
	UploadPartCommand,
	UploadPartCopyCommand,
} from "@aws-sdk/client-s3";
import t from "tap";
import { bytesOf, sample } from "../content.ts";
import { type Sealed, startSealed } from "../setup.ts";
import { dataKeyOf, openStored, writeV2, writeV3 } from "./stored.ts";

const refused = { name: "NotImplemented", message: /t1/ };
const fieldsOf = {
	"s3ec-v3": ["x-amz-3", "x-amz-c", "x-amz-d", "x-amz-i", "x-amz-t", "x-amz-w"],
	"s3ec-v2": [
		"x-amz-cek-alg",
		"x-amz-iv",
		"x-amz-key-v2",
		"x-amz-matdesc",
		"x-amz-tag-len",
		"x-amz-wrap-alg",
	],
} as const;

async function put(
	{ client, bucket }: Pick<Sealed, "client" | "bucket">,
	Key: string,
	Body: Buffer,
): Promise<void> {
	await client.send(new PutObjectCommand({ Bucket: bucket, Key, Body }));
}

async function get(
	{ client, bucket }: Pick<Sealed, "client" | "bucket">,
	Key: string,
	Range?: string,
): Promise<Buffer> {
	const asked = { Bucket: bucket, Key, ...(Range && { Range }) };
	return bytesOf((await client.send(new GetObjectCommand(asked))).Body);
}

for (const format of ["s3ec-v3", "s3ec-v2"] as const) {
	t.test(
		`${format}: what was put comes back, and the store has the format`,
		async (t) => {
			const sealed = await startSealed(
				t,
				`, format: ${format}, s3ec: { buffer: 100KiB }`,
			);
			const { client, store, bucket } = sealed;
			const sizes = [0, 1, 15, 16, 17, 102_400, 102_401, 3_000_000];
			for (const size of sizes) {
				const Body = sample(size);
				const at = { Bucket: bucket, Key: `k/${size}` };
				const written = await client.send(
					new PutObjectCommand({
						...at,
						Body,
						ContentType: "text/x-test",
						Metadata: { colour: "blue", md5chksum: "secret-digest" },
					}),
				);
				t.match(written.ETag, /^"[0-9a-f]{32}-0"$/);
				const got = await client.send(new GetObjectCommand(at));
				t.ok((await bytesOf(got.Body)).equals(Body), `${size} bytes`);
				t.strictSame(
					[got.ETag, got.ContentLength, got.ContentType, got.Metadata],
					[written.ETag, size, "text/x-test", { colour: "blue" }],
				);
				const head = await client.send(new HeadObjectCommand(at));
				t.strictSame(
					[head.ContentLength, head.ETag, head.Metadata],
					[size, written.ETag, { colour: "blue" }],
				);
				const kept = await store.send(new GetObjectCommand(at));
				const body = await bytesOf(kept.Body);
				const { colour, ...metadata } = kept.Metadata ?? {};
				t.equal(colour, "blue");
				t.strictSame(Object.keys(metadata).sort(), fieldsOf[format]);
				t.equal(body.length, size + 16);
				t.ok((await openStored(sealed, metadata, body)).equals(Body));
			}
			const { Contents } = await client.send(
				new ListObjectsV2Command({ Bucket: bucket }),
			);
			t.strictSame(
				Contents?.map(({ Size }) => Size).sort(),
				[...sizes].sort(),
				"listings tell sizes of plaintext",
			);
			const attributes = await client.send(
				new GetObjectAttributesCommand({
					Bucket: bucket,
					Key: "k/17",
					ObjectAttributes: ["ETag", "ObjectSize", "StorageClass", "Checksum"],
				}),
			);
			t.match(attributes, { ObjectSize: 17, StorageClass: "STANDARD" });
			t.match(attributes.ETag, /-0$/);
		},
	);
}

t.test("each object has a data key of its own", async (t) => {
	const sealed = await startSealed(t, ", format: s3ec-v3");
	const { store, bucket } = sealed;
	const seen = new Set<string>();
	for (const Key of ["a", "b", "a"]) {
		await put(sealed, Key, sample(10));
		const kept = await store.send(
			new HeadObjectCommand({ Bucket: bucket, Key }),
		);
		const { "x-amz-3": wrapped = "", "x-amz-i": id = "" } = kept.Metadata ?? {};
		seen.add(wrapped).add(id);
	}
	t.equal(seen.size, 6);
	const uses = sealed.gateway.outcomes.at(-1)?.exchange.findings.keyUses;
	t.match(uses, [{ use: "seal", keys: "main", from: "provider" }]);
});

t.test(
	"ranges and parts, where all of the object was authenticated",
	async (t) => {
		const sealed = await startSealed(
			t,
			", format: s3ec-v3, s3ec: { buffer: 1MiB, range: 4MiB }",
		);
		const { client, bucket } = sealed;
		for (const size of [500_000, 3_500_000]) {
			const content = sample(size);
			await put(sealed, "k", content);
			for (const [range, start, end] of [
				["bytes=0-0", 0, 1],
				["bytes=100-400000", 100, 400_001],
				["bytes=-7", size - 7, size],
				[`bytes=${size - 1}-`, size - 1, size],
				["bytes=0-", 0, size],
			] as const) {
				const got = await client.send(
					new GetObjectCommand({ Bucket: bucket, Key: "k", Range: range }),
				);
				t.ok((await bytesOf(got.Body)).equals(content.subarray(start, end)));
				t.equal(got.ContentRange, `bytes ${start}-${end - 1}/${size}`, range);
			}
			await t.rejects(get(sealed, "k", `bytes=${size}-`), {
				name: "InvalidRange",
			});
			const at = { Bucket: bucket, Key: "k", PartNumber: 1 };
			const part = await client.send(new GetObjectCommand(at));
			t.equal(part.$metadata.httpStatusCode, 206);
			t.ok((await bytesOf(part.Body)).equals(content));
			const head = new HeadObjectCommand({ ...at, PartNumber: 2 });
			await t.rejects(client.send(head), {
				name: /./,
				$metadata: { httpStatusCode: 416 },
			});
		}
		const large = sample(5_000_000);
		await put(sealed, "large", large);
		await t.rejects(get(sealed, "large", "bytes=0-9"), refused);
		t.ok((await get(sealed, "large", "bytes=0-")).equals(large), "all of it");
		t.ok((await get(sealed, "large")).equals(large));
	},
);

t.test("what one GCM message cannot be is refused by name", async (t) => {
	const sealed = await startSealed(t, ", format: s3ec-v3");
	const { client, bucket } = sealed;
	const at = { Bucket: bucket, Key: "k" };
	await put(sealed, "source", sample(10));
	const part = { ...at, UploadId: "u", PartNumber: 1 };
	const CopySource = `${bucket}/source`;
	await t.rejects(client.send(new CreateMultipartUploadCommand(at)), refused);
	await t.rejects(
		client.send(new UploadPartCommand({ ...part, Body: "x" })),
		refused,
	);
	await t.rejects(
		client.send(new UploadPartCopyCommand({ ...part, CopySource })),
		refused,
	);
	await t.rejects(
		client.send(
			new CompleteMultipartUploadCommand({
				...at,
				UploadId: "u",
				MultipartUpload: { Parts: [{ PartNumber: 1, ETag: "x" }] },
			}),
		),
		refused,
	);
});

t.test("objects that are encrypted already belong elsewhere", async (t) => {
	for (const options of ["", ", format: s3ec-v3"]) {
		const { client, bucket } = await startSealed(t, options);
		for (const name of ["x-amz-3", "x-amz-key-v2", "x-amz-iv"]) {
			const asked = new PutObjectCommand({
				Bucket: bucket,
				Key: "k",
				Body: "x",
				Metadata: { [name]: "AAAA" },
			});
			await t.rejects(client.send(asked), { name: "InvalidArgument" });
		}
	}
});

t.test("conditions, copies, deletes and tags", async (t) => {
	const sealed = await startSealed(t, ", format: s3ec-v3");
	const { client, store, bucket } = sealed;
	const content = sample(1_000);
	const at = { Bucket: bucket, Key: "k" };
	const { ETag = "" } = await client.send(
		new PutObjectCommand({
			...at,
			Body: content,
			Metadata: { colour: "blue" },
			Tagging: "a=b",
		}),
	);
	await t.rejects(
		client.send(new PutObjectCommand({ ...at, Body: "x", IfNoneMatch: "*" })),
		{ name: "PreconditionFailed" },
	);
	await client.send(new GetObjectCommand({ ...at, IfMatch: ETag }));
	await t.rejects(
		client.send(new GetObjectCommand({ ...at, IfMatch: '"00-0"' })),
		{ name: "PreconditionFailed" },
	);
	await t.rejects(
		client.send(new GetObjectCommand({ ...at, IfNoneMatch: ETag })),
		{ name: /./, $metadata: { httpStatusCode: 304 } },
	);
	await t.rejects(
		client.send(new GetObjectCommand({ Bucket: bucket, Key: "none" })),
		{ name: "NoSuchKey" },
	);
	const CopySource = `${bucket}/k`;
	const copied = await client.send(
		new CopyObjectCommand({
			...{ Bucket: bucket, Key: "copy", CopySource },
			CopySourceIfMatch: ETag,
		}),
	);
	t.match(copied.CopyObjectResult?.ETag, /-0"?$/);
	await client.send(
		new CopyObjectCommand({
			...{ Bucket: bucket, Key: "other", CopySource },
			MetadataDirective: "REPLACE",
			Metadata: { colour: "red" },
		}),
	);
	for (const [Key, colour] of [
		["copy", "blue"],
		["other", "red"],
	] as const) {
		const got = await client.send(
			new GetObjectCommand({ Bucket: bucket, Key }),
		);
		t.ok((await bytesOf(got.Body)).equals(content), Key);
		t.strictSame(got.Metadata, { colour });
		const kept = await store.send(
			new GetObjectCommand({ Bucket: bucket, Key }),
		);
		const body = await bytesOf(kept.Body);
		const opened = await openStored(sealed, kept.Metadata ?? {}, body);
		t.ok(opened.equals(content), "and the official clients' way");
	}
	await client.send(
		new PutObjectTaggingCommand({
			...at,
			Tagging: { TagSet: [{ Key: "c", Value: "d" }] },
		}),
	);
	const { TagSet } = await client.send(new GetObjectTaggingCommand(at));
	t.strictSame(TagSet, [{ Key: "c", Value: "d" }]);
	await client.send(new DeleteObjectCommand(at));
	await t.rejects(client.send(new GetObjectCommand(at)), { name: "NoSuchKey" });
});

t.test(
	"a copy of what is not encrypted is of the format that the route writes",
	async (t) => {
		const sealed = await startSealed(
			t,
			", format: s3ec-v3, onPlaintext: allow, s3ec: { buffer: 1KiB }",
		);
		const { client, store, bucket } = sealed;
		const content = sample(20_000);
		const from = { Bucket: bucket, Key: "plain" };
		await store.send(
			new PutObjectCommand({ ...from, Body: content, Metadata: { a: "b" } }),
		);
		const to = { Bucket: bucket, Key: "copy" };
		await client.send(
			new CopyObjectCommand({ ...to, CopySource: `${bucket}/plain` }),
		);
		const kept = await store.send(new GetObjectCommand(to));
		const body = await bytesOf(kept.Body);
		const opened = await openStored(sealed, kept.Metadata ?? {}, body);
		t.ok(opened.equals(content));
		const got = await client.send(new GetObjectCommand(to));
		t.strictSame(got.Metadata, { a: "b" });
		t.ok((await bytesOf(got.Body)).equals(content));
	},
);

t.test("a route reads the formats that it names, and no other", async (t) => {
	const sealed = await startSealed(
		t,
		", read: [t1, s3ec-v3, s3ec-v2], listSizes: exact",
		{ also: ", format: s3ec-v3" },
	);
	const { client, other, store, bucket } = sealed;
	const content = sample(200_000);
	await put(sealed, "t1", content);
	await put({ client: other, bucket }, "v3", content);
	const context = { "aws:x-amz-cek-alg": "AES/GCM/NoPadding" };
	const { key, wrapped } = await dataKeyOf(sealed, context);
	const { metadata, body } = writeV2(key, wrapped, content);
	await store.send(
		new PutObjectCommand({
			...{ Bucket: bucket, Key: "v2", Body: body },
			Metadata: { ...metadata, "x-amz-unencrypted-content-length": "200000" },
		}),
	);
	for (const Key of ["t1", "v3", "v2"]) {
		t.ok((await get(sealed, Key)).equals(content), Key);
		const part = await get(sealed, Key, "bytes=5-70000");
		t.ok(part.equals(content.subarray(5, 70_001)));
		const head = await client.send(
			new HeadObjectCommand({ Bucket: bucket, Key }),
		);
		t.equal(head.ContentLength, content.length);
	}
	const { Contents } = await client.send(
		new ListObjectsV2Command({ Bucket: bucket }),
	);
	t.strictSame(
		Contents?.map(({ Size }) => Size),
		[200_000, 200_000, 200_000],
	);
	const CopySource = `${bucket}/v3`;
	await t.rejects(
		client.send(
			new CopyObjectCommand({ Bucket: bucket, Key: "c", CopySource }),
		),
		{ name: "NotImplemented", message: /of s3ec-v3 .* writes t1/ },
	);
	for (const Key of ["t1", "v2"]) {
		await t.rejects(get({ client: other, bucket }, Key), {
			name: "DecryptionFailed",
		});
		const { exchange } = sealed.gateway.outcomes.at(-1) as never as {
			exchange: { findings: { reason: string } };
		};
		t.match(exchange.findings.reason, /^format-refused: /);
	}
});

t.test(
	"an encryption context of the route's is written and required",
	async (t) => {
		const sealed = await startSealed(
			t,
			", format: s3ec-v3, s3ec: { context: { team: a } }",
			{ also: ", format: s3ec-v3" },
		);
		const { store, other, bucket } = sealed;
		await put(sealed, "k", sample(5));
		const kept = await store.send(
			new HeadObjectCommand({ Bucket: bucket, Key: "k" }),
		);
		t.strictSame(JSON.parse(kept.Metadata?.["x-amz-t"] ?? ""), {
			team: "a",
			"aws:x-amz-cek-alg": "115",
		});
		t.ok((await get(sealed, "k")).equals(sample(5)));
		await t.rejects(get({ client: other, bucket }, "k"), {
			name: "DecryptionFailed",
		});
	},
);

t.test(
	"objects of an older key, and of keys that are tried in vain",
	async (t) => {
		const sealed = await startSealed(
			t,
			", format: s3ec-v3, decrypt: [alias/photos, alias/new]",
			{ also: ", format: s3ec-v3, keyId: alias/new" },
		);
		const { other, bucket } = sealed;
		await put({ client: other, bucket }, "new", sample(5));
		await put(sealed, "old", sample(6));
		t.equal((await get(sealed, "new")).length, 5);
		t.equal((await get(sealed, "old")).length, 6);
		await t.rejects(get({ client: other, bucket }, "old"), {
			name: "DecryptionFailed",
		});
	},
);

t.test("instruction files are read where the route allows them", async (t) => {
	const sealed = await startSealed(
		t,
		", format: s3ec-v3, read: [s3ec-v3, s3ec-v2], s3ec: { instructionFiles: true }",
		{ also: ", format: s3ec-v3, read: [s3ec-v3, s3ec-v2]" },
	);
	const { client, store, other, bucket } = sealed;
	const content = sample(100);
	for (const version of ["3", "2"]) {
		const name = version === "3" ? "115" : "AES/GCM/NoPadding";
		const context = { "aws:x-amz-cek-alg": name };
		const { key, wrapped } = await dataKeyOf(sealed, context);
		const write = version === "3" ? writeV3 : writeV2;
		const { metadata, body } = write(key, wrapped, content);
		const pinned = ["x-amz-c", "x-amz-d", "x-amz-i"];
		const split = (wanted: boolean) =>
			Object.fromEntries(
				Object.entries(metadata).filter(
					([field]) => pinned.includes(field) === wanted,
				),
			);
		const at = { Bucket: bucket, Key: `v${version}` };
		await store.send(
			new PutObjectCommand({ ...at, Body: body, Metadata: split(true) }),
		);
		await t.rejects(get(sealed, at.Key), { name: "DecryptionFailed" });
		await store.send(
			new PutObjectCommand({
				Bucket: bucket,
				Key: `${at.Key}.instruction`,
				Body: JSON.stringify(split(false)),
				Metadata: { "x-amz-crypto-instr-file": "" },
			}),
		);
		t.ok((await get(sealed, at.Key)).equals(content), at.Key);
		const head = await client.send(new HeadObjectCommand(at));
		t.equal(head.ContentLength, 100);
		await t.rejects(get({ client: other, bucket }, at.Key), {
			name: "DecryptionFailed",
		});
	}
});
