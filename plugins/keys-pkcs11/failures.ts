/** What a token answers instead of a key, in our words. */
import {
	DecryptionError,
	type ErrorCode,
	KeysUnavailable,
	SealgateError,
} from "../../src/index.ts";
import type { Reply } from "./token-thread.ts";

type Failure = Extract<Reply, { failure: unknown }>["failure"];

const sentences: Partial<Record<Failure["kind"], string>> = {
	"key-not-found": "the token has no such key",
	"key-disabled": "its CKA_ENCRYPT or CKA_DECRYPT forbids its use",
};

export function failureOf({ kind, said, why }: Failure, keyId: string): Error {
	const cause = new Error(`PKCS#11: ${said}`);
	if (kind === "refused")
		return new DecryptionError(
			"wrapping-key-refused",
			`the token refuses the blob under the key ${keyId}`,
			cause,
		);
	if (kind === "credentials")
		return new SealgateError(
			"credentials-unavailable",
			"The token refuses the gateway's PIN. It is not tried again, so that the token does not lock itself: its operator has to correct it.",
			{ cause },
		);
	if (kind === "lost") return new KeysUnavailable("unreachable", cause);
	if (kind === "outage") return new KeysUnavailable("server-error", cause);
	const code: ErrorCode = kind;
	const sentence = why === "" ? (sentences[kind] ?? said) : why;
	return new SealgateError(
		code,
		`The key "${keyId}" cannot be used: ${sentence}.`,
		{ cause },
	);
}
