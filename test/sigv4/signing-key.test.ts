import { createHmac } from "node:crypto";
import t from "tap";
import type { Scope } from "../../src/sigv4/scope.ts";
import { signingKey } from "../../src/sigv4/signing-key.ts";

/** As AWS documents the derivation, with nothing remembered. */
function derived(secret: string, { date, region, service }: Scope): string {
	return [date, region, service, "aws4_request"]
		.reduce<string | Buffer>(
			(key, text) => createHmac("sha256", key).update(text).digest(),
			`AWS4${secret}`,
		)
		.toString("hex");
}

t.test(
	"each secret, day, region and service has its own key, asked twice or after a thousand others",
	async (t) => {
		const asked: [string, Scope][] = [];
		for (const secret of ["one", "two"]) {
			for (const date of ["20261125", "20261126"]) {
				for (const service of ["s3", "s3-outposts"]) {
					for (let region = 0; region < 130; region++)
						asked.push([secret, { date, region: `r-${region}`, service }]);
				}
			}
		}
		for (const [secret, scope] of [...asked, ...asked]) {
			for (let time = 0; time < 2; time++) {
				const key = signingKey(secret, scope).export().toString("hex");
				if (key !== derived(secret, scope)) t.fail(JSON.stringify(scope));
			}
		}
	},
);

t.test("a key is remembered, and no more of them than are few", async (t) => {
	const scope = { date: "20261125", region: "kept", service: "s3" };
	const first = signingKey("secret", scope);
	t.equal(signingKey("secret", scope), first);
	for (let other = 0; other < 1_000; other++)
		signingKey("secret", { ...scope, region: `other-${other}` });
	t.not(signingKey("secret", scope), first, "forgotten");
});
