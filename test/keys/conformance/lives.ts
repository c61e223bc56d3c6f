/** Cases: what becomes of a key, and of what it wrapped: states, aliases, rotation, destruction, replicas. */
import assert from "node:assert/strict";
import {
	context,
	fails,
	generated,
	never,
	opens,
	refusesBlob,
} from "./asserts.ts";
import type { Case, World } from "./counterpart.ts";

const states: Case[] = [
	{
		name: "a disabled key generates nothing",
		async run({ counterpart, provider }) {
			const { id, alias } = await counterpart.createKey();
			await counterpart.disable(id);
			await fails(provider.generate(alias, context, never), "key-disabled");
		},
	},
	{
		name: "a disabled key opens nothing",
		async run(world) {
			const { key, made } = await generated(world);
			await world.counterpart.disable(key.id);
			await fails(
				world.provider.unwrap(key.id, made.wrapped, context, never),
				"key-disabled",
			);
		},
	},
	{
		name: "a disabled key is described as that",
		async run({ counterpart, provider }) {
			const { id } = await counterpart.createKey();
			await counterpart.disable(id);
			assert.equal((await provider.describe(id, never)).state, "disabled");
		},
	},
	{
		name: "an enabled key opens again",
		async run(world) {
			const { key, made } = await generated(world);
			await world.counterpart.disable(key.id);
			await world.counterpart.enable(key.id);
			await opens(world.provider, made);
		},
	},
	{
		name: "a disabled key leaves the others alone",
		async run(world) {
			const { made } = await generated(world);
			const { id } = await world.counterpart.createKey();
			await world.counterpart.disable(id);
			await opens(world.provider, made);
		},
	},
	{
		name: "a key that waits for its deletion generates nothing",
		needs: "waiting-deletion",
		async run({ counterpart, provider }) {
			const { id } = await counterpart.createKey();
			await counterpart.scheduleDeletion?.(id);
			await fails(
				provider.generate(id, context, never),
				"key-pending-deletion",
			);
		},
	},
	{
		name: "a key that waits for its deletion opens nothing",
		needs: "waiting-deletion",
		async run(world) {
			const { key, made } = await generated(world);
			await world.counterpart.scheduleDeletion?.(key.id);
			await fails(
				world.provider.unwrap(key.id, made.wrapped, context, never),
				"key-pending-deletion",
			);
		},
	},
	{
		name: "a key that waits for its deletion is described with its date",
		needs: "waiting-deletion",
		async run({ counterpart, provider }) {
			const { id } = await counterpart.createKey();
			await counterpart.scheduleDeletion?.(id);
			const { state, deletionAt } = await provider.describe(id, never);
			assert.equal(state, "pending-deletion");
			assert.ok((deletionAt?.getTime() ?? 0) > Date.now() + 6 * 86_400_000);
		},
	},
	{
		name: "after a cancelled deletion a key is disabled, and opens once it is enabled",
		needs: "waiting-deletion",
		async run(world) {
			const { key, made } = await generated(world);
			await world.counterpart.scheduleDeletion?.(key.id);
			await world.counterpart.cancelDeletion?.(key.id);
			const { state } = await world.provider.describe(key.id, never);
			assert.equal(state, "disabled");
			await world.counterpart.enable(key.id);
			await opens(world.provider, made);
		},
	},
	{
		name: "a destroyed key generates, opens and describes as none that is there",
		needs: "destruction",
		async run(world) {
			const { key, made } = await generated(world);
			const { counterpart, provider } = world;
			await counterpart.destroy?.(key.id);
			await fails(provider.generate(key.id, context, never), "key-not-found");
			await fails(
				provider.unwrap(key.id, made.wrapped, context, never),
				"key-not-found",
			);
		},
	},
	{
		name: "a destroyed key leaves the others alone",
		needs: "destruction",
		async run(world) {
			const { made } = await generated(world);
			const { id } = await world.counterpart.createKey();
			await world.counterpart.destroy?.(id);
			await opens(world.provider, made);
		},
	},
];

const aliases: Case[] = [
	{
		name: "an alias that was pointed to another key generates under that one",
		needs: "aliases",
		async run(world) {
			const { key, made } = await generated(world);
			const { counterpart, provider } = world;
			const { id } = await counterpart.createKey();
			await counterpart.pointAlias?.(key.alias, id);
			const next = await provider.generate(key.alias, context, never);
			assert.equal(next.keyId, id);
			assert.equal((await provider.describe(key.alias, never)).keyId, id);
			await opens(provider, made);
		},
	},
	{
		name: "under an alias that was pointed to another key old blobs are refused",
		needs: "aliases",
		async run(world) {
			const { key, made } = await generated(world);
			const { counterpart, provider } = world;
			const { id } = await counterpart.createKey();
			await counterpart.pointAlias?.(key.alias, id);
			await refusesBlob(
				provider.unwrap(key.alias, made.wrapped, context, never),
			);
		},
	},
	{
		name: "an alias that is not there is none",
		async run({ provider }) {
			const none = "alias/none-of-these";
			await fails(provider.describe(none, never), "key-not-found");
			await fails(provider.generate(none, context, never), "key-not-found");
		},
	},
	{
		name: "an alias that was taken away is none, and its key goes on",
		needs: "aliases",
		async run(world) {
			const { key, made } = await generated(world);
			await world.counterpart.removeAlias?.(key.alias);
			await fails(world.provider.describe(key.alias, never), "key-not-found");
			await opens(world.provider, made);
		},
	},
];

