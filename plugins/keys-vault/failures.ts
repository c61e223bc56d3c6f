/** What Vault answers instead of a key, in our words. Its errors are sentences, the same in OpenBao (`keysutil/policy.go`). */
import {
	DecryptionError,
	type ErrorCode,
	SealgateError,
} from "../../src/index.ts";
import type { Answer } from "./http.ts";

/** Vault looked at the blob and refused it: altered, of another key or context, or of a version that is refused. */
const refusedBlob =
	/invalid ciphertext|message authentication failed|version is disallowed by policy|unable to decrypt/i;

/** @param blob whether a wrapped key was given */
export function refusalOf(
	{ status, errors }: Answer,
	keyId: string,
	blob: boolean,
): Error {
	const cause = new Error(`Vault answered ${status}: ${errors}`);
	if (blob && status === 400 && refusedBlob.test(errors))
		return new DecryptionError(
			"wrapping-key-refused",
			`Vault refuses the blob under the key ${keyId}`,
			cause,
		);
	if (status === 403)
		return unusable(
			"key-denied",
			keyId,
			"Vault denies the gateway its use: see the policies of its token",
			cause,
		);
	if (status === 404 || /encryption key not found/i.test(errors))
		return unusable("key-not-found", keyId, "Vault has no such key", cause);
	if (/soft-deleted/i.test(errors))
		return unusable(
			"key-disabled",
			keyId,
			"it is soft-deleted. Restore it",
			cause,
		);
	return unusable("key-unusable", keyId, `Vault answers ${status}`, cause);
}

export function unusable(
	code: ErrorCode,
	keyId: string,
	why: string,
	cause?: Error,
): SealgateError {
	return new SealgateError(code, `The key "${keyId}" cannot be used: ${why}.`, {
		cause,
	});
}
