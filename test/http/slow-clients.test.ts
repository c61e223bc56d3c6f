/** A hundred slow clients at once; `npm run test:deep` does it with 2,000 and the default limits. */
import t from "tap";
import { configuration, startTestGateway } from "../support/gateway.ts";
import { RawConnection } from "../support/raw-http.ts";
import { signRaw } from "../support/raw-s3.ts";
import {
	type SlowKind,
	slowClient,
	slowKinds,
} from "../support/slow-clients.ts";
import { startTestStore } from "../support/store.ts";

const kinds = Object.keys(slowKinds) as SlowKind[];

t.test(
	"slow clients of each kind are closed, and a healthy one does not notice",
	async (t) => {
		const large = Buffer.alloc(16 << 20);
		const store = await startTestStore((request, response) =>
			response.end(request.target === "/bucket/large" ? large : "small"),
		);
		t.teardown(() => store.close());
		const gateway = await startTestGateway(
			configuration(store.endpoint).replace(
				"drain: 1s",
				"drain: 1h, headerTime: 500ms, bodyGrace: 500ms, keepAlive: 500ms",
			),
		);
		const slow = Array.from({ length: 100 }, (_, index) =>
			slowClient(gateway.address, kinds[index % kinds.length] as SlowKind, 50),
		);
		t.teardown(() => {
			for (const client of slow) client.destroy();
		});
		const reading = slow.filter(({ kind }) => slowKinds[kind].reads);
		let open = reading.length;
		const closed = reading.map((client) =>
			client.closed.then(() => {
				open -= 1;
			}),
		);
		let asked = 0;
		while (open > 0) {
			const healthy = new RawConnection(gateway.address);
			const { bytes } = signRaw({ method: "GET", target: "/bucket/small" });
			healthy.write(bytes);
			const answer = await healthy.answer();
			if (answer?.status !== 200)
				t.match(answer, { status: 200, body: "small" });
			healthy.destroy();
			asked += 1;
		}
		await Promise.all(closed);
		t.ok(asked > 0, `${asked} healthy requests`);
		// Nobody is waited for, though it may take an hour: also those that do not read are gone.
		await gateway.close();
		const unread = slow.filter(({ kind }) => !slowKinds[kind].reads);
		for (const client of unread) client.read();
		await Promise.all(unread.map((client) => client.closed));
		t.notOk(
			store.requests.some(
				({ method, complete }) => method === "PUT" && complete,
			),
			"no slow upload was published",
		);
	},
);
