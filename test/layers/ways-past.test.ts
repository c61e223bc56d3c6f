/** What would reach a bucket past its routes is refused by name, and reaches no store. */
import t from "tap";
import { errorOf, startWire } from "../policies/wire.ts";
import { configuration, startTestGateway } from "../support/gateway.ts";

const routes = "  - { name: rest, match: {}, upstream: store }";

t.test(
	"sessions, functions and access points are refused by name",
	async (t) => {
		const wire = await startWire(t, routes);
		const cases: [string, string, Record<string, string>, RegExp][] = [
			["GET", "/bucket?session", {}, /CreateSession does not pass/],
			[
				"POST",
				"/WriteGetObjectResponse",
				{ "x-amz-request-route": "r", "x-amz-request-token": "t" },
				/WriteGetObjectResponse does not pass/,
			],
			[
				"GET",
				"/key",
				{ host: "ap-123456789012.s3-accesspoint.eu-west-1.amazonaws.com" },
				/an access point in Host does not pass/,
			],
			["GET", "/ap-1-s3alias/key", {}, /the access point alias ap-1-s3alias/],
			["PUT", "/ap-1--ol-s3/key", {}, /the access point alias ap-1--ol-s3/],
			[
				"PUT",
				"/bucket/key",
				{ "x-amz-copy-source": "/ap-1-s3alias/key" },
				/the access point alias ap-1-s3alias/,
			],
			[
				"PUT",
				"/bucket/key?x-amz-copy-source=%2Fap-1-s3alias%2Fkey",
				{},
				/the access point alias ap-1-s3alias/,
			],
		];
		for (const [method, target, headers, message] of cases) {
			t.match(
				errorOf(await wire.refused({ method, target, headers })),
				{ status: 501, code: "NotImplemented", message },
				`${method} ${target}`,
			);
		}
		t.match(
			errorOf(
				await wire.refused({
					method: "PUT",
					target: "/bucket/key",
					headers: {
						"x-amz-copy-source":
							"arn:aws:s3:us-west-2:123456789012:accesspoint/ap/object/key",
					},
				}),
			),
			{ status: 400, code: "InvalidBucketName" },
		);
	},
);

t.test(
	"MinIO's administration is no bucket, and is reached under no Host",
	async (t) => {
		const wire = await startWire(t, routes);
		for (const [method, target, headers] of [
			["GET", "/minio/admin/v3/export-iam"],
			["PUT", "/minio/admin/v3/import-iam"],
			["GET", "/m%69nio/kms/v1/status"],
			["GET", "/minio"],
			["PUT", "/bucket/key", { "x-amz-copy-source": "minio/admin/v3/info" }],
		] as const)
			t.match(
				errorOf(await wire.refused({ method, target, headers: headers ?? {} })),
				{
					status: 501,
					code: "NotImplemented",
					message: /: \/minio\/ does not/,
				},
				`${method} ${target}`,
			);
		const gateway = await startTestGateway(
			configuration(
				wire.store.endpoint.replace("127.0.0.1", "localhost"),
				undefined,
				", addressing: virtual",
			).replace(
				/authentication: verify\nclients:\n.*\n/,
				"authentication: trust\n",
			),
		);
		t.teardown(() => gateway.close());
		await fetch(`${gateway.endpoint}/bucket/minio/admin/v3/export-iam`);
		t.equal(
			wire.store.requests.at(-1)?.target,
			"/bucket/minio/admin/v3/export-iam",
		);
	},
);

t.test(
	"orders of one maker's own, which reach other keys, are refused by name",
	async (t) => {
		const wire = await startWire(t, routes);
		for (const [method, name, value] of [
			["DELETE", "x-minio-force-delete", "true"],
			["GET", "X-Minio-Extract", "true"],
			["PUT", "x-minio-source-replication-request", "true"],
			["PUT", "X-Amz-Meta-Snowball-Auto-Extract", "true"],
			["PUT", "x-goog-copy-source", "other/secret"],
			["PUT", "x-oss-copy-source", "/other/secret"],
		] as const) {
			const refused = await wire.refused({
				method,
				target: "/bucket/key",
				headers: { [name]: value },
			});
			t.match(
				errorOf(refused),
				{ status: 501, code: "NotImplemented", message: name.toLowerCase() },
				name,
			);
		}
		const hoisted = "/bucket/key?X-Amz-Meta-Snowball-Auto-Extract=true";
		const refused = await wire.refused({ method: "PUT", target: hoisted });
		t.match(errorOf(refused), { status: 501, code: "NotImplemented" });
		const form = [
			["key", "k"],
			["x-amz-meta-Snowball-Auto-Extract", "true"],
		].map(
			([name, value]) =>
				`--b\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
		);
		const posted = await wire.refused({
			method: "POST",
			target: "/bucket",
			headers: { "content-type": "multipart/form-data; boundary=b" },
			body: `${form.join("")}--b\r\nContent-Disposition: form-data; name="file"\r\n\r\nx\r\n--b--\r\n`,
		});
		t.match(errorOf(posted), { status: 501, code: "NotImplemented" });
	},
);

/** Ceph executes DELETE of a sub-resource that it does not know as DeleteBucket. */
t.test(
	"no spelling of a sub-resource leaves as another operation",
	async (t) => {
		const wire = await startWire(t, routes);
		const encryption = "?encryption=";
		const leaves: Record<string, string> = {
			"/bucket?encryption": encryption,
			"/bucket?encryption=": encryption,
			"/bucket?encryption=x": "?encryption=x",
			"/bucket/?encryption": encryption,
			"/bucket?%65ncryption": encryption,
			"/bucket?encryption&x-id=DeleteBucketEncryption": encryption,
		};
		for (const [target, query] of Object.entries(leaves)) {
			const sent = await wire.through({ method: "DELETE", target });
			t.equal(sent.target, `/bucket${query}`, target);
			t.equal(
				wire.gateway.outcomes.at(-1)?.exchange.findings.operation,
				"DeleteBucketEncryption",
			);
		}
		const refused: Record<string, number> = {
			"/bucket?encryption&x": 501,
			"/bucket?x&encryption": 501,
			"/bucket?encryption&acl": 501,
			"/bucket?encryption&encryption": 400,
			"/bucket?encryption&%65ncryption": 400,
			"/bucket?ENCRYPTION": 501,
			"/bucket?Encryption": 501,
			"/bucket?%45ncryption": 501,
			"/bucket?encryption%00": 501,
			"/bucket?encryption%3D": 501,
			"/bucket?+encryption": 501,
			"/bucket?encryption+": 501,
			"/bucket?%2565ncryption": 501,
			"/bucket?encryption;x": 501,
			"/bucket?=encryption": 501,
			"/bucket?ownership": 501,
			"/bucket?unknown": 501,
			"/bucket?%": 400,
		};
		for (const [target, status] of Object.entries(refused)) {
			const answered = await wire.refused({ method: "DELETE", target });
			t.equal(answered.status, status, `DELETE ${target}`);
		}
		for (const method of ["GET", "PUT", "POST"]) {
			for (const target of ["/bucket?unknown", "/bucket/key?unknown"]) {
				const { status } = await wire.refused({ method, target });
				t.ok([405, 501].includes(status), `${method} ${target}`);
			}
		}
	},
);
