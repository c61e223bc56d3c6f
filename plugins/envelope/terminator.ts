/** The part behind the last one, which ends an object that no short part ends. */
import {
	bodyOf,
	type PartTable,
	type S3Response,
	SealgateError,
	sealTerminator,
	secretKey,
	terminatorPadding,
} from "../../src/index.ts";
import { type Completing, step } from "./completing.ts";

export interface PutPart {
	/** Of the store, without quotes. */
	readonly etag: string;
	/** In bytes. */
	readonly size: number;
}

/**
 * Answers the store's refusal where it takes no such part. A part of that number is replaced.
 * @throws SealgateError `upstream-broken` where it takes it without an ETag
 */
export async function putTerminator(
	completing: Completing,
	table: PartTable,
): Promise<PutPart | S3Response> {
	const { upload, envelope } = completing;
	const { format, random } = envelope;
	const dataKey = secretKey(upload.dataKey);
	const end = { dataKey, nonce: upload.nonce, format };
	const padding = terminatorPadding(table.lengths, format.segmentBytes);
	const content = Buffer.concat([
		sealTerminator(end, table, random),
		Buffer.alloc(padding),
	]);
	const number = String(table.lengths.length + 1);
	const response = await step(
		completing,
		"UploadPart",
		"PUT",
		[["partNumber", number]],
		bodyOf(content),
	);
	const etag = response.headers.get("etag")?.replaceAll('"', "");
	if (response.status !== 200) return response;
	if (etag === undefined) {
		throw new SealgateError(
			"upstream-broken",
			"The store answered a part without an ETag.",
		);
	}
	return { etag, size: content.length };
}
