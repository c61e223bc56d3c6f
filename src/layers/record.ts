/** What the audit log is told of a request: that it begins, before it touches a policy or key, and how it ended. */
import type { Audit } from "../audit/audit.ts";
import type { Exchange } from "../exchange.ts";
import { type Body, discard } from "../http/body.ts";
import type { Layer, S3Request } from "../pipeline.ts";
import { chooseRoute, type Route, routesOfBucket } from "../routes.ts";
import type { OperationName } from "../s3/operations.ts";
import { errorAnswer } from "./answer-errors.ts";
import { weakening } from "./choose.ts";

/** Operations that policies judge by other names too, or by the routes of other buckets. */
const judgedAsOthers = new Set<OperationName>([
	...weakening,
	"CopyObject",
	"UploadPartCopy",
	"RenameObject",
	"PostObject",
	"DeleteObjects",
]);

/** Before any policy sees the request: it touches one where a route of its bucket has a policy that is about it. */
export function recordBegin(
	audit: Audit | undefined,
	routes: readonly Route[],
): Layer {
	return (next) => async (request, exchange) => {
		const { name } = request.operation;
		const wide = judgedAsOthers.has(name);
		const concerned = wide ? routes : routesOf(routes, request, exchange);
		const listed = request.operation.key === undefined;
		const touched = concerned.some(({ policies }) =>
			policies.some(
				({ policy: { operations, entry } }) =>
					wide ||
					operations === "all" ||
					operations.includes(name) ||
					(listed && entry !== undefined),
			),
		);
		if (touched) await audit?.begin(exchange);
		return next(request, exchange);
	};
}

function routesOf(
	routes: readonly Route[],
	{ operation: { name: operation, bucket, key } }: S3Request,
	{ client }: Exchange,
): readonly Route[] {
	if (key === undefined) return routesOfBucket(routes, bucket);
	const subject = { operation, bucket, key, client: client?.name ?? "" };
	return [chooseRoute(routes, subject)];
}

/**
 * Holds an answer back until its record is durable, where that is required: all of it where it is in memory, else its
 * last byte, so that no client takes for whole what is not recorded.
 */
export function recordEnd<Request>(audit: Audit | undefined): Layer<Request> {
	if (audit?.required !== true) return (next) => next;
	return (next) => async (request, exchange) => {
		const response = await next(request, exchange);
		const { body, status } = response;
		const ended = (bytesOut: number, cut: boolean): Promise<void> => {
			const duration = Date.now() - exchange.started.getTime();
			const findings = { ...exchange.findings, bytesOut };
			const told = { ...exchange, findings };
			return audit.end({ exchange: told, status, cut, duration });
		};
		if (body !== undefined && body.content === undefined && body.length !== 0) {
			return { ...response, body: holdLast(body, ended) };
		}
		try {
			await ended(body?.length ?? 0, false);
			return response;
		} catch (error) {
			discard(body, "the answer is not recorded");
			return errorAnswer(error, exchange);
		}
	};
}

type Ended = (bytesOut: number, cut: boolean) => Promise<void>;

/** The body, whose last byte waits for the record. One of unknown length waits with its end. */
function holdLast(body: Body, ended: Ended): Body {
	return {
		length: body.length,
		start(receiver) {
			let seen = 0;
			let over = false;
			let last: Buffer | undefined;
			const cut = (): void => {
				if (over) return;
				over = true;
				// The answer fails in any case, and the loss is told to whoever counts lost records.
				void ended(seen, true).catch(() => {});
			};
			const flow = body.start({
				data(chunk, given) {
					seen += chunk.length;
					if (chunk.length === 0 || seen !== body.length) {
						return receiver.data(chunk, given);
					}
					last = Buffer.from(chunk.subarray(-1));
					return chunk.length === 1 || receiver.data(chunk.subarray(0, -1));
				},
				async end() {
					try {
						await ended(seen, false);
						if (over) return;
						over = true;
						if (last !== undefined) receiver.data(last);
						receiver.end();
					} catch (error) {
						if (over) return;
						over = true;
						receiver.fail(error as Error);
					}
				},
				fail(error) {
					cut();
					receiver.fail(error);
				},
			});
			return {
				resume: () => flow.resume(),
				stop(reason) {
					cut();
					flow.stop(reason);
				},
			};
		},
	};
}
