/** Cases: what is generated opens, under the same key and context, and under nothing else. */
import assert from "node:assert/strict";
import { randomBytes, randomUUID } from "node:crypto";
import { wrappingContext } from "../../../src/keys/context.ts";
import {
	context,
	fails,
	generated,
	never,
	opens,
	refusesBlob,
} from "./asserts.ts";
import type { Case, World } from "./counterpart.ts";

const basics: Case[] = [
	{
		name: "generate gives 32 bytes, and a wrapped form of at most 6,144",
		async run(world) {
			const { made } = await generated(world);
			assert.equal(made.key.length, 32);
			assert.ok(made.wrapped.length > 32 && made.wrapped.length <= 6_144);
		},
	},
	{
		name: "what was generated opens",
		async run(world) {
			const { made } = await generated(world);
			await opens(world.provider, made);
		},
	},
	{
		name: "what was generated opens after a restart",
		async run(world) {
			const { made } = await generated(world);
			await opens(await world.opened(), made);
		},
	},
	{
		name: "generate by alias answers the id, never the alias",
		async run(world) {
			const { key, made } = await generated(world);
			assert.equal(made.keyId, key.id);
		},
	},
	{
		name: "generate by id",
		async run(world) {
			const { id } = await world.counterpart.createKey();
			const made = await world.provider.generate(id, context, never);
			assert.equal(made.keyId, id);
			await opens(world.provider, made);
		},
	},
	{
		name: "describe by alias tells the id that records keep",
		async run({ provider, counterpart }) {
			const { id, alias } = await counterpart.createKey();
			assert.equal((await provider.describe(alias, never)).keyId, id);
		},
	},
	{
		name: "describe by id tells the id and the state",
		async run({ provider, counterpart }) {
			const { id } = await counterpart.createKey();
			const found = await provider.describe(id, never);
			assert.equal(found.keyId, id);
			assert.equal(found.state, "enabled");
		},
	},
	{
		name: "describe tells when the key was made",
		needs: "creation-time",
		async run({ provider, counterpart }) {
			const { id } = await counterpart.createKey();
			const { created } = await provider.describe(id, never);
			const age = Math.abs(Date.now() - (created?.getTime() ?? 0));
			assert.ok(age < 3_600_000, String(created));
		},
	},
	{
		name: "two generated keys differ, and so do their blobs",
		async run(world) {
			const { key, made } = await generated(world);
			const other = await world.provider.generate(key.id, context, never);
			assert.ok(!other.key.equals(made.key));
			assert.ok(!other.wrapped.equals(made.wrapped));
		},
	},
	{
		name: "the blob does not hold the key",
		async run(world) {
			const { made } = await generated(world);
			assert.equal(made.wrapped.indexOf(made.key.subarray(0, 8)), -1);
		},
	},
	{
		name: "keys are the caller's: one that was erased opens again",
		async run(world) {
			const { made } = await generated(world);
			const copy = Buffer.from(made.key);
			made.key.fill(0);
			await opens(world.provider, { ...made, key: copy });
			const one = await world.provider.unwrap(
				...([made.keyId, made.wrapped, context, never] as const),
			);
			one.fill(0);
			await opens(world.provider, { ...made, key: copy });
		},
	},
	{
		name: "a blob is left as it is, and may be a stretch of a larger buffer",
		async run(world) {
			const { made } = await generated(world);
			const before = Buffer.from(made.wrapped);
			const within = Buffer.concat([randomBytes(7), before, randomBytes(9)]);
			const wrapped = within.subarray(7, 7 + before.length);
			await opens(world.provider, { ...made, wrapped });
			assert.ok(wrapped.equals(before));
		},
	},
];

/** A blob that was changed, or never was one. */
const altered: Record<string, (blob: Buffer) => Buffer> = {
	"its first byte flipped": (blob) => flipped(blob, 0),
	"its last byte flipped": (blob) => flipped(blob, blob.length - 1),
	"a byte in its middle flipped": (blob) => flipped(blob, blob.length >> 1),
	"its last byte missing": (blob) => blob.subarray(0, -1),
	"its first byte missing": (blob) => blob.subarray(1),
	"half of it missing": (blob) => blob.subarray(0, blob.length >> 1),
	"a byte more": (blob) => Buffer.concat([blob, Buffer.alloc(1)]),
	"itself twice": (blob) => Buffer.concat([blob, blob]),
	"no byte at all": () => Buffer.alloc(0),
	"one byte": () => Buffer.alloc(1, 1),
	"random bytes of its length": (blob) => randomBytes(blob.length),
	"6,144 random bytes": () => randomBytes(6_144),
	"6,145 bytes": (blob) => Buffer.concat([blob, Buffer.alloc(6_145)], 6_145),
};

