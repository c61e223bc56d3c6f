/** How a command ends: its exit status, and its failure as a sentence or as JSON. */
import { DecryptionError } from "../crypto/decryption-error.ts";
import { SealgateError } from "../errors.ts";

/** What was asked cannot be asked so: exit status 2. */
export class UsageError extends Error {
	override readonly name = "UsageError";
}

/**
 * Runs a command and sets the exit status: what it returns, 1 where it fails, 2 where it was asked wrongly.
 * With `--json` a failure is `{"error":{"code","message"}}` on stdout.
 */
export async function answer(
	json: boolean | undefined,
	act: () => Promise<number>,
): Promise<void> {
	try {
		process.exitCode = await act();
	} catch (error) {
		process.exitCode = error instanceof UsageError ? 2 : 1;
		if (json) console.log(JSON.stringify({ error: failureOf(error) }));
		else console.error(failureOf(error).message);
	}
}

/** A decryption failure with its reason, which only clients of the gateway must not learn. */
export function failureOf(error: unknown): { code: string; message: string } {
	if (error instanceof DecryptionError) {
		const message = `The object cannot be decrypted: ${error.reason} (${error.detail}).`;
		return { code: error.reason, message };
	}
	const { message } = error as Error;
	if (error instanceof SealgateError) return { code: error.code, message };
	return {
		code: error instanceof UsageError ? "usage" : "failed",
		message,
	};
}
