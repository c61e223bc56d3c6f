/** The embedded keyring as a counterpart: a file, changed as the commands change it. */
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
	disabled,
	enabled,
	withAlias,
	withDeletion,
	withoutAlias,
	withoutDeletion,
} from "../../../src/keys/keyring.ts";
import { addKey, rotateKey } from "../../../src/keys/keyring-changes.ts";
import {
	type Change,
	changeKeyring,
	createKeyring,
} from "../../../src/keys/keyring-file.ts";
import {
	type KeyringProvider,
	openKeyringProvider,
} from "../../../src/keys/keyring-provider.ts";
import { never } from "./asserts.ts";
import type { Counterpart } from "./counterpart.ts";

export async function keyringCounterpart(): Promise<Counterpart> {
	const folder = mkdtempSync(join(tmpdir(), "sealgate-conformance-"));
	const path = join(folder, "keyring");
	const key = randomBytes(32);
	const secret = () => ({ key: Buffer.from(key) });
	await createKeyring(path, secret(), { name: "key-file" }, new Date());
	const opened = new Set<KeyringProvider>();
	const change = async (to: Change, now = new Date()): Promise<void> => {
		await changeKeyring(path, secret(), to, now);
		for (const provider of opened) await provider.reload();
	};
	let keys = 0;
	const open = async (): Promise<KeyringProvider> => {
		const provider = await openKeyringProvider(path, secret());
		opened.add(provider);
		const close = provider.close?.bind(provider);
		provider.close = async () => {
			opened.delete(provider);
			await close?.();
		};
		return provider;
	};
	return {
		name: "keyring",
		open,
		async createKey() {
			const alias = `alias/conformance-${keys++}`;
			await change(addKey({ alias }));
			const provider = await open();
			const { keyId } = await provider.describe(alias, never);
			await provider.close?.();
			return { id: keyId, alias };
		},
		pointAlias: (alias, id) => change(({ ring }) => withAlias(ring, alias, id)),
		removeAlias: (alias) => change(({ ring }) => withoutAlias(ring, alias)),
		disable: (id) => change(({ ring }) => disabled(ring, id)),
		enable: (id) => change(({ ring }) => enabled(ring, id)),
		scheduleDeletion: (id) =>
			change(({ ring }) => withDeletion(ring, id, 7, new Date())),
		cancelDeletion: (id) => change(({ ring }) => withoutDeletion(ring, id)),
		async destroy(id) {
			await change(({ ring }) => withDeletion(ring, id, 7, new Date()));
			const later = new Date(Date.now() + 8 * 86_400_000);
			await change(({ ring }) => ring, later);
		},
		rotate: (id) => change(rotateKey(id)),
		absent: {
			network: "a file: nothing is asked over a network",
			replicas: "a file has no regions: each gateway has a copy of the whole",
		},
		differs: {},
		close: async () => rmSync(folder, { recursive: true, force: true }),
	};
}
