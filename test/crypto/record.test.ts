/** The metadata record: its codec, its seal, and what it refuses. */
import { timingSafeEqual } from "node:crypto";
import fc from "fast-check";
import t from "tap";
import {
	metadataHash,
	requireMetadata,
} from "../../src/crypto/bound-metadata.ts";
import { commitmentOf } from "../../src/crypto/commitment.ts";
import { DecryptionError } from "../../src/crypto/decryption-error.ts";
import { DerivedKey } from "../../src/crypto/derived-key.ts";
import { type Format, formats } from "../../src/crypto/formats.ts";
import { lengthPrefixed } from "../../src/crypto/length-prefixed.ts";
import {
	decodeRecord,
	encodeHead,
	encodeRecord,
	type ObjectRecord,
} from "../../src/crypto/record.ts";
import {
	isOwnMetadata,
	readRecordHeader,
	recordHeader,
	recordHeaderValue,
} from "../../src/crypto/record-header.ts";
import {
	openRecord,
	resealRecord,
	sealRecord,
} from "../../src/crypto/record-seal.ts";
import {
	decodeSealedMetadata,
	encodeSealedMetadata,
} from "../../src/crypto/sealed-metadata.ts";
import { secretKey } from "../../src/crypto/secret-key.ts";
import { newStreamHeader } from "../../src/crypto/stream-key.ts";
import { sequence } from "./flow.ts";

const property = { seed: 20261125, numRuns: 300 };

const random = sequence("record");
const dataKey = random(32);
const nonce = random(16);
const name = { bucket: "photos-1", key: "raw/ä b.jpg" };
const wrapping = {
	key: random(32),
	keyId: "alias/photos",
	wrapped: random(101),
};
const bytes = (minLength: number, maxLength = minLength) =>
	fc.uint8Array({ minLength, maxLength }).map((array) => Buffer.from(array));

const records: fc.Arbitrary<ObjectRecord> = fc.record(
	{
		format: fc.constantFrom(...formats),
		keyId: fc.string({ unit: "grapheme", minLength: 1, maxLength: 40 }),
		objectScope: fc.boolean(),
		nonce: bytes(16),
		commitment: bytes(28),
		single: fc.record({ plaintext: fc.maxSafeNat(), header: bytes(40) }),
		metadataHash: bytes(32),
		sealedKey: bytes(80, 200),
		wrappedKey: bytes(1, 300),
	},
	{
		requiredKeys: [
			"format",
			"keyId",
			"objectScope",
			"nonce",
			"commitment",
			"sealedKey",
			"wrappedKey",
		],
	},
) as fc.Arbitrary<ObjectRecord>;

function reason(act: () => unknown): string {
	try {
		act();
	} catch (error) {
		return error instanceof DecryptionError ? error.reason : String(error);
	}
	return "nothing was refused";
}

function sealed(metadata = new Map<string, string>()): ObjectRecord {
	const facts = {
		format: formats[0] as Format,
		objectScope: false,
		nonce,
		single: { plaintext: 12, header: newStreamHeader(sequence("header")) },
	};
	return sealRecord(facts, dataKey, metadata, wrapping, name, random);
}

t.test("a record is read as it was written, over its header", async () => {
	fc.assert(
		fc.property(records, (record) => {
			const read = readRecordHeader(recordHeaderValue(record));
			return (
				encodeRecord(read).equals(encodeRecord(record)) &&
				read.keyId === record.keyId &&
				read.objectScope === record.objectScope &&
				read.format === record.format &&
				read.single?.plaintext === record.single?.plaintext &&
				read.wrappedKey.equals(record.wrappedKey)
			);
		}),
		property,
	);
});

