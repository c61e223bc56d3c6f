/** Reads and writes with keys of the gateway; neither the client nor the store keeps one. */
import type {
	Exchange,
	Next,
	OperationName,
	Policy,
	S3Request,
	S3Response,
} from "../../src/index.ts";
import { withoutKeyClaims } from "./answers.ts";
import { judgeOwnKey, refuseOwnKey, withoutOwnKey } from "./client-key.ts";
import { judgesOf } from "./judges.ts";
import type { Keys } from "./keys.ts";
import type { InjectOptions } from "./options.ts";
import { read, tryKeys } from "./reads.ts";
import { Uploads } from "./uploads.ts";
import { confirmed, explained, withKey } from "./writes.ts";

type Send = (
	request: S3Request,
	next: Next,
	exchange: Exchange,
) => Promise<S3Response>;

export function injectPolicy(configured: InjectOptions, keys: Keys): Policy {
	const judges = judgesOf(keys.derived);
	const sends = sendsOf(configured, keys);
	return {
		operations: "all",
		async handle(request, next, exchange) {
			if (configured.clientKey === "refuse") refuseOwnKey(request);
			judgeOwnKey(request, exchange, configured.plainHttp);
			const { name } = request.operation;
			judges[name]?.(request);
			const send = sends[name] ?? ((bare: S3Request) => next(bare));
			const response = await send(withoutOwnKey(request), next, exchange);
			return withoutKeyClaims(response);
		},
	};
}

/** How each operation that takes a customer's key is sent. */
function sendsOf(
	{ onPlaintext }: InjectOptions,
	keys: Keys,
): Partial<Record<OperationName, Send>> {
	const uploads = new Uploads(keys);
	const reads: Send = (request, next, exchange) =>
		read(keys, onPlaintext, request, next, exchange);
	const writes: Send = async (request, next, exchange) => {
		const sent = withKey(request, keys, 0);
		const response = await next(sent);
		if (exchange.dryRun) return response;
		return confirmed(sent, await explained(response), next, exchange);
	};
	const parts: Send = async (request, next, exchange) => {
		if (exchange.dryRun) return next(withKey(request, keys, 0));
		const index = await uploads.find(request, next);
		const sent = withKey(request, keys, index);
		return confirmed(sent, await next(sent), next, exchange);
	};
	const begins: Send = async (request, next) => {
		const response = await next(withKey(request, keys, 0));
		return uploads.began(request.operation, await explained(response));
	};
	const looks: Send = async (request, next, exchange) => {
		const first = uploads.get(request.operation);
		return (await tryKeys(keys, request, next, exchange, first)).response;
	};
	return {
		GetObject: reads,
		HeadObject: reads,
		GetObjectAttributes: reads,
		SelectObjectContent: reads,
		PutObject: writes,
		CopyObject: writes,
		CreateMultipartUpload: begins,
		UploadPart: parts,
		UploadPartCopy: parts,
		ListParts: looks,
		CompleteMultipartUpload: looks,
	};
}
