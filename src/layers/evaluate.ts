/** What the policies of a route do to a request; the one way to find out, for real or only to know. */
import { SealgateError } from "../errors.ts";
import { type Decision, type Exchange, noFindings } from "../exchange.ts";
import type { HeaderMap } from "../http/headers.ts";
import type { Handler, S3Request, S3Response } from "../pipeline.ts";
import type { Route, RoutePolicy } from "../routes.ts";
import type { Operation } from "../s3/operation.ts";

/** Sends the request through the route's policies, in the order of the configuration, to `next`. */
export function applyPolicies(
	route: Route,
	request: S3Request,
	exchange: Exchange,
	next: Handler,
): Promise<S3Response> {
	const step = (
		index: number,
		current: S3Request,
		exchange: Exchange,
	): Promise<S3Response> => {
		const entry = route.policies[index];
		if (entry === undefined) return next(current, exchange);
		if (!concerns(entry, current)) return step(index + 1, current, exchange);
		return applyOne(entry, route, current, exchange, (changed, exchange) =>
			step(index + 1, changed, exchange),
		);
	};
	return step(0, request, exchange);
}

/** For a request that a policy sends of its own accord: the log's line stays about what the client asked for. */
export function aside(exchange: Exchange): Exchange {
	const { keyUses, upstreamRequests } = exchange.findings;
	return {
		...exchange,
		findings: { ...noFindings(), keyUses, upstreamRequests },
	};
}

/** Whether it is what the client asked for, whatever became of its parameters. */
function isSame(sent: Operation, asked: Operation): boolean {
	return (
		sent.name === asked.name &&
		sent.bucket === asked.bucket &&
		sent.key === asked.key
	);
}

function concerns(entry: RoutePolicy, request: S3Request): boolean {
	const { operations } = entry.policy;
	return operations === "all" || operations.includes(request.operation.name);
}

async function applyOne(
	entry: RoutePolicy,
	route: Route,
	request: S3Request,
	exchange: Exchange,
	next: Handler,
): Promise<S3Response> {
	const span = exchange.span.child("policy.evaluate", {
		"sealgate.policy": entry.name,
	});
	const decide = (
		decision: Pick<Decision, "outcome" | "changes" | "reason">,
	) => {
		span.end();
		exchange.findings.decisions.push({
			policy: entry.name,
			route: route.name,
			mode: route.mode,
			...decision,
		});
	};
	let passed = false;
	try {
		return await entry.policy.handle(
			request,
			(changed, { signal = exchange.signal } = {}) => {
				const asked = { ...exchange, signal };
				if (!isSame(changed.operation, request.operation))
					return next(changed, aside(asked));
				if (passed) return next(changed, asked);
				passed = true;
				const changes = changedHeaders(request.headers, changed.headers);
				decide({
					outcome:
						changes.length > 0 || changed.body !== request.body
							? "changed"
							: "unchanged",
					changes,
				});
				return next(changed, asked);
			},
			exchange,
		);
	} catch (error) {
		if (!passed) {
			const reason =
				error instanceof SealgateError ? error.message : "the policy failed";
			decide({ outcome: "refused", changes: [], reason });
		}
		throw error;
	}
}

/** Names of the fields that differ. */
export function changedHeaders(before: HeaderMap, after: HeaderMap): string[] {
	const names = new Set([...before.keys(), ...after.keys()]);
	return [...names]
		.filter((name) => before.get(name) !== after.get(name))
		.sort();
}

/** What would come of a request, with nothing sent anywhere. */
export interface Verdict {
	/** What would leave; the request itself where it is refused. */
	readonly request: S3Request;
	readonly refusal: SealgateError | undefined;
}

/** Runs the policies with a `next` that sends nothing. @throws what is not a refusal */
export async function evaluate(
	route: Route,
	request: S3Request,
	exchange: Exchange,
): Promise<Verdict> {
	let outcome = request;
	try {
		await applyPolicies(
			route,
			request,
			{ ...exchange, dryRun: true },
			async (last) => {
				if (isSame(last.operation, request.operation)) outcome = last;
				return { status: 200, headers: new Map(), body: undefined };
			},
		);
		return { request: outcome, refusal: undefined };
	} catch (error) {
		if (error instanceof SealgateError && error.kind.fault === "policy") {
			return { request, refusal: error };
		}
		throw error;
	}
}
