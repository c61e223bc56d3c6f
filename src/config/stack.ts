/** Stacks of policies that cannot work are refused at start, not at the first request. */
import type { Effect, Plugin } from "../plugin.ts";

/** What a client's signature covers, or may cover. */
const signed: readonly Effect[] = ["request-headers", "body", "length"];

/** @returns a sentence that says what is wrong, or undefined */
export function checkStack(plugins: readonly Plugin[]): string | undefined {
	const bodies = plugins.filter((plugin) => plugin.effects.includes("body"));
	if (bodies.length > 1) {
		const names = bodies.map((plugin) => plugin.name).join('" and "');
		return `"${names}" both change bodies; one route takes one of them`;
	}
	const lengthOnly = plugins.find(
		(plugin) =>
			plugin.effects.includes("length") && !plugin.effects.includes("body"),
	);
	if (lengthOnly !== undefined) {
		return `"${lengthOnly.name}" changes lengths but not bodies, which cannot be`;
	}
	return undefined;
}

/** @returns a sentence about a policy that would break the client's own signature, or undefined */
export function checkPassthrough(
	policies: readonly { readonly plugin: Plugin; readonly options: unknown }[],
): string | undefined {
	for (const { plugin, options } of policies) {
		const effects = plugin.effectsUnder?.(options) ?? plugin.effects;
		const wrong = effects.find((effect) => signed.includes(effect));
		if (wrong !== undefined) {
			return `"${plugin.name}" changes ${wrong}, which authentication: passthrough forbids: the client's signature covers it. Let it require, or the route observe`;
		}
	}
	return undefined;
}
