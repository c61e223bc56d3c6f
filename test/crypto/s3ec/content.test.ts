/** The content of S3 Encryption Clients' objects: key derivation, sealing, opening whole and in two passes, against @noble. */

import { gcm } from "@noble/ciphers/aes.js";
import fc from "fast-check";
import t from "tap";
import { DecryptionError } from "../../../src/crypto/decryption-error.ts";
import {
	type ContentCipher,
	newS3ecRecord,
	openS3ecRecord,
	s3ecCommitment,
} from "../../../src/crypto/s3ec/content-key.ts";
import {
	mostS3ecPlaintext,
	requireS3ecContext,
	type S3ecFormat,
	s3ecCiphertextLength,
	s3ecContext,
	s3ecPlaintextLength,
} from "../../../src/crypto/s3ec/format.ts";
import {
	openProven,
	type Proof,
	pieceBytes,
	piecesOf,
	proveWhole,
	type Stretch,
} from "../../../src/crypto/s3ec/two-passes.ts";
import { openWhole, sealWhole } from "../../../src/crypto/s3ec/whole-stream.ts";
import { through } from "../../../src/http/body.ts";
import { chunked, collect, type Outcome, sample, sequence } from "../flow.ts";

const property = { seed: 20261125, numRuns: 100 };
const few = { seed: 20261125, numRuns: 15 };
const dataKey = sequence("s3ec data key")(32);
const formats: readonly S3ecFormat[] = ["s3ec-v3", "s3ec-v2"];
const chunkSizes = fc.array(fc.integer({ min: 1, max: 700_000 }), {
	minLength: 1,
	maxLength: 4,
});

function made(format: S3ecFormat, key = dataKey) {
	const context = s3ecContext(format, {});
	const wrapped = { wrappedKey: Buffer.from("blob"), context };
	return newS3ecRecord(format, key, wrapped, sequence(`random ${format}`));
}

async function sealed(
	content: ContentCipher,
	plain: Buffer,
	sizes: readonly number[] = [70_000],
): Promise<Buffer> {
	const { bytes, error } = await collect(
		through(chunked(plain, sizes), undefined, (to) =>
			sealWhole(content, plain.length, to),
		),
	);
	if (error !== undefined) throw error;
	return bytes;
}

function oracle({ key, nonce, associatedData }: ContentCipher) {
	return gcm(key.export(), nonce, associatedData);
}

function reasonOf(work: () => unknown): string {
	try {
		work();
	} catch (error) {
		if (error instanceof DecryptionError) return error.reason;
		throw error;
	}
	return "none";
}

t.test("the answers that AWS publishes for the key derivation", async (t) => {
	// aws/aws-sdk-ruby, gems/aws-sdk-s3/spec/fixtures/encryption/kdf_kat.json
	const known = [
		[
			"80d90dc4cc7e77d8a6332efa44eba56230a7fe7b89af37d1e501ab2e07c0a163",
			"b8ea76bed24c7b85382a148cb9dcd1cfdfb765f55ded4dfa6e0c4c79",
			"6dd14f546cc006e639126e83f5d4d1b118576bb5df97f38c6fb3a1db87bbc338",
			"f89818bc0a346d3a3426b68e9509b6b2ae5fe1f904aa329fb73625db",
		],
		[
			"501afb8227d22e75e68010414b8abdaf3064c081e8e922dafef4992036394d60",
			"61a00b4981a5aacfd136c55cb726e32d2a547dc7600a7d4675c69127",
			"e14786a714748d1d2c3a4a6816dec56ddf1881bbeabb4f39420ffb9f63700b2f",
			"5c1e73e47f6fe3a70d6d094283aceaa76d2975feb829212d88f0afc1",
		],
	] as const;
	for (const fields of known) {
		const [key, messageId, derived, commitment] = fields.map((hex) =>
			Buffer.from(hex, "hex"),
		) as [Buffer, Buffer, Buffer, Buffer];
		t.strictSame(s3ecCommitment(key, messageId), commitment);
		const record = {
			format: "s3ec-v3",
			wrappedKey: Buffer.alloc(1),
			context: {},
			messageId,
			commitment,
		} as const;
		const content = openS3ecRecord(record, key);
		t.strictSame(content.key.export(), derived);
		t.equal(content.nonce.toString("hex"), "01".repeat(12));
		t.equal(content.associatedData.toString("hex"), "0073");
		const other = Buffer.from(commitment);
		other[27] = (other[27] as number) ^ 1;
		t.equal(
			reasonOf(() => openS3ecRecord({ ...record, commitment: other }, key)),
			"commitment-mismatch",
		);
		t.equal(
			reasonOf(() => openS3ecRecord(record, sequence("another")(32))),
			"commitment-mismatch",
		);
	}
});

