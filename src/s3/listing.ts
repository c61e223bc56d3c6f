/** What a listing shows: pure selection over keys in order. https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html */

export interface ListingRequest {
	readonly prefix: string;
	/** Empty: none. */
	readonly delimiter: string;
	/** Marker, start-after or what a continuation token stands for: only what comes after it is shown. */
	readonly after: string;
	/** Most keys and common prefixes together. 0 gives an empty page that is not truncated, as S3 does. */
	readonly most: number;
}

export interface ListingPage {
	readonly keys: readonly string[];
	/** What keys have in common up to and with the first delimiter after the prefix; each once. */
	readonly commonPrefixes: readonly string[];
	/** `after` of the next page; absent where this is the last one. */
	readonly next: string | undefined;
}

/** @param sorted keys in the order of `compareKeys` */
export function selectPage(
	sorted: Iterable<string>,
	{ prefix, delimiter, after, most }: ListingRequest,
): ListingPage {
	const keys: string[] = [];
	const commonPrefixes: string[] = [];
	let last = after;
	for (const key of most === 0 ? [] : sorted) {
		if (!key.startsWith(prefix)) continue;
		const cut = delimiter === "" ? -1 : key.indexOf(delimiter, prefix.length);
		const entry = cut < 0 ? key : key.slice(0, cut + delimiter.length);
		if (compareKeys(entry, last) <= 0) continue;
		if (keys.length + commonPrefixes.length === most)
			return { keys, commonPrefixes, next: last };
		(cut < 0 ? keys : commonPrefixes).push(entry);
		last = entry;
	}
	return { keys, commonPrefixes, next: undefined };
}

/** The order of S3's listings: by the bytes of UTF-8, which is by code point and not by JavaScript's UTF-16 units. */
export function compareKeys(a: string, b: string): number {
	const length = Math.min(a.length, b.length);
	for (let index = 0; index < length; index++) {
		const x = a.charCodeAt(index);
		const y = b.charCodeAt(index);
		if (x !== y) return rank(x) - rank(y);
	}
	return a.length - b.length;
}

/** Surrogates stand for what comes after all other units. */
function rank(unit: number): number {
	return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}

/**
 * `encoding-type=url`: as java.net.URLEncoder writes it, but slashes stay. So a space is `+`, a plus is `%2B`, `*` stays
 * and `~` does not. MinIO found the same of S3 (cmd/api-utils.go, s3URLEncode).
 */
export function encodeListingValue(value: string): string {
	return encodeURIComponent(value)
		.replace(
			/[!'()~]/g,
			(character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
		)
		.replaceAll("%2F", "/")
		.replaceAll("%20", "+");
}
