/** Whom the log names, and who is believed about it. */
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect as secure } from "node:tls";
import { fileURLToPath } from "node:url";
import t from "tap";
import { loadTestConfig, startTestGateway } from "../support/gateway.ts";
import { startTestStore } from "../support/store.ts";

interface Test {
	teardown(action: () => unknown): void;
}

const tls = (file: string): string =>
	fileURLToPath(new URL(`../support/tls/${file}`, import.meta.url));
const own = `tls: { cert: "${tls("server.pem")}", key: "${tls("server.key")}" }`;
const ca = readFileSync(tls("ca.pem"));

function yaml(settings: string, endpoint = "http://127.0.0.1:9"): string {
	const listen = /^listen:/m.test(settings) ? "" : "listen: 127.0.0.1:0\n";
	return `${listen}${settings}
authentication: trust
upstreams:
  - { name: store, endpoint: "${endpoint}", credentials: anonymous }
routes:
  - { name: rest, match: {}, upstream: store }
limits: { drain: 1s, headerTime: 400ms }
`;
}

async function start(t: Test, settings: string) {
	const store = await startTestStore();
	const gateway = await startTestGateway(yaml(settings, store.endpoint));
	t.teardown(async () => {
		await gateway.close();
		await store.close();
	});
	return {
		store,
		gateway,
		/** What the gateway took the client for, or undefined where it closed the connection unserved. */
		async peer(fields: string[] = [], before: (Buffer | string)[] = []) {
			const done = gateway.outcomes.length;
			const socket = connectTo(gateway.address);
			await say(socket, before);
			await answerOf(socket, fields);
			return gateway.outcomes[done]?.exchange.received;
		},
	};
}

function connectTo(address: string): Socket {
	if (address.startsWith("/")) return connect(address);
	const colon = address.lastIndexOf(":");
	return connect(
		Number(address.slice(colon + 1)),
		address.slice(0, colon).replace(/^\[|\]$/g, ""),
	);
}

async function say(socket: Socket, pieces: (Buffer | string)[]): Promise<void> {
	socket.setNoDelay();
	for (const piece of pieces) {
		await new Promise((resolve) => socket.write(piece, resolve));
	}
}

async function answerOf(
	socket: Socket,
	fields: string[] = [],
): Promise<string> {
	let said = "";
	socket.on("error", () => {});
	socket.on("data", (chunk) => (said += chunk));
	socket.write(
		[
			"GET /bucket/key HTTP/1.1",
			"Host: h",
			"Connection: close",
			...fields,
			"",
			"",
		].join("\r\n"),
	);
	await once(socket, "close");
	return said;
}

t.test("X-Forwarded-For is believed from listed addresses only", async (t) => {
	const forwarded = ["X-Forwarded-For: 192.0.2.7"];
	const nobody = await start(t, "");
	t.match(await nobody.peer(forwarded), { remoteAddress: "127.0.0.1" });
	const other = await start(t, "trustedProxies: [10.0.0.0/8]");
	t.match(await other.peer(forwarded), { remoteAddress: "127.0.0.1" });
	const { peer } = await start(
		t,
		'trustedProxies: [127.0.0.0/8, 10.0.0.0/8, "2001:db8:1::/48"]',
	);
	const cases: [string[], string][] = [
		[[], "127.0.0.1"],
		[forwarded, "192.0.2.7"],
		[["X-Forwarded-For: 1.2.3.4, 192.0.2.7"], "192.0.2.7"],
		[["X-Forwarded-For: 1.2.3.4", "X-Forwarded-For: 192.0.2.7"], "192.0.2.7"],
		[["X-Forwarded-For: 1.2.3.4, 192.0.2.7, 10.1.1.1"], "192.0.2.7"],
		[["X-Forwarded-For: 192.0.2.7,2001:db8:1::5"], "192.0.2.7"],
		[["X-Forwarded-For: 10.1.1.2, 10.1.1.1"], "10.1.1.2"],
		[["X-Forwarded-For: 192.0.2.7:4711"], "192.0.2.7"],
		[["X-Forwarded-For: [2001:db8::7]:4711"], "2001:db8::7"],
		[["X-Forwarded-For: ::ffff:192.0.2.7"], "192.0.2.7"],
		[["X-Forwarded-For: 192.0.2.7, unknown"], "127.0.0.1"],
		[["X-Forwarded-For: "], "127.0.0.1"],
		[["Forwarded: for=192.0.2.7"], "127.0.0.1"],
	];
	for (const [fields, address] of cases) {
		t.match(await peer(fields), { remoteAddress: address }, fields.join());
	}
});

