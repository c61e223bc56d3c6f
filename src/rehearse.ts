/** What a configuration that is not running would do: for `check` and `explain`. No key is opened. */
import type { Loaded } from "./config/load.ts";
import { createExchange } from "./exchange.ts";
import { explain, type Question } from "./explain.ts";
import type { OpenKeys } from "./keys/open-keys.ts";
import { troublesOf } from "./route-troubles.ts";
import { closePolicies, setUpRoutes } from "./set-up-routes.ts";

/**
 * Sets every policy up and releases it.
 * @returns a sentence for each thing that is no fault and that its owner may not want
 * @throws ConfigFaults where one cannot work
 */
export async function rehearse(loaded: Loaded): Promise<readonly string[]> {
	const routes = await setUpRoutes(loaded, unusedKeys(loaded));
	const troubles = troublesOf(routes);
	await closePolicies(routes);
	return Object.entries(troubles).flatMap(([route, sentences]) =>
		sentences.map((sentence) => `route "${route}": ${sentence}`),
	);
}

/** Answers a question about a configuration that is not running. */
export async function explainWith(
	loaded: Loaded,
	question: Question,
): ReturnType<typeof explain> {
	const received = {
		method: question.method,
		target: "",
		host: "",
		remoteAddress: "",
		secure: false,
	};
	const exchange = createExchange(received, new AbortController().signal);
	const routes = await setUpRoutes(loaded, unusedKeys(loaded));
	try {
		return await explain(routes, question, exchange);
	} finally {
		await closePolicies(routes);
	}
}

async function neverUsed(): Promise<never> {
	throw new Error("a key was asked for only to explain");
}

/** Names that exist, and nothing behind them: no keyring is opened to explain or to check. */
function unusedKeys({ config }: Loaded): OpenKeys["of"] {
	return (name) => {
		if (!config.keys.some((keys) => keys.name === name))
			throw new Error(`no keys are named "${name}"`);
		return {
			idOf: neverUsed,
			sameKey: (one, other) => one === other,
			forSealing: neverUsed,
			forOneObject: neverUsed,
			forOpening: neverUsed,
		};
	};
}
