/** `x-amz-copy-source`: `[/]bucket/key[?versionId=id]`, percent-encoded, the slash between bucket and key perhaps too. */
import { SealgateError } from "../errors.ts";
import { isBucketName } from "./bucket.ts";

export interface CopySource {
	readonly bucket: string;
	readonly key: string;
	readonly versionId: string | undefined;
}

/**
 * A bare `+` is a space, as S3 reads it: a client that means a plus writes `%2B` (aws-cli, issue 614).
 * @throws SealgateError `argument-invalid`, `bucket-name-invalid` also for the ARN of an access point
 */
export function parseCopySource(header: string): CopySource {
	const [source = "", parameters, ...more] = header.split("?");
	const path = decode(source).replace(/^\//, "");
	const slash = path.indexOf("/");
	const key = path.slice(slash + 1);
	if (slash < 0 || key === "" || more.length > 0) throw invalid();
	const bucket = path.slice(0, slash);
	if (!isBucketName(bucket)) {
		throw new SealgateError(
			"bucket-name-invalid",
			"The specified bucket is not valid.",
			{ fields: { BucketName: bucket } },
		);
	}
	return { bucket, key, versionId: readVersion(parameters) };
}

/** The same as S3 and every store read alike: what a gateway judged is what it passes on. */
export function renderCopySource({
	bucket,
	key,
	versionId,
}: CopySource): string {
	const path = encodeURIComponent(key).replaceAll("%2F", "/");
	return versionId === undefined
		? `/${bucket}/${path}`
		: `/${bucket}/${path}?versionId=${encodeURIComponent(versionId)}`;
}

function readVersion(parameters: string | undefined): string | undefined {
	if (parameters === undefined) return undefined;
	const match = /^versionId=([^&]+)$/.exec(parameters);
	if (match === null) throw invalid();
	return decode(match[1] as string);
}

function decode(text: string): string {
	try {
		return decodeURIComponent(text.replaceAll("+", " "));
	} catch (cause) {
		throw invalid(cause);
	}
}

function invalid(cause?: unknown): SealgateError {
	return new SealgateError(
		"argument-invalid",
		"Invalid copy source object key",
		{
			cause,
			fields: {
				ArgumentName: "x-amz-copy-source",
				ArgumentValue: "x-amz-copy-source",
			},
		},
	);
}

/**
 * Whether a copy takes what the request says, rather than its source's. AWS, API reference of CopyObject.
 * @throws SealgateError `argument-invalid` for a directive that is neither COPY nor REPLACE
 */
export function replaces(
	headers: ReadonlyMap<string, string>,
	what: "metadata" | "tagging",
): boolean {
	const name = `x-amz-${what}-directive`;
	const value = headers.get(name) ?? "COPY";
	const directive = value.toUpperCase();
	if (directive === "COPY" || directive === "REPLACE")
		return directive === "REPLACE";
	throw new SealgateError("argument-invalid", `Unknown ${what} directive.`, {
		fields: { ArgumentName: name, ArgumentValue: value },
	});
}
