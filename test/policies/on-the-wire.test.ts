/** Every policy in every mode, on every operation that it covers, by the raw requests that reach the store. */
import t from "tap";
import type { OperationName } from "../../src/s3/operations.ts";
import {
	arrived,
	errorOf,
	type Headers,
	type Raw,
	type Request,
	requestFor,
	startWire,
	unchanged,
} from "./wire.ts";

const sse = "x-amz-server-side-encryption";
const keyId = "arn:aws:kms:eu-central-1:111122223333:key/owner";
const otherKey = "arn:aws:kms:eu-central-1:444455556666:key/app";
const base64 = (text: string) => Buffer.from(text).toString("base64");

/** A bucket for each policy: its name tells policy and mode. */
const policies = {
	kms: `sse-kms: { mode: MODE, keyId: "${keyId}", bucketKey: true, context: { o: "{bucket}/{key}" } }`,
	plain: "sse-kms: { mode: MODE }",
	dsse: `sse-kms: { mode: MODE, keyId: "${keyId}", dsse: true }`,
	s3: "sse-s3: { mode: MODE }",
} as const;
type Policy = keyof typeof policies;
const modes = ["add", "override", "require"] as const;
type Mode = (typeof modes)[number];
const cases = (Object.keys(policies) as Policy[]).flatMap((policy) =>
	modes.map((mode) => ({ policy, mode, bucket: `${policy}-${mode}` })),
);
const routes = [
	...cases.map(
		({ policy, mode, bucket }) =>
			`  - { name: ${bucket}, match: { bucket: ${bucket} }, upstream: store, policies: [{ ${policies[policy].replace("MODE", mode)} }] }`,
	),
	"  - { name: rest, match: {}, upstream: store }",
].join("\n");

/** What the owner of the data wants a new object `a//b/../c d` to say. */
function owners(policy: Policy, bucket: string): Headers {
	if (policy === "s3") return { [sse]: "AES256" };
	if (policy === "plain") return { [sse]: "aws:kms" };
	const key = { [`${sse}-aws-kms-key-id`]: keyId };
	if (policy === "dsse") return { [sse]: "aws:kms:dsse", ...key };
	return {
		[sse]: "aws:kms",
		...key,
		[`${sse}-context`]: base64(`{"o":"${bucket}/a//b/../c d"}`),
		[`${sse}-bucket-key-enabled`]: "true",
	};
}

const customerKey = {
	[`${sse}-customer-algorithm`]: "AES256",
	[`${sse}-customer-key`]: base64("k".repeat(32)),
	[`${sse}-customer-key-md5`]: "bWQ1",
};
const sourceKey = {
	"x-amz-copy-source-server-side-encryption-customer-algorithm": "AES256",
	"x-amz-copy-source-server-side-encryption-customer-key": "c291cmNl",
	"x-amz-copy-source-server-side-encryption-customer-key-md5": "bWQ1",
};
/** What an application may ask of the store: in order, a word for the test's name and its headers. */
const asks: readonly (readonly [string, Headers])[] = [
	["SSE-S3", { [sse]: "AES256" }],
	["SSE-KMS", { [sse]: "aws:kms", [`${sse}-aws-kms-key-id`]: otherKey }],
	["DSSE-KMS", { [sse]: "aws:kms:dsse", [`${sse}-aws-kms-key-id`]: otherKey }],
	["a customer's key", customerKey],
	[
		"a context",
		{ [sse]: "aws:kms", [`${sse}-context`]: base64('{"app":"own"}') },
	],
];

/** The request with further headers of Amazon, some of which no policy of encryption may touch. */
function asking(
	operation: OperationName,
	bucket: string,
	headers: Headers,
	body?: string,
): Request & { readonly amazon: Headers } {
	const raw = requestFor(operation, bucket);
	const copies = "x-amz-copy-source" in raw.headers;
	const kept: Headers = {
		"x-amz-meta-own": "a  b",
		...(copies ? sourceKey : {}),
	};
	const all = { ...raw.headers, ...kept, ...headers };
	return {
		...raw,
		...(body === undefined ? {} : { body }),
		headers: all,
		amazon: Object.fromEntries(
			Object.entries({ ...raw.headers, ...kept }).filter(([name]) =>
				name.startsWith("x-amz-"),
			),
		),
	};
}

