/** RestoreObject: an archived object comes back as it is; what would look into it, or write elsewhere, cannot be right. */
import {
	child,
	childText,
	type Exchange,
	type Next,
	parseXml,
	type S3Request,
	type S3Response,
} from "../../src/index.ts";
import type { Envelope } from "./settings.ts";
import { unsupported } from "./unsupported.ts";

export async function restoreObject(
	_envelope: Envelope,
	request: S3Request,
	next: Next,
	_exchange: Exchange,
): Promise<S3Response> {
	const content = request.body?.content;
	if (content === undefined || content.length === 0) return next(request);
	const asked = parseXml(content);
	const selects =
		childText(asked, "Type") !== undefined ||
		child(asked, "SelectParameters") !== undefined ||
		child(asked, "OutputLocation") !== undefined;
	if (selects) throw unsupported("RestoreObject with a query");
	return next(request);
}
