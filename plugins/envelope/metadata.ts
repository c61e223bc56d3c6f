/** Which headers of an object travel in the clear, which are sealed with its data key, and which never show. Pure. */
import {
	type HeaderMap,
	isOwnMetadata,
	SealgateError,
	withHeaders,
	withoutHeaders,
} from "../../src/index.ts";

/** What a store takes of user metadata, in bytes: names without `x-amz-meta-`, and values. */
const mostUserMetadata = 2_048;
const prefix = "x-amz-meta-";

/** Metadata that clients are known to fill with digests of the plaintext. */
export const digestMetadata = ["md5chksum", "s3cmd-attrs"] as const;

export interface SplitMetadata {
	/** Without what is sealed. */
	readonly headers: HeaderMap;
	readonly sealed: ReadonlyMap<string, string>;
}

/** @param names of user metadata, without their prefix */
export function splitMetadata(
	headers: HeaderMap,
	names: readonly string[],
): SplitMetadata {
	const sealed = new Map<string, string>();
	for (const name of names) {
		const value = headers.get(prefix + name);
		if (value !== undefined) sealed.set(prefix + name, value);
	}
	return {
		headers: withoutHeaders(headers, (name) => sealed.has(name)),
		sealed,
	};
}

/** What a client gets to see: nothing of ours, and the sealed values again. */
export function joinMetadata(
	headers: HeaderMap,
	sealed: ReadonlyMap<string, string>,
): HeaderMap {
	return withHeaders(
		withoutHeaders(headers, isOwnMetadata),
		Object.fromEntries([...sealed].filter(([name]) => name.startsWith(prefix))),
	);
}

/** @throws SealgateError `metadata-too-large` with the room that our record leaves */
export function checkRoom(headers: HeaderMap, isOwn = isOwnMetadata): void {
	let own = 0;
	let others = 0;
	for (const [name, value] of headers) {
		if (!name.startsWith(prefix)) continue;
		const size = name.length - prefix.length + value.length;
		if (isOwn(name)) own += size;
		else others += size;
	}
	if (own + others <= mostUserMetadata) return;
	throw new SealgateError(
		"metadata-too-large",
		"Your metadata headers exceed the maximum allowed metadata size",
		{
			fields: {
				Size: String(others),
				MaxSizeAllowed: String(mostUserMetadata - own),
			},
		},
	);
}

/** Without the checksums of plaintext, which mean nothing to the store, and those of ciphertext, which mislead a client. */
export function withoutChecksums(headers: HeaderMap): HeaderMap {
	return withoutHeaders(
		headers,
		(name) => name.startsWith("x-amz-checksum-") || name === "x-amz-te",
	);
}
