import { request as httpRequest } from "node:http";
import t from "tap";
import { SealgateError } from "../../src/errors.ts";
import { type Body, bodyOf, readAll, through } from "../../src/http/body.ts";
import { answerMeanwhile } from "../../src/layers/keep-alive.ts";
import type { S3Response } from "../../src/pipeline.ts";
import { anExchange } from "../support/exchange.ts";
import { startTestGateway, type TestGateway } from "../support/gateway.ts";
import {
	type Answer,
	startTestStore,
	type TestStore,
	unframed,
} from "../support/store.ts";

const content = Buffer.alloc(3 * 1024 * 1024, "0123456789abcdef");

const source: Answer = (request, response) => {
	const [path = "", query = ""] = request.target.split("?");
	if (query.startsWith("tagging")) {
		response.end(
			"<Tagging><TagSet><Tag><Key>a b</Key><Value>&amp;=</Value></Tag></TagSet></Tagging>",
		);
	} else if (path.endsWith("/missing")) {
		response.statusCode = 404;
		response.end("<Error><Code>NoSuchKey</Code></Error>");
	} else if (request.headers["if-modified-since"] !== undefined) {
		response.statusCode = 304;
		response.end();
	} else if (path.endsWith("/cut")) {
		response.setHeader("content-length", content.length);
		response.write(content.subarray(0, 1024 * 1024), () => response.destroy());
	} else if (path.endsWith("/huge")) {
		response.setHeader("content-length", 6 * 1024 ** 3);
		response.write("begin");
	} else {
		const ranged = request.headers.range !== undefined;
		response.writeHead(ranged ? 206 : 200, {
			"content-length": ranged ? 10 : content.length,
			...(ranged && { "content-range": `bytes 0-9/${content.length}` }),
			"content-type": "text/plain",
			"cache-control": "no-store",
			"x-amz-meta-owner": "me",
			"x-amz-tagging-count": "1",
			"x-amz-version-id": "v1",
			"x-amz-server-side-encryption": "AES256",
			etag: '"source"',
		});
		response.end(ranged ? content.subarray(0, 10) : content);
	}
};

const destination: Answer = (_request, response) => {
	response.setHeader("etag", '"written"');
	response.setHeader("x-amz-version-id", "v2");
	response.setHeader("x-amz-server-side-encryption", "aws:kms");
	response.end();
};

interface Pair {
	readonly from: TestStore;
	readonly to: TestStore;
	readonly gateway: TestGateway;
	copy(
		target: string,
		headers: Record<string, string>,
	): Promise<{
		status: number;
		headers: Record<string, unknown>;
		body: string;
	}>;
}

async function start(test: {
	teardown(action: () => Promise<void>): void;
}): Promise<Pair> {
	const from = await startTestStore(source);
	const to = await startTestStore(destination);
	const gateway = await startTestGateway(`
listen: 127.0.0.1:0
authentication: trust
upstreams:
  - { name: old, endpoint: "${from.endpoint}", credentials: { accessKeyId: OLD, secretAccessKey: old-secret } }
  - { name: new, endpoint: "${to.endpoint}", credentials: { accessKeyId: NEW, secretAccessKey: new-secret } }
routes:
  - { name: secret, match: { bucket: old, prefix: secret/ }, upstream: old, policies: [{ refuse: { operations: [GetObject], reason: "not to be read" } }] }
  - { name: old, match: { bucket: old }, upstream: old, policies: [{ headers: { set: { x-amz-expected-bucket-owner: "1" }, operations: [GetObject] } }] }
  - { name: closed, match: { bucket: new, prefix: closed/ }, upstream: new, policies: [{ refuse: { operations: [PutObject], reason: "closed" } }] }
  - { name: uncopied, match: { bucket: new, prefix: uncopied/ }, upstream: new, policies: [{ refuse: { operations: [CopyObject, UploadPartCopy], reason: "no copies" } }] }
  - { name: rest, match: {}, upstream: new, policies: [{ sse-kms: { keyId: k1 } }] }
limits: { drain: 1s }
`);
	test.teardown(async () => {
		await gateway.close();
		await from.close();
		await to.close();
	});
	const { hostname, port } = new URL(gateway.endpoint);
	return {
		from,
		to,
		gateway,
		copy: (path, headers) =>
			new Promise((resolve, reject) => {
				const sent = httpRequest(
					{ hostname, port, path, method: "PUT", headers, agent: false },
					(response) => {
						const chunks: Buffer[] = [];
						response.on("data", (chunk: Buffer) => chunks.push(chunk));
						response.on("error", reject);
						response.on("end", () =>
							resolve({
								status: response.statusCode as number,
								headers: response.headers,
								body: Buffer.concat(chunks).toString(),
							}),
						);
					},
				);
				sent.on("error", reject);
				sent.end();
			}),
	};
}

