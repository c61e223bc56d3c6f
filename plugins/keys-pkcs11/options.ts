/** The options of `provider: pkcs11`. */
import { isAbsolute } from "node:path";
import { z } from "../../src/index.ts";

export const options = z.strictObject({
	module: z
		.string()
		.refine(isAbsolute, "an absolute path, such as /usr/lib/libvendor.so")
		.describe("The vendor's PKCS#11 library."),
	token: z
		.string()
		.min(1)
		.max(32)
		.describe("The token's label. https://docs.oasis-open.org/pkcs11"),
	pin: z
		.string()
		.min(1)
		.meta({ secret: true })
		.describe("Of the token's user; refer to a file."),
});

export type Options = z.output<typeof options>;
