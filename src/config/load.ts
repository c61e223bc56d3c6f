/** Reads a configuration: all faults at once, each with its path, line and column. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { isNode, isScalar, LineCounter, parseDocument, visit } from "yaml";
import type { z } from "zod";
import type { ConfiguredKeys } from "../keys/provider-plugin.ts";
import type { Plugin } from "../plugin.ts";
import { crossChecks, type Report } from "./cross-checks.ts";
import { interpolate } from "./interpolate.ts";
import { type ListenerTls, loadListenerTls } from "./listener-tls.ts";
import { type AnyPlugin, keyProvidersOf, policiesOf } from "./plugin-table.ts";
import { type Config, configSchema, keysFields } from "./schema.ts";
import { checkPassthrough, checkStack } from "./stack.ts";

export interface Fault {
	/** `routes[0].policies[1].sse-kms.keyId` */
	readonly path: string;
	readonly line: number;
	readonly column: number;
	readonly message: string;
}

/** A policy of a route with its options checked. */
export interface ConfiguredPolicy {
	readonly plugin: Plugin;
	readonly options: unknown;
}

export interface Loaded {
	readonly config: Config;
	/** For each route, by its name. */
	readonly policies: ReadonlyMap<string, readonly ConfiguredPolicy[]>;
	/** In the order of `config.keys`. */
	readonly keys: readonly ConfiguredKeys[];
	/** Undefined where the listener speaks plain HTTP. */
	readonly tls: ListenerTls | undefined;
	/** Of the configuration: paths in it are relative to it. */
	readonly folder: string;
	/** Every file that was read or that opens keys, the configuration first. */
	readonly files: readonly string[];
	/** The error that tells what was found later, with its lines. */
	readonly faults: (
		found: readonly { readonly path: Path; readonly message: string }[],
	) => ConfigFaults;
}

export class ConfigFaults extends Error {
	override readonly name = "ConfigFaults";
	readonly faults: readonly Fault[];
	constructor(file: string, faults: readonly Fault[]) {
		super(
			faults
				.map(
					(fault) =>
						`${file}:${fault.line}:${fault.column} ${fault.path === "" ? "" : `${fault.path}: `}${fault.message}`,
				)
				.join("\n"),
		);
		this.faults = faults;
	}
}

type Path = readonly (string | number)[];

/** Content of a file. @throws NodeJS.ErrnoException */
export type ReadFile = (path: string) => Buffer;

/**
 * @param known the table of first-party plugins
 * @param read gives the configuration and the files that it names; keyrings and files of plugins are opened by their owners
 * @throws ConfigFaults
 */
export async function loadConfig(
	file: string,
	environment: Readonly<Record<string, string | undefined>>,
	known: readonly AnyPlugin[],
	read: ReadFile = (path) => readFileSync(path),
): Promise<Loaded> {
	const files = [resolve(file)];
	let text: string;
	try {
		text = read(resolve(file)).toString();
	} catch (error) {
		const { code } = error as NodeJS.ErrnoException;
		const message =
			code === "ENOENT"
				? "there is no such file"
				: `the file cannot be read (${code})`;
		throw new ConfigFaults(file, [{ path: "", line: 1, column: 1, message }]);
	}
	const lines = new LineCounter();
	const document = parseDocument(text, { lineCounter: lines });
	const faults: Fault[] = [];
	const at = (offset: number) => {
		const { line, col } = lines.linePos(offset);
		return { line: Math.max(line, 1), column: Math.max(col, 1) };
	};
	const report: Report = (path, message) => {
		faults.push({
			path: formatPath(path),
			...at(offsetOf(document, path)),
			message,
		});
	};
	for (const error of document.errors) {
		faults.push({
			path: "",
			...at(error.pos[0]),
			message: error.message.split("\n")[0] as string,
		});
	}
	if (faults.length > 0) throw new ConfigFaults(file, faults);
	visit(document, {
		Scalar(_key, node) {
			if (
				!isScalar(node) ||
				typeof node.value !== "string" ||
				!node.value.includes("${")
			)
				return;
			try {
				node.value = interpolate(node.value, {
					environment: (name) => environment[name],
					file(path) {
						const found = resolve(dirname(file), path);
						files.push(found);
						return read(found).toString();
					},
				});
			} catch (error) {
				faults.push({
					path: "",
					...at(node.range?.[0] ?? 0),
					message: (error as Error).message,
				});
			}
		},
	});
	const parsed = configSchema.safeParse(
		document.toJS({ maxAliasCount: 100 }) ?? {},
	);
	for (const issue of parsed.error?.issues ?? [])
		report(issue.path as Path, sentence(issue));
	if (parsed.data === undefined) throw new ConfigFaults(file, faults);
	crossChecks(parsed.data, report);
	const tls = loadListenerTls(
		parsed.data.tls,
		file,
		(found) => {
			files.push(found);
			return read(found);
		},
		report,
	);
	const keys = resolveKeys(parsed.data, keyProvidersOf(known), report);
	const directory = dirname(files[0] as string);
	for (const { name, plugin, options } of keys)
		files.push(
			...(plugin.files?.(options, {
				name,
				directory,
				fips: parsed.data.fips,
			}) ?? []),
		);
	const policies = await resolvePolicies(
		parsed.data,
		file,
		policiesOf(known),
		report,
	);
	if (faults.length > 0) throw new ConfigFaults(file, faults);
	return {
		config: parsed.data,
		policies,
		keys,
		tls,
		folder: directory,
		files,
		faults(found) {
			const before = faults.length;
			for (const { path, message } of found) report(path, message);
			return new ConfigFaults(file, faults.splice(before));
		},
	};
}

