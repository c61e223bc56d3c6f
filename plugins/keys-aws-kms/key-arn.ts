/** ARNs of keys. https://docs.aws.amazon.com/kms/latest/developerguide/concepts.html#key-id-key-ARN */

export interface KeyArn {
	readonly partition: string;
	readonly region: string;
	readonly account: string;
	/** `mrk-…` names the same key material in every region. */
	readonly id: string;
}

/** `undefined` for ids, aliases and anything else. */
export function parseKeyArn(text: string): KeyArn | undefined {
	const match =
		/^arn:([a-z-]+):kms:([a-z0-9-]+):(\d{12}):key\/([A-Za-z0-9-]{1,128})$/.exec(
			text,
		);
	if (match === null) return undefined;
	const [, partition = "", region = "", account = "", id = ""] = match;
	return { partition, region, account, id };
}

/** The name of the same key in `region`: that of its replica for a multi-region key, as it is for any other name. */
export function inRegion(keyId: string, region: string): string {
	const arn = parseKeyArn(keyId);
	if (arn === undefined || !arn.id.startsWith("mrk-")) return keyId;
	return `arn:${arn.partition}:kms:${region}:${arn.account}:key/${arn.id}`;
}

/** Whether an answer's ARN is that of the key asked for: always possible for an alias, which only KMS can resolve. */
export function answersTo(asked: string, answered: KeyArn): boolean {
	if (asked.startsWith("alias/") || /^arn:[^/]*:alias\//.test(asked))
		return true;
	const arn = parseKeyArn(asked);
	if (arn === undefined) return asked === answered.id;
	return (
		arn.partition === answered.partition &&
		arn.account === answered.account &&
		arn.id === answered.id &&
		(arn.region === answered.region || arn.id.startsWith("mrk-"))
	);
}
