/** GetObject of the S3 Encryption Clients' formats: nothing leaves before all of the object is authenticated. */
import {
	type Body,
	bodyOf,
	type ContentCipher,
	DecryptionError,
	type Exchange,
	type Next,
	openProven,
	openWhole,
	type Proof,
	piecesOf,
	proveWhole,
	readAll,
	type S3Request,
	type S3Response,
	s3ecCiphertextLength,
	through,
} from "../../../src/index.ts";
import { getObject as getSegmented } from "../get-object.ts";
import { provenStart } from "../proven-start.ts";
import {
	orRelease,
	type Read,
	refusal,
	toStore,
	unmarked,
} from "../reading.ts";
import type { Envelope } from "../settings.ts";
import { changed, pinned, release } from "../stored-object.ts";
import { readOf, type Slice, wantedNow, wantedOf } from "../wanted.ts";
import { answeredHeaders, sizeIn, sliceWithin } from "./answered.ts";
import { wholeMarks } from "./instruction-file.ts";
import { foundIn, readsOf } from "./marks.ts";
import { checkLength, cipherOf, recordOf } from "./opening.ts";

export async function getObject(
	envelope: Envelope,
	request: S3Request,
	next: Next,
	exchange: Exchange,
): Promise<S3Response> {
	const read = { envelope, request, next, exchange, wanted: wantedOf(request) };
	// Where both kinds are read, the object says which it is before its bytes are asked for.
	if (readsOf(envelope.options).includes("t1")) {
		const seen = await next(toStore(request, "HeadObject"));
		const found =
			seen.status === 200 ? foundIn(seen.headers, envelope.options) : "t1";
		if (found === "t1") return getSegmented(envelope, request, next, exchange);
	}
	const response = await next(toStore(request, "GetObject"));
	if (response.status !== 200) return refusal(response);
	return orRelease(response, () => answer(read, response));
}

async function answer(read: Read, response: S3Response): Promise<S3Response> {
	const { envelope, request, exchange } = read;
	const { options } = envelope;
	const found = foundIn(response.headers, options);
	if (found === "t1") throw changed(request);
	const marks = await wholeMarks(read, found);
	if (marks === undefined) return unmarked(read, response);
	const size = sizeIn(response);
	const record = recordOf(envelope, marks);
	checkLength(record, size);
	const { headers } = response;
	const wanted = wantedNow(read.wanted, request.headers, headers);
	const { buffer, range } = options.s3ec;
	const slice = sliceWithin(wanted, size, Math.max(buffer, range), headers);
	const cipher = await cipherOf(envelope, record, exchange);
	const body =
		size <= buffer
			? bodyOf(await openInMemory(cipher, response, size, slice))
			: await openInPasses(read, cipher, response, slice);
	return {
		status: slice.partial ? 206 : 200,
		headers: answeredHeaders(request, response, size, slice),
		body,
	};
}

async function openInMemory(
	cipher: ContentCipher,
	{ body }: S3Response,
	size: number,
	{ start, end }: Slice,
): Promise<Buffer> {
	const due = s3ecCiphertextLength(size);
	const sealed = await readAll(
		body ?? bodyOf(""),
		due,
		() => new DecryptionError("answer-malformed", "more bytes than announced"),
	);
	return openWhole(cipher, sealed).subarray(start, end);
}

/** The second request is about the very version that the first one authenticated. */
async function openInPasses(
	{ request, next }: Read,
	cipher: ContentCipher,
	first: S3Response,
	slice: Slice,
): Promise<Body> {
	const proof = await prove(cipher, first.body ?? bodyOf(""));
	const { start, end } = piecesOf(slice, proof);
	const range = `bytes=${start}-${end - 1}`;
	const { headers } = first;
	const version = headers.get("x-amz-version-id");
	const operation = readOf(request.operation, "GetObject", version);
	const again = { ...toStore(request, "GetObject"), operation };
	const second = await next(pinned(again, headers, range));
	const due = `bytes ${start}-${end - 1}/${s3ecCiphertextLength(proof.plaintext)}`;
	const given = second.headers.get("content-range");
	if (second.status !== 206 || second.body === undefined || given !== due) {
		release(second);
		if (second.status >= 300) throw changed(request);
		throw new DecryptionError(
			"answer-malformed",
			`the store answered ${second.status} with ${given} where ${due} was due`,
		);
	}
	return provenStart(
		through(second.body, slice.end - slice.start, (to) =>
			openProven(cipher, proof, slice, to),
		),
	);
}

/** @throws DecryptionError where the body is not what was written under this key */
function prove(cipher: ContentCipher, body: Body): Promise<Proof> {
	return new Promise((resolve, reject) => {
		const first = through(body, 0, (to) =>
			proveWhole(cipher, body.length ?? 0, resolve, to),
		);
		first.start({ data: () => true, end() {}, fail: reject });
	});
}
