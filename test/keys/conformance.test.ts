/** The conformance suite on the keyring, and on aws-kms and vault at servers of our own. Real ones: test/interop/kms.ts. */
import t from "tap";
import { keyringCounterpart } from "./conformance/keyring.ts";
import { kmsStubCounterpart } from "./conformance/kms-stub.ts";
import { cases, conformance } from "./conformance/suite.ts";
import { vaultStubCounterpart } from "./conformance/vault-stub.ts";

t.test("the suite is whole", async (t) => {
	t.ok(cases.length >= 60, `${cases.length} cases`);
	const names = new Set(cases.map(({ name }) => name));
	t.equal(names.size, cases.length, "each has a name of its own");
});

for (const start of [
	keyringCounterpart,
	kmsStubCounterpart,
	vaultStubCounterpart,
]) {
	const counterpart = await start();
	t.test(counterpart.name, async (t) => {
		const ran = await conformance(counterpart, {
			ran: (name, error) => {
				if (error === undefined) t.pass(name);
				else t.fail(name, { found: error.stack });
			},
			absent: (ability, why, names) =>
				t.comment(`${names.length} cases need ${ability}: ${why}`),
			differs: (name, how) => t.comment(`${name}: ${how}`),
		});
		t.ok(ran >= 60, `${ran} cases ran`);
		await counterpart.close();
	});
}
