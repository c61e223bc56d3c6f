/**
 * Makes a body prove what the client said of it: its length, its hash, its chunk and trailer signatures, its checksums.
 * The bytes flow on meanwhile; their end does not, until everything is proven.
 */
import { createHash, type Hash, timingSafeEqual } from "node:crypto";
import { SealgateError } from "../errors.ts";
import {
	type Body,
	bodyOf,
	type ClaimedChecksum,
	readAll,
	type Stage,
	through,
} from "../http/body.ts";
import type { HeaderMap } from "../http/headers.ts";
import type { S3Request } from "../pipeline.ts";
import {
	type Checksum,
	type ChecksumAlgorithm,
	checksumAlgorithms,
	checksumHeader,
	checksumMismatch,
	checksumOf,
	createChecksum,
	parseChecksumHeader,
} from "../s3/checksums.ts";
import { operationRow } from "../s3/operations.ts";
import type { ChunkSeed } from "../sigv4/chunk-signature.ts";
import { AwsChunkedDecoder } from "../sigv4/chunked-decoder.ts";
import { consuming } from "../spent.ts";

interface Limits {
	/** Refuses what needs MD5. */
	readonly fips?: boolean | undefined;
	readonly objectBytes: number;
	readonly documentBytes: number;
}

const streamingModes = new Set([
	"STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
	"STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER",
	"STREAMING-UNSIGNED-PAYLOAD-TRAILER",
]);

/** CompleteMultipartUpload may list 10,000 parts with their checksums. */
const completeBytes = 4 * 1024 * 1024;

/**
 * The request with a body of plain bytes of known length, and without the headers that described how it came.
 * @param seed present where chunk signatures can be checked
 */
export async function proveBody(
	request: S3Request,
	seed: ChunkSeed | undefined,
	limits: Limits,
): Promise<S3Request> {
	const { operation, headers } = request;
	const row = operationRow(operation.name);
	const mode = headers.get("x-amz-content-sha256") ?? "UNSIGNED-PAYLOAD";
	const claims = readClaims(operation.name, headers, mode);
	if (limits.fips && claims.md5 !== undefined) throw md5Refused();
	const body = decode(request, mode, seed, claims, limits);
	const plain = {
		...request,
		headers: withoutTransferHeaders(headers, claims),
	};
	if (row.request === "blob") {
		const proven = prove(body, claims);
		return { ...plain, body: body.length === 0 ? await empty(proven) : proven };
	}
	if (row.request === "none") {
		if ((body.length ?? 0) > 0) {
			throw new SealgateError(
				"body-unexpected",
				"This request does not support content",
			);
		}
		await readAll(prove(body, claims), 0, () => new Error("not empty"));
		return { ...plain, body: undefined };
	}
	const most =
		operation.name === "CompleteMultipartUpload"
			? Math.max(completeBytes, limits.documentBytes)
			: limits.documentBytes;
	const document = await readAll(prove(body, claims), most, () =>
		tooLong(operation.name, most),
	);
	return {
		...plain,
		body: document.length === 0 ? undefined : bodyOf(document),
	};
}

/** Nothing of an empty body leaves, so that no end could be held back: it is proven before anything is sent. */
async function empty(proven: Body): Promise<Body> {
	const content = await readAll(proven, 0, () => new Error("not empty"));
	const { checksum } = proven;
	return {
		...bodyOf(content),
		...(checksum === undefined ? {} : { checksum }),
	};
}

function tooLong(operation: string, most: number): SealgateError {
	return new SealgateError(
		"document-too-large",
		`Your request was too big: the document of ${operation} may have ${most} bytes.`,
		{ fields: { MaxMessageLengthBytes: String(most) } },
	);
}

function md5Refused(): SealgateError {
	return new SealgateError(
		"not-implemented",
		"A header you provided implies functionality that is not implemented: Content-MD5, since this gateway is limited to algorithms of FIPS 140. Send x-amz-checksum-sha256 or another checksum in its place.",
	);
}

interface Claims {
	readonly sha256: string | undefined;
	readonly md5: Buffer | undefined;
	/** A checksum of the body whose value came in the head. */
	readonly checksum:
		| { readonly algorithm: ChecksumAlgorithm; readonly value: Buffer }
		| undefined;
	/** The algorithm of a checksum that comes as a trailer. */
	readonly trailer: ChecksumAlgorithm | undefined;
}

/** @throws SealgateError for a claim that has no valid form */
function readClaims(
	operation: string,
	headers: HeaderMap,
	mode: string,
): Claims {
	return {
		sha256: readMode(mode),
		md5: readContentMd5(headers.get("content-md5")),
		// In CompleteMultipartUpload the header describes the object, not this document.
		checksum:
			operation === "CompleteMultipartUpload"
				? undefined
				: readChecksum(headers),
		trailer: mode.endsWith("-TRAILER")
			? readTrailer(headers.get("x-amz-trailer"))
			: undefined,
	};
}

