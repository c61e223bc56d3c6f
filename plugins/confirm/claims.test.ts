import fc from "fast-check";
import t from "tap";
import { askedBy, compare, describeAsked, describeClaim } from "./claims.ts";

const sse = "x-amz-server-side-encryption";
const arn = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd";
const says = (algorithm?: string, key?: string) =>
	new Map([
		...(algorithm === undefined ? [] : [[sse, algorithm] as const]),
		...(key === undefined ? [] : [[`${sse}-aws-kms-key-id`, key] as const]),
	]);
const customer = new Map([[`${sse}-customer-algorithm`, "AES256"]]);

const verdict = (
	asked: ReadonlyMap<string, string>,
	answer: ReadonlyMap<string, string>,
	expectKey?: readonly string[],
) => compare(askedBy(asked, expectKey), answer);

t.test("an algorithm agrees with itself alone", async (t) => {
	const algorithms = ["AES256", "aws:kms", "aws:kms:dsse", "rot13"];
	for (const asked of algorithms) {
		for (const answered of algorithms) {
			t.equal(
				verdict(says(asked), says(answered)),
				asked === answered ? "agrees" : "contradicts",
				`${asked} ${answered}`,
			);
		}
		t.equal(verdict(says(asked), says()), "silent");
		t.equal(verdict(says(asked), says("")), "silent", "an empty one is none");
		t.equal(verdict(says(asked), customer), "contradicts");
	}
	t.equal(verdict(says("aws:kms"), says("aws:kms, aws:kms")), "contradicts");
});

t.test("a key is compared as stores answer it", async (t) => {
	for (const [asked, answered, expected] of [
		[arn, arn, "agrees"],
		[arn, `${arn}5`, "contradicts"],
		[arn, "1234abcd", "contradicts"],
		["1234abcd", "1234abcd", "agrees"],
		["1234abcd", arn, "agrees"],
		["234abcd", arn, "contradicts"],
		["my-key", "arn:aws:kms:my-key", "agrees"],
		["a/k", "arn:aws:kms:a/k", "agrees"],
		["k", "arn:aws:kms:a/k", "contradicts"],
		["k", "arn:aws:kms:eu:1:key/k", "agrees"],
		["k", "arn:aws:kms:eu:1:alias/k", "contradicts"],
		["k", "arn:aws:kms:eu:1:key/other:k", "contradicts"],
		["alias/photos", arn, "agrees"],
		["arn:aws:kms:eu-central-1:1:alias/photos", arn, "agrees"],
	] as const) {
		t.equal(
			verdict(says("aws:kms", asked), says("aws:kms", answered)),
			expected,
			`${asked} ${answered}`,
		);
	}
	t.equal(verdict(says("aws:kms", arn), says("aws:kms")), "silent");
	t.equal(verdict(says("aws:kms"), says("aws:kms", arn)), "agrees");
	t.equal(verdict(says("AES256"), says("AES256", arn)), "agrees");
});

t.test("expectKey counts in place of the key that was named", async (t) => {
	const asked = says("aws:kms", "alias/photos");
	const other = "arn:aws:kms:eu-central-1:111122223333:key/other";
	t.equal(verdict(asked, says("aws:kms", arn), [other, arn]), "agrees");
	t.equal(verdict(asked, says("aws:kms", arn), [other]), "contradicts");
	t.equal(verdict(asked, says("aws:kms"), [other]), "silent");
	t.equal(
		verdict(says("aws:kms"), says("aws:kms", arn), [other]),
		"contradicts",
	);
});

t.test("a customer's key, and what nobody remembers", async (t) => {
	t.equal(verdict(customer, customer), "agrees");
	t.equal(verdict(customer, says("aws:kms")), "contradicts");
	t.equal(verdict(customer, says()), "silent");
	const unknown = new Map<string, string>();
	for (const answer of [customer, says("AES256"), says("aws:kms:dsse", "k")])
		t.equal(verdict(unknown, answer), "agrees");
	t.equal(verdict(unknown, says("rot13")), "contradicts");
	t.equal(verdict(unknown, says()), "silent");
});

t.test("an ARN agrees with no other text", async () => {
	const text = fc.string({ unit: fc.constantFrom(..."ak:/-1") });
	fc.assert(
		fc.property(text, text, (prefix, suffix) => {
			const answered = prefix + arn + suffix;
			const found = verdict(says("aws:kms", arn), says("aws:kms", answered));
			return found === (answered === arn ? "agrees" : "contradicts");
		}),
	);
});

t.test("a bare id agrees only with answers that end in it", async () => {
	const text = fc.string({ unit: fc.constantFrom(..."ab:/"), minLength: 1 });
	fc.assert(
		fc.property(text, text, (id, answered) => {
			const found = verdict(says("aws:kms", id), says("aws:kms", answered));
			return found !== "agrees" || answered.endsWith(id);
		}),
	);
});

t.test("both sides have words for a sentence", async (t) => {
	t.equal(describeClaim(says()), "no encryption");
	t.equal(describeClaim(customer), "a customer's key");
	t.equal(describeClaim(says("AES256", "k")), "AES256");
	t.equal(describeClaim(says("aws:kms", "k")), "aws:kms with key k");
	t.equal(describeClaim(says("aws:kms")), "aws:kms with no key");
	t.equal(describeAsked(askedBy(says("AES256"))), "AES256");
	t.equal(
		describeAsked(askedBy(says("aws:kms", "alias/a"), ["k", "l"])),
		"aws:kms with key k or l",
	);
	t.equal(describeAsked(askedBy(customer)), "a customer's key");
	t.equal(describeAsked(askedBy(new Map())), "encryption");
});
