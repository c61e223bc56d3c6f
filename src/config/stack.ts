/** Stacks of policies that cannot work are refused at start, not at the first request. */
import type { Plugin } from "../plugin.ts";

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
