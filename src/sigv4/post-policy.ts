/**
 * The policy of a POST form: what its signer allowed the form to say. Pure.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTConstructPolicy.html
 */
import { SealgateError } from "../errors.ts";

export interface PostPolicy {
	readonly expiration: Date;
	readonly conditions: readonly Condition[];
}

export type Condition =
	| {
			readonly kind: "eq" | "starts-with";
			/** As the policy writes it: `$key`. Without the `$` it never holds. */
			readonly name: string;
			readonly value: string;
	  }
	| {
			readonly kind: "content-length-range";
			/** Whole numbers; what is none never holds. */
			readonly bounds: readonly [string, string];
	  };

/**
 * @param encoded base64 of a JSON document
 * @throws SealgateError `policy-document-invalid`
 */
export function parsePostPolicy(encoded: string): PostPolicy {
	const document = parseJson(encoded);
	if (!isObject(document)) throw invalid("Invalid JSON.");
	for (const member of Object.keys(document)) {
		if (member !== "expiration" && member !== "conditions") {
			throw invalid(`Unexpected: '${member.toLowerCase()}'`);
		}
	}
	const { expiration, conditions } = document;
	if (expiration === undefined) throw invalid("Policy missing expiration.");
	if (conditions === undefined) throw invalid("Policy missing conditions.");
	if (!Array.isArray(conditions)) {
		throw invalid("Invalid 'conditions' value: must be a List.");
	}
	return {
		expiration: parseExpiration(expiration),
		conditions: conditions.map(parseCondition),
	};
}

/** Amazon's JSON knows two escapes that JSON does not: `\$` and `\v`. */
function parseJson(encoded: string): unknown {
	if (!/^[A-Za-z0-9+/\s]*={0,2}\s*$/.test(encoded)) {
		throw invalid("invalid Base64 encoding.");
	}
	const bytes = Buffer.from(encoded, "base64");
	if (bytes.length === 0) throw invalid("Expecting '{' but found End-of-Input");
	try {
		const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
		return JSON.parse(
			text.replace(/\\(.)/g, (written, character: string) =>
				character === "$" ? "$" : character === "v" ? "\\u000b" : written,
			),
		);
	} catch {
		throw invalid("Invalid JSON.");
	}
}

function isObject(value: unknown): value is Record<string, unknown> {
	return typeof value === "object" && value !== null && !Array.isArray(value);
}

function parseExpiration(value: unknown): Date {
	const text = String(value);
	const date = new Date(text);
	const utc = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$/.test(text);
	if (utc && !Number.isNaN(date.getTime())) return date;
	throw invalid(`Invalid 'expiration' value: '${text.slice(0, 100)}'`);
}

function parseCondition(written: unknown): Condition {
	if (Array.isArray(written)) return parseListCondition(written);
	if (!isObject(written)) {
		throw invalid("Invalid condition test: must be a List or Object.");
	}
	const [property, ...more] = Object.entries(written);
	if (property === undefined || more.length > 0) {
		throw invalid(
			"Invalid Simple-Condition: Simple-Conditions must have exactly one property specified.",
		);
	}
	const [name, value] = property;
	if (typeof value !== "string") {
		throw invalid("Invalid Simple-Condition: value must be a string.");
	}
	return { kind: "eq", name: `$${name}`, value };
}

function parseListCondition(written: readonly unknown[]): Condition {
	const [operation, first, second] = written;
	if (operation === undefined) {
		throw invalid("Invalid Condition: missing operation identifier.");
	}
	const kind = String(operation).toLowerCase();
	if (
		kind !== "eq" &&
		kind !== "starts-with" &&
		kind !== "content-length-range"
	) {
		throw invalid(
			`Invalid Condition: unknown operation '${String(operation).slice(0, 100)}'.`,
		);
	}
	if (written.length !== 3) {
		throw invalid(`Invalid ${kind}: wrong number of arguments.`);
	}
	if (kind === "content-length-range") {
		return { kind, bounds: [bound(first), bound(second)] };
	}
	if (typeof first !== "string" || typeof second !== "string") {
		throw invalid("Invalid JSON.");
	}
	return { kind, name: first, value: second };
}

function bound(value: unknown): string {
	if (typeof value === "string" || Number.isSafeInteger(value))
		return String(value);
	throw invalid("Invalid JSON.");
}

function invalid(why: string): SealgateError {
	return new SealgateError("policy-document-invalid", `Invalid Policy: ${why}`);
}
