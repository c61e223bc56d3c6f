/** The JSON schema of a configuration, the options of the known policies included. */
import { z } from "zod";
import type { Plugin } from "../plugin.ts";
import { configSchema } from "./schema.ts";

export function jsonSchema(plugins: readonly Plugin[]): unknown {
	return z.toJSONSchema(configSchema, {
		io: "input",
		unrepresentable: "any",
		override({ zodSchema, jsonSchema: made }) {
			if (zodSchema !== policyEntry) return;
			made.properties = Object.fromEntries(
				plugins.map((plugin) => [
					plugin.name,
					z.toJSONSchema(plugin.options, {
						io: "input",
						unrepresentable: "any",
					}) as z.core.JSONSchema.BaseSchema,
				]),
			);
			made.minProperties = 1;
			made.maxProperties = 1;
		},
	});
}

const policyEntry =
	configSchema.shape.routes.element.shape.policies.unwrap().element;
