/** Settings that a reload cannot change. Pure. */
import { isDeepStrictEqual } from "node:util";
import type { Loaded } from "./config/load.ts";

/** What a listener is made of, and the log that it writes. */
const fixed = [
	"workers",
	"listen",
	"socketMode",
	"trustedProxies",
	"proxyProtocol",
	"forwardedProto",
	"admin",
	"audit",
] as const;

/** @throws Error where the new configuration wants to listen or to record elsewhere */
export function checkFixed(first: Loaded, next: Loaded): void {
	for (const setting of fixed) {
		if (!isDeepStrictEqual(next.config[setting], first.config[setting])) {
			throw new Error(`${setting} changes by a restart only`);
		}
	}
	if (
		(first.tls === undefined) !== (next.tls === undefined) ||
		(first.tls?.clientCa === undefined) !== (next.tls?.clientCa === undefined)
	) {
		throw new Error(
			"tls and tls.clientCa come and go by a restart only; their files may change",
		);
	}
}
