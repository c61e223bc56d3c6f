/** What reaches all workers: a new configuration, and the end. */
import { Agent } from "node:http";
import t from "tap";
import { RawConnection } from "../support/raw-http.ts";
import { startTestStore } from "../support/store.ts";
import { ask, sample, startWorkers, trusting } from "../support/workers.ts";

t.test("a reload reaches every worker, or none", async (t) => {
	const store = await startTestStore((_, response) => response.end("hello"));
	t.teardown(() => store.close());
	const refusing = (reason: string) =>
		trusting(store.endpoint).replace(
			"upstream: store }]",
			`upstream: store, policies: [{ refuse: { operations: [GetObject], reason: ${reason} } }] }]`,
		);
	const gateway = await startWorkers(t, refusing("first"));
	/** What each worker says: two connections that stand at once are one for each. */
	const reasons = async (): Promise<string[]> => {
		const agents = [
			new Agent({ keepAlive: true }),
			new Agent({ keepAlive: true }),
		];
		const said: string[] = [];
		for (const agent of agents) {
			const { body } = await ask(`${gateway.endpoint}/bucket/key`, { agent });
			said.push(/first|second|third/.exec(body)?.[0] ?? body);
		}
		for (const agent of agents) agent.destroy();
		return said;
	};
	t.strictSame(await reasons(), ["first", "first"]);

	gateway.write(refusing("second"));
	await gateway.until("reloaded");
	t.strictSame(await reasons(), ["second", "second"]);

	gateway.write(
		refusing("third").replace("upstream: store,", "upstream: none,"),
	);
	const refused = await gateway.until("the old configuration stays in force");
	t.match(refused.reason, /none/);
	t.strictSame(await reasons(), ["second", "second"]);

	// Found by the workers, not by the primary.
	gateway.write(`${refusing("third")}\nsocketMode: "0660"`);
	await gateway.until("the old configuration stays in force", 2);
	process.kill(gateway.pid(1), "SIGKILL");
	await gateway.until("worker serves", 3);
	t.strictSame(
		await reasons(),
		["second", "second"],
		"a new worker begins with what is in force, not with what the file says",
	);
	const metrics = await gateway.metrics();
	const count = "sealgate_config_reload_total";
	t.equal(sample(metrics, count, "success"), 1);
	t.equal(sample(metrics, count, "failure"), 2);

	gateway.write(refusing("third"));
	gateway.child.kill("SIGHUP");
	await gateway.until("reloaded", 2);
	t.strictSame(await reasons(), ["third", "third"]);
});

t.test(
	"SIGTERM to all of them drains what is in flight, on every worker",
	async (t) => {
		const releases: (() => void)[] = [];
		const store = await startTestStore((_, response) => {
			response.writeHead(200, { "content-length": 10 });
			response.write("hello");
			releases.push(() => response.end("world"));
		});
		t.teardown(() => store.close());
		const gateway = await startWorkers(t, trusting(store.endpoint));
		const open = Array.from({ length: 4 }, () => {
			const connection = new RawConnection(gateway.address);
			t.teardown(() => connection.destroy());
			connection.write("GET /bucket/key HTTP/1.1\r\nHost: h\r\n\r\n");
			return connection;
		});
		for (const connection of open) await connection.contains("hello");
		for (const pid of [gateway.pid(1), gateway.pid(2), gateway.child.pid ?? 0])
			process.kill(pid, "SIGTERM");
		await gateway.until("draining");
		const ready = await ask(`${gateway.admin}/readyz`);
		t.equal(ready.status, 503);
		for (const release of releases) release();
		for (const connection of open)
			t.match(await connection.answer(), { status: 200, body: "helloworld" });
		t.equal(await gateway.closed, 0);
		t.equal(gateway.lines.at(-1)?.msg, "stopped");
	},
);

t.test(
	"after the time for draining the rest is cut, and all processes end",
	async (t) => {
		const store = await startTestStore((_, response) => {
			response.writeHead(200, { "content-length": 10 });
			response.write("hello");
		});
		t.teardown(() => store.close());
		const short = trusting(store.endpoint).replace("5s", "100ms");
		const gateway = await startWorkers(t, short);
		const connection = new RawConnection(gateway.address);
		connection.write("GET /bucket/key HTTP/1.1\r\nHost: h\r\n\r\n");
		await connection.contains("hello");
		gateway.child.kill("SIGTERM");
		t.equal(await connection.answer(), undefined);
		t.equal(
			await gateway.closed,
			0,
			"the output is closed by the last process",
		);
	},
);

t.test("when the primary is killed, so are its workers", async (t) => {
	const store = await startTestStore();
	t.teardown(() => store.close());
	const gateway = await startWorkers(t, trusting(store.endpoint));
	gateway.child.kill("SIGKILL");
	await gateway.closed;
	await t.rejects(ask(`${gateway.endpoint}/bucket/key`), {
		code: "ECONNREFUSED",
	});
});
