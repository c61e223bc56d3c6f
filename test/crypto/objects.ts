/** Objects of parts for the tests, sealed by the streaming code. */
import { createSecretKey } from "node:crypto";
import { partAssociatedData } from "../../src/crypto/associated-data.ts";
import type { Format } from "../../src/crypto/formats.ts";
import { terminatorPadding } from "../../src/crypto/object-arithmetic.ts";
import { newStreamHeader } from "../../src/crypto/stream-key.ts";
import { sealStream } from "../../src/crypto/stream-sealer.ts";
import { sealTerminator } from "../../src/crypto/terminator.ts";
import { sample, sequence } from "./flow.ts";

export const random = sequence("objects");
export const dataKey = createSecretKey(random(32));
export const nonce = random(16);

/** Segments so small that little objects have many. */
export const small: Format = { id: 0, segmentBytes: 200 };

/** Part n holds `sample(length)`. With a padded terminator, or with a last part that ends the object. */
export function objectOf(
	format: Format,
	lengths: readonly number[],
	terminated: boolean,
	proven = true,
): Buffer {
	const pieces: Buffer[] = [];
	const sink = {
		data: (piece: Buffer) => pieces.push(piece) > 0,
		end: () => {},
	};
	const { segmentBytes } = format;
	for (const [index, plaintext] of lengths.entries()) {
		const final = index === lengths.length - 1 && !terminated;
		const header = newStreamHeader(random);
		const associatedData = partAssociatedData(nonce, index + 1, final);
		const stream = { dataKey, header, associatedData, segmentBytes, plaintext };
		const sealing = sealStream(stream, sink);
		sealing.data(sample(plaintext));
		sealing.end();
	}
	if (terminated) {
		const table = { lengths, proven };
		pieces.push(sealTerminator({ dataKey, nonce, format }, table, random));
		pieces.push(Buffer.alloc(terminatorPadding(lengths, segmentBytes)));
	}
	return Buffer.concat(pieces);
}
