/** The client of AWS KMS: an optional package, loaded only where an entry of `keys` wants it. */
import type * as Kms from "@aws-sdk/client-kms";
import type { Options } from "./options.ts";

/** What is used of the package, and one client of it. */
export interface Client {
	readonly kms: typeof Kms;
	readonly client: Kms.KMSClient;
	/** That the client asks in. */
	readonly region: string;
}

/** @throws Error with one sentence: the package is missing, or no region is said */
export async function openClient(
	options: Options,
	name: string,
): Promise<Client> {
	const kms = await load(name);
	const { region, endpoint } = await addressOf(kms, options, name);
	const { credentials } = options;
	const client = new kms.KMSClient({
		region,
		endpoint,
		useFipsEndpoint: false,
		useDualstackEndpoint: false,
		// The gateway has deadlines and retries of its own, the same for every provider.
		maxAttempts: 1,
		...(credentials !== "default" && { credentials: given(credentials) }),
	});
	return { kms, client, region };
}

/**
 * AWS_REGION, AWS_USE_FIPS_ENDPOINT and the profile are heeded. AWS_ENDPOINT_URL is not: whoever points S3 clients to
 * this gateway by it would have keys asked for here, too.
 */
async function addressOf(
	{ KMSClient }: typeof Kms,
	{ region: said, endpoint }: Options,
	name: string,
): Promise<{ region: string; endpoint: string }> {
	const client = new KMSClient(said === undefined ? {} : { region: said });
	const { config } = client;
	try {
		const region = await config.region();
		const { url } = config.endpointProvider({
			Region: region,
			UseFIPS: await config.useFipsEndpoint(),
			UseDualStack: await config.useDualstackEndpoint(),
		});
		return { region, endpoint: endpoint ?? url.href };
	} catch (cause) {
		throw new Error(
			`keys "${name}": provider aws-kms needs a region: set region, or AWS_REGION.`,
			{ cause },
		);
	} finally {
		client.destroy();
	}
}

/** Without the fields that are not there: `exactOptionalPropertyTypes`. */
function given({
	sessionToken,
	...pair
}: Exclude<Options["credentials"], "default">) {
	return sessionToken === undefined ? pair : { ...pair, sessionToken };
}

async function load(name: string): Promise<typeof Kms> {
	try {
		return await import("@aws-sdk/client-kms");
	} catch (cause) {
		const { code } = cause as NodeJS.ErrnoException;
		if (code !== "ERR_MODULE_NOT_FOUND") throw cause;
		throw new Error(
			`keys "${name}": provider aws-kms needs the package @aws-sdk/client-kms: npm install @aws-sdk/client-kms`,
			{ cause },
		);
	}
}
