/** The keyring on disk: what is refused, what survives, and who may write. */
import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import {
	chmodSync,
	existsSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	rmSync,
	statSync,
	symlinkSync,
	writeFileSync,
} from "node:fs";
import * as fs from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import t from "tap";
import { disabled, findKey } from "../../src/keys/keyring.ts";
import { addKey, rotateKey } from "../../src/keys/keyring-changes.ts";
import {
	changeKeyring,
	changeSecret,
	copyKeyring,
	createKeyring,
	openKeyring,
	verifyKeyring,
} from "../../src/keys/keyring-file.ts";
import { openKeyringProvider } from "../../src/keys/keyring-provider.ts";
import type { Disk } from "../../src/keys/private-file.ts";
import { usualPbkdf2 } from "../../src/keys/unlock-slot.ts";

const folder = mkdtempSync(join(tmpdir(), "sealgate-keyring-"));
t.teardown(() => rmSync(folder, { recursive: true, force: true }));

const keyFile = { name: "key-file" } as const;
const hex = randomBytes(32).toString("hex");
const secret = () => ({ key: Buffer.from(hex, "hex") });
const now = new Date();
let number = 0;

async function made(): Promise<string> {
	const path = join(folder, `${++number}.keyring`);
	await createKeyring(path, secret(), keyFile, now);
	await changeKeyring(path, secret(), addKey({ alias: "alias/a" }), now);
	return path;
}

async function versions(path: string): Promise<number> {
	const { ring } = await openKeyring(path, secret());
	await verifyKeyring(path, secret());
	return findKey(ring, "alias/a").versions.length;
}

const rotate = (path: string, disk?: Disk) =>
	changeKeyring(path, secret(), rotateKey("alias/a"), now, disk);

t.test("it is created once, for its owner alone", async (t) => {
	const path = await made();
	const text = readFileSync(path, "utf8");
	t.equal(statSync(path).mode & 0o777, 0o600);
	await t.rejects(createKeyring(path, secret(), keyFile, now), {
		code: "keyring-exists",
	});
	t.equal(readFileSync(path, "utf8"), text, "nothing was overwritten");
	t.strictSame(
		readdirSync(folder).filter((name) => name.startsWith(`${number}.`)),
		[`${number}.keyring`],
	);
});

t.test("every change is one generation more", async (t) => {
	const path = await made();
	const before = (await openKeyring(path, secret())).ring.generation;
	await rotate(path);
	t.equal((await openKeyring(path, secret())).ring.generation, before + 1);
	t.equal(await versions(path), 2);
});

t.test("a change that is refused writes nothing", async (t) => {
	const path = await made();
	const text = readFileSync(path, "utf8");
	await t.rejects(changeKeyring(path, secret(), rotateKey("alias/b"), now), {
		code: "key-not-found",
	});
	t.equal(readFileSync(path, "utf8"), text);
	t.equal(await versions(path), 1);
});

t.test("what cannot be trusted is refused, and left as it is", async (t) => {
	const path = await made();
	const text = readFileSync(path, "utf8");
	const refusal = async (code: string, path: string, key = secret()) => {
		await t.rejects(openKeyring(path, key), { code });
		await t.rejects(changeKeyring(path, key, rotateKey("alias/a"), now), {
			code,
		});
	};
	await refusal("keyring-secret-wrong", path, { key: randomBytes(32) });
	await refusal("keyring-missing", `${path}.not`);
	symlinkSync(path, `${path}.link`);
	await refusal("keyring-untrusted", `${path}.link`);
	await refusal("keyring-untrusted", folder);
	for (const mode of [0o640, 0o604, 0o620]) {
		chmodSync(path, mode);
		await refusal("keyring-untrusted", path);
	}
	chmodSync(path, 0o600);
	t.equal(readFileSync(path, "utf8"), text, "nothing was overwritten");
	for (const damaged of [
		"",
		text.slice(0, -10),
		text.replace("alias/a", "alias/b"),
	]) {
		writeFileSync(path, damaged);
		await refusal("keyring-damaged", path);
		t.equal(readFileSync(path, "utf8"), damaged, "nothing was overwritten");
	}
	writeFileSync(path, " ".repeat(1_048_577));
	await refusal("keyring-untrusted", path);
});

/**
 * A disk that dies at its nth call: half of a write is done, nothing else is, and no later call does anything, as after
 * a power cut. Counts the calls.
 */
