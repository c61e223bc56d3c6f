/** The breaker, where not all calls fail alike. What a provider that fails as a whole does to it: conformance/guarding.ts. */
import t from "tap";
import {
	Circuit,
	type CircuitObserver,
	type Task,
	usualPatience,
} from "../../src/keys/circuit.ts";
import { KeysUnavailable } from "../../src/keys/unavailable.ts";

const never = new AbortController().signal;

t.test(
	"a call that fails each time does not keep the breaker open for the others",
	async (t) => {
		const closed = Promise.withResolvers<void>();
		const observer: CircuitObserver = {
			tried() {},
			heldBack() {},
			changed: (state) => state === "closed" && closed.resolve(),
		};
		const patience = { ...usualPatience, attempts: 1, probeEvery: 5 };
		const circuit = new Circuit(patience, observer);
		// A blob that a provider breaks over, whoever made it.
		const poison: Task<string> = {
			operation: "unwrap",
			act: () => Promise.reject(new KeysUnavailable("server-error")),
			discard() {},
		};
		const good: Task<string> = {
			operation: "unwrap",
			act: () => Promise.resolve("key"),
			discard() {},
		};
		while (circuit.state === "closed")
			await t.rejects(circuit.run(poison, never));
		await t.rejects(circuit.run(good, never), /circuit-open/);
		// The breaker's own timer keeps no process alive.
		const alive = setInterval(() => {}, 1_000);
		await closed.promise;
		clearInterval(alive);
		t.equal(await circuit.run(good, never), "key");
		circuit.close();
	},
);
