#!/bin/sh
# Makes the certificates of this folder anew: a CA, a server for localhost and 127.0.0.1, and a client. For tests only.
set -eu
cd "$(dirname "$0")"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 36500 -keyout ca.key -out ca.pem -subj "/CN=Sealgate test CA"
for name in server client; do
	openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$name.key" -out "$name.csr" -subj "/CN=$name"
	printf 'subjectAltName=DNS:localhost,IP:127.0.0.1\n' > "$name.ext"
	openssl x509 -req -in "$name.csr" -CA ca.pem -CAkey ca.key -days 36500 -extfile "$name.ext" -out "$name.pem"
done
rm -f ./*.csr ./*.ext ./*.srl ca.key
