/** What an object says that it is, and which routes believe it. */
import t from "tap";
import { type FormatName, options } from "../../../plugins/envelope/options.ts";
import { foundIn } from "../../../plugins/envelope/s3ec/marks.ts";

const t1 = ["x-amz-meta-sealgate", "AAAA"] as const;
const v3 = ["x-amz-meta-x-amz-c", "115"] as const;
const v2 = ["x-amz-meta-x-amz-cek-alg", "AES/GCM/NoPadding"] as const;

function found(
	read: readonly FormatName[],
	...marks: readonly (readonly [string, string])[]
): unknown {
	const [format] = read;
	const asked = { keys: "k", keyId: "a", format, read };
	const seen = foundIn(new Map(marks), options.parse(asked));
	return typeof seen === "object" ? seen.format : seen;
}

t.test("one mark, of a format that the route reads", async (t) => {
	const all = ["t1", "s3ec-v3", "s3ec-v2"] as const;
	t.strictSame(
		[found(all, t1), found(all, v3), found(all, v2), found(all)],
		["t1", "s3ec-v3", "s3ec-v2", undefined],
	);
	const refused = { code: "decryption-failed", reason: "format-refused" };
	t.throws(() => found(["t1"], v3), refused);
	t.throws(() => found(["s3ec-v3"], t1), refused);
	t.throws(() => found(["s3ec-v3"], v2), refused, "V2 is never implied");
	t.throws(() => found(["s3ec-v2"], v3), refused);
	for (const marks of [
		[t1, v3],
		[t1, v2],
		[v3, v2],
	]) {
		t.throws(() => found(all, ...marks), refused);
	}
});
