/** Customer keys (SSE-C): taken from clients, refused, or held by the gateway in their place. */
import { definePlugin, type Policy } from "../../src/index.ts";
import { judgeOwnKey, refuseOwnKey, withoutOwnKey } from "./client-key.ts";
import { injectPolicy } from "./inject.ts";
import { keysOf } from "./keys.ts";
import { options, type PlainHttp } from "./options.ts";

export const sseC = definePlugin({
	name: "sse-c",
	api: 1,
	effects: ["request-headers", "response-headers"],
	options,
	setup(configured, { upstream, directory }) {
		if (configured.mode === "refuse") return refusePolicy;
		if (configured.mode === "strip") return stripPolicy(configured.plainHttp);
		if (!upstream.secure) {
			throw new Error(
				`inject sends keys, and upstream "${upstream.name}" is reached without TLS: its endpoint must be https`,
			);
		}
		return injectPolicy(configured, keysOf(configured, directory));
	},
});

const refusePolicy: Policy = {
	operations: "all",
	async handle(request, next) {
		refuseOwnKey(request);
		return next(request);
	},
};

function stripPolicy(plainHttp: PlainHttp): Policy {
	return {
		operations: "all",
		async handle(request, next, exchange) {
			judgeOwnKey(request, exchange, plainHttp);
			return next(withoutOwnKey(request));
		},
	};
}
