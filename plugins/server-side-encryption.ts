/** What the two policies that force server-side encryption share. */
import {
	type Effect,
	type Exchange,
	type HeaderMap,
	type Operation,
	type OperationName,
	type Policy,
	type S3Request,
	withHeaders,
	withoutHeaders,
	z,
} from "../src/index.ts";
import type { Confirmation } from "./confirm/index.ts";
import {
	algorithmHeader,
	bucketKeyHeader,
	contextHeader,
	customerAlgorithmHeader,
	keyIdHeader,
} from "./encryption-headers.ts";
import { type Judges, otherWrites, refusal } from "./judging.ts";

/** Those by which a request asks the store for encryption; whatever else is of the family brings a key of its own. */
const asking: readonly string[] = [
	algorithmHeader,
	keyIdHeader,
	contextHeader,
	bucketKeyHeader,
];

/**
 * The family, also as stores of other makers spell it (`x-goog-encryption-key`), and with the underscores that Ceph
 * reads as dashes. A copy source's key is not of it: it opens the source, and says nothing of what is written.
 */
const family = /^x[-_](?!amz[-_](meta|copy[-_]source)[-_]).*encryption/;

/** The operations that decide how a new object is encrypted. */
export const writes: readonly OperationName[] = [
	"PutObject",
	"CopyObject",
	"CreateMultipartUpload",
];

/** Those that go on naming the customer's key of an upload, which began without one. */
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
	/** What looks at settings that could become looser. */
	readonly judges: Judges;
	/** Absent where the store is believed. */
	readonly confirmation?: Confirmation | undefined;
}

/**
 * What the options leave for a policy to change. To confirm, it sends requests that no client has signed. A context in
 * other words than the policy's is rewritten too: under a client's own signature such a request is refused as it comes.
 */
export function effectsOf(options: {
	readonly mode: Encryption["mode"];
	readonly confirm?: boolean | undefined;
}): readonly Effect[] {
	const changesNothing = options.mode === "require" && !options.confirm;
	return changesNothing ? [] : ["request-headers"];
}

export function encryptionPolicy(encryption: Encryption): Policy {
	const { mode, confirmation } = encryption;
	const judges: Judges = {
		...(mode === "add" ? {} : otherWrites),
		...encryption.judges,
	};
	const judged = Object.keys(judges) as OperationName[];
	return {
		operations: [...writes, ...uploadSteps, ...judged],
		async handle(request, next, exchange) {
			const { operation } = request;
			judges[operation.name]?.(request);
			const wanted = (operation: Operation) =>
				encryption.wanted(operation, exchange);
			const send = (
				changed: S3Request,
				headers: HeaderMap,
				byPolicy: boolean,
			) =>
				confirmation?.send(changed, next, exchange, {
					headers,
					byPolicy,
					wanted,
				}) ?? next(changed);
			if (writes.includes(operation.name)) {
				const changed = applyMode(mode, request, wanted(operation));
				const byClient = mode === "add" && asksForEncryption(request);
				return send(changed, changed.headers, !byClient);
			}
			if (!uploadSteps.includes(operation.name)) return next(request);
			if (mode === "require") refuseOwnKey(request);
			// Under `add` nobody remembers what the upload began with.
			const began = mode === "add" ? {} : wanted(operation);
			return send(
				mode === "override" ? withoutEncryption(request) : request,
				new Map(Object.entries(began)),
				mode !== "add",
			);
		},
		troubles: () => confirmation?.troubles() ?? [],
	};
}

function applyMode(
	mode: Encryption["mode"],
	request: S3Request,
	wanted: HeaderValues,
): S3Request {
	if (mode === "require") {
		demand(request, wanted);
		refuseOwnKey(request);
	}
	if (mode === "add" && asksForEncryption(request)) return request;
	// Under `require` too: a context can be written in many ways, and what was judged is what must leave.
	const others = mode === "require" ? request : withoutEncryption(request);
	return { ...request, headers: withHeaders(others.headers, wanted) };
}

function isEncryptionHeader(name: string): boolean {
	return family.test(name);
}

function withoutEncryption(request: S3Request): S3Request {
	const headers = withoutHeaders(request.headers, isEncryptionHeader);
	return { ...request, headers };
}

/** Whether the request names an algorithm, the store's or for a key of its own. An empty one is none to most stores. */
export function asksForEncryption({ headers }: S3Request): boolean {
	return [
		headers.get(algorithmHeader),
		headers.get(customerAlgorithmHeader),
	].some((algorithm) => algorithm !== undefined && algorithm !== "");
}

function refuseOwnKey(request: S3Request): void {
	const own = [...request.headers.keys()].find(
		(name) => isEncryptionHeader(name) && !asking.includes(name),
	);
	if (own === undefined) return;
	throw refusal(
		`the owner of this data decides the key; the request brings a key of its own (${own}).`,
	);
}

function demand(request: S3Request, wanted: HeaderValues): void {
	for (const [name, value] of Object.entries(wanted)) {
		const given = request.headers.get(name);
		if (given !== undefined && saysTheSame(name, given, value)) continue;
		throw refusal(
			`the owner of this data requires ${name}: ${value}; the request ${given === undefined ? "does not have it" : `says ${given}`}.`,
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
