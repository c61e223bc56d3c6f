/** The metadata record, read without node:crypto and Buffer. docs/format.md, "Record" and "Sealed key". */
import { gcm } from "@noble/ciphers/aes.js";
import { type Format, formatById } from "../crypto/formats.ts";
import { concat, hkdf, prefixed, sameBytes, utf8 } from "./bytes.ts";

export interface ReadRecord {
	readonly format: Format;
	readonly keyId: string;
	readonly wrappedKey: Uint8Array;
	/** Whether the provider's context names the object key, too. */
	readonly objectScope: boolean;
	readonly nonce: Uint8Array;
	/** Of a single PUT, in bytes. */
	readonly plaintext: number | undefined;
	/** Of a single PUT. */
	readonly header: Uint8Array | undefined;
	readonly commitment: Uint8Array;
	readonly sealedKey: Uint8Array;
	/** The bytes that the seal authenticates. */
	readonly head: Uint8Array;
}

const fieldNames = new Map([
	[0x01, "keyId"],
	[0x02, "plaintext"],
	[0x03, "header"],
	[0x04, "metadataHash"],
	[0xf0, "sealedKey"],
	[0xf1, "wrappedKey"],
]);

/** @param value of the header x-amz-meta-sealgate @throws Error where it is no record that this reader knows */
export function readRecord(value: string): ReadRecord {
	const bytes = fromBase64url(value);
	const [version, algorithm, formatId = 0, layout, flags = 0] = bytes;
	const format = formatById(formatId);
	if (
		bytes.length < 49 ||
		version !== 1 ||
		algorithm !== 1 ||
		format === undefined ||
		flags > 1
	) {
		throw new Error("no record that this reader knows");
	}
	const { fields, head } = readFields(bytes);
	const single = layout === 1;
	if (!single && layout !== 2) throw new Error("a layout that is not known");
	const length = single ? field(fields, "plaintext", 8) : undefined;
	const header = single ? field(fields, "header", 40) : undefined;
	if (!single && (fields.has("plaintext") || fields.has("header"))) {
		throw new Error("the record describes both one stream and many");
	}
	return {
		format,
		keyId: new TextDecoder().decode(field(fields, "keyId")),
		wrappedKey: field(fields, "wrappedKey"),
		objectScope: flags === 1,
		nonce: bytes.subarray(5, 21),
		commitment: bytes.subarray(21, 49),
		plaintext: length && Number(viewOf(length).getBigUint64(0)),
		header,
		sealedKey: field(fields, "sealedKey"),
		head,
	};
}

/** The data key and the sealed headers. @throws Error where the record is not of this bucket, key and wrapping key */
export async function openSealedKey(
	record: ReadRecord,
	wrappingKey: Uint8Array,
	bucket: string,
	key: string,
): Promise<{ dataKey: Uint8Array; headers: Map<string, string> }> {
	const { sealedKey, nonce } = record;
	const salt = sealedKey.subarray(0, 32);
	const label = utf8("sealgate/t1 seal/1");
	const derived = await hkdf("SHA-256", wrappingKey, salt, label, 44);
	const bound = concat(
		utf8("sealgate/t1 seal\0"),
		prefixed(utf8(bucket), utf8(key)),
		record.head,
	);
	const plain = gcm(
		derived.subarray(0, 32),
		derived.subarray(32),
		bound,
	).decrypt(sealedKey.subarray(32));
	const dataKey = plain.subarray(0, 32);
	const info = utf8("sealgate/t1 COMMITKEY");
	const commitment = await hkdf("SHA-512", dataKey, nonce, info, 28);
	if (!sameBytes(commitment, record.commitment)) {
		throw new Error("the record commits to another data key");
	}
	return { dataKey, headers: readHeaders(plain.subarray(32)) };
}

function readFields(bytes: Uint8Array) {
	const view = viewOf(bytes);
	const fields = new Map<string, Uint8Array>();
	let head = bytes;
	let before = 0;
	for (let at = 49; at < bytes.length; ) {
		const tag = view.getUint8(at);
		const end = at + 3 + view.getUint16(at + 1);
		const name = fieldNames.get(tag);
		if (name === undefined || tag <= before || end > bytes.length) {
			throw new Error("a field that this reader does not know");
		}
		if (name === "sealedKey") head = bytes.subarray(0, at);
		fields.set(name, bytes.subarray(at + 3, end));
		before = tag;
		at = end;
	}
	return { fields, head };
}

function field(
	fields: ReadonlyMap<string, Uint8Array>,
	name: string,
	length?: number,
): Uint8Array {
	const value = fields.get(name);
	if (value?.length && value.length === (length ?? value.length)) return value;
	throw new Error(`field ${name} of the record is not as it must be`);
}

function readHeaders(bytes: Uint8Array): Map<string, string> {
	const items: string[] = [];
	for (let at = 0; at < bytes.length; ) {
		const end = at + 2 + viewOf(bytes).getUint16(at);
		items.push(String.fromCharCode(...bytes.subarray(at + 2, end)));
		at = end;
	}
	const headers = new Map<string, string>();
	for (let index = 0; index < items.length; index += 2) {
		headers.set(items[index] as string, items[index + 1] as string);
	}
	return headers;
}

function viewOf(bytes: Uint8Array): DataView {
	return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function fromBase64url(value: string): Uint8Array {
	const text = atob(value.replaceAll("-", "+").replaceAll("_", "/"));
	const again = btoa(text)
		.replaceAll("+", "-")
		.replaceAll("/", "_")
		.replace(/=+$/, "");
	if (again !== value) throw new Error("the record is not base64url");
	return Uint8Array.from(text, (character) => character.charCodeAt(0));
}
