/** The objects under a prefix as the store lists them, in the order of their keys. */
import { SealgateError } from "../errors.ts";
import type { Query } from "../s3/operation.ts";
import { children, childText, type XmlElement } from "../s3/xml.ts";
import { type Ask, documentOf, flag } from "./ask.ts";
import type { Item } from "./item.ts";
import type { Target } from "./target.ts";

/** @param after only keys behind this one; empty: all */
export async function* listObjects(
	ask: Ask,
	{ bucket, prefix }: Target,
	after: string,
): AsyncGenerator<Item> {
	let token: string | undefined;
	do {
		const page = await pageOf(ask, "ListObjectsV2", bucket, [
			["list-type", "2"],
			["prefix", prefix],
			...(token === undefined
				? after === ""
					? []
					: [["start-after", after] as const]
				: [["continuation-token", token] as const]),
		]);
		for (const entry of children(page.document, "Contents")) {
			const key = page.text(entry, "Key");
			yield { key, latest: true, size: sizeOf(entry), position: key };
		}
		token = page.next("NextContinuationToken");
	} while (token !== undefined);
}

/** The same with older versions, the newest of a key first. Delete markers are left out. */
export async function* listVersions(
	ask: Ask,
	{ bucket, prefix }: Target,
	after: string,
): AsyncGenerator<Item> {
	let marker: string | undefined = after === "" ? undefined : after;
	let versionMarker: string | undefined;
	let held: Item | undefined;
	do {
		const page: Page = await pageOf(ask, "ListObjectVersions", bucket, [
			["versions", ""],
			["prefix", prefix],
			...(marker === undefined ? [] : [["key-marker", marker] as const]),
			...(versionMarker === undefined
				? []
				: [["version-id-marker", versionMarker] as const]),
		]);
		for (const entry of children(page.document, "Version")) {
			const key = page.text(entry, "Key");
			if (held !== undefined)
				yield held.key === key ? held : { ...held, position: held.key };
			const versionId = childText(entry, "VersionId") ?? "null";
			const latest = flag(entry, "IsLatest");
			held = { key, versionId, latest, size: sizeOf(entry) };
		}
		const next = page.next("NextKeyMarker");
		versionMarker = page.next("NextVersionIdMarker");
		marker = next === undefined ? undefined : page.decode(next);
	} while (marker !== undefined);
	if (held !== undefined) yield { ...held, position: held.key };
}

interface Page {
	readonly document: XmlElement;
	text(entry: XmlElement, name: string): string;
	decode(value: string): string;
	/** Undefined on the last page. */
	next(name: string): string | undefined;
}

async function pageOf(
	ask: Ask,
	name: "ListObjectsV2" | "ListObjectVersions",
	bucket: string,
	query: Query,
): Promise<Page> {
	const what = `the listing of ${bucket}`;
	const response = await ask({
		operation: {
			name,
			method: "GET",
			bucket,
			key: undefined,
			query: [...query, ["encoding-type", "url"]],
		},
		headers: new Map(),
		body: undefined,
	});
	const document = await documentOf(response, what);
	if (document === undefined)
		throw new SealgateError("upstream-broken", `${what} is no document.`);
	const encoded = childText(document, "EncodingType") === "url";
	const decode = (value: string): string =>
		encoded ? decodeURIComponent(value.replaceAll("+", " ")) : value;
	const more = flag(document, "IsTruncated");
	return {
		document,
		decode,
		text: (entry, field) => decode(childText(entry, field) ?? ""),
		next: (field) => (more ? childText(document, field) : undefined),
	};
}

function sizeOf(entry: XmlElement): number {
	return Number(childText(entry, "Size") ?? 0);
}
