/** GetObjectAttributes: told from a HEAD, for what the store would say of itself describes ciphertext. */
import {
	bodyOf,
	type Exchange,
	element,
	type HeaderMap,
	type Next,
	renderXml,
	type S3Request,
	type S3Response,
	SealgateError,
	withoutHeaders,
	type XmlElement,
} from "../../src/index.ts";
import { clientEtag } from "./etags.ts";
import type { ObjectTable } from "./part-table.ts";
import {
	open,
	type Read,
	refusal,
	tableOf,
	toStore,
	unmarked,
} from "./reading.ts";
import type { FoundObject } from "./sealing.ts";
import type { Envelope } from "./settings.ts";

export async function getAttributes(
	envelope: Envelope,
	request: S3Request,
	next: Next,
	exchange: Exchange,
): Promise<S3Response> {
	const wanted = { kind: "whole" } as const;
	const read: Read = { envelope, request, next, exchange, wanted };
	const asked = attributesOf(request.headers);
	const seen = await next(headOf(request));
	// Its own document of a refusal comes with its own operation only.
	if (seen.status >= 300) return refused(await next(request));
	if (seen.status !== 200) return refusal(seen);
	const found = await open(read, seen);
	if (found === undefined) return unmarked(read, seen);
	const size = Number(seen.headers.get("content-length"));
	const table = await tableOf(read, found, seen, size);
	const told = describe(seen.headers, found, table);
	const children = asked.flatMap((name) => told[name] ?? []);
	const document = element("GetObjectAttributesResponse", children, {
		xmlns: "http://s3.amazonaws.com/doc/2006-03-01/",
	});
	const headers = answeredAttributes(seen.headers);
	return { status: 200, headers, body: bodyOf(renderXml(document)) };
}

/** @param headers of the store's answer to a HEAD */
export function answeredAttributes(headers: HeaderMap): HeaderMap {
	return new Map(withoutHeaders(headers, (name) => !answered.test(name))).set(
		"content-type",
		"application/xml",
	);
}

const answered =
	/^(last-modified|x-amz-(version-id|delete-marker|request-id|id-2|request-charged))$/;

/** @throws SealgateError `argument-invalid` */
export function attributesOf(headers: HeaderMap): string[] {
	const value = headers.get("x-amz-object-attributes") ?? "";
	const names = value.split(",").map((name) => name.trim());
	const known = [
		"ETag",
		"Checksum",
		"ObjectParts",
		"StorageClass",
		"ObjectSize",
	];
	if (names.every((name) => known.includes(name))) {
		return known.filter((name) => names.includes(name));
	}
	throw new SealgateError(
		"argument-invalid",
		"Invalid attribute name specified.",
		{
			fields: {
				ArgumentName: "x-amz-object-attributes",
				ArgumentValue: value,
			},
		},
	);
}

export function headOf(request: S3Request): S3Request {
	const { operation, headers, body } = toStore(request, "HeadObject");
	const query = operation.query.filter(([name]) => name === "versionId");
	const kept = withoutHeaders(headers, (name) =>
		/^x-amz-(object-attributes|max-parts|part-number-marker)$/.test(name),
	);
	return { operation: { ...operation, query }, headers: kept, body };
}

function refused(response: S3Response): S3Response {
	if (response.status >= 300) return refusal(response);
	return refusal({ ...response, status: 203 });
}

function describe(
	headers: HeaderMap,
	{ record, metadata }: FoundObject,
	{ lengths }: ObjectTable,
): Record<string, XmlElement[]> {
	const etag = clientEtag(headers.get("etag") ?? "").replaceAll('"', "");
	const checksums = [...metadata].filter(([name]) =>
		name.startsWith("x-amz-checksum-"),
	);
	const shown = checksums.map(([name, value]) =>
		element(
			`Checksum${name.slice("x-amz-checksum-".length).toUpperCase()}`,
			value,
		),
	);
	const type = element("ChecksumType", "FULL_OBJECT");
	const size = lengths.reduce((sum, length) => sum + length, 0);
	// Without checksums of parts S3 tells no more of them than how many there are.
	const parts = [element("PartsCount", lengths.length)];
	return {
		ETag: [element("ETag", etag)],
		Checksum: shown.length > 0 ? [element("Checksum", [...shown, type])] : [],
		ObjectParts:
			record.single === undefined ? [element("ObjectParts", parts)] : [],
		StorageClass: [
			element("StorageClass", headers.get("x-amz-storage-class") ?? "STANDARD"),
		],
		ObjectSize: [element("ObjectSize", size)],
	};
}
