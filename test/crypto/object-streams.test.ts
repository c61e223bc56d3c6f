/** Objects of parts, opened whole and by range, as a store's answer flows. */
import fc from "fast-check";
import t from "tap";
import { DecryptionError } from "../../src/crypto/decryption-error.ts";
import { objectSpan } from "../../src/crypto/object-arithmetic.ts";
import {
	type ObjectParts,
	openWholeObject,
	spanStreams,
} from "../../src/crypto/object-streams.ts";
import { ciphertextLength } from "../../src/crypto/stream-arithmetic.ts";
import { openStreams } from "../../src/crypto/stream-opener.ts";
import { through } from "../../src/http/body.ts";
import { chunked, collect, sample } from "./flow.ts";
import { dataKey, nonce, objectOf, random, small } from "./objects.ts";

const property = { seed: 20261125, numRuns: 200 };
const object = { dataKey, nonce, format: small };
const partLengths = fc.array(fc.integer({ min: 1, max: 1_500 }), {
	minLength: 1,
	maxLength: 6,
});
const chunkSizes = fc.array(fc.integer({ min: 1, max: 700 }), {
	minLength: 1,
	maxLength: 4,
});

function openWhole(
	parts: ObjectParts,
	ciphertext: Buffer,
	sizes: readonly number[] = [97],
) {
	return collect(
		through(chunked(ciphertext, sizes), undefined, (to) =>
			openWholeObject(object, parts, to),
		),
	);
}

const reasonOf = (error: unknown): string =>
	error instanceof DecryptionError ? error.reason : String(error);

t.test("a whole object opens, and its end is proven", async () => {
	await fc.assert(
		fc.asyncProperty(
			partLengths,
			fc.boolean(),
			fc.boolean(),
			chunkSizes,
			async (lengths, terminated, proven, sizes) => {
				const sealed = objectOf(small, lengths, terminated, proven);
				const parts = { lengths, terminated };
				const { bytes, error } = await openWhole(parts, sealed, sizes);
				return (
					error === undefined &&
					bytes.equals(Buffer.concat(lengths.map(sample)))
				);
			},
		),
		property,
	);
});

t.test("a range opens from its span of segments", async () => {
	await fc.assert(
		fc.asyncProperty(
			partLengths,
			fc.boolean(),
			fc.nat(),
			fc.nat(),
			chunkSizes,
			async (lengths, terminated, a, b, sizes) => {
				const sealed = objectOf(small, lengths, terminated);
				const plain = Buffer.concat(lengths.map(sample));
				const start = a % plain.length;
				const end = start + 1 + (b % (plain.length - start));
				const span = objectSpan(lengths, start, end, small.segmentBytes);
				const headerAt = span.parts[0]?.headerAt ?? 0;
				const header = sealed.subarray(headerAt, headerAt + 40);
				const streams = spanStreams(
					object,
					{ lengths, terminated },
					span,
					header,
				);
				const fetched = sealed.subarray(span.start, span.end);
				const { bytes, error } = await collect(
					through(chunked(fetched, sizes), undefined, (to) =>
						openStreams(streams, to),
					),
				);
				const spare = fetched.length - bytes.length;
				const headers = 40 * span.parts.length;
				const tags = 16 * (Math.ceil(bytes.length / 200) + 2 * lengths.length);
				return (
					error === undefined &&
					bytes.equals(plain.subarray(start, end)) &&
					spare <= 2 * 200 + headers + tags
				);
			},
		),
		property,
	);
});

t.test("an object cut anywhere never ends well", async (t) => {
	for (const terminated of [true, false]) {
		const parts = { lengths: [300, 500], terminated };
		const sealed = objectOf(small, parts.lengths, terminated);
		const data = parts.lengths.map((length) =>
			ciphertextLength(length, small.segmentBytes),
		);
		const padding = data.reduce((sum, length) => sum + length, 56);
		for (let cut = 0; cut < sealed.length; cut++) {
			const { error } = await openWhole(parts, sealed.subarray(0, cut));
			// Padding is no part of the object: without it only listings are off.
			if (error === undefined && !(terminated && cut >= padding)) {
				t.fail(`cut at ${cut}`);
			}
		}
	}
});

t.test("dropped, swapped, repeated and foreign parts fail", async (t) => {
	const lengths = [300, 300, 300];
	const size = ciphertextLength(300, small.segmentBytes);
	const sealed = objectOf(small, lengths, true);
	const part = (index: number) =>
		sealed.subarray(index * size, (index + 1) * size);
	const end = sealed.subarray(3 * size);
	const other = objectOf(small, lengths, true);
	const forged: [string, number[], Buffer[]][] = [
		["the last part", [300, 300], [part(0), part(1), end]],
		["a middle part", [300, 300], [part(0), part(2), end]],
		["two swapped", lengths, [part(1), part(0), part(2), end]],
		["one twice", lengths, [part(0), part(0), part(2), end]],
		["one more", [...lengths, 300], [part(0), part(1), part(2), part(2), end]],
		["no end", lengths, [part(0), part(1), part(2)]],
		["bytes behind", lengths, [sealed, Buffer.alloc(100)]],
		["noise behind", lengths, [sealed.subarray(0, -1), random(1)]],
	];
	for (const [name, lengths, pieces] of forged) {
		const parts = { lengths, terminated: true };
		const { error } = await openWhole(parts, Buffer.concat(pieces));
		t.ok(error instanceof DecryptionError, `${name}: ${reasonOf(error)}`);
	}
	// Two bodies that a client completed for one part of one upload are both authentic: docs/format.md says so.
	const mixed = [part(0), other.subarray(size, 2 * size), part(2), end];
	const { error } = await openWhole(
		{ lengths, terminated: true },
		Buffer.concat(mixed),
	);
	t.equal(error, undefined);
});

t.test("an object said to end by itself, and one that does", async (t) => {
	const lengths = [300, 300];
	for (const terminated of [true, false]) {
		const sealed = objectOf(small, lengths, terminated);
		const { error } = await openWhole(
			{ lengths, terminated: !terminated },
			sealed,
		);
		t.equal(reasonOf(error), "segment-broken");
	}
});
