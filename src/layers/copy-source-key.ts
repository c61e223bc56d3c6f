/**
 * The customer's key of a copy source is a matter of the source's own route: what its policies make of the key when
 * they read the object is what the copy brings. The route of the copy itself has no say in it.
 */
import type { Exchange } from "../exchange.ts";
import type { HeaderMap } from "../http/headers.ts";
import type { Handler, S3Request } from "../pipeline.ts";
import type { Route } from "../routes.ts";
import type { CopySource } from "../s3/copy-source.ts";
import { customerKeyNames } from "../s3/customer-key.ts";
import type { Operation } from "../s3/operation.ts";
import type { OperationName } from "../s3/operations.ts";
import { applyPolicies, aside } from "./evaluate.ts";

/** Also as stores of other makers spell it, and with the underscores that Ceph reads as dashes. */
const ofSource = /^(x[-_][a-z]+[-_])copy[-_]source[-_](.*encryption.*)$/;

/** The key headers of the source, under the names that a GetObject of it would give them. */
export function sourceKeyHeaders(headers: HeaderMap): HeaderMap {
	const found = new Map<string, string>();
	for (const [name, value] of headers) {
		const read = readName(name);
		if (read !== undefined) found.set(read, value);
	}
	return found;
}

/**
 * The copy with the key that opens its source.
 * @param read what the source's policies make of a GetObject with `sourceKeyHeaders`
 * @throws what they throw, of an object that they do not give
 */
export async function withSourceKey(
	copy: S3Request,
	source: CopySource,
	read: S3Request,
	from: Route,
	exchange: Exchange,
	next: Handler,
): Promise<S3Request> {
	const given = copy.headers.get(customerKeyNames("copy-source")[1]);
	const [, wanted] = keyOf(read.headers);
	if (wanted === undefined || wanted === given)
		return withKey(copy, read.headers);
	// The policy has a key of its own, perhaps several, and perhaps the object was written without: a look finds out.
	const opened = await openedWith(source, from, exchange, next);
	return withKey(copy, opened ?? read.headers);
}

/** The headers with which the policies of the source's route got it, undefined where they did not. */
async function openedWith(
	source: CopySource,
	from: Route,
	exchange: Exchange,
	next: Handler,
): Promise<HeaderMap | undefined> {
	let last: HeaderMap | undefined;
	const head = {
		operation: sourceOperation("HeadObject", source),
		headers: new Map(),
		body: undefined,
	};
	const asked = aside({ ...exchange, route: from });
	const { status } = await applyPolicies(
		from,
		head,
		asked,
		(request, exchange) => {
			last = request.headers;
			return next(request, exchange);
		},
	);
	// Which of its keys are still needed is counted for copies too.
	const { events = [] } = asked.findings;
	const { findings } = exchange;
	if (events.length > 0)
		findings.events = [...(findings.events ?? []), ...events];
	return status < 300 ? last : undefined;
}

export function sourceOperation(
	name: OperationName & ("GetObject" | "HeadObject" | "DeleteObject"),
	{ bucket, key, versionId }: CopySource,
): Operation {
	const methods = {
		GetObject: "GET",
		HeadObject: "HEAD",
		DeleteObject: "DELETE",
	};
	return {
		name,
		method: methods[name],
		bucket,
		key,
		query: versionId === undefined ? [] : [["versionId", versionId]],
	};
}

function withKey(copy: S3Request, read: HeaderMap): S3Request {
	const headers = new Map<string, string>();
	for (const [name, value] of copy.headers) {
		const asRead = readName(name);
		if (asRead === undefined || read.has(asRead)) headers.set(name, value);
	}
	const names = customerKeyNames("copy-source");
	keyOf(read).forEach((value, index) => {
		if (value !== undefined) headers.set(names[index] as string, value);
	});
	return { ...copy, headers };
}

function keyOf(headers: HeaderMap): readonly (string | undefined)[] {
	return customerKeyNames("object").map((name) => headers.get(name));
}

function readName(name: string): string | undefined {
	const [, start, end] = ofSource.exec(name) ?? [];
	return end === undefined ? undefined : `${start}${end}`;
}
