/** Each worker has an audit log of its own, and no acknowledged record is lost with a process. */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import t from "tap";
import { logsIn } from "../../src/audit/log/logs.ts";
import { verifyLog } from "../../src/audit/log/verify.ts";
import { openLog } from "../../src/audit/log/writer.ts";
import { signingKeyOf } from "../../src/audit/signing-key.ts";
import {
	auditEntries,
	auditPublicKey,
	auditSetting,
	auditSigningKey,
} from "../support/audit.ts";
import { startTestStore } from "../support/store.ts";
import { ask, startWorkers, trusting } from "../support/workers.ts";

t.test(
	"a worker and then the primary are killed: what was acknowledged is recorded",
	async (t) => {
		const store = await startTestStore();
		t.teardown(() => store.close());
		const yaml = trusting(store.endpoint, auditSetting("audit", true)).replace(
			"upstream: store }]",
			"upstream: store, policies: [{ sse-kms: { keyId: k1 } }] }]",
		);
		const gateway = await startWorkers(t, yaml);
		const acknowledged: string[] = [];
		let stop = false;
		const load = Array.from({ length: 8 }, async (_, client) => {
			for (let index = 0; !stop; index += 1) {
				const key = `${client}/${index}`;
				const put = { method: "PUT", body: "content" };
				await ask(`${gateway.endpoint}/bucket/${key}`, put).then(
					({ status }) => status === 200 && acknowledged.push(key),
					() => {}, // in flight on what was killed
				);
			}
		});
		await gateway.until("request", 60);
		process.kill(gateway.pid(1), "SIGKILL");
		await gateway.until("worker serves", 3);
		const before = gateway.lines.filter(({ msg }) => msg === "request").length;
		await gateway.until("request", before + 60);
		gateway.child.kill("SIGKILL");
		await gateway.closed;
		stop = true;
		await Promise.all(load);

		const folder = join(gateway.folder, "audit");
		const logs = await logsIn(folder);
		t.strictSame(
			logs,
			["worker-1", "worker-2"].map((name) => join(folder, name)),
		);
		const signingKey = signingKeyOf(auditSigningKey);
		for (const [index, log] of logs.entries()) {
			const origin = `sealgate/worker-${index + 1}`;
			await (await openLog(log, { origin, signingKey })).close();
			const verdict = await verifyLog(log, { publicKey: auditPublicKey });
			t.strictSame(verdict.faults, [], origin);
		}
		const ends = await auditEntries(folder, "request.end");
		const recorded = new Set(ends.map(({ key }) => key));
		t.strictSame(
			acknowledged.filter((key) => !recorded.has(key)),
			[],
		);
		t.ok(acknowledged.length >= 100, `${acknowledged.length} acknowledged`);
		const opened = await auditEntries(join(folder, "worker-1"), "log.opened");
		t.equal(opened.length, 3, "by the first, its successor, and this test");
		const verify = ["src/main.ts", "audit", "verify", folder, "--json"];
		const root = new URL("../..", import.meta.url).pathname;
		const verified = await promisify(execFile)(process.execPath, verify, {
			cwd: root,
		}).catch((error) => error);
		t.ok(verified.code === undefined || verified.code === 4, verified.stdout);
	},
);
