/** The keyring as a value: its changes, its text, and how it is unlocked. */
import { randomBytes } from "node:crypto";
import fc from "fast-check";
import t from "tap";
import type { DecryptionError } from "../../src/crypto/decryption-error.ts";
import {
	encodeContext,
	type KeyContext,
	wrappingContext,
} from "../../src/keys/context.ts";
import {
	openBlob,
	openMaterial,
	readBlob,
	sealBlob,
	sealMaterial,
} from "../../src/keys/key-material.ts";
import {
	aliasesOf,
	disabled,
	dueForRotation,
	enabled,
	findKey,
	findUsableKey,
	type Keyring,
	withAlias,
	withDeletion,
	withoutAlias,
	withoutDeletion,
	withoutExpired,
} from "../../src/keys/keyring.ts";
import {
	addKey,
	rotateDueKeys,
	rotateKey,
} from "../../src/keys/keyring-changes.ts";
import type { OpenKeyring } from "../../src/keys/keyring-file.ts";
import { readKeyring, writeKeyring } from "../../src/keys/keyring-text.ts";
import {
	type Derivation,
	openRoot,
	readKeyFile,
	type Secret,
	sealRoot,
	type UnlockSlot,
	usualPbkdf2,
} from "../../src/keys/unlock-slot.ts";
import { sequence } from "../crypto/flow.ts";

const property = { seed: 20261125, numRuns: 300 };
const random = sequence("keyring");
const root = random(32);
const day = 86_400_000;
const start = new Date("2026-11-25T00:00:00.000Z");
const later = (days: number) => new Date(start.getTime() + days * day);
const keyFile: Secret = { key: random(32) };
const quickScrypt: Derivation = { name: "scrypt", n: 2 ** 15, r: 8, p: 1 };

const empty: Keyring = {
	id: "7e0f8b3c-9d1e-4f0a-8b1c-2d3e4f5a6b7c",
	generation: 1,
	created: start.toISOString(),
	aliases: {},
	keys: [],
};
const open = (ring: Keyring): OpenKeyring => ({ ring, slots: [], root });
const one = addKey({ alias: "alias/a", rotateEvery: 90 })(open(empty), start);
const id = findKey(one, "alias/a").id;

const slot = (secret: Secret, derivation: Derivation): Promise<UnlockSlot> =>
	sealRoot(root, empty.id, secret, derivation, random);

t.test("a new key has version 1 and its alias", async (t) => {
	const key = findUsableKey(one, "alias/a");
	t.strictSame(aliasesOf(one, id), ["alias/a"]);
	t.equal(key.state, "enabled");
	t.strictSame(
		key.versions.map(({ version }) => version),
		[1],
	);
	t.equal(findKey(one, id), key);
	t.throws(() => findKey(one, "alias/b"), { code: "key-not-found" });
	t.throws(() => findKey(one, "constructor"), { code: "key-not-found" });
	t.throws(() => addKey({ alias: "alias/a" })(open(one), start), {
		code: "argument-invalid",
	});
	for (const bad of ["photos", "alias/", "alias/a b", "alias/ä"]) {
		t.throws(() => withAlias(one, bad, id), { code: "argument-invalid" });
	}
});

t.test("an alias moves to another key, and goes", async (t) => {
	const two = addKey({})(open(one), start);
	const other = two.keys[1]?.id as string;
	const moved = withAlias(two, "alias/a", other);
	t.equal(findKey(moved, "alias/a").id, other);
	const gone = withoutAlias(moved, "alias/a");
	t.throws(() => findKey(gone, "alias/a"), { code: "key-not-found" });
	t.throws(() => withoutAlias(gone, "alias/a"), { code: "key-not-found" });
	t.ok(findKey(gone, other));
});

t.test("a disabled key refuses use until it is enabled", async (t) => {
	const off = disabled(one, "alias/a");
	t.throws(() => findUsableKey(off, id), { code: "key-disabled" });
	t.throws(() => rotateKey(id)(open(off), start), { code: "key-disabled" });
	t.ok(findUsableKey(enabled(off, id), id));
});