/** What a client is told by a policy that refuses. */
function accessDenied(raw: Raw, message: RegExp) {
	return {
		status: 403,
		code: "AccessDenied",
		message,
		resource: raw.target.split("?")[0],
		sameId: true,
		type: "application/xml",
	};
}

t.test("what creates an object leaves with the owner's headers", async (t) => {
	const wire = await startWire(t, routes);
	for (const operation of [
		"PutObject",
		"CopyObject",
		"CreateMultipartUpload",
	] as const) {
		for (const { policy, mode, bucket } of cases) {
			const wanted = owners(policy, bucket);
			const all: typeof asks = [
				["nothing", {}],
				["the same", wanted],
				[
					"a bucket key and no algorithm",
					{ [`${sse}-bucket-key-enabled`]: "true" },
				],
				["an empty algorithm", { [sse]: "" }],
				...asks,
			];
			for (const [ask, headers] of all) {
				const raw = asking(operation, bucket, headers);
				const name = `${operation} asks for ${ask}, ${bucket}`;
				const same = Object.entries(wanted).every(
					([header, value]) => headers[header] === value,
				);
				const asksWell = same && !(`${sse}-customer-key` in headers);
				if (mode === "require" && !asksWell) {
					t.match(
						errorOf(await wire.refused(raw)),
						accessDenied(raw, /requires x-amz-server/),
						name,
					);
					continue;
				}
				const says = Boolean(
					headers[sse] ?? headers[`${sse}-customer-algorithm`],
				);
				const own = mode === "require" || (mode === "add" && says);
				t.strictSame(
					arrived(await wire.through(raw)),
					unchanged(raw, { ...raw.amazon, ...(own ? headers : wanted) }),
					name,
				);
			}
		}
	}
});

t.test("the steps of an upload bring no key of their own", async (t) => {
	const wire = await startWire(t, routes);
	for (const operation of [
		"UploadPart",
		"UploadPartCopy",
		"ListParts",
		"CompleteMultipartUpload",
	] as const) {
		for (const { mode, bucket } of cases) {
			const bare = asking(operation, bucket, {});
			t.strictSame(
				arrived(await wire.through(bare)),
				unchanged(bare, bare.amazon),
				`${operation}, ${bucket}`,
			);
			const raw = asking(operation, bucket, customerKey);
			const name = `${operation} with a customer's key, ${bucket}`;
			if (mode === "require") {
				t.match(
					errorOf(await wire.refused(raw)),
					accessDenied(raw, /a key of its own/),
					name,
				);
				continue;
			}
			const left = mode === "add" ? customerKey : {};
			t.strictSame(
				arrived(await wire.through(raw)),
				unchanged(raw, { ...raw.amazon, ...left }),
				name,
			);
		}
	}
});

const defaultOf = (algorithm: string, key = "") =>
	`<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>${algorithm}</SSEAlgorithm>${key && `<KMSMasterKeyID>${key}</KMSMasterKeyID>`}</ApplyServerSideEncryptionByDefault></Rule></ServerSideEncryptionConfiguration>`;
const replicasWith = (encryption: string) =>
	`<ReplicationConfiguration><Rule><Status>Enabled</Status><Destination><Bucket>arn:b</Bucket>${encryption}</Destination></Rule></ReplicationConfiguration>`;
const objectKey = (key: string) =>
	`<ObjectEncryption><SSE-KMS><KMSKeyArn>${key}</KMSKeyArn></SSE-KMS></ObjectEncryption>`;
