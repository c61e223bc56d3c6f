/** Stores that do not tell the parts of an object, and copies that lost how many there are: read all the same, or refused. */
import t from "tap";
import { refused } from "./besieged.ts";
import { laid, layouts, least, uneven } from "./laid-out.ts";

const without = (headers: Readonly<Record<string, string>>, name: string) =>
	Object.fromEntries(Object.entries(headers).filter(([own]) => own !== name));

for (const [name, sizes] of [
	layouts[0],
	["a terminator", uneven] as const,
	["parts of odd sizes", [least + 70_001, least + 5, 65_497]] as const,
]) {
	t.test(`an object that ends in ${name}`, async (t) => {
		const object = await laid(t, sizes);
		const { besieged, pieces, show } = object;
		const { hostile } = besieged;
		show(pieces);
		if (name === "a terminator") {
			// Ceph RGW 16 knows no partNumber: it answers as if it were not there.
			hostile.alter = ({ query, method }, told) =>
				query.has("partNumber") && method === "HEAD"
					? {
							...told,
							status: 200,
							headers: without(told.headers, "x-amz-mp-parts-count"),
						}
					: told;
		} else {
			hostile.alter = (_asked, told) => {
				const etag = told.headers.etag?.replace(/-\d+"$/, '"') ?? "";
				return { ...told, headers: { ...told.headers, etag } };
			};
		}
		const { content } = object;
		const head = await besieged.read("k", { method: "HEAD" });
		t.equal(head.headers["content-length"], String(content.length));
		const at = least - 3;
		const headers = { range: `bytes=${at}-${at + 99_999}` };
		const range = await besieged.read("k", { headers });
		t.ok(range.body.equals(content.subarray(at, at + 100_000)));
		const whole = await besieged.read("k");
		t.ok(whole.body.equals(content));
		show([...pieces.slice(0, -1), (pieces.at(-1) as Buffer).subarray(0, -1)]);
		const cut = await besieged.read("k", { method: "HEAD" });
		refused(t, cut, "parts-unknown", content, "cut by a byte");
	});
}
