/** Wrapping keys in use: limits, single flight, refusals, and erasure. The provider is the embedded keyring. */
import { randomBytes, timingSafeEqual } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t from "tap";
import { DecryptionError } from "../../src/crypto/decryption-error.ts";
import { defaultFormat } from "../../src/crypto/formats.ts";
import { openRecord, sealRecord } from "../../src/crypto/record-seal.ts";
import { SealgateError } from "../../src/errors.ts";
import { wrappingContext } from "../../src/keys/context.ts";
import { disabled } from "../../src/keys/keyring.ts";
import { addKey, rotateKey } from "../../src/keys/keyring-changes.ts";
import { changeKeyring, createKeyring } from "../../src/keys/keyring-file.ts";
import {
	type KeyringProvider,
	openKeyringProvider,
} from "../../src/keys/keyring-provider.ts";
import type { KeyLease } from "../../src/keys/lease.ts";
import type { KeyProvider } from "../../src/keys/provider.ts";
import {
	type CacheLimits,
	defaultLimits,
	WrappingKeyCache,
} from "../../src/keys/wrapping-key-cache.ts";

const folder = mkdtempSync(join(tmpdir(), "sealgate-cache-"));
t.teardown(() => rmSync(folder, { recursive: true, force: true }));

const path = join(folder, "keyring");
const hex = randomBytes(32).toString("hex");
const secret = () => ({ key: Buffer.from(hex, "hex") });
await createKeyring(path, secret(), { name: "key-file" }, new Date());
for (const alias of ["alias/a", "alias/b"]) {
	await changeKeyring(path, secret(), addKey({ alias }), new Date());
}
const never = new AbortController().signal;
const keyring: KeyringProvider = await openKeyringProvider(path, secret());
const { keyId } = await keyring.describe("alias/a", never);
const context = wrappingContext("photos");
const name = { bucket: "photos", key: "a.jpg" };

/** The keyring, its calls counted and every answer held back until `open` is called, where `gated`. */
function watched(gated = false) {
	const calls: string[] = [];
	let open = () => {};
	const gate = gated
		? new Promise<void>((resolve) => {
				open = resolve;
			})
		: Promise.resolve();
	const provider: KeyProvider = {
		async generate(...args) {
			calls.push("generate");
			await gate;
			return keyring.generate(...args);
		},
		async unwrap(...args) {
			calls.push("unwrap");
			await gate;
			return keyring.unwrap(...args);
		},
		describe: (...args) => keyring.describe(...args),
	};
	return { provider, calls, open: () => open() };
}

function cacheOf(provider: KeyProvider, limits: Partial<CacheLimits> = {}) {
	const clock = { now: 1_000 };
	const all = { ...defaultLimits, ...limits };
	const cache = new WrappingKeyCache(provider, all, () => clock.now);
	const seal = (bytes = 0, id = "alias/a", to = context, signal = never) =>
		cache.forSealing(id, to, bytes, signal);
	return { cache, clock, seal };
}

async function reasonOf(refused: Promise<unknown>): Promise<string> {
	try {
		await refused;
		return "nothing was refused";
	} catch (error) {
		return error instanceof DecryptionError ? error.reason : String(error);
	}
}

t.test(
	"one wrapping key seals many records, until it is too old",
	async (t) => {
		const { provider, calls } = watched();
		const { clock, seal } = cacheOf(provider, { maxAge: 100 });
		using one = await seal();
		using two = await seal();
		t.ok(timingSafeEqual(one.key, two.key));
		t.equal(one.fromProvider, true);
		t.equal(two.fromProvider, false);
		t.equal(one.keyId, keyId, "the id and not the alias");
		clock.now += 100;
		using three = await seal();
		t.notOk(timingSafeEqual(one.key, three.key));
		t.strictSame(calls, ["generate", "generate"]);
	},
);

t.test("uses and bytes are limited", async (t) => {
	const uses = watched();
	const few = cacheOf(uses.provider, { maxUses: 2 });
	for (let use = 0; use < 5; use++) (await few.seal())[Symbol.dispose]();
	t.equal(uses.calls.length, 3);
	const bytes = watched();
	const small = cacheOf(bytes.provider, { maxBytes: 100 });
	for (const size of [60, 40, 1, 1_000, 1]) {
		(await small.seal(size))[Symbol.dispose]();
	}
	t.equal(bytes.calls.length, 4, "60 and 40, 1, 1000, 1");
});

t.test("a data key for one object is nobody else's", async (t) => {
	const { provider, calls } = watched();
	const { cache, seal } = cacheOf(provider);
	const one = await cache.forOneObject("alias/a", context, never);
	using two = await cache.forOneObject("alias/a", context, never);
	using three = await seal();
	t.notOk(timingSafeEqual(one.key, two.key));
	t.notOk(timingSafeEqual(two.key, three.key));
	t.notOk(one.wrapped.equals(two.wrapped));
	t.equal(one.keyId, keyId);
	t.strictSame(calls, ["generate", "generate", "generate"]);
	using again = await cache.forOpening(keyId, one.wrapped, context, never);
	t.ok(timingSafeEqual(one.key, again.key));
	const { key } = one;
	one[Symbol.dispose]();
	t.ok(
		key.every((byte) => byte === 0),
		"erased with its lease",
	);
	cache.close();
	await t.rejects(cache.forOneObject("alias/a", context, never), /closed/);
});

