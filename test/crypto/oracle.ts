/** Tink's streaming AEAD once more, by @noble alone and whole in memory: what the streaming code is compared with. */
import { gcm } from "@noble/ciphers/aes.js";
import { hkdf } from "@noble/hashes/hkdf.js";
import { sha256 } from "@noble/hashes/sha2.js";

export interface OracleStream {
	readonly dataKey: Uint8Array;
	readonly header: Uint8Array;
	readonly associatedData: Uint8Array;
	readonly segmentBytes: number;
}

function segmentNonce(header: Uint8Array, index: number, last: boolean) {
	const nonce = new Uint8Array(12);
	nonce.set(header.subarray(33));
	new DataView(nonce.buffer).setUint32(7, index);
	nonce[11] = last ? 1 : 0;
	return nonce;
}

function streamKey(stream: OracleStream): Uint8Array {
	const salt = stream.header.subarray(1, 33);
	return hkdf(sha256, stream.dataKey, salt, stream.associatedData, 32);
}

export function oracleSeal(stream: OracleStream, plain: Uint8Array): Buffer {
	const key = streamKey(stream);
	const pieces: Uint8Array[] = [stream.header];
	let from = 0;
	for (let index = 0, last = false; !last; index++) {
		const to = Math.min(plain.length, (index + 1) * stream.segmentBytes - 40);
		last = to === plain.length;
		const nonce = segmentNonce(stream.header, index, last);
		pieces.push(gcm(key, nonce).encrypt(plain.subarray(from, to)));
		from = to;
	}
	return Buffer.concat(pieces);
}

export function oracleOpen(
	stream: Omit<OracleStream, "header">,
	sealed: Uint8Array,
): Buffer {
	const header = sealed.subarray(0, 40);
	const key = streamKey({ ...stream, header });
	const size = stream.segmentBytes + 16;
	const count = Math.ceil(sealed.length / size);
	const pieces: Uint8Array[] = [];
	for (let index = 0; index < count; index++) {
		const start = index === 0 ? 40 : index * size;
		const nonce = segmentNonce(header, index, index === count - 1);
		const segment = sealed.subarray(start, (index + 1) * size);
		pieces.push(gcm(key, nonce).decrypt(segment));
	}
	return Buffer.concat(pieces);
}
