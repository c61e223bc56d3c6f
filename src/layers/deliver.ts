/** Hands a finished request to a store, and tells span, log and metrics what came of it. */
import { SealgateError } from "../errors.ts";
import type { Exchange, Findings } from "../exchange.ts";
import type { Upstream, UpstreamRequest } from "../http/upstream.ts";
import type { S3Response } from "../pipeline.ts";
import { type Operation, queryValue } from "../s3/operation.ts";
import type { Answering } from "./operator-faults.ts";
import { withStoreError } from "./store-errors.ts";

/**
 * @param make the request, which may carry the trace context that it is given
 * @throws SealgateError where no answer came, or one that is the operator's to read
 */
export async function deliver(
	upstream: Upstream,
	store: Answering,
	operation: Operation,
	exchange: Exchange,
	make: (traceparent: string | undefined) => UpstreamRequest,
): Promise<S3Response> {
	const span = exchange.span.child(
		`S3.${operation.name}`,
		{
			"server.address": upstream.host,
			"http.request.method": operation.method,
		},
		"client",
	);
	const sent = Date.now();
	const told = (ended: { status?: number; error?: string }) =>
		exchange.findings.upstreamRequests.push({
			upstream: upstream.name,
			method: operation.method,
			duration: Date.now() - sent,
			...ended,
		});
	let answered: S3Response;
	try {
		const response = await upstream.send(make(span.traceparent), exchange);
		note(response, operation, exchange.findings);
		told({ status: response.status });
		span.set({ "http.response.status_code": response.status });
		span.end(response.status >= 500 ? String(response.status) : undefined);
		answered = response;
	} catch (error) {
		told({ error: error instanceof SealgateError ? error.code : "internal" });
		span.end(error);
		throw error;
	}
	return withStoreError(answered, operation.name, store, exchange.findings);
}

/** What the answer's head says, for log, metrics and the audit record. */
function note(
	{ status, headers }: S3Response,
	operation: Operation,
	findings: Findings,
): void {
	findings.upstreamStatus = status;
	const version =
		headers.get("x-amz-version-id") ?? queryValue(operation.query, "versionId");
	if (version !== undefined) findings.versionId = version;
	const keyId = headers.get("x-amz-server-side-encryption-aws-kms-key-id");
	const algorithm =
		headers.get("x-amz-server-side-encryption") ??
		headers.get("x-amz-server-side-encryption-customer-algorithm");
	if (algorithm === undefined) return;
	findings.storeEncryption =
		keyId === undefined ? { algorithm } : { algorithm, keyId };
}