t.test("another key or context is another wrapping key", async (t) => {
	const { provider, calls } = watched();
	const { seal } = cacheOf(provider);
	for (const id of ["alias/a", "alias/b"]) {
		for (const to of [
			context,
			wrappingContext("b"),
			wrappingContext("photos", "k"),
		]) {
			for (let time = 0; time < 2; time++) {
				(await seal(0, id, to))[Symbol.dispose]();
			}
		}
	}
	t.equal(calls.length, 6);
});

t.test(
	"who asks at once shares one call; who leaves disturbs nobody",
	async (t) => {
		const { provider, calls, open } = watched(true);
		const { cache, seal } = cacheOf(provider);
		const leaving = new AbortController();
		const gone = seal(0, "alias/a", context, leaving.signal);
		const waiting = [seal(), seal(), seal()];
		leaving.abort(new Error("the client has gone"));
		await t.rejects(gone, { message: "the client has gone" });
		open();
		const leases = await Promise.all(waiting);
		t.strictSame(calls, ["generate"]);
		for (const lease of leases) lease[Symbol.dispose]();
		await t.rejects(seal(0, "alias/b", context, leaving.signal));
		const wrapped = leases[0]?.wrapped as Buffer;
		cache.evictAll();
		const opening = [1, 2, 3].map(() =>
			cache.forOpening(keyId, wrapped, context, never),
		);
		for (const lease of await Promise.all(opening)) lease[Symbol.dispose]();
		t.strictSame(calls, ["generate", "unwrap"]);
	},
);

t.test("a process seals only under keys that it generated", async (t) => {
	const { provider, calls } = watched();
	const writer = cacheOf(provider);
	using sealed = await writer.seal();
	const reader = cacheOf(provider);
	const open = () =>
		reader.cache.forOpening(keyId, sealed.wrapped, context, never);
	using opened = await open();
	t.ok(timingSafeEqual(opened.key, sealed.key));
	using own = await reader.seal();
	t.notOk(timingSafeEqual(own.key, opened.key));
	t.strictSame(calls, ["generate", "unwrap", "generate"]);
	using again = await open();
	t.equal(again.fromProvider, false);
	using what = await reader.cache.forOpening(
		keyId,
		own.wrapped,
		context,
		never,
	);
	t.ok(timingSafeEqual(what.key, own.key));
	t.equal(calls.length, 3, "what it generated it need not unwrap");
});

t.test("a refusal is remembered for a while, an outage never", async (t) => {
	const { provider, calls } = watched();
	const { cache, clock } = cacheOf(provider, { maxRefusalAge: 50 });
	const blob = randomBytes(101);
	const ask = () => cache.forOpening(keyId, blob, context, never);
	for (let time = 0; time < 3; time++) {
		t.equal(await reasonOf(ask()), "wrapping-key-refused");
	}
	t.equal(calls.length, 1);
	clock.now += 50;
	t.equal(await reasonOf(ask()), "wrapping-key-refused");
	t.equal(calls.length, 2);
	let asked = 0;
	const outage = new SealgateError("keys-unavailable", "down");
	const down: KeyProvider = {
		...provider,
		unwrap: () => {
			asked++;
			return Promise.reject(outage);
		},
	};
	const other = cacheOf(down);
	for (let time = 0; time < 2; time++) {
		await t.rejects(
			other.cache.forOpening(keyId, blob, context, never),
			outage,
		);
	}
	t.equal(asked, 2);
});

t.test("a blob opens under its own context and key alone", async (t) => {
	const { cache, seal } = cacheOf(keyring);
	using lease = await seal();
	const other = await keyring.describe("alias/b", never);
	for (const [id, to] of [
		[keyId, wrappingContext("other")],
		[keyId, wrappingContext("photos", "a.jpg")],
		[other.keyId, context],
	] as const) {
		const opening = cache.forOpening(id, lease.wrapped, to, never);
		t.equal(await reasonOf(opening), "wrapping-key-refused");
	}
});

t.test("the least recently used key goes, and no lease notices", async (t) => {
	const { provider, calls } = watched();
	const { cache, seal } = cacheOf(provider, { maxKeys: 2 });
	const leases: KeyLease[] = [];
	for (const bucket of ["1", "2", "3"]) {
		leases.push(await seal(0, "alias/a", wrappingContext(bucket)));
	}
	for (const { key } of leases) t.ok(key.some((byte) => byte !== 0));
	const [first, , third] = leases as [KeyLease, KeyLease, KeyLease];
	const open = async (lease: KeyLease, bucket: string) =>
		(
			await cache.forOpening(
				keyId,
				lease.wrapped,
				wrappingContext(bucket),
				never,
			)
		)[Symbol.dispose]();
	await open(third, "3");
	t.equal(calls.length, 3);
	await open(first, "1");
	t.equal(calls.length, 4, "the first had gone");
});

