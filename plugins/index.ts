/** The plugins that come with Sealgate: this table, and nothing found by looking around. */
import type { KeyProviderPlugin, Plugin } from "../src/index.ts";
import { envelope } from "./envelope/index.ts";
import { headers } from "./headers/index.ts";
import { keysAwsKms } from "./keys-aws-kms/index.ts";
import { keysPkcs11 } from "./keys-pkcs11/index.ts";
import { keysVault } from "./keys-vault/index.ts";
import { refuse } from "./refuse/index.ts";
import { sseC } from "./sse-c/index.ts";
import { sseKms } from "./sse-kms/index.ts";
import { sseS3 } from "./sse-s3/index.ts";

export const plugins = [
	sseKms,
	sseS3,
	sseC,
	refuse,
	headers,
	envelope,
	keysAwsKms,
	keysVault,
	keysPkcs11,
] as const satisfies readonly (Plugin | KeyProviderPlugin)[];
