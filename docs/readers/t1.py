"""A reader of Sealgate's format t1, by docs/format.md alone. Needs `cryptography`.

t1.py WRAPPING_KEY BUCKET KEY RECORD [LENGTHS] < ciphertext > plaintext

WRAPPING_KEY: 64 hex digits, the wrapped key of the record as the key provider unwrapped it.
RECORD: the value of x-amz-meta-sealgate. LENGTHS: of a multipart object, plaintext bytes of its parts, as 5242880,77;
each part's length in the store minus 40, minus 16 for each segment (docs/format.md), and without the terminator.
"""
import base64
import hmac
import struct
import sys

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256, SHA512, Hash
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

SEGMENT = {1: 65536, 2: 262144, 3: 1048576}
KNOWN = {0x01, 0x02, 0x03, 0x04, 0xF0, 0xF1}


def hkdf(algorithm, key, salt, info, length):
    return HKDF(algorithm=algorithm, length=length, salt=salt, info=info).derive(key)


def sha256(data):
    digest = Hash(SHA256())
    digest.update(data)
    return digest.finalize()


def prefixed(*items):
    return b"".join(struct.pack(">H", len(item)) + item for item in items)


def read_record(value):
    record = base64.urlsafe_b64decode(value + "=" * (-len(value) % 4))
    if base64.urlsafe_b64encode(record).decode().rstrip("=") != value or len(record) < 49:
        raise ValueError("no record")
    version, algorithm, format_id, layout, flags = record[:5]
    if version != 1 or algorithm != 1 or format_id not in SEGMENT or layout not in (1, 2) or flags > 1:
        raise ValueError("a record that this reader does not know")
    fields, at, head, before = {}, 49, None, 0
    while at < len(record):
        tag, length = struct.unpack(">BH", record[at : at + 3])
        if tag not in KNOWN or tag <= before or at + 3 + length > len(record):
            raise ValueError("a record that this reader does not know")
        if tag == 0xF0:
            head = record[:at]
        fields[tag] = record[at + 3 : at + 3 + length]
        at, before = at + 3 + length, tag
    if head is None or (layout == 1) != (0x02 in fields):
        raise ValueError("no record")
    return {
        "segment": SEGMENT[format_id],
        "nonce": record[5:21],
        "commitment": record[21:49],
        "single": layout == 1,
        "head": head,
        "fields": fields,
    }


def open_data_key(record, wrapping_key, bucket, key):
    """The data key and the sealed headers."""
    sealed = record["fields"][0xF0]
    derived = hkdf(SHA256(), wrapping_key, sealed[:32], b"sealgate/t1 seal/1", 44)
    bound = b"sealgate/t1 seal\0" + prefixed(bucket.encode(), key.encode()) + record["head"]
    plain = AESGCM(derived[:32]).decrypt(derived[32:], sealed[32:], bound)
    data_key = plain[:32]
    right = hkdf(SHA512(), data_key, record["nonce"], b"sealgate/t1 COMMITKEY", 28)
    if not hmac.compare_digest(right, record["commitment"]):
        raise ValueError("another data key than the record commits to")
    return data_key, plain[32:]


def open_stream(source, data_key, bounds, length, segment):
    """Yields the plaintext of one stream, each piece once it is authenticated. Returns which of the bounds it has."""
    header = source.read(40)
    if len(header) != 40 or header[0] != 0x28:
        raise ValueError("no stream")
    ciphers = [AESGCM(hkdf(SHA256(), data_key, header[1:33], bound, 32)) for bound in bounds]
    count = max(1, -(-(length + 40) // segment))
    found = None
    for index in range(count):
        size = min((index + 1) * segment - 40, length) - max(0, index * segment - 40)
        nonce = header[33:] + struct.pack(">IB", index, index == count - 1)
        text = source.read(size + 16)
        if found is None:
            found = next((i for i, cipher in enumerate(ciphers) if opens(cipher, nonce, text)), None)
            if found is None:
                raise ValueError("a stream that is not at its place, cut or altered")
        yield ciphers[found].decrypt(nonce, text, None)
    return found


def opens(cipher, nonce, text):
    try:
        cipher.decrypt(nonce, text, None)
        return True
    except InvalidTag:
        return False


def place(record, part, byte, table=b""):
    return b"sealgate/t1\0" + record["nonce"] + struct.pack(">IB", part, byte) + table


def open_terminator(source, record, data_key, lengths):
    rest = source.read()
    table = sha256(struct.pack(f">I{len(lengths)}Q", len(lengths), *lengths))
    cut, padding = rest[:56], rest[56:]
    if len(cut) != 56 or padding.strip(b"\0"):
        raise ValueError("no end of the object")
    nonce = cut[33:40] + struct.pack(">IB", 0, 1)
    for byte in (2, 3):
        bound = place(record, len(lengths) + 1, byte, table)
        if opens(AESGCM(hkdf(SHA256(), data_key, cut[1:33], bound, 32)), nonce, cut[40:]):
            return
    raise ValueError("the terminator is not of this object and these parts")


def open_object(source, record, data_key, lengths):
    segment = record["segment"]
    if record["single"]:
        (length,) = struct.unpack(">Q", record["fields"][0x02])
        if length == 0 and not source.peek(1):
            return  # the record alone proves that it is empty
        yield from open_stream(source, data_key, [place(record, 0, 1)], length, segment)
    else:
        final = 0
        for part, length in enumerate(lengths, 1):
            # The last part says itself whether it ends the object, or a terminator does.
            bounds = [place(record, part, byte) for byte in ((0, 1) if part == len(lengths) else (0,))]
            final = yield from open_stream(source, data_key, bounds, length, segment)
        if not final:
            open_terminator(source, record, data_key, lengths)
    if source.read(1):
        raise ValueError("bytes follow the end")


if __name__ == "__main__":
    wrapping_key, bucket, key, value, *more = sys.argv[1:]
    record = read_record(value)
    data_key, _ = open_data_key(record, bytes.fromhex(wrapping_key), bucket, key)
    lengths = [int(length) for length in more[0].split(",")] if more else []
    for piece in open_object(sys.stdin.buffer, record, data_key, lengths):
        sys.stdout.buffer.write(piece)