function dyingDisk(dieAt: number): Disk & { calls: string[] } {
	const calls: string[] = [];
	const step = async <T>(name: string, act: () => Promise<T>): Promise<T> => {
		calls.push(name);
		if (calls.length >= dieAt) throw new Error(`the disk died at ${name}`);
		return act();
	};
	const wrap = (handle: fs.FileHandle) =>
		({
			stat: () => handle.stat(),
			readFile: () => handle.readFile(),
			close: () => handle.close(),
			sync: () => step("sync", () => handle.sync()),
			writeFile: async (content: string) => {
				if (calls.length + 1 === dieAt) {
					await handle.writeFile(content.slice(0, content.length / 2));
				}
				await step("write", () => handle.writeFile(content));
			},
		}) as unknown as fs.FileHandle;
	return {
		calls,
		open: async (path, flags, mode) =>
			wrap(await step("open", () => fs.open(path, flags, mode))),
		rename: (from, to) => step("rename", () => fs.rename(from, to)),
		link: (from, to) => step("link", () => fs.link(from, to)),
		unlink: (path) => step("unlink", () => fs.unlink(path)),
	};
}

t.test("a crash at any step leaves the old keyring or the new", async (t) => {
	const whole = dyingDisk(Infinity);
	await rotate(await made(), whole);
	t.strictSame(
		whole.calls.slice(-8),
		["unlink", "open", "write", "sync", "rename", "open", "sync", "unlink"],
		"content reaches the disk before its name does, and the name before success",
	);
	for (let dieAt = 1; dieAt <= whole.calls.length; dieAt++) {
		const path = await made();
		await t.rejects(rotate(path, dyingDisk(dieAt)), { message: /disk died/ });
		const after = await versions(path);
		t.ok(after === 1 || after === 2, `died at step ${dieAt}`);
		await rotate(path);
		t.equal(await versions(path), after + 1, "and can be changed again");
	}
});

t.test("a crash while it is created leaves all of it or nothing", async (t) => {
	const whole = dyingDisk(Infinity);
	const create = (path: string, disk?: Disk) =>
		createKeyring(path, secret(), keyFile, now, disk);
	await create(join(folder, "whole"), whole);
	for (let dieAt = 1; dieAt <= whole.calls.length; dieAt++) {
		const path = join(folder, `created-${dieAt}`);
		await t.rejects(create(path, dyingDisk(dieAt)), { message: /disk died/ });
		if (!existsSync(path)) await create(path);
		t.equal((await openKeyring(path, secret())).ring.generation, 1);
	}
});

function writer(mode: string, path: string): ChildProcess {
	const script = fileURLToPath(new URL("writer.ts", import.meta.url));
	return spawn(process.execPath, [script, mode, path, hex], {
		stdio: ["pipe", "pipe", "inherit"],
		env: { ...process.env, NODE_OPTIONS: "" },
	});
}

t.test(
	"a process killed while it writes loses no change it told of",
	async (t) => {
		const path = await made();
		for (let round = 0; round < 4; round++) {
			const child = writer("rotate", path);
			let told = 0;
			const wanted = 3 + 2 * round;
			let lines = 0;
			for await (const line of createInterface({
				input: child.stdout as NodeJS.ReadableStream,
			})) {
				told = Number(line);
				if (++lines === wanted) child.kill("SIGKILL");
			}
			const after = await versions(path);
			t.ok(
				after === told || after === told + 1,
				`${told} told, ${after} there`,
			);
		}
	},
);

t.test(
	"two writers: one is told to wait, and a dead one is not waited for",
	async (t) => {
		const path = await made();
		const child = writer("hold", path);
		await once(child.stdout as NodeJS.ReadableStream, "data");
		await t.rejects(rotate(path), {
			code: "keyring-busy",
			message: new RegExp(`${child.pid}@`),
		});
		t.equal(await versions(path), 1, "reading goes on");
		child.kill("SIGKILL");
		await once(child, "close");
		await rotate(path);
		t.equal(await versions(path), 2);
		writeFileSync(`${path}.lock`, "1@another-host");
		await t.rejects(rotate(path), { code: "keyring-busy" });
		rmSync(`${path}.lock`);
		const outcomes = await Promise.allSettled([rotate(path), rotate(path)]);
		t.strictSame(
			outcomes.map(({ status }) => status),
			["fulfilled", "rejected"],
		);
		t.equal(await versions(path), 3);
	},
);

