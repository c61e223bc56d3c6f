/** Cases: deadline, retry and circuit breaker around the provider, and the cache of wrapping keys behind them. */
import assert from "node:assert/strict";
import {
	type BreakerState,
	type Patience,
	usualPatience,
} from "../../../src/keys/circuit.ts";
import {
	type GuardedProvider,
	guarded,
} from "../../../src/keys/guarded-provider.ts";
import type { Outage } from "../../../src/keys/unavailable.ts";
import {
	defaultLimits,
	WrappingKeyCache,
} from "../../../src/keys/wrapping-key-cache.ts";
import {
	context,
	fails,
	failureOf,
	generated,
	isOutage,
	never,
	opens,
	refusesBlob,
} from "./asserts.ts";
import { type Case, networkOf, type World } from "./counterpart.ts";

const quick: Patience = {
	...usualPatience,
	backoff: { first: 2, longest: 4 },
	outages: 3,
	// Never by itself, unless a case says so.
	probeEvery: 3_600_000,
};

interface Watched {
	readonly provider: GuardedProvider;
	readonly told: [BreakerState, Outage | undefined][];
	readonly heldBack: string[];
	/** The operation of each try that ended. */
	readonly tries: string[];
	/** Resolves when the breaker is next told to be so. */
	becomes(state: BreakerState): Promise<void>;
}

async function watched(
	world: World,
	patience: Partial<Patience> = {},
): Promise<Watched> {
	const told: Watched["told"] = [];
	const heldBack: string[] = [];
	const tries: string[] = [];
	const waiting = new Map<BreakerState, () => void>();
	const held = await world.opened();
	const provider = guarded(
		held,
		{ ...quick, ...patience },
		{
			tried: (operation) => tries.push(operation),
			heldBack: (operation) => heldBack.push(operation),
			changed(state, outage) {
				told.push([state, outage]);
				waiting.get(state)?.();
			},
		},
	);
	const becomes = (state: BreakerState): Promise<void> =>
		new Promise((resolve) => waiting.set(state, resolve));
	return { provider, told, heldBack, tries, becomes };
}

/** Makes the counterpart fail until the breaker opens. */
async function opened(
	world: World,
	patience: Partial<Patience> = {},
): Promise<Watched & Awaited<ReturnType<typeof generated>>> {
	const made = await generated(world);
	const guard = await watched(world, { attempts: 1, ...patience });
	networkOf(world).fault("server-error");
	for (let at = 0; at < quick.outages; at++) {
		await isOutage(guard.provider.describe(made.key.id, never), "server-error");
	}
	assert.equal(guard.provider.circuit.state, "open");
	return { ...guard, ...made };
}

function cacheOf(provider: GuardedProvider) {
	const clock = { now: 1_000 };
	const cache = new WrappingKeyCache(provider, defaultLimits, () => clock.now);
	return { cache, clock };
}

const retries: Case[] = [
	{
		name: "what fails twice is asked three times, and served",
		needs: "network",
		async run(world) {
			const { made } = await generated(world);
			const { provider, told } = await watched(world);
			const before = networkOf(world).calls();
			networkOf(world).fault("throttled", 2);
			await opens(provider, made);
			assert.equal(networkOf(world).calls(), before + 3);
			assert.deepEqual(told, []);
		},
	},
	{
		name: "what fails three times is not asked a fourth time",
		needs: "network",
		async run(world) {
			const { key } = await generated(world);
			const { provider } = await watched(world, { outages: 9 });
			const before = networkOf(world).calls();
			networkOf(world).fault("reset");
			const asked = provider.generate(key.id, context, never);
			await isOutage(asked, "unreachable");
			assert.equal(networkOf(world).calls(), before + 3);
		},
	},
	{
		name: "a refusal is asked once",
		needs: "network",
		async run(world) {
			const { key, made } = await generated(world);
			const { provider } = await watched(world);
			const before = networkOf(world).calls();
			const wrong = { wrong: "context" };
			await refusesBlob(provider.unwrap(key.id, made.wrapped, wrong, never));
			assert.equal(networkOf(world).calls(), before + 1);
		},
	},
	{
		name: "silence is an outage once the deadline of a try is over: timeout",
		needs: "network",
		async run(world) {
			const { key } = await generated(world);
			const patience = { attempt: 20, attempts: 2 };
			const { provider, tries } = await watched(world, patience);
			networkOf(world).fault("silence");
			const asked = provider.generate(key.id, context, never);
			await isOutage(asked, "timeout");
			assert.deepEqual(tries, ["generate", "generate"]);
		},
	},
	{
		name: "the deadline of a call ends its tries: timeout",
		needs: "network",
		async run(world) {
			const { key } = await generated(world);
			const patience = { attempt: 3_600_000, call: 30 };
			const { provider } = await watched(world, patience);
			const before = networkOf(world).calls();
			networkOf(world).fault("silence");
			const asked = provider.generate(key.id, context, never);
			await isOutage(asked, "timeout");
			assert.ok(networkOf(world).calls() <= before + 1);
		},
	},
];

