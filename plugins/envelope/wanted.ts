/** What of an object a read wants: all of it, a range of its plaintext, or one part. Pure. */
import {
	type HeaderMap,
	type Operation,
	parseRange,
	queryValue,
	type S3Request,
	SealgateError,
} from "../../src/index.ts";
import { storeEtag } from "./etags.ts";

export type Wanted =
	| { readonly kind: "whole" }
	| { readonly kind: "range"; readonly header: string }
	/** From 1. */
	| { readonly kind: "part"; readonly number: number };

/** Plaintext from `start` up to `end`, exclusive. */
export interface Slice {
	readonly start: number;
	readonly end: number;
	/** 206 rather than 200. */
	readonly partial: boolean;
}

/** @throws SealgateError `request-invalid`, `argument-invalid` */
export function wantedOf({ headers, operation }: S3Request): Wanted {
	const range = headers.get("range");
	const part = queryValue(operation.query, "partNumber");
	if (part === undefined) {
		// Asked of an endless object, only what S3 ignores is ignored.
		const ignored =
			range === undefined ||
			parseRange(range, Number.MAX_SAFE_INTEGER) === "ignored";
		return ignored ? { kind: "whole" } : { kind: "range", header: range };
	}
	if (range !== undefined) {
		throw new SealgateError(
			"request-invalid",
			"Cannot specify both Range header and partNumber query parameter",
		);
	}
	const number = Number(part);
	if (!/^\d{1,5}$/.test(part) || number < 1 || number > 10_000) {
		throw new SealgateError(
			"argument-invalid",
			"Part number must be an integer between 1 and 10000, inclusive",
			{ fields: { ArgumentName: "partNumber", ArgumentValue: part } },
		);
	}
	return { kind: "part", number };
}

/**
 * The range counts only where `If-Range` names the object as it is now; else all of it is wanted. RFC 9110, 13.1.5.
 * @param seen of an answer of the store about the object
 */
export function wantedNow(
	wanted: Wanted,
	asked: HeaderMap,
	seen: HeaderMap,
): Wanted {
	const condition = asked.get("if-range")?.trim();
	if (wanted.kind !== "range" || condition === undefined) return wanted;
	const isEtag = condition.endsWith('"');
	const now = seen.get(isEtag ? "etag" : "last-modified");
	const named = isEtag ? storeEtag(condition) : condition;
	return named === now ? wanted : { kind: "whole" };
}

/**
 * @param lengths plaintext of the parts, without a terminator
 * @throws SealgateError `range-unsatisfiable`, `part-unsatisfiable`
 */
export function sliceOf(wanted: Wanted, lengths: readonly number[]): Slice {
	const size = lengths.reduce((sum, length) => sum + length, 0);
	if (wanted.kind === "whole") return { start: 0, end: size, partial: false };
	if (wanted.kind === "part") return sliceOfPart(wanted.number, lengths);
	const range = parseRange(wanted.header, size);
	if (range === "ignored") return { start: 0, end: size, partial: false };
	if (range === "unsatisfiable") {
		throw new SealgateError(
			"range-unsatisfiable",
			"The requested range is not satisfiable",
			{
				fields: {
					RangeRequested: wanted.header,
					ActualObjectSize: String(size),
				},
			},
		);
	}
	return { start: range.start, end: range.end + 1, partial: true };
}

function sliceOfPart(number: number, lengths: readonly number[]): Slice {
	const length = lengths[number - 1];
	if (length === undefined) {
		throw new SealgateError(
			"part-unsatisfiable",
			"The requested partnumber is not satisfiable",
			{
				fields: {
					PartNumberRequested: String(number),
					ActualPartCount: String(lengths.length),
				},
			},
		);
	}
	const start = lengths
		.slice(0, number - 1)
		.reduce((sum, part) => sum + part, 0);
	// S3 answers no Content-Range for what has no bytes.
	return { start, end: start + length, partial: length > 0 };
}

/** The same operation on the same object, with the parameters that a store may see of a read. */
export function readOf(
	operation: Operation,
	name: "GetObject" | "HeadObject",
	versionId: string | undefined,
): Operation {
	const query = operation.query.filter(
		([parameter]) =>
			parameter !== "partNumber" &&
			parameter !== "attributes" &&
			!isOverride(parameter),
	);
	const named = query.some(([parameter]) => parameter === "versionId");
	return {
		...operation,
		name,
		method: name === "GetObject" ? "GET" : "HEAD",
		query:
			versionId === undefined || named
				? query
				: [...query, ["versionId", versionId]],
	};
}

const override =
	/^response-(cache-control|content-(?:disposition|encoding|language|type)|expires)$/;

function isOverride(parameter: string): boolean {
	return override.test(parameter);
}

/** What `response-content-type` and its like ask for: answered here, for the store's own words may be authenticated. */
export function overridesOf({ query }: Operation): Record<string, string> {
	const found = query.flatMap(([name, value]) => {
		const [, header] = override.exec(name) ?? [];
		return header === undefined ? [] : [[header, value] as const];
	});
	return Object.fromEntries(found);
}
