/** HeadObject and GetObjectAttributes of the S3 Encryption Clients' formats: by the lengths that the store tells. */
import {
	bodyOf,
	type Exchange,
	element,
	type Next,
	renderXml,
	type S3Request,
	type S3Response,
} from "../../../src/index.ts";
import {
	answeredAttributes,
	attributesOf,
	getAttributes as getSegmentedAttributes,
	headOf,
} from "../attributes.ts";
import { clientEtag } from "../etags.ts";
import { headObject as headSegmented } from "../head-object.ts";
import { toStore } from "../reading.ts";
import type { Envelope } from "../settings.ts";
import { wantedNow, wantedOf } from "../wanted.ts";
import { answeredHeaders, sizeIn, sliceWithin } from "./answered.ts";
import { wholeMarks } from "./instruction-file.ts";
import { foundIn } from "./marks.ts";
import { checkLength, recordOf } from "./opening.ts";

/** The size of an object in one of these formats; undefined of any other. @throws DecryptionError */
async function sizeOf(
	envelope: Envelope,
	request: S3Request,
	next: Next,
	exchange: Exchange,
	seen: S3Response,
): Promise<number | undefined> {
	if (seen.status !== 200) return undefined;
	const found = foundIn(seen.headers, envelope.options);
	if (found === "t1") return undefined;
	const wanted = { kind: "whole" } as const;
	const read = { envelope, request, next, exchange, wanted };
	const marks = await wholeMarks(read, found);
	if (marks === undefined) return undefined;
	const size = sizeIn({ ...seen, body: undefined });
	checkLength(recordOf(envelope, marks), size);
	return size;
}

export async function headObject(
	envelope: Envelope,
	request: S3Request,
	next: Next,
	exchange: Exchange,
): Promise<S3Response> {
	const asked = wantedOf(request);
	const seen = await next(toStore(request, "HeadObject"));
	const size = await sizeOf(envelope, request, next, exchange, seen);
	if (size === undefined)
		return headSegmented(envelope, request, next, exchange);
	const { headers } = seen;
	const { buffer, range } = envelope.options.s3ec;
	const wanted = wantedNow(asked, request.headers, headers);
	const slice = sliceWithin(wanted, size, Math.max(buffer, range), headers);
	return {
		status: slice.partial ? 206 : 200,
		headers: answeredHeaders(request, seen, size, slice),
		body: undefined,
	};
}

export async function getAttributes(
	envelope: Envelope,
	request: S3Request,
	next: Next,
	exchange: Exchange,
): Promise<S3Response> {
	const names = attributesOf(request.headers);
	const seen = await next(headOf(request));
	const size = await sizeOf(envelope, request, next, exchange, seen);
	if (size === undefined)
		return getSegmentedAttributes(envelope, request, next, exchange);
	const { headers } = seen;
	const etag = clientEtag(headers.get("etag") ?? "").replaceAll('"', "");
	const told: Record<string, string | number> = {
		ETag: etag,
		StorageClass: headers.get("x-amz-storage-class") ?? "STANDARD",
		ObjectSize: size,
	};
	const children = names.flatMap((name) => {
		const value = told[name];
		return value === undefined ? [] : [element(name, value)];
	});
	const document = element("GetObjectAttributesResponse", children, {
		xmlns: "http://s3.amazonaws.com/doc/2006-03-01/",
	});
	return {
		status: 200,
		headers: answeredAttributes(headers),
		body: bodyOf(renderXml(document)),
	};
}
