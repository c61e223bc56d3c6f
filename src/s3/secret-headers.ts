/** Headers whose values nobody may read: in an error, a log or an explanation they are covered. */
const secret =
	/^(authorization|cookie|x-amz-security-token|x-amz-s3session-token)$|(customer|encryption|sealed)[-_]key(?![-_]id)/;

/** @param name in lower case. Keys of SSE-C in every spelling that a store may read, and what proves who asks. */
export function isSecretHeader(name: string): boolean {
	return secret.test(name);
}