/** The hash that the body must have, where the mode names one. */
function readMode(mode: string): string | undefined {
	if (/^[0-9a-f]{64}$/i.test(mode)) return mode.toLowerCase();
	if (mode === "UNSIGNED-PAYLOAD" || streamingModes.has(mode)) return undefined;
	throw new SealgateError(
		"argument-invalid",
		"x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER, STREAMING-AWS4-HMAC-SHA256-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER or a valid sha256 value.",
		{
			fields: { ArgumentName: "x-amz-content-sha256", ArgumentValue: mode },
		},
	);
}

function readContentMd5(value: string | undefined): Buffer | undefined {
	if (value === undefined) return undefined;
	const digest = Buffer.from(value, "base64");
	if (digest.length === 16 && digest.toString("base64") === value)
		return digest;
	throw new SealgateError(
		"digest-malformed",
		"The Content-MD5 you specified was invalid.",
		{ fields: { "Content-MD5": value } },
	);
}

/** Headers of the family that are no checksum. */
const aboutChecksums = /^x-amz-checksum-(algorithm|mode|type)$/;

function readChecksum(headers: HeaderMap): Claims["checksum"] {
	const unknown = [...headers.keys()].find(
		(name) =>
			name.startsWith("x-amz-checksum-") &&
			!aboutChecksums.test(name) &&
			checksumOf(name) === undefined,
	);
	if (unknown !== undefined) {
		throw new SealgateError(
			"not-implemented",
			`A header you provided implies functionality that is not implemented: ${unknown} cannot be verified here.`,
		);
	}
	const found = checksumAlgorithms.filter((algorithm) =>
		headers.has(checksumHeader(algorithm)),
	);
	const algorithm = found[0];
	if (algorithm === undefined) return undefined;
	if (found.length > 1) {
		throw new SealgateError(
			"request-invalid",
			"Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.",
		);
	}
	const text = headers.get(checksumHeader(algorithm)) as string;
	return { algorithm, value: parseChecksumHeader(algorithm, text) };
}

function readTrailer(
	announced: string | undefined,
): ChecksumAlgorithm | undefined {
	if (announced === undefined) return undefined;
	const name = announced.trim().toLowerCase();
	const algorithm = checksumAlgorithms.find(
		(candidate) => checksumHeader(candidate) === name,
	);
	if (algorithm !== undefined) return algorithm;
	throw new SealgateError(
		"request-invalid",
		"The value specified in the x-amz-trailer header is not supported",
	);
}

/** The body without its transfer framing, of a length known before its first byte. */
function decode(
	request: S3Request,
	mode: string,
	seed: ChunkSeed | undefined,
	claims: Claims,
	limits: Limits,
): Body & { trailer?: () => string | undefined } {
	const { headers, operation } = request;
	const streaming = streamingModes.has(mode);
	const declared = headers.get("x-amz-decoded-content-length");
	const blob = operationRow(operation.name).request === "blob";
	const length =
		declared !== undefined && (streaming || request.body?.length === undefined)
			? readLength(declared)
			: streaming
				? undefined
				: (request.body?.length ?? (blob ? contentLength(headers) : 0));
	if (length === undefined) {
		throw new SealgateError(
			"length-missing",
			"You must provide the Content-Length HTTP header.",
		);
	}
	if (blob && length > limits.objectBytes) {
		throw new SealgateError(
			"object-too-large",
			"Your proposed upload exceeds the maximum allowed size",
			{
				fields: {
					ProposedSize: String(length),
					MaxSizeAllowed: String(limits.objectBytes),
				},
			},
		);
	}
	const raw = request.body ?? bodyOf(Buffer.alloc(0));
	if (!streaming)
		return through(raw, length, (to) => new ExactLength(length, to));
	const trailerName =
		claims.trailer === undefined ? undefined : checksumHeader(claims.trailer);
	let decoder: AwsChunkedDecoder | undefined;
	const body = through(raw, length, (to) => {
		const made = new AwsChunkedDecoder({
			...(mode.includes("HMAC") && seed !== undefined ? { seed } : {}),
			signed: mode.includes("HMAC"),
			decodedLength: length,
			...(trailerName === undefined ? {} : { trailerName }),
			emit: (piece: Buffer) => to.data(piece),
		});
		decoder = made;
		return consuming({
			data: (chunk) => made.write(chunk),
			end() {
				made.end();
				to.end();
			},
		});
	});
	return { ...body, trailer: () => decoder?.trailer?.value };
}

