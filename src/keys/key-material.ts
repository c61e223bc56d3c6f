/**
 * The material of a keyring's keys, and the blobs that they wrap. Both by sealing algorithm 1 (crypto/derived-key.ts):
 * a key and nonce of its own for each sealing, so that no key has a limited number of uses.
 *
 *     material  salt[32] sealed[32] tag[16]       under the root key, "sealgate/keyring key/1"
 *               bound to "sealgate/keyring key" 00, length-prefixed ring id and key id, u32be version
 *     blob      01 key id[16] u32be version salt[32] sealed tag[16]   under the material, "sealgate/keyring wrap/1"
 *               bound to "sealgate/keyring wrap" 00, the blob up to the salt, the encoded context
 */
import { DecryptionError } from "../crypto/decryption-error.ts";
import { DerivedKey, saltBytes } from "../crypto/derived-key.ts";
import { lengthPrefixed } from "../crypto/length-prefixed.ts";
import { keyBytes, type Random } from "../crypto/secret-key.ts";
import { SealgateError } from "../errors.ts";
import { encodeContext, type KeyContext } from "./context.ts";
import type { KeyVersion } from "./keyring.ts";

const blobVersion = 1;
const headBytes = 1 + 16 + 4;

/** Where material belongs. */
export interface MaterialPlace {
	readonly ringId: string;
	readonly keyId: string;
	readonly version: number;
}

/** Seals 32 bytes under the root key. */
export function sealMaterial(
	root: Uint8Array,
	place: MaterialPlace,
	material: Uint8Array,
	created: Date,
	random: Random,
): KeyVersion {
	const salt = random(saltBytes);
	const sealed = using(root, salt, "sealgate/keyring key/1", (derived) =>
		derived.seal(material, materialData(place)),
	);
	return {
		version: place.version,
		created: created.toISOString(),
		material: Buffer.concat([salt, sealed]).toString("base64"),
	};
}

/** The 32 bytes, the caller's. @throws SealgateError `keyring-damaged` */
export function openMaterial(
	root: Uint8Array,
	ringId: string,
	keyId: string,
	version: KeyVersion,
): Buffer {
	const bytes = Buffer.from(version.material, "base64");
	const place = { ringId, keyId, version: version.version };
	const salt = bytes.subarray(0, saltBytes);
	const material = using(root, salt, "sealgate/keyring key/1", (derived) =>
		derived.open(bytes.subarray(saltBytes), materialData(place)),
	);
	if (material?.length === keyBytes) return material;
	throw new SealgateError(
		"keyring-damaged",
		`Version ${version.version} of the key ${keyId} cannot be opened. Restore the keyring from a backup.`,
	);
}

export function sealBlob(
	material: Uint8Array,
	keyId: string,
	version: number,
	context: KeyContext,
	plain: Uint8Array,
	random: Random,
): Buffer {
	const head = Buffer.alloc(headBytes);
	head.writeUInt8(blobVersion);
	head.set(Buffer.from(keyId.replaceAll("-", ""), "hex"), 1);
	head.writeUInt32BE(version, headBytes - 4);
	const salt = random(saltBytes);
	const sealed = using(material, salt, "sealgate/keyring wrap/1", (derived) =>
		derived.seal(plain, blobData(head, context)),
	);
	return Buffer.concat([head, salt, sealed]);
}

/** Which key and version a blob claims. @throws DecryptionError `wrapping-key-refused` where it is none of ours */
export function readBlob(blob: Buffer): { keyId: string; version: number } {
	if (blob.length < headBytes + saltBytes || blob[0] !== blobVersion) {
		throw new DecryptionError("wrapping-key-refused", "no blob of a keyring");
	}
	const keyId = blob
		.toString("hex", 1, 17)
		.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
	return { keyId, version: blob.readUInt32BE(headBytes - 4) };
}

/** @throws DecryptionError `wrapping-key-refused` */
export function openBlob(
	material: Uint8Array,
	blob: Buffer,
	context: KeyContext,
): Buffer {
	const head = blob.subarray(0, headBytes);
	const salt = blob.subarray(headBytes, headBytes + saltBytes);
	const sealed = blob.subarray(headBytes + saltBytes);
	const plain = using(material, salt, "sealgate/keyring wrap/1", (derived) =>
		derived.open(sealed, blobData(head, context)),
	);
	if (plain !== undefined) return plain;
	throw new DecryptionError(
		"wrapping-key-refused",
		"the blob was altered, or wrapped under another context",
	);
}

function using<T>(
	key: Uint8Array,
	salt: Uint8Array,
	label: string,
	act: (derived: DerivedKey) => T,
): T {
	const derived = new DerivedKey(key, salt, label);
	try {
		return act(derived);
	} finally {
		derived.erase();
	}
}

function materialData({ ringId, keyId, version }: MaterialPlace): Buffer {
	const number = Buffer.alloc(4);
	number.writeUInt32BE(version);
	return Buffer.concat([
		Buffer.from("sealgate/keyring key\0"),
		lengthPrefixed(Buffer.from(ringId), Buffer.from(keyId)),
		number,
	]);
}

function blobData(head: Buffer, context: KeyContext): Buffer {
	return Buffer.concat([
		Buffer.from("sealgate/keyring wrap\0"),
		head,
		encodeContext(context),
	]);
}
