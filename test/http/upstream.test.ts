import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { type AddressInfo, connect, type Server } from "node:net";
import { fileURLToPath } from "node:url";
import {
	GetObjectCommand,
	PutObjectCommand,
	S3Client,
} from "@aws-sdk/client-s3";
import t from "tap";
import type { Exchange } from "../../src/exchange.ts";
import { createUpstream } from "../../src/http/upstream.ts";
import { startTestGateway, type TestGateway } from "../support/gateway.ts";
import { startTestStore } from "../support/store.ts";

const tls = (file: string): string =>
	fileURLToPath(new URL(`../support/tls/${file}`, import.meta.url));
const pem = (file: string): Buffer => readFileSync(tls(file));

const held = "credentials: { accessKeyId: UP, secretAccessKey: up-secret }";

interface Test {
	teardown(action: () => unknown): void;
}

async function listening(t: Test, server: Server): Promise<number> {
	server.listen(0, "127.0.0.1");
	await once(server, "listening");
	t.teardown(() => {
		(
			server as unknown as { closeAllConnections?(): void }
		).closeAllConnections?.();
		server.close();
	});
	return (server.address() as AddressInfo).port;
}

async function gatewayTo(
	t: Test,
	endpoint: string,
	options: string,
	clients = ["app"],
): Promise<TestGateway & { s3(client?: string): S3Client }> {
	const gateway = await startTestGateway(`
listen: 127.0.0.1:0
admin: 127.0.0.1:0
authentication: verify
clients:
${clients.map((name) => `  - { name: ${name}, accessKeyId: KEY${name}, secretAccessKey: secret-of-${name} }`).join("\n")}
upstreams:
  - { name: store, endpoint: "${endpoint}", ${options} }
routes:
  - { name: rest, match: {}, upstream: store }
limits: { drain: 1s }
`);
	t.teardown(() => gateway.close());
	return {
		...gateway,
		s3: (client = "app") =>
			new S3Client({
				endpoint: gateway.endpoint,
				region: "us-east-1",
				forcePathStyle: true,
				maxAttempts: 1,
				credentials: {
					accessKeyId: `KEY${client}`,
					secretAccessKey: `secret-of-${client}`,
				},
			}),
	};
}

const put = (bucket = "bucket") =>
	new PutObjectCommand({ Bucket: bucket, Key: "key", Body: "content" });
const get = new GetObjectCommand({ Bucket: "bucket", Key: "key" });

t.test("TLS to the store", async (t) => {
	const peers: string[] = [];
	const server = createTlsServer(
		{
			cert: pem("server.pem"),
			key: pem("server.key"),
			ca: pem("ca.pem"),
			requestCert: true,
			rejectUnauthorized: false,
		},
		(request, response) => {
			const { CN } =
				(request.socket as import("node:tls").TLSSocket).getPeerCertificate()
					.subject ?? {};
			peers.push(String(CN ?? "nobody"));
			request.resume().on("end", () => response.end());
		},
	);
	const endpoint = `https://127.0.0.1:${await listening(t, server)}`;

	t.test("trusts its own CA, and shows its certificate", async (t) => {
		const own = `tls: { ca: "${tls("ca.pem")}", cert: "${tls("client.pem")}", key: "${tls("client.key")}" }`;
		const gateway = await gatewayTo(t, endpoint, `${held}, ${own}`);
		await gateway.s3().send(put());
		t.strictSame(peers, ["client"]);
	});

	t.test(
		"holds the certificate to the upstream's own name where the client's Host is sent",
		async (t) => {
			const upstream = createUpstream({
				name: "store",
				endpoint: endpoint.replace("127.0.0.1", "localhost"),
				connections: 1,
				timeouts: { connect: 5_000, answer: 5_000, idle: 5_000 },
				tls: { ca: tls("ca.pem") },
			});
			t.teardown(() => upstream.close());
			const send = (serverName?: string) =>
				upstream.send(
					{
						method: "GET",
						target: "/bucket/key",
						headers: new Map([["host", "gateway.example"]]),
						body: undefined,
						retries: 0,
						...(serverName && { serverName }),
					},
					{ signal: new AbortController().signal } as Exchange,
				);
			t.equal((await send("localhost")).status, 200);
			t.equal(peers.pop(), "nobody");
			await t.rejects(send(), { code: "upstream-unreachable" });
		},
	);

	t.test("trusts no other, and the log says why", async (t) => {
		const gateway = await gatewayTo(t, endpoint, held);
		await t.rejects(gateway.s3().send(put()), {
			name: "ServiceUnavailable",
			$metadata: { httpStatusCode: 503 },
		});
		t.match(gateway.outcomes[0]?.exchange.findings, {
			error: "upstream-unreachable",
			reason: /certificate/i,
		});
		t.equal(peers.length, 1, "nothing was sent");
	});
});

