/** Every row of test/vectors/http.yaml through a real gateway: what is answered, and what the store sees of it. */
import t from "tap";
import { startTestGateway } from "../support/gateway.ts";
import { rawRequests, sendRow } from "../support/raw-http.ts";
import { startTestStore } from "../support/store.ts";

const store = await startTestStore((_request, response) => {
	response.end(_request.method === "HEAD" ? undefined : "stored");
});
const gateway = await startTestGateway(`
listen: 127.0.0.1:0
authentication: trust
upstreams:
  - { name: store, endpoint: "${store.endpoint}", credentials: anonymous }
routes:
  - { name: rest, match: {}, upstream: store }
limits: { drain: 1s, headerTime: 200ms, bodyGrace: 200ms }
`);
t.teardown(async () => {
	await gateway.close();
	await store.close();
});

const rows = rawRequests();

t.test("the table has at least 120 rows, each with a reason", async (t) => {
	t.ok(rows.length >= 120);
	t.equal(new Set(rows.map((row) => row.name)).size, rows.length);
	t.strictSame(
		rows.filter((row) => !row.why),
		[],
	);
});

const canary = (target: string): boolean => target === "/bucket/canary";

for (const row of rows) {
	t.test(row.name, async (t) => {
		const before = store.requests.length;
		const outcome = await sendRow(row, gateway.address, row.status);
		const seen = store.requests.slice(before).filter((r) => r.complete);
		t.strictSame(
			{
				status: outcome.status,
				continues: outcome.continues,
				after: outcome.after,
				store: seen.filter((r) => !canary(r.target)).length,
			},
			{
				status: row.status,
				continues: row.continues ?? 0,
				after: row.closes ? "closed" : 200,
				store: row.store,
			},
			row.why,
		);
		for (const { status, head, body } of outcome.answers) {
			if (status < 400 || row.raw.startsWith("HEAD")) continue;
			t.match(head, /\r\nx-amz-request-id: [0-9A-F]{16}\r\n/);
			t.match(body, /<Error><Code>\w+<\/Code><Message>[^<]+<\/Message>/);
		}
	});
}

t.test("every refusal is told to log and metrics, with a code", async (t) => {
	const refused = gateway.outcomes.filter(({ status }) => status >= 400);
	t.ok(refused.length > 120);
	t.strictSame(
		refused.filter(({ exchange }) => exchange.findings.error === undefined),
		[],
	);
});
