/** What runs until it is told to stop: one gateway, or the workers of one. */
import { watchFiles } from "../config/watch.ts";
import type { Log } from "../telemetry/log.ts";

export interface Service {
	readonly address: string;
	readonly adminAddress: string | undefined;
	/** Reads the configuration again. @param found told its files, also where it is no good @throws Error and changes nothing */
	reload(found: (files: readonly string[]) => void): Promise<void>;
	/** The files of the keyrings in use. */
	keyFiles(): readonly string[];
	reloadKeys(): Promise<void>;
	close(): Promise<void>;
}

/**
 * Until SIGTERM or SIGINT: the first drains, the second ends at once. SIGHUP reloads the configuration, and so does a
 * change of the file or of a file that it names. Of a keyring that changes only the keys are read again.
 * @param files those of the configuration
 * @param after runs when the service has closed
 */
export function attend(
	service: Service,
	files: readonly string[],
	log: Log,
	after: () => Promise<void>,
): void {
	log.event("info", "listening", {
		address: service.address,
		admin: service.adminAddress,
	});
	let reloads = Promise.resolve();
	// One after the other: each closes what the one before it made.
	const again = (): void => {
		reloads = reloads.then(async () => {
			await reload();
			keyWatch.files(service.keyFiles());
		});
	};
	const keysAgain = (): void => {
		reloads = reloads.then(async () => {
			await service.reloadKeys();
			log.event("info", "keyrings read again");
		});
	};
	/** A bad file leaves the old configuration in force. */
	const reload = async (): Promise<void> => {
		try {
			await service.reload((found) => watch.files(found));
			log.event("info", "reloaded");
		} catch (error) {
			log.event("error", "the old configuration stays in force", {
				reason: (error as Error).message,
			});
		}
	};
	const keyWatch = watchFiles(keysAgain);
	keyWatch.files(service.keyFiles());
	const watch = watchFiles(again);
	watch.files(files);
	process.on("SIGHUP", again);
	let stopping = false;
	const stop = (signal: string): void => {
		if (stopping) process.exit(1);
		stopping = true;
		watch.close();
		keyWatch.close();
		log.event("info", "draining", { signal });
		void service
			.close()
			.then(after)
			.then(() => log.event("info", "stopped"));
	};
	process.on("SIGTERM", stop);
	process.on("SIGINT", stop);
}