t.test("an altered record is refused or has other bytes to prove", async () => {
	fc.assert(
		fc.property(
			records,
			fc.nat(),
			fc.integer({ min: 1, max: 255 }),
			(record, at, flip) => {
				const altered = encodeRecord(record);
				const index = at % altered.length;
				altered[index] = (altered[index] as number) ^ flip;
				try {
					const read = decodeRecord(altered);
					return encodeRecord(read).equals(altered);
				} catch (error) {
					return error instanceof DecryptionError;
				}
			},
		),
		{ ...property, numRuns: 3_000 },
	);
});

t.test("arbitrary and cut bytes are refused without a surprise", async () => {
	fc.assert(
		fc.property(bytes(0, 200), (noise) => {
			const known = Buffer.concat([Buffer.of(1, 1, 1, 1, 0), noise]);
			for (const bytes of [noise, known]) {
				try {
					decodeRecord(bytes);
				} catch (error) {
					if (!(error instanceof DecryptionError)) throw error;
				}
			}
		}),
		{ ...property, numRuns: 1_000 },
	);
	fc.assert(
		fc.property(records, fc.nat(), (record, at) => {
			const whole = encodeRecord(record);
			const cut = whole.subarray(0, at % whole.length);
			return reason(() => decodeRecord(cut)) === "record-malformed";
		}),
		property,
	);
});

t.test("what a later release may write is refused as unknown", async (t) => {
	const record = encodeRecord(sealed());
	const changed = (index: number, value: number) => {
		const bytes = Buffer.from(record);
		bytes[index] = value;
		return reason(() => decodeRecord(bytes));
	};
	t.equal(changed(0, 2), "record-unknown", "version");
	t.equal(changed(1, 2), "record-unknown", "algorithm");
	t.equal(changed(2, 4), "record-unknown", "format");
	t.equal(changed(3, 3), "record-unknown", "layout");
	t.equal(changed(4, 2), "record-unknown", "flags");
	const later = Buffer.concat([record, Buffer.of(0xf2, 0, 0)]);
	t.equal(
		reason(() => decodeRecord(later)),
		"record-unknown",
		"field",
	);
});

t.test("fields twice, out of order or of the other layout", async (t) => {
	const record = sealed();
	const head = encodeHead(record);
	const tail = encodeRecord(record).subarray(head.length);
	const hash = Buffer.concat([Buffer.of(4, 0, 32), Buffer.alloc(32)]);
	const keyId = Buffer.from("\x01\x00\x01a", "latin1");
	const spellings: [string, Buffer[]][] = [
		["twice", [head, hash, hash, tail]],
		["out of order", [head, keyId, tail]],
		["missing sealed key", [head]],
		["a wrong length", [head, Buffer.of(4, 0, 1, 0), tail]],
	];
	for (const [name, pieces] of spellings) {
		const bytes = Buffer.concat(pieces);
		t.equal(
			reason(() => decodeRecord(bytes)),
			"record-malformed",
			name,
		);
	}
	const huge = Buffer.from(encodeRecord(record));
	huge.fill(0xff, head.length - 51, head.length - 43);
	t.equal(
		reason(() => decodeRecord(huge)),
		"record-malformed",
	);
	const multipart = Buffer.from(encodeRecord(record));
	multipart[3] = 2;
	t.equal(
		reason(() => decodeRecord(multipart)),
		"record-malformed",
	);
});

t.test("a header value has one spelling", async (t) => {
	const value = recordHeaderValue(sealed());
	t.ok(readRecordHeader(value));
	for (const other of [`${value}=`, ` ${value}`, `${value}!`, "", "-"]) {
		t.equal(
			reason(() => readRecordHeader(other)),
			"record-malformed",
		);
	}
});

t.test("a record with a blob of AWS KMS stays under 700 bytes", async (t) => {
	const keyId =
		"arn:aws:kms:ap-southeast-1:123456789012:key/12345678-1234-1234-1234-123456789012";
	const aws = { key: random(32), keyId, wrapped: random(204) };
	const facts = {
		format: formats[0] as Format,
		objectScope: true,
		nonce,
		single: { plaintext: 5, header: newStreamHeader(random) },
	};
	const record = sealRecord(facts, dataKey, new Map(), aws, name, random);
	const size = recordHeader.length + recordHeaderValue(record).length;
	t.ok(size < 700, `${size} bytes, name included`);
});

