/** What would come of a request, and why, with nothing sent anywhere. */
import type { Exchange } from "./exchange.ts";
import type { HeaderMap } from "./http/headers.ts";
import { changedHeaders, evaluate } from "./layers/evaluate.ts";
import { chooseRouteAlike, type Route } from "./routes.ts";
import { parseTarget, pathStyle } from "./s3/address.ts";
import { classify } from "./s3/classify.ts";
import { isSecretHeader } from "./s3/secret-headers.ts";
import { encodePath } from "./sigv4/canonical.ts";

export interface Question {
	readonly method: string;
	/** `s3://bucket/key`, with a query where the operation needs one: `s3://bucket?encryption`. */
	readonly target: string;
	readonly client: string;
	readonly headers: HeaderMap;
}

export interface Explanation {
	readonly operation: string;
	readonly route: string;
	readonly mode: "enforce" | "observe";
	readonly upstream: string;
	readonly policies: readonly {
		readonly name: string;
		readonly options: unknown;
	}[];
	/** Why the request would be refused, where it would. In observe mode it would pass all the same. */
	readonly refusal: string | undefined;
	/** Header changes: the value that would leave, a secret one covered, or null for one that would be removed. */
	readonly changes: Readonly<Record<string, string | null>>;
}

/** @throws SealgateError for what is no S3 operation, or on no one route */
export async function explain(
	routes: readonly Route[],
	question: Question,
	exchange: Exchange,
): Promise<Explanation> {
	const [place = "", query = ""] = question.target
		.replace(/^s3:\/\//, "")
		.split("?", 2);
	const target = parseTarget(
		`/${encodePath(place)}${query === "" ? "" : `?${query}`}`,
	);
	const operation = classify(
		question.method,
		pathStyle(target.path),
		target.query,
		question.headers,
	);
	const route = chooseRouteAlike(routes, {
		operation: operation.name,
		bucket: operation.bucket,
		key: operation.key,
		client: question.client,
	});
	const request = { operation, headers: question.headers, body: undefined };
	const verdict = await evaluate(route, request, { ...exchange, route });
	const changes = changedHeaders(question.headers, verdict.request.headers).map(
		(name): [string, string | null] => [
			name,
			shown(name, verdict.request.headers.get(name)),
		],
	);
	return {
		operation: operation.name,
		route: route.name,
		mode: route.mode,
		upstream: route.upstream,
		policies: route.policies.map(({ name, options }) => ({ name, options })),
		refusal: verdict.refusal?.message,
		changes: Object.fromEntries(changes),
	};
}

function shown(name: string, value: string | undefined): string | null {
	if (value === undefined) return null;
	return isSecretHeader(name) ? "[redacted]" : value;
}
