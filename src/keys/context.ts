/**
 * What a wrapped key is bound to, besides the key that wrapped it. AWS KMS calls it an encryption context: names and
 * values are visible in the provider's own log, and an unwrap must give exactly the same pairs.
 */
import { createHash } from "node:crypto";
import { lengthPrefixed } from "../crypto/length-prefixed.ts";

export type KeyContext = Readonly<Record<string, string>>;

/** The context of the wrapping keys of `t1`. @param objectKey where the wrapping key serves one object (`scope: object`) */
export function wrappingContext(
	boundBucket: string,
	objectKey?: string,
): KeyContext {
	const context = {
		"sealgate:use": "wrap",
		"sealgate:format": "t1",
		"sealgate:bucket": boundBucket,
	};
	if (objectKey === undefined) return context;
	const hash = createHash("sha256").update(objectKey).digest("hex");
	return { ...context, "sealgate:key-sha256": hash };
}

/** One spelling for one context: length-prefixed names and values, in the order of the names' UTF-8 bytes. */
export function encodeContext(context: KeyContext): Buffer {
	const pairs = Object.entries(context)
		.map(([name, value]) => [Buffer.from(name), Buffer.from(value)] as const)
		.sort(([a], [b]) => Buffer.compare(a, b));
	return lengthPrefixed(...pairs.flat());
}
