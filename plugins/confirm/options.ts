/** The options by which a policy confirms what the store did. */
import { z } from "../../src/index.ts";
import { isAlias } from "./claims.ts";

export const confirm = z
	.boolean()
	.optional()
	.describe(
		"Whether the store must say of every write that it is encrypted as asked for.",
	);

/** Absent: `keep`. */
export const onUnconfirmed = z
	.enum(["keep", "delete"])
	.optional()
	.describe(
		"What becomes of an object that is not confirmed. delete: it goes where the store named its version.",
	);

const keyId = z
	.string()
	.regex(/^[!-~]+$/, { error: "printable ASCII without spaces" });

export const expectKey = z
	.union([keyId, z.array(keyId).min(1, { error: "at least one key" })], {
		error: "one key, or a list of keys, as the store answers them",
	})
	.optional()
	.describe(
		"The key, or list of keys, that the store's answers may name: an ARN on AWS.",
	);

interface Confirming {
	readonly confirm?: boolean | undefined;
	readonly onUnconfirmed?: string | undefined;
	readonly keyId?: string | undefined;
	readonly expectKey?: string | readonly string[] | undefined;
}

/** Faults of the options taken together. */
export function checkConfirming(
	value: Confirming,
	context: z.core.$RefinementCtx,
): void {
	const fault = (field: keyof Confirming, message: string): void =>
		context.addIssue({ code: "custom", path: [field], message });
	for (const field of ["expectKey", "onUnconfirmed"] as const) {
		if (value[field] !== undefined && !value.confirm)
			fault(field, "means nothing without confirm: true");
	}
	const { keyId, expectKey } = value;
	if (!value.confirm || keyId === undefined || !isAlias(keyId)) return;
	if (expectKey === undefined) {
		fault(
			"expectKey",
			`is required: keyId ${keyId} is an alias, and stores answer with the ARN of the key`,
		);
	}
}
