/** The one GCM message of an object: sealed as it flows, opened only where all of it is in memory. */
import { createCipheriv, createDecipheriv } from "node:crypto";
import { SealgateError } from "../../errors.ts";
import { DecryptionError } from "../decryption-error.ts";
import { tagBytes } from "../stream-arithmetic.ts";
import type { Sink, Transform } from "../stream-sealer.ts";
import type { ContentCipher } from "./content-key.ts";
import { mostS3ecPlaintext } from "./format.ts";

/**
 * Puts out `s3ecCiphertextLength` bytes. Holds no more than a cipher's state.
 * @param plaintext exactly how many bytes will come
 * @throws SealgateError `internal` past what one message holds; `data` and `end` throw `body-incomplete` where more or fewer bytes come
 */
export function sealWhole(
	{ key, nonce, associatedData }: ContentCipher,
	plaintext: number,
	to: Sink,
): Transform {
	if (plaintext > mostS3ecPlaintext) {
		throw new SealgateError("internal", "One GCM message holds 64 GiB.");
	}
	const options = { authTagLength: tagBytes };
	const cipher = createCipheriv("aes-256-gcm", key, nonce, options);
	cipher.setAAD(associatedData);
	let left = plaintext;
	return {
		data(chunk) {
			left -= chunk.length;
			if (left < 0) throw incomplete();
			return to.data(cipher.update(chunk), true);
		},
		end() {
			if (left > 0) throw incomplete();
			cipher.final();
			to.data(cipher.getAuthTag());
			to.end();
		},
	};
}

/** The plaintext of all of an object. @throws DecryptionError `content-broken`, `stream-malformed` */
export function openWhole(
	{ key, nonce, associatedData }: ContentCipher,
	sealed: Buffer,
): Buffer {
	const end = sealed.length - tagBytes;
	if (end < 0) throw new DecryptionError("stream-malformed", "no tag");
	const options = { authTagLength: tagBytes };
	const decipher = createDecipheriv("aes-256-gcm", key, nonce, options);
	decipher.setAAD(associatedData);
	decipher.setAuthTag(sealed.subarray(end));
	const plain = decipher.update(sealed.subarray(0, end));
	try {
		decipher.final();
		return plain;
	} catch (error) {
		plain.fill(0);
		throw broken(error);
	}
}

export function broken(cause?: unknown): DecryptionError {
	return new DecryptionError(
		"content-broken",
		"the content is not what was written under this key",
		cause,
	);
}

function incomplete(): SealgateError {
	return new SealgateError(
		"body-incomplete",
		"You did not provide the number of bytes specified by the Content-Length HTTP header",
	);
}
