/**
 * The configuration as others may see it: what a schema marks with `.meta({ secret: true })` is covered, whole, and so
 * is what a plugin forgot to mark but named like a secret, and the credentials in URLs.
 */
import { z } from "zod";
import type { Loaded } from "./load.ts";
import { configSchema, keysFields } from "./schema.ts";

const covered = "[redacted]";
const namedSecret =
	/^(secrets?|secretAccessKey|sessionToken|password|passphrase|token|privateKey)$/i;

type Node = z.core.JSONSchema.BaseSchema & { readonly secret?: unknown };

/** @param schema of which `value` is an input or an output */
export function redact(value: unknown, schema: z.ZodType): unknown {
	const root = z.toJSONSchema(schema, { io: "input", unrepresentable: "any" });
	return cover(value, [root], root);
}

/** The whole configuration, the options of each policy and key provider by the schema of its plugin. */
export function redactConfig({ config, policies, keys }: Loaded): unknown {
	const shown = redact(config, configSchema) as Record<string, unknown>;
	const routes = config.routes.map((route, index) => ({
		...(shown.routes as object[])[index],
		policies: route.policies.map((entry, place) => {
			const plugin = policies.get(route.name)?.[place]?.plugin;
			const [name = "", options] = Object.entries(entry)[0] ?? [];
			return { [name]: plugin ? redact(options, plugin.options) : covered };
		}),
	}));
	const entries = config.keys.map((_, index) => {
		const common = Object.entries((shown.keys as object[])[index] ?? {});
		const { plugin, options } = keys[index] as Loaded["keys"][number];
		return {
			...Object.fromEntries(
				common.filter(([field]) => Object.hasOwn(keysFields, field)),
			),
			...(redact(options, plugin.options) as object),
		};
	});
	return { ...shown, keys: entries, routes };
}

/** A value may be of any of the alternatives: it is covered where one of them is secret. */
function cover(
	value: unknown,
	schemas: readonly (Node | boolean)[],
	root: Node,
): unknown {
	const nodes = schemas.flatMap((schema) => alternatives(schema, root));
	if (value !== undefined && nodes.some((node) => node.secret === true))
		return covered;
	if (typeof value === "string")
		return value.replace(/:\/\/[^/?#\s]*@/g, "://[redacted]@");
	if (Array.isArray(value)) {
		const items = nodes.flatMap(({ items, prefixItems = [] }) =>
			[items, ...prefixItems].flat().filter((item) => item !== undefined),
		);
		return value.map((item) => cover(item, items as Node[], root));
	}
	if (typeof value !== "object" || value === null) return value;
	const entries = Object.entries(value).map(([name, inner]) => {
		if (namedSecret.test(name) && inner !== undefined) return [name, covered];
		const known = nodes.flatMap(
			({ properties, additionalProperties }) =>
				properties?.[name] ?? additionalProperties ?? [],
		);
		return [name, cover(inner, known as Node[], root)];
	});
	return Object.fromEntries(entries);
}

function alternatives(schema: Node | boolean, root: Node): Node[] {
	if (typeof schema === "boolean") return [];
	const { anyOf = [], oneOf = [], allOf = [], $ref } = schema;
	const named = $ref === undefined ? [] : resolved($ref, schema, root);
	return [
		schema,
		...[...anyOf, ...oneOf, ...allOf, ...named].flatMap((inner) =>
			alternatives(inner as Node, root),
		),
	];
}

/** `#` or `#/$defs/name`, as Zod writes what refers to itself. */
function resolved($ref: string, from: Node, root: Node): Node[] {
	const name = /^#\/\$defs\/(.+)$/.exec($ref)?.[1];
	const found = name === undefined ? root : root.$defs?.[name];
	return found === undefined || found === from ? [] : [found as Node];
}
