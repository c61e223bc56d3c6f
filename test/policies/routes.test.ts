/** Which route decides: each sentence of the design, over the wire. */
import {
	CopyObjectCommand,
	DeleteObjectsCommand,
	ListBucketsCommand,
	PutObjectCommand,
	RenameObjectCommand,
	S3Client,
} from "@aws-sdk/client-s3";
import t from "tap";
import { parseXml } from "../../src/s3/xml.ts";
import {
	accessKeyId,
	configuration,
	loadTestConfig,
	secretAccessKey,
	startTestGateway,
} from "../support/gateway.ts";
import { startTestStore } from "../support/store.ts";
import {
	amazonHeaders,
	arrived,
	errorOf,
	requestFor,
	sayYes,
	startWire,
	unchanged,
} from "./wire.ts";

const sse = "x-amz-server-side-encryption";
const kms = { [sse]: "aws:kms" };
const defaultOf = (algorithm: string) =>
	`<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>${algorithm}</SSEAlgorithm></ApplyServerSideEncryptionByDefault></Rule></ServerSideEncryptionConfiguration>`;

/** Three routes of one bucket: two of keys, one of all the rest of it. */
const routes = `
  - { name: raw, match: { bucket: "photos-*", prefix: raw/ }, upstream: store, policies: [{ sse-kms: {} }] }
  - { name: locked, match: { bucket: photos-1, prefix: locked/ }, upstream: store, policies: [{ refuse: { operations: [GetObject, DeleteObject], reason: "locked" } }] }
  - { name: bucket, match: { bucket: "photos-*" }, upstream: store, policies: [{ sse-s3: {} }, { headers: { set: { x-amz-meta-route: "{route}" } } }] }
  - { name: rest, match: {}, upstream: store }`;

t.test(
	"an object operation is decided by its key, and by the first route that matches it",
	async (t) => {
		const wire = await startWire(t, routes);
		const put = async (bucket: string, key: string) =>
			amazonHeaders(await wire.through(requestFor("PutObject", bucket, key)));
		const rest = { [sse]: "AES256", "x-amz-meta-route": "bucket" };
		t.strictSame(await put("photos-1", "raw/a"), kms);
		t.strictSame(await put("photos-2", "raw/"), kms);
		t.strictSame(await put("photos-1", "raw"), rest, "a prefix is no folder");
		t.strictSame(await put("photos-1", "Raw/a"), rest, "keys are bytes");
		t.strictSame(await put("photos-1", "a//b/../c"), rest, "never normalised");
		t.strictSame(
			await put("photos-1", "raw%2Fa"),
			kms,
			"%2F is a slash of the key",
		);
		t.strictSame(await put("photos", "raw/a"), {});
		t.strictSame(await put("xphotos-1", "raw/a"), {});
	},
);

t.test(
	"a key that a store of files reads as another route's object is refused",
	async (t) => {
		const wire = await startWire(t, routes);
		const denied = { status: 403, code: "AccessDenied" };
		for (const key of [
			"/raw/a",
			"%2Fraw/a",
			"x/../raw/a",
			"./raw/a",
			"%2e/raw/a",
			"raw/../a",
			"../photos-2/raw/a",
			"../other/a",
			"..",
		]) {
			for (const name of ["PutObject", "GetObject", "UploadPart"] as const) {
				const raw = requestFor(name, "photos-1", key);
				t.match(errorOf(await wire.refused(raw)), denied, `${name} ${key}`);
			}
			if (key === "..") continue;
			for (const header of ["x-amz-copy-source", "x-amz-rename-source"]) {
				const raw = requestFor(
					header === "x-amz-copy-source" ? "CopyObject" : "RenameObject",
					"photos-1",
					"a",
				);
				const headers = { ...raw.headers, [header]: `photos-1/${key}` };
				const refused = errorOf(await wire.refused({ ...raw, headers }));
				t.match(refused, denied, `${header} ${key}`);
			}
		}
		const remove = await wire.refused({
			...requestFor("DeleteObjects", "photos-1"),
			body: "<Delete><Object><Key>/locked/b</Key></Object></Delete>",
		});
		t.match(remove.body, /<Key>\/locked\/b<\/Key><Code>AccessDenied/);
		for (const key of ["raw//a", "raw/x/../a", "raw/", "a/./b"])
			await wire.through(requestFor("PutObject", "photos-1", key));
	},
);

