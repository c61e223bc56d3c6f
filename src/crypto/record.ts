/**
 * The metadata record: all that a reader of an object needs but the key provider. docs/format.md, "Record".
 *
 *     version[1] algorithm[1] format[1] layout[1] flags[1] nonce[16] commitment[28]
 *     then fields in ascending order of their tags: tag[1] u16be length, value
 *     authenticated: 01 key id (UTF-8), 02 u64be plaintext length, 03 stream header[40], 04 metadata hash[32]
 *     behind them:   f0 sealed key, f1 wrapped key
 *
 * 02 and 03 stand in the record of a single PUT, and in no other. A record has exactly one spelling.
 */
import { objectNonceBytes } from "./associated-data.ts";
import { commitmentBytes } from "./commitment.ts";
import { DecryptionError } from "./decryption-error.ts";
import { algorithmId } from "./derived-key.ts";
import { type Format, formatById } from "./formats.ts";
import { headerBytes } from "./stream-arithmetic.ts";

/** What the seal authenticates. */
export interface RecordHead {
	readonly format: Format;
	/** The key provider's name for the wrapping key's key, 1 to 512 bytes of UTF-8. */
	readonly keyId: string;
	/** The wrapping key serves this object alone: the provider's context names the object key too. */
	readonly objectScope: boolean;
	readonly nonce: Buffer;
	readonly commitment: Buffer;
	/** A single PUT; absent where the object came in parts. */
	readonly single?: {
		/** In bytes. */
		readonly plaintext: number;
		readonly header: Buffer;
	};
	/** SHA-256 of the headers that `bindMetadata` binds. */
	readonly metadataHash?: Buffer;
}

export interface ObjectRecord extends RecordHead {
	/** Salt[32], then data key and sealed metadata under the wrapping key. */
	readonly sealedKey: Buffer;
	/** The wrapping key as the key provider wrapped it, 1 to 6,144 bytes. */
	readonly wrappedKey: Buffer;
}

const version = 1;
const layouts = { single: 1, multipart: 2 } as const;
const objectScopeFlag = 1;
const headBytes = 5 + objectNonceBytes + commitmentBytes;
const hashBytes = 32;
const shortestSealedKey = 80;

const tags = {
	keyId: 0x01,
	plaintext: 0x02,
	header: 0x03,
	metadataHash: 0x04,
	sealedKey: 0xf0,
	wrappedKey: 0xf1,
} as const;
const knownTags = new Set<number>(Object.values(tags));

/** The bytes that the seal authenticates: the record up to the sealed key's field. */
export function encodeHead(head: RecordHead): Buffer {
	const { single } = head;
	const fields = [
		Buffer.of(
			version,
			algorithmId,
			head.format.id,
			single === undefined ? layouts.multipart : layouts.single,
			head.objectScope ? objectScopeFlag : 0,
		),
		head.nonce,
		head.commitment,
		field(tags.keyId, Buffer.from(head.keyId)),
	];
	if (single !== undefined) {
		const plaintext = Buffer.alloc(8);
		plaintext.writeBigUInt64BE(BigInt(single.plaintext));
		fields.push(field(tags.plaintext, plaintext));
		fields.push(field(tags.header, single.header));
	}
	if (head.metadataHash !== undefined) {
		fields.push(field(tags.metadataHash, head.metadataHash));
	}
	return Buffer.concat(fields);
}

export function encodeRecord(record: ObjectRecord): Buffer {
	return Buffer.concat([
		encodeHead(record),
		field(tags.sealedKey, record.sealedKey),
		field(tags.wrappedKey, record.wrappedKey),
	]);
}

/** @throws DecryptionError `record-malformed`, or `record-unknown` for what another release may have written */
export function decodeRecord(bytes: Buffer): ObjectRecord {
	if (bytes.length === 0) throw malformed("it is empty");
	if (bytes[0] !== version) throw unknown(`version ${bytes[0]}`);
	if (bytes.length < headBytes) throw malformed("it is cut short");
	if (bytes[1] !== algorithmId) throw unknown(`algorithm ${bytes[1]}`);
	const format = formatById(bytes[2] as number);
	if (format === undefined) throw unknown(`format ${bytes[2]}`);
	const flags = bytes[4] as number;
	if ((flags & ~objectScopeFlag) !== 0) throw unknown(`flags ${flags}`);
	const fields = readFields(bytes.subarray(headBytes));
	const nonceEnd = 5 + objectNonceBytes;
	const metadataHash = fields.get(tags.metadataHash);
	if (metadataHash !== undefined && metadataHash.length !== hashBytes) {
		throw malformed("its metadata hash has a wrong length");
	}
	return {
		format,
		keyId: readKeyId(required(fields, tags.keyId, 1, 512)),
		objectScope: (flags & objectScopeFlag) !== 0,
		nonce: bytes.subarray(5, nonceEnd),
		commitment: bytes.subarray(nonceEnd, headBytes),
		...readSingle(bytes[3] as number, fields),
		...(metadataHash && { metadataHash }),
		sealedKey: required(fields, tags.sealedKey, shortestSealedKey, 0xffff),
		wrappedKey: required(fields, tags.wrappedKey, 1, 6_144),
	};
}

function field(tag: number, value: Buffer): Buffer {
	const start = Buffer.alloc(3);
	start.writeUInt8(tag);
	start.writeUInt16BE(value.length, 1);
	return Buffer.concat([start, value]);
}

function readFields(bytes: Buffer): Map<number, Buffer> {
	const fields = new Map<number, Buffer>();
	let before = 0;
	for (let offset = 0; offset < bytes.length; ) {
		if (offset + 3 > bytes.length) throw malformed("it is cut short");
		const tag = bytes.readUInt8(offset);
		const end = offset + 3 + bytes.readUInt16BE(offset + 1);
		if (!knownTags.has(tag)) throw unknown(`field ${tag}`);
		if (end > bytes.length) throw malformed("it is cut short");
		if (tag <= before) throw malformed("its fields are out of order");
		before = tag;
		fields.set(tag, bytes.subarray(offset + 3, end));
		offset = end;
	}
	return fields;
}

function readSingle(
	layout: number,
	fields: ReadonlyMap<number, Buffer>,
): Pick<ObjectRecord, "single"> {
	if (layout === layouts.multipart) {
		if (fields.has(tags.plaintext) || fields.has(tags.header)) {
			throw malformed("it describes both one stream and many");
		}
		return {};
	}
	if (layout !== layouts.single) throw unknown(`layout ${layout}`);
	const plaintext = required(fields, tags.plaintext, 8, 8).readBigUInt64BE();
	if (plaintext > BigInt(Number.MAX_SAFE_INTEGER)) {
		throw malformed("its length is impossible");
	}
	const header = required(fields, tags.header, headerBytes, headerBytes);
	return { single: { plaintext: Number(plaintext), header } };
}

function readKeyId(bytes: Buffer): string {
	const keyId = bytes.toString();
	if (!Buffer.from(keyId).equals(bytes)) {
		throw malformed("its key id is not UTF-8");
	}
	return keyId;
}

function required(
	fields: ReadonlyMap<number, Buffer>,
	tag: number,
	least: number,
	most: number,
): Buffer {
	const value = fields.get(tag);
	if (value === undefined) throw malformed(`field ${tag} is missing`);
	if (value.length < least || value.length > most) {
		throw malformed(`field ${tag} has a wrong length`);
	}
	return value;
}

function malformed(what: string): DecryptionError {
	return new DecryptionError("record-malformed", what);
}

function unknown(what: string): DecryptionError {
	return new DecryptionError("record-unknown", `${what} is not known`);
}
