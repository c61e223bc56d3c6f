/** Objects of parts: where their bytes lie, what ends them, and what a client carries between its requests. */
import { createSecretKey } from "node:crypto";
import fc from "fast-check";
import t from "tap";
import { partAssociatedData } from "../../src/crypto/associated-data.ts";
import { DecryptionError } from "../../src/crypto/decryption-error.ts";
import { type Format, formats } from "../../src/crypto/formats.ts";
import {
	derivedPlaintext,
	terminatorPadding,
} from "../../src/crypto/object-arithmetic.ts";
import { partEtag, readPartEtag } from "../../src/crypto/part-etag.ts";
import { ciphertextLength } from "../../src/crypto/stream-arithmetic.ts";
import { newStreamHeader } from "../../src/crypto/stream-key.ts";
import { openStreams } from "../../src/crypto/stream-opener.ts";
import { openTerminator, sealTerminator } from "../../src/crypto/terminator.ts";
import {
	isToken,
	openToken,
	readToken,
	sealToken,
} from "../../src/crypto/upload-token.ts";
import { SealgateError } from "../../src/errors.ts";
import { through } from "../../src/http/body.ts";
import { chunked, collect, sequence } from "./flow.ts";
import { oracleSeal } from "./oracle.ts";

const property = { seed: 20261125, numRuns: 500 };
const format = formats[0] as Format;
const random = sequence("multipart");
const key = random(32);
const dataKey = createSecretKey(key);
const nonce = random(16);
const name = { bucket: "b", key: "k" };
const wrapping = { key: random(32), keyId: "alias/a", wrapped: random(101) };
const upload = { dataKey: key, nonce, uploadId: "2~store/upload+id==" };
const object = { dataKey, nonce, format };

const sum = (lengths: readonly number[]) =>
	lengths.reduce((total, length) => total + length, 0);

function code(act: () => unknown): string {
	try {
		act();
	} catch (error) {
		if (error instanceof DecryptionError) return error.reason;
		return error instanceof SealgateError ? error.code : String(error);
	}
	return "nothing was refused";
}

t.test("a listing's size is exact where parts are aligned", async () => {
	fc.assert(
		fc.property(
			fc.constantFrom(...formats),
			fc.array(fc.integer({ min: 1, max: 100_000 }), { maxLength: 20 }),
			fc.nat(2 ** 33),
			fc.boolean(),
			({ segmentBytes }, full, last, ended) => {
				const lengths = [...full.map((n) => n * segmentBytes), last];
				const parts = lengths.length + (ended ? 1 : 0);
				const sizes = lengths.map((n) => ciphertextLength(n, segmentBytes));
				const size = sum(sizes) + (ended ? 56 : 0);
				return derivedPlaintext(size, parts, segmentBytes) === sum(lengths);
			},
		),
		property,
	);
});

t.test("padding makes it exact for parts of any length", async () => {
	fc.assert(
		fc.property(
			fc.constantFrom(...formats),
			fc.array(fc.nat(2 ** 33), { minLength: 1, maxLength: 50 }),
			({ segmentBytes }, lengths) => {
				const padding = terminatorPadding(lengths, segmentBytes);
				const sizes = lengths.map((n) => ciphertextLength(n, segmentBytes));
				const size = sum(sizes) + 56 + padding;
				return (
					padding >= 0 &&
					padding <= 16 * lengths.length &&
					derivedPlaintext(size, lengths.length + 1, segmentBytes) ===
						sum(lengths)
				);
			},
		),
		property,
	);
});

t.test("without padding it is at most 16 bytes a part too low", async () => {
	fc.assert(
		fc.property(
			fc.constantFrom(...formats),
			fc.array(fc.nat(2 ** 33), { minLength: 1, maxLength: 50 }),
			({ segmentBytes }, lengths) => {
				const size = sum(lengths.map((n) => ciphertextLength(n, segmentBytes)));
				const shown = derivedPlaintext(size, lengths.length, segmentBytes);
				const less = sum(lengths) - shown;
				return less >= 0 && less <= 16 * lengths.length;
			},
		),
		property,
	);
});

t.test("a terminator ends its own table and no other", async (t) => {
	const lengths = [5_242_880, 5_242_881, 5_242_880];
	for (const proven of [true, false]) {
		const bytes = sealTerminator(object, { lengths, proven }, random);
		t.equal(bytes.length, 56);
		t.equal(openTerminator(object, lengths, bytes), proven);
		const padded = Buffer.concat([bytes, Buffer.alloc(48)]);
		t.equal(openTerminator(object, lengths, padded), proven);
		padded[103] = 1;
		const tables = [
			[5_242_881, 5_242_880, 5_242_880],
			[5_242_880, 5_242_881],
			[5_242_880, 5_242_881, 5_242_880, 0],
			[],
		];
		const acts = [
			() => openTerminator(object, lengths, padded),
			() => openTerminator(object, lengths, bytes.subarray(0, 55)),
			() => openTerminator({ ...object, nonce: random(16) }, lengths, bytes),
			...tables.map((table) => () => openTerminator(object, table, bytes)),
		];
		for (const act of acts) t.equal(code(act), "terminator-broken");
		for (let index = 0; index < bytes.length; index++) {
			const altered = Buffer.from(bytes);
			altered[index] = (altered[index] as number) ^ 1;
			const outcome = code(() => openTerminator(object, lengths, altered));
			if (outcome !== "terminator-broken") t.fail(`byte ${index}: ${outcome}`);
		}
	}
});

