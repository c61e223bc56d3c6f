/** Traces over OTLP: one server span for each request, and what hangs below it. No OpenTelemetry type leaves this file. */
import {
	type Context,
	createTraceState,
	type Span as OpenSpan,
	ROOT_CONTEXT,
	SpanKind,
	SpanStatusCode,
	type Tracer,
	trace,
} from "@opentelemetry/api";
import { parseTraceParent, setGlobalErrorHandler } from "@opentelemetry/core";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { resourceFromAttributes } from "@opentelemetry/resources";
import {
	BatchSpanProcessor,
	ParentBasedSampler,
	TraceIdRatioBasedSampler,
	TracerProvider,
} from "@opentelemetry/sdk-trace";
import { SealgateError } from "../errors.ts";
import type { Span } from "../exchange.ts";
import type { HeaderMap } from "../http/headers.ts";
import type { Log } from "./log.ts";

export interface TracesOptions {
	/** Base of an OTLP/HTTP receiver: `/v1/traces` is appended, as OTEL_EXPORTER_OTLP_ENDPOINT has it. */
	readonly endpoint: string;
	/** 0 to 1. */
	readonly sampleRatio: number;
}

export interface Traces {
	/** The server span of a request; a child of the span that `traceparent` names. W3C Trace Context. */
	request(method: string, headers: HeaderMap): Span;
	/** Sends what is left, for a limited time. */
	close(): Promise<void>;
}

/** Milliseconds for a batch to be sent, also the last one. */
const sendTime = 5_000;
/** Milliseconds between two log lines about a receiver that does not answer. */
const complaint = 60_000;

export function createTraces(
	options: TracesOptions,
	version: string,
	log: Log,
): Traces {
	// A client may ask for less than the ratio, by a parent that is not sampled; never for more.
	const ratio = new TraceIdRatioBasedSampler(options.sampleRatio);
	const provider = new TracerProvider({
		resource: resourceFromAttributes({
			"service.name": process.env.OTEL_SERVICE_NAME ?? "sealgate",
			"service.version": version,
		}),
		sampler: new ParentBasedSampler({
			root: ratio,
			remoteParentSampled: ratio,
		}),
		spanProcessors: [
			new BatchSpanProcessor({
				exporter: new OTLPTraceExporter({
					url: `${options.endpoint.replace(/\/$/, "")}/v1/traces`,
					timeoutMillis: sendTime,
				}),
				exportTimeoutMillis: sendTime,
			}),
		],
	});
	let told = Number.NEGATIVE_INFINITY;
	setGlobalErrorHandler((error) => {
		if (Date.now() - told < complaint) return;
		told = Date.now();
		const reason = error instanceof Error ? error.message : String(error);
		log.event("warn", "traces are lost", { reason });
	});
	const tracer = provider.getTracer("sealgate", version);
	return {
		request(method, headers) {
			const parent = parentOf(headers);
			const span = tracer.startSpan(method, { kind: SpanKind.SERVER }, parent);
			return wrap(tracer, span);
		},
		async close() {
			await provider
				.shutdown()
				.catch((error: Error) =>
					log.event("warn", "traces are lost", { reason: error.message }),
				);
		},
	};
}

function parentOf(headers: HeaderMap): Context {
	const parent = parseTraceParent(headers.get("traceparent") ?? "");
	if (parent === null) return ROOT_CONTEXT;
	const state = headers.get("tracestate");
	return trace.setSpanContext(ROOT_CONTEXT, {
		...parent,
		isRemote: true,
		...(state === undefined ? {} : { traceState: createTraceState(state) }),
	});
}

function wrap(tracer: Tracer, span: OpenSpan): Span {
	const { traceId, spanId, traceFlags } = span.spanContext();
	const flags = traceFlags.toString(16).padStart(2, "0");
	return {
		child(name, attributes = {}, kind = "internal") {
			const child = tracer.startSpan(
				name,
				{
					attributes,
					kind: kind === "client" ? SpanKind.CLIENT : SpanKind.INTERNAL,
				},
				trace.setSpan(ROOT_CONTEXT, span),
			);
			return wrap(tracer, child);
		},
		rename: (name) => void span.updateName(name),
		set: (attributes) => void span.setAttributes(attributes),
		end(error) {
			if (error !== undefined) {
				span.setAttribute("error.type", errorType(error));
				span.setStatus({ code: SpanStatusCode.ERROR });
			}
			span.end();
		},
		traceparent: `00-${traceId}-${spanId}-${flags}`,
	};
}

/** A code and never a message: messages name objects. */
function errorType(error: unknown): string {
	if (typeof error === "string") return error;
	if (error instanceof SealgateError) return error.code;
	return error instanceof Error ? error.name : "unknown";
}
