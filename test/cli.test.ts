import { once } from "node:events";
import {
	copyFileSync,
	mkdtempSync,
	readFileSync,
	rmSync,
	writeFileSync,
} from "node:fs";
import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "node:tls";
import t from "tap";
import { configuration } from "./support/gateway.ts";
import { serve, startCommand } from "./support/process.ts";

const folder = mkdtempSync(join(tmpdir(), "sealgate-cli-"));
const file = join(folder, "gateway.yaml");
t.teardown(() => rmSync(folder, { recursive: true }));

const routes = `  - { name: photos, match: { bucket: photos }, upstream: store, policies: [{ sse-kms: { keyId: k } }, { refuse: { operations: [DeleteObject], reason: kept } }] }
  - { name: rest, match: {}, upstream: store }`;
writeFileSync(file, configuration("http://127.0.0.1:9", routes));

async function run(
	...args: string[]
): Promise<{ status: number | null; output: string }> {
	const child = startCommand(...args);
	let output = "";
	child.stdout?.on("data", (chunk) => (output += chunk));
	child.stderr?.on("data", (chunk) => (output += chunk));
	const status = await new Promise<number | null>((resolve) =>
		child.on("close", resolve),
	);
	return { status, output };
}

t.test(
	"check answers by its exit status, for people and for programs",
	async (t) => {
		t.match(await run("check", file), {
			status: 0,
			output: /2 routes, no fault/,
		});
		const bad = join(folder, "bad.yaml");
		writeFileSync(
			bad,
			configuration("http://127.0.0.1:9").replace(
				"upstream: store",
				"upstream: other",
			),
		);
		t.match(await run("check", bad), {
			status: 1,
			output:
				/bad\.yaml:\d+:\d+ routes\[0\]\.upstream: no upstream is named "other"/,
		});
		const { output } = await run("check", bad, "--json");
		t.match(JSON.parse(output), { faults: [{ path: "routes[0].upstream" }] });
		const open = join(folder, "open.yaml");
		const observing = `  - { name: sealed, match: {}, upstream: store, mode: observe, policies: [{ envelope: { keys: main, keyId: alias/a, verifyLayout: unproven } }] }`;
		writeFileSync(
			open,
			`${configuration("http://127.0.0.1:9", observing)}keys: [{ name: main, provider: keyring, path: k, passphrase: secret }]\n`,
		);
		const warned = await run("check", open);
		t.match(warned, { status: 0, output: /warning: route "sealed"/ });
		t.match(warned.output, /warning: .*verifyLayout: unproven believes/);
		t.equal((await run("check")).status, 2, "wrong usage");
		t.match(await run("check", join(folder, "nowhere.yaml")), {
			status: 1,
			output: /nowhere\.yaml:1:1 there is no such file/,
		});
		t.match(await run("--version"), { status: 0, output: /^\d+\.\d+\.\d+\n$/ });
	},
);

t.test(
	"explain says what would happen, and answers no where it would be refused",
	async (t) => {
		t.match(await run("explain", "PUT", "s3://photos/a", "--config", file), {
			status: 0,
			output:
				/route {6}photos[\s\S]*sets {7}x-amz-server-side-encryption: aws:kms/,
		});
		t.match(await run("explain", "DELETE", "s3://photos/a", "--config", file), {
			status: 1,
			output: /refuses {4}Access Denied: kept/,
		});
		const asked = (...args: string[]) =>
			run("explain", "PUT", ...args, "--config", file);
		t.match(await asked("photos/a"), { status: 2, output: /s3:\/\/bucket/ });
		t.match(await asked("s3://photos/a", "--client", "nobody"), {
			status: 2,
			output: /no client is named "nobody"; the configuration has: /,
		});
		t.match(await asked("s3://photos/a", "--header", "x-amz-acl"), {
			status: 2,
			output: /"name: value"/,
		});
	},
);

t.test(
	"serve logs a line when it listens, keeps its configuration on a bad reload, and ends cleanly",
	async (t) => {
		const { child, closed, lines, until } = serve(file);
		t.teardown(() => void child.kill("SIGKILL"));
		const { address } = await until("listening");
		t.equal((await fetch(`http://${address}/photos/a`)).status, 403);
		t.match(await until("request"), {
			operation: "GetObject",
			bucket: "photos",
			key: "a",
			status: 403,
			error: "access-denied",
		});
		writeFileSync(file, "nonsense: 1");
		child.kill("SIGHUP");
		await until("the old configuration stays in force");
		writeFileSync(file, configuration("http://127.0.0.1:9", routes));
		t.equal((await fetch(`http://${address}/photos/a`)).status, 403);
		child.kill("SIGHUP");
		await until("reloaded");
		child.kill("SIGTERM");
		t.equal(await closed, 0);
		t.equal(lines.at(-1)?.msg, "stopped");
		t.notMatch(JSON.stringify(lines), /test-secret|up-secret/);
	},
);