const breaking: Case[] = [
	{
		name: "while the breaker is open nothing is asked",
		needs: "network",
		async run(world) {
			const { key, made, provider, told, heldBack } = await opened(world);
			const before = networkOf(world).calls();
			for (const asked of [
				provider.generate(key.alias, context, never),
				provider.unwrap(key.id, made.wrapped, context, never),
				provider.describe(key.alias, never),
			])
				await isOutage(asked, "circuit-open");
			assert.equal(networkOf(world).calls(), before);
			assert.deepEqual(told, [["open", "server-error"]]);
			assert.deepEqual(heldBack, ["generate", "unwrap", "describe"]);
		},
	},
	{
		name: "a probe closes the breaker once the provider serves",
		needs: "network",
		async run(world) {
			const guard = await opened(world, { probeEvery: 5 });
			const closed = guard.becomes("closed");
			networkOf(world).heal();
			await closed;
			await opens(guard.provider, guard.made);
			assert.deepEqual(guard.told.at(-1), ["closed", undefined]);
		},
	},
	{
		name: "a probe that fails opens it again, for another",
		needs: "network",
		async run(world) {
			const guard = await opened(world, { probeEvery: 5 });
			for (let probes = 0; probes < 3; probes++) await guard.becomes("open");
			const closed = guard.becomes("closed");
			networkOf(world).heal();
			await closed;
		},
	},
	{
		name: "during a probe nobody else asks, or waits",
		needs: "network",
		async run(world) {
			const network = networkOf(world);
			const guard = await opened(world, { probeEvery: 5 });
			const probing = guard.becomes("probing");
			const release = network.hold();
			const before = network.calls();
			await probing;
			await network.called(before + 1);
			const asked = guard.provider.describe(guard.key.id, never);
			await isOutage(asked, "circuit-open");
			assert.equal(network.calls(), before + 1);
			const closed = guard.becomes("closed");
			release();
			await closed;
		},
	},
	{
		name: "a refusal answers a probe: the provider serves",
		needs: "network",
		async run(world) {
			const guard = await opened(world, { probeEvery: 5 });
			const closed = guard.becomes("closed");
			networkOf(world).fault("denied");
			await closed;
		},
	},
	{
		name: "refused blobs, however many, open no breaker",
		needs: "network",
		async run(world) {
			const { key, made } = await generated(world);
			const { provider, told } = await watched(world);
			const wrong = { wrong: "context" };
			for (let at = 0; at < 20; at++)
				await refusesBlob(provider.unwrap(key.id, made.wrapped, wrong, never));
			await opens(provider, made);
			assert.deepEqual(told, []);
		},
	},
	{
		name: "disabled keys, denials and expired tokens open no breaker",
		needs: "network",
		async run(world) {
			const { key, made } = await generated(world);
			const { provider, told } = await watched(world);
			const open = () => provider.unwrap(key.id, made.wrapped, context, never);
			await world.counterpart.disable(key.id);
			for (let at = 0; at < 5; at++) await fails(open(), "key-disabled");
			for (const fault of ["denied", "expired-token"] as const) {
				networkOf(world).fault(fault);
				for (let at = 0; at < 5; at++) await failureOf(open());
			}
			assert.deepEqual(told, []);
		},
	},
	{
		name: "a refusal between outages begins their count anew",
		needs: "network",
		async run(world) {
			const { key, made } = await generated(world);
			const { provider, told } = await watched(world, { attempts: 1 });
			const wrong = { wrong: "context" };
			for (let round = 0; round < 3; round++) {
				networkOf(world).fault("reset");
				for (let at = 1; at < quick.outages; at++)
					await isOutage(provider.describe(key.id, never), "unreachable");
				networkOf(world).heal();
				await refusesBlob(provider.unwrap(key.id, made.wrapped, wrong, never));
			}
			assert.deepEqual(told, []);
		},
	},
	{
		name: "callers that leave open no breaker",
		needs: "network",
		async run(world) {
			const { key } = await generated(world);
			const { provider, told } = await watched(world);
			const network = networkOf(world);
			network.fault("silence");
			for (let at = 0; at < 6; at++) {
				const before = network.calls();
				const leaving = new AbortController();
				const asked = provider.describe(key.id, leaving.signal);
				await network.called(before + 1);
				leaving.abort(new Error("the client has gone"));
				const { message } = await failureOf(asked);
				assert.equal(message, "the client has gone");
			}
			assert.deepEqual(told, []);
		},
	},
	{
		name: "closing ends the calls under way",
		needs: "network",
		async run(world) {
			const { key } = await generated(world);
			const { provider } = await watched(world);
			const network = networkOf(world);
			network.fault("silence");
			const before = network.calls();
			const asked = failureOf(provider.describe(key.id, never));
			await network.called(before + 1);
			await provider.close?.();
			assert.equal((await asked).message, "the key provider was closed");
		},
	},
];

