/**
 * What would reach a bucket past the routes that are judged by its name. Refused by name on every upstream, but for a
 * session's keys where clients sign for the store themselves: their requests pass here and are judged like all others.
 */
import { SealgateError } from "../errors.ts";
import type { HeaderMap } from "../http/headers.ts";
import { parseCopySource } from "../s3/copy-source.ts";
import { isAccessPointAlias, isAccessPointHost } from "../s3/host.ts";
import type { Operation } from "../s3/operation.ts";
import type { OperationName } from "../s3/operations.ts";

/** Keys of a session, and answers of a function, that no layer here would see used. */
const refused = new Set<OperationName>([
	"CreateSession",
	"WriteGetObjectResponse",
]);

/** No bucket of MinIO's, but where it has its administration, which obeys the gateway's own credentials. */
export const administration = "minio";

/**
 * Before the path is read: under these hosts it means something else.
 * @throws SealgateError `not-implemented`
 */
export function refuseForeignHost(host: string, headers: HeaderMap): void {
	if (
		headers.has("x-amz-request-route") &&
		headers.has("x-amz-request-token")
	) {
		throw refusal("WriteGetObjectResponse");
	}
	if (isAccessPointHost(host)) throw refusal("an access point in Host");
}

/** @throws SealgateError `not-implemented`, and what `parseCopySource` throws */
export function refuseWaysPast(
	operation: Operation,
	headers: HeaderMap,
	passthrough: boolean,
): void {
	const passes = passthrough && operation.name === "CreateSession";
	if (refused.has(operation.name) && !passes) throw refusal(operation.name);
	refuseForeignOrders(headers);
	const buckets = [
		operation.bucket,
		...["x-amz-copy-source", "x-amz-rename-source"].map((name) => {
			const source = headers.get(name);
			return source === undefined ? undefined : parseCopySource(source).bucket;
		}),
	];
	for (const bucket of buckets) {
		if (bucket === administration) throw refusal(`/${bucket}/`);
		if (bucket !== undefined && isAccessPointAlias(bucket))
			throw refusal(`the access point alias ${bucket}`);
	}
}

/**
 * Orders of a maker's own, which reach other keys than the request names. MinIO deletes whatever begins with the key
 * (`x-minio-force-delete`), reads inside an archive (`x-minio-extract`), or unpacks one into objects (`snowball`).
 */
const foreignOrder =
	/^(x-minio-.*|x-amz-meta-snowball-auto-extract|x-(?!amz-)[a-z]+-(copy|rename)-source)$/;

/** @throws SealgateError `not-implemented` */
export function refuseForeignOrders(headers: HeaderMap): void {
	const order = [...headers.keys()].find(
		(name) => name.startsWith("x-") && foreignOrder.test(name),
	);
	if (order === undefined) return;
	throw new SealgateError(
		"not-implemented",
		`A header you provided implies functionality that is not implemented: ${order} means something to one maker's store only, and does not pass this gateway.`,
	);
}

function refusal(what: string): SealgateError {
	return new SealgateError(
		"not-implemented",
		`A header or query you provided implies functionality that is not implemented: ${what} does not pass this gateway. Name the bucket itself.`,
	);
}