t.test("an evicted key is erased when its last lease ends", async (t) => {
	const { cache, seal } = cacheOf(keyring);
	const one = await seal();
	const two = await seal();
	const { key } = one;
	cache.evictAll();
	one[Symbol.dispose]();
	one[Symbol.dispose]();
	t.ok(
		key.some((byte) => byte !== 0),
		"one lease is left",
	);
	t.throws(() => one.key, { code: "internal" });
	two[Symbol.dispose]();
	t.ok(key.every((byte) => byte === 0));
});

t.test("keys that nobody asks for are erased in time, too", async (t) => {
	const { clock, seal } = cacheOf(keyring, { maxAge: 100 });
	const lease = await seal();
	const { key } = lease;
	lease[Symbol.dispose]();
	clock.now += 100;
	(await seal(0, "alias/b"))[Symbol.dispose]();
	t.ok(key.every((byte) => byte === 0));
});

t.test("a closed cache gives nothing more", async (t) => {
	const { provider, open } = watched(true);
	const { cache, seal } = cacheOf(provider);
	const waiting = seal();
	cache.close();
	open();
	await t.rejects(waiting, { message: /closed/ });
	await t.rejects(seal(), { message: /closed/ });
	await t.rejects(cache.forOpening(keyId, randomBytes(9), context, never), {
		message: /closed/,
	});
});

t.test(
	"evicted at every await point, no record is sealed under a zeroed key",
	async (t) => {
		const facts = { format: defaultFormat, objectScope: false };
		let evictions = 0;
		for (let moment = 0; moment < 40; moment++) {
			const { cache, seal } = cacheOf(keyring);
			const evict = async () => {
				for (let turn = 0; turn < moment; turn++) await undefined;
				cache.evictAll();
				evictions++;
			};
			const write = async () => {
				using lease = await seal();
				await undefined;
				const dataKey = randomBytes(32);
				const fact = { ...facts, nonce: randomBytes(16) };
				const none = new Map<string, string>();
				const record = sealRecord(
					fact,
					dataKey,
					none,
					lease,
					name,
					randomBytes,
				);
				await undefined;
				using opening = await cache.forOpening(
					record.keyId,
					record.wrappedKey,
					context,
					never,
				);
				await undefined;
				const opened = openRecord(record, opening.key, name);
				const key = await keyring.unwrap(
					keyId,
					record.wrappedKey,
					context,
					never,
				);
				openRecord(record, key, name);
				return timingSafeEqual(opened.dataKey.export(), dataKey);
			};
			const outcomes = await Promise.all([write(), evict(), write(), write()]);
			if (outcomes.includes(false)) t.fail(`evicted at ${moment}`);
		}
		t.equal(evictions, 40);
	},
);

t.test("a provider is ready once it has a key", async (t) => {
	await keyring.ready?.(never);
	const other = join(folder, "empty");
	await createKeyring(other, secret(), { name: "key-file" }, new Date());
	const theirs = secret();
	const empty = await openKeyringProvider(other, theirs);
	await t.rejects(Promise.resolve(empty.ready?.(never)), {
		code: "key-not-found",
	});
	await empty.close?.();
	t.ok(
		theirs.key.every((byte) => byte === 0),
		"its secret is erased",
	);
});

t.test("rotation and disabling, seen through the cache", async (t) => {
	const { cache, clock, seal } = cacheOf(keyring, { maxAge: 100 });
	const before = await seal();
	await changeKeyring(path, secret(), rotateKey("alias/a"), new Date());
	await keyring.reload();
	clock.now += 100;
	const after = await seal();
	t.equal(before.wrapped.readUInt32BE(17), 1);
	t.equal(after.wrapped.readUInt32BE(17), 2);
	const opened = await cache.forOpening(keyId, before.wrapped, context, never);
	t.ok(timingSafeEqual(opened.key, before.key), "the old version opens");
	const rewrapped = (await keyring.rewrap?.(
		keyId,
		before.wrapped,
		context,
		never,
	)) as Buffer;
	t.equal(rewrapped.readUInt32BE(17), 2);
	t.ok(
		(await keyring.unwrap(keyId, rewrapped, context, never)).equals(before.key),
	);
	await changeKeyring(
		path,
		secret(),
		({ ring }) => disabled(ring, "alias/a"),
		new Date(),
	);
	await keyring.reload();
	using _still = await seal();
	clock.now += 100;
	await t.rejects(seal(), { code: "key-disabled" });
	await t.rejects(cache.forOpening(keyId, before.wrapped, context, never), {
		code: "key-disabled",
	});
});
