/** The AWS SDK for JavaScript as it comes, through SigV4 and an sse-kms route, to the embedded store. */
import {
	CopyObjectCommand,
	DeleteObjectCommand,
	GetObjectCommand,
	HeadObjectCommand,
	ListObjectsV2Command,
	PutObjectCommand,
	S3Client,
	type S3ClientConfig,
} from "@aws-sdk/client-s3";
import { Upload } from "@aws-sdk/lib-storage";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import t from "tap";
import { Bucket, startEmbeddedStore } from "./support/embedded-store.ts";
import {
	accessKeyId,
	configuration,
	secretAccessKey,
	startTestGateway,
} from "./support/gateway.ts";

t.test(
	"put, get, head, list, multipart, copy and delete with default settings, and presigned URLs",
	async (t) => {
		const { s3: direct, store } = await startEmbeddedStore(t);
		const gateway = await startTestGateway(
			configuration(
				store.endpoint,
				"  - { name: all, match: {}, upstream: store, policies: [{ sse-kms: { keyId: alias/k } }] }",
			),
		);
		t.teardown(() => gateway.close());
		const clientWith = (more: S3ClientConfig): S3Client => {
			const client = new S3Client({
				endpoint: gateway.endpoint,
				region: "us-east-1",
				forcePathStyle: true,
				credentials: { accessKeyId, secretAccessKey },
				maxAttempts: 1,
				...more,
			});
			t.teardown(() => client.destroy());
			return client;
		};
		const s3 = clientWith({});
		const at = (Key: string) => ({ Bucket, Key });
		const read = async (Key: string) => {
			const { Body } = await s3.send(new GetObjectCommand(at(Key)));
			return Buffer.from((await Body?.transformToByteArray()) ?? []);
		};

		await s3.send(
			new PutObjectCommand({ ...at("a//b/../c"), Body: "content" }),
		);
		t.equal(`${await read("a//b/../c")}`, "content");
		const { ContentLength } = await s3.send(
			new HeadObjectCommand(at("a//b/../c")),
		);
		t.equal(ContentLength, 7);

		const large = Buffer.alloc(11 * 1024 * 1024, "sealgate");
		const params = { ...at("large"), Body: large };
		const uploaded = await new Upload({ client: s3, params }).done();
		t.match(uploaded.ETag, /-3"$/);
		t.ok(large.equals(await read("large")));

		const CopySource = `${Bucket}/${encodeURIComponent("a//b/../c")}`;
		await s3.send(new CopyObjectCommand({ ...at("copied"), CopySource }));
		t.equal(`${await read("copied")}`, "content");

		const upload = async (presigner: S3Client) => {
			const url = await getSignedUrl(
				presigner,
				new PutObjectCommand(at("presigned")),
			);
			return await fetch(url, { method: "PUT", body: "signed" });
		};
		const early = await upload(s3);
		t.equal(early.status, 400, "the URL has the checksum of an empty body");
		t.match(await early.text(), "<Code>BadDigest</Code>");
		const presigner = clientWith({
			requestChecksumCalculation: "WHEN_REQUIRED",
		});
		t.equal((await upload(presigner)).status, 200);
		const get = await getSignedUrl(s3, new GetObjectCommand(at("presigned")));
		t.equal(await (await fetch(get)).text(), "signed");

		const listed = async () => {
			const list = await s3.send(new ListObjectsV2Command({ Bucket }));
			return list.Contents?.map(({ Key }) => Key);
		};
		const keys = ["a//b/../c", "copied", "large", "presigned"];
		t.same(await listed(), keys);
		for (const key of keys) {
			const { ServerSideEncryption } = await direct.send(
				new HeadObjectCommand(at(key)),
			);
			t.equal(ServerSideEncryption, "aws:kms", `${key} in the store`);
		}
		await s3.send(new DeleteObjectCommand(at("copied")));
		t.same(await listed(), ["a//b/../c", "large", "presigned"]);
	},
);
