/** Sends no write before the store has shown that it encrypts, and answers none before the store has said that it did. */
import type {
	Exchange,
	HeaderMap,
	Next,
	Operation,
	OperationName,
	PolicyHost,
	S3Request,
	S3Response,
} from "../../src/index.ts";
import { askedBy } from "./claims.ts";
import { Gate } from "./gate.ts";
import { probe } from "./probe.ts";
import { sender } from "./requests.ts";
import { settle } from "./settle.ts";

/** What brings content to the store, or puts it in place. */
const confirmed: readonly OperationName[] = [
	"PutObject",
	"CopyObject",
	"CreateMultipartUpload",
	"UploadPart",
	"UploadPartCopy",
	"CompleteMultipartUpload",
];

export interface ConfirmOptions {
	readonly confirm?: boolean | undefined;
	readonly expectKey?: string | readonly string[] | undefined;
	readonly onUnconfirmed?: "keep" | "delete" | undefined;
}

/** What the write asks for. */
export interface Asking {
	/** The encryption headers that decide; none where nobody remembers what an upload began with. */
	readonly headers: HeaderMap;
	/** Whether they are the policy's: then `expectKey` is about them, and a store that does otherwise closes the bucket. */
	readonly byPolicy: boolean;
	/** The encryption headers that a write of the policy leaves with. */
	wanted(operation: Operation): Readonly<Record<string, string>>;
}

export interface Confirmation {
	/** @throws SealgateError `unconfirmed`, and whatever the store's own failures are */
	send(
		request: S3Request,
		next: Next,
		exchange: Exchange,
		asking: Asking,
	): Promise<S3Response>;
	troubles(): readonly string[];
}

/** @returns undefined where nothing is to be confirmed */
export function createConfirmation(
	options: ConfirmOptions,
	host: PolicyHost,
): Confirmation | undefined {
	if (!options.confirm) return undefined;
	const gate = new Gate();
	const expectKey =
		options.expectKey === undefined ? undefined : [options.expectKey].flat();
	return {
		troubles: () => gate.troubles(),
		async send(request, next, exchange, asking) {
			const { name, bucket = "" } = request.operation;
			if (exchange.dryRun || !confirmed.includes(name)) return next(request);
			const send = sender(next);
			const common = commonHeaders(request);
			const leave = await gate.enter(bucket, exchange.client?.name ?? "", () =>
				probe({
					bucket,
					prefix: host.prefix,
					expectKey,
					wanted: (operation) =>
						new Map(Object.entries(asking.wanted(operation))),
					common,
					send,
				}),
			);
			const response = await next(request);
			if (response.status >= 300) return response;
			return settle({
				request,
				response,
				asked: askedBy(asking.headers, asking.byPolicy ? expectKey : undefined),
				leave,
				closes: asking.byPolicy,
				common,
				send,
				deletes: options.onUnconfirmed === "delete",
				exchange,
			});
		},
	};
}

/** Whoever pays for the write pays for what it takes to confirm it. */
function commonHeaders({ headers }: S3Request): HeaderMap {
	const payer = headers.get("x-amz-request-payer");
	return new Map(
		payer === undefined ? [] : [["x-amz-request-payer", payer] as const],
	);
}
