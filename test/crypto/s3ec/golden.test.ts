/** Objects that the S3 Encryption Clients for Java and Python wrote, and earlier ones of ours: every version reads them. */
import { readFileSync } from "node:fs";
import t from "tap";
import { openS3ecRecord } from "../../../src/crypto/s3ec/content-key.ts";
import { requireS3ecContext } from "../../../src/crypto/s3ec/format.ts";
import { s3ecMarks } from "../../../src/crypto/s3ec/marks.ts";
import { readS3ecFields } from "../../../src/crypto/s3ec/metadata.ts";
import { openWhole } from "../../../src/crypto/s3ec/whole-stream.ts";
import { sample } from "../../envelope/content.ts";

interface Vector {
	readonly writer: string;
	readonly format: string;
	readonly metadata: Readonly<Record<string, string>>;
	readonly dataKey: string;
	readonly body: string;
}

const file = new URL("../../vectors/s3ec.json", import.meta.url);
const { vectors } = JSON.parse(readFileSync(file, "utf8")) as {
	readonly vectors: readonly Vector[];
};

t.test("golden objects open", async (t) => {
	t.equal(vectors.length, 6);
	for (const { writer, format, metadata, dataKey, body } of vectors) {
		const marks = s3ecMarks(
			new Map(
				Object.entries(metadata).map(([name, value]) => [
					`x-amz-meta-${name}`,
					value,
				]),
			),
		);
		if (marks === undefined) throw new Error("no marks");
		t.equal(marks.format, format);
		const record = readS3ecFields(marks.format, marks.fields);
		requireS3ecContext(marks.format, record.context, {});
		const key = Buffer.from(dataKey, "base64");
		const cipher = openS3ecRecord(record, key);
		const plain = openWhole(cipher, Buffer.from(body, "base64"));
		t.ok(plain.equals(sample(33)), `${writer} ${format}`);
	}
});
