import fc from "fast-check";
import t from "tap";
import {
	type OperationName,
	operationNames,
	operationRow,
} from "../../src/index.ts";
import { type Sent, setUp } from "../../src/testing.ts";
import { sseKms } from "./index.ts";

const sse = "x-amz-server-side-encryption";
const keyId = "arn:aws:kms:eu-central-1:111122223333:key/k";
const forced = { [sse]: "aws:kms", [`${sse}-aws-kms-key-id`]: keyId };
const customer = {
	[`${sse}-customer-algorithm`]: "AES256",
	[`${sse}-customer-key`]: "a2V5",
	[`${sse}-customer-key-md5`]: "bWQ1",
};
const other = {
	"content-type": "text/plain",
	"x-amz-meta-a": "b",
	"x-amz-copy-source-server-side-encryption-customer-algorithm": "AES256",
	"x-amz-copy-source-server-side-encryption-customer-key": "c291cmNl",
	"x-amz-copy-source-server-side-encryption-customer-key-md5": "bWQ1",
};
const writes: readonly OperationName[] = [
	"PutObject",
	"CopyObject",
	"CreateMultipartUpload",
];
const uploadSteps: readonly OperationName[] = [
	"UploadPart",
	"UploadPartCopy",
	"ListParts",
	"CompleteMultipartUpload",
];
const modes = ["add", "override", "require"] as const;

/** The headers that leave, without those that make the operation what it is, or the sentence of the refusal. */
async function through(
	options: Parameters<typeof setUp<typeof sseKms.options>>[1],
	operation: OperationName,
	sent: Partial<Sent> = {},
): Promise<Record<string, string> | string | undefined> {
	const telling = Object.fromEntries(
		operationRow(operation).headers.map((name) => [name, "b/source"]),
	);
	const policy = await setUp(sseKms, options);
	const { upstream, refused } = await policy.send({
		...sent,
		operation,
		headers: { ...telling, ...sent.headers },
	});
	if (refused !== undefined) return `${refused.code} ${refused.message}`;
	const left = Object.entries(Object.fromEntries(upstream?.headers ?? []));
	return Object.fromEntries(left.filter(([name]) => !(name in telling)));
}

const rule = (algorithm: string, key = "", more = "") =>
	`<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>${algorithm}</SSEAlgorithm>${key && `<KMSMasterKeyID>${key}</KMSMasterKeyID>`}${more}</ApplyServerSideEncryptionByDefault></Rule></ServerSideEncryptionConfiguration>`;
const replication = (destination: string, status = "Enabled") =>
	`<ReplicationConfiguration><Rule><Status>${status}</Status><Destination><Bucket>arn:b</Bucket>${destination}</Destination></Rule></ReplicationConfiguration>`;
const replicaKey =
	"<EncryptionConfiguration><ReplicaKmsKeyID>r</ReplicaKmsKeyID></EncryptionConfiguration>";
const objectKey = (key: string) =>
	`<ObjectEncryption><SSE-KMS><KMSKeyArn>${key}</KMSKeyArn></SSE-KMS></ObjectEncryption>`;
const reports = (encryption: string) =>
	`<InventoryConfiguration><Destination><S3BucketDestination><Encryption>${encryption}</Encryption></S3BucketDestination></Destination></InventoryConfiguration>`;
const agreeing: Partial<Record<OperationName, string>> = {
	PutBucketEncryption: rule("aws:kms", keyId),
	PutBucketReplication: replication(replicaKey),
	UpdateObjectEncryption: objectKey(keyId),
	PutBucketInventoryConfiguration: reports(
		`<SSE-KMS><KeyId>${keyId}</KeyId></SSE-KMS>`,
	),
};

