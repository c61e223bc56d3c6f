/** The floor: nginx `proxy_pass`, one worker, 64 KiB buffers, no temporary files, connections to the store kept. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { folder, freePort, type Running, start } from "./processes.ts";

function configuration(port: number, store: string, own: string): string {
	return `
daemon off;
master_process off;
pid ${own}/pid;
error_log ${own}/error.log;
events { worker_connections 2048; }
http {
	access_log off;
	client_body_temp_path ${own}/body;
	proxy_temp_path ${own}/proxy;
	fastcgi_temp_path ${own}/fastcgi;
	uwsgi_temp_path ${own}/uwsgi;
	scgi_temp_path ${own}/scgi;
	client_max_body_size 0;
	keepalive_requests 1000000;
	upstream store { server ${store}; keepalive 256; keepalive_requests 1000000; }
	server {
		listen 127.0.0.1:${port};
		location / {
			proxy_pass http://store;
			proxy_http_version 1.1;
			proxy_set_header Host $http_host;
			proxy_set_header Connection "";
			proxy_request_buffering off;
			proxy_buffers 16 64k;
			proxy_buffer_size 64k;
			proxy_busy_buffers_size 512k;
			proxy_max_temp_file_size 0;
		}
	}
}
`;
}

export async function startNginx(
	command: string,
	store: Running,
): Promise<Running> {
	const port = await freePort();
	const own = join(folder, `nginx-${store.name.replaceAll(/\W+/g, "-")}`);
	mkdirSync(own);
	const file = join(own, "nginx.conf");
	writeFileSync(file, configuration(port, store.address, own));
	const name = `nginx before ${store.name}`;
	return start(name, command, ["-c", file, "-p", own], port);
}
