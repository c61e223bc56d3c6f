/** `provider: pkcs11` at SoftHSM2: the conformance suite, what a session may suffer, and an envelope route. */
import assert from "node:assert/strict";
import {
	context,
	fails,
	isOutage,
	never,
	opens,
} from "../keys/conformance/asserts.ts";
import { conforms } from "./conforms.ts";
import { check, part } from "./harness.ts";
import {
	pin,
	pkcs11Counterpart,
	type SoftHsm,
	softHsm,
} from "./pkcs11-counterpart.ts";
import { sealedRoute } from "./sealed-route.ts";
import type { RunningStore } from "./stores.ts";

const group = "pkcs11 at SoftHSM2";

/** @param store that an envelope route writes to */
export async function hardwareModule(store: RunningStore): Promise<void> {
	await part("SoftHSM2", async () => {
		const hsm = softHsm();
		await conforms(pkcs11Counterpart(hsm));
		await sessions(hsm);
		await keys(hsm);
		const { module, token, environment } = hsm;
		await sealedRoute({
			...{ group: `${store.name}, envelope by SoftHSM2`, bucket: "pkcs11" },
			...{ store, keyId: "alias/photos", recorded: hsm.createKey("photos") },
			keys: `{ name: main, provider: pkcs11, module: ${module}, token: ${token}, pin: "${pin}" }`,
			environment,
		});
	});
}

async function sessions(hsm: SoftHsm): Promise<void> {
	const id = hsm.createKey("sessions");
	const provider = await hsm.open();
	const made = await provider.generate(id, context, never);
	await check(
		group,
		"a session that was lost is opened again, with its login",
		async () => {
			for (let at = 0; at < 3; at++) {
				hsm.dropSessions();
				await opens(provider, made);
			}
		},
	);
	await check(
		group,
		"where somebody logged out, it logs in again",
		async () => {
			hsm.logOut();
			await opens(provider, made);
		},
	);
	await check(group, "calls do not hold the event loop up", async () => {
		let turns = 0;
		const timer = setInterval(() => turns++, 1);
		for (let at = 0; at < 50; at++) await opens(provider, made);
		clearInterval(timer);
		assert.ok(turns > 0);
	});
	await check(
		group,
		"another token is an outage, and a PIN that is wrong is tried once",
		async () => {
			const nowhere = await hsm.open(pin, "not there");
			await isOutage(nowhere.describe(id, never), "unreachable");
			await nowhere.close?.();
			// The login is the process's: with another's session open any PIN would do.
			await provider.close?.();
			hsm.dropSessions();
			const wrong = await hsm.open("0000");
			await fails(wrong.describe(id, never), "credentials-unavailable");
			const other = await hsm.open();
			await opens(other, made);
			// Now any PIN would do, if it were tried.
			await fails(wrong.describe(id, never), "credentials-unavailable");
			await other.close?.();
			await wrong.close?.();
			const right = await hsm.open();
			await opens(right, made);
			await right.close?.();
		},
	);
}

async function keys(hsm: SoftHsm): Promise<void> {
	const provider = await hsm.open();
	const refused: Record<string, Record<string, unknown>> = {
		"that may leave the token": { CKA_EXTRACTABLE: true },
		"of 128 bits": { CKA_VALUE_LEN: 16 },
		"without an id": { CKA_ID: Buffer.alloc(0) },
	};
	for (const [what, attributes] of Object.entries(refused)) {
		await check(group, `a key ${what} is refused`, async () => {
			hsm.createKey(`refused ${what}`, attributes);
			const name = `alias/refused ${what}`;
			await fails(provider.generate(name, context, never), "key-unusable");
		});
	}
	await check(
		group,
		"two keys of one label are refused, and open by their ids",
		async () => {
			const id = hsm.createKey("twice");
			hsm.createKey("twice");
			await fails(provider.describe("alias/twice", never), "key-unusable");
			await opens(provider, await provider.generate(id, context, never));
		},
	);
	await check(
		group,
		"a key that may only decrypt opens, and wraps nothing",
		async () => {
			const id = hsm.createKey("retired");
			const made = await provider.generate(id, context, never);
			hsm.set(id, { CKA_ENCRYPT: false });
			await opens(provider, made);
			await fails(provider.generate(id, context, never), "key-disabled");
		},
	);
	await provider.close?.();
}
