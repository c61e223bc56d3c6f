/** The headers by which a request asks for server-side encryption, and what the two policies that force it share. */
import {
	children,
	type Exchange,
	type Operation,
	type OperationName,
	type Policy,
	parseXml,
	type S3Request,
	SealgateError,
	withHeaders,
	withoutHeaders,
	type XmlElement,
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

/** Those that go on naming the customer's key of an upload, which we began without one. */
const uploadSteps: readonly OperationName[] = [
	"UploadPart",
	"UploadPartCopy",
	"ListParts",
	"CompleteMultipartUpload",
];

export const mode = z
	.enum(["add", "override", "require"])
	.default("override")
	.describe(
		"add: when the request asks for no encryption; override: always; require: refuse what does not ask for it.",
	);

type HeaderValues = Readonly<Record<string, string>>;

export interface Encryption {
	readonly mode: z.output<typeof mode>;
	/** The encryption headers that a write leaves with. */
	wanted(operation: Operation, exchange: Exchange): HeaderValues;
	/** What looks at a setting that could become looser, by operation; it throws a `refusal`. */
	readonly judges: Partial<Record<OperationName, (request: S3Request) => void>>;
}

export function encryptionPolicy(encryption: Encryption): Policy {
	const judged = Object.keys(encryption.judges) as OperationName[];
	return {
		operations: [...writes, ...uploadSteps, ...judged],
		async handle(request, next, exchange) {
			const { operation } = request;
			encryption.judges[operation.name]?.(request);
			if (writes.includes(operation.name)) {
				const wanted = encryption.wanted(operation, exchange);
				return next(applyMode(encryption.mode, request, wanted));
			}
			const strips =
				encryption.mode === "override" && uploadSteps.includes(operation.name);
			return next(strips ? withoutCustomerKey(request) : request);
		},
	};
}

function applyMode(
	mode: Encryption["mode"],
	request: S3Request,
	wanted: HeaderValues,
): S3Request {
	if (mode === "require") {
		demand(request, wanted);
		return request;
	}
	if (mode === "add" && [...request.headers.keys()].some(isEncryptionHeader)) {
		return request;
	}
	const others = withoutHeaders(request.headers, isEncryptionHeader);
	return { ...request, headers: withHeaders(others, wanted) };
}

/** A copy source's key is not of the family: it opens the source, and says nothing of what is written. */
function isEncryptionHeader(name: string): boolean {
	return name.startsWith(algorithmHeader);
}

function isCustomerKeyHeader(name: string): boolean {
	return name.startsWith(customerKeyHeader);
}

/** Whether the request names an algorithm, the store's or for a key of its own. */
export function asksForEncryption(request: S3Request): boolean {
	return (
		request.headers.has(algorithmHeader) ||
		request.headers.has(`${customerKeyHeader}algorithm`)
	);
}

function withoutCustomerKey(request: S3Request): S3Request {
	const headers = withoutHeaders(request.headers, isCustomerKeyHeader);
	return { ...request, headers };
}

function demand(request: S3Request, wanted: HeaderValues): void {
	for (const [name, value] of Object.entries(wanted)) {
		const given = request.headers.get(name);
		if (given !== undefined && saysTheSame(name, given, value)) continue;
		throw refusal(
			`the owner of this data requires ${name}: ${value}; the request ${given === undefined ? "does not have it" : `says ${given}`}.`,
		);
	}
	if ([...request.headers.keys()].some(isCustomerKeyHeader)) {
		throw refusal(
			`the owner of this data requires ${algorithmHeader}: ${wanted[algorithmHeader]}; the request brings a key of its own.`,
		);
	}
}

/** Values are compared as written; only an encryption context may be written in more than one way. */
function saysTheSame(name: string, given: string, wanted: string): boolean {
	if (name !== contextHeader) return given === wanted;
	return sortedContext(given) === sortedContext(wanted);
}

/** The pairs of an encoded context in one order, or undefined where it is none. */
function sortedContext(encoded: string): string | undefined {
	try {
		const pairs = JSON.parse(Buffer.from(encoded, "base64").toString("utf8"));
		return JSON.stringify(Object.entries(pairs).sort());
	} catch {
		return undefined;
	}
}

export function refusal(reason: string): SealgateError {
	return new SealgateError("policy-refused", `Access Denied: ${reason}`);
}

export function documentOf(request: S3Request): XmlElement | undefined {
	const content = request.body?.content;
	return content === undefined ? undefined : parseXml(content);
}

/** The one child of that name. Where there are two, nobody knows which of them a store reads: there is none. */
export function onlyChild(
	parent: XmlElement | undefined,
	name: string,
): XmlElement | undefined {
	const found = parent === undefined ? [] : children(parent, name);
	return found.length === 1 ? found[0] : undefined;
}

/** The default that a PutBucketEncryption would set: algorithm and key of its one rule. */
export function defaultEncryption(request: S3Request): {
	readonly algorithm: string | undefined;
	readonly keyId: string | undefined;
} {
	const rule = onlyChild(documentOf(request), "Rule");
	const byDefault = onlyChild(rule, "ApplyServerSideEncryptionByDefault");
	return {
		algorithm: onlyChild(byDefault, "SSEAlgorithm")?.text,
		keyId: onlyChild(byDefault, "KMSMasterKeyID")?.text,
	};
}
