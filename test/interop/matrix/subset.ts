/** What `npm run test:interop` runs: each client at versitygw, a few at every store that builds quickly, envelope everywhere, and each policy once. */

const everywhere = ["AWS SDK for JavaScript v3", "boto3"];

export function inSubset(client: string, store: string, mode: string): boolean {
	if (store === "Garage") return false;
	if (mode === "straight" || mode === "envelope t1, verify")
		return store === "versitygw" || everywhere.includes(client);
	return store === "MinIO" && client === everywhere[0];
}
