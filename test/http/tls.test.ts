import { once } from "node:events";
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import { Agent, request } from "node:https";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ConnectionOptions, connect as secure } from "node:tls";
import { fileURLToPath } from "node:url";
import t from "tap";
import { loadTestConfig, startTestGateway } from "../support/gateway.ts";
import { startTestStore } from "../support/store.ts";

const tls = (file: string): string =>
	fileURLToPath(new URL(`../support/tls/${file}`, import.meta.url));
const pem = (file: string): Buffer => readFileSync(tls(file));
const ca = pem("ca.pem");
const identity = { cert: pem("client.pem"), key: pem("client.key") };

interface Test {
	teardown(action: () => unknown): void;
}

const served = `{ cert: "${tls("server.pem")}", key: "${tls("server.key")}" }`;
const withClients = served.replace(" }", `, clientCa: "${tls("ca.pem")}" }`);

function configuration(endpoint: string, own = served, limits = ""): string {
	return `
listen: 127.0.0.1:0
tls: ${own}
authentication: trust
upstreams:
  - { name: store, endpoint: "${endpoint}", credentials: anonymous }
routes:
  - { name: rest, match: {}, upstream: store }
limits: { drain: 1s${limits} }
`;
}

async function start(t: Test, own = served, limits = "") {
	const store = await startTestStore();
	const gateway = await startTestGateway(
		configuration(store.endpoint, own, limits),
	);
	t.teardown(async () => {
		await gateway.close();
		await store.close();
	});
	const port = Number(gateway.address.split(":")[1]);
	return { store, gateway, port };
}

/** The error's code, or `undefined` where the gateway answered on the connection. */
async function handshake(
	port: number,
	options: ConnectionOptions,
): Promise<string | undefined> {
	const socket = secure({ host: "127.0.0.1", port, ca, ...options });
	return new Promise((resolve) => {
		socket.on("error", (error: NodeJS.ErrnoException) => resolve(error.code));
		socket.on("close", () => resolve("closed"));
		// With TLS 1.3 a client learns of a refusal after its own handshake: only an answer proves that it is served.
		socket.write("GET /bucket/key HTTP/1.1\r\nHost: h\r\n\r\n");
		socket.once("data", () => {
			resolve(undefined);
			socket.destroy();
		});
	});
}

async function send(
	port: number,
	agent: Agent,
	body?: string,
): Promise<IncomingMessage> {
	const sent = request({
		host: "127.0.0.1",
		port,
		agent,
		path: "/bucket/key",
		method: body === undefined ? "GET" : "PUT",
	});
	sent.end(body);
	const [response] = (await once(sent, "response")) as [IncomingMessage];
	response.resume();
	await once(response, "end");
	return response;
}

t.test("a request over TLS reaches the store, and is secure", async (t) => {
	const { gateway, store, port } = await start(t);
	const agent = new Agent({ ca });
	t.equal((await send(port, agent, "content")).statusCode, 200);
	t.equal(String(store.requests[0]?.body).includes("content"), true);
	t.equal(gateway.outcomes[0]?.exchange.received.secure, true);
});

t.test("TLS 1.2 and 1.3 are spoken, 1.1 is not", async (t) => {
	const { port } = await start(t);
	for (const version of ["TLSv1.2", "TLSv1.3"] as const) {
		const only = { minVersion: version, maxVersion: version };
		t.equal(await handshake(port, only), undefined, version);
	}
	t.not(
		await handshake(port, {
			minVersion: "TLSv1.1",
			maxVersion: "TLSv1.1",
			ciphers: "DEFAULT@SECLEVEL=0",
		}),
		undefined,
	);
});

t.test("HTTP/1.1 is chosen by ALPN, and HTTP/2 alone is refused", async (t) => {
	const { port } = await start(t);
	const both = secure({
		host: "127.0.0.1",
		port,
		ca,
		ALPNProtocols: ["h2", "http/1.1"],
	});
	await once(both, "secureConnect");
	t.equal(both.alpnProtocol, "http/1.1");
	both.destroy();
	t.not(await handshake(port, { ALPNProtocols: ["h2"] }), undefined);
});

t.test("with clientCa only a client of that CA is served", async (t) => {
	const { port, store } = await start(t, withClients);
	t.not(await handshake(port, {}), undefined, "no certificate");
	t.not(
		await handshake(port, {
			cert: pem("other-client.pem"),
			key: pem("other-client.key"),
		}),
		undefined,
		"a certificate of another CA",
	);
	t.strictSame(store.requests, []);
	t.equal(await handshake(port, identity), undefined);
	t.equal(store.requests.length, 1);
});

