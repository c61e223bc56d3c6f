/** What the conformance suite asks of a key provider's counterpart: the KMS, token or file behind it. */
import type { KeyProvider } from "../../../src/keys/provider.ts";

export interface TestKey {
	/** As records keep it. */
	readonly id: string;
	/** The id where there are no aliases. */
	readonly alias: string;
}

/** What befalls every call on its way to the counterpart, or its answer. */
export const faults = [
	"throttled",
	"server-error",
	"overloaded",
	"reset",
	"cut",
	"silence",
	"no-protocol",
	"web-page",
	"empty-answer",
	"no-key",
	"short-key",
	"zero-key",
	"no-blob",
	"huge-blob",
	"no-key-id",
	"other-key-id",
	"denied",
	"expired-token",
	"unknown-refusal",
] as const;
export type FaultName = (typeof faults)[number];

export interface Network {
	/** How many calls have arrived. */
	calls(): number;
	/** Resolves when this many have. */
	called(times: number): Promise<void>;
	/** @param times calls that it befalls; absent: all, until the next `fault` or `heal` */
	fault(name: FaultName, times?: number): void;
	/** Holds every answer back. @returns lets them go */
	hold(): () => void;
	heal(): void;
	/** A provider of an address where nothing listens. */
	openNowhere(): Promise<KeyProvider>;
	/** A provider whose secret is wrong. */
	openWithWrongSecret(): Promise<KeyProvider>;
	/** What the log is told of an expired token. */
	readonly credentialRefusal: RegExp;
}

export interface Counterpart {
	readonly name: string;
	/** A new provider, as a gateway opens it. It sees each change at once. */
	open(): Promise<KeyProvider>;
	createKey(): Promise<TestKey>;
	/** Needs `aliases`, and so does the next. */
	pointAlias?(alias: string, id: string): Promise<void>;
	removeAlias?(alias: string): Promise<void>;
	disable(id: string): Promise<void>;
	enable(id: string): Promise<void>;
	/** Needs `waiting-deletion`, and so does the next. */
	scheduleDeletion?(id: string): Promise<void>;
	cancelDeletion?(id: string): Promise<void>;
	/** Needs `destruction`. */
	destroy?(id: string): Promise<void>;
	/** Needs `rotation`. */
	rotate?(id: string): Promise<void>;
	/** Needs `network`. */
	readonly network?: Network;
	/** One key in two regions, and a provider of the other one. Needs `replicas`. */
	readonly replicas?: {
		createKey(): Promise<{ here: string; there: string }>;
		openThere(): Promise<KeyProvider>;
	};
	/** Why an ability is not there: printed, and its cases with it. */
	readonly absent: Partial<Record<Ability, string>>;
	/** Cases in which the counterpart differs from the rule, and how. Each is run, and must differ. */
	readonly differs: Readonly<Record<string, string>>;
	/** Cases in which it differs now and then, and when. Each is run, and told. */
	readonly varies?: Readonly<Record<string, string>>;
	close(): Promise<void>;
}

export type Ability =
	| "creation-time"
	| "rewrap"
	| "aliases"
	| "waiting-deletion"
	| "destruction"
	| "rotation"
	| "network"
	| "replicas";

/** What a case works with. */
export interface World {
	readonly counterpart: Counterpart;
	readonly provider: KeyProvider;
	/** Closed when the case is over. */
	opened(): Promise<KeyProvider>;
}

export interface Case {
	readonly name: string;
	readonly needs?: Ability;
	run(world: World): Promise<void>;
}

/** @throws Error where a case that needs it runs without it */
export function networkOf({ counterpart }: World): Network {
	if (counterpart.network === undefined) throw new Error("no network");
	return counterpart.network;
}
