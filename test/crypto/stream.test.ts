/** One stream of `t1`: its arithmetic, sealing and opening, against @noble as the oracle. */
import { createSecretKey, type KeyObject } from "node:crypto";
import fc from "fast-check";
import t from "tap";
import { DecryptionError } from "../../src/crypto/decryption-error.ts";
import { formats } from "../../src/crypto/formats.ts";
import {
	ciphertextLength,
	plaintextLength,
	segmentAt,
	segmentCount,
	spanOf,
} from "../../src/crypto/stream-arithmetic.ts";
import { newStreamHeader } from "../../src/crypto/stream-key.ts";
import {
	type OpenOptions,
	openStreams,
} from "../../src/crypto/stream-opener.ts";
import { sealStream } from "../../src/crypto/stream-sealer.ts";
import { through } from "../../src/http/body.ts";
import { chunked, collect, sample, sequence } from "./flow.ts";
import { oracleOpen, oracleSeal } from "./oracle.ts";

const property = { seed: 20261125, numRuns: 300 };
const few = { seed: 20261125, numRuns: 60 };

const key = sequence("data key")(32);
const dataKey = createSecretKey(key);
const associatedData = Buffer.from("what the stream is bound to");

/** Segments small enough that properties meet many of them; every size is a legal one for Tink. */
const segmentSizes = fc.constantFrom(64, 100, 1_000, 65_536);
const chunkSizes = fc.array(fc.integer({ min: 1, max: 5_000 }), {
	minLength: 1,
	maxLength: 5,
});

interface Stream {
	readonly dataKey: KeyObject;
	readonly associatedData: Buffer;
	readonly segmentBytes: number;
}

const stream = (segmentBytes: number): Stream => ({
	dataKey,
	associatedData,
	segmentBytes,
});

async function seal(
	of: Stream,
	plain: Buffer,
	sizes: readonly number[] = [7_777],
	header = newStreamHeader(sequence("header")),
): Promise<Buffer> {
	const options = { ...of, header, plaintext: plain.length };
	const body = through(chunked(plain, sizes), undefined, (to) =>
		sealStream(options, to),
	);
	const { bytes, error } = await collect(body);
	if (error !== undefined) throw error;
	return bytes;
}

function open(
	streams: Iterable<OpenOptions>,
	sealed: Buffer,
	sizes: readonly number[] = [7_777],
) {
	return collect(
		through(chunked(sealed, sizes), undefined, (to) =>
			openStreams(streams, to),
		),
	);
}

function reason(error: unknown): string {
	return error instanceof DecryptionError ? error.reason : String(error);
}

t.test("lengths of plaintext and ciphertext are inverses", async () => {
	fc.assert(
		fc.property(
			fc.maxSafeNat().map((n) => n % 2 ** 43),
			fc.constantFrom(...formats.map((format) => format.segmentBytes), 64),
			(plain, segmentBytes) => {
				const sealed = ciphertextLength(plain, segmentBytes);
				return plaintextLength(sealed, segmentBytes) === plain;
			},
		),
		property,
	);
});

t.test("a length that no stream has has no plaintext length", async (t) => {
	for (const segmentBytes of [64, 100]) {
		const possible = new Set<number>();
		for (let plain = 0; plain < 1_000; plain++) {
			possible.add(ciphertextLength(plain, segmentBytes));
		}
		for (let sealed = 0; sealed < 1_000; sealed++) {
			const plain = plaintextLength(sealed, segmentBytes);
			t.equal(plain !== undefined, possible.has(sealed), `${sealed} bytes`);
		}
	}
	for (const none of [-1, 55, 56.5, Number.NaN, Infinity]) {
		t.equal(plaintextLength(none, 65_536), undefined);
	}
});

t.test("the figures of the format's document", async (t) => {
	t.equal(ciphertextLength(0, 65_536), 56);
	t.equal(ciphertextLength(65_496, 65_536), 65_552);
	t.equal(ciphertextLength(65_497, 65_536), 65_569);
	t.equal(segmentCount(0, 65_536), 1);
	t.equal(segmentCount(65_496, 65_536), 1);
	t.equal(segmentCount(65_497, 65_536), 2);
	t.equal(segmentAt(65_495, 65_536), 0);
	t.equal(segmentAt(65_496, 65_536), 1);
});

