/**
 * The ETag that a client gets for a part: the store's, `-`, and 48 hex digits of u64be plaintext length and 16 bytes of
 * HMAC-SHA256(attestation key, nonce, u32be part, u64be length, the store's ETag). A client hands it back in its list
 * at Complete, and with it the length that Sealgate itself saw. docs/format.md, "Part ETags".
 */
import { createHmac, timingSafeEqual } from "node:crypto";

export interface PartFacts {
	/** 1 to 10,000 */
	readonly part: number;
	/** Plaintext in bytes. */
	readonly length: number;
	/** Without quotes. */
	readonly storeEtag: string;
}

/** The upload's own key and nonce: `OpenedToken` has both. */
export interface Attestor {
	readonly attestationKey: Uint8Array;
	readonly nonce: Uint8Array;
}

const macBytes = 16;

/** Without quotes. */
export function partEtag(attestor: Attestor, facts: PartFacts): string {
	const suffix = Buffer.concat([u64(facts.length), mac(attestor, facts)]);
	return `${facts.storeEtag}-${suffix.toString("hex")}`;
}

export interface ReadPartEtag {
	/** Without quotes. */
	readonly storeEtag: string;
	/** Plaintext in bytes, proven; `undefined` where the ETag has no suffix: the store's own, from ListParts. */
	readonly length: number | undefined;
}

/** @param etag without quotes. `undefined` where its suffix is forged, or of another part or upload. */
export function readPartEtag(
	attestor: Attestor,
	part: number,
	etag: string,
): ReadPartEtag | undefined {
	const match = /^(.*)-([0-9a-f]{48})$/.exec(etag);
	if (match === null) return { storeEtag: etag, length: undefined };
	const [, storeEtag = "", hex = ""] = match;
	const suffix = Buffer.from(hex, "hex");
	const claimed = suffix.readBigUInt64BE();
	if (claimed > BigInt(Number.MAX_SAFE_INTEGER)) return undefined;
	const length = Number(claimed);
	const right = mac(attestor, { part, length, storeEtag });
	if (!timingSafeEqual(suffix.subarray(8), right)) return undefined;
	return { storeEtag, length };
}

function mac(attestor: Attestor, facts: PartFacts): Buffer {
	const part = Buffer.alloc(4);
	part.writeUInt32BE(facts.part);
	return createHmac("sha256", attestor.attestationKey)
		.update(attestor.nonce)
		.update(part)
		.update(u64(facts.length))
		.update(facts.storeEtag)
		.digest()
		.subarray(0, macBytes);
}

function u64(value: number): Buffer {
	const bytes = Buffer.alloc(8);
	bytes.writeBigUInt64BE(BigInt(value));
	return bytes;
}
