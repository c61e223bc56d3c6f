/** ListMultipartUploads and ListParts. */
import type { S3Request, S3Response } from "../pipeline.ts";
import { compareKeys } from "../s3/listing.ts";
import { queryValue } from "../s3/operation.ts";
import { element, type XmlElement } from "../s3/xml.ts";
import { document, namespace, owner } from "./answers.ts";
import { checkPartKey } from "./customer-keys.ts";
import {
	atMost,
	commonPrefixElements,
	entriesRequest,
	listingParameters,
} from "./listing-parameters.ts";
import { uploadOf } from "./multipart.ts";
import { selectEntries } from "./paging.ts";
import type { StoreState } from "./state.ts";
import type { Part, Upload } from "./uploads.ts";

export function listUploads(state: StoreState, request: S3Request): S3Response {
	const bucket = state.buckets.find(request.operation.bucket);
	const parameters = listingParameters(request);
	const ask = entriesRequest(parameters, "upload-id-marker", "max-uploads");
	const { show } = parameters;
	const sorted = [...state.uploads.of(bucket.name)].sort(
		(a, b) => compareKeys(a.key, b.key) || compareKeys(a.id, b.id),
	);
	const { entries, commonPrefixes, next } = selectEntries(sorted, ask);
	const facts: XmlElement[] = [
		element("Bucket", bucket.name),
		element("KeyMarker", show(ask.keyMarker)),
		element("UploadIdMarker", ask.idMarker ?? ""),
		...parameters.echoed,
		...(next === undefined
			? []
			: [
					element("NextKeyMarker", show(next.key)),
					element("NextUploadIdMarker", next.id ?? ""),
				]),
		element("MaxUploads", ask.most),
		element("IsTruncated", next !== undefined),
		...entries.map((upload) =>
			element("Upload", [
				element("Key", show(upload.key)),
				element("UploadId", upload.id),
				...ownership(upload),
				element("Initiated", upload.initiated),
			]),
		),
		...commonPrefixElements(commonPrefixes, show),
	];
	return document(200, element("ListMultipartUploadsResult", facts, namespace));
}

/** Who began it, and as what; the checksum where the client chose one. */
function ownership({ headers, checksum }: Upload): XmlElement[] {
	return [
		owner("Initiator"),
		owner(),
		element("StorageClass", headers["x-amz-storage-class"] ?? "STANDARD"),
		...(checksum.chosen
			? [
					element("ChecksumAlgorithm", checksum.algorithm.toUpperCase()),
					element("ChecksumType", checksum.type),
				]
			: []),
	];
}

const mostParts = 1_000;

export function listParts(state: StoreState, request: S3Request): S3Response {
	const upload = uploadOf(state, request);
	if ([...request.headers.keys()].some((name) => name.includes("-customer-"))) {
		checkPartKey(request.headers, upload.encryption.customerKey);
	}
	const { query } = request.operation;
	const { show } = listingParameters(request);
	const most = atMost("max-parts", queryValue(query, "max-parts"), mostParts);
	const asked = queryValue(query, "part-number-marker");
	const marker = atMost("part-number-marker", asked ?? "0", 10_000);
	const rest = [...upload.parts.values()]
		.filter(({ number }) => number > marker)
		.sort((a, b) => a.number - b.number);
	const shown = rest.slice(0, most);
	const facts = [
		element("Bucket", upload.bucket),
		element("Key", show(upload.key)),
		element("UploadId", upload.id),
		...ownership(upload),
		element("PartNumberMarker", marker),
		element("NextPartNumberMarker", shown.at(-1)?.number ?? 0),
		element("MaxParts", most),
		element("IsTruncated", most > 0 && rest.length > shown.length),
		...shown.map((part) => partElement(part, upload)),
	];
	return document(200, element("ListPartsResult", facts, namespace));
}

function partElement(part: Part, { checksum }: Upload): XmlElement {
	const named = `Checksum${checksum.algorithm.toUpperCase()}`;
	return element("Part", [
		element("PartNumber", part.number),
		element("LastModified", part.modified),
		element("ETag", `"${part.etag}"`),
		element("Size", part.size),
		...(checksum.chosen ? [element(named, part.checksum)] : []),
	]);
}
