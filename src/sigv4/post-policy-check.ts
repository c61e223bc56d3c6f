/** Holds a form to what its policy allows. Pure. */
import { SealgateError } from "../errors.ts";
import type { Condition, PostPolicy } from "./post-policy.ts";

/** What a form says, and to which bucket. */
export interface FormFacts {
	/** By lower-case name, `${filename}` filled in. */
	readonly fields: ReadonlyMap<string, string>;
	/** Of the request; a field of that name counts for nothing. */
	readonly bucket: string;
	/** Bytes of the file. */
	readonly length: number;
	readonly now: Date;
}

/**
 * Holds a form to its policy.
 * @throws SealgateError `access-denied` with AWS's own words, `object-too-large`, `object-too-small`
 */
export function checkPostPolicy(policy: PostPolicy, facts: FormFacts): void {
	if (facts.now.getTime() >= policy.expiration.getTime()) {
		throw denied("Policy expired.");
	}
	const fields = new Map(facts.fields).set("bucket", facts.bucket);
	for (const condition of policy.conditions) {
		if (condition.kind === "content-length-range") {
			checkRange(condition.bounds, facts.length);
		} else if (!holds(condition, fields)) throw failed(condition);
	}
	const covered = new Set(
		policy.conditions.map((condition) =>
			condition.kind === "content-length-range"
				? ""
				: condition.name.slice(1).toLowerCase(),
		),
	);
	const extra = [...fields.keys()].filter(
		(name) => !covered.has(name) && !uncovered.test(name),
	);
	if (extra.length > 0) {
		throw denied(`Extra input fields: ${extra.join(", ")}`);
	}
}

/** Fields that no condition must name. */
const uncovered =
	/^(x-amz-signature|file|policy|awsaccesskeyid|signature|x-ignore-.*)$/;

type FieldCondition = Extract<Condition, { readonly value: string }>;

/** A field that is not there fulfils no condition, not even that it begins with nothing. */
function holds(
	{ kind, name, value }: FieldCondition,
	fields: ReadonlyMap<string, string>,
): boolean {
	if (!name.startsWith("$")) return false;
	const field = name.slice(1).toLowerCase();
	const given = fields.get(field);
	if (given === undefined) return false;
	if (kind === "eq") return given === value;
	// "Content-Type values … that include commas are interpreted as lists."
	const parts =
		field === "content-type"
			? given.split(",").map((part) => part.trim())
			: [given];
	return parts.every((part) => part.startsWith(value));
}

function checkRange(
	[least, most]: readonly [string, string],
	length: number,
): void {
	if (![least, most].every((text) => /^-?\d{1,15}$/.test(text))) {
		throw denied(
			`Policy Condition failed: ${list("content-length-range", least, most)}`,
		);
	}
	if (length > Number(most)) {
		throw new SealgateError(
			"object-too-large",
			"Your proposed upload exceeds the maximum allowed size",
			{ fields: { ProposedSize: String(length), MaxSizeAllowed: most } },
		);
	}
	if (length < Number(least)) {
		throw new SealgateError(
			"object-too-small",
			"Your proposed upload is smaller than the minimum allowed size",
			{ fields: { ProposedSize: String(length), MinSizeAllowed: least } },
		);
	}
}

/** Values that nobody may read in a log. */
const secret =
	/^\$x-amz-(security-token|server-side-encryption-customer-key)$/i;

function failed({ kind, name, value }: FieldCondition): SealgateError {
	const shown = secret.test(name) ? "[redacted]" : value;
	return denied(`Policy Condition failed: ${list(kind, name, shown)}`);
}

function list(...items: readonly string[]): string {
	return `[${items.map((item) => JSON.stringify(item)).join(", ")}]`;
}

function denied(why: string): SealgateError {
	return new SealgateError(
		"access-denied",
		`Invalid according to Policy: ${why}`,
	);
}