t.test(
	"no part passes for a terminator, and no terminator for a part",
	async (t) => {
		const of = {
			associatedData: partAssociatedData(nonce, 2, true),
			segmentBytes: format.segmentBytes,
		};
		const header = newStreamHeader(random);
		const part = oracleSeal({ ...of, dataKey: key, header }, Buffer.alloc(0));
		t.equal(
			code(() => openTerminator(object, [1], part)),
			"terminator-broken",
		);
		const end = sealTerminator(object, { lengths: [1], proven: true }, random);
		const opened = await collect(
			through(chunked(end, [56]), undefined, (to) =>
				openStreams([{ ...of, dataKey, plaintext: 0 }], to),
			),
		);
		t.match(opened.error, { reason: "segment-broken" });
	},
);

t.test("a token brings back what was sealed, and is URL-safe", async (t) => {
	fc.assert(
		fc.property(
			fc.string({ maxLength: 300 }),
			fc.constantFrom(...formats),
			fc.boolean(),
			(uploadId, format, objectScope) => {
				const facts = { format, objectScope };
				const of = { ...upload, uploadId };
				const token = sealToken(of, facts, wrapping, name, random);
				const read = readToken(token);
				const opened = openToken(read, wrapping.key, name);
				return (
					/^[\w.-]+$/.test(token) &&
					isToken(token) &&
					read.format === format &&
					read.objectScope === objectScope &&
					read.keyId === wrapping.keyId &&
					read.wrappedKey.equals(wrapping.wrapped) &&
					opened.uploadId === uploadId &&
					opened.dataKey.equals(key) &&
					opened.nonce.equals(nonce)
				);
			},
		),
		{ ...property, numRuns: 100 },
	);
	t.notOk(isToken("2~abc"));
});

t.test("a forged, altered or foreign token names no upload", async (t) => {
	const facts = { format, objectScope: false };
	const token = sealToken(upload, facts, wrapping, name, random);
	const open = (token: string, place = name, key = wrapping.key) =>
		code(() => openToken(readToken(token), key, place));
	t.equal(open(token), "nothing was refused");
	t.equal(open(token, { bucket: "b2", key: "k" }), "upload-unknown");
	t.equal(open(token, { bucket: "b", key: "k2" }), "upload-unknown");
	t.equal(open(token, { bucket: "bk", key: "" }), "upload-unknown");
	t.equal(open(token, name, random(32)), "upload-unknown");
	const bytes = Buffer.from(token.slice(4), "base64url");
	for (let index = 0; index < bytes.length; index++) {
		const altered = Buffer.from(bytes);
		altered[index] = (altered[index] as number) ^ 1;
		const outcome = open(`sg1.${altered.toString("base64url")}`);
		if (outcome !== "upload-unknown") t.fail(`byte ${index}: ${outcome}`);
	}
	for (let cut = 0; cut < bytes.length; cut++) {
		const short = bytes.subarray(0, cut).toString("base64url");
		const outcome = open(`sg1.${short}`);
		if (outcome !== "upload-unknown") t.fail(`cut at ${cut}: ${outcome}`);
	}
	for (const other of ["", "abc", "sg1.", `${token}=`, `${token} `]) {
		t.equal(open(other), "upload-unknown");
	}
});

t.test("a part's ETag proves its length, for this part alone", async (t) => {
	const token = sealToken(
		upload,
		{ format, objectScope: false },
		wrapping,
		name,
		random,
	);
	const one = openToken(readToken(token), wrapping.key, name);
	const storeEtag = "9b2cf535f27731c974343645a3985328";
	const etag = partEtag(one, { part: 3, length: 5_242_880, storeEtag });
	t.match(etag, /^9b2cf535f27731c974343645a3985328-[0-9a-f]{48}$/);
	t.strictSame(readPartEtag(one, 3, etag), { storeEtag, length: 5_242_880 });
	t.strictSame(readPartEtag(one, 3, storeEtag), {
		storeEtag,
		length: undefined,
	});
	const [first = ""] = etag;
	const other = first === "0" ? "1" : "0";
	const otherUpload = { ...one, nonce: random(16) };
	const otherToken = { ...one, attestationKey: random(32) };
	t.equal(readPartEtag(one, 4, etag), undefined, "another part");
	t.equal(readPartEtag(otherUpload, 3, etag), undefined, "another upload");
	t.equal(readPartEtag(otherToken, 3, etag), undefined, "another token");
	t.equal(readPartEtag(one, 3, other + etag.slice(1)), undefined, "store's");
	for (let index = 33; index < etag.length; index++) {
		const digit = etag[index] === "0" ? "1" : "0";
		const altered = etag.slice(0, index) + digit + etag.slice(index + 1);
		t.equal(readPartEtag(one, 3, altered), undefined, `digit ${index}`);
	}
	const huge = `${storeEtag}-${"f".repeat(48)}`;
	t.equal(readPartEtag(one, 3, huge), undefined);
});