t.test(
	"a proxy on the Unix socket is believed where unix is listed",
	async (t) => {
		const folder = mkdtempSync(join(tmpdir(), "sealgate-"));
		t.teardown(() => rmSync(folder, { recursive: true }));
		const forwarded = ["X-Forwarded-For: 192.0.2.7"];
		for (const [setting, address] of [
			["trustedProxies: [unix]", "192.0.2.7"],
			["trustedProxies: [127.0.0.1]", ""],
		] as const) {
			const path = join(folder, address || "none");
			const { peer } = await start(t, `listen: unix:${path}\n${setting}`);
			t.match(await peer(forwarded), { remoteAddress: address });
		}
	},
);

t.test(
	"X-Forwarded-Proto counts only where it is asked for, and from whom",
	async (t) => {
		const https = ["X-Forwarded-Proto: https"];
		const listed = "trustedProxies: [127.0.0.1]";
		const silent = await start(t, listed);
		t.match(await silent.peer(https), { secure: false });
		const stranger = await start(
			t,
			"trustedProxies: [10.0.0.1]\nforwardedProto: true",
		);
		t.match(await stranger.peer(https), { secure: false });
		const { peer } = await start(t, `${listed}\nforwardedProto: true`);
		t.match(await peer(https), { secure: true });
		t.match(await peer(["X-Forwarded-Proto: http"]), { secure: false });
		t.match(await peer([...https, ...https]), { secure: false });
		t.match(await peer(), { secure: false });
	},
);

const listed = "trustedProxies: [127.0.0.0/8, 10.0.0.0/8]\nproxyProtocol: true";
const text = "PROXY TCP4 192.0.2.7 127.0.0.1 5000 443\r\n";
const binary = Buffer.from(
	"0d0a0d0a000d0a515549540a2111000cc00002077f00000113885000",
	"hex",
);

t.test("a PROXY header names the client, in any pieces", async (t) => {
	const { peer, gateway, store } = await start(t, listed);
	for (const header of [text, binary]) {
		const pieces = [...Buffer.from(header)].map((byte) => Buffer.from([byte]));
		for (const before of [[header], pieces]) {
			t.match(await peer([], before), { remoteAddress: "192.0.2.7" });
		}
	}
	t.match(await peer([], ["PROXY UNKNOWN\r\n"]), {
		remoteAddress: "127.0.0.1",
	});
	t.match(
		await peer(["X-Forwarded-For: 1.2.3.4"], [text]),
		{ remoteAddress: "192.0.2.7" },
		"the client behind the header is believed nothing",
	);
	t.match(
		await peer(
			["X-Forwarded-For: 192.0.2.9"],
			[text.replace("192.0.2.7", "10.0.0.5")],
		),
		{ remoteAddress: "192.0.2.9" },
		"but another listed proxy is",
	);
	t.equal(store.requests.length, 7);
	t.ok(
		gateway.outcomes.every(({ status }) => status === 404 || status === 200),
	);
});

