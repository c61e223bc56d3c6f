/**
 * How a body leaves for the store. A body that is cut short must look cut to the store, because some stores publish
 * what they have: so it leaves with a trailer or with chunk signatures, and its end is sent only when it is proven.
 */
import { createHash } from "node:crypto";
import { createChecksum } from "../s3/checksums.ts";
import type { ChunkSeed } from "../sigv4/chunk-signature.ts";
import { AwsChunkedEncoder, encodedLength } from "../sigv4/chunked-encoder.ts";
import { own } from "../spent.ts";
import { type Body, type ClaimedChecksum, through } from "./body.ts";
import type { HeaderMap } from "./headers.ts";

/**
 * `trailer`: aws-chunked with a checksum behind the body. `signed-chunks`: each chunk signed, for stores that know no
 * trailers. `unsigned`: plain bytes, for stores that know neither; only the length shows a cut.
 */
export type Integrity = "trailer" | "signed-chunks" | "unsigned";

export interface FramedBody {
	/** What goes into `x-amz-content-sha256`. */
	readonly payloadHash: string;
	readonly headers: HeaderMap;
	/** The bytes that leave; chunk signatures continue the chain that the seed begins. */
	body(seed: ChunkSeed | undefined): Body | undefined;
}

const emptyHash = createHash("sha256").digest("hex");
const none: HeaderMap = new Map();

/** @throws RangeError where a streamed body has no length: S3 wants it before the first byte */
export function frameBody(
	body: Body | undefined,
	integrity: Integrity,
): FramedBody {
	if (body === undefined || body.length === 0) {
		return framed(emptyHash, claimedHeaders(body), () => undefined);
	}
	if (body.content !== undefined) {
		const hash = createHash("sha256").update(body.content).digest("hex");
		return framed(hash, none, () => body);
	}
	const { length } = body;
	if (length === undefined) throw new RangeError("a body needs a length");
	if (integrity === "unsigned") {
		return framed(
			"UNSIGNED-PAYLOAD",
			new Map([["content-length", String(length)]]),
			() => holdBackEnd(body),
		);
	}
	if (integrity === "signed-chunks") {
		return framed(
			"STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
			chunkedHeaders(length, encodedLength("signed-chunks", length)),
			(seed) => signChunks(body, length, seed),
		);
	}
	return withTrailer(body, length);
}

function framed(
	payloadHash: string,
	headers: HeaderMap,
	body: FramedBody["body"],
): FramedBody {
	return { payloadHash, headers, body };
}

/** An empty body ends before it begins: its checksum goes into the head. */
function claimedHeaders(body: Body | undefined): HeaderMap {
	if (body?.checksum === undefined) return none;
	return new Map([
		[body.checksum.header, createChecksumOfNothing(body.checksum)],
	]);
}

function createChecksumOfNothing(claimed: ClaimedChecksum): string {
	const algorithm = claimed.header.slice("x-amz-checksum-".length);
	return createChecksum(algorithm as Parameters<typeof createChecksum>[0])
		.digest()
		.toString("base64");
}

function chunkedHeaders(length: number, encoded: number): Map<string, string> {
	return new Map([
		["content-length", String(encoded)],
		["x-amz-decoded-content-length", String(length)],
	]);
}

/** The client's own checksum travels on where it claimed one; else a CRC32 of what leaves. */
function withTrailer(body: Body, length: number): FramedBody {
	const claimed = body.checksum;
	const name = claimed?.header ?? "x-amz-checksum-crc32";
	const algorithm = name.slice("x-amz-checksum-".length) as Parameters<
		typeof createChecksum
	>[0];
	const valueLength =
		Math.ceil(createChecksum(algorithm).digest().length / 3) * 4;
	const encoded = encodedLength("trailer", length, name, valueLength);
	const headers = chunkedHeaders(length, encoded).set("x-amz-trailer", name);
	return framed("STREAMING-UNSIGNED-PAYLOAD-TRAILER", headers, () =>
		through(body, encoded, (to) => {
			const checksum = createChecksum(algorithm);
			const encoder = new AwsChunkedEncoder({
				mode: "trailer",
				decodedLength: length,
				trailerName: name,
				emit: (piece, given) => to.data(piece, given),
			});
			return {
				data(chunk, given) {
					if (claimed === undefined) checksum.update(chunk);
					return encoder.write(chunk, given);
				},
				end() {
					encoder.end(
						claimed === undefined
							? checksum.digest().toString("base64")
							: claimed.value(),
					);
					to.end();
				},
			};
		}),
	);
}

function signChunks(
	body: Body,
	length: number,
	seed: ChunkSeed | undefined,
): Body {
	if (seed === undefined) return holdBackEnd(body);
	return through(body, encodedLength("signed-chunks", length), (to) => {
		const encoder = new AwsChunkedEncoder({
			mode: "signed-chunks",
			decodedLength: length,
			seed,
			emit: (piece, given) => to.data(piece, given),
		});
		return {
			data: (chunk, given) => encoder.write(chunk, given),
			end() {
				encoder.end();
				to.end();
			},
		};
	});
}

/** Keeps the newest chunk until the next one or the proven end comes, so that a refused body stays short. */
function holdBackEnd(body: Body): Body {
	return through(body, body.length, (to) => {
		let held: Buffer | undefined;
		return {
			data(chunk, given) {
				const ready = held === undefined ? true : to.data(held, true);
				held = own(chunk, given);
				return ready;
			},
			end() {
				if (held !== undefined) to.data(held, true);
				to.end();
			},
		};
	});
}
