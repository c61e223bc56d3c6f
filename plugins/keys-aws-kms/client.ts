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
	{ region, endpoint, credentials }: Options,
	name: string,
): Promise<Client> {
	const kms = await load(name);
	const client = new kms.KMSClient({
		// The gateway has deadlines and retries of its own, the same for every provider.
		maxAttempts: 1,
		...(region !== undefined && { region }),
		...(endpoint !== undefined && { endpoint }),
		...(credentials !== "default" && { credentials: given(credentials) }),
	});
	try {
		return { kms, client, region: await client.config.region() };
	} catch (cause) {
		client.destroy();
		throw new Error(
			`keys "${name}": provider aws-kms needs a region: set region, or AWS_REGION.`,
			{ cause },
		);
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