t.test("an egress proxy", async (t) => {
	const store = createTlsServer(
		{ cert: pem("server.pem"), key: pem("server.key") },
		(request, response) =>
			request.resume().on("end", () => response.end("content")),
	);
	const endpoint = `https://127.0.0.1:${await listening(t, store)}`;
	const asked: IncomingMessage[] = [];
	let refuses = false;
	const proxy = createServer();
	proxy.on("connect", (request: IncomingMessage, socket) => {
		asked.push(request);
		if (refuses) return socket.end("HTTP/1.1 403 Forbidden\r\n\r\n");
		const [host, port] = String(request.url).split(":");
		const through = connect(Number(port), host, () => {
			socket.write("HTTP/1.1 200 OK\r\n\r\n");
			through.pipe(socket).pipe(through);
		});
		through.on("error", () => socket.destroy());
		socket.on("error", () => through.destroy());
		socket.on("close", () => through.destroy());
		return through;
	});
	const address = `127.0.0.1:${await listening(t, proxy)}`;
	const gateway = await gatewayTo(
		t,
		endpoint,
		`${held}, proxy: "http://user:pass-of-proxy@${address}", tls: { ca: "${tls("ca.pem")}" }`,
	);
	await gateway.s3().send(put());
	const { Body } = await gateway.s3().send(get);
	t.equal(await Body?.transformToString(), "content");
	t.match(asked[0], {
		url: endpoint.slice("https://".length),
		headers: {
			"proxy-authorization": `Basic ${Buffer.from("user:pass-of-proxy").toString("base64")}`,
		},
	});
	const config = await fetch(`http://${gateway.adminAddress}/config`);
	t.notMatch(await config.text(), "pass-of-proxy");

	refuses = true;
	const closed = await gatewayTo(
		t,
		endpoint,
		`${held}, proxy: "http://user:pass-of-proxy@${address}", tls: { ca: "${tls("ca.pem")}" }`,
	);
	await t.rejects(closed.s3().send(put()), { name: "ServiceUnavailable" });
	t.notMatch(
		JSON.stringify(closed.outcomes[0]?.exchange.findings),
		"pass-of-proxy",
	);
});