t.test("a listing is sent once, on the route of its bucket", async (t) => {
	const wire = await startWire(t, routes);
	for (const name of [
		"ListObjects",
		"ListObjectsV2",
		"ListObjectVersions",
	] as const) {
		const raw = requestFor(name, "photos-1");
		const [path, query = ""] = raw.target.split("?");
		const target = `${path}?${query}&prefix=raw%2F`;
		const found = await wire.through({ ...raw, target });
		t.equal(
			new URL(found.target, "http://store").searchParams.get("prefix"),
			"raw/",
		);
		t.equal(found.target.split("?")[0], path);
		t.equal(wire.gateway.outcomes.at(-1)?.exchange.findings.route, "bucket");
	}
});

t.test(
	"DeleteObjects judges each key by its own route and reports refusals per key",
	async (t) => {
		const wire = await startWire(t, routes, (recorded, response) => {
			const keys = [...recorded.body.toString().matchAll(/<Key>(.*?)<\/Key>/g)];
			response.end(
				`<DeleteResult>${keys.map(([, key]) => `<Deleted><Key>${key}</Key></Deleted>`).join("")}</DeleteResult>`,
			);
		});
		const remove = (keys: readonly string[]) => ({
			...requestFor("DeleteObjects", "photos-1"),
			body: `<Delete>${keys.map((key) => `<Object><Key>${key}</Key></Object>`).join("")}</Delete>`,
		});
		const mixed = remove(["a", "locked/b", "raw/c", "locked/c"]);
		const answered = await wire.send(mixed);
		const [sent] = wire.store.requests;
		t.equal(wire.store.requests.length, 1);
		t.strictSame(
			parseXml(sent?.body as Buffer).children.map(
				(object) => object.children[0]?.text,
			),
			["a", "raw/c"],
		);
		const refusal = (key: string) =>
			`<Error><Key>${key}</Key><Code>AccessDenied</Code><Message>Access Denied: locked</Message></Error>`;
		t.equal(answered.status, 200);
		t.equal(
			answered.body.replace(/^.*<DeleteResult[^>]*>/s, ""),
			`<Deleted><Key>a</Key></Deleted><Deleted><Key>raw/c</Key></Deleted>${refusal("locked/b")}${refusal("locked/c")}</DeleteResult>`,
		);
		const none = await wire.refused(remove(["locked/b"]));
		t.equal(none.status, 200);
		t.match(none.body, refusal("locked/b"));
		const whole = remove(["a", "raw/c"]);
		t.strictSame(
			(await wire.through(whole)).body.toString(),
			whole.body,
			"where nothing is refused the document passes as it came",
		);
	},
);

t.test("a copy is judged at its source and at its destination", async (t) => {
	const wire = await startWire(t, routes);
	for (const operation of ["CopyObject", "UploadPartCopy"] as const) {
		const copy = (source: string, key: string) => {
			const raw = requestFor(operation, "photos-1", key);
			return {
				...raw,
				headers: { ...raw.headers, "x-amz-copy-source": source },
			};
		};
		for (const source of [
			"/photos-1/locked/a",
			"photos-1/locked/a",
			"photos-1%2Flocked%2Fa",
			"/photos-1/locked/a?versionId=3",
		])
			t.match(
				errorOf(await wire.refused(copy(source, "raw/a"))),
				{ status: 403, code: "AccessDenied", message: "Access Denied: locked" },
				source,
			);
		const found = amazonHeaders(
			await wire.through(copy("/photos-1/open/a", "raw/a")),
		);
		t.strictSame(found, {
			"x-amz-copy-source": "/photos-1/open/a",
			...(operation === "CopyObject" ? kms : {}),
		});
	}
});

