/** Who does the work: the floors, and the gateway under each policy and mode. Each is started when a row first wants it. */
import { appKeys, type GatewaySetting, startGateway } from "./gateway.ts";
import { installed } from "./installed.ts";
import { startNginx } from "./nginx.ts";
import { freePort, type Running, start } from "./processes.ts";
import type { Target } from "./request.ts";
import { storeKeys } from "./store-keys.ts";
import { startSink, startStore } from "./stores.ts";

/** `keeping`: the same store, with connections that it keeps. */
export type Behind = "store" | "keeping" | "sink";

export interface Contender extends Running, Target {
	readonly name: string;
	/** Which of the objects it reads: those that lie plain, or sealed. */
	readonly view: "plain" | "sealed";
	/** httpxy drops connections whose kept connection to the store was closed, and says nothing. */
	readonly breaks: boolean;
	/** Whether its client sends a CRC32 trailer with each body. */
	readonly trailer: boolean;
}

const envelope = "{ envelope: { keys: main, keyId: alias/bench } }";

/** By name. Unless it says otherwise, a gateway verifies its client's signature over UNSIGNED-PAYLOAD. */
const gateways = {
	passthrough: { policies: "" },
	"passthrough, trusted": { policies: "", trusts: true },
	"sse-kms": { policies: "{ sse-kms: { mode: override, keyId: my-key } }" },
	envelope: { policies: envelope },
	"envelope, trusted": { policies: envelope, trusts: true },
	"envelope, signed chunks": { policies: envelope, integrity: "signed-chunks" },
} as const satisfies Record<string, Omit<GatewaySetting, "name">>;

/** The same process as another contender, with a client that sends a trailer. */
const withTrailer = {
	"passthrough, CRC32 trailer": "passthrough",
	"envelope, CRC32 trailer": "envelope",
} as const;

export type ContenderName =
	| "nginx"
	| "httpxy"
	| keyof typeof gateways
	| keyof typeof withTrailer;

export const floor: ContenderName = "nginx";

/** Those of the names that can be had on this machine. */
export function present(names: readonly ContenderName[]): ContenderName[] {
	return names.filter((name) => name !== "nginx" || installed.nginx);
}

const stores = new Map<Behind, Promise<Running>>();
const started = new Map<string, Promise<Running>>();

export function storeBehind(behind: Behind): Promise<Running> {
	const running =
		stores.get(behind) ??
		(behind === "sink" ? startSink() : startStore(behind === "keeping"));
	stores.set(behind, running);
	return running;
}

export async function contender(
	name: ContenderName,
	behind: Behind,
): Promise<Contender> {
	const trailer = name in withTrailer;
	const process = trailer
		? withTrailer[name as keyof typeof withTrailer]
		: name;
	const id = `${process} before ${behind}`;
	const running = started.get(id) ?? launch(process as ContenderName, behind);
	started.set(id, running);
	return {
		...(await running),
		name,
		credentials: credentialsOf(process as ContenderName),
		view: process.startsWith("envelope") ? "sealed" : "plain",
		trailer,
		breaks: name === "httpxy",
	};
}

/** The processes that were started, to read their memory. */
export function everyProcess(): Promise<Running[]> {
	return Promise.all(started.values());
}

/** Floors check nothing: the store behind them does. */
function credentialsOf(name: ContenderName): Target["credentials"] {
	if (name === "nginx" || name === "httpxy") return storeKeys;
	const setting: Omit<GatewaySetting, "name"> =
		gateways[name as keyof typeof gateways];
	return setting.trusts ? undefined : appKeys;
}

async function launch(name: ContenderName, behind: Behind): Promise<Running> {
	const store = await storeBehind(behind);
	if (name === "nginx") return startNginx(installed.nginx as string, store);
	if (name !== "httpxy") {
		const setting = gateways[name as keyof typeof gateways];
		return startGateway({ name, ...setting }, store);
	}
	const port = await freePort();
	const script = `${import.meta.dirname}/httpxy-server.ts`;
	const args = [script, `${port}`, store.address];
	return start(
		`httpxy before ${behind}`,
		globalThis.process.execPath,
		args,
		port,
	);
}
