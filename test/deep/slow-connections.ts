/** 2,000 slow clients for 60 s against a gateway with its default limits, and a healthy one beside them. */
import {
	mkdtempSync,
	readdirSync,
	readFileSync,
	readlinkSync,
	rmSync,
	writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
	GetObjectCommand,
	PutObjectCommand,
	S3Client,
} from "@aws-sdk/client-s3";
import {
	accessKeyId,
	configuration,
	secretAccessKey,
} from "../support/gateway.ts";
import { serve } from "../support/process.ts";
import {
	type SlowClient,
	type SlowKind,
	slowClient,
	slowKinds,
} from "../support/slow-clients.ts";
import { startTestStore } from "../support/store.ts";

export interface Check {
	readonly ok: boolean;
	readonly what: string;
}

export interface Section {
	readonly title: string;
	/** Markdown. */
	readonly text: string;
	readonly found: readonly Check[];
}

/** How many of each kind at once, and the seconds within which each must be closed. */
const mix: Readonly<Record<SlowKind, readonly [count: number, bound: number]>> =
	{
		"says nothing": [300, 15],
		"half a head": [300, 15],
		"a head in drops": [500, 15],
		"a refused body that stalls": [300, 30],
		"a refused body in drops": [150, 30],
		"a body that stalls": [60, 30],
		"a body in drops": [60, 30],
		"chunks in drops": [30, 30],
		"an answer that is not read": [50, 45],
		"idle after an answer": [250, 70],
	};
const total = Object.values(mix).reduce((sum, [count]) => sum + count, 0);
const seconds = 60;
const workers = 8;

function sockets(pid: number): number {
	const folder = `/proc/${pid}/fd`;
	return readdirSync(folder).filter((file) => {
		try {
			return readlinkSync(join(folder, file)).startsWith("socket:");
		} catch {
			return false;
		}
	}).length;
}

function memory(pid: number, field: "VmRSS" | "VmHWM"): number {
	const text = readFileSync(`/proc/${pid}/status`, "utf8");
	return Math.round(
		Number(new RegExp(`${field}:\\s+(\\d+)`).exec(text)?.[1]) / 1024,
	);
}

interface Healthy {
	readonly times: number[];
	readonly faults: string[];
}

/** Puts and gets in turn until told to stop; no retries. */
async function useIt(endpoint: string, going: () => boolean): Promise<Healthy> {
	const s3 = new S3Client({
		endpoint,
		region: "us-east-1",
		forcePathStyle: true,
		maxAttempts: 1,
		credentials: { accessKeyId, secretAccessKey },
	});
	const times: number[] = [];
	const faults: string[] = [];
	const work = async (worker: number): Promise<void> => {
		const name = { Bucket: "bucket", Key: `healthy-${worker}` };
		const Body = Buffer.alloc(16 << 10, worker);
		for (let turn = 0; going(); turn += 1) {
			const begun = performance.now();
			try {
				if (turn % 2 === 0)
					await s3.send(new PutObjectCommand({ ...name, Body }));
				else {
					const got = await s3.send(new GetObjectCommand(name));
					await got.Body?.transformToByteArray();
				}
				times.push(performance.now() - begun);
			} catch (error) {
				faults.push(String(error));
			}
			await new Promise((resolve) => setTimeout(resolve, 20));
		}
	};
	await Promise.all(
		Array.from({ length: workers }, (_, worker) => work(worker)),
	);
	s3.destroy();
	return { times, faults };
}

function percentile(times: readonly number[], part: number): string {
	const sorted = [...times].sort((a, b) => a - b);
	return (sorted[Math.floor(sorted.length * part)] ?? Number.NaN).toFixed(1);
}

/** Keeps the mix complete for the given time: who is closed is replaced. */
class Crowd {
	readonly longest = new Map<SlowKind, number>();
	readonly opened = new Map<SlowKind, number>();
	readonly #clients = new Set<SlowClient>();
	readonly #address: string;
	#going = true;

	constructor(address: string) {
		this.#address = address;
		for (const [kind, [count]] of Object.entries(mix)) {
			for (let index = 0; index < count; index += 1)
				this.#open(kind as SlowKind);
		}
	}

	get size(): number {
		return this.#clients.size;
	}

