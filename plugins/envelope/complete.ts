/** The end of a multipart upload: the part table is proven, and where no short part ends the object, a terminator does. */
import {
	answerMeanwhile,
	bodyOf,
	childText,
	ciphertextLength,
	type Exchange,
	type Next,
	type PartTable,
	type S3Request,
	type S3Response,
	withHeaders,
	type XmlElement,
} from "../../src/index.ts";
import { completedBefore } from "./completed-before.ts";
import type { Completing } from "./completing.ts";
import { documentOf, withDocument } from "./documents.ts";
import { withClientEtags, withStoreConditions } from "./etags.ts";
import { withoutChecksums } from "./metadata.ts";
import {
	checkObjectSize,
	checkSizes,
	type ListedPart,
	readPartList,
	renderPartList,
} from "./part-list.ts";
import type { Envelope } from "./settings.ts";
import { statedLengths } from "./stated-lengths.ts";
import { type PutPart, putTerminator } from "./terminator.ts";
import { openUpload, withUploadId } from "./token.ts";
import { isLast } from "./upload.ts";

const objectSize = "x-amz-mp-object-size";
/** Another Complete of the same upload may put its own terminator between ours and the store's look at it. */
const attempts = 3;

/** Stores take minutes to put many parts together: the client is kept waiting with white space. */
export function completeUpload(
	envelope: Envelope,
	request: S3Request,
	next: Next,
	exchange: Exchange,
): Promise<S3Response> {
	return answerMeanwhile(complete(envelope, request, next, exchange), exchange);
}

async function complete(
	envelope: Envelope,
	request: S3Request,
	next: Next,
	exchange: Exchange,
): Promise<S3Response> {
	const upload = await openUpload(envelope, request, exchange);
	try {
		const completing = { envelope, request, next, exchange, upload };
		const content = request.body?.content ?? Buffer.alloc(0);
		const parts = readPartList(content, upload);
		const stated = await statedLengths(completing, parts);
		if ("refused" in stated)
			return (await completedBefore(completing, parts)) ?? stated.refused;
		const measured = parts.map((part, index) => ({
			...part,
			length: part.length ?? (stated.lengths[index] as number),
		}));
		const lengths = measured.map(({ length }) => length);
		const proven = parts.every(({ length }) => length !== undefined);
		checkSizes(lengths);
		checkObjectSize(request.headers.get(objectSize), lengths);
		return await finish(completing, { lengths, proven }, measured);
	} finally {
		upload.dataKey.fill(0);
		upload.attestationKey.fill(0);
	}
}

async function finish(
	completing: Completing,
	table: PartTable,
	parts: readonly ListedPart[],
): Promise<S3Response> {
	const { lengths } = table;
	const etags = parts.map(({ storeEtag }) => storeEtag);
	const ends = isLast(lengths.length, lengths.at(-1) as number);
	for (let attempt = 1; ; attempt++) {
		const end = ends ? undefined : await putTerminator(completing, table);
		if (end !== undefined && "status" in end) {
			return (await completedBefore(completing, parts)) ?? end;
		}
		const response = await send(completing, table, etags, end);
		const { status } = response;
		if (status !== 200 && status !== 404 && status !== 400) return response;
		const document = await documentOf(response);
		if (status === 200) return answered(response, document);
		const before = await completedBefore(completing, parts);
		if (before !== undefined) return before;
		const raced = childText(document, "Code") === "InvalidPart" && !ends;
		if (!raced || attempt === attempts) return withDocument(response, document);
	}
}

function send(
	{ envelope, request, next, upload }: Completing,
	{ lengths }: PartTable,
	etags: readonly string[],
	end: PutPart | undefined,
): Promise<S3Response> {
	const { segmentBytes } = envelope.format;
	const size = lengths.reduce(
		(sum, length) => sum + ciphertextLength(length, segmentBytes),
		end?.size ?? 0,
	);
	const stated = request.headers.has(objectSize);
	const headers = withHeaders(
		withoutChecksums(withStoreConditions(request.headers)),
		stated ? { [objectSize]: String(size) } : {},
	);
	const all = end === undefined ? etags : [...etags, end.etag];
	return next({
		...withUploadId(request, upload.uploadId),
		headers,
		body: bodyOf(renderPartList(all)),
	});
}

/** A document that is none but an `<Error>` behind a 200 passes as it is. */
function answered(response: S3Response, document: XmlElement): S3Response {
	const children = document.children.filter(
		({ name }) => !name.startsWith("Checksum"),
	);
	return withDocument(response, withClientEtags({ ...document, children }));
}