t.test(
	"on every operation of S3, in every mode, a customer's key leaves or stays as the mode says",
	async (t) => {
		const reachable = operationNames.filter((name) => {
			const row = operationRow(name);
			return !row.byHost && row.aliasOf === undefined;
		});
		t.ok(reachable.length > 100);
		for (const operation of reachable) {
			if (operation === "DeleteBucketEncryption") continue;
			for (const mode of modes) {
				const body = agreeing[operation];
				const found = await through({ mode, keyId }, operation, {
					headers: { ...other, ...customer },
					...(body === undefined ? {} : { body }),
				});
				const name = `${operation}, ${mode}`;
				if (writes.includes(operation) && mode === "require") {
					t.match(
						found,
						/^policy-refused Access Denied: .* does not have it/,
						name,
					);
				} else if (writes.includes(operation) && mode === "override") {
					t.strictSame(found, { ...other, ...forced }, name);
				} else if (operation === "RenameObject" && mode !== "add") {
					t.match(found, /^policy-refused .* keeps whatever encryption/, name);
				} else if (uploadSteps.includes(operation) && mode === "require") {
					t.match(found, /^policy-refused .* a key of its own/, name);
				} else if (uploadSteps.includes(operation) && mode === "override") {
					t.strictSame(found, other, name);
				} else t.strictSame(found, { ...other, ...customer }, name);
			}
		}
	},
);

t.test("override writes its own over whatever was asked", async (t) => {
	for (const operation of writes) {
		for (const asked of [
			{},
			{ [sse]: "AES256" },
			{ [sse]: "aws:kms", [`${sse}-context`]: "e30=" },
			{ [`${sse}-bucket-key-enabled`]: "true" },
			customer,
		]) {
			const headers = { ...other, ...asked };
			t.strictSame(
				await through({ keyId }, operation, { headers }),
				{ ...other, ...forced },
				operation,
			);
		}
		t.strictSame(
			await through({}, operation),
			{ [sse]: "aws:kms" },
			"without a key, the store's default key",
		);
	}
});

t.test("add speaks only where the request says nothing", async (t) => {
	for (const operation of writes) {
		t.strictSame(await through({ mode: "add", keyId }, operation), forced);
		for (const asked of [{ [sse]: "AES256" }, customer]) {
			t.strictSame(
				await through({ mode: "add", keyId }, operation, { headers: asked }),
				asked,
			);
		}
		for (const asked of [
			{ [`${sse}-context`]: "e30=" },
			{ [sse]: "", [`${sse}-customer-key`]: "k" },
		]) {
			t.strictSame(
				await through({ mode: "add", keyId }, operation, { headers: asked }),
				forced,
				"no algorithm is nothing asked",
			);
		}
	}
});

t.test(
	"require refuses what does not ask for it, and says what is missing",
	async (t) => {
		for (const operation of writes) {
			const ask = (headers: Record<string, string>) =>
				through({ mode: "require", keyId }, operation, { headers });
			t.strictSame(await ask(forced), forced);
			t.equal(
				await ask({}),
				`policy-refused Access Denied: the owner of this data requires ${sse}: aws:kms; the request does not have it.`,
			);
			t.match(await ask({ ...forced, [sse]: "AES256" }), /says AES256\.$/);
			t.match(
				await ask({ ...forced, [`${sse}-aws-kms-key-id`]: "k" }),
				/key\/k; the request says k\.$/,
				"an id is not the ARN that ends in it",
			);
			t.match(await ask({ ...forced, ...customer }), /a key of its own/);
		}
		t.strictSame(
			await through({ mode: "require" }, "PutObject", { headers: forced }),
			forced,
			"any key where none is configured",
		);
		t.match(
			await through({ mode: "require", bucketKey: true }, "PutObject", {
				headers: forced,
			}),
			/requires x-amz-server-side-encryption-bucket-key-enabled: true/,
		);
		t.match(
			await through({ mode: "require", dsse: true }, "PutObject", {
				headers: forced,
			}),
			/requires x-amz-server-side-encryption: aws:kms:dsse; .* says aws:kms/,
		);
	},
);

