/** `provider: pkcs11` where there is no token: its options, and what a gateway says that lacks the package. Tokens: test/interop/pkcs11.ts. */
import t from "tap";
import { keysPkcs11 } from "../../plugins/keys-pkcs11/index.ts";
import { redactConfig } from "../../src/config/redact.ts";
import { loadTestConfig } from "../support/gateway.ts";

const configuration = (module: string) => `
listen: 127.0.0.1:0
authentication: trust
upstreams: [{ name: store, endpoint: "http://127.0.0.1:9", credentials: { accessKeyId: a, secretAccessKey: b } }]
keys: [{ name: main, provider: pkcs11, module: ${module}, token: gateway, pin: canary }]
routes: [{ name: all, match: {}, upstream: store, policies: [{ envelope: { keys: main, keyId: alias/photos } }] }]
`;

t.test(
	"the library is named by an absolute path: what is loaded is no matter of a search",
	async (t) => {
		await loadTestConfig(configuration("/usr/lib/libvendor.so"));
		await t.rejects(
			loadTestConfig(configuration("libvendor.so")),
			/an absolute path, such as \/usr\/lib\/libvendor.so/,
		);
	},
);

t.test("the configuration that others see covers the PIN", async (t) => {
	const loaded = await loadTestConfig(configuration("/usr/lib/libvendor.so"));
	t.notMatch(JSON.stringify(redactConfig(loaded)), "canary");
});

t.test("without the package it does not open, in one sentence", async (t) => {
	const options = { module: "/usr/lib/libvendor.so", token: "a", pin: "b" };
	const host = { name: "main", directory: ".", fips: false };
	await t.rejects(keysPkcs11.open(options, host), {
		message:
			'keys "main": provider pkcs11 needs the package pkcs11js: npm install pkcs11js',
	});
});
