/** The admin port: probes, metrics and questions. It sees the gateway through a read-only view. */
import type { Server } from "node:http";
import { createServer } from "node:http";
import { getRequestListener } from "@hono/node-server";
import { Hono } from "hono";
import { SealgateError } from "../errors.ts";

export interface Readiness {
	readonly ready: boolean;
	readonly details: Readonly<Record<string, unknown>>;
}

export interface AdminView {
	ready(): Readiness | Promise<Readiness>;
	/** Redacted. */
	config(): unknown;
	/** @throws SealgateError for a question that names no S3 operation */
	explain(question: {
		method: string;
		target: string;
		client: string;
		headers: ReadonlyMap<string, string>;
	}): Promise<unknown>;
	/** @param accept what the scraper reads, as its header says */
	scrape(accept: string): Promise<{ contentType: string; body: string }>;
}

const methods = new Set(["GET", "HEAD", "PUT", "POST", "DELETE", "OPTIONS"]);

/** A server that is not listening yet. */
export function createAdmin(view: AdminView): Server {
	const app = new Hono();
	app.use(async (context, next) => {
		await next();
		context.header("cache-control", "no-store");
		context.header("x-content-type-options", "nosniff");
	});
	app.get("/livez", (context) => context.json({ live: true }));
	app.get("/readyz", async (context) => {
		const { ready, details } = await view.ready();
		return context.json({ ready, ...details }, ready ? 200 : 503);
	});
	app.get("/metrics", async (context) => {
		const { contentType, body } = await view.scrape(
			context.req.header("accept") ?? "",
		);
		return context.body(body, 200, { "content-type": contentType });
	});
	app.get("/config", (context) => context.json(view.config() as object));
	app.get("/explain", async (context) => {
		const { method = "GET", target, client = "" } = context.req.query();
		if (target === undefined || !methods.has(method)) {
			return context.json(
				{ error: "ask /explain?method=PUT&target=s3://bucket/key" },
				400,
			);
		}
		const headers = new Map(
			(context.req.queries("header") ?? []).map((header): [string, string] => {
				const colon = header.indexOf(":");
				return [
					header.slice(0, colon).trim().toLowerCase(),
					header.slice(colon + 1).trim(),
				];
			}),
		);
		try {
			return context.json(
				(await view.explain({ method, target, client, headers })) as object,
			);
		} catch (error) {
			if (!(error instanceof SealgateError)) throw error;
			return context.json({ error: error.message }, 400);
		}
	});
	app.notFound((context) => context.json({ error: "nothing is here" }, 404));
	return createServer(getRequestListener(app.fetch));
}
