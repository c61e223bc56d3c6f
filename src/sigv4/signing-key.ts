/**
 * The signing key of Signature Version 4, derived once a day for each secret, region and service, and remembered.
 * Deriving one takes four HMACs under keys that are no KeyObject, which Node 24 first looks at for 16 microseconds each:
 * 60 to 80 a request for each of verifying and signing, where a remembered KeyObject costs 3.
 */
import { createHmac, createSecretKey, type KeyObject } from "node:crypto";
import { type Scope, scopeText } from "./scope.ts";

/** A client may name any region before it proves anything, so that only this many are kept: those used last. */
const mostKept = 256;
const kept = new Map<string, KeyObject>();

/** The key for one day, region and service. */
export function signingKey(secretAccessKey: string, scope: Scope): KeyObject {
	const name = `${scopeText(scope)}\n${secretAccessKey}`;
	const found = kept.get(name);
	const key = found ?? derive(secretAccessKey, scope);
	if (found !== undefined) kept.delete(name);
	kept.set(name, key);
	if (kept.size > mostKept) {
		const [oldest = ""] = kept.keys();
		kept.delete(oldest);
	}
	return key;
}

function derive(secretAccessKey: string, scope: Scope): KeyObject {
	const step = (key: string | Buffer, text: string): Buffer =>
		createHmac("sha256", key).update(text).digest();
	const date = step(`AWS4${secretAccessKey}`, scope.date);
	const service = step(step(date, scope.region), scope.service);
	return createSecretKey(step(service, "aws4_request"));
}
