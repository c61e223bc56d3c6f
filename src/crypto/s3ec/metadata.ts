/**
 * The record of an S3 Encryption Client as user metadata: names without `x-amz-meta-`. Binary values are base64 with
 * padding (RFC 4648 section 4). An empty value counts as absent: the Go client writes such.
 *
 *     V3  x-amz-c "115"  x-amz-3 wrapped key  x-amz-w "12"  x-amz-d commitment  x-amz-i message id  x-amz-t context
 *     V2  x-amz-key-v2 wrapped key  x-amz-iv nonce  x-amz-cek-alg "AES/GCM/NoPadding"  x-amz-wrap-alg "kms+context"
 *         x-amz-tag-len "128"  x-amz-matdesc context  x-amz-unencrypted-content-length, where it is there
 */
import { DecryptionError } from "../decryption-error.ts";
import { commitmentBytes, messageIdBytes, nonceBytes } from "./content-key.ts";
import {
	algorithmNames,
	type EncryptionContext,
	type S3ecFormat,
} from "./format.ts";
import { parsePairs } from "./pairs.ts";

interface WrappedKey {
	/** As the key provider gave it. */
	readonly wrappedKey: Buffer;
	/** That it was wrapped under. */
	readonly context: EncryptionContext;
}

export type S3ecRecord =
	| (WrappedKey & {
			readonly format: "s3ec-v3";
			/** 28 bytes. */
			readonly messageId: Buffer;
			/** 28 bytes. */
			readonly commitment: Buffer;
	  })
	| (WrappedKey & {
			readonly format: "s3ec-v2";
			/** 12 bytes. */
			readonly nonce: Buffer;
			/** In bytes, where the writer told it. */
			readonly plaintext?: number;
	  });

/** By name, without `x-amz-meta-`. */
export type S3ecFields = ReadonlyMap<string, string>;

export function writeS3ecFields(record: S3ecRecord): S3ecFields {
	const wrapped = record.wrappedKey.toString("base64");
	const context = JSON.stringify(record.context);
	if (record.format === "s3ec-v2") {
		return new Map([
			["x-amz-key-v2", wrapped],
			["x-amz-iv", record.nonce.toString("base64")],
			["x-amz-cek-alg", algorithmNames["s3ec-v2"]],
			["x-amz-wrap-alg", "kms+context"],
			["x-amz-tag-len", "128"],
			["x-amz-matdesc", context],
		]);
	}
	return new Map([
		["x-amz-c", algorithmNames["s3ec-v3"]],
		["x-amz-3", wrapped],
		["x-amz-w", "12"],
		["x-amz-d", record.commitment.toString("base64")],
		["x-amz-i", record.messageId.toString("base64")],
		["x-amz-t", context],
	]);
}

/**
 * @param fields of an object, and of its instruction file where it has one; none empty
 * @throws DecryptionError `record-malformed`, `record-unknown` for another algorithm, or a key that no key service wrapped
 */
export function readS3ecFields(
	format: S3ecFormat,
	fields: S3ecFields,
): S3ecRecord {
	if (format === "s3ec-v2") {
		expect(fields, "x-amz-cek-alg", algorithmNames["s3ec-v2"]);
		expect(fields, "x-amz-wrap-alg", "kms+context");
		expect(fields, "x-amz-tag-len", "128");
		return {
			format,
			wrappedKey: bytes(fields, "x-amz-key-v2"),
			context: parsePairs("x-amz-matdesc", text(fields, "x-amz-matdesc")),
			nonce: bytes(fields, "x-amz-iv", nonceBytes),
			...statedLength(fields),
		};
	}
	expect(fields, "x-amz-c", algorithmNames["s3ec-v3"]);
	expect(fields, "x-amz-w", "12");
	// The material description of keys that no key service wrapped.
	if (fields.has("x-amz-m")) expect(fields, "x-amz-m", "{}");
	return {
		format,
		wrappedKey: bytes(fields, "x-amz-3"),
		context: parsePairs("x-amz-t", text(fields, "x-amz-t")),
		messageId: bytes(fields, "x-amz-i", messageIdBytes),
		commitment: bytes(fields, "x-amz-d", commitmentBytes),
	};
}

function text(fields: S3ecFields, name: string): string {
	const value = fields.get(name);
	if (value !== undefined) return value;
	throw new DecryptionError("record-malformed", `there is no ${name}`);
}

function expect(fields: S3ecFields, name: string, value: string): void {
	if (text(fields, name) === value) return;
	throw new DecryptionError("record-unknown", `${name} is not ${value}`);
}

/** @param size in bytes, where it is fixed */
function bytes(fields: S3ecFields, name: string, size?: number): Buffer {
	const value = text(fields, name);
	const decoded = Buffer.from(value, "base64");
	// Node's decoder skips what it does not understand; a value has one spelling.
	const good =
		decoded.toString("base64") === value &&
		(size === undefined || decoded.length === size);
	if (good) return decoded;
	throw new DecryptionError(
		"record-malformed",
		`${name} is not base64${size === undefined ? "" : ` of ${size} bytes`}`,
	);
}

function statedLength(fields: S3ecFields): { plaintext?: number } {
	const name = "x-amz-unencrypted-content-length";
	const value = fields.get(name);
	if (value === undefined) return {};
	if (/^\d{1,15}$/.test(value)) return { plaintext: Number(value) };
	throw new DecryptionError("record-malformed", `${name} is no length`);
}
