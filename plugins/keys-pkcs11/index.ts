/** `provider: pkcs11`: keys of a hardware security module, by its PKCS#11 library. */
import { defineKeyProvider } from "../../src/index.ts";
import { options } from "./options.ts";
import { TokenProvider } from "./provider.ts";
import { Thread } from "./thread.ts";

export const keysPkcs11 = defineKeyProvider({
	name: "pkcs11",
	api: 1,
	options,
	async open(options, { name }) {
		try {
			return new TokenProvider(options, await Thread.start(options));
		} catch (cause) {
			const { message } = cause as Error;
			throw new Error(`keys "${name}": provider pkcs11 needs ${message}`, {
				cause,
			});
		}
	},
});
