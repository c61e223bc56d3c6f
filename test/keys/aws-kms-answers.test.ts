/** A KMS that repeats what it was sent, or answers half a key: no word of it reaches a log. */
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import t from "tap";
import { openClient } from "../../plugins/keys-aws-kms/client.ts";
import { options } from "../../plugins/keys-aws-kms/options.ts";
import { AwsKmsProvider } from "../../plugins/keys-aws-kms/provider.ts";

const secret = "canary-of-a-token";
const key = "CanaryOfAPlaintextKey";
const typed = (__type: string) => (heard: string) =>
	JSON.stringify({ __type, message: heard });

const answers: readonly [number, (heard: string) => string][] = [
	[400, typed("ValidationException")],
	[400, typed("AccessDeniedException")],
	[400, typed("KMSInvalidStateException")],
	[400, typed("ThrottlingException")],
	[400, typed("WeirdException")],
	[403, typed("InvalidSignatureException")],
	[500, typed("KMSInternalException")],
	[400, (heard) => JSON.stringify({ __type: heard, message: "" })],
	[200, (heard) => heard],
	[200, () => key],
	[200, () => `{"Plaintext":${key}}`],
	[200, () => `{"Plaintext":"${key}`],
	[302, (heard) => heard],
	[403, (heard) => `<html>${heard}</html>`],
];

/** What a log could print of an error. */
function wordsOf(error: unknown): string {
	if (!(error instanceof Error)) return String(error);
	return `${error.name} ${error.message} ${JSON.stringify(error)} ${wordsOf(error.cause)}`;
}

t.test(
	"what a KMS answers in place of a key is told by its name",
	async (t) => {
		let answer = answers[0] as (typeof answers)[number];
		const paths = new Set<string | undefined>();
		const server = createServer(async (request, response) => {
			paths.add(request.url);
			for await (const _ of request);
			const [status, body] = answer;
			response.writeHead(status, {
				"content-type": "application/x-amz-json-1.1",
				...(status === 302 && { location: "/elsewhere" }),
			});
			response.end(body(JSON.stringify(request.headers)));
		}).listen(0, "127.0.0.1");
		await once(server, "listening");
		const { port } = server.address() as AddressInfo;
		const client = await openClient(
			options.parse({
				region: "eu-central-1",
				endpoint: `http://127.0.0.1:${port}`,
				credentials: {
					accessKeyId: "AKIDTEST",
					secretAccessKey: "secret",
					sessionToken: secret,
				},
			}),
			"main",
		);
		const provider = new AwsKmsProvider(client);
		const never = new AbortController().signal;
		for (answer of answers) {
			for (const asked of [
				() => provider.generate("alias/a", {}, never),
				() => provider.unwrap("alias/a", Buffer.alloc(8), {}, never),
			]) {
				const error = await asked().then(
					() => undefined,
					(error: unknown) => error,
				);
				const words = wordsOf(error);
				t.ok(error instanceof Error, words);
				t.notMatch(words, secret);
				t.notMatch(words, /Canary/);
			}
		}
		t.strictSame([...paths], ["/"], "and no redirect is followed");
		answer = [
			400,
			() =>
				typed("AccessDeniedException")(
					"User: arn:aws:sts::111122223333:assumed-role/gate/i-0 is not authorized to perform: kms:Decrypt on resource",
				),
		];
		await t.rejects(provider.describe("alias/a", never), {
			cause: { message: /assumed-role\/gate\/i-0 is not .* kms:Decrypt$/ },
		});
		await provider.close();
		server.close();
	},
);
