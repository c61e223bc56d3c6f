/** `x-amz-copy-source`: `[/]bucket/key[?versionId=id]`, percent-encoded. */
import { SealgateError } from "../errors.ts";

export interface CopySource {
	readonly bucket: string;
	readonly key: string;
	readonly versionId: string | undefined;
}

/** @throws SealgateError `argument-invalid` */
export function parseCopySource(header: string): CopySource {
	const match = /^\/?([^/?]+)\/(.*?)(?:\?versionId=([^&]*))?$/s.exec(header);
	try {
		if (match !== null) {
			const [, bucket = "", key = "", versionId] = match;
			const source = {
				bucket: decodeURIComponent(bucket),
				key: decodeURIComponent(key),
				versionId: versionId && decodeURIComponent(versionId),
			};
			if (source.key !== "") return source;
		}
	} catch {
		// Falls through to the one refusal below.
	}
	throw new SealgateError(
		"argument-invalid",
		"Copy Source must mention the source bucket and key: sourcebucket/sourcekey",
		{ fields: { ArgumentName: "x-amz-copy-source", ArgumentValue: header } },
	);
}