/** Entries whose provider is unknown or whose options are wrong are reported and left out. */
function resolveKeys(
	config: Config,
	known: ReturnType<typeof keyProvidersOf>,
	report: Report,
): ConfiguredKeys[] {
	return config.keys.flatMap((entry, index) => {
		const { name, cache, policy } = entry;
		const plugin = known.find((plugin) => plugin.name === entry.provider);
		if (plugin === undefined) {
			const names = known.map(({ name }) => name).join(", ");
			report(
				["keys", index, "provider"],
				`no key provider is named "${entry.provider}"; there are ${names}`,
			);
			return [];
		}
		const given = Object.entries(entry).filter(
			([field]) => !Object.hasOwn(keysFields, field),
		);
		const options = plugin.options.safeParse(Object.fromEntries(given));
		for (const issue of options.error?.issues ?? [])
			report(["keys", index, ...(issue.path as Path)], sentence(issue));
		if (!options.success) return [];
		return [{ name, cache, policy, plugin, options: options.data }];
	});
}

async function resolvePolicies(
	config: Config,
	file: string,
	known: readonly Plugin[],
	report: Report,
): Promise<Map<string, ConfiguredPolicy[]>> {
	const all = new Map<string, ConfiguredPolicy[]>();
	for (const [routeIndex, route] of config.routes.entries()) {
		const configured: ConfiguredPolicy[] = [];
		for (const [index, entry] of route.policies.entries()) {
			const [name, given] = Object.entries(entry)[0] as [string, unknown];
			const path = ["routes", routeIndex, "policies", index, name];
			const plugin =
				known.find((candidate) => candidate.name === name) ??
				(await importPlugin(name, file));
			if (typeof plugin === "string") {
				report(path, plugin);
				continue;
			}
			const options = plugin.options.safeParse(given ?? {});
			for (const issue of options.error?.issues ?? [])
				report([...path, ...(issue.path as Path)], sentence(issue));
			if (options.success) configured.push({ plugin, options: options.data });
		}
		const passes =
			config.authentication === "passthrough" && route.mode === "enforce";
		const message =
			checkStack(configured.map(({ plugin }) => plugin)) ??
			(passes ? checkPassthrough(configured) : undefined);
		if (message !== undefined)
			report(["routes", routeIndex, "policies"], message);
		all.set(route.name, configured);
	}
	return all;
}

/** @returns the plugin, or a sentence that says why there is none */
async function importPlugin(
	name: string,
	file: string,
): Promise<Plugin | string> {
	if (!/^[./@]|\//.test(name) && !name.startsWith("sealgate-plugin-")) {
		return `no policy is named "${name}"; a third-party plugin is named by its path or its package`;
	}
	try {
		const require = createRequire(resolve(file));
		const found = /^[./]/.test(name)
			? resolve(dirname(file), name)
			: require.resolve(name);
		const module: Record<string, unknown> = await import(
			pathToFileURL(found).href
		);
		const plugins = Object.values(module).filter(isPlugin);
		if (plugins.length === 1) return plugins[0] as Plugin;
		return `"${name}" must export one plugin made by definePlugin; it exports ${plugins.length}`;
	} catch (error) {
		return `the plugin "${name}" cannot be loaded: ${(error as Error).message.split("\n")[0]}`;
	}
}

function isPlugin(value: unknown): value is Plugin {
	const candidate = value as Partial<Plugin> | null;
	return (
		typeof candidate === "object" &&
		candidate?.api === 1 &&
		typeof candidate.setup === "function"
	);
}

/** What is wrong with a key of a record stands one level further in. */
function sentence(issue: z.core.$ZodIssue): string {
	return issue.code === "invalid_key"
		? (issue.issues[0]?.message ?? issue.message)
		: issue.message;
}

function formatPath(path: Path): string {
	return path
		.map((part) => (typeof part === "number" ? `[${part}]` : `.${part}`))
		.join("")
		.replace(/^\./, "");
}

/** The place of the node, or of its nearest parent that exists. */
function offsetOf(
	document: ReturnType<typeof parseDocument>,
	path: Path,
): number {
	for (let length = path.length; length >= 0; length--) {
		const node = document.getIn(path.slice(0, length), true);
		if (isNode(node) && node.range) return node.range[0];
	}
	return 0;
}
