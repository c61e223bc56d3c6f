import fc from "fast-check";
import t from "tap";
import { Budget } from "../../src/layers/budget.ts";
import { ask } from "../support/ask.ts";
import { configuration, startTestGateway } from "../support/gateway.ts";
import { type Answer, startTestStore } from "../support/store.ts";

const origin = "https://app.example";

/** A store whose buckets allow one origin to GET, as S3 answers a preflight. */
const allowing: Answer = (request, response) => {
	const { method, headers } = request;
	const asked = headers["access-control-request-method"];
	if (method !== "OPTIONS" || headers.origin !== origin || asked !== "GET") {
		response.writeHead(403).end("<Error><Code>AccessForbidden</Code></Error>");
		return;
	}
	response
		.writeHead(200, {
			"access-control-allow-origin": origin,
			"access-control-allow-methods": "GET",
			"access-control-allow-credentials": "true",
			"access-control-expose-headers": "etag",
			"access-control-max-age": "3000",
			vary: "Origin, Access-Control-Request-Method",
		})
		.end();
};

async function setUp(t: Tap.Test, answer: Answer, routes?: string) {
	const store = await startTestStore(answer);
	const gateway = await startTestGateway(configuration(store.endpoint, routes));
	t.teardown(async () => {
		await gateway.close();
		await store.close();
	});
	const refused = (target: string, method = "GET", from = origin) =>
		ask(gateway.address, { method, target, headers: { origin: from } });
	return { store, gateway, refused };
}

declare namespace Tap {
	type Test = { teardown(action: () => Promise<void>): void };
}

t.test(
	"our refusal carries what the store allows this origin and method, asked once and unsigned",
	async (t) => {
		const { store, gateway, refused } = await setUp(t, allowing);
		const answers = await Promise.all([
			refused("/bucket/a"),
			refused("/bucket/b"),
			refused("/bucket?list-type=2"),
		]);
		for (const { status, headers } of answers) {
			t.equal(status, 403);
			t.match(headers, {
				"access-control-allow-origin": origin,
				"access-control-allow-credentials": "true",
				"access-control-expose-headers": "etag",
				vary: "Origin",
			});
			t.equal(headers["access-control-allow-methods"], undefined);
			t.equal(headers["access-control-max-age"], undefined);
		}
		t.equal(store.requests.length, 1);
		const [preflight] = store.requests;
		t.match(preflight, {
			method: "OPTIONS",
			target: "/bucket",
			headers: { origin, "access-control-request-method": "GET" },
		});
		t.equal(preflight?.headers.authorization, undefined);
		t.equal(
			gateway.outcomes.flatMap(
				({ exchange }) => exchange.findings.upstreamRequests,
			).length,
			1,
		);
		for (const other of [
			await refused("/bucket/a", "PUT"),
			await refused("/bucket/a", "GET", "https://evil.example"),
			await ask(gateway.address, { target: "/bucket/a" }),
		]) {
			t.equal(other.status, 403);
			t.equal(other.headers["access-control-allow-origin"], undefined);
			t.equal(other.headers.vary, undefined);
		}
	},
);

t.test(
	"a store without CORS, or one that cannot be reached, adds nothing to the refusal",
	async (t) => {
		const without = await setUp(t, (_request, response) => {
			response
				.writeHead(501, { "access-control-allow-origin": "*" })
				.end("<Error><Code>NotImplemented</Code></Error>");
		});
		for (const target of ["/bucket/a", "/bucket/b"]) {
			const { status, headers } = await without.refused(target);
			t.equal(status, 403);
			t.equal(headers["access-control-allow-origin"], undefined);
		}
		t.equal(without.store.requests.length, 1);
		await without.store.close();
		const { status, text } = await without.refused("/another/a");
		t.equal(status, 403);
		t.match(text, /<Code>AccessDenied/);
	},
);

t.test(
	"a store that allows another origin than was asked adds nothing",
	async (t) => {
		const { refused } = await setUp(t, (_request, response) => {
			response.writeHead(200, { "access-control-allow-origin": "null" }).end();
		});
		const { headers } = await refused("/bucket/a");
		t.equal(headers["access-control-allow-origin"], undefined);
	},
);

t.test(
	"a flood of refusals asks the store no more than the budget",
	async (t) => {
		const { store, refused } = await setUp(t, allowing);
		const known = await refused("/known/a");
		t.equal(known.headers["access-control-allow-origin"], origin);
		const started = Date.now();
		for (let index = 0; index < 100; index++) {
			const { status } = await refused(`/unknown-${index}/a`);
			t.equal(status, 403);
		}
		const seconds = (Date.now() - started) / 1_000;
		t.ok(store.requests.length <= 20 + Math.ceil(seconds * 5) + 1);
		const again = await refused("/known/b");
		t.equal(again.headers["access-control-allow-origin"], origin);
	},
);

t.test(
	"a client's own preflight, and the store's own errors, pass unchanged",
	async (t) => {
		const { store, gateway } = await setUp(t, allowing);
		const { status, headers } = await ask(gateway.address, {
			method: "OPTIONS",
			target: "/bucket/key",
			headers: { origin, "access-control-request-method": "GET" },
		});
		t.equal(status, 200);
		t.equal(headers["access-control-max-age"], "3000");
		const denied = await ask(gateway.address, {
			method: "OPTIONS",
			target: "/bucket/key",
			headers: { origin, "access-control-request-method": "PUT" },
		});
		t.match(denied.text, /AccessForbidden/);
		t.equal(store.requests.length, 2);
	},
);

t.test(
	"a budget gives its burst, then its rate, and no more at once",
	async (t) => {
		const seed = Number(process.env.FC_SEED ?? Date.now() % 2 ** 31);
		fc.assert(
			fc.property(
				fc.integer({ min: 1, max: 20 }),
				fc.integer({ min: 1, max: 20 }),
				fc.array(fc.integer({ min: 0, max: 500 }), { maxLength: 200 }),
				(burst, perSecond, waits) => {
					let now = 0;
					let taken = 0;
					const budget = new Budget({ burst, perSecond, atOnce: 1 }, () => now);
					for (const wait of waits) {
						now += wait;
						if (!budget.take()) continue;
						taken += 1;
						if (budget.take()) return false;
						budget.giveBack();
					}
					return taken <= burst + (now / 1_000) * perSecond + 1e-6;
				},
			),
			{ seed },
		);
		let now = 0;
		const budget = new Budget({ burst: 2, perSecond: 1, atOnce: 9 }, () => now);
		t.strictSame(
			[budget.take(), budget.take(), budget.take()],
			[true, true, false],
		);
		now = 1_000;
		t.strictSame([budget.take(), budget.take()], [true, false]);
	},
);
