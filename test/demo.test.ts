/** First contact: `npm start` in a process of its own, and what it prints. */
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
	HeadObjectCommand,
	PutObjectCommand,
	S3Client,
} from "@aws-sdk/client-s3";
import t from "tap";
import { startCommand } from "./support/process.ts";

const folder = mkdtempSync(join(tmpdir(), "sealgate-demo-"));
t.teardown(() => rmSync(folder, { recursive: true }));

function demo(port: string) {
	const child = startCommand("demo", "--directory", folder, "--port", port);
	let output = "";
	const waiting: { pattern: RegExp; found: () => void }[] = [];
	const take = (chunk: Buffer): void => {
		output += chunk;
		for (const { pattern, found } of waiting) if (pattern.test(output)) found();
	};
	child.stdout?.on("data", take);
	child.stderr?.on("data", take);
	const closed = new Promise<number | null>((resolve) =>
		child.on("close", resolve),
	);
	const until = (pattern: RegExp) =>
		new Promise<string>((resolve, reject) => {
			const found = (): void => resolve(output);
			waiting.push({ pattern, found });
			if (pattern.test(output)) found();
			void closed.then(() => reject(new Error(`it ended: ${output}`)));
		});
	return { child, closed, until, output: () => output };
}

t.test(
	"the demo prints commands with its own addresses, does what they promise, and ends at Ctrl-C",
	async (t) => {
		const { child, closed, until } = demo("0");
		t.teardown(() => void child.kill("SIGKILL"));
		const printed = await until(/Ctrl-C ends it/);
		const [, endpoint] = /--endpoint-url (\S+)/.exec(printed) ?? [];
		const [, admin] = /curl "(\S+\/explain\S+)"/.exec(printed) ?? [];
		const [, accessKeyId = "", secretAccessKey = ""] =
			/ACCESS_KEY_ID=(\S+) AWS_SECRET_ACCESS_KEY=(\S+)/.exec(printed) ?? [];
		const client = new S3Client({
			endpoint: endpoint as string,
			region: "us-east-1",
			forcePathStyle: true,
			credentials: { accessKeyId, secretAccessKey },
		});
		t.teardown(() => client.destroy());
		const object = { Bucket: "demo", Key: "hello.txt" };
		await client.send(new PutObjectCommand({ ...object, Body: "hello\n" }));
		const { ETag } = await client.send(new HeadObjectCommand(object));
		t.match(ETag, /-0"$/, "encrypted, though nobody asked for it");
		await t.rejects(
			client.send(
				new PutObjectCommand({ ...object, Body: "", ACL: "public-read" }),
			),
			{ name: "AccessDenied", message: /never public/ },
		);
		t.match(await (await fetch(admin as string)).json(), { route: "demo" });
		const metrics = new URL("/metrics", admin);
		t.match(await (await fetch(metrics)).text(), /sealgate_build_info/);
		t.match(printed, new RegExp(`curl ${metrics}\\n`));
		child.kill("SIGINT");
		t.equal(await closed, 0);
	},
);

t.test("a taken port is told with the way to choose another", async (t) => {
	const other = createServer();
	await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
	t.teardown(() => void other.close());
	const { port } = other.address() as { port: number };
	const { closed, output } = demo(`${port}`);
	t.equal(await closed, 1);
	t.match(output(), /is in use by another program.* --port 9010/);
});

t.test("what is no port is told", async (t) => {
	const { closed, output } = demo("many");
	t.equal(await closed, 1);
	t.match(output(), /--port many is no port/);
});
