/**
 * Every failure that leaves Sealgate has a stable code in this one table: the S3 code and HTTP status that the client
 * sees, whose fault it is, and whether asking again can help. Match on `code`; messages may change.
 */

export type Fault = "client" | "policy" | "gateway" | "upstream";

interface Kind {
	/** `<Code>` of the S3 error document. */
	readonly s3: string;
	/** HTTP status. */
	readonly status: number;
	readonly fault: Fault;
	/** Whether the same request may succeed later without a change. */
	readonly retry: boolean;
}

const client = (s3: string, status: number): Kind => ({
	s3,
	status,
	fault: "client",
	retry: false,
});

const policy = (s3: string, status: number): Kind => ({
	s3,
	status,
	fault: "policy",
	retry: false,
});

const keyring: Kind = {
	s3: "InternalError",
	status: 500,
	fault: "gateway",
	retry: false,
};

export const errorKinds = {
	// The head of the request
	"uri-malformed": client("InvalidURI", 400),
	"bucket-name-invalid": client("InvalidBucketName", 400),
	"key-too-long": client("KeyTooLongError", 400),
	"argument-invalid": client("InvalidArgument", 400),
	"request-invalid": client("InvalidRequest", 400),
	"header-missing": client("MissingSecurityHeader", 400),
	"encryption-algorithm-invalid": client(
		"InvalidEncryptionAlgorithmError",
		400,
	),
	"metadata-too-large": client("MetadataTooLarge", 400),
	"headers-too-large": client("RequestHeaderSectionTooLarge", 400),
	"method-not-allowed": client("MethodNotAllowed", 405),
	"not-implemented": client("NotImplemented", 501),
	"http-malformed": client("BadRequest", 400),
	"head-too-slow": client("RequestTimeout", 400),
	"expectation-unknown": client("ExpectationFailed", 417),

	// Who asks
	"access-denied": client("AccessDenied", 403),
	"key-unknown": client("InvalidAccessKeyId", 403),
	"token-invalid": client("InvalidToken", 400),
	"signature-mismatch": client("SignatureDoesNotMatch", 403),
	"clock-skewed": client("RequestTimeTooSkewed", 403),
	"authorization-malformed": client("AuthorizationHeaderMalformed", 400),
	"authorization-query-malformed": client(
		"AuthorizationQueryParametersError",
		400,
	),

	// The body
	"length-missing": client("MissingContentLength", 411),
	"body-incomplete": client("IncompleteBody", 400),
	"body-too-slow": client("RequestTimeout", 400),
	"body-unexpected": client("UnexpectedContent", 400),
	"range-unsatisfiable": client("InvalidRange", 416),
	"part-unsatisfiable": client("InvalidPartNumber", 416),
	"object-too-large": client("EntityTooLarge", 400),
	"document-too-large": client("MaxMessageLengthExceeded", 400),
	"xml-malformed": client("MalformedXML", 400),
	"digest-malformed": client("InvalidDigest", 400),
	"digest-mismatch": client("BadDigest", 400),
	"sha256-mismatch": client("XAmzContentSHA256Mismatch", 400),
	"trailer-malformed": client("MalformedTrailerError", 400),
	"chunk-size-invalid": client("InvalidChunkSizeError", 400),
	"object-too-small": client("EntityTooSmall", 400),

	// A form
	"form-malformed": client("MalformedPOSTRequest", 400),
	"form-fields-too-large": client("MaxPostPreDataLengthExceeded", 400),
	"policy-document-invalid": client("InvalidPolicyDocument", 400),

	// What the owner of the data decided
	"policy-refused": {
		s3: "AccessDenied",
		status: 403,
		fault: "policy",
		retry: false,
	},
	"policy-unsupported": {
		s3: "NotImplemented",
		status: 501,
		fault: "policy",
		retry: false,
	},

	// Envelope encryption
	// One answer for every cause, so that nobody learns from it; DecryptionError keeps the reason for log and audit.
	"decryption-failed": {
		s3: "DecryptionFailed",
		status: 403,
		fault: "upstream",
		retry: false,
	},
	"upload-unknown": client("NoSuchUpload", 404),
	"part-invalid": client("InvalidPart", 400),
	"part-order-invalid": client("InvalidPartOrder", 400),
	"part-too-small": client("EntityTooSmall", 400),

	// Keys: S3's own codes for a KMS key that cannot be used
	"key-denied": policy("AccessDenied", 403),
	"key-not-found": policy("KMS.NotFoundException", 400),
	"key-disabled": policy("KMS.DisabledException", 400),
	"key-pending-deletion": policy("KMS.KMSInvalidStateException", 400),
	// Another state, or another kind of key, than one that wraps keys
	"key-unusable": policy("KMS.KMSInvalidStateException", 400),
	"keys-unavailable": {
		s3: "SlowDown",
		status: 503,
		fault: "gateway",
		retry: true,
	},
	// The embedded keyring: met by commands and at boot
	"keyring-missing": keyring,
	"keyring-exists": keyring,
	"keyring-untrusted": keyring,
	"keyring-damaged": keyring,
	"keyring-secret-wrong": keyring,
	"keyring-busy": keyring,

	// The store
	"bucket-missing": client("NoSuchBucket", 404),
	// SDKs try most other statuses again, and would write once more what is not encrypted.
	unconfirmed: {
		s3: "AccessDenied",
		status: 403,
		fault: "upstream",
		retry: false,
	},
	"precondition-failed": client("PreconditionFailed", 412),
	"upstream-unreachable": {
		s3: "ServiceUnavailable",
		status: 503,
		fault: "upstream",
		retry: true,
	},
	"upstream-timeout": {
		s3: "GatewayTimeout",
		status: 504,
		fault: "upstream",
		retry: true,
	},
	"upstream-broken": {
		s3: "BadGateway",
		status: 502,
		fault: "upstream",
		retry: true,
	},
	"upstream-misconfigured": {
		s3: "BadGateway",
		status: 502,
		fault: "gateway",
		retry: false,
	},

	// Ourselves
	overloaded: { s3: "SlowDown", status: 503, fault: "gateway", retry: true },
	draining: {
		s3: "ServiceUnavailable",
		status: 503,
		fault: "gateway",
		retry: true,
	},
	// Nothing is done that cannot be recorded, where the configuration says so.
	"audit-unavailable": {
		s3: "ServiceUnavailable",
		status: 503,
		fault: "gateway",
		retry: true,
	},
	"credentials-unavailable": {
		s3: "ServiceUnavailable",
		status: 503,
		fault: "gateway",
		retry: true,
	},
	internal: {
		s3: "InternalError",
		status: 500,
		fault: "gateway",
		retry: true,
	},
} as const satisfies Record<string, Kind>;

export type ErrorCode = keyof typeof errorKinds;

/** Elements of the S3 error document beside Code, Message, Resource and RequestId, in order. */
export type ErrorFields = Readonly<Record<string, string>>;

/** A failure with a stable code. `message` goes to the client: it says what happened, to what, and what to do. */
export class SealgateError extends Error {
	override readonly name = "SealgateError";
	readonly code: ErrorCode;
	readonly fields: ErrorFields;

	constructor(
		code: ErrorCode,
		message: string,
		options: { readonly fields?: ErrorFields; readonly cause?: unknown } = {},
	) {
		super(message, options.cause === undefined ? {} : { cause: options.cause });
		this.code = code;
		this.fields = options.fields ?? {};
	}

	get kind(): Kind {
		return errorKinds[this.code];
	}
}