const limited = (endpoint: string) =>
	configuration(endpoint, routes).replace(
		`secretAccessKey: ${secretAccessKey} }`,
		`secretAccessKey: ${secretAccessKey}, buckets: ["photos-*"], prefixes: [in/, raw/], routes: [raw, bucket] }
  - { name: writer, accessKeyId: WRITER, secretAccessKey: writer-secret, verbs: [PUT, POST] }`,
	);

t.test(
	"limits of the client hold at both ends of a copy, and of a rename",
	async (t) => {
		const store = await startTestStore(sayYes);
		const gateway = await startTestGateway(limited(store.endpoint));
		const clientOf = (accessKeyId: string, secretAccessKey: string) =>
			new S3Client({
				endpoint: gateway.endpoint,
				region: "us-east-1",
				forcePathStyle: true,
				credentials: { accessKeyId, secretAccessKey },
				maxAttempts: 1,
			});
		const app = clientOf(accessKeyId, secretAccessKey);
		const writer = clientOf("WRITER", "writer-secret");
		t.teardown(async () => {
			app.destroy();
			writer.destroy();
			await gateway.close();
			await store.close();
		});
		const copy = (CopySource: string, Key: string) =>
			new CopyObjectCommand({ Bucket: "photos-1", Key, CopySource });
		const rename = (RenameSource: string) =>
			new RenameObjectCommand({
				Bucket: "photos-1",
				Key: "in/a",
				RenameSource,
			});
		for (const [client, command, why] of [
			[app, copy("photos-1/out/a", "in/a"), /the copy source photos-1\/out\/a/],
			[app, copy("elsewhere/in/a", "in/a"), /the copy source elsewhere/],
			[app, copy("photos-1/in/a", "out/a"), /the key out\/a/],
			[app, copy("photos-1/in/../out/a", "out/a"), /the key out\/a/],
			[app, copy("photos-1/in/../out/a", "in/a"), /the copy source photos-1/],
			[app, copy("photos-1/in/a", "in/../out/a"), /the key in\/\.\.\/out\/a/],
			[app, rename("photos-1/out/a"), /the copy source photos-1\/out\/a/],
			[writer, copy("photos-1/in/a", "in/a"), /reading a copy source/],
			[writer, rename("photos-1/in/b"), /RenameObject, which deletes/],
			[
				writer,
				new DeleteObjectsCommand({
					Bucket: "photos-1",
					Delete: { Objects: [{ Key: "in/a" }] },
				}),
				/DeleteObjects, which deletes/,
			],
		] as const)
			await t.rejects(client.send(command as CopyObjectCommand), {
				name: "AccessDenied",
				message: why,
			});
		t.equal(store.requests.length, 0);
		await app.send(new PutObjectCommand({ Bucket: "photos-1", Key: "in/a" }));
		t.equal(store.requests.length, 1);
		const { Errors } = await app.send(
			new DeleteObjectsCommand({
				Bucket: "photos-1",
				Delete: { Objects: [{ Key: "out/a" }] },
			}),
		);
		t.match(Errors, [{ Key: "out/a", Code: "AccessDenied" }]);
		t.equal(store.requests.length, 1);
	},
);

t.test(
	"a bucket operation takes the first route whose bucket matches and that has no prefix",
	async (t) => {
		const wire = await startWire(t, routes);
		for (const [bucket, route] of [
			["photos-1", "bucket"],
			["other", "rest"],
		] as const) {
			for (const name of [
				"GetBucketAcl",
				"HeadBucket",
				"CreateBucket",
			] as const) {
				const raw = requestFor(name, bucket);
				const found = await wire.through(raw);
				t.strictSame(
					amazonHeaders(found),
					route === "bucket" ? { "x-amz-meta-route": route } : {},
					name,
				);
				t.equal(wire.gateway.outcomes.at(-1)?.exchange.findings.route, route);
			}
		}
	},
);