t.test("a copy between upstreams", async (t) => {
	const { from, to, gateway, copy } = await start(t);
	t.beforeEach(() => {
		from.requests.length = 0;
		to.requests.length = 0;
	});

	t.test("is read from one and written to the other", async (t) => {
		const answer = await copy("/new/a", {
			"x-amz-copy-source": "/old/b%20c?versionId=v1",
			"x-amz-copy-source-if-match": '"source"',
			"x-amz-storage-class": "STANDARD_IA",
			"if-none-match": "*",
		});
		t.equal(answer.status, 200);
		t.match(answer.body, "<CopyObjectResult");
		t.match(answer.body, /<ETag>(&quot;|")written(&quot;|")<\/ETag>/);
		t.match(answer.headers, {
			"x-amz-version-id": "v2",
			"x-amz-copy-source-version-id": "v1",
			"x-amz-server-side-encryption": "aws:kms",
		});
		const [read, tags] = from.requests;
		t.match(read, {
			method: "GET",
			target: "/old/b%20c?versionId=v1",
			headers: {
				"if-match": '"source"',
				"x-amz-expected-bucket-owner": "1",
				authorization: /Credential=OLD/,
			},
		});
		t.equal(tags?.target, "/old/b%20c?tagging=&versionId=v1");
		const [written, ...more] = to.requests;
		t.strictSame(more, []);
		t.match(written, {
			method: "PUT",
			target: "/new/a",
			headers: {
				"content-type": "text/plain",
				"cache-control": "no-store",
				"x-amz-meta-owner": "me",
				"x-amz-tagging": "a%20b=%26%3D",
				"x-amz-storage-class": "STANDARD_IA",
				"if-none-match": "*",
				"x-amz-server-side-encryption": "aws:kms",
				"x-amz-server-side-encryption-aws-kms-key-id": "k1",
				authorization: /Credential=NEW/,
			},
		});
		const names = Object.keys(written?.headers ?? {});
		t.notOk(names.some((name) => /copy-source|etag|version|count/.test(name)));
		t.ok(written && unframed(written).equals(content));
		t.match(gateway.outcomes.at(-1)?.exchange.findings, {
			operation: "CopyObject",
			route: "rest",
			upstream: "new",
		});
	});

	t.test("says of itself what the request says, when asked to", async (t) => {
		await copy("/new/a", {
			"x-amz-copy-source": "/old/b",
			"x-amz-metadata-directive": "REPLACE",
			"x-amz-tagging-directive": "REPLACE",
			"x-amz-tagging": "mine=1",
			"content-type": "text/html",
			"x-amz-meta-new": "yes",
		});
		const headers = to.requests[0]?.headers ?? {};
		t.match(headers, {
			"content-type": "text/html",
			"x-amz-meta-new": "yes",
			"x-amz-tagging": "mine=1",
		});
		t.equal(headers["x-amz-meta-owner"], undefined);
		t.equal(headers["cache-control"], undefined);
		t.equal(from.requests.length, 1, "no tags are read");
	});

	t.test("of a range is a part", async (t) => {
		const answer = await copy("/new/a?partNumber=2&uploadId=u", {
			"x-amz-copy-source": "/old/b",
			"x-amz-copy-source-range": "bytes=0-9",
		});
		t.match(answer, { status: 200, body: "<CopyPartResult" });
		t.equal(from.requests[0]?.headers.range, "bytes=0-9");
		const [part] = to.requests;
		t.equal(part?.target, "/new/a?partNumber=2&uploadId=u");
		t.ok(part && unframed(part).equals(content.subarray(0, 10)));
		t.equal(part?.headers["x-amz-meta-owner"], undefined);
	});

	t.test("that cannot be made leaves nothing behind", async (t) => {
		const refused = async (key: string, target = "/new/a", headers = {}) => {
			const { status, body } = await copy(target, {
				"x-amz-copy-source": `/old/${key}`,
				...headers,
			});
			const code = /<Code>([^<]*)</.exec(body)?.[1];
			return [status, code, to.requests.filter((r) => r.complete).length];
		};
		t.strictSame(await refused("missing"), [404, "NoSuchKey", 0]);
		t.strictSame(await refused("secret/x"), [403, "AccessDenied", 0]);
		t.strictSame(await refused("b", "/new/closed/x"), [403, "AccessDenied", 0]);
		t.strictSame(await refused("huge"), [400, "InvalidRequest", 0]);
		const since = { "x-amz-copy-source-if-modified-since": "later" };
		t.strictSame(await refused("b", "/new/a", since), [
			412,
			"PreconditionFailed",
			0,
		]);
		const [status, , complete] = await refused("cut");
		t.ok((status as number) >= 500);
		t.equal(complete, 0, "a source that breaks off is never a whole object");
	});
});

