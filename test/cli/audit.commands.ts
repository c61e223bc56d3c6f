/** `sealgate audit …`, as a user runs it. */
import { generateKeyPairSync } from "node:crypto";
import {
	cpSync,
	mkdtempSync,
	readFileSync,
	renameSync,
	rmSync,
	statSync,
	writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t from "tap";
import { publicKeyText } from "../../src/audit/log/checkpoint.ts";
import { type LogWriter, openLog } from "../../src/audit/log/writer.ts";
import { readSigningKey } from "../../src/audit/signing-key.ts";
import { run } from "./process.ts";

const folder = mkdtempSync(join(tmpdir(), "sealgate-audit-cli-"));
t.teardown(() => rmSync(folder, { recursive: true }));
const audit = (...args: string[]) => run(folder, "audit", ...args);

const made = await audit("key", "create", "audit.pem");
writeFileSync(join(folder, "audit.pub"), made.output);
const signingKey = await readSigningKey(join(folder, "audit.pem"));

const use = { use: "seal", keys: "main", keyId: "key-1", from: "cache" };

async function open(name: string): Promise<LogWriter> {
	const origin = `test/${name}`;
	return await openLog(join(folder, "log", name), { origin, signingKey });
}

const gateway = await open("gateway");
const request = (requestId: string, time: string, fields: object) => ({
	version: 1,
	time,
	requestId,
	client: "app",
	operation: "PutObject",
	bucket: "photos",
	...fields,
});
await gateway.append({
	event: "request.begin",
	...request("R1", "2026-11-25T06:00:00.000Z", { key: "a" }),
});
await gateway.append({
	event: "request.end",
	...request("R1", "2026-11-25T06:00:00.000Z", {
		key: '=a,"b"',
		keyUses: [use],
		outcome: "success",
		status: 200,
	}),
});
await gateway.append({
	event: "request.end",
	...request("R2", "2026-11-25T07:00:00.000Z", {
		key: "b",
		client: "other",
		keyUses: [use, { ...use, use: "open" }],
		outcome: "failure",
		status: 503,
	}),
});
await gateway.close();
const commands = await open("commands");
await commands.append({
	event: "command",
	version: 1,
	time: "2026-11-25T06:30:00.000Z",
	command: "keys rotate",
	user: "root",
	keys: "main",
	keyIds: ["key-1"],
	outcome: "success",
});
await commands.close();

t.test(
	"key create makes a key that only its owner reads, and never over another",
	async (t) => {
		t.equal(made.status, 0, made.stderr);
		t.match(made.output, /^[A-Za-z0-9+/]{43}=\n$/);
		t.equal(statSync(join(folder, "audit.pem")).mode & 0o777, 0o600);
		t.equal((await audit("key", "show", "audit.pem")).output, made.output);
		const again = await audit("key", "create", "audit.pem");
		t.match(again, { status: 1, stderr: /exists already/ });
	},
);

t.test(
	"verify reads every log of a folder, and says what is proven",
	async (t) => {
		const alone = await audit("verify", "log");
		t.match(alone, {
			status: 0,
			output: /self-consistent[\s\S]*end not proven/,
		});
		const { status, output } = await audit(
			"verify",
			"log",
			"--pubkey",
			"audit.pub",
			"--checkpoint",
			"log/gateway/checkpoint",
			"log/commands/checkpoint",
		);
		t.equal(status, 0);
		t.equal(output.match(/signed by the given key/g)?.length, 2);
		t.equal(output.match(/complete up to record/g)?.length, 2);
		const stranger = publicKeyText(generateKeyPairSync("ed25519").publicKey);
		const other = await audit("verify", "log", "--pubkey", stranger, "--json");
		t.equal(other.status, 1);
		t.match(JSON.parse(other.output).logs[0].faults[0], {
			kind: "tampered",
			file: "LOG.json",
		});
		t.equal((await audit("verify", "log", "--pubkey", "audit.pem")).status, 2);
		t.match(await audit("verify", "."), {
			status: 1,
			stderr: /holds no audit log/,
		});
	},
);

t.test(
	"verify tells missing, unpaired and altered apart by its exit status",
	async (t) => {
		const later = readFileSync(join(folder, "log/commands/checkpoint"));
		const cut = await open("cut");
		await cut.append({ event: "request.begin", requestId: "R9" });
		await cut.close();
		t.match(await audit("verify", "log/cut"), {
			status: 4,
			output: /request R9 began and has no end/,
		});
		const checkpoint = join(folder, "log/cut/checkpoint");
		const note = readFileSync(checkpoint);
		writeFileSync(join(folder, "kept"), note);
		const segment = join(folder, "log/cut/segment-00000000000000000000.jsonl");
		const lines = readFileSync(segment, "utf8").split("\n");
		writeFileSync(segment, `${lines.slice(0, 2).join("\n")}\n`);
		t.match(await audit("verify", "log/cut", "--checkpoint", "kept"), {
			status: 3,
			output: /missing/,
		});
		writeFileSync(segment, readFileSync(segment, "utf8").replace("R9", "R8"));
		writeFileSync(checkpoint, later);
		t.match(await audit("verify", "log/cut"), {
			status: 1,
			output: /another log/,
		});
		rmSync(join(folder, "log/cut"), { recursive: true });
	},
);

t.test(
	"a log that is gone, or hidden by a description beside it, is missed",
	async (t) => {
		const kept = ["--checkpoint", "log/gateway/checkpoint"];
		const gone = join(folder, "gone");
		cpSync(join(folder, "log"), gone, { recursive: true });
		await (await open("worker-1")).close();
		renameSync(join(folder, "log/worker-1"), join(gone, "worker-1"));
		rmSync(join(gone, "gateway/LOG.json"));
		t.match(await audit("verify", "gone"), {
			status: 3,
			output: /gateway.*NOT as written[\s\S]*missing: LOG.json/,
		});
		rmSync(join(gone, "gateway"), { recursive: true });
		t.match(await audit("verify", "gone", ...kept), {
			status: 3,
			output: /checkpoint is of the log "test\/gateway", and no such log/,
		});
		rmSync(gone, { recursive: true });
		const beside = join(folder, "log/LOG.json");
		writeFileSync(beside, readFileSync(join(folder, "log/gateway/LOG.json")));
		const { output } = await audit("verify", "log", "--json");
		t.equal(JSON.parse(output).logs.length, 3);
		rmSync(beside);
	},
);

t.test("what a client or a store named draws nothing", async (t) => {
	const log = await open("drawn");
	await log.append({
		event: "request.end",
		...request("R1", "2026-11-25T06:00:00.000Z", {
			key: "a\u009b2J\u202eb",
			client: "c\n2026 forged",
			error: "E\u001b[2J",
		}),
	});
	await log.close();
	const { output } = await audit("search", "log/drawn", "--bucket", "photos");
	t.match(output.trim(), /^[\x20-\x7e]*$/);
	rmSync(join(folder, "log/drawn"), { recursive: true });
});

t.test("search, report and export join the logs, by time", async (t) => {
	const found = await audit("search", "log", "--key", "key-1");
	t.match(found.output.trim().split("\n"), [
		/06:00.*app.*PutObject.*seal key-1.*success/,
		/06:30.*keys rotate/,
		/07:00.*other.*failure/,
	]);
	const since = await audit(
		"search",
		"log",
		"--since",
		"2026-11-25T06:45:00Z",
		"--client",
		"other",
		"--json",
	);
	t.match(JSON.parse(since.output), { requestId: "R2" });
	const { uses } = JSON.parse(
		(await audit("report", "log", "--key", "key-1", "--json")).output,
	);
	t.match(uses, [
		{ who: "app", use: "seal", count: 1, failures: 0 },
		{ who: "root", use: "keys rotate", count: 1 },
		{
			who: "other",
			use: "seal",
			count: 1,
			failures: 1,
			lastObject: "photos/b",
		},
		{ who: "other", use: "open", count: 1 },
	]);
	const csv = await audit("export", "log", "--format", "csv");
	t.match(csv.output, `"'=a,""b"""`, "no cell is a formula");
	const ocsf = await audit("export", "log", "--format", "ocsf");
	t.match(JSON.parse(ocsf.output.split("\n")[0] as string), {
		class_uid: 6005,
		activity_id: 9,
		type_uid: 600509,
		databucket: { name: "photos" },
	});
	const trail = await audit("export", "log", "--format", "cloudtrail");
	t.match(JSON.parse(trail.output.split("\n")[0] as string), {
		eventName: "PutObject",
		requestParameters: { bucketName: "photos" },
		resources: [{ ARN: "key-1" }],
	});
	t.equal((await audit("search", "log", "--since", "yesterday")).status, 2);
});

t.test("tail prints the newest", async (t) => {
	const { output } = await audit(
		"tail",
		"log/commands",
		"--lines",
		"3",
		"--json",
	);
	const lines = output
		.trim()
		.split("\n")
		.map((line) => JSON.parse(line).event);
	t.same(lines, ["command", "log.closed", "log.checkpoint"]);
});
