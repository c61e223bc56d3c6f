/**
 * The UploadId that a client gets: the store's own id, the data key and the nonce, sealed for this bucket and key, so
 * that any replica can take any part. docs/format.md, "Upload token".
 *
 *     "sg1." base64url( version[1] algorithm[1] format[1] flags[1]
 *                       length-prefixed key id and wrapped key, salt[32],
 *                       AES-256-GCM( data key[32] nonce[16] the store's UploadId ) tag[16] )
 *
 * Key, nonce and, behind them, the 32-byte attestation key are HKDF-SHA256 of the wrapping key with the salt and
 * "sealgate/t1 token/1". Associated data: "sealgate/t1 token" 00, length-prefixed bucket and key, all before the salt.
 */
import { SealgateError } from "../errors.ts";
import { objectNonceBytes } from "./associated-data.ts";
import { algorithmId, DerivedKey, saltBytes } from "./derived-key.ts";
import { type Format, formatById } from "./formats.ts";
import { lengthPrefixed, readLengthPrefixed } from "./length-prefixed.ts";
import type { ObjectName, WrappingKey } from "./record-seal.ts";
import { keyBytes, type Random, requireKey } from "./secret-key.ts";

/** What a token says before it is opened: a claim, but for what the opening authenticates. */
export interface SealedToken {
	readonly format: Format;
	/** As in the record. */
	readonly objectScope: boolean;
	readonly keyId: string;
	readonly wrappedKey: Buffer;
	/** The bytes before the salt. */
	readonly head: Buffer;
	/** Salt and all behind it. */
	readonly sealed: Buffer;
}

export interface Upload {
	/** 32 bytes; the caller erases them. */
	readonly dataKey: Buffer;
	readonly nonce: Buffer;
	/** The store's own UploadId. */
	readonly uploadId: string;
}

export interface OpenedToken extends Upload {
	/** 32 bytes: see part-etag.ts. */
	readonly attestationKey: Buffer;
}

const prefix = "sg1.";
const version = 1;
const objectScopeFlag = 1;
const headBytes = 4;
const label = "sealgate/t1 token/1";
const associatedLabel = Buffer.from("sealgate/t1 token\0", "latin1");

export function sealToken(
	upload: Upload,
	facts: Pick<SealedToken, "format" | "objectScope">,
	wrapping: WrappingKey,
	name: ObjectName,
	random: Random,
): string {
	requireKey(upload.dataKey);
	const flags = facts.objectScope ? objectScopeFlag : 0;
	const head = Buffer.concat([
		Buffer.of(version, algorithmId, facts.format.id, flags),
		lengthPrefixed(Buffer.from(wrapping.keyId), wrapping.wrapped),
	]);
	const salt = random(saltBytes);
	const plain = Buffer.concat([
		upload.dataKey,
		upload.nonce,
		Buffer.from(upload.uploadId),
	]);
	const derived = derive(wrapping.key, salt);
	const sealed = derived.seal(plain, associatedData(head, name));
	derived.erase();
	plain.fill(0);
	return prefix + Buffer.concat([head, salt, sealed]).toString("base64url");
}

/** Whether an UploadId claims to be ours; a store's own id is not. */
export function isToken(uploadId: string): boolean {
	return uploadId.startsWith(prefix);
}

/** @throws SealgateError `upload-unknown` where it is no token that this release writes */
export function readToken(uploadId: string): SealedToken {
	if (!isToken(uploadId)) throw unknown();
	const text = uploadId.slice(prefix.length);
	const bytes = Buffer.from(text, "base64url");
	if (bytes.toString("base64url") !== text || bytes.length < headBytes) {
		throw unknown();
	}
	const format = formatById(bytes[2] as number);
	const flags = bytes[3] as number;
	if (
		bytes[0] !== version ||
		bytes[1] !== algorithmId ||
		format === undefined ||
		(flags & ~objectScopeFlag) !== 0
	) {
		throw unknown();
	}
	const [keyId, wrappedKey, end] = readTwo(bytes);
	return {
		format,
		objectScope: (flags & objectScopeFlag) !== 0,
		keyId: keyId.toString(),
		wrappedKey,
		head: bytes.subarray(0, end),
		sealed: bytes.subarray(end),
	};
}

/** @throws SealgateError `upload-unknown` where the token is forged, altered, or of another bucket or key */
export function openToken(
	token: SealedToken,
	wrappingKey: Uint8Array,
	name: ObjectName,
): OpenedToken {
	const derived = derive(wrappingKey, token.sealed.subarray(0, saltBytes));
	const plain = derived.open(
		token.sealed.subarray(saltBytes),
		associatedData(token.head, name),
	);
	const attestationKey = Buffer.from(derived.extra);
	derived.erase();
	const idAt = keyBytes + objectNonceBytes;
	if (plain === undefined || plain.length < idAt) throw unknown();
	return {
		dataKey: plain.subarray(0, keyBytes),
		nonce: plain.subarray(keyBytes, idAt),
		uploadId: plain.subarray(idAt).toString(),
		attestationKey,
	};
}

function derive(wrappingKey: Uint8Array, salt: Uint8Array): DerivedKey {
	return new DerivedKey(wrappingKey, salt, label, keyBytes);
}

function associatedData(head: Buffer, name: ObjectName): Buffer {
	return Buffer.concat([
		associatedLabel,
		lengthPrefixed(Buffer.from(name.bucket), Buffer.from(name.key)),
		head,
	]);
}

/** Key id and wrapped key behind the head, and where they end. */
function readTwo(bytes: Buffer): [Buffer, Buffer, number] {
	let end = headBytes;
	for (let item = 0; item < 2; item++) {
		if (end + 2 > bytes.length) throw unknown();
		end += 2 + bytes.readUInt16BE(end);
	}
	if (end + saltBytes > bytes.length) throw unknown();
	const items = readLengthPrefixed(bytes.subarray(headBytes, end));
	const [keyId, wrappedKey] = items ?? [];
	if (keyId === undefined || wrappedKey === undefined) throw unknown();
	return [keyId, wrappedKey, end];
}

function unknown(): SealgateError {
	return new SealgateError(
		"upload-unknown",
		"The specified multipart upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.",
	);
}
