#!/bin/sh
# Makes the certificates of this folder anew. For tests only.
#   ca                the CA of all but other-client
#   server            localhost, 127.0.0.1, ::1, s3.example.internal and two levels of names below it
#   server-renewed    the same names, another key
#   client            a client
#   other-client      a client of a CA that nobody trusts
set -eu
cd "$(dirname "$0")"
names='DNS:localhost,DNS:s3.example.internal,DNS:*.s3.example.internal,DNS:*.photos.s3.example.internal,IP:127.0.0.1,IP:::1'
authority() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 36500 -keyout "$1.key" -out "$1.pem" -subj "/CN=$2"
}
certificate() {
	openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$1.key" -out "$1.csr" -subj "/CN=$1"
	printf 'subjectAltName=%s\n' "$names" > "$1.ext"
	openssl x509 -req -in "$1.csr" -CA "$2.pem" -CAkey "$2.key" -days 36500 -extfile "$1.ext" -out "$1.pem"
}
authority ca "Sealgate test CA"
authority other-ca "Another test CA"
for name in server server-renewed client; do certificate "$name" ca; done
certificate other-client other-ca
rm -f ./*.csr ./*.ext ./*.srl ./ca.key ./other-ca.*
