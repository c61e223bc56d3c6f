import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { request } from "node:http";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t from "tap";
import { startTestGateway } from "../support/gateway.ts";
import { type Answer, startTestStore } from "../support/store.ts";

interface Test {
	teardown(action: () => unknown): void;
}

async function start(
	t: Test,
	{
		listen = "127.0.0.1:0",
		limits = "",
		answer = undefined as Answer | undefined,
	},
) {
	const store = await startTestStore(answer);
	const gateway = await startTestGateway(`
listen: ${listen}
authentication: trust
upstreams:
  - { name: store, endpoint: "${store.endpoint}", credentials: anonymous }
routes:
  - { name: rest, match: {}, upstream: store }
limits: { drain: 1s${limits} }
`);
	t.teardown(async () => {
		await gateway.close();
		await store.close();
	});
	return { store, gateway };
}

/** All that the gateway says on a connection of its own until it closes it. */
async function talk(address: string, text: string): Promise<string> {
	const [host, port] = address.split(":");
	const socket = connect(Number(port), host);
	let said = "";
	socket.setEncoding("latin1").on("data", (chunk: string) => {
		said += chunk;
	});
	socket.on("error", () => {});
	socket.write(text);
	await once(socket, "close");
	return said;
}

t.test("a Unix socket serves, and is gone with the gateway", async (t) => {
	const folder = mkdtempSync(join(tmpdir(), "sealgate-"));
	t.teardown(() => rmSync(folder, { recursive: true }));
	const socketPath = join(folder, "s");
	const { gateway, store } = await start(t, { listen: `unix:${socketPath}` });
	const sent = request({ socketPath, path: "/bucket/key", method: "PUT" });
	sent.end("content");
	const [response] = await once(sent, "response");
	t.equal(response.statusCode, 200);
	response.resume();
	t.equal(store.requests.length, 1);
	t.ok(existsSync(socketPath));
	await gateway.close();
	t.notOk(existsSync(socketPath));
});

t.test(
	"a body that stalls is given up, and the store publishes nothing",
	async (t) => {
		const { gateway, store } = await start(t, {
			limits: ", minimumBodyRate: 1024, bodyGrace: 200ms",
		});
		const next = store.next();
		const said = await talk(
			gateway.address,
			"PUT /bucket/key HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\nbegin",
		);
		t.match(said, /^HTTP\/1\.1 400 .*<Code>RequestTimeout<\/Code>/s);
		t.equal((await next).complete, false);
		t.equal(gateway.outcomes[0]?.exchange.findings.error, "body-too-slow");
	},
);

t.test("one request too many is told to slow down", async (t) => {
	const waiting = Promise.withResolvers<() => void>();
	const { gateway, store } = await start(t, {
		limits: ", inFlight: 1, queue: 0",
		answer: (_request, response) => waiting.resolve(() => response.end()),
	});
	const ask =
		"GET /bucket/key HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
	const first = talk(gateway.address, ask);
	const finish = await waiting.promise;
	t.match(
		await talk(gateway.address, ask),
		/^HTTP\/1\.1 503 .*retry-after: 1\r\n.*<Code>SlowDown<\/Code>/s,
	);
	finish();
	t.match(await first, /^HTTP\/1\.1 200 /);
	t.equal(store.requests.length, 1);
});

t.test(
	"a head that is too large is refused, and so is a slow one",
	async (t) => {
		const { gateway, store } = await start(t, {
			limits: ", headerBytes: 8KiB, headerTime: 200ms",
		});
		const large = `GET / HTTP/1.1\r\nHost: h\r\nX: ${"x".repeat(9_000)}\r\n\r\n`;
		t.match(
			await talk(gateway.address, large),
			/^HTTP\/1\.1 400 .*<Code>RequestHeaderSectionTooLarge</s,
		);
		const slow = "GET / HTTP/1.1\r\nHost: h\r\n";
		t.match(
			await talk(gateway.address, slow),
			/^HTTP\/1\.1 400 .*<Code>RequestTimeout</s,
		);
		t.strictSame(store.requests, []);
	},
);
