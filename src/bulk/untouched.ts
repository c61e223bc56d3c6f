/** What a run lists and does not touch. Pure. */
import type { HeaderMap } from "../http/headers.ts";

const archives = ["GLACIER", "DEEP_ARCHIVE"];

/** @param headers of a HEAD @returns why the object stays as it is; undefined where nothing speaks against it */
export function untouchable(headers: HeaderMap, now: Date): string | undefined {
	const storage = headers.get("x-amz-storage-class") ?? "";
	if (archives.includes(storage) || headers.has("x-amz-archive-status"))
		return `archived (${headers.get("x-amz-archive-status") ?? storage})`;
	if (headers.get("x-amz-object-lock-legal-hold") === "ON")
		return "locked (legal hold)";
	const mode = headers.get("x-amz-object-lock-mode");
	const until = headers.get("x-amz-object-lock-retain-until-date") ?? "";
	if (mode !== undefined && !(Date.parse(until) <= now.getTime()))
		return `locked (${mode} until ${until})`;
	return undefined;
}

/** What a copy onto itself must say again, for the store takes it from the request alone. */
export function keptHeaders(headers: HeaderMap): HeaderMap {
	const kept = new Map<string, string>();
	const storage = headers.get("x-amz-storage-class") ?? "STANDARD";
	kept.set("x-amz-storage-class", storage);
	const redirect = headers.get("x-amz-website-redirect-location");
	if (redirect !== undefined)
		kept.set("x-amz-website-redirect-location", redirect);
	return kept;
}

/** The same of a store that encrypts under a key that somebody chose. */
export function keptEncryption(headers: HeaderMap): HeaderMap {
	const sse = headers.get("x-amz-server-side-encryption") ?? "";
	if (!sse.startsWith("aws:kms")) return new Map();
	const key = headers.get("x-amz-server-side-encryption-aws-kms-key-id");
	return new Map([
		["x-amz-server-side-encryption", sse],
		...(key === undefined
			? []
			: [["x-amz-server-side-encryption-aws-kms-key-id", key] as const]),
	]);
}
