/** The records of S3 Encryption Clients as user metadata: both spellings, and everything that is neither. */
import fc from "fast-check";
import t from "tap";
import { DecryptionError } from "../../../src/crypto/decryption-error.ts";
import {
	isS3ecMetadata,
	joinInstruction,
	s3ecMarks,
} from "../../../src/crypto/s3ec/marks.ts";
import {
	readS3ecFields,
	type S3ecFields,
	type S3ecRecord,
	writeS3ecFields,
} from "../../../src/crypto/s3ec/metadata.ts";

const property = { seed: 20261125, numRuns: 200 };
const bytes = (min: number, max = min) =>
	fc
		.uint8Array({ minLength: min, maxLength: max })
		.map((made) => Buffer.from(made));
const ascii = fc.string({ unit: "grapheme-ascii", maxLength: 30 });
const wrapped = {
	wrappedKey: bytes(1, 300),
	context: fc.dictionary(ascii, ascii, { maxKeys: 4, noNullPrototype: true }),
};
const plain = { noNullPrototype: true };
const records: fc.Arbitrary<S3ecRecord> = fc.oneof(
	fc.record(
		{
			format: fc.constant("s3ec-v3" as const),
			...wrapped,
			messageId: bytes(28),
			commitment: bytes(28),
		},
		plain,
	),
	fc.record(
		{ format: fc.constant("s3ec-v2" as const), ...wrapped, nonce: bytes(12) },
		plain,
	),
);

function headersOf(fields: Iterable<readonly [string, string]>) {
	return new Map(
		[...fields].map(([name, value]) => [`x-amz-meta-${name}`, value]),
	);
}