t.test("a backup holds every version, under its own secret", async (t) => {
	const path = await made();
	await rotate(path);
	const provider = await openKeyringProvider(path, secret());
	const never = new AbortController().signal;
	const { key, wrapped, keyId } = await provider.generate("alias/a", {}, never);
	const passphrase = () => ({
		passphrase: Buffer.from("a passphrase of backups"),
	});
	const quick = { name: "scrypt", n: 2 ** 15, r: 8, p: 1 } as const;
	const backup = { path: `${path}.backup`, secret: passphrase() };
	const source = { path, secret: secret() };
	t.strictSame(await copyKeyring(source, backup, quick), {
		keys: 1,
		versions: 2,
	});
	await t.rejects(openKeyring(backup.path, secret()), {
		code: "keyring-secret-wrong",
	});
	await t.rejects(copyKeyring(source, backup, quick), {
		code: "keyring-exists",
	});
	const [one, two] = [
		await openKeyring(path, secret()),
		await openKeyring(backup.path, passphrase()),
	];
	t.notOk(one.root.equals(two.root), "another root key");
	rmSync(path);
	await copyKeyring(backup, { path, secret: secret() }, keyFile);
	const restored = await openKeyringProvider(path, secret());
	t.ok((await restored.unwrap(keyId, wrapped, {}, never)).equals(key));
});

t.test("a reload takes changes, and no step back", async (t) => {
	const path = await made();
	const provider = await openKeyringProvider(path, secret());
	const never = new AbortController().signal;
	const before = readFileSync(path, "utf8");
	await changeKeyring(
		path,
		secret(),
		({ ring }) => disabled(ring, "alias/a"),
		now,
	);
	await provider.reload();
	await t.rejects(provider.generate("alias/a", {}, never), {
		code: "key-disabled",
	});
	writeFileSync(path, before);
	await t.rejects(provider.reload(), { code: "keyring-untrusted" });
	writeFileSync(path, "nonsense");
	await t.rejects(provider.reload(), { code: "keyring-damaged" });
	t.match(await provider.describe("alias/a", never), { state: "disabled" });
});

t.test(
	"another secret in its place: the old one opens it no more, and every version stays",
	async (t) => {
		const path = await made();
		await rotate(path);
		const next = { passphrase: Buffer.from("another passphrase, and longer") };
		const { generation } = (await openKeyring(path, secret())).ring;
		t.match(await changeSecret(path, secret(), next, usualPbkdf2), {
			keys: 1,
			versions: 2,
		});
		await t.rejects(openKeyring(path, secret()), {
			code: "keyring-secret-wrong",
		});
		const { ring } = await openKeyring(path, next);
		t.equal(findKey(ring, "alias/a").versions.length, 2);
		t.equal(ring.generation, generation + 1);
		await t.rejects(changeSecret(path, secret(), next, usualPbkdf2), {
			code: "keyring-secret-wrong",
		});
	},
);

t.test(
	"under fips a keyring that scrypt opens is refused, by PBKDF2 or a key file it is not",
	async (t) => {
		const path = await made();
		await (await openKeyringProvider(path, secret(), true)).close?.();
		const passphrase = () => ({
			passphrase: Buffer.from("a passphrase, for the tests"),
		});
		const cheap = { name: "scrypt", n: 2 ** 15, r: 8, p: 1 } as const;
		await changeSecret(path, secret(), passphrase(), cheap);
		await t.rejects(openKeyringProvider(path, passphrase(), true), {
			code: "keyring-untrusted",
			message: /scrypt.*change-secret/,
		});
		await changeSecret(path, passphrase(), passphrase(), usualPbkdf2);
		await (await openKeyringProvider(path, passphrase(), true)).close?.();
	},
);

t.test(
	"a keyring in a mounted Secret is used, and changed elsewhere",
	async (t) => {
		const path = await made();
		const mount = join(folder, `mount-${number}`);
		await fs.mkdir(join(mount, "..2026"), { recursive: true });
		await fs.copyFile(path, join(mount, "..2026/keyring.json"));
		chmodSync(join(mount, "..2026/keyring.json"), 0o400);
		symlinkSync("..2026", join(mount, "..data"));
		const mounted = join(mount, "keyring.json");
		symlinkSync("..data/keyring.json", mounted);
		t.equal(await versions(mounted), 1);
		await t.rejects(rotate(mounted), {
			code: "keyring-untrusted",
			message: /mounted Secret/,
		});
		t.equal(await versions(mounted), 1);
		const elsewhere = join(folder, `elsewhere-${number}`);
		symlinkSync(path, elsewhere);
		await t.rejects(openKeyring(elsewhere, secret()), {
			code: "keyring-untrusted",
			message: /symbolic link/,
		});
	},
);
