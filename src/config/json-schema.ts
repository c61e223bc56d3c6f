/** The JSON schema of a configuration, the options of the known policies and key providers included. */
import { z } from "zod";
import type { KeyProviderPlugin } from "../keys/provider-plugin.ts";
import { type AnyPlugin, keyProvidersOf, policiesOf } from "./plugin-table.ts";
import { configSchema, keysFields } from "./schema.ts";

export function jsonSchema(plugins: readonly AnyPlugin[]): unknown {
	return z.toJSONSchema(configSchema, {
		io: "input",
		unrepresentable: "any",
		override({ zodSchema, jsonSchema: made }) {
			if (zodSchema === keysEntry) {
				for (const field of Object.keys(made)) delete made[field];
				made.anyOf = keyProvidersOf(plugins).map(entryOf);
			}
			if (zodSchema !== policyEntry) return;
			made.properties = Object.fromEntries(
				policiesOf(plugins).map(({ name, options }) => [
					name,
					schemaOf(options),
				]),
			);
			made.minProperties = 1;
			made.maxProperties = 1;
		},
	});
}

const keysEntry = configSchema.shape.keys.unwrap().element;
const policyEntry =
	configSchema.shape.routes.element.shape.policies.unwrap().element;

function entryOf({ name, options }: KeyProviderPlugin): Schema {
	const provider = z.literal(name);
	return schemaOf(
		z.strictObject({ ...keysFields, provider, ...options.shape }),
	);
}

type Schema = z.core.JSONSchema.BaseSchema;

function schemaOf(options: z.ZodType): Schema {
	return z.toJSONSchema(options, {
		io: "input",
		unrepresentable: "any",
	}) as Schema;
}
