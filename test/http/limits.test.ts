/** Limits on what a client may use of the gateway, at their edge. */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import t from "tap";
import { configuration, startTestGateway } from "../support/gateway.ts";
import { RawConnection } from "../support/raw-http.ts";
import { type Answer, startTestStore } from "../support/store.ts";

interface Test {
	teardown(action: () => unknown): void;
}

async function start(t: Test, limits: string, answer?: Answer) {
	const store = await startTestStore(answer);
	const gateway = await startTestGateway(`
listen: 127.0.0.1:0
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

const get = (key: string): string =>
	`GET /bucket/${key} HTTP/1.1\r\nHost: h\r\n\r\n`;

async function until(holds: () => boolean): Promise<void> {
	while (!holds()) await new Promise((resolve) => setImmediate(resolve));
}

/** Sends one request on a connection of its own. */
function ask(t: Test, address: string, text: string): RawConnection {
	const connection = new RawConnection(address);
	t.teardown(() => connection.destroy());
	connection.write(text);
	return connection;
}

t.test(
	"a request over the limit waits for its turn; one over the queue is refused at once",
	async (t) => {
		const held: (() => void)[] = [];
		const arrived = Promise.withResolvers<void>();
		const { gateway, store } = await start(
			t,
			", inFlight: 1, queue: 1, queueTime: 1h",
			(request, response) => {
				if (request.target !== "/bucket/first") return void response.end();
				held.push(() => response.end());
				arrived.resolve();
			},
		);
		const first = ask(t, gateway.address, get("first"));
		await arrived.promise;
		const second = ask(t, gateway.address, get("second"));
		const third = ask(t, gateway.address, get("third"));
		// Which of the two waits is decided by the order of arrival.
		const refused = await Promise.race([second.answer(), third.answer()]);
		t.match(refused, { status: 503, body: /<Code>SlowDown</ });
		t.match(refused?.head, /\r\nretry-after: 1\r\n/);
		t.equal(store.requests.length, 1, "the one that waits is not sent");
		held[0]?.();
		t.match(await first.answer(), { status: 200 });
		const [a, b] = [second, third].map((waiting) => waiting.answer());
		t.match(await Promise.race([a, b]), { status: 200 });
		t.equal(store.requests.length, 2);
	},
);

t.test("who waits too long is told to slow down", async (t) => {
	const { gateway, store } = await start(
		t,
		", inFlight: 1, queueTime: 50ms",
		() => {},
	);
	const sent = store.next();
	ask(t, gateway.address, get("first"));
	await sent;
	const second = ask(t, gateway.address, get("second"));
	t.match(await second.answer(), { status: 503, body: /<Code>SlowDown</ });
	t.equal(store.requests.length, 1);
});

t.test("who goes away while it waits leaves its place", async (t) => {
	const held = Promise.withResolvers<() => void>();
	const { gateway, store } = await start(
		t,
		", inFlight: 1, queue: 1, queueTime: 1h",
		(request, response) => {
			if (request.target === "/bucket/first")
				held.resolve(() => response.end());
			else response.end();
		},
	);
	const first = ask(t, gateway.address, get("first"));
	const finish = await held.promise;
	// Of two, one waits and one is refused.
	const two = ["a", "b"].map((key) => ask(t, gateway.address, get(key)));
	await Promise.race(two.map((connection) => connection.answer()));
	for (const connection of two) connection.destroy();
	await until(() => gateway.outcomes.length === 2);
	const last = ask(t, gateway.address, get("last"));
	finish();
	t.match(await first.answer(), { status: 200 });
	t.match(await last.answer(), { status: 200 });
	t.strictSame(
		store.requests.map(({ target }) => target),
		["/bucket/first", "/bucket/last"],
	);
});

t.test(
	"pipelined requests are served one by one; a crowd of them is cut off",
	async (t) => {
		const held: (() => void)[] = [];
		const arrived = Promise.withResolvers<void>();
		const { gateway, store } = await start(t, "", (_request, response) => {
			held.push(() => response.end());
			arrived.resolve();
		});
		const few = ask(t, gateway.address, get("first") + get("second"));
		await arrived.promise;
		t.equal(store.requests.length, 1, "the second waits for the first answer");
		const next = store.next();
		held[0]?.();
		t.match(await few.answer(), { status: 200 });
		t.match(await next, { target: "/bucket/second" });
		const many = ask(t, gateway.address, get("many").repeat(18));
		await many.whenClosed();
		t.equal(many.rest, "");
	},
);

t.test("user metadata may have 2,048 bytes", async (t) => {
	const { gateway, store } = await start(t, "");
	const put = (bytes: number): string =>
		`PUT /bucket/key HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\nx-amz-meta-ab: ${"x".repeat(bytes - 3)}\r\nx-amz-meta-c:\r\n\r\n`;
	const connection = ask(t, gateway.address, put(2_048));
	t.match(await connection.answer(), { status: 200 });
	connection.write(put(2_049));
	t.match(await connection.answer(), {
		status: 400,
		body: /<Code>MetadataTooLarge<.*<Size>2049<.*<MaxSizeAllowed>2048</,
	});
	t.equal(store.requests.length, 1);
});

t.test(
	"documents with a type declaration, with entities or 17 levels deep are refused",
	async (t) => {
		const { gateway, store } = await start(t, "");
		const documents = {
			deep: `${"<a>".repeat(17)}${"</a>".repeat(17)}`,
			"a DTD": "<!DOCTYPE Tagging><Tagging/>",
			"an entity":
				'<!DOCTYPE Tagging [<!ENTITY a "aaaa">]><Tagging>&a;</Tagging>',
			"an unknown entity": "<Tagging>&a;</Tagging>",
			"an external entity":
				'<!DOCTYPE Tagging [<!ENTITY a SYSTEM "file:///etc/passwd">]><Tagging>&a;</Tagging>',
		};
		for (const [name, document] of Object.entries(documents)) {
			const connection = ask(
				t,
				gateway.address,
				`POST /bucket?delete HTTP/1.1\r\nHost: h\r\nContent-Length: ${document.length}\r\n\r\n${document}`,
			);
			t.match(
				await connection.answer(),
				{ status: 400, body: /<Code>MalformedXML</ },
				name,
			);
		}
		t.strictSame(store.requests, []);
	},
);

t.test(
	"no more connections are taken than half the open files that the system allows",
	async (t) => {
		const folder = mkdtempSync(join(tmpdir(), "sealgate-files-"));
		t.teardown(() => rmSync(folder, { recursive: true }));
		const file = join(folder, "gateway.yaml");
		writeFileSync(file, configuration("http://127.0.0.1:9"));
		const child = spawn(
			"sh",
			[
				"-c",
				`ulimit -n 200; exec "${process.execPath}" src/main.ts serve --config "${file}"`,
			],
			{
				cwd: fileURLToPath(new URL("../..", import.meta.url)),
				stdio: ["ignore", "pipe", "inherit"],
			},
		);
		t.teardown(() => void child.kill("SIGKILL"));
		const line = await new Promise<string>((resolve) =>
			child.stdout.once("data", (chunk: Buffer) => resolve(String(chunk))),
		);
		t.match(JSON.parse(line.split("\n")[0] ?? ""), {
			level: "warn",
			configured: 2048,
			connections: 100,
		});
	},
);
