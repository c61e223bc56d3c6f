/** Two processes and one log. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { publicKeyText } from "../../../src/audit/log/checkpoint.ts";
import { verifyLog } from "../../../src/audit/log/verify.ts";
import { openLog } from "../../../src/audit/log/writer.ts";
import { entryOf, filesOf, keys, makeLog, newFolder, origin } from "./logs.ts";

const publicKey = publicKeyText(keys.publicKey);
const options = { origin, signingKey: keys.privateKey };

const segmentIn = (folder: string): string =>
	join(
		folder,
		filesOf(folder).find((name) => name.startsWith("segment")) ?? "",
	);

t.test(
	"a log that a process writes is refused to a second writer, whose look changes nothing",
	async (t) => {
		const folder = newFolder();
		const first = await openLog(folder, options);
		await first.append(entryOf(1));
		const before = readFileSync(segmentIn(folder));
		await t.rejects(openLog(folder, options), /another process writes/);
		t.same(readFileSync(segmentIn(folder)), before);
		await first.append(entryOf(2));
		await first.close();
		const next = await openLog(folder, options);
		await next.close();
		const { faults } = await verifyLog(folder, { publicKey });
		t.same(faults, []);
	},
);

t.test("a folder whose path is long has one writer too", async (t) => {
	const folder = join(newFolder(), "a".repeat(120), "gateway");
	const first = await openLog(folder, options);
	await t.rejects(openLog(folder, options), /another process writes/);
	await first.close();
	await (await openLog(folder, options)).close();
});

t.test("what a killed writer leaves keeps nobody away", async (t) => {
	const folder = await makeLog(1);
	const path = `${folder}.writer`;
	const script = `require("node:net").createServer().listen(${JSON.stringify(path)}, () => console.log("up"))`;
	const child = spawn(process.execPath, ["-e", script]);
	await once(child.stdout, "data");
	await t.rejects(openLog(folder, options), /another process writes/);
	child.kill("SIGKILL");
	await once(child, "exit");
	await (await openLog(folder, options)).close();
	writeFileSync(path, "a file");
	await t.rejects(openLog(folder, options));
	t.equal(readFileSync(path, "utf8"), "a file");
});

t.test(
	"lines that another writer adds all the same are not written over, and stop this one",
	async (t) => {
		const folder = newFolder();
		const log = await openLog(folder, options);
		await log.append(entryOf(1));
		appendFileSync(segmentIn(folder), '{"of":"another machine"}\n');
		await t.rejects(log.append(entryOf(2)), /another process/);
		t.match(readFileSync(segmentIn(folder), "utf8"), "another machine");
		await log.close().catch(() => {});
	},
);
