/** How an operation is served on an envelope route. */
import type {
	Exchange,
	Next,
	OperationName,
	S3Request,
	S3Response,
} from "../../src/index.ts";
import type { Envelope } from "./settings.ts";

export type Handle = (
	envelope: Envelope,
	request: S3Request,
	next: Next,
	exchange: Exchange,
) => Promise<S3Response>;

export type Handlers = Partial<Record<OperationName, Handle>>;
