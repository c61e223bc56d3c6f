/** The last step: frames the body for the store, signs exactly what leaves, and sends it. */
import { createHash } from "node:crypto";
import { SealgateError } from "../errors.ts";
import type { Exchange, Findings } from "../exchange.ts";
import type { Body } from "../http/body.ts";
import { frameBody, type Integrity } from "../http/frame-body.ts";
import { endToEnd, type Upstream } from "../http/upstream.ts";
import type { Handler, S3Request, S3Response } from "../pipeline.ts";
import { parseCopySource, renderCopySource } from "../s3/copy-source.ts";
import { type Operation, queryValue } from "../s3/operation.ts";
import { operationRow } from "../s3/operations.ts";
import { canonicalQuery, encodePath } from "../sigv4/canonical.ts";
import { type Credentials, sign } from "../sigv4/sign.ts";
import { withStoreError } from "./store-errors.ts";

/** An upstream and how to speak to it. */
export interface Store {
	readonly upstream: Upstream;
	readonly region: string;
	readonly addressing: "path" | "virtual";
	readonly integrity: Integrity;
	/** Resolves with undefined where requests leave unsigned. @throws Error where none can be had */
	credentials(exchange: Exchange): Promise<Credentials | undefined>;
}

/** Requests that change nothing are worth a second and a third try when the connection breaks. */
const retries = 2;

export function forward(stores: ReadonlyMap<string, Store>): Handler {
	return async (request, exchange) => {
		const store = stores.get(exchange.route?.upstream ?? "");
		if (store === undefined) {
			throw new SealgateError("internal", "No upstream was chosen.");
		}
		exchange.findings.upstream = store.upstream.name;
		const credentials = await resolve(store, request, exchange);
		const { operation } = request;
		const { host, path } = locate(store, operation.bucket, operation.key);
		const headers = new Map(endToEnd(request.headers));
		headers.delete("content-length");
		headers.set("host", host);
		const span = exchange.span.child(
			`S3.${operation.name}`,
			{
				"server.address": store.upstream.host,
				"http.request.method": operation.method,
			},
			"client",
		);
		const sent = Date.now();
		const told = (ended: { status?: number; error?: string }) =>
			exchange.findings.upstreamRequests.push({
				upstream: store.upstream.name,
				method: operation.method,
				duration: Date.now() - sent,
				...ended,
			});
		if (span.traceparent !== undefined) {
			headers.set("traceparent", span.traceparent);
		}
		const source = headers.get("x-amz-copy-source");
		if (source !== undefined) {
			// Stores read odd spellings differently: what was judged is what leaves.
			headers.set(
				"x-amz-copy-source",
				renderCopySource(parseCopySource(source)),
			);
		}
		addDocumentDigests(headers, request);
		const framed = frameBody(request.body, store.integrity);
		for (const [name, value] of framed.headers) headers.set(name, value);
		const query = canonicalQuery(operation.query);
		const signed =
			credentials === undefined
				? { headers, seed: undefined }
				: sign(
						{ method: operation.method, path, query: operation.query, headers },
						{
							credentials,
							region: store.region,
							now: new Date(),
							payloadHash: framed.payloadHash,
						},
					);
		let answered: S3Response;
		try {
			const response = await store.upstream.send(
				{
					method: operation.method,
					target: query === "" ? path : `${path}?${query}`,
					headers: signed.headers,
					body: framed.body(signed.seed),
					retries,
				},
				exchange,
			);
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
		return withStoreError(
			answered,
			operation.name,
			{
				name: store.upstream.name,
				region: store.region,
				signed: credentials !== undefined,
			},
			exchange.findings,
		);
	};
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

async function resolve(
	store: Store,
	request: S3Request,
	exchange: Exchange,
): Promise<Credentials | undefined> {
	if (request.operation.name === "OptionsPreflight") return undefined;
	try {
		return await store.credentials(exchange);
	} catch (error) {
		if (error instanceof SealgateError) throw error;
		throw new SealgateError(
			"credentials-unavailable",
			`The gateway has no credentials for upstream "${store.upstream.name}" at the moment. Try again.`,
			{ cause: error },
		);
	}
}

function locate(
	store: Store,
	bucket: string | undefined,
	key: string | undefined,
): { host: string; path: string } {
	const { host } = store.upstream;
	const object = key === undefined ? "" : encodePath(key);
	if (bucket === undefined) return { host, path: "/" };
	if (store.addressing === "virtual" && !bucket.includes(".")) {
		return { host: `${bucket}.${host}`, path: `/${object}` };
	}
	return {
		host,
		path: key === undefined ? `/${bucket}` : `/${bucket}/${object}`,
	};
}

/** Several operations on documents are refused by stores without a digest of the document. */
function addDocumentDigests(
	headers: Map<string, string>,
	request: S3Request,
): void {
	const content = request.body?.content;
	if (content === undefined) return;
	const claimed: Body["checksum"] = request.body?.checksum;
	if (claimed !== undefined) headers.set(claimed.header, claimed.value());
	if (operationRow(request.operation.name).checksumRequired) {
		headers.set(
			"content-md5",
			createHash("md5").update(content).digest("base64"),
		);
	}
}