t.test(
	"plain HTTP on the TLS port is closed, and nothing leaves",
	async (t) => {
		const { port, store } = await start(t);
		const socket = connect(port, "127.0.0.1");
		let said = 0;
		socket.on("data", (chunk) => (said += chunk.length));
		socket.on("error", () => {});
		socket.write("GET /bucket/key HTTP/1.1\r\nHost: h\r\n\r\n");
		await once(socket, "close");
		t.ok(said < 16, "an alert at most");
		t.strictSame(store.requests, []);
		t.equal(await handshake(port, {}), undefined, "others are served");
	},
);

t.test("a handshake that does not end is given up", async (t) => {
	const { port } = await start(t, served, ", headerTime: 200ms");
	const socket = connect(port, "127.0.0.1");
	socket.on("error", () => {});
	socket.resume();
	// The first bytes of a ClientHello, and no more.
	socket.write(Buffer.from("160301", "hex"));
	await once(socket, "close");
	t.pass("closed by the gateway");
});

t.test(
	"a renewed certificate is served to new connections, and those that stand go on",
	async (t) => {
		const folder = mkdtempSync(join(tmpdir(), "sealgate-"));
		t.teardown(() => rmSync(folder, { recursive: true }));
		const put = (name: string): void => {
			copyFileSync(tls(`${name}.pem`), join(folder, "cert"));
			copyFileSync(tls(`${name}.key`), join(folder, "key"));
		};
		put("server");
		const own = `{ cert: "${join(folder, "cert")}", key: "${join(folder, "key")}" }`;
		const { gateway, store, port } = await start(t, own);
		const yaml = configuration(store.endpoint, own);
		const agent = new Agent({ ca, keepAlive: true, maxSockets: 1 });
		t.teardown(() => agent.destroy());
		await send(port, agent);
		const sockets = () => Object.values(agent.freeSockets).flat();
		const [standing] = sockets();
		const subject = async (): Promise<string> => {
			const socket = secure({ host: "127.0.0.1", port, ca });
			await once(socket, "secureConnect");
			const { CN } = socket.getPeerCertificate().subject;
			socket.destroy();
			return String(CN);
		};
		t.equal(await subject(), "server");
		put("server-renewed");
		await gateway.reload(() => loadTestConfig(yaml));
		t.equal(await subject(), "server-renewed");
		await send(port, agent);
		t.equal(sockets()[0], standing, "the same connection");
		// Half of a renewal: the key has come, its certificate has not.
		copyFileSync(tls("server.key"), join(folder, "key"));
		await t.rejects(
			gateway.reload(() => loadTestConfig(yaml)),
			/tls\.key: the file .* is not the key of the certificate/,
		);
		t.equal(await subject(), "server-renewed", "the old one stays in force");
	},
);

t.test("TLS comes and goes by a restart only", async (t) => {
	const { gateway, store } = await start(t);
	await t.rejects(
		gateway.reload(() =>
			loadTestConfig(configuration(store.endpoint).replace(/^tls.*$/m, "")),
		),
		/by a restart only/,
	);
});

t.test("each fault of the files is told with its line and path", async (t) => {
	const cases: [string, RegExp][] = [
		[
			served.replace("server.pem", "nowhere.pem"),
			/yaml:3:\d+ tls\.cert: the file .*nowhere\.pem cannot be read \(ENOENT\)/,
		],
		[
			served.replace("server.pem", "make.sh"),
			/yaml:3:\d+ tls\.cert: the file .*make\.sh holds no certificate/,
		],
		[
			served.replace("server.key", "server.pem"),
			/yaml:3:\d+ tls\.key: the file .*server\.pem holds no private key/,
		],
		[
			served.replace("server.key", "client.key"),
			/yaml:3:\d+ tls\.key: the file .*client\.key is not the key of the certificate in .*server\.pem/,
		],
		[
			withClients.replace("ca.pem", "make.sh"),
			/yaml:3:\d+ tls\.clientCa: the file .*make\.sh holds no certificate/,
		],
	];
	for (const [own, expected] of cases) {
		await t.rejects(
			loadTestConfig(configuration("http://127.0.0.1:9", own)),
			expected,
		);
	}
	const { files } = await loadTestConfig(
		configuration("http://127.0.0.1:9", withClients),
	);
	t.strictSame(
		files.slice(1),
		["server.pem", "server.key", "ca.pem"].map(tls),
		"the files are watched",
	);
});
