/** The streams that Tink's libraries and Sealgate show each other: fresh ones around every boundary, and the golden objects. */
import { readFileSync } from "node:fs";
import { partAssociatedData } from "../../src/crypto/associated-data.ts";
import { formatById, formats } from "../../src/crypto/formats.ts";
import { readRecordHeader } from "../../src/crypto/record-header.ts";
import { sequence } from "../crypto/flow.ts";

export const dataKey = sequence("tink data key")(32);
const nonce = sequence("tink nonce")(16);

/** Tink takes any segment size; small ones put many boundaries into small vectors. */
const smallSegment = 64;
const sizes = formats.map(({ segmentBytes }) => segmentBytes);

export interface Case {
	readonly name: string;
	readonly dataKey: Buffer;
	readonly segmentBytes: number;
	readonly length: number;
	readonly associatedData: Buffer;
	/** What an earlier Sealgate sealed; where absent it is sealed now. */
	readonly body?: Buffer;
}

export const fresh: readonly Case[] = [smallSegment, ...sizes].flatMap(
	(segmentBytes) => {
		const first = segmentBytes - 40;
		const lengths = [
			0,
			1,
			first - 1,
			first,
			first + 1,
			first + segmentBytes,
			3 * segmentBytes,
		];
		return lengths.map(
			(length, index): Case => ({
				name: `${segmentBytes}-${length}`,
				dataKey,
				segmentBytes,
				length,
				// A single PUT, a part, a final part.
				associatedData: [
					partAssociatedData(nonce, 0, true),
					partAssociatedData(nonce, 1, false),
					partAssociatedData(nonce, 10_000, true),
				][index % 3] as Buffer,
			}),
		);
	},
);

export const golden = JSON.parse(
	readFileSync(new URL("../vectors/t1.json", import.meta.url), "utf8"),
);

interface GoldenObject {
	readonly format: number;
	readonly dataKey: string;
	readonly record: string;
}

interface GoldenStream {
	readonly plaintext: number;
	readonly body: string;
}

function goldenCase(
	name: string,
	object: GoldenObject,
	stream: GoldenStream,
	part: number,
	final: boolean,
): Case {
	const { nonce } = readRecordHeader(object.record);
	return {
		name,
		dataKey: Buffer.from(object.dataKey, "hex"),
		segmentBytes: formatById(object.format)?.segmentBytes ?? 0,
		length: stream.plaintext,
		associatedData: partAssociatedData(nonce, part, final),
		body: Buffer.from(stream.body, "base64"),
	};
}

/** Whole objects, and the parts of one, each opened alone. */
export const old: readonly Case[] = [
	...golden.single.map((object: GoldenObject & GoldenStream) =>
		goldenCase(`golden-${object.format}`, object, object, 0, true),
	),
	...golden.multipart.parts.map((part: GoldenStream, index: number) =>
		goldenCase(
			`golden-part-${index + 1}`,
			golden.multipart,
			part,
			index + 1,
			false,
		),
	),
];
