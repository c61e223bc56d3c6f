/** Two runs of the shared suite against each other: equal but for the differences that are by design. */
import type { Answer, Side } from "./answers.ts";
import { type Difference, differences, ofStores } from "./differences.ts";

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
	/** What no row of the table allows: where in the answer, and both values. */
	readonly unequal: readonly { readonly step: string; readonly what: string }[];
	/** Rows of the table that were needed. */
	readonly needed: ReadonlySet<Difference>;
}

type Named = Pick<Side, "endpoint" | "bucket">;

interface Leaf {
	readonly step: string;
	readonly value: unknown;
}

/** @param store name of the store, for rows that are of one store alone */
export function compare(
	direct: readonly Answer[],
	directSide: Named,
	through: readonly Answer[],
	throughSide: Named,
	store = "",
): Comparison {
	const unequal: { step: string; what: string }[] = [];
	const needed = new Set<Difference>();
	const left = normalised(direct, directSide);
	const right = normalised(through, throughSide);
	const rows = [...differences, ...(ofStores[store] ?? [])];
	for (const place of new Set([...left.keys(), ...right.keys()])) {
		const values = [left.get(place)?.value, right.get(place)?.value];
		if (values[0] === values[1]) continue;
		const row = rows.find(({ places }) => places.test(place));
		if (row === undefined)
			unequal.push({
				step: (left.get(place) ?? right.get(place))?.step ?? "",
				what: `${place}: ${values.join(" is now ")}`,
			});
		else needed.add(row);
	}
	return { unequal, needed };
}

/** Tags are a set: stores give them in any order. */
function inOrder(name: string, value: object): object {
	if (name !== "TagSet" || !Array.isArray(value)) return value;
	return value.toSorted((a, b) => (a.Key < b.Key ? -1 : 1));
}

/** Every leaf of every answer by its place: `step status`, `step headers.etag`, `step output.Contents.0.Size`. */
function normalised(
	answers: readonly Answer[],
	{ endpoint, bucket }: Named,
): Map<string, Leaf> {
	const leaves = new Map<string, Leaf>();
	let step = "";
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
			leaves.set(place, { step, value: leaf(name, value) });
			return;
		}
		for (const [key, item] of Object.entries(inOrder(name, value))) {
			walk(`${place}.${key}`, key, item);
		}
	};
	for (const { status, headers, output, ...answer } of answers) {
		step = answer.step;
		leaves.set(`${step} status`, { step, value: status });
		const kind = status >= 400 ? "refused." : "";
		for (const [name, value] of Object.entries(headers)) {
			if (passing.test(name.toLowerCase())) continue;
			walk(
				`${step} ${kind}headers.${name.toLowerCase()}`,
				name.toLowerCase(),
				value,
			);
		}
		walk(`${step} ${kind}output`, "output", output);
	}
	return leaves;
}
