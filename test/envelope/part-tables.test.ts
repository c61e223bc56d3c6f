/** Part tables of any layout: what an object proves of them, what a store's lies come to, and how many questions it takes. */
import { randomBytes } from "node:crypto";
import fc from "fast-check";
import t from "tap";
import { tableFrom } from "../../plugins/envelope/part-table.ts";
import type { FoundObject } from "../../plugins/envelope/sealing.ts";
import { DecryptionError } from "../../src/crypto/decryption-error.ts";
import { terminatorPadding } from "../../src/crypto/object-arithmetic.ts";
import { ciphertextLength } from "../../src/crypto/stream-arithmetic.ts";
import { sealTerminator } from "../../src/crypto/terminator.ts";
import { dataKey, nonce, objectOf, small } from "../crypto/objects.ts";

const seed = 20_261_125;
const found = {
	record: { nonce, format: small, single: undefined },
	dataKey,
} as unknown as FoundObject;
const each = { of: "each", maxParts: 10_000 } as const;

/** @param told sizes that the store says its parts have; undefined where it tells none */
function storedAs(
	bytes: Buffer,
	told: readonly number[] | undefined,
	parts = told?.length ?? 1,
) {
	const asked = { sizes: 0, fetches: 0 };
	return {
		asked,
		stored: {
			size: bytes.length,
			count: parts,
			async partSize(part: number) {
				asked.sizes++;
				return told?.[part - 1];
			},
			async fetch(start: number, end: number) {
				asked.fetches++;
				if (start < 0 || start >= end || end > bytes.length)
					throw new DecryptionError("answer-malformed", `${start}-${end}`);
				return bytes.subarray(start, end);
			},
		},
	};
}

function sizesOf(
	bytes: Buffer,
	lengths: readonly number[],
	terminated: boolean,
): number[] {
	const sizes = lengths.map((length) =>
		ciphertextLength(length, small.segmentBytes),
	);
	const sum = sizes.reduce((total, size) => total + size, 0);
	return terminated ? [...sizes, bytes.length - sum] : sizes;
}

const part = fc.oneof(fc.constant(960), fc.integer({ min: 1, max: 1_500 }));
const layout = fc.record({
	lengths: fc.oneof(
		fc.array(part, { minLength: 1, maxLength: 8 }),
		fc
			.tuple(part, fc.integer({ min: 1, max: 8 }), fc.nat(960))
			.map(([length, count, last]) => [
				...new Array<number>(count).fill(length),
				Math.min(length, last),
			]),
	),
	terminated: fc.boolean(),
	proven: fc.boolean(),
});

t.test("an honest store's table is told, whatever the layout", async () => {
	await fc.assert(
		fc.asyncProperty(
			layout,
			fc.constantFrom("each" as const, "whole" as const, "final" as const),
			async ({ lengths, terminated, proven }, of) => {
				const bytes = objectOf(small, lengths, terminated, proven);
				const { stored } = storedAs(bytes, sizesOf(bytes, lengths, terminated));
				const table = await tableFrom(found, stored, { of, maxParts: 100 });
				if (of === "each" && !table.proven) return false;
				return JSON.stringify(table.lengths) === JSON.stringify(lengths);
			},
		),
		{ seed, numRuns: 300 },
	);
});

t.test("a lying store's table is the true one, or refused", async () => {
	await fc.assert(
		fc.asyncProperty(
			layout,
			fc.array(fc.integer({ min: 0, max: 1_700 }), {
				minLength: 1,
				maxLength: 9,
			}),
			fc.array(fc.tuple(fc.nat(9_000), fc.nat(400)), { maxLength: 2 }),
			async ({ lengths, terminated, proven }, told, cuts) => {
				const truth = objectOf(small, lengths, terminated, proven);
				let bytes = truth;
				for (const [at, less] of cuts)
					bytes = Buffer.concat([
						bytes.subarray(0, at),
						bytes.subarray(at + less),
					]);
				const { stored } = storedAs(bytes, told);
				try {
					const table = await tableFrom(found, stored, each);
					return JSON.stringify(table.lengths) === JSON.stringify(lengths);
				} catch (error) {
					return error instanceof DecryptionError;
				}
			},
		),
		{ seed, numRuns: 300 },
	);
});

