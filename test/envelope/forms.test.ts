/** POST forms on an envelope route: encrypted as the PutObject that they stand for. */
import { GetObjectCommand } from "@aws-sdk/client-s3";
import t from "tap";
import { boundary, formBytes } from "../support/form.ts";
import { attempt } from "./attempt.ts";
import { bytesOf, sample } from "./content.ts";
import { startSealed } from "./setup.ts";

t.test(
	"the file of a form is encrypted, and its fields are its metadata",
	async (t) => {
		const { client, store, gateway, bucket } = await startSealed(t, "", {
			authentication: "trust",
		});
		const content = sample(150_000);
		const post = (fields: [string, string][]) => {
			const body = formBytes([["key", "k"], ...fields], content);
			const headers = {
				"content-type": `multipart/form-data; boundary=${boundary}`,
				"content-length": String(body.length),
			};
			return attempt(gateway.endpoint, `/${bucket}`, {
				method: "POST",
				headers,
				body,
			});
		};
		const posted = await post([
			["x-amz-meta-colour", "blue"],
			["Content-Type", "text/x"],
		]);
		t.equal(posted.status, 204);
		const at = { Bucket: bucket, Key: "k" };
		const got = await client.send(new GetObjectCommand(at));
		t.ok((await bytesOf(got.Body)).equals(content));
		t.strictSame(
			[got.Metadata, got.ContentType],
			[{ colour: "blue" }, "text/x"],
		);
		t.equal(posted.headers.etag, got.ETag);
		const kept = await bytesOf(
			(await store.send(new GetObjectCommand(at))).Body,
		);
		t.notOk(kept.includes(content.subarray(0, 64)));
		const forged = await post([["x-amz-meta-sealgate", "forged"]]);
		t.match([forged.status, forged.body.toString()], [400, /InvalidArgument/]);
	},
);
