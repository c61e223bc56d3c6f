/** Sheds load before any work on a body, and refuses new work while the gateway drains. */
import { SealgateError } from "../errors.ts";
import type { Layer } from "../pipeline.ts";

export interface Load {
	/** Requests between their head and the end of their answer. */
	inFlight: number;
	draining: boolean;
}

export function limit<Request>(load: Load, most: number): Layer<Request> {
	return (next) => (request, exchange) => {
		if (load.draining) {
			throw new SealgateError(
				"draining",
				"The gateway is shutting down. Try again.",
			);
		}
		if (load.inFlight > most) {
			throw new SealgateError("overloaded", "Please reduce your request rate.");
		}
		return next(request, exchange);
	};
}
