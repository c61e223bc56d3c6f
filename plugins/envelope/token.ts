/** The UploadId that a client has of us, opened. */
import {
	DecryptionError,
	type Exchange,
	isToken,
	type OpenedToken,
	openToken,
	queryValue,
	readToken,
	type S3Request,
	SealgateError,
} from "../../src/index.ts";
import { mayOpen } from "./decrypt-list.ts";
import { boundName, contextOf, type Envelope } from "./settings.ts";

/** @throws SealgateError `upload-unknown` where it is the store's own id, forged, or of another object */
export async function openUpload(
	envelope: Envelope,
	{ operation }: S3Request,
	exchange: Exchange,
): Promise<OpenedToken> {
	const token = readToken(queryValue(operation.query, "uploadId") ?? "");
	const name = boundName(envelope, operation);
	if (!(await mayOpen(envelope, token.keyId, exchange))) throw unknownUpload();
	try {
		using wrapping = await envelope.keys.forOpening(
			token.keyId,
			token.wrappedKey,
			contextOf(name, token.objectScope),
			exchange,
		);
		return openToken(token, wrapping.key, name);
	} catch (error) {
		if (error instanceof DecryptionError) throw unknownUpload(error);
		throw error;
	}
}

export function unknownUpload(cause?: DecryptionError): SealgateError {
	return new SealgateError(
		"upload-unknown",
		"The specified multipart upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.",
		cause && { cause: new Error(`${cause.reason}: ${cause.detail}`) },
	);
}

/** The same for what needs no key of the upload: the store's own id is good enough. */
export async function storeUploadId(
	envelope: Envelope,
	request: S3Request,
	exchange: Exchange,
): Promise<string> {
	const given = queryValue(request.operation.query, "uploadId") ?? "";
	if (!isToken(given)) return given;
	const upload = await openUpload(envelope, request, exchange);
	upload.dataKey.fill(0);
	return upload.uploadId;
}

/** The request as the store knows the upload. */
export function withUploadId(request: S3Request, uploadId: string): S3Request {
	const { operation } = request;
	const query = operation.query.map(([name, value]): [string, string] => [
		name,
		name === "uploadId" ? uploadId : value,
	]);
	return { ...request, operation: { ...operation, query } };
}

/** 1 to 10,000. @throws SealgateError `argument-invalid` */
export function partNumberOf({ operation }: S3Request): number {
	const text = queryValue(operation.query, "partNumber") ?? "";
	const number = Number(text);
	if (/^\d{1,5}$/.test(text) && number >= 1 && number <= 10_000) return number;
	throw new SealgateError(
		"argument-invalid",
		"Part number must be an integer between 1 and 10000, inclusive",
		{ fields: { ArgumentName: "partNumber", ArgumentValue: text } },
	);
}