t.test("require compares contexts by their pairs", async (t) => {
	const ask = async (text: string) => {
		const headers = {
			[sse]: "aws:kms",
			[`${sse}-context`]: Buffer.from(text).toString("base64"),
		};
		const context = { a: "{bucket}", b: "2" };
		const left = await through({ mode: "require", context }, "PutObject", {
			headers,
		});
		if (typeof left !== "object") return false;
		t.equal(
			left[`${sse}-context`],
			Buffer.from('{"a":"bucket","b":"2"}').toString("base64"),
			"what was judged is what leaves",
		);
		return true;
	};
	t.equal(await ask('{"a":"bucket","b":"2"}'), true);
	t.equal(await ask('{ "b": "2", "a": "bucket" }'), true);
	t.equal(await ask('{"a":"mine","a":"bucket","b":"2"}'), true);
	for (const wrong of [
		'{"a":"bucket"}',
		'{"a":"bucket","b":2}',
		"",
		"[]",
		"null",
	])
		t.equal(await ask(wrong), false, wrong);
});

t.test("context, bucket key and DSSE leave as configured", async (t) => {
	const context = { z: "{bucket}/{key}", a: "{client} {route}" };
	const found = await through({ context, bucketKey: false }, "PutObject", {
		key: 'ä"b$&',
	});
	t.strictSame(found, {
		[sse]: "aws:kms",
		[`${sse}-context`]: Buffer.from(
			'{"z":"bucket/ä\\"b$&","a":"client route"}',
		).toString("base64"),
		[`${sse}-bucket-key-enabled`]: "false",
	});
	t.strictSame(await through({ dsse: true }, "PutObject"), {
		[sse]: "aws:kms:dsse",
	});
	await t.rejects(
		through({ dsse: true, bucketKey: true }, "PutObject"),
		/knows no bucket keys/,
	);
	await t.rejects(
		through({ context: { a: "{buckett}" } }, "PutObject"),
		/knows \{bucket\}, \{key\}/,
	);
});

t.test("a bucket's default may not become looser", async (t) => {
	const put = (options: object, body: string) =>
		through(options, "PutBucketEncryption", { body });
	for (const mode of modes) {
		t.strictSame(await put({ mode, keyId }, rule("aws:kms", keyId)), {});
		t.strictSame(await put({ mode, keyId }, rule("aws:kms:dsse", keyId)), {});
		t.strictSame(await put({ mode }, rule("aws:kms", "any")), {});
		t.equal(
			await put({ mode, keyId }, rule("AES256")),
			`policy-refused Access Denied: PutBucketEncryption would loosen the encryption of bucket bucket; its owner requires aws:kms with key ${keyId}.`,
		);
		t.match(
			await through({ mode }, "DeleteBucketEncryption"),
			/DeleteBucketEncryption would loosen .* requires aws:kms\.$/,
		);
	}
	for (const body of [
		rule("aws:kms"),
		rule("aws:kms", "other"),
		rule("aws:kms", keyId, "<SSEAlgorithm>AES256</SSEAlgorithm>"),
		rule("aws:kms", keyId, "<KMSMasterKeyID>other</KMSMasterKeyID>"),
		rule("aws:kms", keyId).replace(/<Rule>.*<\/Rule>/, "$&$&"),
		"<ServerSideEncryptionConfiguration/>",
		"",
	])
		t.match(await put({ keyId }, body), /^policy-refused/, body);
	t.match(await put({ dsse: true }, rule("aws:kms")), /^policy-refused/);
	t.match(await put({}, "<Rule>"), /^xml-malformed/);
});

t.test("replicas may not lose their key", async (t) => {
	const put = (body: string) => through({}, "PutBucketReplication", { body });
	t.strictSame(await put(replication(replicaKey)), {});
	t.strictSame(await put(replication("", "Disabled")), {});
	for (const body of [
		replication(""),
		replication("<EncryptionConfiguration/>"),
		replication(replicaKey.replace(">r<", "><")),
		replication(replicaKey + replicaKey),
		replication(replicaKey).replace(/<Rule>.*<\/Rule>/, "$&<Rule/>"),
		"",
	])
		t.match(await put(body), /PutBucketReplication would loosen/, body);
});

