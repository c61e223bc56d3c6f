/** Clients that send on when they are answered already, that do not send, and that do not read. */
import { once } from "node:events";
import { connect } from "node:net";
import { PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import t from "tap";
import {
	accessKeyId,
	configuration,
	startTestGateway,
} from "../support/gateway.ts";
import { RawConnection } from "../support/raw-http.ts";
import { startTestStore } from "../support/store.ts";

interface Test {
	teardown(action: () => unknown): void;
}

async function start(t: Test, limits = "drain: 1s") {
	const store = await startTestStore();
	const gateway = await startTestGateway(
		configuration(store.endpoint).replace(
			"limits: { drain: 1s }",
			`limits: { ${limits} }`,
		),
	);
	t.teardown(async () => {
		await gateway.close();
		await store.close();
	});
	const open = (text: string): RawConnection => {
		const connection = new RawConnection(gateway.address);
		t.teardown(() => connection.destroy());
		connection.write(text);
		return connection;
	};
	return { store, gateway, open };
}

t.test(
	"an SDK that sends 32 MiB under a wrong secret reads the refusal, not a reset",
	async (t) => {
		const { gateway, store } = await start(t);
		const s3 = new S3Client({
			endpoint: gateway.endpoint,
			region: "us-east-1",
			forcePathStyle: true,
			maxAttempts: 1,
			credentials: { accessKeyId, secretAccessKey: "wrong" },
		});
		t.teardown(() => s3.destroy());
		const Body = Buffer.alloc(32 * 1024 * 1024);
		const put = new PutObjectCommand({ Bucket: "bucket", Key: "key", Body });
		await t.rejects(s3.send(put), { name: "SignatureDoesNotMatch" });
		t.strictSame(store.requests, []);
	},
);

/** More than is worth reading to keep the connection. */
const large =
	"PUT /bucket/key HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000000\r\n\r\n";
const small =
	"PUT /bucket/key HTTP/1.1\r\nHost: h\r\nContent-Length: 1000\r\n\r\n";

t.test("bytes that are sent behind the answer reset nothing", async (t) => {
	const { gateway } = await start(t);
	const [host, port] = gateway.address.split(":");
	const socket = connect({ host, port: Number(port), allowHalfOpen: true });
	t.teardown(() => socket.destroy());
	const faults: unknown[] = [];
	socket.on("error", (error) => faults.push(error));
	let said = "";
	socket.setEncoding("latin1").on("data", (chunk) => (said += chunk));
	socket.write(
		"PUT /bucket/key HTTP/1.1\r\nHost: h\r\nContent-Length: 6400000\r\n\r\n",
	);
	await once(socket, "end");
	t.match(said, /^HTTP\/1\.1 403 /);
	for (let sent = 0; sent < 100; sent += 1)
		await new Promise((resolve) => socket.write(Buffer.alloc(64_000), resolve));
	socket.end();
	await once(socket, "close");
	t.strictSame(faults, []);
});

t.test("a client that never stops sending is cut off", async (t) => {
	const { open } = await start(t);
	const connection = open(large);
	const piece = Buffer.alloc(64 * 1024);
	const timer = setInterval(() => connection.write(piece), 1);
	t.teardown(() => clearInterval(timer));
	t.match(await connection.answer(), {
		status: 403,
		head: /\r\nconnection: close\r\n/i,
	});
	await connection.whenClosed();
	t.equal(connection.rest, "");
});

t.test(
	"a refused body that is short keeps the connection; one that stalls does not",
	async (t) => {
		const { open } = await start(t, "drain: 1s, bodyGrace: 200ms");
		const connection = open(small);
		t.match(await connection.answer(), { status: 403 });
		connection.write("x".repeat(1_000));
		connection.write(small);
		t.match(await connection.answer(), { status: 403 });
		connection.write("x".repeat(10));
		await connection.whenClosed();
		t.equal(connection.rest, "");
	},
);

t.test("a client that does not read its answer is cut off", async (t) => {
	// Some sizes fit into the buffers of the system, some do not, and some leave a rest that is only to be flushed.
	const sizes = Array.from({ length: 48 }, (_, index) => index * 200_000);
	const store = await startTestStore((request, response) => {
		const size = Number(/\d+/.exec(request.target)?.[0]);
		response.end(Buffer.alloc(size));
	});
	t.teardown(() => store.close());
	const gateway = await startTestGateway(`
listen: 127.0.0.1:0
authentication: trust
upstreams: [{ name: store, endpoint: "${store.endpoint}", credentials: anonymous }]
routes: [{ name: rest, match: {}, upstream: store }]
limits: { drain: 1h, bodyGrace: 300ms, keepAlive: 300ms }
`);
	const [host, port] = gateway.address.split(":");
	const sockets = sizes.map((size) => {
		const socket = connect(Number(port), host).pause();
		socket.on("error", () => {});
		socket.write(`GET /bucket/${size} HTTP/1.1\r\nHost: h\r\n\r\n`);
		return socket;
	});
	t.teardown(() => {
		for (const socket of sockets) socket.destroy();
	});
	while (gateway.outcomes.length < sizes.length)
		await new Promise((resolve) => setTimeout(resolve, 10));
	await gateway.close();
	t.pass("the gateway waits for nobody, though it may drain for an hour");
});
