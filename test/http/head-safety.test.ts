import fc from "fast-check";
import t from "tap";
import { SealgateError } from "../../src/errors.ts";
import { checkHead } from "../../src/http/head-safety.ts";
import { readHeaders } from "../../src/http/read-headers.ts";

const seed = 20_261_125;

/** The target that is served, or the code of the refusal. Any other failure is thrown. */
function outcome(target: string, raw: readonly string[], version = "1.1") {
	try {
		return checkHead({ version, target, headers: readHeaders(raw, 100) });
	} catch (error) {
		if (error instanceof SealgateError) return { refused: error.code };
		throw error;
	}
}

const text = fc.string({ unit: "binary-ascii" });
const host = fc.constantFrom("h", "h:80", "[::1]:9000", "127.0.0.1");

t.test("a path without a fragment is served byte for byte", async () => {
	const path = text.map((rest) => `/${rest.replaceAll("#", "")}`);
	fc.assert(
		fc.property(path, host, (target, name) => {
			return outcome(target, ["Host", name]) === target;
		}),
		{ seed },
	);
});

t.test(
	"whatever the target is, a path is served, or it is refused",
	async () => {
		fc.assert(
			fc.property(text, host, (target, name) => {
				const found = outcome(target, ["Host", name]);
				return (
					typeof found === "object" ||
					(found.startsWith("/") && !found.includes("#"))
				);
			}),
			{ seed },
		);
	},
);

t.test(
	"absolute-form is served where it names Host, and only there",
	async () => {
		const path = text.map((rest) => `/${rest.replaceAll(/[#\n]/g, "")}`);
		fc.assert(
			fc.property(host, host, path, (named, given, rest) => {
				const found = outcome(`http://${named}${rest}`, ["Host", given]);
				return named === given ? found === rest : typeof found === "object";
			}),
			{ seed },
		);
	},
);

t.test("Host is host[:port] or refused, whatever is in it", async () => {
	fc.assert(
		fc.property(text, (name) => {
			const served = typeof outcome("/", ["Host", name]) === "string";
			return !served || /^[\w.:[\]-]+$/.test(name);
		}),
		{ seed },
	);
});

t.test("no coding but chunked is served", async () => {
	fc.assert(
		fc.property(text, (coding) => {
			const found = outcome("/", ["Host", "h", "Transfer-Encoding", coding]);
			return typeof found === "object" || coding.toLowerCase() === "chunked";
		}),
		{ seed },
	);
});

t.test("a coding and a length exclude each other", async (t) => {
	const both = ["Host", "h", "Transfer-Encoding", "chunked"];
	t.equal(outcome("/", both), "/");
	const refused = { refused: "http-malformed" };
	t.strictSame(outcome("/", [...both, "Content-Length", "5"]), refused);
	t.strictSame(outcome("/", both, "1.0"), refused);
});

t.test("no header of Amazon is read twice, in any spelling", async () => {
	const cases = fc.array(fc.boolean(), { minLength: 60, maxLength: 60 });
	const names = fc.constantFrom(
		"authorization",
		"content-md5",
		"host",
		"range",
		"transfer-encoding",
		"x-amz-content-sha256",
		"x-amz-date",
		"x-amz-security-token",
		"x-amz-server-side-encryption-customer-algorithm",
		"x-amz-server-side-encryption-customer-key",
		"x-amz-anything",
	);
	fc.assert(
		fc.property(names, cases, (name, upper) => {
			const spelled = [...name]
				.map((letter, index) => (upper[index] ? letter.toUpperCase() : letter))
				.join("");
			const found = outcome("/", ["Host", "h", name, "a", spelled, "a"]);
			return typeof found === "object" && found.refused === "http-malformed";
		}),
		{ seed },
	);
});
