/** Requests that a policy sends of its own accord beside the client's. */
import t from "tap";
import { SealgateError } from "../../src/errors.ts";
import type { Exchange } from "../../src/exchange.ts";
import { applyPolicies, evaluate } from "../../src/layers/evaluate.ts";
import type { S3Request } from "../../src/pipeline.ts";
import type { Next, Policy } from "../../src/plugin.ts";
import type { Route } from "../../src/routes.ts";
import type { Operation } from "../../src/s3/operation.ts";
import { anExchange } from "../support/exchange.ts";

const operation = (name: Operation["name"], method: string): Operation => ({
	name,
	method,
	bucket: "bucket",
	key: "key",
	query: [],
});
const bare = (asked: Operation): S3Request => ({
	operation: asked,
	headers: new Map(),
	body: undefined,
});
const put = bare(operation("PutObject", "PUT"));
const head = bare(operation("HeadObject", "HEAD"));

function routeOf(...policies: readonly Policy["handle"][]): Route {
	return {
		name: "route",
		match: {},
		upstream: "store",
		mode: "enforce",
		policies: policies.map((handle, index) => ({
			name: `policy-${index}`,
			effects: [],
			options: {},
			policy: { operations: "all", handle },
		})),
	};
}

/** What reached the store, and with which exchange. */
function storeOf() {
	const reached: { name: string; exchange: Exchange }[] = [];
	const next = async (request: S3Request, exchange: Exchange) => {
		reached.push({ name: request.operation.name, exchange });
		const { findings } = exchange;
		findings.versionId = request.operation.name;
		findings.upstreamStatus = 200;
		findings.upstreamRequests.push({
			upstream: "store",
			method: request.operation.method,
			duration: 0,
		});
		return { status: 200, headers: new Map(), body: undefined };
	};
	return { reached, next };
}

const looksAfterwards = async (request: S3Request, next: Next) => {
	const response = await next(request);
	await next(head);
	return response;
};

t.test("the log's line stays about what the client asked for", async (t) => {
	const { next, reached } = storeOf();
	const exchange = anExchange();
	const changesAll: Policy["handle"] = (request, next) =>
		next({ ...request, headers: new Map([["x-amz-acl", "private"]]) });
	await applyPolicies(
		routeOf(looksAfterwards, changesAll),
		put,
		exchange,
		next,
	);
	t.strictSame(
		reached.map(({ name }) => name),
		["PutObject", "HeadObject"],
	);
	t.match(exchange.findings, {
		versionId: "PutObject",
		decisions: [
			{ policy: "policy-0", outcome: "unchanged" },
			{ policy: "policy-1", outcome: "changed", changes: ["x-amz-acl"] },
		],
	});
	t.equal(exchange.findings.decisions.length, 2);
	t.strictSame(
		exchange.findings.upstreamRequests.map(({ method }) => method),
		["PUT", "HEAD"],
		"but every request that leaves is counted",
	);
});

t.test(
	"a request that is refused after a look at the store is refused",
	async (t) => {
		const { next, reached } = storeOf();
		const exchange = anExchange();
		const refuses: Policy["handle"] = async (_request, next) => {
			await next(head);
			throw new SealgateError("policy-refused", "Access Denied: no.");
		};
		await t.rejects(applyPolicies(routeOf(refuses), put, exchange, next), {
			code: "policy-refused",
		});
		t.strictSame(
			reached.map(({ name }) => name),
			["HeadObject"],
		);
		t.match(exchange.findings.decisions, [{ outcome: "refused" }]);
		t.equal(exchange.findings.versionId, undefined);
	},
);

t.test("they meet the policies further in, and none further out", async (t) => {
	const seen: string[] = [];
	const sees =
		(name: string): Policy["handle"] =>
		(request, next) => {
			seen.push(`${name} ${request.operation.name}`);
			return next(request);
		};
	await applyPolicies(
		routeOf(sees("outer"), looksAfterwards, sees("inner")),
		put,
		anExchange(),
		storeOf().next,
	);
	t.strictSame(seen, [
		"outer PutObject",
		"inner PutObject",
		"inner HeadObject",
	]);
});

t.test(
	"a signal of the policy's own goes in place of the client's",
	async (t) => {
		const { next, reached } = storeOf();
		const { signal } = new AbortController();
		const exchange = anExchange();
		const outlives: Policy["handle"] = async (request, next) => {
			await next(head, { signal });
			return next(request);
		};
		await applyPolicies(routeOf(outlives), put, exchange, next);
		t.equal(reached[0]?.exchange.signal, signal);
		t.equal(reached[1]?.exchange.signal, exchange.signal);
	},
);

t.test("a dry run sends none of them", async (t) => {
	const exchange = anExchange();
	const verdict = await evaluate(routeOf(looksAfterwards), put, exchange);
	t.equal(verdict.request, put, "and tells what would leave for the client");
	t.strictSame(exchange.findings.upstreamRequests, []);
});
