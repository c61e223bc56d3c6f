/** What a copy is stored with: the description of its source or of the request, and a record for its new name. */
import {
	type HeaderMap,
	metadataHash,
	recordHeader,
	recordHeaderValue,
	replaces,
	type S3Response,
	sealRecord,
	withHeaders,
	withoutHeaders,
} from "../../src/index.ts";
import type { Copying } from "./copy-source.ts";
import { checkRoom, joinMetadata } from "./metadata.ts";
import { describe } from "./put-object.ts";
import type { FoundObject } from "./sealing.ts";
import { contextOf, copyName } from "./settings.ts";

/** The data key stays that of the source: it is sealed anew, under the name of the copy. */
export async function targetHeaders(copying: Copying): Promise<HeaderMap> {
	const { envelope, request, seen, found, exchange } = copying;
	const replaced = replaces(request.headers, "metadata");
	const others = withoutHeaders(
		request.headers,
		(name) =>
			name.startsWith("x-amz-copy-source") ||
			name === "x-amz-source-expected-bucket-owner" ||
			name === "x-amz-metadata-directive" ||
			(!replaced && isDescription(name)),
	);
	const own = replaced ? new Map<string, string>() : descriptionOf(seen, found);
	const described = describe(envelope, {
		...request,
		headers: new Map([...others, ...own]),
	});
	const { options, format, random, keys } = envelope;
	const name = copyName(envelope, request.operation);
	const objectScope = options.scope === "object";
	using wrapping = await keys.forSealing(
		options.keyId,
		contextOf(name, objectScope),
		0,
		exchange,
	);
	const { nonce, single, format: written = format } = found.record;
	const hash = options.bindMetadata && metadataHash(described.headers);
	const facts = {
		nonce,
		format: written,
		objectScope,
		...(single && { single }),
		...(hash && { metadataHash: hash }),
	};
	const checksums = [...found.metadata].filter(([header]) =>
		header.startsWith("x-amz-checksum-"),
	);
	const metadata = new Map([...described.metadata, ...checksums]);
	const dataKey = found.dataKey.export();
	try {
		const record = sealRecord(facts, dataKey, metadata, wrapping, name, random);
		const headers = withHeaders(described.headers, {
			[recordHeader]: recordHeaderValue(record),
		});
		checkRoom(headers);
		return headers;
	} finally {
		dataKey.fill(0);
	}
}

const description =
	/^(cache-control|content-(disposition|encoding|language|type)|expires|x-amz-meta-.*)$/;

function isDescription(name: string): boolean {
	return description.test(name);
}

function descriptionOf({ headers }: S3Response, found: FoundObject): HeaderMap {
	return withoutHeaders(
		joinMetadata(headers, found.metadata),
		(name) => !isDescription(name),
	);
}