const reportsWith = (encryption: string) =>
	`<InventoryConfiguration><Destination><S3BucketDestination><Bucket>arn:b</Bucket>${encryption && `<Encryption>${encryption}</Encryption>`}</S3BucketDestination></Destination></InventoryConfiguration>`;
const reportKey = (key: string) => `<SSE-KMS><KeyId>${key}</KeyId></SSE-KMS>`;
const restoreTo = (location: string) =>
	`<RestoreRequest><Days>1</Days>${location}</RestoreRequest>`;

const all: readonly Policy[] = ["kms", "plain", "dsse", "s3"];
const always: readonly Mode[] = modes;
const strictly: readonly Mode[] = ["override", "require"];

/** Operation, document, the policies that let it pass, and the modes in which the others refuse it. */
const settings: readonly (readonly [
	OperationName,
	string | undefined,
	readonly Policy[],
	readonly Mode[],
])[] = [
	["PutBucketEncryption", defaultOf("AES256"), ["s3"], always],
	["PutBucketEncryption", defaultOf("aws:kms"), ["plain", "s3"], always],
	[
		"PutBucketEncryption",
		defaultOf("aws:kms", keyId),
		["kms", "plain", "s3"],
		always,
	],
	[
		"PutBucketEncryption",
		defaultOf("aws:kms", otherKey),
		["plain", "s3"],
		always,
	],
	["PutBucketEncryption", defaultOf("aws:kms:dsse", keyId), all, always],
	["PutBucketEncryption", "<ServerSideEncryptionConfiguration/>", [], always],
	["DeleteBucketEncryption", undefined, ["s3"], always],
	["PutBucketReplication", replicasWith(""), ["s3"], always],
	[
		"PutBucketReplication",
		replicasWith(
			"<EncryptionConfiguration><ReplicaKmsKeyID>r</ReplicaKmsKeyID></EncryptionConfiguration>",
		),
		all,
		always,
	],
	["UpdateObjectEncryption", objectKey(otherKey), ["plain"], strictly],
	["UpdateObjectEncryption", objectKey(keyId), ["plain"], strictly],
	[
		"UpdateObjectEncryption",
		"<ObjectEncryption><SSE-S3/></ObjectEncryption>",
		["s3"],
		strictly,
	],
	[
		"UpdateObjectEncryption",
		`<ObjectEncryption>${objectKey(keyId).slice(18, -19)}<SSE-S3/></ObjectEncryption>`,
		[],
		strictly,
	],
	["PutBucketInventoryConfiguration", reportsWith(""), [], always],
	["PutBucketInventoryConfiguration", reportsWith("<SSE-S3/>"), ["s3"], always],
	[
		"PutBucketInventoryConfiguration",
		reportsWith(reportKey(otherKey)),
		["plain", "s3"],
		always,
	],
	[
		"PutBucketInventoryConfiguration",
		reportsWith(reportKey(keyId)),
		["kms", "plain", "s3"],
		always,
	],
	[
		"PutBucketInventoryConfiguration",
		reportsWith(`${reportKey(keyId)}<SSE-S3/>`),
		[],
		always,
	],
	["RestoreObject", restoreTo(""), all, always],
	[
		"RestoreObject",
		restoreTo(
			"<OutputLocation><S3><BucketName>b</BucketName></S3></OutputLocation>",
		),
		[],
		strictly,
	],
	["RenameObject", undefined, [], strictly],
];

t.test("what sets encryption by a document is judged by it", async (t) => {
	const wire = await startWire(t, routes);
	for (const [operation, document, passing, strict] of settings) {
		for (const { policy, mode, bucket } of cases) {
			const raw = asking(operation, bucket, {}, document);
			const name = `${operation} ${document}, ${bucket}`;
			if (passing.includes(policy) || !strict.includes(mode)) {
				t.strictSame(
					arrived(await wire.through(raw)),
					unchanged(raw, raw.amazon),
					name,
				);
			} else {
				t.match(
					errorOf(await wire.refused(raw)),
					accessDenied(raw, /^Access Denied: /),
					name,
				);
			}
		}
	}
});
