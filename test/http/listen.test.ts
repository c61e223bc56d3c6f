/** Unix sockets and IPv6, as they are listened on, asked, and spoken to. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import {
	existsSync,
	mkdtempSync,
	rmSync,
	statSync,
	writeFileSync,
} from "node:fs";
import { createServer as createHttpServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
	GetObjectCommand,
	PutObjectCommand,
	S3Client,
} from "@aws-sdk/client-s3";
import t from "tap";
import {
	accessKeyId,
	configuration,
	loadTestConfig,
	secretAccessKey,
	startTestGateway,
} from "../support/gateway.ts";

interface Test {
	teardown(action: () => unknown): void;
}

function socketIn(t: Test): string {
	const folder = mkdtempSync(join(tmpdir(), "sealgate-"));
	t.teardown(() => rmSync(folder, { recursive: true }));
	return join(folder, "s");
}

const onSocket = (path: string, more = ""): string =>
	configuration("http://127.0.0.1:9").replace(
		"listen: 127.0.0.1:0",
		`listen: unix:${path}\n${more}`,
	);

async function statusOf(socketPath: string): Promise<number | undefined> {
	const sent = request({ socketPath, path: "/bucket/key" });
	sent.end();
	const [response] = await once(sent, "response");
	response.resume();
	return response.statusCode;
}

t.test(
	"a socket is its owner's, or has the mode that is asked for",
	async (t) => {
		for (const [setting, mode] of [
			["", 0o600],
			['socketMode: "0660"', 0o660],
			['socketMode: "666"', 0o666],
		] as const) {
			const path = socketIn(t);
			const before = process.umask();
			const gateway = await startTestGateway(onSocket(path, setting));
			t.equal(statSync(path).mode & 0o777, mode, setting);
			t.equal(process.umask(), before);
			await gateway.close();
			t.notOk(existsSync(path), "gone with the gateway");
		}
		await t.rejects(
			loadTestConfig(onSocket("/s", 'socketMode: "0888"')),
			/socketMode: permissions in octal digits/,
		);
	},
);

t.test("a socket that a killed process left is replaced", async (t) => {
	const path = socketIn(t);
	const killed = spawn(process.execPath, [
		"-e",
		`require("net").createServer().listen(${JSON.stringify(path)}, () => console.log("up"))`,
	]);
	await once(killed.stdout, "data");
	killed.kill("SIGKILL");
	await once(killed, "close");
	t.ok(existsSync(path), "left behind");
	const gateway = await startTestGateway(onSocket(path));
	t.equal(await statusOf(path), 403);
	await gateway.close();
});

t.test(
	"a socket on which somebody listens, and a file, are left alone",
	async (t) => {
		const path = socketIn(t);
		const other = createServer((socket) => void socket.destroy());
		other.listen(path);
		await once(other, "listening");
		await t.rejects(startTestGateway(onSocket(path)), /is in use by another/);
		t.ok(statSync(path).isSocket());
		other.close();
		await once(other, "close");
		writeFileSync(path, "a file");
		await t.rejects(startTestGateway(onSocket(path)), /is in use by another/);
		t.ok(statSync(path).isFile());
	},
);

t.test("IPv6: a listener, Host with brackets, and an upstream", async (t) => {
	const requests: string[] = [];
	const store = createHttpServer((received, response) => {
		requests.push(
			`${received.method} ${received.url} ${received.headers.host}`,
		);
		received.resume().on("end", () => response.end("content"));
	}).listen(0, "::1");
	await once(store, "listening");
	const { port } = store.address() as AddressInfo;
	const gateway = await startTestGateway(
		`${configuration(`http://[::1]:${port}`)
			.replace("listen: 127.0.0.1:0", 'listen: "[::1]:0"')
			.replace(
				"admin: 127.0.0.1:0",
				'admin: "[::1]:0"',
			)}domains: [s3.example.internal]\n`,
	);
	t.match(gateway.address, /^\[::1\]:\d+$/);
	const client = new S3Client({
		endpoint: gateway.endpoint,
		region: "us-east-1",
		forcePathStyle: true,
		credentials: { accessKeyId, secretAccessKey },
		maxAttempts: 1,
	});
	t.teardown(async () => {
		client.destroy();
		await gateway.close();
		store.close();
	});
	await client.send(
		new PutObjectCommand({ Bucket: "bucket", Key: "key", Body: "content" }),
	);
	const { Body } = await client.send(
		new GetObjectCommand({ Bucket: "bucket", Key: "key" }),
	);
	t.equal(await Body?.transformToString(), "content");
	t.strictSame(requests, [
		`PUT /bucket/key [::1]:${port}`,
		`GET /bucket/key [::1]:${port}`,
	]);
	const { received } = gateway.outcomes[0]?.exchange ?? {};
	t.match(received, { remoteAddress: "::1", host: gateway.address });
	const probe = await fetch(`http://${gateway.adminAddress}/livez`);
	t.equal(probe.status, 200);
});

t.test("a bucket is never put before an IPv6 address", async (t) => {
	await t.rejects(
		loadTestConfig(
			configuration("http://[::1]:7070", undefined, ", addressing: virtual"),
		),
		/upstreams\[0\]\.addressing: a bucket cannot stand before an IPv6 address/,
	);
	await t.rejects(
		loadTestConfig(configuration("http://[::zz]:1")),
		/upstreams\[0\]\.endpoint: "http:\/\/\[::zz\]:1" is no URL/,
	);
});
