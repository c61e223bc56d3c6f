/** The table of plugins, by kind. */
import { keyring } from "../keys/keyring-plugin.ts";
import type { KeyProviderPlugin } from "../keys/provider-plugin.ts";
import type { Plugin } from "../plugin.ts";

export type AnyPlugin = Plugin | KeyProviderPlugin;

export function policiesOf(plugins: readonly AnyPlugin[]): Plugin[] {
	return plugins.filter((plugin) => "setup" in plugin);
}

/** The embedded keyring first: it is always there. */
export function keyProvidersOf(
	plugins: readonly AnyPlugin[],
): KeyProviderPlugin[] {
	return [keyring, ...plugins.filter((plugin) => "open" in plugin)];
}
