/** What cannot be right on encrypted objects, refused by its name. Pure. */
import { type HeaderMap, SealgateError } from "../../src/index.ts";

export function unsupported(what: string): SealgateError {
	return new SealgateError(
		"policy-unsupported",
		`A header or query you provided implies functionality that is not implemented: ${what} cannot be right on encrypted objects.`,
	);
}

/** What one GCM message for each object cannot be. */
export function unsupportedBy(what: string): SealgateError {
	return new SealgateError(
		"policy-unsupported",
		`A header or query you provided implies functionality that is not implemented: the formats of the S3 Encryption Clients have no ${what}. The format t1 has.`,
	);
}

/** They speak of offsets and sizes of the store's bytes, or ask it for a checksum of what it cannot know. */
const wrong = ["x-amz-write-offset-bytes", "x-amz-if-match-size"];

/** @throws SealgateError `policy-unsupported` */
export function checkHeaders(headers: HeaderMap): void {
	const name = wrong.find((name) => headers.has(name));
	if (name !== undefined) throw unsupported(name);
}
