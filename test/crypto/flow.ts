/** Bodies for the tests of the stages: cut into chunks of given sizes, lent and then overwritten. */
import { createHash } from "node:crypto";
import type { Body, Receiver } from "../../src/http/body.ts";

/** The bytes of `seed`, as many as wanted: SHA-256 in counter mode. */
export function sequence(seed: string): (size: number) => Buffer {
	let counter = 0;
	return (size) => {
		const blocks: Buffer[] = [];
		for (let made = 0; made < size; made += 32) {
			const text = `${seed} ${counter++}`;
			blocks.push(createHash("sha256").update(text).digest());
		}
		return Buffer.concat(blocks).subarray(0, size);
	};
}

export function sample(size: number): Buffer {
	const bytes = Buffer.allocUnsafe(size);
	for (let index = 0; index < size; index++) {
		bytes[index] = (index * 31 + (index >> 8)) & 255;
	}
	return bytes;
}

/** A body that keeps to the contract of http/body.ts as strictly as a source may: each chunk is spoilt once it was lent. */
export function chunked(content: Buffer, sizes: readonly number[]): Body {
	return {
		length: content.length,
		start(receiver) {
			let stopped = false;
			queueMicrotask(() => {
				let offset = 0;
				for (let turn = 0; offset < content.length && !stopped; turn++) {
					const size = sizes[turn % sizes.length] ?? content.length;
					const lent = Buffer.from(content.subarray(offset, offset + size));
					offset += lent.length;
					receiver.data(lent);
					lent.fill(0xee);
				}
				if (!stopped) receiver.end();
			});
			return {
				resume: () => {},
				stop: () => {
					stopped = true;
				},
			};
		},
	};
}

export interface Outcome {
	/** What came, whether or not the body ended well. */
	readonly bytes: Buffer;
	readonly error: Error | undefined;
}

export function collect(body: Body): Promise<Outcome> {
	return new Promise((resolve) => {
		const pieces: Buffer[] = [];
		const receiver: Receiver = {
			data(piece) {
				pieces.push(piece);
				return true;
			},
			end: () => resolve({ bytes: Buffer.concat(pieces), error: undefined }),
			fail: (error) => resolve({ bytes: Buffer.concat(pieces), error }),
		};
		body.start(receiver);
	});
}
