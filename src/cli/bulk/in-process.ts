/** The gateway's own pipeline without its listener: what a run asks is recorded, routed and judged as a client's request is. */
import { mkdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { type Audit, auditOf, openAuditLog } from "../../audit/audit.ts";
import type { Ask } from "../../bulk/ask.ts";
import type { Loaded } from "../../config/load.ts";
import { createExchange, type Exchange } from "../../exchange.ts";
import type { CircuitObserver } from "../../keys/circuit.ts";
import { withFileLock } from "../../keys/file-lock.ts";
import { type OpenKeys, openKeys } from "../../keys/open-keys.ts";
import { errorAnswer } from "../../layers/answer-errors.ts";
import { choose } from "../../layers/choose.ts";
import { forward } from "../../layers/forward.ts";
import { observe } from "../../layers/observe.ts";
import { recordBegin, recordEnd } from "../../layers/record.ts";
import { type Layer, pipeline, type S3Request } from "../../pipeline.ts";
import type { Route } from "../../routes.ts";
import { parseCopySource } from "../../s3/copy-source.ts";
import { closePolicies, setUpRoutes } from "../../set-up-routes.ts";
import { userName } from "../command-record.ts";
import { local, type StoreAccess } from "./store-access.ts";

export interface InProcess {
	readonly keys: OpenKeys;
	/** Under the policies of `loaded`, which may be changed for the run. */
	under(loaded: Loaded, atStore?: Layer): Promise<Ask>;
	exchange(): Exchange;
}

export interface Operator {
	/** `rewrap` or `encrypt`: the audit log names the command, and who ran it. */
	readonly command: string;
	readonly client: string;
	/** Of the audit log: each share has a log of its own. */
	readonly share: number;
}

const unobserved: CircuitObserver = { tried() {}, heldBack() {}, changed() {} };

/** @throws Error where keys do not open, or the audit log takes no record */
export async function withPipeline<T>(
	loaded: Loaded,
	store: StoreAccess,
	operator: Operator,
	act: (pipeline: InProcess) => Promise<T>,
): Promise<T> {
	return await withAudit(loaded, operator.share, async (audit) => {
		const { fips } = loaded.config;
		const place = { folder: loaded.folder, fips };
		const keys = await openKeys(loaded.keys, place, () => unobserved);
		const opened: Route[][] = [];
		try {
			return await act({
				keys,
				exchange: () => exchangeOf("GET", operator),
				async under(changed, atStore = (next) => next) {
					const routes = await setUpRoutes(changed, keys.of);
					opened.push(routes);
					return composed(routes, store, audit, operator, atStore);
				},
			});
		} finally {
			for (const routes of opened) await closePolicies(routes);
			await keys.close();
		}
	});
}

function composed(
	routes: readonly Route[],
	store: StoreAccess,
	audit: Audit | undefined,
	operator: Operator,
	atStore: Layer,
): Ask {
	const failures = new WeakMap<Exchange["findings"], unknown>();
	/** As answerErrors does; the run is told of the error itself. */
	const keepErrors: Layer = (next) => async (request, exchange) => {
		try {
			return await next(request, exchange);
		} catch (error) {
			failures.set(exchange.findings, error);
			return errorAnswer(error, exchange);
		}
	};
	const handle = pipeline<S3Request>(
		[
			observe([
				(outcome) => {
					if (audit?.required === false) void audit.end(outcome);
				},
			]),
			recordEnd(audit),
			keepErrors,
			recordBegin(audit, routes),
			choose(routes),
			atStore, // sees what would leave
		],
		forward(store.stores),
	);
	return async (request) => {
		const exchange = exchangeOf(request.operation.method, operator, request);
		const response = await handle(request, exchange);
		if (failures.has(exchange.findings)) throw failures.get(exchange.findings);
		return response;
	};
}

function exchangeOf(
	method: string,
	{ command, client }: Operator,
	request?: S3Request,
): Exchange {
	const { signal } = new AbortController();
	const exchange = createExchange(local(method), signal);
	const { findings } = exchange;
	findings.client = `sealgate ${command} by ${userName()}`;
	if (request !== undefined) {
		const { name, bucket, key } = request.operation;
		findings.operation = name;
		if (bucket !== undefined) findings.bucket = bucket;
		if (key !== undefined) findings.key = key;
		const source = request.headers.get("x-amz-copy-source");
		if (source !== undefined) findings.sourceKey = parseCopySource(source).key;
	}
	const accessKeyId = undefined;
	return { ...exchange, client: { name: client, accessKeyId, limits: {} } };
}

/** A log of its own beside the gateway's, one writer at a time. */
async function withAudit<T>(
	loaded: Loaded,
	share: number,
	act: (audit: Audit | undefined) => Promise<T>,
): Promise<T> {
	const { audit: settings } = loaded.config;
	if (settings === undefined) {
		console.error("not recorded anywhere: the configuration has no audit");
		return await act(undefined);
	}
	const folder = loaded.folder;
	const place = resolve(folder, settings.sinks[0]?.file ?? "");
	await mkdir(place, { recursive: true, mode: 0o700 });
	const writer = `bulk-${share}` as const;
	return await withFileLock(join(place, writer), async () => {
		const log = await openAuditLog(settings, folder, writer);
		const audit =
			log &&
			auditOf(log, settings.required, (records, reason) =>
				console.error(`${records} audit records are lost: ${reason.message}`),
			);
		try {
			return await act(audit);
		} finally {
			await audit?.close();
		}
	});
}