function contentLength(headers: HeaderMap): number | undefined {
	const text = headers.get("content-length");
	return text === undefined ? undefined : readLength(text);
}

function readLength(text: string): number {
	if (/^\d{1,15}$/.test(text)) return Number(text);
	throw new SealgateError(
		"argument-invalid",
		"The value of x-amz-decoded-content-length must be a number of bytes.",
		{
			fields: {
				ArgumentName: "x-amz-decoded-content-length",
				ArgumentValue: text,
			},
		},
	);
}

/** Chunked transfer coding carries no length of its own: hold the sender to the one it declared. */
class ExactLength implements Stage {
	readonly #expected: number;
	readonly #to: Stage;
	#seen = 0;

	constructor(expected: number, to: Stage) {
		this.#expected = expected;
		this.#to = to;
	}

	data(chunk: Buffer, given?: boolean): boolean {
		this.#seen += chunk.length;
		if (this.#seen > this.#expected) throw incomplete();
		return this.#to.data(chunk, given);
	}

	end(): void {
		if (this.#seen !== this.#expected) throw incomplete();
		this.#to.end();
	}
}

function incomplete(): SealgateError {
	return new SealgateError(
		"body-incomplete",
		"You did not provide the number of bytes specified by the Content-Length HTTP header.",
	);
}

/** Lets the bytes through and holds back their end until every claim is proven. */
function prove(
	body: Body & { trailer?: () => string | undefined },
	claims: Claims,
): Body {
	const algorithm = claims.checksum?.algorithm ?? claims.trailer;
	let trailerValue: string | undefined;
	const proven = through(body, body.length, (to) => {
		const sha256: Hash | undefined =
			claims.sha256 === undefined ? undefined : createHash("sha256");
		const md5: Hash | undefined = claims.md5 && createHash("md5");
		const checksum: Checksum | undefined =
			algorithm && createChecksum(algorithm);
		return {
			data(chunk, given) {
				sha256?.update(chunk);
				md5?.update(chunk);
				checksum?.update(chunk);
				return to.data(chunk, given);
			},
			end() {
				if (sha256 && claims.sha256)
					proveSha256(claims.sha256, sha256.digest("hex"));
				if (md5 && claims.md5) proveMd5(claims.md5, md5.digest());
				if (checksum && algorithm) {
					trailerValue = body.trailer?.();
					const expected =
						claims.checksum?.value ??
						parseChecksumHeader(algorithm, trailerValue ?? "");
					if (!timingSafeEqual(expected, checksum.digest())) {
						throw checksumMismatch(algorithm);
					}
				}
				to.end();
			},
		};
	});
	if (algorithm === undefined) return proven;
	const known = claims.checksum?.value.toString("base64");
	const claimed: ClaimedChecksum = {
		header: checksumHeader(algorithm),
		inHead: known,
		value: () => known ?? (trailerValue as string),
	};
	return { ...proven, checksum: claimed };
}

function proveSha256(claimed: string, computed: string): void {
	if (timingSafeEqual(Buffer.from(claimed), Buffer.from(computed))) return;
	throw new SealgateError(
		"sha256-mismatch",
		"The provided 'x-amz-content-sha256' header does not match what was computed.",
		{
			fields: {
				ClientComputedContentSHA256: claimed,
				S3ComputedContentSHA256: computed,
			},
		},
	);
}

function proveMd5(claimed: Buffer, computed: Buffer): void {
	if (timingSafeEqual(claimed, computed)) return;
	throw new SealgateError(
		"digest-mismatch",
		"The Content-MD5 you specified did not match what we received.",
		{
			fields: {
				ExpectedDigest: claimed.toString("base64"),
				CalculatedDigest: computed.toString("base64"),
			},
		},
	);
}

/** What described the client's framing and the client's proof; new ones are made for what leaves. */
function withoutTransferHeaders(headers: HeaderMap, claims: Claims): HeaderMap {
	const kept = new Map(headers);
	for (const name of [
		"content-length",
		"content-md5",
		"x-amz-decoded-content-length",
		"x-amz-trailer",
		"x-amz-sdk-checksum-algorithm",
	]) {
		kept.delete(name);
	}
	if (claims.checksum) kept.delete(checksumHeader(claims.checksum.algorithm));
	const encodings = (kept.get("content-encoding") ?? "")
		.split(",")
		.map((token) => token.trim())
		.filter((token) => token !== "" && token.toLowerCase() !== "aws-chunked");
	if (encodings.length > 0) kept.set("content-encoding", encodings.join(","));
	else kept.delete("content-encoding");
	return kept;
}