t.test(
	"a header and its request in one packet, and bodies behind it",
	async (t) => {
		const { gateway, store } = await start(t, listed);
		const socket = connectTo(gateway.address);
		const body = "x".repeat(300_000);
		socket.write(
			`${text}PUT /bucket/key HTTP/1.1\r\nHost: h\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
		);
		const [answer] = await once(socket, "data");
		t.match(String(answer), /^HTTP\/1\.1 200/);
		t.ok(String(store.requests[0]?.body).includes(body.slice(0, 1000)));
		t.match(await answerOf(socket), /^HTTP\/1\.1 200/, "a second one follows");
		for (const { exchange } of gateway.outcomes) {
			t.equal(exchange.received.remoteAddress, "192.0.2.7");
		}
	},
);

t.test("PROXY headers stand before TLS", async (t) => {
	const { gateway } = await start(t, `${own}\n${listed}`);
	for (const pieces of [[text], [binary], [...text]]) {
		const socket = connectTo(gateway.address);
		await say(socket, pieces);
		const over = secure({ socket, ca, servername: "localhost" });
		await once(over, "secureConnect");
		t.match(await answerOf(over), /^HTTP\/1\.1 (200|404)/);
		t.match(gateway.outcomes.at(-1)?.exchange.received, {
			remoteAddress: "192.0.2.7",
			secure: true,
		});
	}
});

t.test("a PROXY header and the first bytes of TLS in one packet", async (t) => {
	const { gateway } = await start(t, `${own}\n${listed}`);
	const relay = createServer((inner) => {
		inner.once("data", (hello) => {
			const outer = connectTo(gateway.address);
			outer.write(Buffer.concat([binary, hello]));
			inner.pipe(outer).pipe(inner);
		});
	}).listen(0, "127.0.0.1");
	t.teardown(() => relay.close());
	await once(relay, "listening");
	const { port } = relay.address() as AddressInfo;
	const over = secure({ host: "127.0.0.1", port, ca });
	await once(over, "secureConnect");
	t.match(await answerOf(over), /^HTTP\/1\.1 404/);
	t.match(gateway.outcomes[0]?.exchange.received, {
		remoteAddress: "192.0.2.7",
		secure: true,
	});
});

t.test(
	"without a header from a listed address nothing is served",
	async (t) => {
		const { peer, store, gateway } = await start(t, listed);
		t.equal(await peer(), undefined, "none");
		t.equal(await peer([], ["PROXY NONSENSE\r\n"]), undefined, "a bad one");
		const slow = connectTo(gateway.address);
		slow.write("PROXY ");
		slow.resume();
		await once(slow, "close");
		const half = connectTo(gateway.address);
		half.end("PROXY ");
		half.resume();
		await once(half, "close");
		t.strictSame(store.requests, []);
		t.strictSame(gateway.outcomes, []);
	},
);

t.test("from any other address a PROXY header is no HTTP", async (t) => {
	const { peer, store } = await start(
		t,
		"trustedProxies: [10.0.0.0/8]\nproxyProtocol: true",
	);
	t.match(
		await peer([], [text]),
		{ method: "", remoteAddress: "127.0.0.1" },
		"told as a refusal of whoever connected",
	);
	t.strictSame(store.requests, []);
	t.match(await peer(), { remoteAddress: "127.0.0.1" });
});

t.test("settings of proxies are checked", async (t) => {
	const cases: [string, RegExp][] = [
		["trustedProxies: [nobody]", /trustedProxies\[0\]: an IP address, a range/],
		["trustedProxies: [10.0.0.0/33]", /trustedProxies\[0\]: an IP address/],
		["trustedProxies: [unix]", /trustedProxies\[0\]: listen names no Unix/],
		["proxyProtocol: true", /proxyProtocol needs trustedProxies/],
		["forwardedProto: true", /forwardedProto needs trustedProxies/],
		[
			"listen: unix:/tmp/s\ntrustedProxies: [unix]\nproxyProtocol: true",
			/proxyProtocol is not for a Unix socket/,
		],
	];
	for (const [settings, message] of cases) {
		await t.rejects(loadTestConfig(yaml(settings)), message, settings);
	}
});