t.test("reports on the bucket are encrypted with the key", async (t) => {
	const put = (options: object, encryption: string) =>
		through(options, "PutBucketInventoryConfiguration", {
			body: reports(encryption),
		});
	const withKey = (key: string) => `<SSE-KMS><KeyId>${key}</KeyId></SSE-KMS>`;
	t.strictSame(await put({ keyId }, withKey(keyId)), {});
	t.strictSame(await put({}, withKey("any")), {});
	for (const [options, encryption] of [
		[{}, ""],
		[{}, "<SSE-S3/>"],
		[{}, `${withKey("k")}<SSE-S3/>`],
		[{ keyId }, withKey("any")],
		[{ keyId }, "<SSE-KMS/>"],
		[{ dsse: true }, withKey("any")],
	] as const)
		t.match(await put(options, encryption), /would loosen/, encryption);
});

t.test("a restore may not write somewhere else", async (t) => {
	const restore = (mode: "add" | "override" | "require", location: string) =>
		through({ mode }, "RestoreObject", {
			body: `<RestoreRequest><Days>1</Days>${location}</RestoreRequest>`,
		});
	for (const mode of ["override", "require"] as const) {
		t.strictSame(await restore(mode, ""), {});
		t.match(
			await restore(mode, "<OutputLocation/>"),
			/^policy-refused .* no policy sees/,
		);
	}
	t.strictSame(await restore("add", "<OutputLocation/>"), {});
});

t.test(
	"headers that other stores read as encryption are of the family",
	async (t) => {
		for (const name of [
			`${sse}-customer-key`.replaceAll("-", "_"),
			"x_amz-server_side-encryption",
			"x-goog-encryption-key",
			"x-minio-replication-server-side-encryption-sealed-key",
		]) {
			const headers = { ...forced, [name]: "v" };
			t.strictSame(await through({ keyId }, "PutObject", { headers }), forced);
			t.match(
				await through({ mode: "require", keyId }, "PutObject", { headers }),
				/a key of its own/,
				name,
			);
		}
		const meta = { "x-amz-meta-encryption": "mine" };
		t.strictSame(await through({ keyId }, "PutObject", { headers: meta }), {
			...meta,
			...forced,
		});
	},
);

t.test("an object may move to the required key only", async (t) => {
	const update = (options: object, body: string) =>
		through(options, "UpdateObjectEncryption", { body });
	t.strictSame(await update({ keyId }, objectKey(keyId)), {});
	t.strictSame(await update({}, objectKey("any")), {});
	t.strictSame(await update({ mode: "add", keyId }, objectKey("any")), {});
	t.match(await update({ keyId }, objectKey("any")), /would loosen/);
	t.match(await update({ dsse: true }, objectKey("any")), /would loosen/);
	t.match(
		await update({ context: { a: "b" } }, objectKey("any")),
		/would loosen/,
		"the operation has no word for a context",
	);
	t.match(
		await update({}, "<ObjectEncryption><SSE-S3/></ObjectEncryption>"),
		/would loosen/,
	);
	t.match(
		await update({}, objectKey(keyId).replaceAll("SSE-KMS", "SSE-S3")),
		/would loosen/,
	);
	t.match(
		await update({}, objectKey(keyId).replace("</SSE-KMS>", "$&<SSE-S3/>")),
		/would loosen/,
	);
	t.match(await update({}, ""), /would loosen/);
});

t.test(
	"override leaves exactly the configured encryption and every other header, whatever came",
	async () => {
		const names = fc.oneof(
			fc.constantFrom(sse, ...Object.keys(customer), ...Object.keys(other)),
			fc.stringMatching(/^x-amz-server-side-encryption-[a-z-]{1,12}$/),
			fc.stringMatching(/^x-amz-meta-[a-z]{1,4}$/),
		);
		await fc.assert(
			fc.asyncProperty(
				fc.dictionary(names, fc.string()),
				fc.constantFrom(...writes),
				async (asked, operation) => {
					const left = await through({ keyId }, operation, { headers: asked });
					const kept = Object.entries(asked).filter(
						([name]) => !name.startsWith(sse),
					);
					t.strictSame(left, { ...Object.fromEntries(kept), ...forced });
				},
			),
			{ seed: 20261124, numRuns: 200 },
		);
	},
);
