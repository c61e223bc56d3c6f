/** What the listings have in common: their parameters, and names as `encoding-type` wants them. */
import type { S3Request } from "../pipeline.ts";
import { encodeListingValue } from "../s3/listing.ts";
import { queryValue } from "../s3/operation.ts";
import { element, type XmlElement } from "../s3/xml.ts";
import { StoreError } from "./errors.ts";
import type { EntriesRequest } from "./paging.ts";

export interface ListingParameters {
	value(name: string): string;
	/** Most entries of a page: what is asked, 1,000 at most. @throws StoreError */
	most(name: string): number;
	readonly show: (text: string) => string;
	/** Elements that repeat what was asked. */
	readonly echoed: readonly XmlElement[];
}

const mostEntries = 1_000;

/** @throws StoreError for an unknown encoding */
export function listingParameters({ operation }: S3Request): ListingParameters {
	const value = (name: string): string =>
		queryValue(operation.query, name) ?? "";
	const encoding = queryValue(operation.query, "encoding-type");
	if (encoding !== undefined && encoding !== "url") {
		throw new StoreError(
			"InvalidArgument",
			{ ArgumentName: "encoding-type", ArgumentValue: encoding },
			"Invalid Encoding Method specified in Request",
		);
	}
	const show = (text: string): string =>
		encoding === undefined ? text : encodeListingValue(text);
	const delimiter = value("delimiter");
	return {
		value,
		most: (name) =>
			atMost(name, queryValue(operation.query, name), mostEntries),
		show,
		echoed: [
			element("Prefix", show(value("prefix"))),
			...(delimiter === "" ? [] : [element("Delimiter", show(delimiter))]),
			...(encoding === undefined ? [] : [element("EncodingType", encoding)]),
		],
	};
}

/** @param text undefined: `limit` @throws StoreError for what is no number */
export function atMost(
	name: string,
	text: string | undefined,
	limit: number,
): number {
	if (text === undefined || text === "") return limit;
	if (/^\d{1,10}$/.test(text) && Number(text) < 2 ** 31) {
		return Math.min(Number(text), limit);
	}
	throw new StoreError(
		"InvalidArgument",
		{ ArgumentName: name, ArgumentValue: text },
		`Provided ${name} not an integer or within integer range`,
	);
}

/** @param marker name of the parameter that is the id of an entry @param most name of the parameter of the size */
export function entriesRequest(
	{ value, most }: ListingParameters,
	marker: string,
	size: string,
): EntriesRequest {
	return {
		prefix: value("prefix"),
		delimiter: value("delimiter"),
		keyMarker: value("key-marker"),
		idMarker: value(marker) || undefined,
		most: most(size),
	};
}

export function commonPrefixElements(
	prefixes: readonly string[],
	show: (text: string) => string,
): XmlElement[] {
	return prefixes.map((prefix) =>
		element("CommonPrefixes", [element("Prefix", show(prefix))]),
	);
}