t.test("deletion waits 7 to 30 days, and can be cancelled", async (t) => {
	for (const days of [6, 31, 7.5, Number.NaN]) {
		t.throws(() => withDeletion(one, id, days, start), {
			code: "argument-invalid",
		});
	}
	const pending = withDeletion(one, id, 7, start);
	t.throws(() => findUsableKey(pending, id), { code: "key-pending-deletion" });
	for (const change of [enabled, disabled]) {
		t.throws(() => change(pending, id), { code: "key-pending-deletion" });
	}
	t.throws(() => withDeletion(pending, id, 30, start), {
		code: "key-pending-deletion",
	});
	const kept = withoutExpired(pending, later(6.99));
	t.equal(findKey(kept, id).versions.length, 1);
	const back = withoutDeletion(kept, id);
	t.equal(findKey(back, id).state, "disabled");
	t.notOk("deletionAt" in findKey(back, id));
	t.throws(() => withoutDeletion(back, id), { code: "argument-invalid" });
	const destroyed = withoutExpired(pending, later(7));
	t.strictSame(destroyed.aliases, {});
	t.match(destroyed.keys[0], { id, state: "destroyed", versions: [] });
	t.throws(() => findKey(destroyed, id), { code: "key-not-found" });
	t.throws(() => withoutDeletion(destroyed, id), { code: "key-not-found" });
});

t.test("rotation makes a version; old ones stay", async (t) => {
	const rotated = rotateKey("alias/a")(open(one), later(1));
	const versions = findKey(rotated, id).versions;
	t.strictSame(
		versions.map(({ version }) => version),
		[1, 2],
	);
	const [first, second] = versions.map((version) =>
		openMaterial(root, empty.id, id, version),
	);
	t.notSame(first, second);
});

t.test("rotation is due by the age of the newest version", async (t) => {
	t.strictSame(dueForRotation(one, later(89)), []);
	t.strictSame(dueForRotation(one, later(90)), [id]);
	t.strictSame(dueForRotation(disabled(one, id), later(90)), []);
	const rotated = rotateDueKeys(open(one), later(90));
	t.equal(findKey(rotated, id).versions.length, 2);
	t.strictSame(dueForRotation(rotated, later(100)), []);
	const never = addKey({})(open(empty), start);
	t.strictSame(dueForRotation(never, later(10_000)), []);
});

t.test("material opens at its own place alone", async (t) => {
	const place = { ringId: empty.id, keyId: id, version: 3 };
	const material = random(32);
	const version = sealMaterial(root, place, material, start, random);
	t.ok(openMaterial(root, empty.id, id, version).equals(material));
	const damaged = { code: "keyring-damaged" };
	const other = { ...version, version: 4 };
	t.throws(() => openMaterial(root, empty.id, id, other), damaged);
	t.throws(() => openMaterial(root, empty.id, "x", version), damaged);
	t.throws(() => openMaterial(root, "x", id, version), damaged);
	t.throws(() => openMaterial(random(32), empty.id, id, version), damaged);
});

t.test("a blob opens under its context alone", async (t) => {
	const material = random(32);
	const context = wrappingContext("photos");
	const plain = random(32);
	const blob = sealBlob(material, id, 5, context, plain, random);
	t.equal(blob.length, 101);
	t.strictSame(readBlob(blob), { keyId: id, version: 5 });
	t.ok(openBlob(material, blob, context).equals(plain));
	const outcome = (blob: Buffer, context: KeyContext): string => {
		try {
			readBlob(blob);
			openBlob(material, blob, context);
			return "opened";
		} catch (error) {
			return (error as DecryptionError).reason;
		}
	};
	const others = [
		{},
		wrappingContext("photos2"),
		wrappingContext("photos", "a"),
		{ ...context, more: "" },
	];
	for (const other of others) {
		t.equal(outcome(blob, other), "wrapping-key-refused");
	}
	for (let index = 0; index < blob.length; index++) {
		const altered = Buffer.from(blob);
		altered[index] = (altered[index] as number) ^ 1;
		for (const bytes of [altered, blob.subarray(0, index)]) {
			if (outcome(bytes, context) !== "wrapping-key-refused") {
				t.fail(`byte ${index}`);
			}
		}
	}
});

t.test("a context has one spelling, and no other context has it", async (t) => {
	fc.assert(
		fc.property(
			fc.dictionary(fc.string(), fc.string()),
			fc.dictionary(fc.string(), fc.string()),
			(a, b) => {
				const turned = Object.fromEntries(Object.entries(a).reverse());
				const same =
					Object.keys(a).length === Object.keys(b).length &&
					Object.entries(a).every(([name, value]) => b[name] === value);
				return (
					encodeContext(a).equals(encodeContext(turned)) &&
					encodeContext(a).equals(encodeContext(b)) === same
				);
			},
		),
		property,
	);
	t.notOk(
		encodeContext({ a: "b", c: "d" }).equals(encodeContext({ a: "bcd" })),
	);
});

