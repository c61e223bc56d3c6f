/** The failures that only a store knows, in S3's words. https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html */

const table = {
	NoSuchBucket: [404, "The specified bucket does not exist"],
	NoSuchKey: [404, "The specified key does not exist."],
	NoSuchUpload: [
		404,
		"The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.",
	],
	BucketAlreadyOwnedByYou: [
		409,
		"Your previous request to create the named bucket succeeded and you already own it.",
	],
	BucketNotEmpty: [409, "The bucket you tried to delete is not empty"],
	AccessDenied: [403, "Access Denied"],
	NoSuchVersion: [404, "The specified version does not exist."],
	MethodNotAllowed: [
		405,
		"The specified method is not allowed against this resource.",
	],
	IllegalVersioningConfigurationException: [
		400,
		"The Versioning element must be specified",
	],
	"KMS.NotFoundException": [400, "The key does not exist"],
	"KMS.DisabledException": [400, "The key is disabled."],
	"KMS.KMSInvalidStateException": [400, "The key is pending deletion."],
	MalformedACLError: [
		400,
		"The XML you provided was not well-formed or did not validate against our published schema",
	],
	MissingSecurityHeader: [400, "Your request was missing a required header"],
	UnexpectedContent: [400, "This request does not support content"],
	InvalidPartNumber: [416, "The requested partnumber is not satisfiable"],
	ObjectLockConfigurationNotFoundError: [
		404,
		"Object Lock configuration does not exist for this bucket",
	],
	NoSuchObjectLockConfiguration: [
		404,
		"The specified object does not have a ObjectLock configuration",
	],
	InvalidBucketState: [
		409,
		"The request is not valid with the current state of the bucket.",
	],
	InvalidRange: [416, "The requested range is not satisfiable"],
	InvalidPart: [
		400,
		"One or more of the specified parts could not be found.  The part may not have been uploaded, or the specified entity tag may not match the part's entity tag.",
	],
	InvalidPartOrder: [
		400,
		"The list of parts was not in ascending order. Parts must be ordered by part number.",
	],
	EntityTooSmall: [
		400,
		"Your proposed upload is smaller than the minimum allowed size",
	],
	PreconditionFailed: [
		412,
		"At least one of the pre-conditions you specified did not hold",
	],
	InvalidEncryptionAlgorithmError: [
		400,
		"The Encryption request you specified is not valid. Supported value: AES256.",
	],
	MalformedPolicy: [
		400,
		"Policies must be valid JSON and the first byte must be '{'",
	],
	NoSuchCORSConfiguration: [404, "The CORS configuration does not exist"],
	NoSuchLifecycleConfiguration: [
		404,
		"The lifecycle configuration does not exist",
	],
	NoSuchBucketPolicy: [404, "The bucket policy does not exist"],
	NoSuchTagSet: [404, "The TagSet does not exist"],
	NoSuchWebsiteConfiguration: [
		404,
		"The specified bucket does not have a website configuration",
	],
	ReplicationConfigurationNotFoundError: [
		404,
		"The replication configuration was not found",
	],
	OwnershipControlsNotFoundError: [
		404,
		"The bucket ownership controls were not found",
	],
	NoSuchPublicAccessBlockConfiguration: [
		404,
		"The public access block configuration was not found",
	],
	BadDigest: [
		400,
		"The Content-MD5 you specified did not match what we received.",
	],
	InvalidRequest: [400, "Invalid Request"],
	BadRequest: [400, "Bad Request"],
	InvalidTag: [400, "The tag provided was not a valid tag."],
	MalformedXML: [
		400,
		"The XML you provided was not well-formed or did not validate against our published schema",
	],
	InvalidArgument: [400, "Invalid Argument"],
	NotImplemented: [
		501,
		"A header you provided implies functionality that is not implemented",
	],
} as const;

export type StoreErrorCode = keyof typeof table;

export class StoreError extends Error {
	override readonly name = "StoreError";
	readonly code: StoreErrorCode;
	readonly status: number;
	/** Elements of the error document. */
	readonly fields: Readonly<Record<string, string>>;
	/** Of the answer: what S3 says there of a delete marker, also to HEAD. */
	readonly headers: Readonly<Record<string, string>>;

	constructor(
		code: StoreErrorCode,
		fields: Readonly<Record<string, string>> = {},
		message: string = table[code][1],
		headers: Readonly<Record<string, string>> = {},
	) {
		super(message);
		this.code = code;
		this.status = table[code][0];
		this.fields = fields;
		this.headers = headers;
	}
}
