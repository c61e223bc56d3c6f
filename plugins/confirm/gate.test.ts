import t from "tap";
import { type Finding, Gate } from "./gate.ts";

const proven: Finding = { outcome: "proven" };
const denied: Finding = { outcome: "denied", reason: "it says no encryption" };
const refused: Finding = { outcome: "refused", reason: "it refused" };

/** A gate with a clock of its own, and probes that are counted and answer what the test says. */
function gateOf() {
	const clock = { now: 0 };
	const gate = new Gate(() => clock.now);
	const state = { finding: proven, probes: 0 };
	const enter = (bucket = "b", client = "app") =>
		gate.enter(bucket, client, async () => {
			state.probes += 1;
			return state.finding;
		});
	return { gate, clock, state, enter };
}

t.test("a hundred first writers share one probe", async (t) => {
	const { state, enter } = gateOf();
	await Promise.all(Array.from({ length: 100 }, () => enter()));
	t.equal(state.probes, 1);
	await enter();
	t.equal(state.probes, 1, "and none comes after it");
	await enter("other");
	t.equal(state.probes, 2, "but for another bucket");
	await enter("b", "another");
	t.equal(state.probes, 3, "or a client, whose rights may differ");
});

t.test(
	"a failed probe is the failure of all who waited for it, and of none after it",
	async (t) => {
		const { state, enter } = gateOf();
		state.finding = denied;
		const all = await Promise.allSettled(
			Array.from({ length: 100 }, () => enter()),
		);
		t.ok(all.every(({ status }) => status === "rejected"));
		t.equal(state.probes, 1);
		state.finding = proven;
		await enter();
		t.equal(state.probes, 2);
	},
);

t.test(
	"from the second failure on there are waits, each twice the one before, up to a minute",
	async (t) => {
		for (const finding of [denied, refused]) {
			const { state, enter, clock } = gateOf();
			state.finding = finding;
			await t.rejects(enter(), {
				code: "unconfirmed",
				message: /next write asks/,
			});
			for (const seconds of [1, 2, 4, 8, 16, 32, 60, 60]) {
				const before = state.probes;
				await t.rejects(enter());
				t.equal(state.probes, before + 1, "a probe");
				clock.now += seconds * 1_000 - 1;
				await t.rejects(enter(), { message: /asked again in 1 s/ });
				t.equal(state.probes, before + 1, `nothing for ${seconds} s`);
				clock.now += 1;
			}
		}
	},
);

t.test(
	"a refused probe holds up the client that may not write it, and nobody else",
	async (t) => {
		const { state, enter } = gateOf();
		state.finding = refused;
		await t.rejects(enter("b", "reader"));
		await t.rejects(enter("b", "reader"));
		state.finding = proven;
		await enter("b", "writer");
		await t.rejects(enter("b", "reader"), { message: /it refused/ });
		t.equal(state.probes, 3);
	},
);

t.test(
	"a contradicted write closes the bucket to every client until a probe succeeds",
	async (t) => {
		const { gate, state, enter } = gateOf();
		const leave = await enter("b", "one");
		await enter("b", "two");
		await enter("other", "one");
		leave.close("of an object it said no encryption");
		t.strictSame(gate.troubles(), [
			"bucket b: of an object it said no encryption",
		]);
		state.finding = denied;
		await t.rejects(enter("b", "two"), { message: /it says no encryption/ });
		await enter("other", "one");
		t.equal(state.probes, 4);
	},
);

t.test(
	"writes that began before the bucket closed do not close it again",
	async (t) => {
		const { state, enter } = gateOf();
		const leaves = await Promise.all([enter(), enter(), enter()]);
		leaves[0]?.close("first");
		await enter();
		t.equal(state.probes, 2);
		leaves[1]?.close("second");
		await enter();
		t.equal(state.probes, 2, "the proof is newer than what they saw");
	},
);

t.test("a proof that was begun before the bucket closed is void", async (t) => {
	const gate = new Gate(() => 0);
	const leave = await gate.enter("b", "one", async () => proven);
	const slow = Promise.withResolvers<Finding>();
	let probes = 0;
	const entered = gate.enter("b", "two", () => {
		probes += 1;
		return probes === 1 ? slow.promise : Promise.resolve(proven);
	});
	leave.close("no encryption");
	slow.resolve(proven);
	await entered;
	t.equal(probes, 2);
});

t.test(
	"probes that pass while writes fail come ever more rarely; a confirmed write ends that",
	async (t) => {
		const { gate, state, enter, clock } = gateOf();
		for (const _ of [1, 2]) (await enter()).close("no encryption");
		await t.rejects(enter(), { message: /asked again in 1 s/ });
		clock.now += 1_000;
		const leave = await enter();
		t.equal(state.probes, 3);
		leave.confirmed();
		t.strictSame(gate.troubles(), []);
		leave.close("no encryption");
		await enter();
		t.equal(state.probes, 4, "the first failure again");
	},
);

t.test(
	"one client whose writes fail again and again holds up itself, and others for a probe each time",
	async (t) => {
		const { state, enter, clock } = gateOf();
		for (const _ of [1, 2, 3]) {
			(await enter("b", "old-upload")).close("no encryption");
			const before = state.probes;
			await enter("b", "other");
			t.equal(state.probes, before + 1, "the bucket was closed to it too");
			clock.now += 1_000;
		}
		await t.rejects(enter("b", "old-upload"), { message: /again in 1 s/ });
		await enter("b", "other");
		await enter("b", "another");
	},
);

t.test(
	"what a probe throws is thrown to all who wait, and is no failure of the store",
	async (t) => {
		const gate = new Gate(() => 0);
		const down = () => Promise.reject(new Error("unreachable"));
		await t.rejects(gate.enter("b", "app", down), { message: "unreachable" });
		await t.rejects(gate.enter("b", "app", down), { message: "unreachable" });
		await gate.enter("b", "app", async () => proven);
	},
);

t.test("a remark beside a proof is told", async (t) => {
	const gate = new Gate(() => 0);
	await gate.enter("b", "app", async () => ({
		outcome: "proven",
		remark: "the probe object stays",
	}));
	t.strictSame(gate.troubles(), ["bucket b: the probe object stays"]);
});

t.test(
	"a thousand buckets are remembered, the last used longest",
	async (t) => {
		const { state, enter } = gateOf();
		for (let index = 0; index < 1_000; index++) await enter(`b${index}`);
		await enter("b0");
		t.equal(state.probes, 1_000);
		await enter("one-more");
		await enter("b0");
		t.equal(state.probes, 1_001);
		await enter("b1");
		t.equal(state.probes, 1_002, "b1 was forgotten, and is proven again");
	},
);
