/** The composition root: the whole way of a request is visible here. */
import { createAdmin } from "./admin/admin.ts";
import {
	type Audit,
	auditOf,
	openAuditLog,
	type WriterName,
} from "./audit/audit.ts";
import { knownClients } from "./clients.ts";
import type { Loaded } from "./config/load.ts";
import { redactConfig } from "./config/redact.ts";
import { createExchange, type Received } from "./exchange.ts";
import { explain, type Question } from "./explain.ts";
import { checkFixed } from "./fixed-settings.ts";
import type { GatewayState } from "./gateway-state.ts";
import { listen } from "./http/listen.ts";
import { mostConnections } from "./http/open-files.ts";
import { type Arrival, createListener } from "./http/server.ts";
import { renewIdentity } from "./http/tls.ts";
import type { CircuitObserver } from "./keys/circuit.ts";
import { type OpenKeys, openKeys } from "./keys/open-keys.ts";
import { answerErrors, errorAnswer } from "./layers/answer-errors.ts";
import { askCors } from "./layers/ask-cors.ts";
import { authenticate } from "./layers/authenticate.ts";
import { choose } from "./layers/choose.ts";
import { addCors } from "./layers/cors.ts";
import { forward, type Store } from "./layers/forward.ts";
import { forwardAsSent } from "./layers/forward-as-sent.ts";
import { Load, limit } from "./layers/limit.ts";
import { type Outcome, observe } from "./layers/observe.ts";
import { passThrough } from "./layers/pass-through.ts";
import { recognise } from "./layers/recognise.ts";
import { recordBegin, recordEnd } from "./layers/record.ts";
import { type Handler, pipeline } from "./pipeline.ts";
import { troublesOf } from "./route-troubles.ts";
import type { Route } from "./routes.ts";
import { closePolicies, setUpRoutes } from "./set-up-routes.ts";
import { storesOf } from "./stores.ts";
import type { Log } from "./telemetry/log.ts";
import type { Metrics } from "./telemetry/metrics.ts";
import type { MetricsSnapshot } from "./telemetry/snapshot.ts";
import type { Traces } from "./telemetry/traces.ts";

/** What one configuration makes. A reload makes another, and lets this one finish what it began. */
interface Generation {
	readonly loaded: Loaded;
	readonly routes: readonly Route[];
	readonly handle: Handler<Arrival>;
	readonly keys: OpenKeys;
	close(): Promise<void>;
}

/** A configuration that could come into force now. Either is called, once. */
export interface Prepared {
	take(): void;
	drop(): Promise<void>;
}

/** What one gateway does and its fellows do not. */
export interface Role {
	/** Name of its audit log. */
	readonly writer: WriterName;
	/** Whether it makes new versions of keys that are due. */
	readonly rotates: boolean;
}

const alone: Role = { writer: "gateway", rotates: true };

export interface Gateway {
	/** `host:port` or the path of the socket. */
	readonly address: string;
	readonly adminAddress: string | undefined;
	/** Takes the configuration that `load` gives into force; the addresses stay. @throws Error and changes nothing */
	reload(load: () => Promise<Loaded>): Promise<void>;
	/** Makes what `loaded` wants, and changes nothing yet. @throws Error where it cannot come into force */
	prepare(loaded: Loaded): Promise<Prepared>;
	state(): GatewayState;
	snapshot(): Promise<MetricsSnapshot>;
	/** The files of the keyrings in use. */
	keyFiles(): readonly string[];
	/** Looks at them again. One that cannot be trusted leaves what is in use in force, and is logged. */
	reloadKeys(): Promise<void>;
	/** Refuses new requests, waits for those in flight for the configured time, then closes. */
	close(): Promise<void>;
}

