/** What `check` says of the formats of an envelope route. */
import t from "tap";
import { ConfigFaults } from "../../../src/config/load.ts";
import { rehearse } from "../../../src/rehearse.ts";
import { loadTestConfig } from "../../support/gateway.ts";

async function checked(options: string): Promise<readonly string[]> {
	const loaded = await loadTestConfig(`
listen: 127.0.0.1:0
authentication: trust
upstreams: [{ name: store, endpoint: "http://127.0.0.1:9", credentials: { accessKeyId: id, secretAccessKey: secret } }]
keys: [{ name: main, provider: keyring, path: keyring.json, passphrase: "a passphrase" }]
routes:
  - { name: sealed, match: {}, upstream: store, policies: [{ envelope: { keys: main, keyId: alias/photos${options} } }] }
`);
	return rehearse(loaded);
}

t.test("options that cannot work together are faults", async (t) => {
	for (const [options, message] of [
		[", format: s3ec-v3, read: [t1]", /read has to name s3ec-v3/],
		[", format: s3ec-v3, bindMetadata: true", /binds no metadata/],
		[", read: [t1, s3ec-v2], bindMetadata: require", /s3ec-v2 binds none/],
		[", format: s3ec-v2, sealMetadata: [colour]", /no place to seal/],
		[", format: s3ec-v2, scope: object", /scope is of t1/],
		[', s3ec: { context: { "sealgate:use": wrap } }', /reserved/],
		[', s3ec: { context: { "aws:x-amz-cek-alg": "116" } }', /reserved/],
		[", s3ec: { context: { kms_cmk_id: key } }", /reserved/],
		[", s3ec: { context: { caf\u00e9: a } }", /ASCII/],
	] as const) {
		try {
			await checked(options);
			t.fail(options);
		} catch (error) {
			t.ok(error instanceof ConfigFaults, options);
			t.match((error as Error).message, message);
		}
	}
});

t.test(
	"a route of t1 that reads objects bound to no key is warned of",
	async (t) => {
		t.strictSame(await checked(""), []);
		t.strictSame(await checked(", format: s3ec-v3"), []);
		t.match(await checked(", read: [t1, s3ec-v3, s3ec-v2]"), [
			/route "sealed": read names s3ec-v3 and s3ec-v2: such objects are not bound to their key/,
		]);
	},
);
