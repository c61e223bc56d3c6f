/** The shared suite, straight at the embedded store and through an envelope route in front of it. */
import t from "tap";
import { startSealed } from "./setup.ts";
import { compare } from "./shared/compare.ts";
import { askEverything } from "./shared/suite.ts";

t.test("the AWS SDK sees what it sees of the store", async (t) => {
	const { client, store, gateway, storeEndpoint } = await startSealed(t);
	const direct = { client: store, endpoint: storeEndpoint, bucket: "straight" };
	const through = { client, endpoint: gateway.endpoint, bucket: "envelope" };
	const { unequal } = compare(
		await askEverything(direct),
		direct,
		await askEverything(through),
		through,
	);
	t.strictSame(unequal, []);
});
