/** The outermost layer: sees every outcome, refusals too, and tells it once the answer has ended. */
import type { Exchange } from "../exchange.ts";
import { through } from "../http/body.ts";
import type { Layer, S3Response } from "../pipeline.ts";
import { noteFailure } from "./failure.ts";

/** One request, told when it is over. `cut`: the answer did not reach its end. */
export interface Outcome {
	readonly exchange: Exchange;
	readonly status: number;
	readonly cut: boolean;
	/** Milliseconds from the head of the request to the end of the answer. */
	readonly duration: number;
}

export type Observer = (outcome: Outcome) => void;

export function observe<Request>(
	observers: readonly Observer[],
): Layer<Request> {
	return (next) => async (request, exchange) => {
		const response = await next(request, exchange);
		let told = false;
		const tell = (cut: boolean): void => {
			if (told) return;
			told = true;
			const duration = Date.now() - exchange.started.getTime();
			endSpan(exchange, response.status, cut);
			for (const observer of observers) {
				observer({ exchange, status: response.status, cut, duration });
			}
		};
		return watched(response, exchange, tell);
	};
}

/** A refusal is no failure of the server. OpenTelemetry, semantic conventions for HTTP spans. */
function endSpan(
	{ span, findings, received, id }: Exchange,
	status: number,
	cut: boolean,
): void {
	const { operation = "_OTHER", route, bucket } = findings;
	const error = findings.error ?? findings.upstreamError;
	span.rename(`${received.method} ${operation}`);
	span.set({
		"http.request.method": received.method,
		"http.response.status_code": status,
		"http.route": operation,
		"url.scheme": received.secure ? "https" : "http",
		"client.address": received.remoteAddress,
		"aws.request_id": id,
		...(bucket === undefined ? {} : { "aws.s3.bucket": bucket }),
		...(route === undefined ? {} : { "sealgate.route": route }),
		...(error === undefined ? {} : { "error.type": error }),
	});
	const failed = cut || status >= 500;
	span.end(failed ? (error ?? (cut ? "cut" : String(status))) : undefined);
}

function watched(
	response: S3Response,
	exchange: Exchange,
	tell: (cut: boolean) => void,
): S3Response {
	const { body } = response;
	if (body === undefined) {
		tell(false);
		return response;
	}
	const counted = through(body, body.length, (to) => ({
		data(chunk, given) {
			exchange.findings.bytesOut += chunk.length;
			return to.data(chunk, given);
		},
		end() {
			to.end();
			tell(false);
		},
	}));
	return {
		...response,
		body: {
			length: body.length,
			start(receiver) {
				const flow = counted.start({
					data: (chunk, given) => receiver.data(chunk, given),
					end: () => receiver.end(),
					fail(error) {
						noteFailure(error, exchange.findings);
						tell(true);
						receiver.fail(error);
					},
				});
				return {
					resume: () => flow.resume(),
					stop(reason) {
						flow.stop(reason);
						tell(true);
					},
				};
			},
		},
	};
}
