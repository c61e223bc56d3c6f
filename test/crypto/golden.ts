/**
 * The golden objects of format `t1`: made of fixed randomness, committed as test/vectors/t1.json, read by every release
 * to come. `scripts/generate-vectors.ts` writes them; a released vector is never changed, only joined by others.
 */
import { createSecretKey } from "node:crypto";
import { partAssociatedData } from "../../src/crypto/associated-data.ts";
import { metadataHash } from "../../src/crypto/bound-metadata.ts";
import { type Format, formats } from "../../src/crypto/formats.ts";
import { partEtag } from "../../src/crypto/part-etag.ts";
import { recordHeaderValue } from "../../src/crypto/record-header.ts";
import { sealRecord } from "../../src/crypto/record-seal.ts";
import { newStreamHeader } from "../../src/crypto/stream-key.ts";
import {
	type SealOptions,
	sealStream,
} from "../../src/crypto/stream-sealer.ts";
import { sealTerminator } from "../../src/crypto/terminator.ts";
import {
	openToken,
	readToken,
	sealToken,
} from "../../src/crypto/upload-token.ts";
import { sample, sequence } from "./flow.ts";

const random = sequence("golden");
const fixed = {
	wrappingKey: random(32),
	wrapped: random(101),
	keyId: "alias/photos",
	bucket: "photos-1",
	key: "raw/ä b.jpg",
};
const wrapping = { ...fixed, key: fixed.wrappingKey };
const lengths = [100, 65_536, 7];
export const storeEtag = "9b2cf535f27731c974343645a3985328";
export const boundHeaders = new Map([
	["content-type", "image/jpeg"],
	["x-amz-meta-camera", "b"],
]);
export const sealedMetadata = new Map([
	["x-amz-meta-md5chksum", "1B2M2Y8AsgTpgAmY7PhCfg=="],
]);

/** Pure enough: the same bytes at each run of a process, for its first call. */
export function makeGolden() {
	return {
		origin: "scripts/generate-vectors.ts",
		wrappingKey: fixed.wrappingKey.toString("hex"),
		wrapped: fixed.wrapped.toString("hex"),
		keyId: fixed.keyId,
		bucket: fixed.bucket,
		key: fixed.key,
		single: formats.map(makeSingle),
		multipart: makeMultipart(formats[0] as Format),
	};
}

function makeSingle(format: Format) {
	const dataKey = random(32);
	const nonce = random(16);
	const plaintext = format.id === 1 ? 65_500 : 13;
	const header = newStreamHeader(random);
	const bound = format.id === 2;
	const facts = {
		format,
		objectScope: format.id === 3,
		nonce,
		single: { plaintext, header },
		...(bound && { metadataHash: metadataHash(boundHeaders) }),
	};
	const metadata = bound ? sealedMetadata : new Map<string, string>();
	const record = sealRecord(facts, dataKey, metadata, wrapping, fixed, random);
	const body = seal({
		dataKey: createSecretKey(dataKey),
		header,
		associatedData: partAssociatedData(nonce, 0, true),
		segmentBytes: format.segmentBytes,
		plaintext,
	});
	return {
		format: format.id,
		dataKey: dataKey.toString("hex"),
		plaintext,
		record: recordHeaderValue(record),
		body: body.toString("base64"),
	};
}

function makeMultipart(format: Format) {
	const dataKey = random(32);
	const nonce = random(16);
	const facts = { format, objectScope: false, nonce };
	const none = new Map<string, string>();
	const record = sealRecord(facts, dataKey, none, wrapping, fixed, random);
	const upload = { dataKey, nonce, uploadId: "2~store-upload-id" };
	const token = sealToken(upload, facts, wrapping, fixed, random);
	const opened = openToken(readToken(token), fixed.wrappingKey, fixed);
	const key = createSecretKey(dataKey);
	const object = { dataKey: key, nonce, format };
	const parts = lengths.map((plaintext, index) => ({
		plaintext,
		etag: partEtag(opened, { part: index + 1, length: plaintext, storeEtag }),
		body: seal({
			dataKey: key,
			header: newStreamHeader(random),
			associatedData: partAssociatedData(nonce, index + 1, false),
			segmentBytes: format.segmentBytes,
			plaintext,
		}).toString("base64"),
	}));
	const end = (proven: boolean) =>
		sealTerminator(object, { lengths, proven }, random).toString("base64");
	return {
		format: format.id,
		dataKey: dataKey.toString("hex"),
		record: recordHeaderValue(record),
		token,
		uploadId: upload.uploadId,
		storeEtag,
		parts,
		provenEnd: end(true),
		statedEnd: end(false),
	};
}

function seal(options: SealOptions): Buffer {
	const pieces: Buffer[] = [];
	const sink = {
		data: (piece: Buffer) => pieces.push(piece) > 0,
		end: () => {},
	};
	const sealing = sealStream(options, sink);
	sealing.data(sample(options.plaintext));
	sealing.end();
	return Buffer.concat(pieces);
}
