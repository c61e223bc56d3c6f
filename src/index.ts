/** The public API: all that a plugin needs, and nothing else. */
export { z } from "zod";
export { bounded } from "./bounded.ts";
export { size } from "./config/quantities.ts";
export {
	type PartTable,
	partAssociatedData,
} from "./crypto/associated-data.ts";
export { metadataHash, requireMetadata } from "./crypto/bound-metadata.ts";
export { DecryptionError } from "./crypto/decryption-error.ts";
export { type Format, formats } from "./crypto/formats.ts";
export {
	derivedPlaintext,
	type ObjectSpan,
	objectSpan,
	terminatorPadding,
} from "./crypto/object-arithmetic.ts";
export { type Attestor, partEtag, readPartEtag } from "./crypto/part-etag.ts";
export { recoverParts } from "./crypto/part-recovery.ts";
export type { ObjectRecord } from "./crypto/record.ts";
export {
	isOwnMetadata,
	readRecordHeader,
	recordHeader,
	recordHeaderValue,
} from "./crypto/record-header.ts";
export {
	type ObjectName,
	type OpenedRecord,
	openRecord,
	type RecordFacts,
	sealRecord,
} from "./crypto/record-seal.ts";
export {
	type ContentCipher,
	newS3ecRecord,
	openS3ecRecord,
} from "./crypto/s3ec/content-key.ts";
export {
	type EncryptionContext,
	mostS3ecPlaintext,
	requireS3ecContext,
	type S3ecFormat,
	s3ecCiphertextLength,
	s3ecContext,
	s3ecPlaintextLength,
} from "./crypto/s3ec/format.ts";
export {
	isS3ecMetadata,
	joinInstruction,
	type S3ecMarks,
	s3ecMarks,
} from "./crypto/s3ec/marks.ts";
export {
	readS3ecFields,
	type S3ecRecord,
	writeS3ecFields,
} from "./crypto/s3ec/metadata.ts";
export { parsePairs } from "./crypto/s3ec/pairs.ts";
export {
	openProven,
	type Proof,
	piecesOf,
	proveWhole,
} from "./crypto/s3ec/two-passes.ts";
export { openWhole, sealWhole } from "./crypto/s3ec/whole-stream.ts";
export type { SealedMetadata } from "./crypto/sealed-metadata.ts";
export { secretKey } from "./crypto/secret-key.ts";
export {
	ciphertextLength,
	plaintextLength,
	spanOf,
} from "./crypto/stream-arithmetic.ts";
export { newStreamHeader } from "./crypto/stream-key.ts";
export { openStreams } from "./crypto/stream-opener.ts";
export { sealStream } from "./crypto/stream-sealer.ts";
export { openTerminator, sealTerminator } from "./crypto/terminator.ts";
export {
	isToken,
	type OpenedToken,
	openToken,
	readToken,
	sealToken,
} from "./crypto/upload-token.ts";
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
	discard,
	type Flow,
	type Receiver,
	readAll,
	type Stage,
	through,
} from "./http/body.ts";
export { type HeaderMap, withHeaders, withoutHeaders } from "./http/headers.ts";
export {
	encodeContext,
	type KeyContext,
	wrappingContext,
} from "./keys/context.ts";
export type { KeyAccess } from "./keys/key-access.ts";
export type {
	GeneratedKey,
	KeyDescription,
	KeyProvider,
	KeyState,
} from "./keys/provider.ts";
export {
	defineKeyProvider,
	type KeyProviderHost,
	type KeyProviderPlugin,
} from "./keys/provider-plugin.ts";
export { KeysUnavailable, type Outage } from "./keys/unavailable.ts";
export { copyAcross } from "./layers/copy-across.ts";
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
	type CopySource,
	parseCopySource,
	renderCopySource,
	replaces,
} from "./s3/copy-source.ts";
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
export { parseRange } from "./s3/range.ts";
export {
	child,
	children,
	childText,
	element,
	parseXml,
	renderXml,
	type XmlElement,
} from "./s3/xml.ts";
export { consuming } from "./spent.ts";
