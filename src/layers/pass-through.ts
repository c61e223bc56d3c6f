/**
 * In place of authentication: the client's own signature travels on, and the store verifies it. Nothing is proven
 * here, so nobody is known by name; policies judge the request, and may change nothing of it.
 */
import { SealgateError } from "../errors.ts";
import type { Client } from "../exchange.ts";
import { type Body, bodyOf, readAll } from "../http/body.ts";
import type { HeaderMap } from "../http/headers.ts";
import { isHopByHop } from "../http/upstream.ts";
import type { Layer, S3Request } from "../pipeline.ts";
import { parseTarget } from "../s3/address.ts";
import { hoistedHeaders } from "../s3/classify.ts";
import { type Query, queryValue } from "../s3/operation.ts";
import { operationRow } from "../s3/operations.ts";
import { checkSourceSpelling, checkTargetSpelling } from "../s3/spelling.ts";
import { ambiguous, withoutCredentials } from "./authenticate.ts";
import { withHoisted } from "./hoisted-headers.ts";

/** An access key id without a proven signature is a claim: no client limit could rest on it. */
const unverified: Client = {
	name: "unverified",
	accessKeyId: undefined,
	limits: {},
};

export function passThrough(limits: {
	/** Most bytes of an XML document in a request. */
	readonly documentBytes: number;
}): Layer {
	return (next) => async (request, exchange) => {
		if (request.operation.name === "PostObject") throw formRefused();
		const { target } = exchange.received;
		const { query } = parseTarget(target);
		checkTargetSpelling(target);
		checkSignedHeaders(request, query);
		const hoisted = hoistedHeaders(query).headers;
		const headers = withHoisted(request.headers, hoisted);
		checkHoisted(request.headers, hoisted);
		for (const name of ["x-amz-copy-source", "x-amz-rename-source"]) {
			const source = headers.get(name);
			if (source !== undefined) checkSourceSpelling(source);
		}
		exchange.findings.client = unverified.name;
		const body = await readDocument(request, limits.documentBytes);
		const judged = withoutCredentials({
			...request,
			headers,
			body: sized(body, headers),
		});
		return next(judged, {
			...exchange,
			client: unverified,
			asSent: { headers: request.headers, body, judged },
		});
	};
}

/** Fields that never travel on, as they belong to the connection, or as two stores read their names differently. */
export function staysBehind(name: string): boolean {
	return isHopByHop(name) || name === "expect" || ambiguous(name);
}

/** Its key stands inside the form, so no route could be chosen for what passes unread. */
function formRefused(): SealgateError {
	return new SealgateError(
		"not-implemented",
		"A header you provided implies functionality that is not implemented: PostObject does not pass this gateway under authentication: passthrough. Use a presigned PUT.",
	);
}

/** A signature over what stays behind could not hold at the store. */
function checkSignedHeaders(
	{ operation, headers, body }: S3Request,
	query: Query,
): void {
	const header = headers.get("authorization") ?? "";
	const listed =
		/SignedHeaders=([^,\s]*)/.exec(header)?.[1] ??
		queryValue(query, "X-Amz-SignedHeaders") ??
		"";
	// undici writes no length of nothing where no body is expected.
	const lengthless =
		body === undefined && !/^(PUT|POST)$/.test(operation.method);
	const lost = listed
		.toLowerCase()
		.split(";")
		.find(
			(name) =>
				(staysBehind(name) && name !== "transfer-encoding") ||
				(lengthless && name === "content-length"),
		);
	if (lost === undefined) return;
	throw new SealgateError(
		"request-invalid",
		`The signature covers the header ${lost}, which does not pass a proxy. Sign the request without it.`,
	);
}

/**
 * AWS reads headers in the query too. MinIO reads no encryption there, and would write in the clear what a policy had
 * found to ask for it.
 */
function checkHoisted(
	headers: HeaderMap,
	hoisted: readonly (readonly [name: string, value: string])[],
): void {
	const unsure = hoisted.find(
		([name]) =>
			/encryption|(copy|rename)[-_]source/.test(name) && !headers.has(name),
	);
	if (unsure === undefined) return;
	throw new SealgateError(
		"request-invalid",
		`Not every store reads ${unsure[0]} in the query. Presign the request with it as a signed header.`,
	);
}

/** Documents are read whole, so that policies judge them; an object's bytes flow as they come. */
async function readDocument(
	{ operation, headers, body }: S3Request,
	documentBytes: number,
): Promise<Body | undefined> {
	const { request } = operationRow(operation.name);
	if (request === "blob" || body === undefined) return body;
	if (request === "none") {
		await readAll(body, 0, () => unexpected());
		return undefined;
	}
	const mode = headers.get("x-amz-content-sha256") ?? "";
	if (mode.startsWith("STREAMING-")) {
		throw new SealgateError(
			"not-implemented",
			`A header you provided implies functionality that is not implemented: ${operation.name} in aws-chunked framing.`,
		);
	}
	const document = await readAll(
		body,
		documentBytes,
		() =>
			new SealgateError(
				"document-too-large",
				`Your request was too big: the document of ${operation.name} may have ${documentBytes} bytes.`,
				{ fields: { MaxMessageLengthBytes: String(documentBytes) } },
			),
	);
	return bodyOf(document);
}

function unexpected(): SealgateError {
	return new SealgateError(
		"body-unexpected",
		"This request does not support content",
	);
}

/** As long as the object will be, for a policy that asks: the framing of aws-chunked is no part of it. */
function sized(body: Body | undefined, headers: HeaderMap): Body | undefined {
	const mode = headers.get("x-amz-content-sha256") ?? "";
	const decoded = headers.get("x-amz-decoded-content-length") ?? "";
	if (body === undefined || !mode.startsWith("STREAMING-")) return body;
	return {
		...body,
		length: /^\d{1,15}$/.test(decoded) ? Number(decoded) : undefined,
	};
}
