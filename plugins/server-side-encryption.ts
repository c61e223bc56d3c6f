/** The headers by which a request asks for server-side encryption, and what the two policies that force it share. */
import {
	child,
	children,
	childText,
	type OperationName,
	parseXml,
	type S3Request,
	SealgateError,
	z,
} from "../src/index.ts";

export const algorithmHeader = "x-amz-server-side-encryption";
export const keyIdHeader = "x-amz-server-side-encryption-aws-kms-key-id";
export const contextHeader = "x-amz-server-side-encryption-context";
export const bucketKeyHeader =
	"x-amz-server-side-encryption-bucket-key-enabled";

const customerKeyHeader = "x-amz-server-side-encryption-customer-";

/** The operations that decide how a new object is encrypted. */
export const writes: readonly OperationName[] = [
	"PutObject",
	"CopyObject",
	"CreateMultipartUpload",
];

/** Those that carry a customer's key on for an upload that we began without one. */
export const parts: readonly OperationName[] = ["UploadPart", "UploadPartCopy"];

export const mode = z
	.enum(["add", "override", "require"])
	.default("override")
	.describe(
		"add: when the request asks for no encryption; override: always; require: refuse what does not ask for it.",
	);

/** Whether the request says anything of how the store should encrypt. A copy source's key says nothing of that. */
export function asksForEncryption(request: S3Request): boolean {
	return [...request.headers.keys()].some((name) =>
		name.startsWith(algorithmHeader),
	);
}

export function isCustomerKeyHeader(name: string): boolean {
	return name.startsWith(customerKeyHeader);
}

/** The request with these encryption headers and no others; the key of a copy source stays, for it opens the source. */
export function withEncryption(
	request: S3Request,
	wanted: Readonly<Record<string, string>>,
): S3Request {
	const headers = new Map(
		[...request.headers].filter(([name]) => !name.startsWith(algorithmHeader)),
	);
	for (const [name, value] of Object.entries(wanted)) headers.set(name, value);
	return { ...request, headers };
}

/** The request without a customer's key for what is written. */
export function withoutCustomerKey(request: S3Request): S3Request {
	const headers = [...request.headers].filter(
		([name]) => !isCustomerKeyHeader(name),
	);
	return headers.length === request.headers.size
		? request
		: { ...request, headers: new Map(headers) };
}

export function refusal(reason: string): SealgateError {
	return new SealgateError("policy-refused", `Access Denied: ${reason}`);
}

/** The default that a PutBucketEncryption would set: algorithm and key of its one rule. */
export function defaultEncryption(request: S3Request): {
	algorithm: string | undefined;
	keyId: string | undefined;
} {
	const content = request.body?.content;
	if (content === undefined) return { algorithm: undefined, keyId: undefined };
	const rules = children(parseXml(content), "Rule");
	const rule = rules[0];
	const byDefault = rule && child(rule, "ApplyServerSideEncryptionByDefault");
	if (rules.length !== 1 || byDefault === undefined) {
		return { algorithm: undefined, keyId: undefined };
	}
	return {
		algorithm: childText(byDefault, "SSEAlgorithm"),
		keyId: childText(byDefault, "KMSMasterKeyID"),
	};
}
