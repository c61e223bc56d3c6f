import t from "tap";
import { newRequestId } from "../src/request-id.ts";

t.test("an id is 16 upper-case hex digits, and none comes twice", async (t) => {
	const ids = Array.from({ length: 2_000 }, newRequestId);
	t.ok(ids.every((id) => /^[0-9A-F]{16}$/.test(id)));
	t.equal(new Set(ids).size, ids.length);
});
