import t from "tap";
import { redact, redactConfig } from "../../src/config/redact.ts";
import { z } from "../../src/index.ts";
import { loadTestConfig } from "../support/gateway.ts";

const secret = z.string().meta({ secret: true });

t.test(
	"what a schema marks as secret is covered, wherever it stands",
	async (t) => {
		const schema = z.strictObject({
			plain: z.string(),
			code: secret.optional(),
			described: secret.describe("a key").default("canary"),
			list: z.union([secret.transform((one) => [one]), z.array(secret)]),
			record: z.record(z.string(), secret),
			choice: z.discriminatedUnion("kind", [
				z.strictObject({ kind: z.literal("a"), value: z.string() }),
				z.strictObject({ kind: z.literal("b"), value: secret }),
			]),
			whole: z.strictObject({ a: z.number() }).meta({ secret: true }),
			pair: z.tuple([z.string(), secret]),
		});
		const shown = redact(
			{
				plain: "seen",
				code: "canary",
				described: "canary",
				list: ["canary", "canary"],
				record: { any: "canary" },
				choice: { kind: "b", value: "canary" },
				whole: { a: 17 },
				pair: ["canary", "canary"],
			},
			schema,
		);
		t.notMatch(JSON.stringify(shown), /canary|17/);
		t.match(shown, { plain: "seen", choice: { kind: "b" } });
		t.strictSame(redact({ list: "canary" }, schema), { list: "[redacted]" });
	},
);

t.test("a schema that refers to itself is followed", async (t) => {
	const tree: z.ZodType = z.lazy(() =>
		z.strictObject({ leaf: secret.optional(), next: tree.optional() }),
	);
	const shown = redact({ next: { next: { leaf: "canary" } } }, tree);
	t.strictSame(shown, { next: { next: { leaf: "[redacted]" } } });
});

t.test(
	"what is named like a secret is covered though nobody marked it",
	async (t) => {
		const schema = z.looseObject({});
		for (const name of ["secret", "secrets", "password", "passphrase", "token"])
			t.strictSame(redact({ [name]: ["canary"], keyId: "k" }, schema), {
				[name]: "[redacted]",
				keyId: "k",
			});
		t.equal(redact("https://u:canary@h/", z.string()), "https://[redacted]@h/");
	},
);

t.test(
	"the options of a policy are covered by the schema of its plugin",
	async (t) => {
		const loaded = await loadTestConfig(`
listen: 127.0.0.1:9000
authentication: trust
upstreams: [{ name: store, endpoint: "https://s3.example" }]
routes:
  - { name: rest, match: {}, upstream: store, policies: [{ sse-kms: { keyId: seen } }, { sse-c: { mode: inject, secrets: ["canary canary canary canary canary"] } }] }
`);
		const shown = JSON.stringify(redactConfig(loaded));
		t.notMatch(shown, /canary/);
		t.match(shown, /"sse-kms":\{"keyId":"seen"\}/);
		t.match(shown, /"sse-c":\{"mode":"inject","secrets":"\[redacted\]"\}/);
	},
);