function compose(
	loaded: Loaded,
	routes: readonly Route[],
	stores: ReadonlyMap<string, Store>,
	load: Load,
	audit: Audit | undefined,
	tell: (outcome: Outcome) => void,
): Handler<Arrival> {
	const { config } = loaded;
	const inside =
		config.authentication === "passthrough"
			? pipeline(
					[
						passThrough(config.limits), // verifies nothing: the store does, by the client's own signature
						recordBegin(audit, routes), // before a policy or a key is touched
						choose(routes), // operation -> route -> its policies, which change nothing
					],
					forwardAsSent(stores, config.domains), // sends what came
				)
			: pipeline(
					[
						authenticate({
							mode: config.authentication,
							clients: knownClients(config.clients),
							sigv2: config.sigv2,
							region: config.region,
							fips: config.fips,
							objectBytes: config.limits.objectBytes,
							documentBytes: config.limits.documentBytes,
						}), // decides who asks, and how the body will be proven
						recordBegin(audit, routes), // before a policy or a key is touched
						choose(routes), // operation -> route -> its policies, in order
					],
					forward(stores), // signs exactly what leaves, and sends it
				);
	return pipeline<Arrival>(
		[
			observe([tell]), // outermost: sees every outcome, refusals too
			addCors(askCors(pipeline([choose(routes)], forward(stores)))), // so that scripts may read our refusals
			recordEnd(audit), // no success before its record is durable, where the configuration says so
			answerErrors(), // any throw further in becomes one S3 error document
			limit(load, config.limits), // before any work on a body
		],
		recognise(inside, config.domains, config.authentication === "passthrough"), // from here on there are operations, no URLs
	);
}

async function createGeneration(
	loaded: Loaded,
	load: Load,
	audit: Audit | undefined,
	tell: (outcome: Outcome) => void,
	observeKeys: (name: string) => CircuitObserver,
	before?: Generation,
): Promise<Generation> {
	const { config } = loaded;
	const stores = storesOf(loaded);
	const keys = await openKeys(
		loaded.keys,
		{ folder: loaded.folder, fips: config.fips },
		observeKeys,
		before?.keys,
	);
	const routes = await setUpRoutes(loaded, keys.of).catch(async (error) => {
		await keys.close();
		throw error;
	});
	return {
		loaded,
		routes,
		handle: compose(loaded, routes, stores, load, audit, tell),
		keys,
		async close() {
			// The pools close when their last request has ended: only then is no policy at work any more.
			await Promise.all(
				[...stores.values()].map((store) => store.upstream.close()),
			);
			await closePolicies(routes);
			await keys.close();
		},
	};
}

/** Milliseconds between two looks at the ages of keys. */
const rotationInterval = 3_600_000;

