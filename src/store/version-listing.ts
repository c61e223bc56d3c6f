/** ListObjectVersions. https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectVersions.html */
import type { S3Request, S3Response } from "../pipeline.ts";
import { compareKeys } from "../s3/listing.ts";
import { queryValue } from "../s3/operation.ts";
import { element, type XmlElement } from "../s3/xml.ts";
import { document, namespace, owner } from "./answers.ts";
import { StoreError } from "./errors.ts";
import {
	commonPrefixElements,
	entriesRequest,
	listingParameters,
} from "./listing-parameters.ts";
import { objectFacts } from "./listings.ts";
import { checkVersionId } from "./objects.ts";
import { selectEntries } from "./paging.ts";
import type { StoreState } from "./state.ts";
import type { Version } from "./versions.ts";

export function listVersions(
	state: StoreState,
	request: S3Request,
): S3Response {
	const bucket = state.buckets.find(request.operation.bucket);
	const { query } = request.operation;
	const marker = queryValue(query, "version-id-marker");
	checkMarker(marker, queryValue(query, "key-marker") ?? "");
	const parameters = listingParameters(request);
	const ask = entriesRequest(parameters, "version-id-marker", "max-keys");
	const { show } = parameters;
	const sorted = [...bucket.keys]
		.sort(([a], [b]) => compareKeys(a, b))
		.flatMap(([key, versions]) =>
			versions.map((version, index) => ({
				key,
				id: version.versionId,
				version,
				latest: index === 0,
			})),
		);
	const { entries, commonPrefixes, next } = selectEntries(sorted, ask);
	const facts: XmlElement[] = [
		element("Name", bucket.name),
		...parameters.echoed,
		element("KeyMarker", show(ask.keyMarker)),
		element("VersionIdMarker", ask.idMarker ?? ""),
		element("MaxKeys", ask.most),
		element("IsTruncated", next !== undefined),
		...(next === undefined ? [] : [element("NextKeyMarker", show(next.key))]),
		...(next?.id === undefined
			? []
			: [element("NextVersionIdMarker", next.id)]),
		...entries.map(({ version, latest }) => entry(version, latest, show)),
		...commonPrefixElements(commonPrefixes, show),
	];
	return document(200, element("ListVersionsResult", facts, namespace));
}

function checkMarker(marker: string | undefined, keyMarker: string): void {
	if (marker === undefined) return;
	const refuse = (message: string): never => {
		const fields = { ArgumentName: "version-id-marker", ArgumentValue: marker };
		throw new StoreError("InvalidArgument", fields, message);
	};
	if (marker === "") refuse("A version-id marker cannot be empty.");
	if (keyMarker === "") {
		refuse("A version-id marker cannot be specified without a key marker.");
	}
	checkVersionId(marker);
}

function entry(
	version: Version,
	latest: boolean,
	show: (text: string) => string,
): XmlElement {
	const [key, ...facts] = version.deleted
		? [
				element("Key", show(version.key)),
				element("LastModified", version.modified),
			]
		: objectFacts(version, show);
	return element(version.deleted ? "DeleteMarker" : "Version", [
		key as XmlElement,
		element("VersionId", version.versionId),
		element("IsLatest", latest),
		...facts,
		owner(),
	]);
}
