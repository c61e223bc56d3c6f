import t from "tap";
import {
	type OperationName,
	operationNames,
	operationRow,
} from "../../src/index.ts";
import { setUp } from "../../src/testing.ts";
import { sseS3 } from "./index.ts";

const sse = "x-amz-server-side-encryption";
const forced = { [sse]: "AES256" };
const customer = {
	[`${sse}-customer-algorithm`]: "AES256",
	[`${sse}-customer-key`]: "a2V5",
};
const kms = { [sse]: "aws:kms", [`${sse}-aws-kms-key-id`]: "k" };
const source = {
	"x-amz-copy-source-server-side-encryption-customer-key": "c291cmNl",
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

/** Those that a document, or their nature, decides on. */
const judged: readonly OperationName[] = [
	"PutBucketEncryption",
	"PutBucketInventoryConfiguration",
	"UpdateObjectEncryption",
	"RenameObject",
];

type Mode = "add" | "override" | "require";

async function through(
	mode: Mode,
	operation: OperationName,
	headers: Record<string, string>,
	body?: string,
): Promise<Record<string, string> | string> {
	const telling = Object.fromEntries(
		operationRow(operation).headers.map((name) => [name, "b/source"]),
	);
	const policy = await setUp(sseS3, { mode });
	const { upstream, refused } = await policy.send({
		operation,
		headers: { ...telling, ...headers },
		...(body === undefined ? {} : { body }),
	});
	if (refused !== undefined) return `${refused.code} ${refused.message}`;
	const left = [...(upstream?.headers ?? [])];
	return Object.fromEntries(left.filter(([name]) => !(name in telling)));
}

t.test("each mode does on each write what it says", async (t) => {
	for (const operation of writes) {
		for (const asked of [{}, forced, kms, customer]) {
			const headers = { ...source, ...asked };
			t.strictSame(await through("override", operation, headers), {
				...source,
				...forced,
			});
			const added = asked === customer || asked === kms ? asked : forced;
			t.strictSame(await through("add", operation, headers), {
				...source,
				...added,
			});
			const required = await through("require", operation, headers);
			if (asked === forced) t.strictSame(required, headers);
			else
				t.match(
					required,
					/^policy-refused .* requires .*: AES256; the request/,
				);
		}
		t.match(
			await through("require", operation, { ...forced, ...customer }),
			/a key of its own/,
		);
	}
});

t.test(
	"override strips a customer's key from the steps of an upload, and from nothing else",
	async (t) => {
		for (const operation of operationNames) {
			const row = operationRow(operation);
			if (row.byHost || row.aliasOf !== undefined) continue;
			if (writes.includes(operation) || judged.includes(operation)) continue;
			const headers = { ...source, ...customer };
			const left = uploadSteps.includes(operation) ? source : headers;
			t.strictSame(
				await through("override", operation, headers),
				left,
				operation,
			);
			t.strictSame(
				await through("add", operation, headers),
				headers,
				operation,
			);
			const required = await through("require", operation, headers);
			if (uploadSteps.includes(operation))
				t.match(required, /^policy-refused .* a key of its own/, operation);
			else t.strictSame(required, headers, operation);
		}
	},
);

t.test("a bucket's default may be stricter, not looser", async (t) => {
	const put = (mode: Mode, inside: string) =>
		through(
			mode,
			"PutBucketEncryption",
			{},
			`<ServerSideEncryptionConfiguration><Rule>${inside}</Rule></ServerSideEncryptionConfiguration>`,
		);
	const byDefault = (algorithm: string) =>
		`<ApplyServerSideEncryptionByDefault><SSEAlgorithm>${algorithm}</SSEAlgorithm></ApplyServerSideEncryptionByDefault>`;
	for (const mode of ["add", "override", "require"] as const) {
		for (const algorithm of ["AES256", "aws:kms", "aws:kms:dsse"])
			t.strictSame(await put(mode, byDefault(algorithm)), {}, algorithm);
		t.match(await put(mode, byDefault("aws:kmsx")), /would loosen/);
		t.match(await put(mode, ""), /^policy-refused .* would loosen/);
		t.match(
			await put(mode, byDefault("AES256") + byDefault("none")),
			/would loosen/,
		);
		t.strictSame(await through(mode, "DeleteBucketEncryption", {}), {});
	}
});

t.test("an object stays AES256, and reports are encrypted", async (t) => {
	const update = (mode: Mode, kind: string) =>
		through(
			mode,
			"UpdateObjectEncryption",
			{},
			`<ObjectEncryption><${kind}/></ObjectEncryption>`,
		);
	const report = (mode: Mode, inside: string) =>
		through(
			mode,
			"PutBucketInventoryConfiguration",
			{},
			`<InventoryConfiguration><Destination><S3BucketDestination><Encryption>${inside}</Encryption></S3BucketDestination></Destination></InventoryConfiguration>`,
		);
	for (const mode of ["override", "require"] as const) {
		t.strictSame(await update(mode, "SSE-S3"), {});
		t.match(await update(mode, "SSE-KMS"), /^policy-refused/);
		t.match(await through(mode, "RenameObject", {}), /^policy-refused/);
	}
	for (const mode of ["add", "override", "require"] as const) {
		t.strictSame(await report(mode, "<SSE-S3/>"), {});
		t.strictSame(await report(mode, "<SSE-KMS/>"), {});
		t.match(await report(mode, ""), /would loosen/);
		t.match(await report(mode, "<SSE-None/>"), /would loosen/);
	}
	t.strictSame(await update("add", "SSE-KMS"), {});
	t.strictSame(await through("add", "RenameObject", {}), {});
});
