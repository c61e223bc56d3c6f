/**
 * Every row of test/vectors/http.yaml through real gateways, plain and over TLS: what is answered, and what the store
 * sees of it.
 */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import t from "tap";
import { startTestGateway } from "../support/gateway.ts";
import { type Row, rawRequests, sendRow } from "../support/raw-http.ts";
import { startTestStore } from "../support/store.ts";

const rows = rawRequests();

t.test("the table has at least 120 rows, each with a reason", async (t) => {
	t.ok(rows.length >= 120);
	t.equal(new Set(rows.map((row) => row.name)).size, rows.length);
	t.strictSame(
		rows.filter((row) => !row.why),
		[],
	);
});

const pem = (file: string): string =>
	fileURLToPath(new URL(`../support/tls/${file}`, import.meta.url));
const canary = (target: string): boolean => target === "/bucket/canary";

for (const ca of [undefined, readFileSync(pem("ca.pem"))]) {
	t.test(ca === undefined ? "plain" : "over TLS", async (t) => {
		const store = await startTestStore((request, response) => {
			response.end(request.method === "HEAD" ? undefined : "stored");
		});
		t.teardown(() => store.close());
		const gateway = await startTestGateway(`
listen: 127.0.0.1:0
${ca === undefined ? "" : `tls: { cert: "${pem("server.pem")}", key: "${pem("server.key")}" }`}
authentication: trust
upstreams:
  - { name: store, endpoint: "${store.endpoint}", credentials: anonymous }
routes:
  - { name: rest, match: {}, upstream: store }
limits: { drain: 1h, headerTime: 2s, bodyGrace: 500ms }
`);

		const send = async (row: Row) => {
			const before = store.requests.length;
			const outcome = await sendRow(row, gateway.address, row.status, ca);
			const seen = store.requests
				.slice(before)
				.filter(({ complete, target }) => complete && !canary(target));
			return { ...outcome, store: seen.length };
		};

		for (const row of rows) {
			t.test(row.name, async (t) => {
				const { status, continues, after, store, answers } = await send(row);
				t.strictSame(
					{ status, continues, after, store },
					{
						status: row.status,
						continues: row.continues ?? 0,
						after: row.closes ? "closed" : 200,
						store: row.store,
					},
					row.why,
				);
				for (const { status, head, body } of answers) {
					if (status < 400 || row.raw.startsWith("HEAD")) continue;
					t.match(head, /\r\nx-amz-request-id: [0-9A-F]{16}\r\n/);
					t.match(body, /<Error><Code>\w+<\/Code><Message>[^<]+<\/Message>/);
				}
			});
		}

		t.test("every refusal is told to log and metrics", async (t) => {
			const refused = gateway.outcomes.filter(({ status }) => status >= 400);
			t.ok(refused.length > 120);
			t.strictSame(
				refused.filter(({ exchange }) => exchange.findings.error === undefined),
				[],
			);
		});

		t.test("no connection is left", async (t) => {
			await gateway.close();
			t.pass("it would wait an hour for one");
		});
	});
}
