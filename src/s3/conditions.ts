/**
 * Conditional requests in the order of RFC 9110 section 13.2.2, with what S3 adds: ETags without quotes count, and an
 * If-Modified-Since in the future does not. https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-requests.html
 */

/** `failed` is the name of the condition as S3 answers it in the field `Condition`, such as "If-Match". */
export type ConditionOutcome =
	| "proceed"
	| "not-modified"
	| { readonly failed: string };

export interface ObjectState {
	/** Without quotes. */
	readonly etag: string;
	readonly lastModified: Date;
}

/**
 * @param kind `read` answers 304 where nothing is new; `copy` reads the x-amz-copy-source-if-* headers; `write` knows
 * If-Match and If-None-Match alone
 * @param object undefined where there is none, for a write
 */
export function evaluateConditions(
	kind: "read" | "copy" | "write",
	headers: ReadonlyMap<string, string>,
	object: ObjectState | undefined,
	now: Date,
): ConditionOutcome {
	const prefix = kind === "copy" ? "x-amz-copy-source-" : "";
	const value = (name: string) => headers.get(prefix + name.toLowerCase());
	const date = (name: string) =>
		kind === "write" ? undefined : parseDate(value(name));
	const failed = (name: string) => ({ failed: prefix + name });
	const unless = (name: string) =>
		kind === "read" ? "not-modified" : failed(name);
	// HTTP dates know whole seconds.
	const modified =
		Math.floor((object?.lastModified.getTime() ?? 0) / 1_000) * 1_000;

	const match = value("If-Match");
	if (match !== undefined) {
		if (!names(match, object)) return failed("If-Match");
	} else {
		const unmodified = date("If-Unmodified-Since");
		if (unmodified !== undefined && modified > unmodified)
			return failed("If-Unmodified-Since");
	}
	const noneMatch = value("If-None-Match");
	if (noneMatch !== undefined) {
		if (names(noneMatch, object)) return unless("If-None-Match");
	} else {
		const since = date("If-Modified-Since");
		if (since !== undefined && since <= now.getTime() && modified <= since)
			return unless("If-Modified-Since");
	}
	return "proceed";
}

function names(condition: string, object: ObjectState | undefined): boolean {
	if (object === undefined) return false;
	return condition
		.split(",")
		.map((tag) => tag.trim().replace(/^W\//, "").replaceAll('"', ""))
		.some((tag) => tag === "*" || tag === object.etag);
}

/** Milliseconds. What is no date counts as absent; the form of asctime names no zone and means GMT. */
function parseDate(text: string | undefined): number | undefined {
	if (text === undefined) return undefined;
	const time = Date.parse(text.endsWith("GMT") ? text : `${text} GMT`);
	return Number.isNaN(time) ? undefined : time;
}
