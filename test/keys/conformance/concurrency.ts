/** Cases: many at once, and what is left when a provider was closed. */
import assert from "node:assert/strict";
import {
	context,
	fails,
	failureOf,
	generated,
	never,
	opens,
	refusesBlob,
} from "./asserts.ts";
import type { Case } from "./counterpart.ts";

const many = 24;

export const concurrencyCases: Case[] = [
	{
		name: "many generate at once: every key is another, and opens",
		async run({ counterpart, provider }) {
			const { id } = await counterpart.createKey();
			const all = await Promise.all(
				Array.from({ length: many }, () =>
					provider.generate(id, context, never),
				),
			);
			const keys = new Set(all.map(({ key }) => key.toString("hex")));
			assert.equal(keys.size, many);
			await Promise.all(all.map((made) => opens(provider, made)));
		},
	},
	{
		name: "many unwrap one blob at once: each has a buffer of its own",
		async run(world) {
			const { made } = await generated(world);
			const all = await Promise.all(
				Array.from({ length: many }, () =>
					world.provider.unwrap(made.keyId, made.wrapped, context, never),
				),
			);
			all[0]?.fill(0);
			assert.ok(all.slice(1).every((key) => key.equals(made.key)));
		},
	},
	{
		name: "refusals among many fail alone",
		async run(world) {
			const { made } = await generated(world);
			const wrong = { wrong: "context" };
			await Promise.all(
				Array.from({ length: many }, (_, at) =>
					at % 2 === 0
						? opens(world.provider, made)
						: refusesBlob(
								world.provider.unwrap(made.keyId, made.wrapped, wrong, never),
							),
				),
			);
		},
	},
	{
		name: "two providers of one counterpart open each other's blobs",
		async run(world) {
			const { key, made } = await generated(world);
			const other = await world.opened();
			await opens(other, made);
			await opens(world.provider, await other.generate(key.id, context, never));
		},
	},
	{
		name: "a key that is disabled in the middle of many refuses those behind it",
		async run(world) {
			const { key, made } = await generated(world);
			const asked = Array.from({ length: many }, () =>
				world.provider.unwrap(key.id, made.wrapped, context, never),
			);
			const settled = Promise.allSettled(asked);
			await world.counterpart.disable(key.id);
			for (const one of await settled) {
				if (one.status === "fulfilled") assert.ok(one.value.equals(made.key));
			}
			await fails(
				world.provider.unwrap(key.id, made.wrapped, context, never),
				"key-disabled",
			);
		},
	},
	{
		name: "a closed provider opens nothing, and may be closed again",
		async run(world) {
			const { made } = await generated(world);
			const closed = await world.counterpart.open();
			await closed.close?.();
			await failureOf(closed.unwrap(made.keyId, made.wrapped, context, never));
			await closed.close?.();
			await opens(world.provider, made);
		},
	},
];
