/** How the objects of a bucket are protected: a HEAD each, which changes nothing. */
import { discard } from "../http/body.ts";
import { type Ask, headOf, StoreRefusal } from "./ask.ts";
import { attempt } from "./attempt.ts";
import type { Item, Settled } from "./item.ts";
import { type Protection, protectionOf, unknown } from "./protection.ts";

/** @param ask at the store, past every policy */
export function scanObject(
	ask: Ask,
	bucket: string,
	signal: AbortSignal,
): (item: Item) => Promise<Settled> {
	return async (item) => {
		try {
			return await attempt(async () => {
				const { status, headers, body } = await ask(headOf(bucket, item));
				discard(body);
				if (status === 404) return { group: undefined };
				// S3 answers so where only the customer's key opens the object: nobody else can tell.
				if (status === 400) return { group: groupOf(unknown(), item) };
				if (status !== 200)
					throw new StoreRefusal(status, `HTTP ${status}`, undefined, item.key);
				return { group: groupOf(protectionOf(headers), item) };
			}, signal);
		} catch (error) {
			const reason = (error as Error).message;
			return { group: undefined, trouble: { kind: "failed", reason } };
		}
	};
}

function groupOf(
	{ format, key, keyVersion, sse }: Protection,
	{ latest }: Item,
): Settled["group"] {
	const group = { format, key, keyVersion, sse };
	return latest ? group : { ...group, version: "older" };
}
