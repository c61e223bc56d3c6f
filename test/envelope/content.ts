/** Bytes to put, and bytes that came. */

/** Bytes that repeat nowhere near. */
export function sample(size: number, seed = 0): Buffer {
	const words = Buffer.alloc(Math.ceil(size / 4) * 4);
	for (let at = 0; at < words.length; at += 4)
		words.writeUInt32LE(((at + seed) * 2_654_435_761) >>> 0, at);
	return words.subarray(0, size);
}

/** The body of an answer of the AWS SDK. */
export async function bytesOf(body: unknown): Promise<Buffer> {
	const stream = body as { transformToByteArray(): Promise<Uint8Array> };
	return Buffer.from(await stream.transformToByteArray());
}
