/** XML documents are read whole, and so up to a limit only. */
import t from "tap";
import { errorOf, startWire } from "../policies/wire.ts";

const mebibyte = 1024 ** 2;
const routes = "  - { name: all, match: {}, upstream: store }";

/** Two MiB is the default; a list of 10,000 parts may need four. */
const cases = [
	["PUT", "/bucket?tagging", 2 * mebibyte],
	["POST", "/bucket?delete", 2 * mebibyte],
	["POST", "/bucket/key?uploadId=1", 4 * mebibyte],
] as const;

t.test("a document over the limit is refused by its size", async (t) => {
	const wire = await startWire(t, routes);
	for (const [method, target, most] of cases) {
		const fill = (size: number) =>
			`<Delete><Object><Key>k</Key></Object>${" ".repeat(size)}</Delete>`;
		const whole = fill(most - fill(0).length);
		const fits = await wire.send({ method, target, body: whole });
		t.equal(fits.status, 200, `${target} of ${whole.length} bytes`);
		const refused = await wire.refused({ method, target, body: `${whole} ` });
		t.match(errorOf(refused), {
			status: 400,
			code: "MaxMessageLengthExceeded",
		});
		t.match(
			refused.body,
			`<MaxMessageLengthBytes>${most}</MaxMessageLengthBytes>`,
		);
	}
});
