/** What a write asks the store for, what an answer says that the store did, and whether the two agree. Pure. */
import type { HeaderMap } from "../../src/index.ts";
import {
	algorithmHeader,
	customerAlgorithmHeader,
	keyIdHeader,
} from "../encryption-headers.ts";

export type Asked =
	| {
			readonly by: "store";
			readonly algorithm: string;
			/** Any of these will do, and any at all where absent. */
			readonly keys: readonly string[] | undefined;
	  }
	/** A key that the request brings itself (SSE-C). */
	| { readonly by: "customer" }
	/** Nobody knows any more what was asked for: whatever encrypts will do. */
	| { readonly by: "anyone" };

/** `silent`: it does not say enough to tell. */
export type Verdict = "agrees" | "silent" | "contradicts";

const storeAlgorithms: readonly string[] = [
	"AES256",
	"aws:kms",
	"aws:kms:dsse",
];

/** An alias stands for a key that only the key service knows: answers name the key itself. */
export function isAlias(keyId: string): boolean {
	return /^(arn:[^:]*:kms:[^:]*:[^:]*:)?alias\//.test(keyId);
}

/** @param expectKey what the answer may name as the key; absent: the key that the headers name, unless by an alias */
export function askedBy(
	headers: HeaderMap,
	expectKey?: readonly string[],
): Asked {
	const algorithm = headers.get(algorithmHeader);
	if (algorithm) {
		const named = headers.get(keyIdHeader);
		const known = named === undefined || isAlias(named) ? undefined : [named];
		return { by: "store", algorithm, keys: expectKey ?? known };
	}
	return { by: headers.get(customerAlgorithmHeader) ? "customer" : "anyone" };
}

export function compare(asked: Asked, answer: HeaderMap): Verdict {
	const algorithm = answer.get(algorithmHeader);
	const customers = answer.get(customerAlgorithmHeader);
	if (!algorithm && !customers) return "silent";
	if (asked.by === "customer") return customers ? "agrees" : "contradicts";
	if (asked.by === "anyone") {
		return customers || storeAlgorithms.includes(algorithm as string)
			? "agrees"
			: "contradicts";
	}
	if (algorithm !== asked.algorithm) return "contradicts";
	if (asked.keys === undefined || algorithm === "AES256") return "agrees";
	const key = answer.get(keyIdHeader);
	if (!key) return "silent";
	return asked.keys.some((wanted) => isThatKey(wanted, key))
		? "agrees"
		: "contradicts";
}

/** A bare id is answered as it is, as the end of an ARN, or by MinIO as `arn:aws:kms:ID`. */
function isThatKey(wanted: string, answered: string): boolean {
	if (wanted === answered) return true;
	const [, id] =
		/^arn:[^:]+:kms:(?:[^:]*:[^:]*:key\/)?([^:]+)$/.exec(answered) ?? [];
	return id === wanted;
}

/** What an answer says, for the audit record. */
export function claimIn(
	answer: HeaderMap,
): { readonly algorithm: string; readonly keyId?: string } | undefined {
	const algorithm =
		answer.get(algorithmHeader) || answer.get(customerAlgorithmHeader);
	if (!algorithm) return undefined;
	const keyId = answer.get(keyIdHeader);
	return keyId ? { algorithm, keyId } : { algorithm };
}

export function describeAsked(asked: Asked): string {
	if (asked.by === "customer") return "a customer's key";
	if (asked.by === "anyone") return "encryption";
	const { algorithm, keys } = asked;
	if (keys === undefined || algorithm === "AES256") return algorithm;
	return `${algorithm} with key ${keys.join(" or ")}`;
}

export function describeClaim(answer: HeaderMap): string {
	const algorithm = answer.get(algorithmHeader);
	if (!algorithm) {
		return answer.get(customerAlgorithmHeader)
			? "a customer's key"
			: "no encryption";
	}
	const key = answer.get(keyIdHeader);
	if (algorithm === "AES256") return algorithm;
	return key ? `${algorithm} with key ${key}` : `${algorithm} with no key`;
}
