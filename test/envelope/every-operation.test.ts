/** All 118 operations of S3 on an envelope route: what passes, and what is refused by its name before the store hears of it. */
import t from "tap";
import {
	type OperationName,
	operationNames,
	operationRow,
} from "../../src/s3/operations.ts";
import { requestFor, sendRaw } from "../policies/wire.ts";
import { startBesieged } from "./besieged.ts";

/** Operations on objects that the policy serves itself, or that say nothing of bytes. */
const served: readonly OperationName[] = [
	"PutObject",
	"GetObject",
	"HeadObject",
	"GetObjectAttributes",
	"CopyObject",
	"DeleteObject",
	"RestoreObject",
	"CreateMultipartUpload",
	"UploadPart",
	"UploadPartCopy",
	"ListParts",
	"CompleteMultipartUpload",
	"AbortMultipartUpload",
	"GetObjectTagging",
	"PutObjectTagging",
	"DeleteObjectTagging",
	"GetObjectAcl",
	"PutObjectAcl",
	"GetObjectRetention",
	"PutObjectRetention",
	"GetObjectLegalHold",
	"PutObjectLegalHold",
	"OptionsPreflight",
];

t.test("nothing passes that nobody has thought of", async (t) => {
	t.equal(operationNames.length, 118);
	const { hostile, gateway, bucket } = await startBesieged(t);
	const objects = operationNames.filter(
		(name) => operationRow(name).level === "object",
	);
	for (const name of objects) {
		const before = hostile.asked.length;
		const answer = await sendRaw(
			gateway.endpoint,
			requestFor(name, bucket, "k"),
		);
		if (served.includes(name)) {
			t.notMatch(answer.body, /cannot be right/, `${name} is served`);
			continue;
		}
		t.equal(answer.status, 501, name);
		t.match(answer.body, /<Code>NotImplemented<\/Code>/);
		t.match(answer.body, new RegExp(`${name} `), "by its name");
		t.equal(hostile.asked.length, before, `the store hears nothing of ${name}`);
	}
	t.strictSame(
		served.filter((name) => !objects.includes(name)),
		[],
	);
});

t.test("headers and documents that speak of the store's bytes", async (t) => {
	const { hostile, read } = await startBesieged(t);
	const before = hostile.asked.length;
	const append = await read("k", {
		method: "PUT",
		headers: { "x-amz-write-offset-bytes": "5", "content-length": "0" },
	});
	t.equal(append.status, 501, "an append");
	const sized = await read("k", {
		method: "DELETE",
		headers: { "x-amz-if-match-size": "5" },
	});
	t.equal(sized.status, 501, "a condition on the size");
	t.equal(hostile.asked.length, before);
});

t.test(
	"the metadata namespace of Sealgate is closed on every route",
	async (t) => {
		const { hostile, read, bucket, gateway } = await startBesieged(t);
		const before = hostile.asked.length;
		for (const name of ["sealgate", "Sealgate", "sealgate-x", "sealgate_x"]) {
			const headers = {
				[`x-amz-meta-${name}`]: "forged",
				"content-length": "0",
			};
			const put = await read("k", { method: "PUT", headers });
			t.match(
				[put.status, put.body.toString()],
				[400, /InvalidArgument/],
				name,
			);
		}
		const query = "?x-amz-meta-sealgate=forged";
		const presigned = await read("k", { method: "PUT", query });
		t.equal(presigned.status, 400, "as a parameter");
		const created = await sendRaw(gateway.endpoint, {
			method: "POST",
			target: `/${bucket}/k?uploads=`,
			headers: { "x-amz-meta-sealgate": "forged" },
		});
		t.equal(created.status, 400, "of an upload");
		t.equal(hostile.asked.length, before, "the store hears nothing");
	},
);
