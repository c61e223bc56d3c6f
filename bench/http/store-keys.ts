/** Whom the store behind the contenders knows. */
export const storeKeys = {
	accessKeyId: "STOREACCESSKEY",
	secretAccessKey: "store-secret-key",
} as const;
