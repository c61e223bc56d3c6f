/** One request of a sequence, as plain data: it prints, it replays, and it goes to both sides alike. */

/** Bytes that size and seed give, or text. */
export type Content =
	| { readonly size: number; readonly seed: number }
	| { readonly text: string };

/** How the body is signed and framed; `wrong` is the hash of other bytes. */
export type Payload = "hash" | "unsigned" | "trailer" | "chunks" | "wrong";

/**
 * Values may hold `{bucket}` and `{12.etag}`: what the answer to step 12 said on that side, by the name of a header
 * without `x-amz-` (`etag`, `version-id`, `last-modified`) or of an element (`UploadId`). Where it said none: a
 * header or a pair of the query that is only that is left out, anything else, and an upload's id, gets `none`. A header of `{content}` is
 * the SHA-256 of the content as it leaves, in base64.
 */
export interface Step {
	readonly id: number;
	/** For people and for the table of what is explained. */
	readonly name: string;
	readonly method: string;
	/** Absent: the bucket itself. */
	readonly key?: string;
	readonly query?: readonly (readonly [name: string, value: string])[];
	readonly headers?: Readonly<Record<string, string>>;
	readonly content?: Content;
	/** Absent: `hash`. */
	readonly payload?: Payload;
	/** The signature stands in the query. */
	readonly presigned?: boolean;
}