/** Starts a gateway that serves when the promise resolves. @throws Error where an address is taken */
export async function startGateway(
	first: Loaded,
	telemetry: {
		readonly log: Log;
		readonly metrics: (inFlight: () => number) => Metrics;
		readonly traces?: Traces;
	},
	role: Role = alone,
): Promise<Gateway> {
	const load = new Load();
	const metrics = telemetry.metrics(() => load.inFlight);
	const audit = await openAudit(
		first,
		role.writer,
		telemetry.log,
		metrics.auditLost,
	);
	const note = (outcome: Outcome): void => {
		metrics.request(outcome);
		telemetry.log.request(outcome);
	};
	const tell = (outcome: Outcome): void => {
		load.inFlight -= 1;
		load.leave(outcome.exchange.id);
		note(outcome);
		if (audit?.required === false) void audit.end(outcome);
	};
	const observeKeys = (keys: string): CircuitObserver => {
		const counted = metrics.keyProvider(keys);
		return {
			...counted,
			changed(breaker, outage) {
				counted.changed(breaker, outage);
				const level = breaker === "closed" ? "info" : "warn";
				const fields = { keys, breaker, outage };
				telemetry.log.event(level, "key provider", fields);
			},
		};
	};
	let current = await createGeneration(
		first,
		load,
		audit,
		tell,
		observeKeys,
	).catch(async (error) => {
		await audit?.close();
		throw error;
	});
	const keysFailed = (name: string, error: Error): void =>
		telemetry.log.event("error", "the keyring in use stays in force", {
			keys: name,
			reason: error.message,
		});
	const rotateDue = (): Promise<void> =>
		current.keys.rotateDue(
			new Date(),
			(keys, keyIds) => {
				telemetry.log.event("info", "keys rotated", { keys, keyIds });
				audit?.note({
					event: "command",
					version: 1,
					time: new Date().toISOString(),
					command: "keys rotate",
					user: "gateway",
					keys,
					keyIds,
					outcome: "success",
				});
			},
			(keys, error) =>
				telemetry.log.event("error", "keys are due but were not rotated", {
					keys,
					reason: error.message,
				}),
		);
	if (role.rotates) void rotateDue();
	const rotation = role.rotates
		? setInterval(rotateDue, rotationInterval).unref()
		: undefined;
	const respond = (arrival: Arrival) => {
		load.inFlight += 1;
		return current.handle(
			arrival,
			createExchange(
				arrival.received,
				arrival.signal,
				telemetry.traces?.request(arrival.received.method, arrival.headers),
			),
		);
	};
	const refuse = (error: unknown, received: Received) => {
		const exchange = createExchange(received, new AbortController().signal);
		const answer = errorAnswer(error, exchange);
		const outcome = {
			exchange,
			status: answer.status,
			cut: false,
			duration: 0,
		};
		note(outcome);
		void audit?.end(outcome).catch(() => {}); // refused already, and a lost record is counted
		return answer;
	};
	const limits = withinOpenFiles(first.config.limits, telemetry.log);
	const server = createListener(limits, respond, refuse, {
		identity: first.tls,
		trusted: first.config.trustedProxies,
		proxyProtocol: first.config.proxyProtocol,
		forwardedProto: first.config.forwardedProto,
	});
	const { socketMode } = first.config;
	const address = await listen(server, first.config.listen, socketMode).catch(
		async (error) => {
			await audit?.close();
			throw error;
		},
	);
	const state = (): GatewayState => ({
		draining: load.draining,
		troubles: troublesOf(current.routes),
		keys: current.keys.health(),
	});
	const admin =
		first.config.admin === undefined
			? undefined
			: createAdmin({
					ready: () => ({
						ready: !load.draining,
						details: { ...state() },
					}),
					config: () => redactConfig(current.loaded),
					explain: (question: Question) =>
						explain(
							current.routes,
							question,
							createExchange(
								{
									method: question.method,
									target: "",
									host: "",
									remoteAddress: "",
									secure: false,
								},
								new AbortController().signal,
							),
						),
					scrape(accept) {
						metrics.troubles(troublesOf(current.routes));
						return metrics.scrape(accept);
					},
				});
	const adminAddress =
		admin === undefined
			? undefined
			: await listen(admin, first.config.admin as string, socketMode).catch(
					async (error) => {
						server.close();
						await audit?.close();
						throw error;
					},
				);
	const shut = async (): Promise<void> => {
		load.draining = true;
		clearInterval(rotation);
		const closed = new Promise<void>((resolve) =>
			server.close(() => resolve()),
		);
		server.closeIdleConnections();
		const deadline = setTimeout(
			() => server.closeAllConnections(),
			current.loaded.config.limits.drain,
		);
		await closed;
		clearTimeout(deadline);
		admin?.closeAllConnections();
		admin?.close();
		await current.close();
		await audit?.close();
		await telemetry.traces?.close();
	};
	const prepare = async (loaded: Loaded): Promise<Prepared> => {
		checkFixed(first, loaded);
		const before = current;
		const next = await createGeneration(
			loaded,
			load,
			audit,
			tell,
			observeKeys,
			before,
		);
		return {
			take() {
				if (loaded.tls) renewIdentity(server, loaded.tls);
				current = next;
				void before.close().catch((error: Error) =>
					telemetry.log.event("error", "an old configuration did not close", {
						reason: error.message,
					}),
				);
			},
			drop: () => next.close(),
		};
	};
	let closing: Promise<void> | undefined;
	return {
		address,
		adminAddress,
		async reload(read) {
			try {
				(await prepare(await read())).take();
			} catch (error) {
				metrics.reload(false);
				throw error;
			}
			metrics.reload(true);
		},
		prepare,
		state,
		snapshot() {
			metrics.troubles(troublesOf(current.routes));
			return metrics.snapshot();
		},
		keyFiles: () => current.keys.files,
		reloadKeys: () => current.keys.reload(keysFailed),
		close: () => {
			closing ??= shut();
			return closing;
		},
	};
}

async function openAudit(
	loaded: Loaded,
	writer: WriterName,
	log: Log,
	lost: (records: number) => void,
): Promise<Audit | undefined> {
	const { audit } = loaded.config;
	const audited = await openAuditLog(audit, loaded.folder, writer);
	if (audited === undefined) return undefined;
	return auditOf(audited, audit?.required === true, (records, reason) => {
		lost(records);
		log.event("error", "audit records are lost", {
			records,
			reason: reason.message,
		});
	});
}

/** More connections than the system has files for would fail in the middle of requests. */
function withinOpenFiles<Limits extends { readonly connections: number }>(
	limits: Limits,
	log: Log,
): Limits {
	const connections = Math.min(limits.connections, mostConnections());
	if (connections < limits.connections) {
		log.event("warn", "fewer connections: the limit of open files is low", {
			configured: limits.connections,
			connections,
		});
	}
	return { ...limits, connections };
}