function flipped(blob: Buffer, at: number): Buffer {
	const other = Buffer.from(blob);
	other[at] = (other[at] ?? 0) ^ 1;
	return other;
}

const blobs = Object.entries(altered).map(
	([what, alter]): Case => ({
		name: `a blob is refused with ${what}`,
		async run(world) {
			const { made } = await generated(world);
			const blob = alter(made.wrapped);
			await refusesBlob(
				world.provider.unwrap(made.keyId, blob, context, never),
			);
			await opens(world.provider, made);
		},
	}),
);

/** Wrapped under the first, asked for under the second. */
const mismatches: Record<string, [object, object]> = {
	"a pair missing": [{ a: "1", b: "2" }, { a: "1" }],
	"a pair more": [{ a: "1" }, { a: "1", b: "2" }],
	"no pair": [{ a: "1" }, {}],
	"a pair where there was none": [{}, { a: "1" }],
	"another value": [{ a: "1" }, { a: "2" }],
	"a value in other case": [{ a: "Photos" }, { a: "photos" }],
	"a name in other case": [{ Bucket: "1" }, { bucket: "1" }],
	"name and value swapped": [{ a: "b" }, { b: "a" }],
	"values swapped": [
		{ a: "1", b: "2" },
		{ a: "2", b: "1" },
	],
	"a border moved from name to value": [{ ab: "c" }, { a: "bc" }],
	"two pairs written as one": [{ a: "1", b: "2" }, { a: '1","b":"2' }],
	"a value with a space behind it": [{ a: "1" }, { a: "1 " }],
	"another form of the same letters": [{ a: "\u00e9" }, { a: "e\u0301" }],
	"another bucket": [wrappingContext("photos"), wrappingContext("photos-2")],
	"another object": [wrappingContext("p", "a"), wrappingContext("p", "b")],
	"the bucket in place of the object": [
		wrappingContext("p", "a"),
		wrappingContext("p"),
	],
};

const contexts = Object.entries(mismatches).map(
	([what, [under, asked]]): Case => ({
		name: `a context is refused with ${what}`,
		async run({ counterpart, provider }) {
			const { id } = await counterpart.createKey();
			const made = await provider.generate(id, { ...under }, never);
			const other = { ...asked };
			await refusesBlob(provider.unwrap(id, made.wrapped, other, never));
			await opens(provider, made, { ...under });
		},
	}),
);

/** Each opens what it wrapped. */
const legal: Record<string, Record<string, string>> = {
	"no pair": {},
	"pairs in any order": { z: "1", a: "2", m: "3" },
	"letters beyond ASCII": { "schl\u00fcssel": "\u65e5\u672c \ud83d\udd11" },
	"quotes, commas, equals signs and line ends": { 'a="b",': "c=d\n,\r\t\\" },
	"a value of 1,024 characters": { long: "x".repeat(1_024) },
	"names that objects have": { constructor: "1", toString: "2", length: "3" },
};

const legalContexts = Object.entries(legal).map(
	([what, under]): Case => ({
		name: `a context opens with ${what}`,
		async run({ counterpart, provider }) {
			const { id } = await counterpart.createKey();
			const made = await provider.generate(id, under, never);
			const reversed = Object.fromEntries(Object.entries(under).reverse());
			await opens(provider, made, reversed);
		},
	}),
);

const pins: Case[] = [
	{
		name: "a blob of one key is refused under another's id",
		async run(world) {
			const { made } = await generated(world);
			const { id } = await world.counterpart.createKey();
			await refusesBlob(
				world.provider.unwrap(id, made.wrapped, context, never),
			);
		},
	},
	{
		name: "a blob of one key is refused under another's alias",
		async run(world) {
			const { made } = await generated(world);
			const { alias } = await world.counterpart.createKey();
			await refusesBlob(
				world.provider.unwrap(alias, made.wrapped, context, never),
			);
		},
	},
	...(["generate", "unwrap", "describe"] as const).map(
		(operation): Case => ({
			name: `${operation} of a key that is not there`,
			run: async (world) => fails(unknown(world, operation), "key-not-found"),
		}),
	),
];

async function unknown(
	world: World,
	operation: "generate" | "unwrap" | "describe",
): Promise<unknown> {
	const { provider } = world;
	const { key, made } = await generated(world);
	const none = key.id.replace(/[0-9a-f-]{36}$/, randomUUID());
	if (operation === "describe") return provider.describe(none, never);
	return operation === "generate"
		? provider.generate(none, context, never)
		: provider.unwrap(none, made.wrapped, context, never);
}

export const wrappingCases = [
	...basics,
	...blobs,
	...contexts,
	...legalContexts,
	...pins,
];
