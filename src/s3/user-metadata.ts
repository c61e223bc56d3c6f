/** User metadata: the `x-amz-meta-*` headers. */
import { SealgateError } from "../errors.ts";

const prefix = "x-amz-meta-";
/** Names without their prefix, and values. https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html */
const mostBytes = 2_048;

/**
 * @param headers values are latin1 strings, one character a byte
 * @throws SealgateError `metadata-too-large`
 */
export function checkUserMetadata(headers: ReadonlyMap<string, string>): void {
	let size = 0;
	for (const [name, value] of headers) {
		if (name.startsWith(prefix)) {
			size += name.length - prefix.length + value.length;
		}
	}
	if (size <= mostBytes) return;
	throw new SealgateError(
		"metadata-too-large",
		"Your metadata headers exceed the maximum allowed metadata size",
		{ fields: { Size: String(size), MaxSizeAllowed: String(mostBytes) } },
	);
}
