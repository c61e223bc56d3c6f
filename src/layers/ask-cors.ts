/** The preflight of the gateway's own: unsigned, to the store of the bucket, on the bucket's route. */
import { type Exchange, noFindings } from "../exchange.ts";
import { readAll } from "../http/body.ts";
import type { Handler, S3Request } from "../pipeline.ts";
import type { AskCors } from "./cors.ts";
import { preflight } from "./identify.ts";

/** Milliseconds that a refusal waits for it. */
const longestWait = 2_000;
const answerBytes = 64 * 1024;

/** @param send from the choice of the route to the store */
export function askCors(send: Handler): AskCors {
	return async ({ bucket, origin, method }, exchange) => {
		const request: S3Request = {
			operation: {
				name: "OptionsPreflight",
				method: "OPTIONS",
				bucket,
				key: undefined,
				query: [],
			},
			headers: new Map([
				["origin", origin],
				["access-control-request-method", method],
			]),
			body: undefined,
		};
		const { status, headers, body } = await send(request, aside(exchange));
		if (body !== undefined) {
			await readAll(body, answerBytes, () => new Error("no preflight answer"));
		}
		return { status, headers };
	};
}

/** Others wait for the same answer: it does not end with this client. The request that leaves is counted with it. */
function aside(exchange: Exchange): Exchange {
	const { upstreamRequests } = exchange.findings;
	return {
		...exchange,
		client: preflight,
		signal: AbortSignal.timeout(longestWait),
		findings: { ...noFindings(), upstreamRequests },
	};
}
