/** `sealgate/reader`: opens what the gateway seals, without node:crypto, and refuses what is not. */
import { createSecretKey, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import fc from "fast-check";
import t from "tap";
import { partAssociatedData } from "../../src/crypto/associated-data.ts";
import { defaultFormat } from "../../src/crypto/formats.ts";
import { recordHeaderValue } from "../../src/crypto/record-header.ts";
import { sealRecord } from "../../src/crypto/record-seal.ts";
import { newStreamHeader } from "../../src/crypto/stream-key.ts";
import { sealTerminator } from "../../src/crypto/terminator.ts";
import { type ObjectReader, openObject } from "../../src/reader/index.ts";
import { sample } from "../crypto/flow.ts";
import type { makeGolden } from "../crypto/golden.ts";
import { oracleSeal } from "../crypto/oracle.ts";

const property = { seed: 20261125, numRuns: 25 };
const golden = JSON.parse(
	readFileSync(new URL("../vectors/t1.json", import.meta.url), "utf8"),
) as ReturnType<typeof makeGolden>;
const { bucket, key } = golden;
const wrappingKey = Buffer.from(golden.wrappingKey, "hex");
const unwrap = async () => wrappingKey;
const bytes = (text: string) => Buffer.from(text, "base64");
const open = (record: string) => openObject(record, bucket, key, unwrap);

async function* chunked(content: Uint8Array, size: number) {
	for (let at = 0; at < content.length; at += size) {
		yield content.subarray(at, at + size);
	}
}

async function whole(
	object: ObjectReader,
	ciphertext: Uint8Array,
	lengths?: readonly number[],
	size = 10_000,
): Promise<Buffer> {
	const pieces: Uint8Array[] = [];
	for await (const piece of object.decrypt(
		chunked(ciphertext, size),
		lengths,
	)) {
		pieces.push(piece);
	}
	return Buffer.concat(pieces);
}

function range(
	object: ObjectReader,
	start: number,
	end: number,
	ciphertext: Uint8Array,
	lengths?: readonly number[],
): Promise<Uint8Array> {
	const fetched = object
		.rangesFor(start, end, lengths)
		.map((range) => ciphertext.subarray(range.start, range.end));
	return object.decryptRange(start, end, fetched, lengths);
}

/** An object of parts with and without a terminator, by the gateway's own code. */
function multipart(lengths: readonly number[], terminated: boolean) {
	const dataKey = randomBytes(32);
	const nonce = randomBytes(16);
	const facts = { format: defaultFormat, objectScope: false, nonce };
	const wrapping = { key: wrappingKey, keyId: "k", wrapped: Buffer.from("w") };
	const record = sealRecord(
		facts,
		dataKey,
		new Map(),
		wrapping,
		{ bucket, key },
		randomBytes,
	);
	const parts = lengths.map((length, index) => {
		const last = index === lengths.length - 1 && !terminated;
		const stream = {
			dataKey,
			header: newStreamHeader(randomBytes),
			associatedData: partAssociatedData(nonce, index + 1, last),
			segmentBytes: defaultFormat.segmentBytes,
		};
		return oracleSeal(stream, sample(length));
	});
	const end = sealTerminator(
		{ dataKey: createSecretKey(dataKey), nonce, format: defaultFormat },
		{ lengths, proven: true },
		randomBytes,
	);
	return {
		record: recordHeaderValue(record),
		body: Buffer.concat(terminated ? [...parts, end] : parts),
		plain: Buffer.concat(lengths.map(sample)),
	};
}

t.test("the golden objects, whole and every kind of range", async (t) => {
	for (const one of golden.single) {
		const object = await open(one.record);
		const plain = sample(one.plaintext);
		const body = bytes(one.body);
		t.equal(object.plaintext, one.plaintext);
		t.ok((await whole(object, body)).equals(plain));
		const size = one.plaintext;
		for (const [start, end] of [
			[0, 1],
			[size - 1, size],
			[0, size],
			[Math.floor(size / 2), size],
		] as const) {
			const got = await range(object, start, end, body);
			t.ok(plain.subarray(start, end).equals(got), `${start} to ${end}`);
		}
		if (one.format === 2) {
			t.strictSame(
				[...object.headers],
				[["x-amz-meta-md5chksum", "1B2M2Y8AsgTpgAmY7PhCfg=="]],
			);
		}
	}
	const { record, parts, provenEnd, statedEnd } = golden.multipart;
	const lengths = parts.map((part) => part.plaintext);
	const plain = Buffer.concat(lengths.map(sample));
	for (const end of [provenEnd, statedEnd]) {
		const body = Buffer.concat([
			...parts.map((part) => bytes(part.body)),
			bytes(end),
			Buffer.alloc(5),
		]);
		const got = await whole(await open(record), body, lengths);
		t.ok(got.equals(plain));
	}
});

/** An object of one PUT, by the gateway's own code. */
function single(length: number) {
	const dataKey = randomBytes(32);
	const nonce = randomBytes(16);
	const header = newStreamHeader(randomBytes);
	const record = sealRecord(
		{
			format: defaultFormat,
			objectScope: false,
			nonce,
			single: { plaintext: length, header },
		},
		dataKey,
		new Map(),
		{ key: wrappingKey, keyId: "k", wrapped: Buffer.from("w") },
		{ bucket, key },
		randomBytes,
	);
	const stream = {
		dataKey,
		header,
		associatedData: partAssociatedData(nonce, 0, true),
		segmentBytes: defaultFormat.segmentBytes,
	};
	const body = oracleSeal(stream, sample(length));
	return { record: recordHeaderValue(record), body };
}

t.test(
	"an object without plaintext opens with and without its stream, any other does not",
	async (t) => {
		const empty = single(0);
		const object = await open(empty.record);
		t.equal((await whole(object, empty.body)).length, 0);
		t.equal((await whole(object, new Uint8Array())).length, 0);
		await t.rejects(whole(object, empty.body.subarray(0, 55)));
		const other = await open(single(1).record);
		await t.rejects(whole(other, new Uint8Array()));
	},
);

t.test("objects of parts, and ranges over them", async () => {
	await fc.assert(
		fc.asyncProperty(
			fc.array(fc.integer({ min: 1, max: 140_000 }), {
				minLength: 1,
				maxLength: 3,
			}),
			fc.boolean(),
			fc.nat(),
			fc.nat(),
			fc.integer({ min: 1_000, max: 200_000 }),
			async (lengths, terminated, a, b, size) => {
				const { record, body, plain } = multipart(lengths, terminated);
				const object = await open(record);
				const start = a % plain.length;
				const end = start + 1 + (b % Math.min(9_000, plain.length - start));
				const part = await range(object, start, end, body, lengths);
				const all = await whole(object, body, lengths, size);
				return all.equals(plain) && plain.subarray(start, end).equals(part);
			},
		),
		property,
	);
});

t.test("what is not the object is refused", async (t) => {
	const [one] = golden.single;
	if (one === undefined) throw new Error("no golden object");
	const object = await open(one.record);
	const body = bytes(one.body);
	for (const index of [0, 5, 35, 100, 65_560, body.length - 1]) {
		const altered = Buffer.from(body);
		altered[index] = (altered[index] as number) ^ 1;
		await t.rejects(whole(object, altered), `byte ${index}`);
	}
	for (const cut of [0, 39, 40, 65_552, body.length - 1]) {
		await t.rejects(whole(object, body.subarray(0, cut)), `cut at ${cut}`);
	}
	await t.rejects(whole(object, Buffer.concat([body, Buffer.of(0)])));
	await t.rejects(openObject(one.record, bucket, "other", unwrap));
	await t.rejects(openObject(one.record, "other", key, unwrap));
	const wrong = async () => randomBytes(32);
	await t.rejects(openObject(one.record, bucket, key, wrong));
	for (const bad of ["", "AQ", `${one.record}A`, `${one.record}=`]) {
		await t.rejects(open(bad), `record ${bad.length}`);
	}
	t.throws(() => object.rangesFor(0, one.plaintext + 1));
	t.throws(() => object.rangesFor(5, 5));
});

t.test("an object of parts is refused without its end", async (t) => {
	const lengths = [70_000, 70_000, 70_000];
	const { record, body } = multipart(lengths, true);
	const object = await open(record);
	await t.rejects(whole(object, body.subarray(0, -56), lengths));
	await t.rejects(whole(object, body, [70_000, 70_000]));
	await t.rejects(whole(object, body, [140_000, 70_000]));
	await t.rejects(whole(object, body));
	const padded = Buffer.concat([body, Buffer.of(0, 1)]);
	await t.rejects(whole(object, padded, lengths));
	const unended = multipart(lengths, false);
	const other = await open(unended.record);
	const two = unended.body.subarray(0, 2 * (40 + 70_000 + 32));
	await t.rejects(whole(other, two, [70_000, 70_000]));
});
