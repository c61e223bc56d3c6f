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
	const caught = cause as Error & Answered;
	const { message } = caught;
	const name = /^[A-Za-z]{1,64}$/.test(caught.name) ? caught.name : "an error";
	const status = caught.$metadata?.httpStatusCode;
	// The caller has gone: that says nothing of KMS.
	if (name === "AbortError") return caught;
	const answered = status !== undefined || name === "SyntaxError";
	const error = answered ? wordsOf(name, message) : caught;
	if (throttles.has(name)) return new KeysUnavailable("throttled", error);
	if (status !== undefined && status >= 500)
		return new KeysUnavailable("server-error", error);
	if (credentialFaults.has(name)) return credentialFailure(error);
	// Before the name: the client library calls a connection that was reset a TimeoutError.
	if (caught.code !== undefined)
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

/**
 * Of an answer for the log: what it says of a request may repeat the request, a session token too, and an answer that is
 * no JSON may be a key. Who was denied what is worth knowing.
 */
function wordsOf(name: string, message: string): Error {
	const denied =
		/^User: [\w:/+=,.@-]{1,256} is not authorized to perform: kms:\w{1,64}/.exec(
			message,
		);
	return new Error(
		denied === null ? `AWS KMS: ${name}` : `AWS KMS: ${name}: ${denied[0]}`,
	);
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