const caching: Case[] = [
	{
		name: "many who want one wrapping key make one call",
		needs: "network",
		async run(world) {
			const { key, made } = await generated(world);
			const { cache } = cacheOf((await watched(world)).provider);
			const before = networkOf(world).calls();
			const { keyId, wrapped } = made;
			await Promise.all(
				Array.from({ length: 50 }, async () => {
					using _ = await cache.forOpening(keyId, wrapped, context, never);
				}),
			);
			const names = Array.from({ length: 50 }, () =>
				cache.idOf(key.alias, never),
			);
			assert.deepEqual([...new Set(await Promise.all(names))], [key.id]);
			assert.equal(networkOf(world).calls(), before + 2);
			cache.close();
		},
	},
	{
		name: "a refused blob is asked for once a minute, by whoever wants it",
		needs: "network",
		async run(world) {
			const { key, made } = await generated(world);
			const { cache, clock } = cacheOf((await watched(world)).provider);
			const before = networkOf(world).calls();
			const wrong = { wrong: "context" };
			const open = () => cache.forOpening(key.id, made.wrapped, wrong, never);
			for (let at = 0; at < 5; at++) await refusesBlob(open());
			assert.equal(networkOf(world).calls(), before + 1);
			clock.now += 60_000;
			await refusesBlob(open());
			assert.equal(networkOf(world).calls(), before + 2);
			cache.close();
		},
	},
	{
		name: "during an outage what is cached seals and opens, its names too, until it is too old",
		needs: "network",
		async run(world) {
			const { key, made } = await generated(world);
			const { cache, clock } = cacheOf((await watched(world)).provider);
			assert.equal(await cache.idOf(key.alias, never), key.id);
			clock.now += defaultLimits.maxAge - 1;
			const seal = () => cache.forSealing(key.alias, context, 1, never);
			const { keyId, wrapped } = made;
			const open = () => cache.forOpening(keyId, wrapped, context, never);
			for (const lease of [await seal(), await open()]) lease[Symbol.dispose]();
			networkOf(world).fault("reset");
			clock.now += defaultLimits.maxAge - 1;
			assert.equal(await cache.idOf(key.alias, never), key.id);
			for (const lease of [await seal(), await open()]) lease[Symbol.dispose]();
			clock.now += 1;
			await isOutage(seal(), "unreachable", "circuit-open");
			await isOutage(open(), "unreachable", "circuit-open");
			clock.now += 1;
			await isOutage(
				cache.idOf(key.alias, never),
				...(["unreachable", "circuit-open"] as const),
			);
			cache.close();
		},
	},
	{
		name: "a key that was disabled is served no longer than one cache age",
		needs: "network",
		async run(world) {
			const { key, made } = await generated(world);
			const { cache, clock } = cacheOf((await watched(world)).provider);
			const seal = () => cache.forSealing(key.id, context, 1, never);
			const open = () => cache.forOpening(key.id, made.wrapped, context, never);
			for (const lease of [await seal(), await open()]) lease[Symbol.dispose]();
			await world.counterpart.disable(key.id);
			clock.now += defaultLimits.maxAge;
			await fails(seal(), "key-disabled");
			await fails(open(), "key-disabled");
			cache.close();
		},
	},
	{
		name: "a key whose use was revoked is served no longer than one cache age",
		needs: "network",
		async run(world) {
			const { key, made } = await generated(world);
			const { cache, clock } = cacheOf((await watched(world)).provider);
			const seal = () => cache.forSealing(key.id, context, 1, never);
			const open = () => cache.forOpening(key.id, made.wrapped, context, never);
			for (const lease of [await seal(), await open()]) lease[Symbol.dispose]();
			networkOf(world).fault("denied");
			clock.now += defaultLimits.maxAge;
			await fails(seal(), "key-denied");
			await fails(open(), "key-denied");
			cache.close();
		},
	},
];

export const guardingCases = [...retries, ...breaking, ...caching];