t.test("a message id of zeroes and a key of zeroes are refused", async (t) => {
	const messageId = Buffer.alloc(28);
	const commitment = s3ecCommitment(dataKey, messageId);
	const wrapped = { wrappedKey: Buffer.alloc(1), context: {} };
	const record = { format: "s3ec-v3", ...wrapped, messageId, commitment };
	t.equal(
		reasonOf(() => openS3ecRecord(record as never, dataKey)),
		"record-malformed",
	);
	for (const format of formats) {
		t.throws(() => made(format, Buffer.alloc(32)), /all zero/);
	}
});

t.test("what is sealed is what @noble seals, and opens", async (t) => {
	for (const format of formats) {
		const { record, content } = made(format);
		await fc.assert(
			fc.asyncProperty(
				fc.integer({ min: 0, max: 5_000 }),
				fc.array(fc.integer({ min: 1, max: 900 }), { minLength: 1 }),
				async (size, sizes) => {
					const plain = sample(size);
					const bytes = await sealed(content, plain, sizes);
					if (bytes.length !== s3ecCiphertextLength(size)) return false;
					const opened = openWhole(openS3ecRecord(record, dataKey), bytes);
					return (
						bytes.equals(oracle(content).encrypt(plain)) && opened.equals(plain)
					);
				},
			),
			property,
		);
	}
	t.equal(made("s3ec-v2").content.associatedData.length, 0);
});

t.test("sealing takes exactly the announced bytes", async (t) => {
	const { content } = made("s3ec-v3");
	for (const announced of [9, 11]) {
		const { error } = await collect(
			through(chunked(sample(10), [4]), undefined, (to) =>
				sealWhole(content, announced, to),
			),
		);
		t.match(error, { code: "body-incomplete" });
	}
	t.throws(() => sealWhole(content, mostS3ecPlaintext + 1, {} as never), {
		code: "internal",
	});
});

t.test("a bit flipped anywhere opens nothing", async (t) => {
	const { content } = made("s3ec-v2");
	const good = await sealed(content, sample(200));
	for (let at = 0; at < good.length; at++) {
		const bad = Buffer.from(good);
		bad[at] = (bad[at] as number) ^ 0x80;
		t.equal(
			reasonOf(() => openWhole(content, bad)),
			"content-broken",
		);
	}
	for (let end = 0; end < good.length; end++) {
		const reason = reasonOf(() => openWhole(content, good.subarray(0, end)));
		t.equal(reason, end < 16 ? "stream-malformed" : "content-broken");
	}
});

async function firstPass(
	content: ContentCipher,
	bytes: Buffer,
	sizes: readonly number[],
	length = bytes.length,
): Promise<{ readonly proof: Proof | undefined; readonly outcome: Outcome }> {
	let proof: Proof | undefined;
	const outcome = await collect(
		through(chunked(bytes, sizes), 0, (to) =>
			proveWhole(
				content,
				length,
				(proven) => {
					proof = proven;
				},
				to,
			),
		),
	);
	return { proof, outcome };
}

function secondPass(
	content: ContentCipher,
	proof: Proof,
	wanted: Stretch,
	bytes: Buffer,
	sizes: readonly number[],
): Promise<Outcome> {
	return collect(
		through(chunked(bytes, sizes), undefined, (to) =>
			openProven(content, proof, wanted, to),
		),
	);
}

const large = 3 * pieceBytes + 12_345;

t.test("two passes put out any stretch of the plaintext", async () => {
	const { content } = made("s3ec-v3");
	const plain = sample(large);
	const bytes = await sealed(content, plain);
	const edges = [0, 1, 15, 16, pieceBytes - 1, pieceBytes, pieceBytes + 1];
	const place = fc.oneof(
		fc.constantFrom(...edges, large - 1, large),
		fc.integer({ min: 0, max: large }),
	);
	await fc.assert(
		fc.asyncProperty(place, place, chunkSizes, async (a, b, sizes) => {
			const wanted = { start: Math.min(a, b), end: Math.max(a, b) };
			const { proof, outcome } = await firstPass(content, bytes, sizes);
			if (outcome.error !== undefined || proof === undefined) return false;
			if (outcome.bytes.length > 0) return false;
			const { start, end } = piecesOf(wanted, proof);
			const part = bytes.subarray(start, end);
			const second = await secondPass(content, proof, wanted, part, sizes);
			const due = plain.subarray(wanted.start, wanted.end);
			return second.error === undefined && second.bytes.equals(due);
		}),
		few,
	);
});

