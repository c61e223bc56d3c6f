/** The last step under a client's own signature: the request leaves as it came, to the store that the route names. */
import { isIP } from "node:net";
import { SealgateError } from "../errors.ts";
import type { AsSent } from "../exchange.ts";
import { withoutHeaders } from "../http/headers.ts";
import type { Handler, S3Request } from "../pipeline.ts";
import { hostName } from "../s3/host.ts";
import { deliver } from "./deliver.ts";
import { changedHeaders } from "./evaluate.ts";
import { retries, type Store, storeOf } from "./forward.ts";
import { staysBehind } from "./pass-through.ts";

/** @param domains hosts, in lower case, that the store too serves in path style, and below them buckets */
export function forwardAsSent(
	stores: ReadonlyMap<string, Store>,
	domains: readonly string[],
): Handler {
	return async (request, exchange) => {
		const { asSent, received } = exchange;
		const { upstream, region } = storeOf(stores, exchange);
		if (asSent === undefined) {
			throw new SealgateError("internal", "Nothing was sent.");
		}
		checkUnchanged(request, asSent);
		checkHost(received.host, upstream.host, domains);
		const headers = new Map(withoutHeaders(asSent.headers, staysBehind));
		const answering = {
			name: upstream.name,
			region,
			signed: false,
			namesKey: false,
		};
		return deliver(
			upstream,
			answering,
			request.operation,
			exchange,
			(traceparent) => {
				if (traceparent !== undefined && !headers.has("traceparent")) {
					headers.set("traceparent", traceparent);
				}
				return {
					method: received.method,
					target: received.target,
					headers,
					body: asSent.body,
					retries,
					...(isAddress(hostName(upstream.host))
						? {}
						: { serverName: hostName(upstream.host) }),
				};
			},
		);
	};
}

/** The last word, whatever a policy declares of itself. @throws SealgateError `policy-refused` */
function checkUnchanged(request: S3Request, { judged }: AsSent): void {
	const names = changedHeaders(judged.headers, request.headers);
	const others =
		request.operation === judged.operation && request.body === judged.body;
	if (names.length === 0 && others) return;
	throw new SealgateError(
		"policy-refused",
		`Access Denied: a policy of this route would change ${names.join(", ") || "the request"}, which the client has signed. The request must say it exactly as the policy does.`,
	);
}

/**
 * The store reads the bucket from Host: one that it takes for another bucket than was judged must not reach it.
 * @throws SealgateError `request-invalid`
 */
function checkHost(
	host: string,
	upstream: string,
	domains: readonly string[],
): void {
	const name = hostName(host);
	const known =
		isAddress(name) ||
		name === "localhost" ||
		name === hostName(upstream) ||
		domains.some((domain) => name === domain || name.endsWith(`.${domain}`));
	if (known) {
		checkHostSpelling(host, domains);
		return;
	}
	throw new SealgateError(
		"request-invalid",
		`The store behind this gateway is not known as "${name}", and the Host that you signed reaches it. Address it by its own name or by an IP address, or let the gateway's configuration name it in domains.`,
	);
}

/** MinIO takes a domain in capitals, or with a dot behind it, for another host: the request is then path-style to it. */
function checkHostSpelling(host: string, domains: readonly string[]): void {
	const name = hostName(host);
	const below = domains.some((domain) => name.endsWith(`.${domain}`));
	if (!below || host.replace(/:\d*$/, "") === name) return;
	throw new SealgateError(
		"request-invalid",
		`Write the Host "${host}" in lower case and without a dot at its end: stores differ in which bucket it names.`,
	);
}

function isAddress(name: string): boolean {
	return isIP(name.replace(/^\[|\]$/g, "")) !== 0;
}