t.test("work that takes long", async (t) => {
	const exchange = anExchange();
	const answerOf = (status: number, body: string) => ({
		status,
		headers: new Map(),
		body: bodyOf(`<?xml version="1.0" encoding="UTF-8"?>\n${body}`),
	});

	t.test("is answered with white space meanwhile", async (t) => {
		for (const [status, document] of [
			[200, "<Result/>"],
			[500, "<Error/>"],
		] as const) {
			const work = Promise.withResolvers<S3Response>();
			const answer = await answerMeanwhile(work.promise, exchange, {
				interval: 1,
			});
			t.equal(answer.status, 200);
			const body = through(answer.body as Body, undefined, (to) => ({
				data(chunk) {
					if (chunk.toString() === " ")
						work.resolve(answerOf(status, document));
					return to.data(chunk);
				},
				end: () => to.end(),
			}));
			const read = await readAll(body, 1024 ** 2, () => new Error("too long"));
			const expected = new RegExp(`^<\\?xml [^>]*>\n +${document}$`);
			t.match(read.toString(), expected);
		}
	});

	t.test(
		"keeps the headers that are known, and tells why it failed",
		async (t) => {
			const work = Promise.withResolvers<S3Response>();
			const exchange = anExchange();
			const headers = new Map([
				["x-amz-version-id", "v"],
				["content-length", "7"],
			]);
			const options = { interval: 1, headers };
			const answer = await answerMeanwhile(work.promise, exchange, options);
			t.strictSame(Object.fromEntries(answer.headers), {
				"x-amz-version-id": "v",
				"content-type": "application/xml",
			});
			work.reject(new SealgateError("unconfirmed", "Access Denied: not so."));
			const read = await readAll(answer.body as Body, 4096, () => new Error());
			t.match(
				read.toString(),
				/^<\?xml [^>]*>\n *<Error><Code>AccessDenied<\/Code><Message>Access Denied: not so\./,
			);
			t.equal(exchange.findings.error, "unconfirmed");
		},
	);

	t.test("leaves its answer as it is when it was quick", async (t) => {
		const quick = answerOf(404, "<Error/>");
		t.equal(await answerMeanwhile(Promise.resolve(quick), exchange), quick);
		const failed = new SealgateError("overloaded", "Slow down.");
		await t.rejects(answerMeanwhile(Promise.reject(failed), exchange), failed);
	});
});

t.test("a policy about copies alone sees one between two stores", async (t) => {
	const { from, to, copy } = await start(t);
	for (const query of ["", "?partNumber=1&uploadId=u"]) {
		const refused = await copy(`/new/uncopied/a${query}`, {
			"x-amz-copy-source": "/old/a",
		});
		t.equal(refused.status, 403);
		t.match(refused.body, /Access Denied: no copies/);
	}
	t.equal(from.requests.length + to.requests.length, 0);
});
