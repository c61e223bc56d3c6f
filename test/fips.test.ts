/** `fips: true`: what needs MD5, SHA-1 signatures or scrypt is refused by its name. */
import { DeleteObjectsCommand, S3Client } from "@aws-sdk/client-s3";
import t from "tap";
import type { ConfigFaults } from "../src/config/load.ts";
import {
	accessKeyId,
	configuration,
	loadTestConfig,
	secretAccessKey,
	startTestGateway,
} from "./support/gateway.ts";
import { startTestStore } from "./support/store.ts";

t.test(
	"documents leave with SHA-256 in the place of MD5, and Content-MD5 is refused by name",
	async (t) => {
		const store = await startTestStore((_request, response) =>
			response.end("<DeleteResult/>"),
		);
		const gateway = await startTestGateway(
			`${configuration(store.endpoint)}fips: true\n`,
		);
		t.teardown(async () => {
			await gateway.close();
			await store.close();
		});
		const client = new S3Client({
			endpoint: gateway.endpoint,
			region: "us-east-1",
			forcePathStyle: true,
			maxAttempts: 1,
			credentials: { accessKeyId, secretAccessKey },
		});
		const remove = new DeleteObjectsCommand({
			Bucket: "bucket",
			Delete: { Objects: [{ Key: "k" }] },
		});
		await client.send(remove);
		t.equal(store.requests[0]?.headers["content-md5"], undefined);
		t.match(store.requests[0]?.headers["x-amz-checksum-sha256"], /=$/);
		client.middlewareStack.add(
			(next) => (step) => {
				const { request } = step as { request: { headers: object } };
				Object.assign(request.headers, {
					"content-md5": "XrY7u+Ae7tCTyyK7j1rNww==",
				});
				return next(step);
			},
			{ step: "build" },
		);
		await t.rejects(client.send(remove), {
			name: "NotImplemented",
			message: /Content-MD5.*x-amz-checksum-sha256/,
		});
		t.equal(store.requests.length, 1);
	},
);

t.test("check reports what cannot be had", async (t) => {
	const routes = `  - { name: rest, match: {}, upstream: store, policies: [{ sse-c: { mode: inject, secret: "0123456789abcdef0123456789abcdef" } }] }`;
	const { faults } = (await loadTestConfig(
		`${configuration("https://store.example", routes)}fips: true\nsigv2: on\n`,
	).catch((error: unknown) => error)) as ConfigFaults;
	t.match(faults, [
		{ path: "sigv2", message: /SHA-1/ },
		{ path: "routes[0].policies[0].sse-c.mode", message: /MD5/ },
	]);
});
