/** Which operation a request is, by the table. What the table does not know is refused, never guessed. */
import { SealgateError } from "../errors.ts";
import type { Operation, Query } from "./operation.ts";
import { type Level, type OperationRow, operations } from "./operations.ts";

const authenticationParameters = new Set([
	"x-amz-algorithm",
	"x-amz-credential",
	"x-amz-date",
	"x-amz-expires",
	"x-amz-security-token",
	"x-amz-signature",
	"x-amz-signedheaders",
	"awsaccesskeyid",
	"signature",
]);

/** Parameters of a URL presigned with Signature Version 2: boto3 repeats there what the headers must say. */
const aboutLegacy = new Set(["Expires", "content-type", "content-md5"]);

/**
 * Splits off the parameters of authentication, `x-id`, and headers that came in the query: presigners move them there,
 * and S3 reads them in any request. `X-Amz-Content-Sha256` is one of them, so that the body is held to it.
 */
export function hoistedHeaders(query: Query): {
	query: Query;
	headers: readonly (readonly [string, string])[];
} {
	const headers: [string, string][] = [];
	const legacy = query.some(([name]) => name === "AWSAccessKeyId");
	const rest = query.filter(([name, value]) => {
		const lower = name.toLowerCase();
		if (authenticationParameters.has(lower) || name === "x-id") return false;
		if (legacy && aboutLegacy.has(name)) return false;
		if (!lower.startsWith("x-amz-")) return true;
		headers.push([lower, value]);
		return false;
	});
	return { query: rest, headers };
}

/** In the order of the table. */
const byMethod = Object.groupBy(operations, ({ method }) => method);

/**
 * @param query without the parameters of authentication
 * @throws SealgateError `method-not-allowed`, `not-implemented` for a sub-resource that the table does not know,
 * `argument-invalid` for a parameter given twice: the store might read the other one
 */
export function classify(
	method: string,
	address: {
		readonly bucket: string | undefined;
		readonly key: string | undefined;
	},
	query: Query,
	headers: ReadonlyMap<string, string>,
): Operation {
	const level: Level =
		address.key !== undefined
			? "object"
			: address.bucket !== undefined
				? "bucket"
				: "service";
	const row = byMethod[method]?.find((candidate) =>
		fits(candidate, method, level, query, headers),
	);
	if (row === undefined) {
		throw new SealgateError(
			"method-not-allowed",
			"The specified method is not allowed against this resource.",
			{ fields: { Method: method, ResourceType: level.toUpperCase() } },
		);
	}
	if (!row.anyQuery) checkParameters(row, query);
	return { name: row.name, method, ...address, query };
}

function checkParameters(row: OperationRow, query: Query): void {
	const seen = new Set<string>();
	for (const [name, value] of query) {
		if (!knows(row, name)) {
			throw new SealgateError(
				"not-implemented",
				`A header or query you provided implies functionality that is not implemented: ${row.name} has no parameter "${name.slice(0, 100)}".`,
			);
		}
		if (seen.has(name)) {
			throw new SealgateError(
				"argument-invalid",
				`The parameter "${name.slice(0, 100)}" is given more than once.`,
				{ fields: { ArgumentName: name, ArgumentValue: value } },
			);
		}
		seen.add(name);
	}
}

function fits(
	row: OperationRow,
	method: string,
	level: Level,
	query: Query,
	headers: ReadonlyMap<string, string>,
): boolean {
	if (row.method !== method || row.byHost) return false;
	const preflight = row.method === "OPTIONS" && level === "bucket";
	if (row.level !== level && !preflight) return false;
	return (
		row.query.every((wanted) => hasParameter(query, wanted)) &&
		row.headers.every((name) => headers.has(name)) &&
		!row.withoutQuery.some((name) => hasParameter(query, name)) &&
		!row.withoutHeaders.some((name) => headers.has(name))
	);
}

function hasParameter(query: Query, wanted: string): boolean {
	const equals = wanted.indexOf("=");
	if (equals < 0) return query.some(([name]) => name === wanted);
	const value = wanted.slice(equals + 1);
	return query.some(
		([name, given]) => name === wanted.slice(0, equals) && given === value,
	);
}

/** Parameters that begin with `x-` are the client's own, for its access logs. */
function knows(row: OperationRow, name: string): boolean {
	return (
		row.optionalQuery.includes(name) ||
		row.query.some((wanted) => wanted.split("=", 1)[0] === name) ||
		/^x-/i.test(name)
	);
}
