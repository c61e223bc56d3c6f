/** Tries one object until it works, or until trying again cannot help. */
import { SealgateError } from "../errors.ts";
import { StoreRefusal } from "./ask.ts";
import { rest } from "./work.ts";

/** Tries, and the most milliseconds before the second; doubled each time. AWS, "Exponential backoff and jitter". */
const tries = 5;
const firstDelay = 200;

/** @throws what the last try threw */
export async function attempt<T>(
	act: () => Promise<T>,
	signal: AbortSignal,
	random: () => number = Math.random,
): Promise<T> {
	for (let tried = 1; ; tried++) {
		try {
			return await act();
		} catch (error) {
			if (tried === tries || signal.aborted || !mayPass(error)) throw error;
			await rest(random() * firstDelay * 2 ** (tried - 1), signal);
		}
	}
}

/** Whether the same may work a moment later. A 412 is another's write: the object is looked at anew. */
function mayPass(error: unknown): boolean {
	if (error instanceof SealgateError) return error.kind.retry;
	if (!(error instanceof StoreRefusal)) return false;
	return error.status >= 500 || [409, 412, 429].includes(error.status);
}
