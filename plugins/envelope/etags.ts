/**
 * ETags on an envelope route: the store's, with `-0` behind one that has no dash, so that no client takes it for the
 * MD5 of what it sent. Turned back wherever a client names one. Pure.
 */
import {
	childText,
	type HeaderMap,
	withHeaders,
	type XmlElement,
} from "../../src/index.ts";

const mark = "-0";

/** @param etag with or without quotes, as the store wrote it */
export function clientEtag(etag: string): string {
	const bare = etag.replace(/^"|"$/g, "");
	if (bare.includes("-")) return etag;
	return etag.endsWith('"') ? `${etag.slice(0, -1)}${mark}"` : etag + mark;
}

/** The inverse. Whoever writes the store's own ETag means it. */
export function storeEtag(etag: string): string {
	return etag.replace(/-0("?)$/, "$1");
}

/** Names of the conditions that hold ETags: one, or a list, or `*`. */
const conditions = [
	"if-match",
	"if-none-match",
	"if-range",
	"x-amz-copy-source-if-match",
	"x-amz-copy-source-if-none-match",
];

export function withStoreConditions(headers: HeaderMap): HeaderMap {
	const changes: Record<string, string> = {};
	for (const name of conditions) {
		const value = headers.get(name);
		if (value === undefined) continue;
		changes[name] = value
			.split(",")
			.map((etag) => storeEtag(etag.trim()))
			.join(", ");
	}
	return withHeaders(headers, changes);
}

export function withClientEtag(headers: HeaderMap): HeaderMap {
	const etag = headers.get("etag");
	return etag === undefined
		? headers
		: withHeaders(headers, { etag: clientEtag(etag) });
}

/** The same for each `ETag` of a document, however deep. */
export function withClientEtags(element: XmlElement): XmlElement {
	if (element.name === "ETag")
		return { ...element, text: clientEtag(element.text) };
	return { ...element, children: element.children.map(withClientEtags) };
}

/** How many parts an ETag says that the object has, a terminator counted; 1 where it came in one PUT. */
export function partsOf(entry: XmlElement): number {
	return partCount(childText(entry, "ETag") ?? "");
}

export function partCount(etag: string): number {
	const [, count] = /-(\d+)"?$/.exec(etag) ?? [];
	return Math.max(1, Number(count ?? 1));
}
