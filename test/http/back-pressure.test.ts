/** Bodies flow no faster than the other side takes them, both ways: what is on the way is bounded, whatever its size. */
import { createServer, type Server } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import t from "tap";
import { startTestGateway } from "../support/gateway.ts";

const mebibyte = 1024 ** 2;
const size = 256 * mebibyte;
/** Buffers of the kernel and of Node on both sides, with room to spare; far less than the body. */
const most = 64 * mebibyte;
const chunk = Buffer.alloc(mebibyte, 7);

async function start(
	t: { teardown(work: () => unknown): void },
	store: Server,
): Promise<Socket> {
	await new Promise<void>((resolve) => store.listen(0, "127.0.0.1", resolve));
	const { port } = store.address() as AddressInfo;
	const gateway = await startTestGateway(`
listen: 127.0.0.1:0
authentication: trust
upstreams: [{ name: store, endpoint: "http://127.0.0.1:${port}", credentials: { accessKeyId: UP, secretAccessKey: up-secret } }]
routes: [{ name: all, match: {}, upstream: store }]
limits: { drain: 1s }
`);
	const client = connect(Number(new URL(gateway.endpoint).port), "127.0.0.1");
	t.teardown(async () => {
		client.destroy();
		store.closeAllConnections();
		await gateway.close();
		store.close();
	});
	return client;
}

/** Writes until nothing more is taken for a while. @returns bytes taken */
async function writeUntilStuck(
	write: (done: () => void) => void,
): Promise<number> {
	let taken = 0;
	while (taken < size) {
		let timer: NodeJS.Timeout | undefined;
		const stuck = new Promise<boolean>((resolve) => {
			timer = setTimeout(() => resolve(true), 1_500);
		});
		const wrote = new Promise<boolean>((resolve) =>
			write(() => resolve(false)),
		);
		if (await Promise.race([wrote, stuck])) return taken;
		clearTimeout(timer);
		taken += chunk.length;
	}
	return taken;
}

t.test("an upload waits for a store that does not read", async (t) => {
	const store = createServer((request) => request.pause());
	const client = await start(t, store);
	client.write(
		`PUT /bucket/key HTTP/1.1\r\nhost: g\r\ncontent-length: ${size}\r\n\r\n`,
	);
	const taken = await writeUntilStuck((done) => client.write(chunk, done));
	t.ok(taken < most, `${taken} bytes were taken of ${size}`);
});

t.test("a download waits for a client that does not read", async (t) => {
	const { promise: taken, resolve } = Promise.withResolvers<number>();
	const store = createServer((_request, response) => {
		response.writeHead(200, { "content-length": size });
		resolve(writeUntilStuck((done) => response.write(chunk, () => done())));
	});
	const client = await start(t, store);
	client.pause();
	client.write("GET /bucket/key HTTP/1.1\r\nhost: g\r\n\r\n");
	const bytes = await taken;
	t.ok(bytes < most, `${bytes} bytes were taken of ${size}`);
});