t.test("each secret opens its own slot", async (t) => {
	const passphrase = { passphrase: Buffer.from("correct horse battery") };
	const slots = [
		await slot(passphrase, quickScrypt),
		await slot(keyFile, { name: "key-file" }),
	];
	t.ok((await openRoot(slots, empty.id, passphrase)).equals(root));
	t.ok((await openRoot(slots, empty.id, keyFile)).equals(root));
	const fips = [await slot(passphrase, usualPbkdf2)];
	t.ok((await openRoot(fips, empty.id, passphrase)).equals(root));
	const wrong: [UnlockSlot[], string, Secret][] = [
		[slots, empty.id, { passphrase: Buffer.from("correct horse batterz") }],
		[slots, empty.id, { key: random(32) }],
		[slots, "another ring", keyFile],
		[fips, empty.id, keyFile],
	];
	for (const [slots, ring, secret] of wrong) {
		await t.rejects(openRoot(slots, ring, secret), {
			code: "keyring-secret-wrong",
		});
	}
	await t.rejects(slot({ passphrase: Buffer.alloc(15, 97) }, quickScrypt), {
		code: "argument-invalid",
	});
	await t.rejects(slot(keyFile, quickScrypt), {
		code: "keyring-secret-wrong",
	});
});

t.test("a key file is 32 bytes, plain or base64", async (t) => {
	const key = randomBytes(32);
	t.ok(readKeyFile(key).equals(key));
	t.ok(readKeyFile(Buffer.from(`${key.toString("base64")}\n`)).equals(key));
	for (const bad of ["", "short", key.toString("hex")]) {
		t.throws(() => readKeyFile(Buffer.from(bad)), { code: "argument-invalid" });
	}
});

t.test("the text is read as it was written", async (t) => {
	const slots = [await slot(keyFile, { name: "key-file" })];
	const rings = [
		empty,
		one,
		withDeletion(rotateKey(id)(open(one), start), id, 30, start),
		withoutExpired(withDeletion(one, id, 7, start), later(8)),
	];
	for (const ring of rings) {
		const read = readKeyring(writeKeyring(ring, slots, root));
		t.strictSame(read.slots, slots);
		t.same(read.unlock(root), ring);
	}
});

t.test("an altered or cut text is refused", async (t) => {
	const slots = [await slot(keyFile, { name: "key-file" })];
	const text = writeKeyring(one, slots, root);
	const outcome = (text: string): string => {
		try {
			readKeyring(text).unlock(root);
			return "accepted";
		} catch (error) {
			return (error as { code?: string }).code ?? String(error);
		}
	};
	for (let index = 0; index < text.length; index++) {
		const other = String.fromCharCode(text.charCodeAt(index) ^ 1);
		const altered = text.slice(0, index) + other + text.slice(index + 1);
		if (outcome(altered) !== "keyring-damaged") t.fail(`character ${index}`);
		if (outcome(text.slice(0, index)) !== "keyring-damaged") {
			t.fail(`cut at ${index}`);
		}
	}
	t.equal(outcome(`${text}\n`), "keyring-damaged");
	t.throws(() => readKeyring(text).unlock(random(32)), { message: /altered/ });
	t.throws(() => readKeyring(text.replace("/1\n", "/2\n")), {
		message: /version 2, which is not known/,
	});
});

t.test("a hostile file cannot ask for much work or little", async (t) => {
	const key = random(32);
	const derivations = [
		{ name: "scrypt", n: 2 ** 14, r: 8, p: 1 },
		{ name: "scrypt", n: 2 ** 21, r: 8, p: 1 },
		{ name: "scrypt", n: 2 ** 16 + 1, r: 8, p: 1 },
		{ name: "scrypt", n: 2 ** 16, r: 64, p: 1 },
		{ name: "pbkdf2-sha256", iterations: 1_000 },
		{ name: "pbkdf2-sha256", iterations: 1e9 },
		{ name: "none" },
	] as unknown as Derivation[];
	for (const derivation of derivations) {
		const slots = [{ derivation, salt: "AA==", root: "AA==" }];
		t.throws(() => readKeyring(writeKeyring(one, slots, key)), {
			code: "keyring-damaged",
		});
	}
	const more = { ...one, later: 1 };
	const slots = [await slot(keyFile, { name: "key-file" })];
	t.throws(() => readKeyring(writeKeyring(more, slots, key)), {
		code: "keyring-damaged",
	});
});
