/** An exchange that no client began. */
import { type Exchange, noSpan } from "../../src/exchange.ts";

export function anExchange(): Exchange {
	return {
		id: "0123456789ABCDEF",
		started: new Date(),
		signal: new AbortController().signal,
		received: {
			method: "PUT",
			target: "/bucket/key",
			host: "gateway.test",
			remoteAddress: "192.0.2.1",
			secure: true,
		},
		findings: { decisions: [], upstreamRequests: [], bytesIn: 0, bytesOut: 0 },
		span: noSpan,
		client: undefined,
		route: undefined,
		dryRun: false,
	};
}
