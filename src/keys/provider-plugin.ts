/** Key providers as plugins: whoever holds keys is one folder and one line in the table. */
import type { z } from "zod";
import type { Config } from "../config/schema.ts";
import type { KeyProvider } from "./provider.ts";

/** What a provider may know about where it is used. */
export interface KeyProviderHost {
	/** Of the entry of `keys`. */
	readonly name: string;
	/** Folder of the configuration: a path in an option is relative to it. */
	readonly directory: string;
	/** Whether only algorithms of OpenSSL's FIPS provider may be used. */
	readonly fips: boolean;
}

export interface KeyProviderPlugin<Options extends z.ZodObject = z.ZodObject> {
	/** What `provider` says in an entry of `keys`. */
	readonly name: string;
	/** The version of this interface that the plugin was written for. */
	readonly api: 1;
	/** The fields of an entry besides `name`, `provider`, `cache` and `policy`. Mark secrets `.meta({ secret: true })`. */
	readonly options: Options;
	/** Files that options name and that a running gateway watches. */
	files?(options: z.output<Options>, host: KeyProviderHost): readonly string[];
	/**
	 * Called at start and at each reload. Does not wait for a service to answer: an outage must not keep a gateway from
	 * starting. Deadlines, retries and the circuit breaker are put around what it answers.
	 * @throws Error with one sentence where the options or this installation cannot work
	 */
	open(options: z.output<Options>, host: KeyProviderHost): Promise<KeyProvider>;
}

/** Types a key provider by its own schema; the last line of its module. */
export function defineKeyProvider<Options extends z.ZodObject>(
	plugin: KeyProviderPlugin<Options>,
): KeyProviderPlugin<Options> {
	return plugin;
}

/** An entry of `keys` with its options checked. */
export interface ConfiguredKeys
	extends Pick<Config["keys"][number], "name" | "cache" | "policy"> {
	readonly plugin: KeyProviderPlugin;
	readonly options: Readonly<Record<string, unknown>>;
}
