/** Two runs of the shared suite against each other: equal but for the differences that are by design. */
import type { Answer, Side } from "./answers.ts";
import { type Difference, differences } from "./differences.ts";

/** Of the connection or of the very request: no answer about an object. */
const passing =
	/^(date|server|connection|keep-alive|transfer-encoding|content-length|vary|x-amz-request-id|x-amz-id-2|x-ratelimit-.*|strict-transport-security|x-xss-protection|x-content-type-options)$/;
const passingFields = /^(RequestId|HostId|RetryAttempts|HTTPHeaders|Resource)$/;
const times =
	/^(last-modified|LastModified|Initiated|CreationDate|Date|InitiatedDate)$/i;
/** Ids of the server's choice: the first that comes is 1. */
const ids =
	/^(VersionId|UploadId|DeleteMarkerVersionId|CopySourceVersionId|SourceVersionId|NextVersionIdMarker|VersionIdMarker|NextUploadIdMarker|NextContinuationToken|ContinuationToken|x-amz-version-id|x-amz-copy-source-version-id)$/;

export interface Comparison {
	/** What no row of the table allows: the step, where in its answer, and both values. */
	readonly unequal: readonly string[];
	/** Rows of the table that were needed. */
	readonly needed: ReadonlySet<Difference>;
}

type Named = Pick<Side, "endpoint" | "bucket">;

/** @param store name of the store, for rows that are of one store alone */
export function compare(
	direct: readonly Answer[],
	directSide: Named,
	through: readonly Answer[],
	throughSide: Named,
	store = "",
): Comparison {
	const unequal: string[] = [];
	const needed = new Set<Difference>();
	const left = normalised(direct, directSide);
	const right = normalised(through, throughSide);
	for (const place of new Set([...left.keys(), ...right.keys()])) {
		const values = [left.get(place), right.get(place)];
		if (values[0] === values[1]) continue;
		const row = differences.find(
			({ places, stores }) =>
				places.test(place) && (stores === undefined || stores.includes(store)),
		);
		if (row === undefined) unequal.push(`${place}: ${values.join(" is now ")}`);
		else needed.add(row);
	}
	return { unequal, needed };
}

/** Every leaf of every answer by its place: `step status`, `step headers.etag`, `step output.Contents.0.Size`. */
function normalised(
	answers: readonly Answer[],
	{ endpoint, bucket }: Named,
): Map<string, unknown> {
	const leaves = new Map<string, unknown>();
	const known = new Map<string, number>();
	const { host } = new URL(endpoint);
	const leaf = (name: string, value: unknown): unknown => {
		if (times.test(name)) return "a time";
		if (value instanceof Date) return value.toISOString();
		if (typeof value !== "string") return value;
		if (ids.test(name) && value !== "null" && value !== "") {
			if (!known.has(value)) known.set(value, known.size + 1);
			return `id ${known.get(value)}`;
		}
		return value
			.replaceAll(endpoint, "ENDPOINT")
			.replaceAll(host, "HOST")
			.replaceAll(bucket, "BUCKET");
	};
	const walk = (place: string, name: string, value: unknown): void => {
		if (passingFields.test(name) || value === undefined) return;
		const inner = typeof value === "object" && value !== null;
		if (!inner || value instanceof Date) {
			leaves.set(place, leaf(name, value));
			return;
		}
		for (const [key, item] of Object.entries(value)) {
			walk(`${place}.${key}`, key, item);
		}
	};
	for (const { step, status, headers, output } of answers) {
		leaves.set(`${step} status`, status);
		for (const [name, value] of Object.entries(headers)) {
			if (passing.test(name.toLowerCase())) continue;
			walk(`${step} headers.${name.toLowerCase()}`, name.toLowerCase(), value);
		}
		walk(`${step} output`, "output", output);
	}
	return leaves;
}
