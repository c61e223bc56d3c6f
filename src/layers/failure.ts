/** What log, audit record and metrics are told of a failure. The client hears less: its document holds the message alone. */
import { DecryptionError } from "../crypto/decryption-error.ts";
import { SealgateError } from "../errors.ts";
import type { Findings } from "../exchange.ts";

/** Writes the stable code and the reason of a failure into the findings of its request. */
export function noteFailure(error: Error, findings: Findings): void {
	if (error instanceof SealgateError) findings.error = error.code;
	findings.reason = reasonOf(error);
}

/** A decryption failure by its stable reason, then what was found; any other by its message and its cause's. */
function reasonOf(error: Error): string {
	if (error instanceof DecryptionError)
		return `${error.reason}: ${error.detail}`;
	return error.cause instanceof Error
		? `${error.message} (${error.cause.message})`
		: error.message;
}
