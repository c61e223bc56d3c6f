/**
 * A script in a browser may read an answer only where the bucket's CORS rules allow it, and only the store knows them.
 * So a refusal of ours carries what the store answers to a preflight for the same origin and method. Remembered, and
 * bounded: whoever is refused could otherwise make the gateway ask without end. Fetch standard, section 3.2.
 */
import { type ErrorCode, errorKinds } from "../errors.ts";
import type { Exchange } from "../exchange.ts";
import type { HeaderMap } from "../http/headers.ts";
import type { Layer, S3Response } from "../pipeline.ts";
import { Budget } from "./budget.ts";

export interface CorsQuestion {
	readonly bucket: string;
	readonly origin: string;
	readonly method: string;
}

/** Asks the bucket's store; the answer has been read to its end. May reject. */
export type AskCors = (
	question: CorsQuestion,
	exchange: Exchange,
) => Promise<Pick<S3Response, "status" | "headers">>;

/** What an answer needs to be read, without what is about the preflight itself. */
const carried = [
	"access-control-allow-origin",
	"access-control-allow-credentials",
	"access-control-expose-headers",
];

/** Answers remembered; the oldest is forgotten first. */
const mostAnswers = 1_000;
/** Milliseconds for which an answer is believed, and for which a store that did not answer is left alone. */
const believed = 60_000;
const leftAlone = 10_000;
/** No real origin is longer: a scheme, a host name of 253 characters and a port. */
const longestOrigin = 300;

interface Remembered {
	readonly headers: Promise<HeaderMap>;
	until: number;
}

const nothing: HeaderMap = new Map();

export function addCors<Request extends { readonly headers: HeaderMap }>(
	ask: AskCors,
): Layer<Request> {
	const answers = new Map<string, Remembered>();
	const budget = new Budget({ burst: 20, perSecond: 5, atOnce: 8 });

	const find = (
		question: CorsQuestion,
		exchange: Exchange,
		mayAsk: boolean,
	): Promise<HeaderMap> | undefined => {
		const name = JSON.stringify(question);
		const known = answers.get(name);
		if (known !== undefined && Date.now() < known.until) return known.headers;
		if (!mayAsk || !budget.take()) return undefined;
		answers.delete(name);
		const [oldest] = answers.keys();
		if (answers.size >= mostAnswers && oldest !== undefined) {
			answers.delete(oldest);
		}
		const entry: Remembered = {
			until: Date.now() + believed,
			headers: ask(question, exchange)
				.then((answer) => readable(answer, question.origin))
				.catch(() => {
					// The refusal itself leaves all the same; only a script cannot read it.
					entry.until = Date.now() + leftAlone;
					return nothing;
				})
				.finally(() => budget.giveBack()),
		};
		answers.set(name, entry);
		return entry.headers;
	};

	return (next) => async (request, exchange) => {
		const response = await next(request, exchange);
		const { error, bucket } = exchange.findings;
		const origin = request.headers.get("origin");
		const { method } = exchange.received;
		if (error === undefined || bucket === undefined || origin === undefined) {
			return response;
		}
		if (method === "OPTIONS" || origin.length > longestOrigin) return response;
		const { fault } = errorKinds[error as ErrorCode];
		const mayAsk = fault === "client" || fault === "policy";
		const question = { bucket, origin, method };
		const found = await find(question, exchange, mayAsk);
		if (found === undefined || found.size === 0) return response;
		return {
			...response,
			headers: new Map([...response.headers, ...found]),
		};
	};
}

function readable(
	{ status, headers }: Pick<S3Response, "status" | "headers">,
	origin: string,
): HeaderMap {
	const allowed = headers.get("access-control-allow-origin");
	if (status !== 200 && status !== 204) return nothing;
	if (allowed !== "*" && allowed !== origin) return nothing;
	const kept = new Map([["vary", "Origin"]]);
	for (const name of carried) {
		const value = headers.get(name);
		if (value !== undefined) kept.set(name, value);
	}
	return kept;
}