	#open(kind: SlowKind): void {
		const client = slowClient(this.#address, kind, 1_000);
		this.opened.set(kind, (this.opened.get(kind) ?? 0) + 1);
		this.#clients.add(client);
		void client.closed.then((life) => {
			this.#clients.delete(client);
			if (slowKinds[kind].reads) {
				this.longest.set(kind, Math.max(this.longest.get(kind) ?? 0, life));
			}
			if (this.#going) this.#open(kind);
		});
	}

	/** No more are opened; those that do not read are told what they missed once the bound has passed. */
	async end(): Promise<void> {
		this.#going = false;
		const bound = mix["an answer that is not read"][1] * 1_000;
		setTimeout(() => {
			for (const client of this.#clients)
				if (!slowKinds[client.kind].reads) client.read();
		}, bound);
		await Promise.all([...this.#clients].map((client) => client.closed));
	}
}

export async function slowConnections(): Promise<Section> {
	const folder = mkdtempSync(join(tmpdir(), "sealgate-deep-"));
	const large = Buffer.alloc(16 << 20);
	const kept = Buffer.alloc(16 << 10);
	const store = await startTestStore((request, response) => {
		// What it recorded is of no use here.
		store.requests.length = 0;
		response.end(request.target === "/bucket/large" ? large : kept);
	});
	const file = join(folder, "gateway.yaml");
	writeFileSync(file, configuration(store.endpoint).replace(/limits:.*/, ""));
	const gateway = serve(file);
	try {
		const { address = "" } = await gateway.until("listening");
		return await measure(address, gateway.child.pid as number, gateway.lines);
	} finally {
		gateway.child.kill("SIGKILL");
		await store.close();
		rmSync(folder, { recursive: true });
	}
}

async function measure(
	address: string,
	pid: number,
	lines: readonly Readonly<Record<string, unknown>>[],
): Promise<Section> {
	const baseline = sockets(pid);
	const endpoint = `http://${address}`;
	let alone = true;
	const before = useIt(endpoint, () => alone);
	await wait(10);
	alone = false;
	const quiet = await before;
	const calm = memory(pid, "VmRSS");
	const crowd = new Crowd(address);
	let beside = true;
	const during = useIt(endpoint, () => beside);
	let most = 0;
	const watch = setInterval(() => {
		most = Math.max(most, sockets(pid));
	}, 1_000);
	await wait(seconds);
	beside = false;
	const healthy = await during;
	clearInterval(watch);
	await crowd.end();
	// Idle connections to the store and of the healthy client are closed by their own time-outs.
	const left = await settled(pid, baseline);
	const unread = longestUnread(lines);
	crowd.longest.set("an answer that is not read", unread);
	return report({
		crowd,
		quiet,
		healthy,
		most,
		baseline,
		left,
		calm,
		peak: memory(pid, "VmHWM"),
	});
}

/** Milliseconds from the head of a large GET to where the gateway gave it up. */
function longestUnread(
	lines: readonly Readonly<Record<string, unknown>>[],
): number {
	return Math.max(
		...lines
			.filter(({ key, msg }) => msg === "request" && key === "large")
			.map(({ durationMs }) => Number(durationMs)),
	);
}

const wait = (time: number): Promise<void> =>
	new Promise((resolve) => setTimeout(resolve, time * 1_000));

/** Waits, for 90 s at most, until no more sockets are open than before. */
async function settled(pid: number, baseline: number): Promise<number> {
	for (let waited = 0; waited < 90 && sockets(pid) > baseline; waited += 1)
		await wait(1);
	return sockets(pid) - baseline;
}

interface Found {
	readonly crowd: Crowd;
	readonly quiet: Healthy;
	readonly healthy: Healthy;
	/** Sockets of the gateway. */
	readonly most: number;
	readonly baseline: number;
	readonly left: number;
	/** Resident memory in MiB. */
	readonly calm: number;
	readonly peak: number;
}

function report({
	crowd,
	quiet,
	healthy,
	most,
	baseline,
	left,
	calm,
	peak,
}: Found): Section {
	const asked = healthy.times.length + healthy.faults.length;
	const success = healthy.times.length / asked;
	const found: Check[] = [
		{
			ok: success >= 0.999,
			what: `the healthy client had ${(success * 100).toFixed(3)} % success (at least 99.9 %)`,
		},
		{
			ok: most >= total * 0.9,
			what: `up to ${most} sockets of the gateway were open`,
		},
		{ ok: left <= 0, what: `${left} sockets were left` },
	];
	const rows = Object.entries(mix).map(([kind, [count, bound]]) => {
		const life =
			(crowd.longest.get(kind as SlowKind) ?? Number.POSITIVE_INFINITY) / 1_000;
		found.push({
			ok: life <= bound,
			what: `${kind}: closed after ${life.toFixed(1)} s at most (bound ${bound} s)`,
		});
		return `| ${kind} | ${count} | ${crowd.opened.get(kind as SlowKind)} | ${life.toFixed(1)} s | ${bound} s |`;
	});
	const faults = [...new Set(healthy.faults)]
		.slice(0, 5)
		.map((fault) => `\n- ${fault}`);
	const text = `${total} slow clients at once for ${seconds} s; one that is closed is replaced. Default limits, SigV4 verified. Beside them ${workers} workers of the AWS SDK put and get 16 KiB in turn, without retries.

| Kind | At once | Opened | Longest life | Bound |
|---|---|---|---|---|
${rows.join("\n")}

| | |
|---|---|
| Healthy requests | ${asked}, ${healthy.faults.length} failed: ${(success * 100).toFixed(3)} % success |
| Their time, p50 and p99 | ${percentile(healthy.times, 0.5)} and ${percentile(healthy.times, 0.99)} ms; alone before: ${percentile(quiet.times, 0.5)} and ${percentile(quiet.times, 0.99)} ms |
| Sockets of the gateway | ${baseline} before, ${most} at most, ${baseline + left} after |
| Resident memory | ${calm} MiB before, ${peak} MiB at most |${faults.join("")}

Slow uploads and downloads under a known key hold a connection to the store each: more of them than \`upstreams[].connections\` (256 by default) would make others wait. Those of strangers are refused before that.`;
	return { title: "Slow connections", text, found };
}
