/** Two answers to one step against each other, leaf by leaf. */
import { createHash } from "node:crypto";
import { childText, type XmlElement } from "../../src/s3/xml.ts";
import type { Answer, Side } from "./send.ts";

/** One leaf that is not equal: `status`, `headers.etag`, `ListBucketResult.Contents.0.Size`, `body`. */
export interface Unequal {
	readonly place: string;
	readonly direct: string | undefined;
	readonly through: string | undefined;
}

/** Of the connection or of the very request: no answer about an object. */
const passing =
	/^(date|server|connection|keep-alive|transfer-encoding|vary|x-amz-request-id|x-amz-id-2|x-ratelimit-.*|strict-transport-security|x-xss-protection|x-content-type-options)$/;
const passingElements = /\.(RequestId|HostId|Resource)$/;
const times = /(^headers\.last-modified|\.(LastModified|Initiated))$/;
/** Of the store's choice, and told only to be given back. */
const opaque =
	/\.(NextContinuationToken|ContinuationToken|NextUploadIdMarker|UploadIdMarker)$/;
const ids =
	/(^headers\.x-amz-(version-id|copy-source-version-id)|\.(VersionId|UploadId|DeleteMarkerVersionId|VersionIdMarker|NextVersionIdMarker))$/;
export const etags = /(^headers\.etag|\.ETag)$/;

/** What one side calls by a name of its own, and the other by another: each pair is met once, and holds from then on. */
export class Names {
	readonly #ids = new Map<string, string>();
	/** Those of plaintext by that of the ciphertext: one, but where a difference was explained. */
	readonly #etags = new Map<string, Set<string>>();

	/** Ids name one thing on either side. */
	sameId(direct: string, through: string): boolean {
		if (direct === "null" || through === "null" || direct === "")
			return direct === through;
		return (
			pair(this.#ids, `t ${through}`, direct) &&
			pair(this.#ids, `d ${direct}`, through)
		);
	}

	/** ETags of ciphertext tell more apart than those of plaintext, never less. */
	sameEtag(direct: string, through: string): boolean {
		const known = this.#etags.get(through);
		if (known === undefined) this.admitEtag(direct, through);
		return known === undefined || known.has(direct);
	}

	/** From now on the two are one object's. */
	admitEtag(direct: string, through: string): void {
		const known = this.#etags.get(through) ?? new Set();
		this.#etags.set(through, known.add(direct));
	}
}

function pair(known: Map<string, string>, one: string, other: string) {
	const met = known.get(one);
	if (met === undefined) known.set(one, other);
	return met === undefined || met === other;
}

/** @param names of the episode so far; grows */
export function compare(
	direct: readonly [Answer, Side],
	through: readonly [Answer, Side],
	names: Names,
): readonly Unequal[] {
	const left = leavesOf(...direct);
	const right = leavesOf(...through);
	const found: Unequal[] = [];
	for (const place of new Set([...left.keys(), ...right.keys()])) {
		const one = left.get(place);
		const other = right.get(place);
		if (one === other) continue;
		if (one !== undefined && other !== undefined) {
			if (ids.test(place) && names.sameId(one, other)) continue;
			if (etags.test(place) && names.sameEtag(one, other)) continue;
		}
		found.push({ place, direct: one, through: other });
	}
	return found;
}

function leavesOf(
	{ status, headers, body, document }: Answer,
	side: Side,
): Map<string, string> {
	const code = document?.name === "Error" && childText(document, "Code");
	const leaves = new Map([["status", `${status}${code ? ` ${code}` : ""}`]]);
	const own = (text: string): string =>
		text
			.replaceAll(side.endpoint, "ENDPOINT")
			.replaceAll(new URL(side.endpoint).host, "HOST")
			.replaceAll(side.bucket, "BUCKET");
	const add = (place: string, value: string): void => {
		if (times.test(place)) leaves.set(place, "a time");
		else if (opaque.test(place))
			leaves.set(place, value === "" ? "" : "some text");
		else leaves.set(place, own(value));
	};
	for (const [name, value] of headers) {
		if (passing.test(name)) continue;
		// Documents hold ids and host names, whose lengths differ.
		if (name === "content-length" && (document || status >= 400)) continue;
		add(`headers.${name}`, value);
	}
	if (document === undefined) {
		const hash = createHash("sha256").update(body).digest("hex");
		leaves.set("body", `${body.length} bytes, ${hash.slice(0, 16)}`);
		return leaves;
	}
	const walk = (place: string, node: XmlElement): void => {
		if (passingElements.test(place)) return;
		if (node.children.length === 0) add(place, node.text);
		const counts = new Map<string, number>();
		for (const inner of inOrder(node)) {
			const nth = counts.get(inner.name) ?? 0;
			counts.set(inner.name, nth + 1);
			const many = node.children.filter(({ name }) => name === inner.name);
			const index = many.length > 1 || repeated.test(inner.name);
			walk(`${place}.${inner.name}${index ? `.${nth}` : ""}`, inner);
		}
	};
	walk(document.name, document);
	return leaves;
}

const repeated =
	/^(Contents|Version|DeleteMarker|CommonPrefixes|Part|Upload|Deleted|Error|Tag)$/;

/** Tags are a set. */
function inOrder(node: XmlElement): readonly XmlElement[] {
	if (node.name !== "TagSet") return node.children;
	const nameOf = (tag: XmlElement) => JSON.stringify(tag.children);
	return node.children.toSorted((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
}
