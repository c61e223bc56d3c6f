/** PutObject. */
import type { S3Request, S3Response } from "../pipeline.ts";
import { empty } from "./answers.ts";
import { algorithmFor, checksumHeaders, wholeChecksum } from "./checksums.ts";
import { answeredToWrite, encryptionFor, etagOf } from "./encryption.ts";
import { grantsAsked } from "./grants.ts";
import { checkProof, lockAsked, withDefault } from "./locks.ts";
import { checkConditions, headersToKeep, writtenHeaders } from "./objects.ts";
import { defaultEncryption, type StoreState } from "./state.ts";
import { tagsOf } from "./tagging.ts";
import type { StoredObject } from "./versions.ts";

export async function putObject(
	state: StoreState,
	request: S3Request,
): Promise<S3Response> {
	const { key = "" } = request.operation;
	const bucket = state.buckets.find(request.operation.bucket);
	const guard = (current: StoredObject | undefined): void =>
		void checkConditions("write", request.headers, current);
	guard(bucket.current(key));
	const encryption = encryptionFor(
		request.headers,
		defaultEncryption(state, bucket),
		state.keys,
	);
	const headers = headersToKeep(request.headers);
	const tags = tagsOf(request.headers);
	const grants = grantsAsked(request.headers);
	checkProof(request);
	const lock = withDefault(
		bucket,
		lockAsked(bucket, request.headers),
		new Date(),
	);
	const algorithm = algorithmFor(request);
	const written = await state.files.write(request.body, algorithm);
	const stored = await bucket.publish(
		{
			key,
			size: written.size,
			etag: etagOf(written.md5, encryption),
			modified: new Date().toISOString(),
			headers,
			encryption,
			tags,
			...(grants && { grants }),
			lock,
			checksum: wholeChecksum(algorithm, written),
		},
		written.file,
		guard,
	);
	return empty(200, {
		etag: `"${stored.etag}"`,
		...writtenHeaders(bucket, stored),
		...checksumHeaders(stored.checksum),
		...answeredToWrite(encryption, request.headers),
	});
}