t.test("parts of one size by the store's word, one of them cut", async (t) => {
	const lengths = [960, 1_160, 960, 960, 10];
	const bytes = objectOf(small, lengths, false);
	const [a = 0, b = 0] = sizesOf(bytes, lengths, false);
	const cut = Buffer.concat([bytes.subarray(0, a + a), bytes.subarray(a + b)]);
	const told = sizesOf(bytes, [960, 960, 960, 960, 10], false);
	const { stored } = storedAs(cut, told);
	await t.rejects(tableFrom(found, stored, each), {
		code: "decryption-failed",
	});
});

t.test("a terminator that holds the store's lie of Complete", async (t) => {
	const parts = objectOf(small, [960, 1_000], true).subarray(
		0,
		-56 - terminatorPadding([960, 1_000], small.segmentBytes),
	);
	const lengths = [1_000, 960];
	const object = { dataKey, nonce, format: small };
	const table = { lengths, proven: false };
	const bytes = Buffer.concat([
		parts,
		sealTerminator(object, table, randomBytes),
	]);
	const { stored } = storedAs(bytes, sizesOf(bytes, lengths, true));
	await t.rejects(tableFrom(found, stored, each), {
		code: "decryption-failed",
	});
});

t.test(
	"a table that the store does not tell is found in the ciphertext",
	async () => {
		await fc.assert(
			fc.asyncProperty(
				layout,
				fc.nat(3),
				async ({ lengths, terminated, proven }, more) => {
					const bytes = objectOf(small, lengths, terminated, proven);
					// A count without sizes: no HEAD of a part. One part: the count is lost, too.
					const { stored } = storedAs(bytes, undefined, 1 + more);
					const table = await tableFrom(found, stored, each);
					return (
						table.proven &&
						JSON.stringify(table.lengths) === JSON.stringify(lengths)
					);
				},
			),
			{ seed, numRuns: 200 },
		);
	},
);

t.test(
	"what is no object of parts is not searched without an end",
	async (t) => {
		const bytes = objectOf(small, new Array<number>(3_000).fill(161), true);
		const noise = Buffer.concat([
			bytes.subarray(0, -200),
			Buffer.alloc(200, 40),
		]);
		const { stored, asked } = storedAs(noise, undefined);
		await t.rejects(tableFrom(found, stored, each), {
			code: "decryption-failed",
		});
		t.ok(asked.fetches < 2 * 4_096 + 100, `${asked.fetches} reads`);
	},
);

t.test(
	"parts whose last segments are of a byte leave no room for padding",
	async (t) => {
		const bytes = objectOf(small, [161, 161], true);
		t.equal(bytes.length, 2 * ciphertextLength(161, small.segmentBytes) + 56);
	},
);

for (const count of [300, 9_999, 10_000]) {
	t.test(`${count} parts`, async (t) => {
		const even = new Array<number>(count - 1).fill(400);
		const short = [...even, 20];
		const ended = objectOf(small, short, false);
		const plain = storedAs(ended, sizesOf(ended, short, false));
		const table = await tableFrom(found, plain.stored, each);
		t.strictSame(table, { lengths: short, tail: 0, proven: true });
		t.strictSame(plain.asked.sizes, 1);
		t.ok(plain.asked.fetches <= count + 2, "a read for each part");
		const sealed = objectOf(small, even, true);
		const quick = storedAs(sealed, sizesOf(sealed, even, true));
		const terminated = await tableFrom(found, quick.stored, each);
		t.strictSame(terminated.lengths, even);
		t.strictSame(quick.asked, { sizes: 1, fetches: 1 });
		const odd = even.map((length, index) => length + (index % 7));
		const uneven = objectOf(small, odd, true);
		const looked = storedAs(uneven, sizesOf(uneven, odd, true));
		t.strictSame((await tableFrom(found, looked.stored, each)).lengths, odd);
		const few = { of: "each", maxParts: 256 } as const;
		await t.rejects(tableFrom(found, looked.stored, few), {
			code: "policy-unsupported",
		});
		const whole = { of: "whole", maxParts: 256 } as const;
		t.strictSame((await tableFrom(found, looked.stored, whole)).lengths, odd);
	});
}
