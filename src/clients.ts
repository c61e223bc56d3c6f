/** Who may ask, as the configuration says it. */
import type { Config } from "./config/schema.ts";
import type { KnownClient, KnownKey } from "./layers/known-clients.ts";

type Configured = Config["clients"][number];

export function knownClients(configured: Config["clients"]): KnownClient[] {
	return configured.map((client) => {
		const { name, anonymous, buckets, prefixes, verbs, routes } = client;
		return {
			name,
			anonymous,
			keys: configuredKeys(client),
			limits: { buckets, prefixes, verbs, routes },
		};
	});
}

/** The key that stands in the client itself, then those of its list. */
function configuredKeys(client: Configured): KnownKey[] {
	const { accessKeyId, secretAccessKey, sessionToken, keys } = client;
	const own =
		accessKeyId === undefined || secretAccessKey === undefined
			? []
			: [{ accessKeyId, secretAccessKey, sessionToken }];
	return [...own, ...keys].map((key) => ({
		accessKeyId: key.accessKeyId,
		secretAccessKeys: key.secretAccessKey,
		sessionToken: key.sessionToken,
	}));
}