t.test("keys towards the store", async (t) => {
	const store = await startTestStore((_request, response) => response.end());
	t.teardown(() => store.close());
	const keyOf = () =>
		/Credential=([^/]+)/.exec(
			String(store.requests.at(-1)?.headers.authorization),
		)?.[1];

	t.test("are mapped by client", async (t) => {
		const gateway = await gatewayTo(
			t,
			store.endpoint,
			"credentials: { clients: { one: { accessKeyId: UPONE, secretAccessKey: s }, two: { accessKeyId: UPTWO, secretAccessKey: s } } }",
			["one", "two", "three"],
		);
		await gateway.s3("one").send(put());
		t.equal(keyOf(), "UPONE");
		await gateway.s3("two").send(put());
		t.equal(keyOf(), "UPTWO");
		await t.rejects(gateway.s3("three").send(put()), { name: "AccessDenied" });
		t.equal(store.requests.length, 2);
	});

	t.test("come from the AWS chain, with their session token", async (t) => {
		const before = { ...process.env };
		t.teardown(() => {
			process.env = before;
		});
		process.env = {
			...before,
			AWS_ACCESS_KEY_ID: "FROMENV",
			AWS_SECRET_ACCESS_KEY: "s",
			AWS_SESSION_TOKEN: "token",
		};
		const gateway = await gatewayTo(t, store.endpoint, "credentials: default");
		await gateway.s3().send(put());
		t.equal(keyOf(), "FROMENV");
		t.match(store.requests.at(-1)?.headers, {
			"x-amz-security-token": "token",
			authorization: /SignedHeaders=[^,]*x-amz-security-token/,
		});
		process.env = {
			PATH: before.PATH,
			HOME: "/nonexistent",
			AWS_EC2_METADATA_DISABLED: "true",
		};
		const poor = await gatewayTo(t, store.endpoint, "credentials: default");
		await t.rejects(poor.s3().send(put()), {
			name: "ServiceUnavailable",
			message: /no credentials for upstream "store"/,
		});
	});

	t.test("and no keys sign nothing", async (t) => {
		const gateway = await gatewayTo(
			t,
			store.endpoint,
			"credentials: anonymous",
		);
		await gateway.s3().send(put());
		t.equal(store.requests.at(-1)?.headers.authorization, undefined);
	});
});

t.test(
	"the bucket stands in the host where the store wants it there",
	async (t) => {
		const store = await startTestStore((_request, response) => response.end());
		t.teardown(() => store.close());
		const gateway = await gatewayTo(
			t,
			store.endpoint,
			`${held}, addressing: virtual`,
		);
		const { host } = new URL(store.endpoint);
		await gateway.s3().send(put());
		t.match(store.requests.at(-1), {
			target: /^\/key(\?|$)/,
			headers: { host: `bucket.${host}` },
		});
		await gateway.s3().send(put("dotted.bucket"));
		t.match(store.requests.at(-1), {
			target: /^\/dotted\.bucket\/key(\?|$)/,
			headers: { host },
		});
	},
);

t.test("a store that fails", async (t) => {
	let requests = 0;
	let behave: (
		request: IncomingMessage,
		response: import("node:http").ServerResponse,
	) => void;
	const store = createServer((request, response) => {
		requests++;
		request.on("error", () => {});
		behave(request, response);
	});
	const endpoint = `http://127.0.0.1:${await listening(t, store)}`;
	const gateway = await gatewayTo(
		t,
		endpoint,
		`${held}, timeouts: { connect: 1s, answer: 1s, idle: 1s }`,
	);
	t.beforeEach(() => {
		requests = 0;
	});

	t.test("to answer in time is a 504", async (t) => {
		behave = () => {};
		await t.rejects(gateway.s3().send(put()), { name: "GatewayTimeout" });
		t.equal(requests, 1);
	});

	t.test("in the middle of a body breaks the answer off", async (t) => {
		behave = (_request, response) => {
			response.writeHead(200, { "content-length": "100" }).write("begin");
		};
		const { Body } = await gateway.s3().send(get);
		await t.rejects(async () => Body?.transformToString());
	});

	t.test(
		"before it answers is asked again for what changes nothing",
		async (t) => {
			behave = (request, response) => {
				if (requests === 1) request.socket.destroy();
				else response.end("content");
			};
			const { Body } = await gateway.s3().send(get);
			t.equal(await Body?.transformToString(), "content");
			t.equal(requests, 2);
		},
	);

	t.test("while it takes a body is not asked again", async (t) => {
		behave = (request) => void request.socket.destroy();
		await t.rejects(gateway.s3().send(put()), { name: "ServiceUnavailable" });
		t.equal(requests, 1);
	});
});
