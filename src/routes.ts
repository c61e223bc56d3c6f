/** Which route a request falls on: first match wins. Pure. */
import type { Effect, Policy } from "./plugin.ts";
import type { OperationName } from "./s3/operations.ts";

export interface RouteMatch {
	/** Glob over bucket names: `*` any characters, `?` one character. */
	readonly bucket?: string;
	/** Start of the object key. */
	readonly prefix?: string;
	/** Client name, or several. */
	readonly client?: readonly string[];
	readonly operation?: readonly OperationName[];
}

/** A policy as it stands on a route. */
export interface RoutePolicy {
	readonly name: string;
	readonly effects: readonly Effect[];
	/** Options as configured, for `explain`; secrets redacted. */
	readonly options: unknown;
	readonly policy: Policy;
}

export interface Route {
	readonly name: string;
	readonly match: RouteMatch;
	/** Name of the upstream. */
	readonly upstream: string;
	readonly mode: "enforce" | "observe";
	readonly policies: readonly RoutePolicy[];
}