t.test("a span is the fewest segments that hold the range", async () => {
	fc.assert(
		fc.property(
			segmentSizes,
			fc.nat(300_000),
			fc.nat(),
			fc.nat(),
			(segmentBytes, plain, a, b) => {
				const [start, end] = [a % (plain + 1), b % (plain + 1)].sort(
					(x, y) => x - y,
				) as [number, number];
				const span = spanOf(start, end, plain, segmentBytes);
				const sealed = ciphertextLength(plain, segmentBytes);
				const before = Math.max(0, span.first * segmentBytes - 40);
				const behind = (span.last + 1) * segmentBytes - 40;
				return (
					span.take === end - start &&
					before + span.skip === start &&
					end <= behind &&
					span.start >= 40 &&
					span.end <= sealed &&
					(end === start || segmentAt(end - 1, segmentBytes) === span.last) &&
					(start === plain || segmentAt(start, segmentBytes) === span.first)
				);
			},
		),
		{ ...property, numRuns: 2_000 },
	);
});

t.test(
	"what is sealed in any chunks is what @noble seals at once",
	async () => {
		await fc.assert(
			fc.asyncProperty(
				segmentSizes,
				fc.nat(20_000),
				chunkSizes,
				async (segmentBytes, size, sizes) => {
					const plain = sample(size);
					const header = newStreamHeader(sequence(`${size}`));
					const oracle = { dataKey: key, header, associatedData, segmentBytes };
					const sealed = await seal(stream(segmentBytes), plain, sizes, header);
					return (
						sealed.equals(oracleSeal(oracle, plain)) &&
						sealed.length === ciphertextLength(size, segmentBytes)
					);
				},
			),
			few,
		);
	},
);

t.test("sizes around every boundary, in each format", async (t) => {
	for (const { segmentBytes } of formats) {
		for (const edge of [0, segmentBytes - 40, 2 * segmentBytes - 40]) {
			for (const size of [edge - 1, edge, edge + 1]) {
				if (size < 0) continue;
				const plain = sample(size);
				const sealed = await seal(stream(segmentBytes), plain);
				const expected = oracleOpen(
					{ dataKey: key, associatedData, segmentBytes },
					sealed,
				);
				t.ok(expected.equals(plain), `${size} bytes, @noble`);
				const opened = await open(
					[{ ...stream(segmentBytes), plaintext: size }],
					sealed,
				);
				t.equal(opened.error, undefined);
				t.ok(opened.bytes.equals(plain), `${size} bytes`);
			}
		}
	}
});

t.test("several streams, one behind the other, in any chunks", async () => {
	await fc.assert(
		fc.asyncProperty(
			segmentSizes,
			fc.array(fc.nat(4_000), { minLength: 1, maxLength: 5 }),
			chunkSizes,
			async (segmentBytes, lengths, sizes) => {
				const parts = lengths.map((length, index) => ({
					...stream(segmentBytes),
					associatedData: Buffer.of(index),
					plaintext: length,
				}));
				const sealed: Buffer[] = [];
				for (const part of parts) {
					sealed.push(await seal(part, sample(part.plaintext)));
				}
				const opened = await open(parts, Buffer.concat(sealed), sizes);
				const expected = Buffer.concat(lengths.map(sample));
				return opened.error === undefined && opened.bytes.equals(expected);
			},
		),
		few,
	);
});

t.test("a range needs its span of segments and the header", async () => {
	await fc.assert(
		fc.asyncProperty(
			segmentSizes,
			fc.nat(20_000),
			fc.nat(),
			fc.nat(),
			chunkSizes,
			async (segmentBytes, size, a, b, sizes) => {
				const [start, end] = [a % (size + 1), b % (size + 1)].sort(
					(x, y) => x - y,
				) as [number, number];
				const plain = sample(size);
				const sealed = await seal(stream(segmentBytes), plain);
				const span = spanOf(start, end, size, segmentBytes);
				const header = sealed.subarray(0, 40);
				const opened = await open(
					[{ ...stream(segmentBytes), plaintext: size, span, header }],
					sealed.subarray(span.start, span.end),
					sizes,
				);
				return (
					opened.error === undefined &&
					opened.bytes.equals(plain.subarray(start, end))
				);
			},
		),
		few,
	);
});

t.test(
	"a flipped bit anywhere fails the body, and nothing false was put out",
	async (t) => {
		const plain = sample(500);
		const sealed = await seal(stream(100), plain);
		for (let index = 0; index < sealed.length; index++) {
			const altered = Buffer.from(sealed);
			altered[index] = (altered[index] as number) ^ (1 << (index % 8));
			const { bytes, error } = await open(
				[{ ...stream(100), plaintext: 500 }],
				altered,
			);
			const expected = index === 0 ? "stream-malformed" : "segment-broken";
			if (
				reason(error) !== expected ||
				!plain.subarray(0, bytes.length).equals(bytes) ||
				bytes.length > Math.max(0, index - 40)
			) {
				t.fail(`byte ${index}: ${reason(error)}, ${bytes.length} bytes out`);
			}
		}
	},
);

