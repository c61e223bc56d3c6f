/** The modes of Sealgate in the matrix: what a route does, and how clients prove who they are. */
import type { GatewayOptions } from "../gateway.ts";
import { envelope } from "../sealed.ts";
import type { MatrixStore } from "./stores.ts";

export interface Mode {
	readonly name: string;
	/** Of the gateway in front of a store. */
	options(
		store: MatrixStore,
	): Pick<GatewayOptions, "mode" | "policies" | "keys">;
	/** The rule by which the whole mode is refused at a store, where it is: nothing of the client's is sent then. */
	refused?(store: MatrixStore): string | undefined;
}

const policies: Readonly<Record<string, Omit<Mode, "name">>> = {
	"sse-kms override": {
		options: ({ kmsKey = "any" }) => ({
			policies: `{ sse-kms: { mode: override, keyId: ${kmsKey}, confirm: true } }`,
		}),
		refused: ({ kmsKey, ignoresKms = "" }) =>
			kmsKey === undefined
				? `sse-kms with confirm: no write to a store that does not prove the encryption; this one ${ignoresKms}`
				: undefined,
	},
	"sse-c inject": {
		options: () => ({
			policies:
				'{ sse-c: { mode: inject, secrets: "a secret of this run, 32 bytes or more" } }',
		}),
		refused: ({ tls }) =>
			tls ? undefined : "sse-c inject: no key is sent to a store without TLS",
	},
	"envelope t1": { options: () => envelope },
};

export const modes: readonly Mode[] = Object.entries(policies).flatMap(
	([name, { options, refused }]) =>
		(["verify", "trust"] as const).map((mode) => ({
			name: `${name}, ${mode}`,
			options: (store: MatrixStore) => ({ ...options(store), mode }),
			...(refused ? { refused } : {}),
		})),
);
