import t from "tap";
import { rehearse } from "../src/rehearse.ts";
import { loadTestConfig } from "./support/gateway.ts";

t.test(
	"a configuration that leaves a door open is told of, and is no fault",
	async (t) => {
		const configured = (mode: string, options: string) => `
listen: 127.0.0.1:0
authentication: trust
upstreams: [{ name: store, endpoint: "http://127.0.0.1:9", credentials: { accessKeyId: A, secretAccessKey: b } }]
keys: [{ name: main, provider: keyring, path: keyring.json, passphrase: secret }]
routes:
  - { name: sealed, match: {}, upstream: store, mode: ${mode}, policies: [{ envelope: { keys: main, keyId: alias/a${options} } }] }
`;
		const told = async (mode: string, options = "") =>
			rehearse(await loadTestConfig(configured(mode, options)));
		t.strictSame(await told("enforce"), []);
		t.match(await told("observe"), [
			/^route "sealed": it only observes: envelope .* encrypts nothing$/,
		]);
		t.match(await told("enforce", ", onPlaintext: allow"), [
			/the store can put plaintext of its choice in the place of any object/,
		]);
		t.match(
			await told("enforce", ", onPlaintext: { allow: { prefixes: [old/] } }"),
			[/in the place of any object under old\//],
		);
		await t.rejects(
			rehearse(
				await loadTestConfig(
					configured("enforce", "").replace("{ name: main,", "{ name: others,"),
				),
			),
			{ message: /no keys are named "main"/ },
		);
	},
);