t.test("a stream cut anywhere fails, whatever length is claimed", async (t) => {
	const plain = sample(500);
	const sealed = await seal(stream(100), plain);
	for (let cut = 0; cut < sealed.length; cut++) {
		const short = sealed.subarray(0, cut);
		const claimed = plaintextLength(cut, 100);
		for (const plaintext of [500, claimed]) {
			if (plaintext === undefined) continue;
			const { error } = await open([{ ...stream(100), plaintext }], short);
			if (!["stream-truncated", "segment-broken"].includes(reason(error))) {
				t.fail(`cut at ${cut}, claimed ${plaintext}: ${reason(error)}`);
			}
		}
	}
});

t.test(
	"bytes behind the end, swapped, dropped and repeated segments fail",
	async (t) => {
		const sealed = await seal(stream(100), sample(500));
		const segment = (index: number) =>
			sealed.subarray(index === 0 ? 40 : index * 116, (index + 1) * 116);
		const header = sealed.subarray(0, 40);
		const count = segmentCount(500, 100);
		const of = (...order: number[]) =>
			Buffer.concat([header, ...order.map(segment)]);
		const all = Array.from({ length: count }, (_, index) => index);
		const forged: [string, Buffer, string][] = [
			["longer", Buffer.concat([sealed, Buffer.of(0)]), "stream-overlong"],
			["swapped", of(0, 2, 1, 3, 4, 5), "segment-broken"],
			["dropped", of(0, 2, 3, 4, 5), "segment-broken"],
			["repeated", of(0, 1, 1, 2, 3, 4, 5), "segment-broken"],
		];
		t.equal(count, 6);
		t.ok(of(...all).equals(sealed));
		for (const [name, bytes, expected] of forged) {
			const { error } = await open([{ ...stream(100), plaintext: 500 }], bytes);
			t.equal(reason(error), expected, name);
		}
	},
);

t.test("another key and other associated data open nothing", async (t) => {
	const sealed = await seal(stream(100), sample(500));
	const others: Partial<Stream>[] = [
		{ dataKey: createSecretKey(sequence("another")(32)) },
		{ associatedData: Buffer.from("something else") },
		{ segmentBytes: 116 },
	];
	for (const other of others) {
		const { bytes, error } = await open(
			[{ ...stream(100), ...other, plaintext: 500 }],
			sealed,
		);
		t.equal(reason(error), "segment-broken");
		t.equal(bytes.length, 0);
	}
});

t.test(
	"a body longer or shorter than announced is refused when sealed",
	async (t) => {
		for (const plaintext of [499, 501]) {
			const options = {
				...stream(100),
				header: newStreamHeader(sequence("header")),
				plaintext,
			};
			const { error } = await collect(
				through(chunked(sample(500), [64]), undefined, (to) =>
					sealStream(options, to),
				),
			);
			t.equal((error as { code?: string }).code, "body-incomplete");
		}
	},
);

t.test("the receiver's wish to pause reaches the source", async (t) => {
	const options = {
		...stream(100),
		header: newStreamHeader(sequence("header")),
		plaintext: 250,
	};
	const sink = { data: () => false, end: () => {} };
	t.equal(sealStream(options, sink).data(sample(100)), false);
	const sealed = await seal(stream(100), sample(250));
	const opening = () => openStreams([{ ...stream(100), plaintext: 250 }], sink);
	t.equal(opening().data(sealed), false);
	t.equal(opening().data(sealed.subarray(0, 180)), false, "and half a segment");
	t.equal(opening().data(sealed.subarray(0, 100)), true, "nothing put out");
	const both = [1, 2].map(() => ({ ...stream(100), plaintext: 250 }));
	const next = Buffer.concat([sealed, sealed.subarray(0, 40)]);
	t.equal(openStreams(both, sink).data(next), false, "and another header");
});

t.test("a header that is none fails the body, not its start", async (t) => {
	const header = Buffer.alloc(40);
	const opened = await open(
		[{ ...stream(100), plaintext: 5, header }],
		Buffer.alloc(21),
	);
	t.equal(reason(opened.error), "stream-malformed");
});