t.test(
	"what would weaken a route of the bucket is judged by every such route",
	async (t) => {
		const inventory = (encryption: string) =>
			`<InventoryConfiguration><Destination><S3BucketDestination><Encryption>${encryption}</Encryption></S3BucketDestination></Destination></InventoryConfiguration>`;
		const replication = (encryption: string) =>
			`<ReplicationConfiguration><Rule><Status>Enabled</Status><Destination>${encryption}</Destination></Rule></ReplicationConfiguration>`;
		const wire = await startWire(t, routes);
		const at = (
			name: Parameters<typeof requestFor>[0],
			bucket: string,
			body?: string,
		) => ({
			...requestFor(name, bucket),
			...(body === undefined ? {} : { body }),
		});
		const reports = (encryption: string, bucket = "photos-1") =>
			at("PutBucketInventoryConfiguration", bucket, inventory(encryption));
		const weak = [
			at("PutBucketEncryption", "photos-1", defaultOf("AES256")),
			at("DeleteBucketEncryption", "photos-1"),
			at("PutBucketReplication", "photos-1", replication("")),
			reports("<SSE-S3/>"),
		];
		for (const raw of weak) {
			t.match(
				errorOf(await wire.refused(raw)),
				{
					status: 403,
					message: /would loosen the encryption of bucket photos-1/,
				},
				raw.target,
			);
			t.equal(wire.gateway.outcomes.at(-1)?.exchange.findings.route, "bucket");
			const elsewhere = {
				...raw,
				target: raw.target.replace("photos-1", "other"),
			};
			t.equal(
				(await wire.through(elsewhere)).target,
				elsewhere.target,
				"another bucket has no such route",
			);
		}
		for (const raw of [
			at("PutBucketEncryption", "photos-1", defaultOf("aws:kms")),
			at(
				"PutBucketReplication",
				"photos-1",
				replication(
					"<EncryptionConfiguration><ReplicaKmsKeyID>r</ReplicaKmsKeyID></EncryptionConfiguration>",
				),
			),
			reports("<SSE-KMS><KeyId>k</KeyId></SSE-KMS>"),
		]) {
			const found = await wire.through(raw);
			t.equal(found.body.toString(), raw.body);
			t.strictSame(amazonHeaders(found), { "x-amz-meta-route": "bucket" });
		}
	},
);

t.test(
	"ListBuckets shows what the client may see, merged over upstreams",
	async (t) => {
		const lists = (names: readonly string[]) =>
			startTestStore((_recorded, response) =>
				response.end(
					`<ListAllMyBucketsResult><Owner><ID>o</ID></Owner><Buckets>${names.map((name) => `<Bucket><Name>${name}</Name></Bucket>`).join("")}</Buckets></ListAllMyBucketsResult>`,
				),
			);
		const one = await lists(["photos-2", "hidden"]);
		const two = await lists(["photos-1", "photos-2"]);
		const yaml = configuration(
			one.endpoint,
			`
  - { name: photos, match: { bucket: photos-1 }, upstream: two }
  - { name: rest, match: {}, upstream: store }`,
		)
			.replace(
				"routes:\n",
				`  - { name: two, endpoint: "${two.endpoint}", credentials: { accessKeyId: UP, secretAccessKey: up-secret } }\nroutes:\n`,
			)
			.replace(
				`secretAccessKey: ${secretAccessKey} }`,
				`secretAccessKey: ${secretAccessKey}, buckets: ["photos-*"] }`,
			);
		const gateway = await startTestGateway(yaml);
		const client = new S3Client({
			endpoint: gateway.endpoint,
			region: "us-east-1",
			forcePathStyle: true,
			credentials: { accessKeyId, secretAccessKey },
		});
		t.teardown(async () => {
			client.destroy();
			await gateway.close();
			await one.close();
			await two.close();
		});
		const { Buckets } = await client.send(new ListBucketsCommand({}));
		t.strictSame(
			Buckets?.map((bucket) => bucket.Name),
			["photos-1", "photos-2"],
		);
		t.strictSame([one.requests.length, two.requests.length], [1, 1]);
		await gateway.reload(() =>
			loadTestConfig(yaml.replace('buckets: ["photos-*"]', "routes: [photos]")),
		);
		const own = await client.send(new ListBucketsCommand({}));
		t.strictSame(
			own.Buckets?.map((bucket) => bucket.Name),
			["photos-1"],
			"a client of one route sees the buckets of that route",
		);
		t.strictSame(
			[one.requests.length, two.requests.length],
			[1, 2],
			"and no other store is asked",
		);
	},
);

