/** The shape of a request's way through the gateway: handlers, and layers around them. */
import type { Exchange } from "./exchange.ts";
import type { Body } from "./http/body.ts";
import type { HeaderMap } from "./http/headers.ts";
import type { Operation } from "./s3/operation.ts";

/** A value: never changed, replaced whole. */
export interface S3Request {
	readonly operation: Operation;
	readonly headers: HeaderMap;
	readonly body: Body | undefined;
}

/** A value: never changed, replaced whole. */
export interface S3Response {
	readonly status: number;
	readonly headers: HeaderMap;
	readonly body: Body | undefined;
}

export type Handler<Request = S3Request> = (
	request: Request,
	exchange: Exchange,
) => Promise<S3Response>;

export type Layer<Request = S3Request> = (
	next: Handler<Request>,
) => Handler<Request>;

/** Puts `layers` around `innermost`; the first layer is the outermost. */
export function pipeline<Request>(
	layers: readonly Layer<Request>[],
	innermost: Handler<Request>,
): Handler<Request> {
	return layers.reduceRight((next, layer) => layer(next), innermost);
}