t.test("exact numbers of pieces", async (t) => {
	const { content } = made("s3ec-v2");
	for (const size of [0, pieceBytes, 2 * pieceBytes]) {
		const plain = sample(size);
		const bytes = await sealed(content, plain);
		const { proof } = await firstPass(content, bytes, [99_999]);
		const wanted = { start: 0, end: size };
		const { bytes: out, error } = await secondPass(
			content,
			proof as Proof,
			wanted,
			bytes.subarray(0, size),
			[65_536],
		);
		t.equal(error, undefined);
		t.ok(out.equals(plain), `${size} bytes`);
	}
});

t.test("the first pass proves nothing of what was changed", async (t) => {
	const { content } = made("s3ec-v3");
	const good = await sealed(content, sample(large));
	const flipped = (at: number) => {
		const bad = Buffer.from(good);
		bad[at] = (bad[at] as number) ^ 1;
		return bad;
	};
	const cases: readonly [Buffer, string][] = [
		[flipped(0), "content-broken"],
		[flipped(large - 1), "content-broken"],
		[flipped(large), "content-broken"],
		[flipped(large + 15), "content-broken"],
		[good.subarray(0, -1), "stream-truncated"],
		[good.subarray(0, 5), "stream-truncated"],
		[Buffer.concat([good, Buffer.alloc(1)]), "stream-overlong"],
	];
	for (const [bytes, reason] of cases) {
		const { proof, outcome } = await firstPass(
			content,
			bytes,
			[100_000],
			good.length,
		);
		t.equal(proof, undefined);
		t.match(outcome.error, { reason });
	}
});

t.test(
	"the second pass puts out no byte that the first did not prove",
	async (t) => {
		const { content } = made("s3ec-v3");
		const plain = sample(large);
		const good = await sealed(content, plain);
		const { proof } = await firstPass(content, good, [100_000]);
		const wanted = { start: 10, end: large };
		for (const at of [0, 5, pieceBytes, 2 * pieceBytes - 1, large - 1]) {
			const bad = Buffer.from(good.subarray(0, large));
			bad[at] = (bad[at] as number) ^ 1;
			const { bytes, error } = await secondPass(
				content,
				proof as Proof,
				wanted,
				bad,
				[50_000],
			);
			t.match(error, { reason: "object-swapped" }, `byte ${at}`);
			const proven = Math.floor(at / pieceBytes) * pieceBytes;
			t.ok(bytes.equals(plain.subarray(10, Math.max(10, proven))));
		}
		for (const [bytes, reason] of [
			[good.subarray(0, large - 1), "stream-truncated"],
			[good.subarray(0, large + 1), "stream-overlong"],
		] as const) {
			const { error } = await secondPass(
				content,
				proof as Proof,
				wanted,
				bytes,
				[50_000],
			);
			t.match(error, { reason });
		}
	},
);

t.test("lengths", async (t) => {
	fc.assert(
		fc.property(
			fc.integer({ min: 0, max: mostS3ecPlaintext }),
			(size) => s3ecPlaintextLength(s3ecCiphertextLength(size)) === size,
		),
		property,
	);
	for (const size of [0, 15, mostS3ecPlaintext + 17, Number.NaN]) {
		t.equal(
			reasonOf(() => s3ecPlaintextLength(size)),
			"stream-malformed",
		);
	}
});

t.test("a context with a pair more, less or other is refused", async (t) => {
	const own = { team: "a" };
	for (const format of formats) {
		const good = s3ecContext(format, own);
		t.equal(
			reasonOf(() => requireS3ecContext(format, good, own)),
			"none",
		);
		const bad = [
			{},
			own,
			s3ecContext(format, {}),
			{ ...good, more: "x" },
			{ ...good, team: "b" },
			s3ecContext(format === "s3ec-v3" ? "s3ec-v2" : "s3ec-v3", own),
			{ "sealgate:use": "wrap", "sealgate:format": "t1" },
			{ ...good, "sealgate:use": "wrap" },
			{ kms_cmk_id: "key" },
		];
		for (const stored of bad) {
			t.equal(
				reasonOf(() => requireS3ecContext(format, stored, own)),
				"context-refused",
				JSON.stringify(stored),
			);
		}
	}
});