t.test(
	"with telemetry.objectKeys: off no log line names a key, in reasons neither",
	async (t) => {
		const hidden = join(folder, "hidden.yaml");
		const strict = routes.replace("sse-kms: {", "sse-kms: { mode: require,");
		writeFileSync(
			hidden,
			`${configuration(
				"http://127.0.0.1:9",
				`  - { name: in, match: { prefix: in/ }, upstream: store }\n${strict}`,
			)
				.replace("authentication: verify", "authentication: trust")
				.replace(
					/clients:.*\n( {2}- .*\n)*/,
					"",
				)}\ntelemetry: { objectKeys: off }\n`,
		);
		const { child, closed, lines, until } = serve(hidden);
		t.teardown(() => void child.kill("SIGKILL"));
		const { address } = await until("listening");
		const { hostname, port } = new URL(`http://${address}`);
		for (const [path, source] of [
			["/photos/canary-key%2F..%2F..%2Fx"],
			["/photos/a", "/photos/.%2Fin/canary-source"],
		] as const) {
			const asked = request({
				hostname,
				port,
				path,
				method: "PUT",
				headers: source === undefined ? {} : { "x-amz-copy-source": source },
			});
			asked.end();
			const [answer] = await once(asked, "response");
			answer.resume();
			t.equal(answer.statusCode, 403);
			const { reason } = await until("request");
			t.match(reason, /the key \[key\] is on the route/);
		}
		child.kill("SIGTERM");
		await closed;
		t.notMatch(JSON.stringify(lines), /canary/);
	},
);

t.test(
	"serve takes a changed file into force by itself, and health asks it",
	async (t) => {
		const own = join(folder, "own.yaml");
		const secret = join(folder, "secret");
		const text = configuration("http://127.0.0.1:9", routes)
			.replace("127.0.0.1:0\nauth", `unix:${join(folder, "admin.sock")}\nauth`)
			.replace("up-secret", `"\${file:secret}"`);
		writeFileSync(secret, "up-secret");
		writeFileSync(own, text);
		t.match(await run("health", "--config", own), {
			status: 1,
			output: /no answer from unix:/,
		});
		const { child, closed, until } = serve(own);
		t.teardown(() => void child.kill("SIGKILL"));
		await until("listening");
		t.match(await run("health", "--config", own), {
			status: 0,
			output: /"ready":true/,
		});
		t.equal((await run("health", "--config", own, "--live")).status, 0);
		writeFileSync(secret, "another secret");
		await until("reloaded");
		writeFileSync(own, "nonsense: 1");
		await until("the old configuration stays in force");
		const deaf = join(folder, "deaf.yaml");
		writeFileSync(deaf, text.replace(/admin: .*/, ""));
		t.match(await run("health", "--config", deaf), {
			status: 1,
			output: /names no admin address/,
		});
		child.kill("SIGTERM");
		t.equal(await closed, 0);
	},
);

t.test(
	"a certificate that is renewed is served without a restart",
	async (t) => {
		const renewed = join(folder, "renewed.yaml");
		const pem = (name: string) =>
			new URL(`support/tls/${name}`, import.meta.url);
		const renew = (name: string): void => {
			copyFileSync(pem(`${name}.pem`), join(folder, "cert.pem"));
			copyFileSync(pem(`${name}.key`), join(folder, "cert.key"));
		};
		renew("server");
		writeFileSync(
			renewed,
			`${configuration("http://127.0.0.1:9")}tls: { cert: cert.pem, key: cert.key }\n`,
		);
		const { child, closed, until } = serve(renewed);
		t.teardown(() => void child.kill("SIGKILL"));
		const { address } = await until("listening");
		const subject = async (): Promise<unknown> => {
			const [host, port] = String(address).split(":");
			const ca = readFileSync(pem("ca.pem"));
			const socket = connect({ host, port: Number(port), ca });
			await once(socket, "secureConnect");
			const { CN } = socket.getPeerCertificate().subject;
			socket.destroy();
			return CN;
		};
		t.equal(await subject(), "server");
		renew("server-renewed");
		await until("reloaded");
		t.equal(await subject(), "server-renewed");
		child.kill("SIGTERM");
		t.equal(await closed, 0);
	},
);

t.test("an address that is taken is a clear message", async (t) => {
	const other = createServer();
	await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
	t.teardown(() => void other.close());
	const { port } = other.address() as AddressInfo;
	const taken = join(folder, "taken.yaml");
	writeFileSync(
		taken,
		configuration("http://127.0.0.1:9").replace(
			"listen: 127.0.0.1:0",
			`listen: 127.0.0.1:${port}`,
		),
	);
	t.match(await run("serve", "--config", taken), {
		status: 1,
		output: /is in use by another program/,
	});
});