t.test(
	"the seal yields the data key, and only for its bucket and key",
	async (t) => {
		const metadata = new Map([
			["x-amz-meta-md5chksum", "1B2M2Y8AsgTpgAmY7PhCfg=="],
			["x-amz-meta-name", "\xc3\xa4 latin1"],
		]);
		const record = readRecordHeader(recordHeaderValue(sealed(metadata)));
		const opened = openRecord(record, wrapping.key, name);
		t.ok(timingSafeEqual(opened.dataKey.export(), dataKey));
		t.strictSame([...opened.metadata], [...metadata]);
		const places = [
			{ bucket: "photos-2", key: name.key },
			{ bucket: name.bucket, key: "raw/ä b.jpg2" },
			{ bucket: "photos-1raw", key: "/ä b.jpg" },
		];
		for (const place of places) {
			t.equal(
				reason(() => openRecord(record, wrapping.key, place)),
				"seal-broken",
				`${place.bucket} ${place.key}`,
			);
		}
		t.equal(
			reason(() => openRecord(record, random(32), name)),
			"seal-broken",
		);
	},
);

t.test("no byte of a record but the wrapped key can be altered", async (t) => {
	const record = encodeRecord(sealed());
	const blob = record.length - wrapping.wrapped.length;
	for (let index = 0; index < record.length; index++) {
		const altered = Buffer.from(record);
		altered[index] = (altered[index] as number) ^ 1;
		const act = () => openRecord(decodeRecord(altered), wrapping.key, name);
		const outcome = reason(act);
		const expected = index >= blob ? ["nothing was refused"] : refusals;
		if (!expected.includes(outcome)) t.fail(`byte ${index}: ${outcome}`);
	}
});
const refusals = ["seal-broken", "record-malformed", "record-unknown"];

t.test("a sealed key that is not the committed one is refused", async (t) => {
	// What only the owner of a wrapping key can forge: all of it authentic, but for the commitment.
	const head = { ...sealed(), commitment: commitmentOf(random(32), nonce) };
	const salt = random(32);
	const derived = new DerivedKey(wrapping.key, salt, "sealgate/t1 seal/1");
	const associatedData = Buffer.concat([
		Buffer.from("sealgate/t1 seal\0"),
		lengthPrefixed(Buffer.from(name.bucket), Buffer.from(name.key)),
		encodeHead(head),
	]);
	const sealedKey = Buffer.concat([
		salt,
		derived.seal(dataKey, associatedData),
	]);
	t.equal(
		reason(() => openRecord({ ...head, sealedKey }, wrapping.key, name)),
		"commitment-mismatch",
	);
});

t.test(
	"a record is sealed anew for another name and wrapping key",
	async (t) => {
		const metadata = new Map([["x-amz-meta-a", "1"]]);
		const before = sealed(metadata);
		const other = { key: random(32), keyId: "alias/b", wrapped: random(50) };
		const place = { bucket: "copies", key: "b.jpg" };
		const opened = openRecord(before, wrapping.key, name);
		const after = resealRecord(before, opened, other, place, random);
		const again = openRecord(after, other.key, place);
		t.ok(timingSafeEqual(again.dataKey.export(), dataKey));
		t.strictSame([...again.metadata], [...metadata]);
		t.equal(after.keyId, "alias/b");
		t.ok(after.wrappedKey.equals(other.wrapped));
		t.ok(after.nonce.equals(before.nonce));
		t.ok(after.commitment.equals(before.commitment));
		t.strictSame(after.single, before.single);
		for (const [record, key, at] of [
			[after, other.key, name],
			[after, wrapping.key, place],
			[before, wrapping.key, place],
		] as const) {
			t.equal(
				reason(() => openRecord(record, key, at)),
				"seal-broken",
			);
		}
	},
);

