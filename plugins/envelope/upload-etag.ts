/** The ETag that S3 gives an object of parts, from those of its parts: a digest of what was listed at Complete. */
import { createHash, getFips } from "node:crypto";
import type { HeaderMap } from "../../src/index.ts";

/**
 * `"` MD5 of the parts' MD5s, `-`, their number `"`. Undefined where the ETags are no such digests: under SSE-KMS and
 * SSE-C, of stores with ETags of their own, and where MD5 may not be computed.
 * @param headers of an answer about the object
 * @param parts ETags of the store, without quotes, in order
 * @param end the terminator's bytes; empty where a part ends the object
 */
export function uploadEtag(
	headers: HeaderMap,
	parts: readonly string[],
	end: Buffer,
): string | undefined {
	const encryption = headers.get("x-amz-server-side-encryption") ?? "AES256";
	const byCustomer = headers.has(
		"x-amz-server-side-encryption-customer-algorithm",
	);
	const digests = parts.every((etag) => /^[0-9a-f]{32}$/.test(etag));
	const composed = /^"[0-9a-f]{32}-\d+"$/.test(headers.get("etag") ?? "");
	if (encryption !== "AES256" || byCustomer || !digests || !composed) return;
	if (getFips() === 1) return;
	const all = createHash("md5");
	for (const etag of parts) all.update(etag, "hex");
	if (end.length > 0) all.update(createHash("md5").update(end).digest());
	const count = parts.length + (end.length > 0 ? 1 : 0);
	return `"${all.digest("hex")}-${count}"`;
}
