/** Virtual-hosted requests over the wire, signed by the AWS SDK and by hand. */
import { Agent, request } from "node:http";
import {
	CompleteMultipartUploadCommand,
	CopyObjectCommand,
	CreateBucketCommand,
	DeleteObjectsCommand,
	GetObjectCommand,
	HeadBucketCommand,
	ListObjectsV2Command,
	PutObjectCommand,
	S3Client,
} from "@aws-sdk/client-s3";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import { NodeHttpHandler } from "@smithy/node-http-handler";
import t from "tap";
import {
	accessKeyId,
	configuration,
	secretAccessKey,
	startTestGateway,
} from "../support/gateway.ts";
import { type Answer, startTestStore } from "../support/store.ts";

interface Test {
	teardown(action: () => Promise<void>): void;
}

/** The store's own name, which no client may read. */
const secretHost = "store.secret.example";

const answers: Answer = ({ method, target }, response) => {
	if (target.includes("uploadId")) {
		response.end(
			`<?xml version="1.0"?>\n<CompleteMultipartUploadResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Location>http://${secretHost}/b/k</Location><Bucket>b</Bucket><Key>k</Key><ETag>"e"</ETag></CompleteMultipartUploadResult>`,
		);
	} else if (target.includes("delete")) response.end("<DeleteResult/>");
	else if (target.endsWith("/to")) response.end("<CopyObjectResult/>");
	else if (method === "PUT" && !target.slice(1).includes("/"))
		response.setHeader("location", `http://${secretHost}/`).end();
	else response.end();
};

async function start(t: Test, answer: Answer = answers) {
	const store = await startTestStore(answer);
	const gateway = await startTestGateway(
		`${configuration(store.endpoint)}domains: [s3.Example.internal]\n`,
	);
	const port = gateway.address.split(":")[1] as string;
	// Every name is this gateway: what matters is what the client writes into Host.
	const agent = new Agent({
		lookup: (_name, options, found) =>
			options.all
				? found(null, [{ address: "127.0.0.1", family: 4 }])
				: found(null, "127.0.0.1", 4),
	});
	const client = new S3Client({
		endpoint: `http://s3.example.internal:${port}`,
		region: "us-east-1",
		credentials: { accessKeyId, secretAccessKey },
		maxAttempts: 1,
		requestHandler: new NodeHttpHandler({ httpAgent: agent }),
	});
	t.teardown(async () => {
		client.destroy();
		agent.destroy();
		await gateway.close();
		await store.close();
	});
	/** As it stands, with any Host. */
	const raw = (
		method: string,
		target: string,
		host: string,
	): Promise<{ status: number; body: string }> =>
		new Promise((resolve, reject) => {
			const sent = request(
				{ host: "127.0.0.1", port, method, path: target, headers: { host } },
				(response) => {
					let body = "";
					response.on("data", (chunk) => (body += chunk));
					response.on("end", () =>
						resolve({ status: response.statusCode as number, body }),
					);
				},
			);
			sent.on("error", reject);
			sent.end();
		});
	return { store, gateway, client, port, raw };
}

t.test(
	"requests of every level are signed by the virtual host, and leave with the bucket",
	async (t) => {
		const { client, store } = await start(t);
		const Bucket = "photos-1";
		await client.send(
			new PutObjectCommand({ Bucket, Key: "a/ä b", Body: "content" }),
		);
		await client.send(new HeadBucketCommand({ Bucket }));
		await client.send(new ListObjectsV2Command({ Bucket, Prefix: "a" }));
		await client.send(
			new DeleteObjectsCommand({ Bucket, Delete: { Objects: [{ Key: "k" }] } }),
		);
		await client.send(
			new CopyObjectCommand({
				Bucket,
				Key: "to",
				CopySource: "/photos-2/from",
			}),
		);
		t.strictSame(
			store.requests.map(({ method, target }) => `${method} ${target}`),
			[
				"PUT /photos-1/a/%C3%A4%20b",
				"HEAD /photos-1",
				"GET /photos-1?list-type=2&prefix=a",
				"POST /photos-1?delete=",
				"PUT /photos-1/to",
			],
		);
	},
);

t.test("a presigned URL of a virtual host is verified", async (t) => {
	const { client, store, raw } = await start(t);
	const url = new URL(
		await getSignedUrl(
			client,
			new GetObjectCommand({ Bucket: "photos-1", Key: "k" }),
			{ expiresIn: 60 },
		),
	);
	t.equal(url.hostname, "photos-1.s3.example.internal");
	const target = `${url.pathname}${url.search}`;
	t.match(await raw("GET", target, url.host), { status: 200 });
	t.equal(store.requests[0]?.target, "/photos-1/k");
	t.match(
		await raw("GET", target, url.hostname),
		{ status: 403, body: /SignatureDoesNotMatch/ },
		"Host enters the signature as it was received, port and all",
	);
	t.match(
		await raw("GET", target, url.host.replace("photos-1", "photos-2")),
		{ status: 403, body: /SignatureDoesNotMatch/ },
		"a signature is of one bucket",
	);
	t.equal(store.requests.length, 1);
});

t.test("where a bucket stands is where its address is answered", async (t) => {
	const { client, port } = await start(t);
	const completed = await client.send(
		new CompleteMultipartUploadCommand({
			Bucket: "photos-1",
			Key: "a/ä b",
			UploadId: "u",
			MultipartUpload: { Parts: [{ ETag: '"e"', PartNumber: 1 }] },
		}),
	);
	t.equal(
		completed.Location,
		`http://photos-1.s3.example.internal:${port}/a%2F%C3%A4%20b`,
	);
	t.equal(completed.ETag, '"e"', "the rest of the document is as it was");
	const made = await client.send(
		new CreateBucketCommand({ Bucket: "photos-1" }),
	);
	t.equal(made.Location, `http://photos-1.s3.example.internal:${port}/`);
});

t.test(
	"labels that are no bucket name are an error, and reach no store",
	async (t) => {
		const { raw, store, gateway } = await start(t);
		t.match(await raw("GET", "/key", "a_b.s3.example.internal"), {
			status: 400,
			body: /<Code>InvalidBucketName<\/Code>.*<BucketName>a_b<\/BucketName>/,
		});
		t.equal(
			gateway.outcomes[0]?.exchange.findings.error,
			"bucket-name-invalid",
		);
		t.strictSame(store.requests, []);
	},
);

t.test(
	"dots in a bucket, any case, and hosts that are path-style",
	async (t) => {
		const { raw, gateway } = await start(t);
		for (const [host, target] of [
			["My.Dotted.Bucket.S3.example.INTERNAL", "/key/x"],
			["s3.example.internal", "/my.dotted.bucket/key/x"],
			["other.example", "/my.dotted.bucket/key/x"],
			["[::1]:9000", "/my.dotted.bucket/key/x"],
		] as const) {
			await raw("GET", target, host);
			t.match(
				gateway.outcomes.at(-1)?.exchange.findings,
				{ bucket: "my.dotted.bucket", key: "key/x", operation: "GetObject" },
				host,
			);
		}
	},
);
