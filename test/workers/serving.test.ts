/** `workers: N`: real processes behind one port. */
import t from "tap";
import { RawConnection } from "../support/raw-http.ts";
import { startTestStore } from "../support/store.ts";
import { ask, sample, startWorkers, trusting } from "../support/workers.ts";

t.test(
	"connections fall evenly on the workers, and their metrics add up",
	async (t) => {
		const store = await startTestStore((_, response) => response.end("hello"));
		t.teardown(() => store.close());
		const gateway = await startWorkers(t, trusting(store.endpoint), {
			workers: 3,
		});
		const requests = 60;
		for (let round = 0; round < requests / 6; round += 1) {
			const answers = await Promise.all(
				Array.from({ length: 6 }, () => ask(`${gateway.endpoint}/bucket/key`)),
			);
			t.ok(answers.every(({ status }) => status === 200));
		}
		await gateway.until("request", requests);
		const shares = [1, 2, 3].map(
			(number) =>
				gateway.lines.filter(
					({ msg, worker }) => msg === "request" && Number(worker) === number,
				).length,
		);
		t.equal(
			shares.reduce((sum, share) => sum + share, 0),
			requests,
		);
		for (const share of shares) t.ok(share >= 15 && share <= 25, `${shares}`);

		const metrics = await gateway.metrics();
		const duration = "http_server_request_duration_seconds";
		t.equal(sample(metrics, `${duration}_count`), requests);
		t.equal(sample(metrics, `${duration}_bucket`, 'le="+Inf"'), requests);
		t.equal(
			sample(metrics, "sealgate_request_bytes_total", 'direction="out"'),
			requests * "hello".length,
		);
		t.equal(sample(metrics, "http_server_active_requests"), 0);
		t.equal(sample(metrics, "sealgate_workers"), 3);
		t.equal(sample(metrics, "sealgate_build_info"), 1);
		t.ok(sample(metrics, "sealgate_event_loop_delay_seconds_count") > 0);
	},
);

t.test("the admin port answers for all workers", async (t) => {
	const store = await startTestStore();
	t.teardown(() => store.close());
	const gateway = await startWorkers(t, trusting(store.endpoint));
	const ready = await ask(`${gateway.admin}/readyz`);
	t.equal(ready.status, 200);
	t.match(JSON.parse(ready.body), {
		ready: true,
		draining: false,
		workers: { wanted: 2, serving: 2, ready: 2 },
	});
	const config = JSON.parse((await ask(`${gateway.admin}/config`)).body);
	t.match(config, { workers: 2, limits: { inFlight: 512 } });
	const explained = await ask(
		`${gateway.admin}/explain?method=PUT&target=s3://bucket/key`,
	);
	t.match(JSON.parse(explained.body), {
		operation: "PutObject",
		route: "rest",
	});
	const wrong = await ask(`${gateway.admin}/explain?target=s3://B/key`);
	t.equal(wrong.status, 400);

	process.kill(gateway.pid(2), "SIGSTOP");
	const hung = await ask(`${gateway.admin}/readyz`);
	process.kill(gateway.pid(2), "SIGCONT");
	t.equal(hung.status, 503, "one that does not answer is handed connections");
	t.match(JSON.parse(hung.body), { workers: { serving: 2, ready: 1 } });
});

t.test(
	"a worker that is killed under load costs its own requests, and is replaced",
	async (t) => {
		const store = await startTestStore((_, response) => response.end("hello"));
		t.teardown(() => store.close());
		const gateway = await startWorkers(t, trusting(store.endpoint));
		const clients = 8;
		let stop = false;
		let answered = 0;
		const failures: unknown[] = [];
		const load = Array.from({ length: clients }, async () => {
			while (!stop) {
				try {
					const { status } = await ask(`${gateway.endpoint}/bucket/key`);
					if (status !== 200) failures.push(status);
					answered += 1;
				} catch (error) {
					failures.push(error);
				}
			}
		});
		await gateway.until("request", 50);
		const before = await gateway.metrics();
		const killed = gateway.pid(2);
		process.kill(killed, "SIGKILL");
		await gateway.until("a worker ended");
		const meanwhile = await gateway.metrics();
		const serves = await gateway.until("worker serves", 3);
		t.equal(Number(serves.worker), 2);
		t.not(Number(serves.pid), killed);
		const alive = answered;
		await gateway.until("request", answered + 50);
		stop = true;
		await Promise.all(load);
		t.ok(answered > alive);
		t.ok(failures.length <= clients, `${failures.length} failed`);
		for (const failure of failures)
			t.match(failure, { code: /^(ECONNRESET|EPIPE)$/ }, "cut, not refused");
		const count = (metrics: string) =>
			sample(metrics, "http_server_request_duration_seconds_count");
		t.ok(count(meanwhile) >= count(before), "counters never fall");
		t.equal(sample(await gateway.metrics(), "sealgate_worker_deaths_total"), 1);
		const ready = JSON.parse((await ask(`${gateway.admin}/readyz`)).body);
		t.match(ready, { ready: true, workers: { serving: 2 } });
	},
);

t.test(
	"a connection on its way to a worker that is killed is closed",
	async (t) => {
		const store = await startTestStore((_, response) => response.end("hello"));
		t.teardown(() => store.close());
		const gateway = await startWorkers(t, trusting(store.endpoint));
		process.kill(gateway.pid(2), "SIGSTOP");
		const get =
			"GET /bucket/key HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
		const answers = [0, 1].map(async () => {
			const connection = new RawConnection(gateway.address);
			t.teardown(() => connection.destroy());
			connection.write(get);
			return (await connection.answer())?.status;
		});
		t.equal(await Promise.race(answers), 200, "by the one that runs");
		process.kill(gateway.pid(2), "SIGKILL");
		t.strictSame((await Promise.all(answers)).sort(), [200, undefined]);
	},
);
