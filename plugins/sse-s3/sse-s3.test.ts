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
			if (writes.includes(operation) || operation === "PutBucketEncryption")
				continue;
			const headers = { ...source, ...customer };
			const left = uploadSteps.includes(operation) ? source : headers;
			t.strictSame(
				await through("override", operation, headers),
				left,
				operation,
			);
			for (const mode of ["add", "require"] as const)
				t.strictSame(
					await through(mode, operation, headers),
					headers,
					operation,
				);
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
