/** The last step: frames the body for the store, signs exactly what leaves, and sends it. */
import { createHash } from "node:crypto";
import { SealgateError } from "../errors.ts";
import type { Exchange } from "../exchange.ts";
import type { Body } from "../http/body.ts";
import { frameBody, type Integrity } from "../http/frame-body.ts";
import { endToEnd, type Upstream } from "../http/upstream.ts";
import type { Handler, S3Request } from "../pipeline.ts";
import { parseCopySource, renderCopySource } from "../s3/copy-source.ts";
import { type OperationName, operationRow } from "../s3/operations.ts";
import { canonicalQuery, encodePath } from "../sigv4/canonical.ts";
import { type Credentials, sign } from "../sigv4/sign.ts";
import { deliver } from "./deliver.ts";
import { administration } from "./ways-past.ts";

/** An upstream and how to speak to it. */
export interface Store {
	readonly upstream: Upstream;
	readonly region: string;
	readonly addressing: "path" | "virtual";
	readonly integrity: Integrity;
	/** Of a document that the store takes with a digest alone. */
	readonly documentDigest: "md5" | "sha256";
	/** Resolves with undefined where requests leave unsigned. @throws Error where none can be had */
	credentials(exchange: Exchange): Promise<Credentials | undefined>;
}

/** Requests that change nothing are worth a second and a third try when the connection breaks. */
export const retries = 2;

/** The store of the chosen route, which the log names from here on. */
export function storeOf(
	stores: ReadonlyMap<string, Store>,
	{ route, findings }: Exchange,
): Store {
	const store = stores.get(route?.upstream ?? "");
	if (store === undefined) {
		throw new SealgateError("internal", "No upstream was chosen.");
	}
	findings.upstream = store.upstream.name;
	return store;
}

export function forward(stores: ReadonlyMap<string, Store>): Handler {
	return async (request, exchange) => {
		const store = storeOf(stores, exchange);
		const credentials = await resolve(store, request, exchange);
		const { operation } = request;
		const { host, path } = locate(store, operation.bucket, operation.key);
		const headers = new Map(endToEnd(request.headers));
		headers.delete("content-length");
		headers.set("host", host);
		// Documents are read here; MinIO compresses those of a kilobyte and more for clients that take it.
		if (!ofObjects(operation.name)) headers.set("accept-encoding", "identity");
		const source = headers.get("x-amz-copy-source");
		if (source !== undefined) {
			// Stores read odd spellings differently: what was judged is what leaves.
			headers.set(
				"x-amz-copy-source",
				renderCopySource(parseCopySource(source)),
			);
		}
		addDocumentDigests(headers, request, store.documentDigest);
		const framed = frameBody(
			request.body,
			credentials === undefined
				? withoutSignatures(store.integrity)
				: store.integrity,
		);
		for (const [name, value] of framed.headers) headers.set(name, value);
		// A signature says this itself. Unsigned, the store must still be told that a body is framed.
		if (credentials === undefined && framed.headers.has("x-amz-trailer")) {
			headers.set("x-amz-content-sha256", framed.payloadHash);
		}
		const query = canonicalQuery(operation.query);
		const answering = {
			name: store.upstream.name,
			region: store.region,
			signed: credentials !== undefined,
			namesKey: headers.has("x-amz-server-side-encryption-aws-kms-key-id"),
		};
		return deliver(
			store.upstream,
			answering,
			operation,
			exchange,
			(traceparent) => {
				if (traceparent !== undefined) headers.set("traceparent", traceparent);
				const signed =
					credentials === undefined
						? { headers, seed: undefined }
						: sign(
								{
									method: operation.method,
									path,
									query: operation.query,
									headers,
								},
								{
									credentials,
									region: store.region,
									now: new Date(),
									payloadHash: framed.payloadHash,
								},
							);
				return {
					method: operation.method,
					target: query === "" ? path : `${path}?${query}`,
					headers: signed.headers,
					body: framed.body(signed.seed),
					retries,
				};
			},
		);
	};
}

/** Whether the answer is an object's own bytes, or tells of them: how they are coded is between client and store. */
function ofObjects(name: OperationName): boolean {
	return name === "HeadObject" || operationRow(name).returnsObjectData;
}

async function resolve(
	store: Store,
	request: S3Request,
	exchange: Exchange,
): Promise<Credentials | undefined> {
	if (request.operation.name === "OptionsPreflight") return undefined;
	if (exchange.client?.anonymous) return undefined;
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

/** Without keys there is nothing to sign chunks with. */
function withoutSignatures(integrity: Integrity): Integrity {
	return integrity === "signed-chunks" ? "unsigned" : integrity;
}

function locate(
	store: Store,
	bucket: string | undefined,
	key: string | undefined,
): { host: string; path: string } {
	const { host } = store.upstream;
	const object = key === undefined ? "" : encodePath(key);
	if (bucket === undefined) return { host, path: "/" };
	// A path that begins so is MinIO's administration under any Host.
	const reserved = key?.startsWith(`${administration}/`) ?? false;
	if (store.addressing === "virtual" && !bucket.includes(".") && !reserved) {
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
	digest: Store["documentDigest"],
): void {
	const content = request.body?.content;
	if (content === undefined) return;
	const claimed: Body["checksum"] = request.body?.checksum;
	if (claimed !== undefined) headers.set(claimed.header, claimed.value());
	if (operationRow(request.operation.name).checksumRequired) {
		headers.set(
			digest === "md5" ? "content-md5" : "x-amz-checksum-sha256",
			createHash(digest).update(content).digest("base64"),
		);
	}
}
