/** Where the parts end, found in the ciphertext alone. */
import fc from "fast-check";
import t from "tap";
import { endsByItself } from "../../src/crypto/associated-data.ts";
import { DecryptionError } from "../../src/crypto/decryption-error.ts";
import { defaultFormat, type Format } from "../../src/crypto/formats.ts";
import { terminatorPadding } from "../../src/crypto/object-arithmetic.ts";
import { recoverParts } from "../../src/crypto/part-recovery.ts";
import { dataKey, nonce, objectOf, random, small } from "./objects.ts";

function recover(format: Format, bytes: Buffer, budget: number) {
	const ciphertext = {
		size: bytes.length,
		read: async (start: number, end: number) => bytes.subarray(start, end),
	};
	return recoverParts({ dataKey, nonce, format }, ciphertext, budget);
}

async function reasonOf(refused: Promise<unknown>): Promise<string> {
	try {
		await refused;
		return "nothing was refused";
	} catch (error) {
		return error instanceof DecryptionError ? error.reason : String(error);
	}
}

t.test("parts of any length, with a terminator and without", async () => {
	await fc.assert(
		fc.asyncProperty(
			fc.array(fc.integer({ min: 1, max: 3_000 }), {
				minLength: 1,
				maxLength: 8,
			}),
			fc.boolean(),
			async (lengths, terminated) => {
				const bytes = objectOf(small, lengths, terminated);
				const found = await recover(small, bytes, 1_000);
				return (
					found.terminated === terminated &&
					JSON.stringify(found.lengths) === JSON.stringify(lengths)
				);
			},
		),
		{ seed: 20261125, numRuns: 300 },
	);
});

t.test("parts of whole segments take some tens of trials", async (t) => {
	const lengths = [5_242_880, 6_291_456, 5_242_880];
	const bytes = objectOf(defaultFormat, lengths, true);
	const found = await recover(defaultFormat, bytes, 60);
	t.strictSame(found, { lengths, terminated: true });
	const odd = [5_242_881, 5_300_000, 70];
	const others = objectOf(defaultFormat, odd, false);
	t.strictSame(await recover(defaultFormat, others, 2_000), {
		lengths: odd,
		terminated: false,
	});
	t.equal(
		await reasonOf(recover(defaultFormat, others, 10)),
		"parts-unknown",
		"the budget",
	);
});

t.test("what does not end, or is another object's, is refused", async (t) => {
	const bytes = objectOf(small, [700, 900, 800], true);
	const end = bytes.length - 56 - terminatorPadding([700, 900, 800], 200);
	const forged: [string, Buffer][] = [
		["nothing", Buffer.alloc(0)],
		["no end", bytes.subarray(0, end)],
		["cut", bytes.subarray(0, end + 55)],
		["longer", Buffer.concat([bytes, Buffer.alloc(64)])],
		["noise", random(500)],
		["another", Buffer.concat([bytes, bytes])],
	];
	for (const [name, bytes] of forged) {
		t.equal(
			await reasonOf(recover(small, bytes, 1_000)),
			"parts-unknown",
			name,
		);
	}
	const twoParts = objectOf(small, [700, 900], false);
	const swapped = Buffer.concat([
		twoParts.subarray(900),
		twoParts.subarray(0, 900),
	]);
	t.equal(
		await reasonOf(recover(small, swapped, 1_000)),
		"parts-unknown",
		"swapped",
	);
});

t.test("a part ends its object by its length or number", async (t) => {
	t.equal(endsByItself(1, 5_242_879), true);
	t.equal(endsByItself(1, 5_242_880), false);
	t.equal(endsByItself(9_999, 5_242_880), false);
	t.equal(endsByItself(10_000, 5_242_880), true);
	t.equal(endsByItself(3, 0), true);
});
