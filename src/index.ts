/** The public API: all that a plugin needs, and nothing else. */
export { z } from "zod";
export { type ErrorCode, SealgateError } from "./errors.ts";
export {
	type Client,
	countEvent,
	type Decision,
	type Exchange,
	type Received,
	type Span,
} from "./exchange.ts";
export {
	type Body,
	bodyOf,
	type ClaimedChecksum,
	type Flow,
	type Receiver,
	readAll,
	type Stage,
	through,
} from "./http/body.ts";
export { type HeaderMap, withHeaders, withoutHeaders } from "./http/headers.ts";
export { answerMeanwhile } from "./layers/keep-alive.ts";
export type { S3Request, S3Response } from "./pipeline.ts";
export {
	definePlugin,
	type Effect,
	type Next,
	type Plugin,
	type Policy,
	type PolicyHost,
} from "./plugin.ts";
export {
	type CustomerKeyOf,
	customerKeyBytes,
	customerKeyHeaders,
	customerKeyNames,
	isCustomerKeyHeader,
	readCustomerKey,
	refuseBothEncryptions,
} from "./s3/customer-key.ts";
export { globMatches } from "./s3/glob.ts";
export { type Operation, type Query, queryValue } from "./s3/operation.ts";
export {
	type OperationName,
	operationNames,
	operationRow,
} from "./s3/operations.ts";
export {
	child,
	children,
	childText,
	element,
	parseXml,
	renderXml,
	type XmlElement,
} from "./s3/xml.ts";
