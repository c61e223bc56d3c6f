/** Every kind of listener with several workers. */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t from "tap";
import { RawConnection } from "../support/raw-http.ts";
import { startTestStore } from "../support/store.ts";
import { startWorkers, trusting } from "../support/workers.ts";

const tls = (name: string): string =>
	new URL(`../support/tls/${name}`, import.meta.url).pathname;
const get = "GET /bucket/key HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";

t.test("TLS is ended by each worker", async (t) => {
	const store = await startTestStore((_, response) => response.end("hello"));
	t.teardown(() => store.close());
	const gateway = await startWorkers(
		t,
		trusting(
			store.endpoint,
			`
tls: { cert: "${tls("server.pem")}", key: "${tls("server.key")}" }`,
		),
	);
	for (let count = 0; count < 4; count += 1) {
		const connection = new RawConnection(
			gateway.address,
			readFileSync(tls("ca.pem")),
		);
		connection.write(get);
		t.match(await connection.answer(), { status: 200, body: "hello" });
	}
	await gateway.until("request", 4);
	const workers = gateway.lines.flatMap(({ msg, worker }) =>
		msg === "request" ? [Number(worker)] : [],
	);
	t.strictSame([...new Set(workers)].sort(), [1, 2]);
});

t.test("the PROXY protocol names the client to each worker", async (t) => {
	const store = await startTestStore((_, response) => response.end("hello"));
	t.teardown(() => store.close());
	const gateway = await startWorkers(
		t,
		trusting(
			store.endpoint,
			"proxyProtocol: true\ntrustedProxies: [127.0.0.1]",
		),
	);
	for (let count = 0; count < 2; count += 1) {
		const connection = new RawConnection(gateway.address);
		connection.write(`PROXY TCP4 192.0.2.7 10.0.0.1 5000 443\r\n${get}`);
		t.match(await connection.answer(), { status: 200 });
	}
	await gateway.until("request", 2);
	const told = gateway.lines.filter(({ msg }) => msg === "request");
	t.match(
		told.map(({ remoteAddress }) => remoteAddress),
		["192.0.2.7", "192.0.2.7"],
	);
	t.not(told[0]?.worker, told[1]?.worker);
});

t.test(
	"a Unix socket: a stale one is replaced, its permissions are those configured",
	async (t) => {
		const store = await startTestStore((_, response) => response.end("hello"));
		t.teardown(() => store.close());
		const folder = mkdtempSync(join(tmpdir(), "sealgate-socket-"));
		t.teardown(() => rmSync(folder, { recursive: true, force: true }));
		const path = join(folder, "s");
		await leaveStale(path);
		const yaml = trusting(store.endpoint, 'socketMode: "0660"');
		const gateway = await startWorkers(t, yaml, { listen: `unix:${path}` });
		t.equal(gateway.address, path);
		t.equal(statSync(path).mode & 0o777, 0o660);
		for (let count = 0; count < 4; count += 1) {
			const status = await new Promise((resolve, reject) => {
				request({ socketPath: path, path: "/bucket/key" }, (answer) => {
					answer.resume();
					answer.on("end", () => resolve(answer.statusCode));
				})
					.on("error", reject)
					.end();
			});
			t.equal(status, 200);
		}
		process.kill(gateway.pid(1), "SIGKILL");
		await gateway.until("worker serves", 3);
		t.equal(statSync(path).mode & 0o777, 0o660);
		gateway.child.kill("SIGTERM");
		t.equal(await gateway.closed, 0);
		t.throws(() => statSync(path), { code: "ENOENT" });
	},
);

/** As a process leaves it that was killed. */
async function leaveStale(path: string): Promise<void> {
	const program = `require("node:net").createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, "SIGKILL"))`;
	const child = spawn(process.execPath, ["-e", program]);
	await new Promise((resolve) => child.on("close", resolve));
}
