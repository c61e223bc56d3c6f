/** Why something could not be decrypted. Stable: logs, metrics and audit records name these; the client never sees them. */
import { SealgateError } from "../errors.ts";

export type DecryptionReason =
	/** No mark of ours, where the route reads nothing else. */
	| "unmarked"
	/** Another format's mark, alone or beside ours. */
	| "format-refused"
	/** The metadata record is no record. */
	| "record-malformed"
	/** A version, algorithm, format, layout, flag or field that this release does not know. */
	| "record-unknown"
	/** The record was not sealed for this bucket and key under this wrapping key, or was altered. */
	| "seal-broken"
	/** The data key is not the one that the record commits to. */
	| "commitment-mismatch"
	/** The record names a key that the route does not decrypt with. */
	| "key-not-listed"
	/** The key provider refused the wrapping key's blob. */
	| "wrapping-key-refused"
	/** An S3 Encryption Client's data key was wrapped under another encryption context than the route's. */
	| "context-refused"
	/** An S3 Encryption Client's object is not what was written under its data key. */
	| "content-broken"
	/** No stream has this header or this length. */
	| "stream-malformed"
	/** A segment is not what was written at this place of this part of this object. */
	| "segment-broken"
	| "stream-truncated"
	| "stream-overlong"
	/** The store answered another stretch, length or status than was due. */
	| "answer-malformed"
	/** Two answers about one object were about different ones. */
	| "object-swapped"
	/** The mark that ends a multipart object does not prove its part table. */
	| "terminator-broken"
	/** Where the parts of the object end can be told neither by the store nor from the ciphertext. */
	| "parts-unknown"
	/** `bindMetadata`: the store's headers are not those that were written. */
	| "metadata-altered";

export class DecryptionError extends SealgateError {
	readonly reason: DecryptionReason;
	/** For the operator; holds no secret. */
	readonly detail: string;

	constructor(reason: DecryptionReason, detail: string, cause?: unknown) {
		super(
			"decryption-failed",
			"The object cannot be decrypted: it, its metadata or its key is not what was written. The gateway's log says why, under this request id.",
			cause === undefined ? {} : { cause },
		);
		this.reason = reason;
		this.detail = detail;
	}
}
