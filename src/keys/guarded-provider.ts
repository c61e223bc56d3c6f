/** Any key provider behind a circuit: what it asks is bounded in time, tried again, and held back during an outage. */
import { Circuit, type CircuitObserver, type Patience } from "./circuit.ts";
import type { GeneratedKey, KeyProvider } from "./provider.ts";

export interface GuardedProvider extends KeyProvider {
	readonly circuit: Pick<Circuit, "state" | "outage">;
}

export function guarded(
	provider: KeyProvider,
	patience: Patience,
	observer: CircuitObserver,
): GuardedProvider {
	const circuit = new Circuit(patience, observer);
	const rewrap = provider.rewrap?.bind(provider);
	const ready = provider.ready?.bind(provider);
	return {
		circuit,
		generate: (keyId, context, signal) =>
			circuit.run(
				{
					operation: "generate",
					act: (signal) => provider.generate(keyId, context, signal),
					discard: ({ key }: GeneratedKey) => key.fill(0),
				},
				signal,
			),
		unwrap: (keyId, wrapped, context, signal) =>
			circuit.run(
				{
					operation: "unwrap",
					act: (signal) => provider.unwrap(keyId, wrapped, context, signal),
					discard: (key: Buffer) => key.fill(0),
				},
				signal,
			),
		...(rewrap && {
			rewrap: (keyId, wrapped, context, signal) =>
				circuit.run(
					{
						operation: "rewrap",
						act: (signal) => rewrap(keyId, wrapped, context, signal),
						discard() {},
					},
					signal,
				),
		}),
		describe: (keyId, signal) =>
			circuit.run(
				{
					operation: "describe",
					act: (signal) => provider.describe(keyId, signal),
					discard() {},
				},
				signal,
			),
		...(provider.sameKey && {
			sameKey: (one, other) => provider.sameKey?.(one, other) ?? false,
		}),
		...(ready && { ready }),
		async close() {
			circuit.close();
			await provider.close?.();
		},
	};
}
