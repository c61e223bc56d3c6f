/** The list of parts that a client hands in to complete an upload: read, proven and turned into the store's. Pure. */
import {
	type Attestor,
	children,
	childText,
	element,
	parseXml,
	readPartEtag,
	renderXml,
	SealgateError,
} from "../../src/index.ts";
import { leastPart, mostParts } from "./upload.ts";

export interface ListedPart {
	readonly part: number;
	/** Of the store, without quotes. */
	readonly storeEtag: string;
	/** Plaintext in bytes; undefined where the client took the ETag from ListParts, so that only the store says it. */
	readonly length: number | undefined;
}

/** @throws SealgateError `xml-malformed`, `part-order-invalid`, `part-invalid` for a forged ETag or a list that is not 1, 2, 3 and so on */
export function readPartList(
	document: Buffer,
	attestor: Attestor,
): readonly ListedPart[] {
	const root = parseXml(document);
	const listed = children(root, "Part");
	if (listed.length === 0) {
		throw new SealgateError(
			"request-invalid",
			"You must specify at least one part",
		);
	}
	if (listed.length > mostParts) {
		throw new SealgateError(
			"xml-malformed",
			"The XML you provided was not well-formed or did not validate against our published schema",
		);
	}
	const numbers = listed.map((entry) => Number(childText(entry, "PartNumber")));
	if (numbers.some((part, index) => part <= (numbers[index - 1] ?? 0))) {
		throw new SealgateError(
			"part-order-invalid",
			"The list of parts was not in ascending order. Parts must be ordered by part number.",
		);
	}
	return listed.map((entry, index) => {
		const part = numbers[index];
		if (part !== index + 1) {
			throw invalid(
				`The parts of an encrypted object are numbered from 1 without a gap; part ${index + 1} of the list is number ${childText(entry, "PartNumber")}.`,
			);
		}
		const etag = (childText(entry, "ETag") ?? "").trim().replaceAll('"', "");
		const read = readPartEtag(attestor, part, etag);
		if (read === undefined) {
			throw invalid(`The ETag of part ${part} is not one of this upload.`);
		}
		return { part, ...read };
	});
}

/** @throws SealgateError `part-too-small` where a part that others follow has fewer than 5 MiB */
export function checkSizes(lengths: readonly number[]): void {
	const small = lengths.slice(0, -1).findIndex((length) => length < leastPart);
	if (small < 0) return;
	throw new SealgateError(
		"part-too-small",
		"Your proposed upload is smaller than the minimum allowed size",
		{
			fields: {
				ProposedSize: String(lengths[small]),
				MinSizeAllowed: String(leastPart),
				PartNumber: String(small + 1),
			},
		},
	);
}

/** The client says how long the object is to be. @throws SealgateError `request-invalid` */
export function checkObjectSize(
	claimed: string | undefined,
	lengths: readonly number[],
): void {
	const size = lengths.reduce((sum, length) => sum + length, 0);
	if (claimed === undefined || claimed === String(size)) return;
	throw new SealgateError(
		"request-invalid",
		`The provided 'x-amz-mp-object-size' header value ${claimed} does not match what was computed: ${size}`,
	);
}

/** The document for the store. */
export function renderPartList(etags: readonly string[]): string {
	return renderXml(
		element(
			"CompleteMultipartUpload",
			etags.map((etag, index) =>
				element("Part", [
					element("PartNumber", index + 1),
					element("ETag", `"${etag}"`),
				]),
			),
			{ xmlns: "http://s3.amazonaws.com/doc/2006-03-01/" },
		),
	);
}

export function invalid(why: string): SealgateError {
	return new SealgateError(
		"part-invalid",
		`One or more of the specified parts could not be found. ${why}`,
	);
}
