/** The end of a gateway, as its clients see it. */
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t from "tap";
import { startTestGateway } from "../support/gateway.ts";
import { serve } from "../support/process.ts";
import { RawConnection } from "../support/raw-http.ts";
import { type Answer, startTestStore } from "../support/store.ts";

const folder = mkdtempSync(join(tmpdir(), "sealgate-drain-"));
t.teardown(() => rmSync(folder, { recursive: true }));

interface Test {
	readonly name: string;
	teardown(action: () => unknown): void;
}

async function start(t: Test, drain: string, answer?: Answer) {
	const store = await startTestStore(answer);
	t.teardown(() => store.close());
	const file = join(folder, `${t.name.replaceAll(/\W/g, "-")}.yaml`);
	writeFileSync(
		file,
		`
listen: 127.0.0.1:0
admin: 127.0.0.1:0
authentication: trust
upstreams:
  - { name: store, endpoint: "${store.endpoint}", credentials: anonymous }
routes:
  - { name: rest, match: {}, upstream: store }
limits: { drain: ${drain} }
`,
	);
	const gateway = serve(file);
	t.teardown(() => void gateway.child.kill("SIGKILL"));
	const { address = "", admin = "" } = await gateway.until("listening");
	const open = (text: string): RawConnection => {
		const connection = new RawConnection(address);
		t.teardown(() => connection.destroy());
		connection.write(text);
		return connection;
	};
	return { ...gateway, store, admin, open };
}

const get = "GET /bucket/key HTTP/1.1\r\nHost: h\r\n\r\n";
const put =
	"PUT /bucket/key HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\nExpect: 100-continue\r\n\r\n";

/** Resolves when the gateway has asked for the body: the upload is in flight. */
async function asked(connection: RawConnection): Promise<void> {
	await connection.interim();
	connection.write("hello");
}

t.test(
	"SIGTERM: what is in flight ends well, what is new is refused, what is idle is closed",
	async (t) => {
		let release: () => void = () => {};
		const { child, closed, until, store, admin, open } = await start(
			t,
			"1h",
			(request, response) => {
				if (request.target !== "/bucket/large") return void response.end();
				response.writeHead(200, { "content-length": 10 });
				response.write("hello");
				release = () => response.end("world");
			},
		);
		const idle = open(get);
		await idle.answer();
		const upload = open(put);
		await asked(upload);
		const download = open("GET /bucket/large HTTP/1.1\r\nHost: h\r\n\r\n");
		await download.contains("hello");
		const begun = open("GET /bucket/late HTTP/1.1\r\nHost: h\r\n");
		await begunIsKnown(open);

		child.kill("SIGTERM");
		await until("draining");
		await idle.whenClosed();
		const refused = open(get);
		t.equal(await refused.answer(), undefined, "nobody listens any more");
		t.equal((await fetch(`http://${admin}/readyz`)).status, 503);
		t.equal((await fetch(`http://${admin}/livez`)).status, 200);

		begun.write("\r\n");
		t.match(await begun.answer(), {
			status: 503,
			head: /\r\nconnection: close\r\n/i,
			body: /<Code>ServiceUnavailable</,
		});
		upload.write("world");
		t.match(await upload.answer(), {
			status: 200,
			head: /\r\nconnection: close\r\n/i,
		});
		release();
		t.match(await download.answer(), { status: 200, body: "helloworld" });
		for (const connection of [upload, download, begun])
			await connection.whenClosed();
		t.equal(await closed, 0);
		t.strictSame(
			store.requests.map(({ target, complete }) => [target, complete]),
			[
				["/bucket/key", true],
				["/bucket/large", true],
				["/bucket/key", true],
				["/bucket/key", true],
			],
		);
	},
);

/** A connection is accepted in order: when a later one is answered, the gateway has read what came before. */
async function begunIsKnown(open: (text: string) => RawConnection) {
	const probe = open(get.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n"));
	await probe.answer();
	await probe.whenClosed();
}

t.test("after the time for draining the rest is cut", async (t) => {
	const { child, closed, store, open } = await start(t, "200ms");
	const upload = open(put);
	await asked(upload);
	child.kill("SIGTERM");
	t.equal(await upload.answer(), undefined);
	t.equal(await closed, 0);
	t.notOk(store.requests.some(({ complete }) => complete));
});

t.test("a second SIGTERM ends at once", async (t) => {
	const { child, closed, until, store, open } = await start(t, "1h");
	const upload = open(put);
	await asked(upload);
	child.kill("SIGTERM");
	await until("draining");
	child.kill("SIGTERM");
	t.equal(await closed, 1);
	await upload.whenClosed();
	t.notOk(store.requests.some(({ complete }) => complete));
});

t.test("what a client has not read yet is not cut by the end", async (t) => {
	const store = await startTestStore((request, response) => {
		response.end(Buffer.alloc(Number(/\d+/.exec(request.target)?.[0])));
	});
	t.teardown(() => store.close());
	const gateway = await startTestGateway(`
listen: 127.0.0.1:0
authentication: trust
upstreams: [{ name: store, endpoint: "${store.endpoint}", credentials: anonymous }]
routes: [{ name: rest, match: {}, upstream: store }]
limits: { drain: 1h }
`);
	const [host, port] = gateway.address.split(":");
	// Some fit into the buffers of the system, some do not, and some leave a rest that is only to be flushed.
	const sizes = Array.from({ length: 48 }, (_, index) => index * 200_000);
	const sockets = sizes.map((size) => {
		const socket = connect(Number(port), host).pause();
		t.teardown(() => socket.destroy());
		socket.write(
			`GET /bucket/${size} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n`,
		);
		return socket;
	});
	while (store.requests.length < sizes.length)
		await new Promise((resolve) => setImmediate(resolve));
	const closed = gateway.close();
	const read = await Promise.all(
		sockets.map(async (socket) => {
			let bytes = 0;
			socket.on("data", (chunk: Buffer) => {
				const end = bytes === 0 ? chunk.indexOf("\r\n\r\n") + 4 : 0;
				bytes += chunk.length - end;
			});
			socket.resume();
			await once(socket, "end");
			return bytes;
		}),
	);
	t.strictSame(read, sizes);
	await closed;
});
