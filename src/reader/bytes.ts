/** What node:crypto and Buffer do elsewhere, by the Web's own means. */

export function utf8(text: string): Uint8Array {
	return new TextEncoder().encode(text);
}

export function concat(...pieces: readonly Uint8Array[]): Uint8Array {
	const whole = new Uint8Array(
		pieces.reduce((length, piece) => length + piece.length, 0),
	);
	let at = 0;
	for (const piece of pieces) {
		whole.set(piece, at);
		at += piece.length;
	}
	return whole;
}

/** u16be length, then the bytes, for each. */
export function prefixed(...items: readonly Uint8Array[]): Uint8Array {
	return concat(
		...items.flatMap((item) => [
			Uint8Array.of(item.length >> 8, item.length & 0xff),
			item,
		]),
	);
}

/** In time that does not depend on the bytes. */
export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
	if (a.length !== b.length) return false;
	let difference = 0;
	for (const [index, byte] of a.entries()) {
		difference |= byte ^ (b[index] as number);
	}
	return difference === 0;
}

/** RFC 5869, by Web Cryptography. @param length in bytes */
export async function hkdf(
	hash: "SHA-256" | "SHA-512",
	key: Uint8Array,
	salt: Uint8Array,
	info: Uint8Array,
	length: number,
): Promise<Uint8Array> {
	const { subtle } = globalThis.crypto;
	// Copies: Web Cryptography takes no views of shared memory, and the types say so.
	const material = await subtle.importKey(
		"raw",
		new Uint8Array(key),
		"HKDF",
		false,
		["deriveBits"],
	);
	const algorithm = {
		name: "HKDF",
		hash,
		salt: new Uint8Array(salt),
		info: new Uint8Array(info),
	};
	return new Uint8Array(
		await subtle.deriveBits(algorithm, material, length * 8),
	);
}

export async function sha256(bytes: Uint8Array): Promise<Uint8Array> {
	const { subtle } = globalThis.crypto;
	return new Uint8Array(await subtle.digest("SHA-256", new Uint8Array(bytes)));
}