t.test(
	"routes of one bucket name one upstream, or check refuses",
	async (t) => {
		const yaml = configuration(
			"http://127.0.0.1:1",
			`
  - { name: photos, match: { bucket: "photos-*", prefix: raw/ }, upstream: two }
  - { name: rest, match: {}, upstream: store }`,
		).replace(
			"routes:\n",
			'  - { name: two, endpoint: "http://127.0.0.1:2", credentials: anonymous }\nroutes:\n',
		);
		await t.rejects(
			loadTestConfig(yaml),
			/routes of one bucket name one upstream/,
		);
	},
);

t.test(
	"observe records what each policy would do, and changes nothing",
	async (t) => {
		const wire = await startWire(
			t,
			`
  - { name: seen, match: { bucket: seen }, upstream: store, mode: observe, policies: [{ sse-kms: { mode: override } }, { refuse: { operations: [DeleteObject, GetObject, PutBucketEncryption], reason: "kept" } }, { headers: { remove: [x-amz-acl], operations: [PutObject] } }] }
  - { name: rest, match: {}, upstream: store }`,
		);
		const decisions = () =>
			wire.gateway.outcomes
				.at(-1)
				?.exchange.findings.decisions.map(
					({ policy, mode, outcome, changes }) => [
						policy,
						mode,
						outcome,
						...changes,
					],
				);
		const passes = async (raw: ReturnType<typeof requestFor>) =>
			t.strictSame(
				arrived(await wire.through(raw)),
				unchanged(
					raw,
					Object.fromEntries(
						Object.entries(raw.headers).filter(([name]) =>
							name.startsWith("x-amz-"),
						),
					),
				),
				raw.target,
			);
		const put = requestFor("PutObject", "seen");
		await passes({
			...put,
			headers: { ...put.headers, [sse]: "AES256", "x-amz-acl": "private" },
		});
		t.strictSame(decisions(), [
			["sse-kms", "observe", "changed", sse],
			["headers", "observe", "changed", "x-amz-acl"],
		]);
		await passes(requestFor("DeleteObject", "seen"));
		t.strictSame(decisions(), [["refuse", "observe", "refused"]]);
		await passes({
			...requestFor("PutBucketEncryption", "seen"),
			body: defaultOf("AES256"),
		});
		t.strictSame(decisions()?.[0], ["sse-kms", "observe", "refused"]);
		const copy = requestFor("CopyObject", "elsewhere");
		await passes({
			...copy,
			headers: { ...copy.headers, "x-amz-copy-source": "/seen/a" },
		});
		t.strictSame(
			decisions(),
			[["refuse", "observe", "refused"]],
			"a source too",
		);
		const remove = requestFor("DeleteObjects", "seen");
		await passes(remove);
		t.strictSame(
			decisions(),
			[["refuse", "observe", "refused"]],
			"and each key of many",
		);
	},
);
