/** An exchange that no client began. */
import { type Exchange, noFindings, noSpan } from "../../src/exchange.ts";

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
		findings: noFindings(),
		span: noSpan,
		client: undefined,
		route: undefined,
		dryRun: false,
	};
}