function read(fields: Iterable<readonly [string, string]>): S3ecRecord {
	const marks = s3ecMarks(headersOf(fields));
	if (marks === undefined) throw new Error("no marks");
	return readS3ecFields(marks.format, marks.fields);
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

const b64 = (size: number) => Buffer.alloc(size, 7).toString("base64");
const v3: S3ecFields = new Map([
	["x-amz-c", "115"],
	["x-amz-3", b64(100)],
	["x-amz-w", "12"],
	["x-amz-d", b64(28)],
	["x-amz-i", b64(28)],
	["x-amz-t", '{"team": "a", "aws:x-amz-cek-alg": "115"}'],
]);
const v2: S3ecFields = new Map([
	["x-amz-key-v2", b64(100)],
	["x-amz-iv", b64(12)],
	["x-amz-cek-alg", "AES/GCM/NoPadding"],
	["x-amz-wrap-alg", "kms+context"],
	["x-amz-tag-len", "128"],
	["x-amz-matdesc", '{"aws:x-amz-cek-alg":"AES/GCM/NoPadding"}'],
]);

t.test("what is written is read, and is all ours to hide", async (t) => {
	fc.assert(
		fc.property(records, (record) => {
			const fields = writeS3ecFields(record);
			t.strictSame(read(fields), record);
			return [...headersOf(fields).keys()].every(isS3ecMetadata);
		}),
		property,
	);
	t.notOk(isS3ecMetadata("x-amz-meta-colour"));
	t.notOk(isS3ecMetadata("x-amz-key-v2"));
});

t.test("spaces in the context are the Python client's", async (t) => {
	t.strictSame(read(v3).context, { team: "a", "aws:x-amz-cek-alg": "115" });
});

t.test("an empty value counts as absent", async (t) => {
	t.equal(
		read([...v3, ["x-amz-m", ""], ["x-amz-key-v2", ""]]).format,
		"s3ec-v3",
	);
	t.equal(read([...v3, ["x-amz-m", "{}"]]).format, "s3ec-v3");
	const empty = [...v3.keys(), ...v2.keys(), "x-amz-key"];
	t.equal(s3ecMarks(headersOf(empty.map((name) => [name, ""]))), undefined);
	for (const [fields, names] of [
		[v3, ["x-amz-c", "x-amz-w", "x-amz-d", "x-amz-i", "x-amz-t"]],
		[v2, [...v2.keys()]],
	] as const) {
		for (const name of names) {
			for (const value of [undefined, ""]) {
				const some = new Map(fields);
				if (value === undefined) some.delete(name);
				else some.set(name, value);
				t.equal(
					reasonOf(() => read(some)),
					"record-malformed",
					`${name} ${value}`,
				);
			}
		}
	}
});

t.test("no mark at all is no record", async (t) => {
	t.equal(s3ecMarks(new Map()), undefined);
	t.equal(s3ecMarks(headersOf([["colour", "blue"]])), undefined);
	t.equal(
		s3ecMarks(headersOf([["x-amz-unencrypted-content-length", "5"]])),
		undefined,
	);
});

t.test(
	"marks of two versions at once are refused, whichever they are",
	async (t) => {
		for (const [name, value] of v2) {
			t.equal(
				reasonOf(() => read([...v3, [name, value]])),
				"format-refused",
				`V3 and ${name}`,
			);
		}
		for (const [name, value] of v3) {
			t.equal(
				reasonOf(() => read([...v2, [name, value]])),
				"format-refused",
				`V2 and ${name}`,
			);
		}
		for (const fields of [v3, v2, new Map()]) {
			t.equal(
				reasonOf(() =>
					s3ecMarks(headersOf([...fields, ["x-amz-key", "AA=="]])),
				),
				"format-refused",
				"V1",
			);
		}
		t.equal(
			reasonOf(() => read([...v3, ["x-amz-unencrypted-content-length", "5"]])),
			"format-refused",
		);
	},
);

t.test(
	"algorithms that authenticate nothing, and keys of no key service",
	async (t) => {
		const unknown: readonly [S3ecFields, string, string][] = [
			[v2, "x-amz-cek-alg", "AES/CBC/PKCS5Padding"],
			[v2, "x-amz-wrap-alg", "kms"],
			[v2, "x-amz-wrap-alg", "AESWrap"],
			[v2, "x-amz-wrap-alg", "AES/GCM"],
			[v2, "x-amz-tag-len", "96"],
			[v3, "x-amz-c", "114"],
			[v3, "x-amz-c", "116"],
			[v3, "x-amz-w", "02"],
			[v3, "x-amz-w", "22"],
			[v3, "x-amz-m", '{"a":"b"}'],
		];
		for (const [fields, name, value] of unknown) {
			t.equal(
				reasonOf(() => read(new Map(fields).set(name, value))),
				"record-unknown",
				`${name} ${value}`,
			);
		}
	},
);

t.test("values that are not what they have to be", async (t) => {
	const malformed: readonly [S3ecFields, string, string][] = [
		[v3, "x-amz-d", b64(27)],
		[v3, "x-amz-i", b64(29)],
		[v3, "x-amz-i", b64(28).replace(/=+$/, "")],
		[v3, "x-amz-3", "not base64!"],
		[v3, "x-amz-3", `${b64(100)} `],
		[v2, "x-amz-iv", b64(16)],
		[v2, "x-amz-unencrypted-content-length", "-1"],
		[v3, "x-amz-t", "[]"],
		[v3, "x-amz-t", "null"],
		[v3, "x-amz-t", "{"],
		[v3, "x-amz-t", '{"a":1}'],
		[v3, "x-amz-t", '{"a":"\u00e9"}'],
	];
	for (const [fields, name, value] of malformed) {
		t.equal(
			reasonOf(() => read(new Map(fields).set(name, value))),
			"record-malformed",
			`${name} ${value}`,
		);
	}
	fc.assert(
		fc.property(
			fc.constantFrom(v3, v2),
			fc.string({ unit: "binary", maxLength: 60 }),
			fc.nat(),
			(fields, value, at) => {
				const name = [...fields.keys()][at % fields.size] as string;
				const changed = new Map(fields).set(name, value);
				const reason = reasonOf(() => read(changed));
				return ["none", "record-malformed", "record-unknown"].includes(reason);
			},
		),
		property,
	);
});

t.test(
	"an instruction file says what the object does not, and no more",
	async (t) => {
		const pinned = ["x-amz-c", "x-amz-d", "x-amz-i"];
		const object = [...v3].filter(([name]) => pinned.includes(name));
		const file = Object.fromEntries(
			[...v3].filter(([name]) => !pinned.includes(name)),
		);
		const found = s3ecMarks(headersOf(object));
		t.match(found, { format: "s3ec-v3", instruction: true });
		t.equal(
			reasonOf(() => read(object)),
			"record-malformed",
			"by itself the object opens nothing",
		);
		const joined = joinInstruction(found, file);
		t.strictSame(readS3ecFields(joined.format, joined.fields), read(v3));
		for (const name of [...pinned, ...v2.keys(), "x-amz-key", "colour"]) {
			t.equal(
				reasonOf(() => joinInstruction(found, { ...file, [name]: "x" })),
				"format-refused",
				name,
			);
		}
		const both = s3ecMarks(headersOf([...object, ["x-amz-w", "12"]]));
		t.equal(
			reasonOf(() => joinInstruction(both, file)),
			"format-refused",
			"said twice",
		);
		const alone = joinInstruction(undefined, Object.fromEntries(v2));
		t.strictSame(readS3ecFields(alone.format, alone.fields), read(v2));
		t.equal(
			reasonOf(() => joinInstruction(undefined, Object.fromEntries(v3))),
			"format-refused",
		);
	},
);