const rewraps: Case[] = [
	{
		name: "rewrap gives another blob of the same key",
		needs: "rewrap",
		async run(world) {
			const { made } = await generated(world);
			const wrapped = await rewrapped(world, made.keyId, made.wrapped);
			assert.ok(!wrapped.equals(made.wrapped));
			await opens(world.provider, { ...made, wrapped });
		},
	},
	{
		name: "rewrap under another context is refused",
		needs: "rewrap",
		async run(world) {
			const { made } = await generated(world);
			await refusesBlob(
				rewrapped(world, made.keyId, made.wrapped, { other: "context" }),
			);
		},
	},
	{
		name: "rewrap of an altered blob is refused",
		needs: "rewrap",
		async run(world) {
			const { made } = await generated(world);
			const blob = Buffer.from(made.wrapped);
			blob[blob.length - 5] = (blob[blob.length - 5] ?? 0) ^ 0x80;
			await refusesBlob(rewrapped(world, made.keyId, blob));
		},
	},
	{
		name: "rewrap pins the key: a blob of another is refused",
		needs: "rewrap",
		async run(world) {
			const { made } = await generated(world);
			const { id } = await world.counterpart.createKey();
			await refusesBlob(rewrapped(world, id, made.wrapped));
		},
	},
	{
		name: "rewrap by a disabled key is refused",
		needs: "rewrap",
		async run(world) {
			const { key, made } = await generated(world);
			await world.counterpart.disable(key.id);
			await fails(rewrapped(world, key.id, made.wrapped), "key-disabled");
		},
	},
];

const rotations: Case[] = [
	{
		name: "what was wrapped before a rotation opens after it",
		needs: "rotation",
		async run(world) {
			const { key, made } = await generated(world);
			await world.counterpart.rotate?.(key.id);
			await opens(world.provider, made);
		},
	},
	{
		name: "after a rotation the key keeps its id, and wraps what opens",
		needs: "rotation",
		async run(world) {
			const { key } = await generated(world);
			await world.counterpart.rotate?.(key.id);
			const next = await world.provider.generate(key.alias, context, never);
			assert.equal(next.keyId, key.id);
			await opens(await world.opened(), next);
		},
	},
	{
		name: "what was wrapped before a rotation is rewrapped after it",
		needs: "rotation",
		async run(world) {
			const { key, made } = await generated(world);
			await world.counterpart.rotate?.(key.id);
			const wrapped = await rewrapped(world, key.id, made.wrapped);
			await opens(world.provider, { ...made, wrapped });
		},
	},
];

const replicas: Case[] = [
	{
		name: "a key of two regions opens in both, under the id that its record has",
		needs: "replicas",
		async run({ counterpart, provider }) {
			const key = await counterpart.replicas?.createKey();
			const there = await counterpart.replicas?.openThere();
			assert.ok(key !== undefined && there !== undefined);
			try {
				const made = await provider.generate(key.here, context, never);
				assert.equal(made.keyId, key.here);
				await opens(there, made);
				const back = await there.generate(key.there, context, never);
				assert.equal(back.keyId, key.there);
				await opens(provider, back);
			} finally {
				await there.close?.();
			}
		},
	},
	{
		name: "the ids of one key in two regions are the same key, and no others are",
		needs: "replicas",
		async run({ counterpart, provider }) {
			const one = await counterpart.replicas?.createKey();
			const two = await counterpart.replicas?.createKey();
			assert.ok(one !== undefined && two !== undefined);
			assert.equal(provider.sameKey?.(one.here, one.there), true);
			assert.equal(provider.sameKey?.(one.here, two.there), false);
		},
	},
];

async function rewrapped(
	{ provider }: World,
	keyId: string,
	blob: Buffer,
	under: Record<string, string> = context,
): Promise<Buffer> {
	assert.ok(provider.rewrap !== undefined, "it can rewrap");
	return provider.rewrap(keyId, blob, under, never);
}

export const lifeCases = [
	...states,
	...aliases,
	...rewraps,
	...rotations,
	...replicas,
];
