/**
 * A wrapped key: 01, 12 bytes of nonce, then AES-256-GCM of the key's 32 bytes and its tag of 16. Associated data:
 * `sealgate/pkcs11/1`, the length of the CKA_ID (one byte), the CKA_ID, and the context.
 */
import { randomBytes } from "node:crypto";
import { type Handle, type Library, type Pkcs11, saidBy } from "./cryptoki.ts";
import { TokenFailure } from "./token-failure.ts";

const version = 1;
const keyBytes = 32;
const nonceBytes = 12;
const tagBytes = 16;
const blobBytes = 1 + nonceBytes + keyBytes + tagBytes;

export interface Cipher {
	readonly pkcs11: Pkcs11;
	readonly library: Library;
	readonly session: Handle;
	readonly key: Handle;
}

export interface Bound {
	readonly keyId: string;
	readonly context: Uint8Array;
}

export function sealed(cipher: Cipher, key: Buffer, bound: Bound): Buffer {
	const { library, session } = cipher;
	const nonce = randomBytes(nonceBytes);
	library.C_EncryptInit(session, mechanism(cipher, nonce, bound), cipher.key);
	// The library wants room, and answers what it used of it.
	const into = Buffer.alloc(keyBytes + tagBytes + 16);
	const bytes = library.C_Encrypt(session, key, into);
	if (bytes.length !== keyBytes + tagBytes)
		throw new TokenFailure("outage", `C_Encrypt: ${bytes.length} bytes`);
	return Buffer.concat([Buffer.of(version), nonce, bytes]);
}

/** @throws TokenFailure `refused` where it is none of this key under this context */
export function opened(
	cipher: Cipher,
	wrapped: Uint8Array,
	bound: Bound,
): Buffer {
	const blob = Buffer.from(wrapped);
	if (blob.length !== blobBytes || blob[0] !== version)
		throw new TokenFailure("refused", `a blob of ${blob.length} bytes`);
	const { library, session } = cipher;
	const nonce = blob.subarray(1, 1 + nonceBytes);
	library.C_DecryptInit(session, mechanism(cipher, nonce, bound), cipher.key);
	const into = Buffer.alloc(blobBytes);
	try {
		const sealed = blob.subarray(1 + nonceBytes);
		const key = Buffer.from(library.C_Decrypt(session, sealed, into));
		if (key.length === keyBytes) return key;
		throw new TokenFailure("refused", `C_Decrypt: ${key.length} bytes`);
	} catch (error) {
		throw refusalOf(error, cipher);
	} finally {
		into.fill(0);
	}
}

/** A tag that does not fit. Some libraries have no word for it: then a trial tells it from a token that fails. */
function refusalOf(error: unknown, cipher: Cipher): unknown {
	const said = saidBy(error);
	if (/^CKR_(ENCRYPTED_DATA_|AEAD_DECRYPT_FAILED|DATA_)/.test(said))
		return new TokenFailure("refused", said);
	const vague = said === "CKR_GENERAL_ERROR" || said === "CKR_FUNCTION_FAILED";
	return vague && works(cipher) ? new TokenFailure("refused", said) : error;
}

/** Whether the key opens what it has just wrapped. */
function works(cipher: Cipher): boolean {
	const { library, session } = cipher;
	const bound = { keyId: "", context: new Uint8Array() };
	const trial = randomBytes(keyBytes);
	try {
		const blob = sealed(cipher, trial, bound);
		const nonce = blob.subarray(1, 1 + nonceBytes);
		library.C_DecryptInit(session, mechanism(cipher, nonce, bound), cipher.key);
		const into = Buffer.alloc(blobBytes);
		const rest = blob.subarray(1 + nonceBytes);
		return library.C_Decrypt(session, rest, into).equals(trial);
	} catch {
		return false;
	}
}

function mechanism(
	{ pkcs11 }: Cipher,
	iv: Buffer,
	{ keyId, context }: Bound,
): object {
	const id = Buffer.from(keyId, "hex");
	const label = Buffer.from("sealgate/pkcs11/1");
	const aad = Buffer.concat([label, Buffer.of(id.length), id, context]);
	return {
		mechanism: pkcs11.CKM_AES_GCM,
		parameter: {
			type: pkcs11.CK_PARAMS_AES_GCM,
			...{ iv, ivBits: nonceBytes * 8, aad, tagBits: tagBytes * 8 },
		},
	};
}
