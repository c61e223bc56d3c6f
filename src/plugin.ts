/**
 * Plugins: a policy is one function around `next`, and declares what it touches, so that a stack of policies
 * that cannot work is refused at start and not at the first request.
 */
import type { z } from "zod";
import type { Exchange } from "./exchange.ts";
import type { KeyAccess } from "./keys/key-access.ts";
import type { S3Request, S3Response } from "./pipeline.ts";
import type { Operation } from "./s3/operation.ts";
import type { OperationName } from "./s3/operations.ts";
import type { XmlElement } from "./s3/xml.ts";

/** What a policy may change. */
export type Effect =
	| "request-headers"
	| "response-headers"
	| "body"
	| "length"
	| "listing";

/**
 * Sends the request on its way, to the next policy or to the store. Called again only for a request without a body, or
 * with one in memory, or for a request of the policy's own: one with another operation, or on another key. Only what the client
 * asked for is told in the log, but every request that leaves is counted.
 */
export type Next = (
	request: S3Request,
	options?: {
		/** In place of `exchange.signal`: for what must not end where the client goes away. */
		readonly signal?: AbortSignal;
	},
) => Promise<S3Response>;

/** A plugin set up with its options for one route. Holds no state of a request. */
export interface Policy {
	/** The operations that `handle` wants to see; all others pass by. */
	readonly operations: readonly OperationName[] | "all";
	/**
	 * Refuses by throwing a `SealgateError` with code `policy-refused`, or answers what `next` answers for the request
	 * it makes of this one. It is also called to find out what it would do, with a `next` that sends nothing and
	 * `exchange.dryRun` set: all that it does must go through the request, the response and `next`.
	 */
	handle(
		request: S3Request,
		next: Next,
		exchange: Exchange,
	): Promise<S3Response>;
	/** Operations that `handle` sees on a route in observe mode, too: what only reads must go on reading. */
	readonly inEveryMode?: readonly OperationName[];
	/**
	 * Rewrites one entry of a listing, or hides it by answering undefined: an object (`Contents`, `Version`) or an
	 * `Upload`. Asked of the route that the entry's key falls on, whichever route the listing took; `operation` is the
	 * listing's, with the entry's key, decoded. `ask` sends a request of the policy's own, through all policies of that
	 * route, this one too. Belongs to the effect `listing`.
	 */
	entry?(
		entry: XmlElement,
		operation: Operation,
		exchange: Exchange,
		ask: (request: S3Request) => Promise<S3Response>,
	): XmlElement | undefined | Promise<XmlElement | undefined>;
	/** A sentence for each thing that keeps it from its work; the admin port shows them on `/readyz`. */
	troubles?(): readonly string[];
	/** Releases what `setup` acquired. */
	close?(): Promise<void>;
}

/** What a plugin may know about where it is used. */
export interface PolicyHost {
	readonly route: string;
	/**
	 * The keys of an entry of `keys`.
	 * @param keyIds ids and aliases that the options name: those that the route may use where the key policy says nothing
	 * @throws Error where no entry has that name
	 */
	keys(name: string, keyIds: readonly string[]): KeyAccess;
	/** What object keys of the route begin with; empty where any will do. */
	readonly prefix: string;
	readonly upstream: {
		readonly name: string;
		readonly endpoint: string;
		readonly secure: boolean;
	};
	/** Folder of the configuration: a path in an option is relative to it. */
	readonly directory: string;
}

export interface Plugin<Options extends z.ZodType = z.ZodType> {
	/** Lower-case words with dashes: the name that a configuration uses. */
	readonly name: string;
	/** The version of this interface that the plugin was written for. */
	readonly api: 1;
	/** All that it may change, under any options. */
	readonly effects: readonly Effect[];
	/** Those of `effects` that these options leave. Absent: all of them. */
	effectsUnder?(options: z.output<Options>): readonly Effect[];
	/** Checks and types the options; its descriptions become the editor's help. */
	readonly options: Options;
	/** Called once for each route that names the plugin. Throws an `Error` with a sentence where options cannot work. */
	setup(options: z.output<Options>, host: PolicyHost): Policy | Promise<Policy>;
}

/** Types a plugin by its own schema; the last line of a plugin's module. */
export function definePlugin<Options extends z.ZodType>(
	plugin: Plugin<Options>,
): Plugin<Options> {
	return plugin;
}
