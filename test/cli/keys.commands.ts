/** `sealgate keys …`: what each command changes, what it refuses, and what the audit log says of it. */
import { createPrivateKey, randomBytes } from "node:crypto";
import {
	chmodSync,
	existsSync,
	mkdirSync,
	mkdtempSync,
	readFileSync,
	rmSync,
	statSync,
	truncateSync,
	writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t from "tap";
import { openLog } from "../../src/audit/log/writer.ts";
import { withFileLock } from "../../src/keys/file-lock.ts";
import {
	auditEntries,
	auditSetting,
	auditSigningKey,
} from "../support/audit.ts";
import { run } from "./process.ts";

const base = mkdtempSync(join(tmpdir(), "sealgate-keys-"));
t.teardown(() => rmSync(base, { recursive: true }));
let number = 0;

const config = (opening: string, more = "") => `
listen: 127.0.0.1:0
authentication: trust
upstreams: [{ name: store, endpoint: "http://127.0.0.1:9" }]
keys:
  - { name: main, provider: keyring, path: keyring.json, ${opening} }${more}
${auditSetting("audit")}
routes:
  - { name: photos, match: { bucket: photos }, upstream: store, policies: [{ envelope: { keys: main, keyId: alias/photos } }] }
  - { name: rest, match: {}, upstream: store }
`;

/** A folder with a configuration whose keyring is not there yet. */
function folderOf(text = config("keyFile: keyring.key")) {
	const folder = join(base, String(++number));
	mkdirSync(folder);
	writeFileSync(join(folder, "gateway.yaml"), text);
	writeFileSync(join(folder, "keyring.key"), randomBytes(32), { mode: 0o600 });
	return {
		folder,
		ring: join(folder, "keyring.json"),
		keys: (...args: string[]) =>
			run(folder, "keys", ...args, "--config", "gateway.yaml"),
		records: () => auditEntries(join(folder, "audit")),
	};
}

t.test(
	"create makes the keyring where there is none, for its owner alone, and records it",
	async (t) => {
		const { ring, keys, records } = folderOf();
		const made = await keys("create", "alias/photos", "--json");
		t.equal(made.status, 0, made.stderr);
		const view = JSON.parse(made.output);
		t.match(view, { aliases: ["alias/photos"], state: "enabled" });
		t.equal(statSync(ring).mode & 0o777, 0o600);
		const second = await keys("create", "--rotate-every", "90");
		t.match(second, { status: 0, output: /every 90 days, due 20/ });
		const before = readFileSync(ring, "utf8");
		t.match(await keys("create", "alias/photos", "--json"), {
			status: 1,
			output: /"code":"argument-invalid".*names a key already/,
		});
		t.equal(readFileSync(ring, "utf8"), before, "nothing was written");
		t.match(await records(), [
			{
				command: "keys create",
				keys: "main",
				named: "alias/photos",
				keyIds: [view.keyId],
				outcome: "success",
			},
			{ command: "keys create", outcome: "success" },
			{ command: "keys create", outcome: "failure", error: "argument-invalid" },
		]);
		const listed = await keys("list", "--json");
		t.equal(JSON.parse(listed.output).keys.length, 2);
		t.equal((await records()).length, 3, "looking leaves no record");
		t.notMatch(listed.output, /material|root|salt/);
	},
);

t.test("a key goes through its states, by id or alias", async (t) => {
	const { keys } = folderOf();
	const { keyId } = JSON.parse(
		(await keys("create", "alias/a", "--json")).output,
	);
	const state = async (...args: string[]) => {
		const done = await keys(...args, "--json");
		t.equal(done.status, 0, done.output);
		return JSON.parse(done.output);
	};
	t.match(await state("alias", "alias/b", keyId), {
		aliases: ["alias/a", "alias/b"],
	});
	await state("alias", "alias/a", "--remove");
	t.match(await state("disable", "alias/b"), { state: "disabled" });
	t.match(await keys("rotate", "alias/b"), { status: 1, stderr: /disabled/ });
	t.match(await state("enable", keyId), { state: "enabled" });
	t.match(await state("rotate", keyId), {
		rotated: [{ versions: [{ version: 1 }, { version: 2 }] }],
	});
	t.match(await state("schedule-deletion", keyId), {
		state: "pending-deletion",
	});
	t.match(await keys("enable", keyId), {
		status: 1,
		stderr: /is to be destroyed at/,
	});
	t.match(await state("cancel-deletion", keyId), {
		state: "disabled",
		deletionAt: undefined,
	});
	t.match(await keys("describe", "alias/b"), {
		status: 0,
		output: /state {5}disabled/,
	});
	t.match(await keys("describe", "alias/a"), {
		status: 1,
		stderr: /has no key "alias\/a"/,
	});
});

t.test("a key in use is not scheduled for deletion by mistake", async (t) => {
	const { folder, keys } = folderOf();
	const made = await keys("create", "alias/photos", "--json");
	const { keyId } = JSON.parse(made.output);
	t.match(await keys("schedule-deletion", "alias/photos", "--json"), {
		status: 1,
		output: /"code":"key-in-use".*Route \\"photos\\" seals under it/,
	});
	const other = JSON.parse((await keys("create", "--json")).output).keyId;
	const use = { use: "open", keys: "main", keyId: other, from: "cache" };
	const log = await openLog(join(folder, "audit/gateway"), {
		origin: "sealgate/gateway",
		signingKey: createPrivateKey(auditSigningKey),
	});
	const time = new Date().toISOString();
	await log.append({ event: "request.end", time, keyUses: [use] });
	await log.close();
	t.match(await keys("schedule-deletion", other), {
		status: 1,
		stderr: /1 requests used it in the last 30 days/,
	});
	t.match(await keys("schedule-deletion", other, "--days", "7", "--force"), {
		status: 0,
		output: /pending-deletion, destroyed at/,
	});
	t.match(await keys("describe", keyId), { output: /enabled/ });
});

t.test("what cannot be trusted is refused, and left as it is", async (t) => {
	const { folder, ring, keys } = folderOf();
	await keys("create", "alias/a");
	const good = readFileSync(ring, "utf8");
	const refused = async (code: string) => {
		const before = readFileSync(ring, "utf8");
		const [changed, listed] = await Promise.all([
			keys("disable", "alias/a", "--json"),
			keys("list"),
		]);
		t.equal(changed.status, 1);
		t.equal(JSON.parse(changed.output).error.code, code);
		t.equal(listed.status, 1);
		t.equal(readFileSync(ring, "utf8"), before);
	};
	chmodSync(ring, 0o644);
	await refused("keyring-untrusted");
	chmodSync(ring, 0o600);
	truncateSync(ring, good.length - 20);
	await refused("keyring-damaged");
	writeFileSync(ring, good.replace('"enabled"', '"disabled"'));
	await refused("keyring-damaged");
	writeFileSync(ring, good);
	const right = readFileSync(join(folder, "keyring.key"));
	writeFileSync(join(folder, "keyring.key"), randomBytes(32));
	await refused("keyring-secret-wrong");
	rmSync(join(folder, "keyring.key"));
	await refused("keyring-missing");
	writeFileSync(join(folder, "keyring.key"), right);
	await withFileLock(ring, async () => {
		t.match(await keys("disable", "alias/a"), {
			status: 1,
			stderr: /is being changed by/,
		});
	});
	t.equal(readFileSync(ring, "utf8"), good);
	t.equal((await keys("disable", "alias/a")).status, 0);
});

t.test("a backup opens by its own secret and restores", async (t) => {
	const { folder, ring, keys } = folderOf();
	const { keyId } = JSON.parse(
		(await keys("create", "alias/a", "--json")).output,
	);
	await keys("rotate", keyId);
	writeFileSync(join(folder, "pass"), "a passphrase for the backup\n");
	const secret = ["--passphrase-file", "pass"];
	t.match(await keys("backup", "--to", "backup.json", ...secret), {
		status: 0,
		output: /1 keys in 2 versions/,
	});
	t.match(await keys("backup", "--to", "backup.json", ...secret), {
		status: 1,
		stderr: /exists already/,
	});
	t.match(
		await run(folder, "keys", "verify", "--file", "backup.json", ...secret),
		{ status: 0, output: /1 keys in 2 versions, all of them open/ },
	);
	t.match(
		await run(
			folder,
			...["keys", "verify", "--file", "backup.json"],
			...["--key-file", "keyring.key"],
		),
		{ status: 1, stderr: /does not open the keyring/ },
	);
	const restore = ["restore", "--from", "backup.json", ...secret];
	t.match(await keys(...restore), { status: 1, stderr: /overwrites nothing/ });
	rmSync(ring);
	t.equal((await keys(...restore, "--dry-run")).status, 0);
	t.notOk(existsSync(ring), "a dry run writes nothing");
	t.match(await keys(...restore), { status: 0, output: /1 keys in 2/ });
	t.match(await keys("verify"), { status: 0, output: /1 keys in 2 versions/ });
	t.match(await keys("describe", "alias/a"), { output: new RegExp(keyId) });
});

t.test("wrong usage is exit status 2", async (t) => {
	const more =
		"\n  - { name: other, provider: keyring, path: other.json, passphrase: a passphrase of sixteen }";
	const { folder, keys } = folderOf(config("keyFile: keyring.key", more));
	const wrong = [
		["create", "photos"],
		["create", "--rotate-every", "0"],
		["create", "alias/a"],
		["create", "alias/a", "--keys", "none"],
		["rotate", "--keys", "main"],
		["alias", "alias/a", "--keys", "main"],
		["schedule-deletion", "alias/a", "--days", "6"],
		["schedule-deletion", "alias/a", "--days", "31"],
		["backup", "--to", "backup.json", "--keys", "main"],
	];
	const ended = await Promise.all(wrong.map((args) => keys(...args)));
	for (const [index, { status }] of ended.entries())
		t.equal(status, 2, wrong[index]?.join(" ") ?? "");
	t.equal((await run(folder, "keys", "list")).status, 2);
	t.equal((await run(folder, "keys", "verify")).status, 2);
	const made = await keys("create", "alias/a", "--keys", "other");
	t.equal(made.status, 0, "by passphrase");
	t.ok(existsSync(join(folder, "other.json")));
});

t.test("without a log that can be written, no key is changed", async (t) => {
	const { folder, keys } = folderOf();
	writeFileSync(join(folder, "audit"), "a file where a folder is due");
	t.equal((await keys("create", "alias/a")).status, 1);
	t.notOk(existsSync(join(folder, "keyring.json")));
});

t.test("the age of rotation is changed, and taken away", async (t) => {
	const { keys, records } = folderOf();
	await keys("create", "alias/photos");
	t.match(await keys("rotate-every", "alias/photos", "30"), {
		status: 0,
		output: /every 30 days/,
	});
	const never = await keys("rotate-every", "alias/photos", "--never");
	t.equal(never.status, 0, never.stderr);
	t.notMatch(never.output, /every/);
	t.equal((await keys("rotate-every", "alias/photos")).status, 2);
	t.equal((await keys("rotate-every", "alias/photos", "0")).status, 2);
	t.match((await records()).at(-1), {
		command: "keys rotate-every",
		named: "alias/photos",
		outcome: "success",
	});
});

t.test(
	"a keyring changes its secret, and only the new one opens it",
	async (t) => {
		const { folder, ring, keys, records } = folderOf();
		await keys("create", "alias/photos");
		await keys("rotate", "alias/photos");
		const old = readFileSync(ring, "utf8");
		writeFileSync(join(folder, "short"), "too short\n");
		const short = await keys("change-secret", "--passphrase-file", "short");
		t.match(short, { status: 1, stderr: /at least 16 bytes/ });
		t.equal((await keys("change-secret")).status, 2);
		t.equal(readFileSync(ring, "utf8"), old, "nothing was written");
		writeFileSync(join(folder, "new.key"), randomBytes(32), { mode: 0o600 });
		const done = await keys("change-secret", "--key-file", "new.key");
		t.match(done, { status: 0, output: /1 keys in 2 versions/ }, done.stderr);
		t.match(await keys("list", "--json"), { output: /keyring-secret-wrong/ });
		writeFileSync(join(folder, "gateway.yaml"), config("keyFile: new.key"));
		t.match(await keys("verify", "--json"), { status: 0 });
		const material = (text: string) =>
			JSON.parse(text.split("\n")[1] as string).keys[0].versions[0].material;
		t.not(material(readFileSync(ring, "utf8")), material(old), "sealed anew");
		t.match((await records()).at(-1), {
			command: "keys change-secret",
			keys: "main",
			outcome: "success",
		});
	},
);
