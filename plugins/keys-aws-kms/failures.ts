/** What AWS KMS answers instead of a key, in our words. https://docs.aws.amazon.com/kms/latest/APIReference/CommonErrors.html */
import {
	DecryptionError,
	type ErrorCode,
	KeysUnavailable,
	SealgateError,
} from "../../src/index.ts";

/** KMS looked at the blob, or at its length, and refused it. */
const refusedBlobs = new Set([
	"InvalidCiphertextException",
	"IncorrectKeyException",
]);
const throttles = new Set([
	"ThrottlingException",
	"Throttling",
	"TooManyRequestsException",
	"RequestLimitExceeded",
	"LimitExceededException",
]);
/** The gateway's own credentials: absent, over, or unknown to KMS. */
const credentialFaults = new Set([
	"CredentialsProviderError",
	"ExpiredTokenException",
	"ExpiredToken",
	"UnrecognizedClientException",
	"InvalidClientTokenId",
	"InvalidSignatureException",
	"IncompleteSignature",
	"IncompleteSignatureException",
	"MissingAuthenticationToken",
	"MissingAuthenticationTokenException",
	"TokenRefreshRequired",
	"OptInRequired",
]);

const states: Readonly<Record<string, readonly [ErrorCode, string]>> = {
	NotFoundException: ["key-not-found", "AWS KMS has no such key"],
	InvalidArnException: ["key-not-found", "AWS KMS has no such key"],
	DisabledException: ["key-disabled", "it is disabled. Enable it"],
	AccessDeniedException: [
		"key-denied",
		"AWS KMS denies the gateway its use: see its IAM policy and the key's policy",
	],
	InvalidKeyUsageException: [
		"key-unusable",
		"it is no symmetric key for encryption and decryption",
	],
	UnsupportedOperationException: [
		"key-unusable",
		"it is no symmetric key for encryption and decryption",
	],
};

interface Answered {
	readonly name?: string;
	readonly message?: string;
	/** Of the system, such as ECONNRESET. */
	readonly code?: string;
	readonly $metadata?: { readonly httpStatusCode?: number };
}

/**
 * @param keyId as it was asked for
 * @param blob whether a wrapped key was given
 */
export function failureOf(cause: unknown, keyId: string, blob: boolean): Error {
	const error = cause as Error & Answered;
	const { name = "", message } = error;
	const status = error.$metadata?.httpStatusCode;
	// The caller has gone: that says nothing of KMS.
	if (name === "AbortError") return error;
	if (throttles.has(name)) return new KeysUnavailable("throttled", error);
	if (status !== undefined && status >= 500)
		return new KeysUnavailable("server-error", error);
	if (credentialFaults.has(name)) {
		// What KMS says of a signature repeats what was signed, a session token too: not for the log.
		const said = status === undefined ? error : new Error(`AWS KMS: ${name}`);
		return credentialFailure(said);
	}
	// Before the name: the client library calls a connection that was reset a TimeoutError.
	if (error.code !== undefined)
		return new KeysUnavailable("unreachable", error);
	if (name === "TimeoutError") return new KeysUnavailable("timeout", error);
	if (blob && (refusedBlobs.has(name) || name === "ValidationException")) {
		return new DecryptionError(
			"wrapping-key-refused",
			`AWS KMS refuses the blob under the key ${keyId}: ${name}`,
			error,
		);
	}
	if (name === "KMSInvalidStateException")
		return invalidState(keyId, message, error);
	const state = states[name];
	if (state !== undefined) return unusable(state[0], keyId, state[1], error);
	if (name === "SyntaxError" || status === 200)
		return new KeysUnavailable("malformed", error);
	if (status !== undefined)
		return unusable("key-unusable", keyId, `AWS KMS answers ${name}`, error);
	return new KeysUnavailable("unreachable", error);
}

/** https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html */
function invalidState(keyId: string, message: string, cause: Error): Error {
	return /pending (replica )?deletion/i.test(message)
		? unusable(
				"key-pending-deletion",
				keyId,
				"it is to be destroyed. Cancel the deletion and enable it",
				cause,
			)
		: unusable("key-unusable", keyId, "its state forbids its use", cause);
}

function unusable(
	code: ErrorCode,
	keyId: string,
	why: string,
	cause: Error,
): SealgateError {
	return new SealgateError(code, `The key "${keyId}" cannot be used: ${why}.`, {
		cause,
	});
}

function credentialFailure(cause: Error): SealgateError {
	return new SealgateError(
		"credentials-unavailable",
		"The gateway's own credentials for AWS KMS are missing, expired or refused. Its operator has to renew them.",
		{ cause },
	);
}
