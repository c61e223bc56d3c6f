/** Reads the head of a request as an S3 operation. Everything further in works on operations, never on URLs. */
import type { Findings } from "../exchange.ts";
import { type Body, through } from "../http/body.ts";
import type { Arrival } from "../http/server.ts";
import { withoutNamed } from "../http/upstream.ts";
import type { Handler } from "../pipeline.ts";
import { parseTarget, pathStyle, virtualHosted } from "../s3/address.ts";
import { classify, hoistedHeaders } from "../s3/classify.ts";
import { parseCopySource } from "../s3/copy-source.ts";
import { bucketOfHost } from "../s3/host.ts";
import { withHoisted } from "./hoisted-headers.ts";
import { withOwnAddress } from "./own-address.ts";
import { refuseForeignHost, refuseWaysPast } from "./ways-past.ts";

/**
 * @param domains hosts, in lower case, below which the label before them is a bucket
 * @param passthrough whether clients sign for the store themselves, on every route
 */
export function recognise(
	next: Handler,
	domains: readonly string[] = [],
	passthrough = false,
): Handler<Arrival> {
	return async (arrival, exchange) => {
		const { host, secure } = exchange.received;
		const target = parseTarget(exchange.received.target);
		// Before anybody reads them: taken away later, they would have been judged and not be sent.
		const headers = withoutNamed(arrival.headers);
		const hoisted = hoistedHeaders(target.query);
		const all = withHoisted(headers, hoisted.headers);
		refuseForeignHost(host, all);
		const hosted = bucketOfHost(host, domains);
		const address =
			hosted === undefined
				? pathStyle(target.path)
				: virtualHosted(hosted, target.path);
		const { findings } = exchange;
		if (address.bucket !== undefined) findings.bucket = address.bucket;
		if (address.key !== undefined) findings.key = address.key;
		const operation = classify(
			exchange.received.method,
			address,
			hoisted.query,
			all,
		);
		findings.operation = operation.name;
		refuseWaysPast(operation, all, passthrough);
		const source =
			all.get("x-amz-copy-source") ?? all.get("x-amz-rename-source");
		if (source !== undefined) findings.sourceKey = parseCopySource(source).key;
		const response = await next(
			{
				operation,
				headers,
				body: counted(arrival.body, findings),
			},
			exchange,
		);
		const virtual = hosted !== undefined;
		return withOwnAddress(response, operation, { secure, host, virtual });
	};
}

/** Counts the bytes of the body as the client sends them, framing included. */
function counted(body: Body | undefined, findings: Findings): Body | undefined {
	if (body === undefined) return undefined;
	return through(body, body.length, (to) => ({
		data(chunk, given) {
			findings.bytesIn += chunk.length;
			return to.data(chunk, given);
		},
		end: () => to.end(),
	}));
}
