/** Answers that come after ten seconds: the clock is the test's, and there is no store. */
import { mock } from "node:test";
import t from "tap";
import type { S3Request, S3Response } from "../../src/index.ts";
import { anyHost } from "../../src/testing.ts";
import { anExchange } from "../../test/support/exchange.ts";
import { sseS3 } from "../sse-s3/index.ts";

const sse = "x-amz-server-side-encryption";
const encrypted: S3Response = {
	status: 200,
	headers: new Map([[sse, "AES256"]]),
	body: undefined,
};
const document =
	'<?xml version="1.0"?>\n<CompleteMultipartUploadResult><ETag>e</ETag></CompleteMultipartUploadResult>';

const complete: S3Request = {
	operation: {
		name: "CompleteMultipartUpload",
		method: "POST",
		bucket: "bucket",
		key: "key",
		query: [["uploadId", "u"]],
	},
	headers: new Map(),
	body: undefined,
};

/** An answer to a Complete that begins at once, with its body still to come. */
function lateAnswer() {
	let finish = (): void => {};
	const response: S3Response = {
		status: 200,
		headers: new Map([["x-amz-version-id", "v"]]),
		body: {
			length: undefined,
			start(receiver) {
				receiver.data(Buffer.from(" "));
				finish = () => {
					receiver.data(Buffer.from(document));
					receiver.end();
				};
				return { resume() {}, stop() {} };
			},
		},
	};
	return { response, finish: () => finish() };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

t.test(
	"the client gets white space until it is confirmed, and an error where it is not",
	async (t) => {
		for (const [looked, expected, error] of [
			[
				encrypted,
				/^<\?xml [^>]*>\n {2}<CompleteMultipartUploadResult>/,
				undefined,
			],
			[
				{ ...encrypted, headers: new Map<string, string>() },
				/^<\?xml [^>]*>\n {2}<Error><Code>AccessDenied<\/Code><Message>Access Denied: CompleteMultipartUpload of bucket\/key is not confirmed/,
				"unconfirmed",
			],
		] as const) {
			mock.timers.enable({ apis: ["setTimeout", "setInterval"] });
			t.teardown(() => mock.timers.reset());
			const policy = await sseS3.setup(
				sseS3.options.parse({ confirm: true }),
				anyHost,
			);
			const { response, finish } = lateAnswer();
			const look = Promise.withResolvers<S3Response>();
			const exchange = anExchange();
			const answering = policy.handle(
				complete,
				async ({ operation }) => {
					if (operation === complete.operation) return response;
					return operation.key === "key" ? look.promise : encrypted;
				},
				exchange,
			);
			await settled();
			mock.timers.tick(10_000);
			const answer = await answering;
			t.equal(answer.status, 200);
			t.equal(answer.headers.get("x-amz-version-id"), "v");
			let text = "";
			const ended = new Promise<void>((resolve, reject) => {
				answer.body?.start({
					data: (chunk) => {
						text += chunk;
						return true;
					},
					end: resolve,
					fail: reject,
				});
			});
			await settled();
			mock.timers.tick(10_000);
			finish();
			await settled();
			mock.timers.tick(10_000);
			look.resolve(looked);
			await ended;
			t.match(text, expected);
			t.equal(exchange.findings.error, error);
			mock.timers.reset();
		}
	},
);
