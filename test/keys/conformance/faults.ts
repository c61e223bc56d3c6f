/** Cases: what a provider makes of a network, a service or an answer that fails. */
import assert from "node:assert/strict";
import type { ErrorCode } from "../../../src/errors.ts";
import type { Outage } from "../../../src/keys/unavailable.ts";
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
import {
	type Case,
	type FaultName,
	networkOf,
	type World,
} from "./counterpart.ts";

type Operation = "generate" | "unwrap" | "describe";

async function ask(
	{ provider }: World,
	operation: Operation,
	keyId: string,
	wrapped: Buffer,
): Promise<unknown> {
	if (operation === "describe") return provider.describe(keyId, never);
	return operation === "generate"
		? provider.generate(keyId, context, never)
		: provider.unwrap(keyId, wrapped, context, never);
}

/** The fault, the operation that meets it, and what it is. All but the first three are tried on one operation. */
const outages: [FaultName, Operation, Outage][] = [
	["throttled", "generate", "throttled"],
	["throttled", "unwrap", "throttled"],
	["throttled", "describe", "throttled"],
	["server-error", "generate", "server-error"],
	["server-error", "unwrap", "server-error"],
	["overloaded", "unwrap", "server-error"],
	["reset", "generate", "unreachable"],
	["reset", "unwrap", "unreachable"],
	["cut", "unwrap", "unreachable"],
	["no-protocol", "generate", "malformed"],
	["no-protocol", "unwrap", "malformed"],
	["web-page", "unwrap", "malformed"],
	["empty-answer", "generate", "malformed"],
	["empty-answer", "unwrap", "malformed"],
	["empty-answer", "describe", "malformed"],
	["no-key", "generate", "malformed"],
	["no-key", "unwrap", "malformed"],
	["short-key", "generate", "malformed"],
	["short-key", "unwrap", "malformed"],
	["zero-key", "unwrap", "malformed"],
	["no-blob", "generate", "malformed"],
	["huge-blob", "generate", "malformed"],
	["no-key-id", "generate", "malformed"],
	["no-key-id", "unwrap", "malformed"],
	["other-key-id", "generate", "malformed"],
	["other-key-id", "describe", "malformed"],
];

const outageCases = outages.map(
	([fault, operation, outage]): Case => ({
		name: `${fault} at ${operation} is an outage: ${outage}`,
		needs: "network",
		async run(world) {
			const { key, made } = await generated(world);
			const network = networkOf(world);
			network.fault(fault);
			const { wrapped } = made;
			await isOutage(ask(world, operation, key.id, wrapped), outage);
			network.heal();
			await opens(world.provider, made);
		},
	}),
);

const answers: [FaultName, Operation, ErrorCode][] = [
	["denied", "generate", "key-denied"],
	["denied", "unwrap", "key-denied"],
	["denied", "describe", "key-denied"],
	["expired-token", "generate", "credentials-unavailable"],
	["expired-token", "unwrap", "credentials-unavailable"],
	["unknown-refusal", "unwrap", "key-unusable"],
];

const answerCases = answers.map(
	([fault, operation, code]): Case => ({
		name: `${fault} at ${operation} is an answer and no outage: ${code}`,
		needs: "network",
		async run(world) {
			const { key, made } = await generated(world);
			networkOf(world).fault(fault);
			await fails(ask(world, operation, key.id, made.wrapped), code);
		},
	}),
);

export const faultCases: Case[] = [
	...outageCases,
	...answerCases,
	{
		name: "an answer that opened the blob by another key is a refusal",
		needs: "network",
		async run(world) {
			const { key, made } = await generated(world);
			networkOf(world).fault("other-key-id");
			await refusesBlob(ask(world, "unwrap", key.id, made.wrapped));
		},
	},
	{
		name: "where nothing listens is an outage: unreachable",
		needs: "network",
		async run(world) {
			const { key } = await generated(world);
			const nowhere = await networkOf(world).openNowhere();
			await isOutage(nowhere.describe(key.id, never), "unreachable");
			await nowhere.close?.();
		},
	},
	{
		name: "a wrong secret is no outage: credentials-unavailable",
		needs: "network",
		async run(world) {
			const { key } = await generated(world);
			const wrong = await networkOf(world).openWithWrongSecret();
			const asked = wrong.generate(key.id, context, never);
			await fails(asked, "credentials-unavailable");
			await wrong.close?.();
		},
	},
	{
		name: "a slow answer is an answer",
		needs: "network",
		async run(world) {
			const { made } = await generated(world);
			const network = networkOf(world);
			const before = network.calls();
			const release = network.hold();
			const opened = opens(world.provider, made);
			await network.called(before + 1);
			release();
			await opened;
		},
	},
	{
		name: "who leaves is let go at once, and leaves the others waiting",
		needs: "network",
		async run(world) {
			const { made } = await generated(world);
			const network = networkOf(world);
			const before = network.calls();
			const release = network.hold();
			const leaving = new AbortController();
			const { keyId, wrapped } = made;
			const left = world.provider.unwrap(
				...([keyId, wrapped, context, leaving.signal] as const),
			);
			const stays = opens(world.provider, made);
			await network.called(before + 2);
			leaving.abort(new Error("the client has gone"));
			await failureOf(left);
			release();
			await stays;
		},
	},
	{
		name: "who has left before asking is not asked for",
		needs: "network",
		async run(world) {
			const { key } = await generated(world);
			const before = networkOf(world).calls();
			const gone = AbortSignal.abort(new Error("the client has gone"));
			await failureOf(world.provider.generate(key.id, context, gone));
			assert.equal(networkOf(world).calls(), before);
		},
	},
	{
		name: "no failure tells a client what the service said",
		needs: "network",
		async run(world) {
			const { key, made } = await generated(world);
			for (const fault of ["denied", "throttled", "expired-token"] as const) {
				networkOf(world).fault(fault);
				const asked = ask(world, "unwrap", key.id, made.wrapped);
				const { message } = await failureOf(asked);
				assert.doesNotMatch(message, /canary/, fault);
			}
		},
	},
	{
		name: "no failure of credentials tells the log what the service said: it may repeat what was signed, tokens too",
		needs: "network",
		async run(world) {
			const { key, made } = await generated(world);
			networkOf(world).fault("expired-token");
			const asked = ask(world, "unwrap", key.id, made.wrapped);
			const { cause } = await failureOf(asked);
			assert.doesNotMatch(String(cause), /canary/);
			assert.match(String(cause), networkOf(world).credentialRefusal);
		},
	},
];