t.test("keys that were erased are refused", async (t) => {
	const zero = Buffer.alloc(32);
	const record = sealed();
	const facts = { format: record.format, objectScope: false, nonce };
	const acts = [
		() => sealRecord(facts, zero, new Map(), wrapping, name, random),
		() =>
			sealRecord(
				facts,
				dataKey,
				new Map(),
				{ ...wrapping, key: zero },
				name,
				random,
			),
		() => openRecord(record, zero, name),
	];
	for (const act of acts) t.throws(act, { code: "internal" });
	for (const size of [0, 31, 33]) {
		t.throws(() => secretKey(Buffer.alloc(size, 1)), { code: "internal" });
	}
});

t.test("sealing leaves the caller's keys alone", async (t) => {
	const before = Buffer.concat([dataKey, wrapping.key]);
	openRecord(sealed(), wrapping.key, name);
	t.ok(before.equals(Buffer.concat([dataKey, wrapping.key])));
});

t.test("sealed metadata: any latin1 pairs, nothing beyond", async (t) => {
	const latin1 = fc
		.uint8Array({ maxLength: 30 })
		.map((array) => Buffer.from(array).toString("latin1"));
	fc.assert(
		fc.property(fc.dictionary(latin1, latin1), (pairs) => {
			const metadata = new Map(Object.entries(pairs));
			const read = decodeSealedMetadata(encodeSealedMetadata(metadata));
			return (
				read.size === metadata.size &&
				[...metadata].every(([name, value]) => read.get(name) === value)
			);
		}),
		property,
	);
	for (const value of ["\u20ac", "a".repeat(65_536)]) {
		t.throws(() => encodeSealedMetadata(new Map([["a", value]])), {
			code: "argument-invalid",
		});
	}
	for (const bad of ["\0", "\0\x01a", "\0\x01a\0\x01", "\0\0\0\0\0\0\0\0"]) {
		t.equal(
			reason(() => decodeSealedMetadata(Buffer.from(bad, "latin1"))),
			"record-malformed",
		);
	}
});

t.test("bound metadata: what a store may not change unseen", async (t) => {
	const written = new Map([
		["content-type", "image/jpeg"],
		["x-amz-meta-a", "1"],
		["x-amz-meta-b", "2"],
	]);
	const hash = metadataHash(written);
	const seen = new Map([
		...[...written].reverse(),
		["etag", '"x"'],
		["content-length", "5"],
		[recordHeader, "AQ"],
	]);
	t.doesNotThrow(() => requireMetadata(seen, hash), "order and others");
	const changes: [string, string | undefined][] = [
		["content-type", "text/html"],
		["content-type", undefined],
		["x-amz-meta-a", "2"],
		["x-amz-meta-c", ""],
		["cache-control", "no-store"],
		["content-encoding", "gzip"],
		["content-disposition", "inline"],
		["content-language", "de"],
		["expires", "0"],
		["x-amz-website-redirect-location", "/"],
	];
	for (const [name, value] of changes) {
		const headers = new Map(written);
		if (value === undefined) headers.delete(name);
		else headers.set(name, value);
		t.equal(
			reason(() => requireMetadata(headers, hash)),
			"metadata-altered",
			`${name}: ${value}`,
		);
	}
	const shifted = new Map([["x-amz-meta-a", "1x-amz-meta-b2"]]);
	t.notOk(metadataHash(shifted).equals(hash));
});

t.test("our own namespace ends where a client's begins", async (t) => {
	t.ok(isOwnMetadata("x-amz-meta-sealgate"));
	t.ok(isOwnMetadata("x-amz-meta-sealgate-later"));
	t.notOk(isOwnMetadata("x-amz-meta-sealgates"));
	t.notOk(isOwnMetadata("x-amz-meta-seal"));
});
