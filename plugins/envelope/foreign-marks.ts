/** Marks of other formats: an object that carries one is not plaintext, and no other format is read on a route of t1. Pure. */
import { DecryptionError, type HeaderMap } from "../../src/index.ts";

/** Of the AWS S3 Encryption Clients, versions 1 to 3. An empty value counts as absent: the Go client writes such. */
const foreign = /^x-amz-meta-x-amz-(key|key-v2|iv|cek-alg|wrap-alg|c|d|i|w|3)$/;

/** @throws DecryptionError `format-refused` */
export function checkMarks(headers: HeaderMap, ours: boolean): void {
	for (const [name, value] of headers) {
		if (!foreign.test(name) || value === "") continue;
		throw new DecryptionError(
			"format-refused",
			ours
				? `the object carries the mark of another format, ${name}, beside ours`
				: `the object carries the mark of another format, ${name}`,
		);
	}
}
