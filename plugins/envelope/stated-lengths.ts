/** Where the client names parts by the ETags of ListParts, the store says how long they are. */
import {
	children,
	childText,
	plaintextLength,
	type S3Response,
	SealgateError,
	type XmlElement,
} from "../../src/index.ts";
import { type Completing, step } from "./completing.ts";
import { documentOf } from "./documents.ts";
import { invalid, type ListedPart } from "./part-list.ts";
import { mostParts } from "./upload.ts";

export type Stated =
	/** Plaintext of each part in bytes, in the order of their numbers. */
	| { readonly lengths: readonly number[] }
	/** The store's refusal: it knows no such upload any more. */
	| { readonly refused: S3Response };

/** @throws SealgateError `part-invalid` for a part that the store does not have under that ETag */
export async function statedLengths(
	completing: Completing,
	parts: readonly ListedPart[],
): Promise<Stated> {
	if (parts.every(({ length }) => length !== undefined)) return { lengths: [] };
	const { segmentBytes } = completing.envelope.format;
	const lengths = new Map<string, number>();
	for (let marker = 0; marker < mostParts; ) {
		const response = await step(completing, "ListParts", "GET", [
			["part-number-marker", String(marker)],
		]);
		if (response.status !== 200) return { refused: response };
		const page = await documentOf(response);
		for (const part of children(page, "Part")) {
			const size = Number(childText(part, "Size"));
			const length = plaintextLength(size, segmentBytes);
			if (length !== undefined) lengths.set(nameOf(part), length);
		}
		if (childText(page, "IsTruncated") !== "true") break;
		marker = following(page, marker);
	}
	return {
		lengths: parts.map(({ part, storeEtag, length }) => {
			const stated = length ?? lengths.get(`${part} ${storeEtag}`);
			if (stated !== undefined) return stated;
			throw invalid(`Part ${part} was not uploaded, or has another ETag.`);
		}),
	};
}

function nameOf(part: XmlElement): string {
	const etag = (childText(part, "ETag") ?? "").replaceAll('"', "");
	return `${Number(childText(part, "PartNumber"))} ${etag}`;
}

/** @throws SealgateError `upstream-broken` where the store's pages do not go on */
function following(page: XmlElement, marker: number): number {
	const next = Number(childText(page, "NextPartNumberMarker"));
	if (Number.isInteger(next) && next > marker) return next;
	throw new SealgateError(
		"upstream-broken",
		"The store's list of parts has no next page where it says that there is one.",
	);
}
