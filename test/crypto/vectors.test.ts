/** What earlier releases, and Tink, wrote: read by this one. */
import { createSecretKey } from "node:crypto";
import { readFileSync } from "node:fs";
import t from "tap";
import { partAssociatedData } from "../../src/crypto/associated-data.ts";
import { requireMetadata } from "../../src/crypto/bound-metadata.ts";
import { type Format, formatById, formats } from "../../src/crypto/formats.ts";
import { readPartEtag } from "../../src/crypto/part-etag.ts";
import { readRecordHeader } from "../../src/crypto/record-header.ts";
import { openRecord } from "../../src/crypto/record-seal.ts";
import { plaintextLength } from "../../src/crypto/stream-arithmetic.ts";
import {
	type OpenOptions,
	openStreams,
} from "../../src/crypto/stream-opener.ts";
import { openTerminator } from "../../src/crypto/terminator.ts";
import { openToken, readToken } from "../../src/crypto/upload-token.ts";
import { sample } from "./flow.ts";
import {
	boundHeaders,
	makeGolden,
	sealedMetadata,
	storeEtag,
} from "./golden.ts";
import { oracleOpen } from "./oracle.ts";

const read = (name: string) =>
	JSON.parse(
		readFileSync(new URL(`../vectors/${name}`, import.meta.url), "utf8"),
	);
const golden = read("t1.json") as ReturnType<typeof makeGolden>;
const wrappingKey = Buffer.from(golden.wrappingKey, "hex");

function open(options: OpenOptions, sealed: Buffer): Buffer {
	const pieces: Buffer[] = [];
	const sink = {
		data: (piece: Buffer) => pieces.push(piece) > 0,
		end: () => {},
	};
	const opening = openStreams([options], sink);
	opening.data(sealed);
	opening.end();
	return Buffer.concat(pieces);
}

t.test("streams that Tink made", async (t) => {
	const { dataKey, vectors } = read("tink.json");
	const key = Buffer.from(dataKey, "hex");
	t.equal(vectors.length, 13);
	for (const vector of vectors) {
		const { segmentBytes, plaintext } = vector;
		const associatedData = Buffer.from(vector.associatedData, "hex");
		const sealed = Buffer.from(vector.sealed, "base64");
		const stream = { associatedData, segmentBytes };
		const name = `${plaintext} bytes in segments of ${segmentBytes}`;
		const expected = sample(plaintext);
		const options = { ...stream, dataKey: createSecretKey(key), plaintext };
		t.ok(open(options, sealed).equals(expected), name);
		t.ok(oracleOpen({ ...stream, dataKey: key }, sealed).equals(expected));
	}
});

t.test("single objects of every format", async (t) => {
	t.strictSame(
		golden.single.map((one) => one.format),
		formats.map((format) => format.id),
	);
	for (const one of golden.single) {
		const record = readRecordHeader(one.record);
		const opened = openRecord(record, wrappingKey, golden);
		const body = Buffer.from(one.body, "base64");
		const { segmentBytes } = formatById(one.format) as Format;
		t.equal(opened.dataKey.export().toString("hex"), one.dataKey);
		t.equal(record.single?.plaintext, one.plaintext);
		t.ok(record.single?.header.equals(body.subarray(0, 40)));
		t.equal(plaintextLength(body.length, segmentBytes), one.plaintext);
		t.equal(record.keyId, golden.keyId);
		t.equal(record.objectScope, one.format === 3);
		t.equal(record.wrappedKey.toString("hex"), golden.wrapped);
		const options = {
			dataKey: opened.dataKey,
			associatedData: partAssociatedData(record.nonce, 0, true),
			segmentBytes,
			plaintext: one.plaintext,
		};
		t.ok(open(options, body).equals(sample(one.plaintext)));
		if (one.format === 2) {
			requireMetadata(boundHeaders, record.metadataHash as Buffer);
			t.strictSame([...opened.metadata], [...sealedMetadata]);
		}
	}
});

t.test("an object of parts, its token, ETags and terminators", async (t) => {
	const { multipart } = golden;
	const record = readRecordHeader(multipart.record);
	const { dataKey } = openRecord(record, wrappingKey, golden);
	const token = openToken(readToken(multipart.token), wrappingKey, golden);
	t.equal(token.uploadId, multipart.uploadId);
	t.ok(token.dataKey.equals(dataKey.export()));
	t.ok(token.nonce.equals(record.nonce));
	for (const [index, part] of multipart.parts.entries()) {
		const associatedData = partAssociatedData(record.nonce, index + 1, false);
		const { segmentBytes } = record.format;
		const { plaintext } = part;
		const options = { dataKey, associatedData, segmentBytes, plaintext };
		const body = Buffer.from(part.body, "base64");
		t.ok(open(options, body).equals(sample(plaintext)));
		t.strictSame(readPartEtag(token, index + 1, part.etag), {
			storeEtag,
			length: plaintext,
		});
	}
	const lengths = multipart.parts.map((part) => part.plaintext);
	const object = { dataKey, nonce: record.nonce, format: record.format };
	const end = (text: string) =>
		openTerminator(object, lengths, Buffer.from(text, "base64"));
	t.equal(end(multipart.provenEnd), true);
	t.equal(end(multipart.statedEnd), false);
});

t.test("this release writes the very bytes that it reads", async (t) => {
	t.strictSame(makeGolden(), golden);
});
