"""Verifies an audit log of Sealgate (docs/audit.md), one writer's folder. Needs the package `cryptography`.

    python3 audit.py FOLDER PUBLIC_KEY [CHECKPOINT ...]
"""
import base64
import hashlib
import json
import pathlib
import re
import sys

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def grow(peaks, size, node):
    """The peaks of the Merkle tree (RFC 6962) with one leaf more."""
    peaks = list(peaks)
    while size % 2:
        node = sha256(b"\x01", peaks.pop(), node)
        size //= 2
    return peaks + [node]


def root_of(peaks):
    if not peaks:
        return sha256()
    node = peaks[-1]
    for peak in reversed(peaks[:-1]):
        node = sha256(b"\x01", peak, node)
    return node


def read_note(note, origin, key):
    """(size, root) of a signed checkpoint: C2SP tlog-checkpoint in a signed-note."""
    body, _, signatures = note.partition("\n\n")
    body += "\n"
    name, size, root = body.splitlines()
    if name != origin or not re.fullmatch(r"0|[1-9][0-9]*", size):
        raise SystemExit("tampered: a checkpoint of another log")
    hint = sha256(origin.encode(), b"\n\x01", key)[:4]
    for line in signatures.splitlines():
        _, signer, text = line.split(" ")
        signature = base64.b64decode(text)
        if signer == origin and signature[:4] == hint:
            try:
                Ed25519PublicKey.from_public_bytes(key).verify(signature[4:], body.encode())
                return int(size), base64.b64decode(root)
            except InvalidSignature:
                break
    raise SystemExit("tampered: a checkpoint that the key did not sign")


def verify(folder, public_key, notes):
    folder = pathlib.Path(folder)
    key = base64.b64decode(public_key)
    description = (folder / "LOG.json").read_bytes()
    about = json.loads(description)
    if about["publicKey"] != public_key:
        raise SystemExit("tampered: the log names another key")
    anchors = [read_note(note, about["origin"], key) for note in notes]
    newest = folder / "checkpoint"
    if newest.exists():
        anchors.append(read_note(newest.read_text(), about["origin"], key))
    head, peaks, size = sha256(b"sealgate-log/1\n", description), [], 0
    for segment in sorted(folder.glob("segment-*.jsonl")):
        if int(segment.stem.removeprefix("segment-")) != size:
            raise SystemExit(f"missing: lines from {size} on, before {segment.name}")
        *lines, rest = segment.read_bytes().split(b"\n")
        if rest:
            raise SystemExit(f"tampered: the last line of {segment.name} has no end")
        for number, line in enumerate(lines, 1):
            where = f"{segment.name}:{number}"
            try:
                entry = json.loads(line)
            except ValueError:
                raise SystemExit(f"tampered: {where} is no record")
            if entry["seq"] != size or entry["prev"] != head.hex():
                raise SystemExit(f"tampered: {where} does not follow from the line before it")
            if entry["event"] == "log.checkpoint":
                if read_note(entry["note"], about["origin"], key) != (size, root_of(peaks)):
                    raise SystemExit(f"tampered: before {where} are other lines than were signed")
                # The last line has no other that covers it: it may say nothing beside its checkpoint.
                only = {name: entry[name] for name in ("seq", "prev", "event", "note")}
                if json.dumps(only, ensure_ascii=False, separators=(",", ":")).encode() != line:
                    raise SystemExit(f"tampered: more than a checkpoint stands in {where}")
            leaf = sha256(b"\x00", line)
            peaks, size, head = grow(peaks, size, leaf), size + 1, sha256(b"sealgate-log/1\n", head, leaf)
            for covered, root in anchors:
                if covered == size and root != root_of(peaks):
                    raise SystemExit(f"tampered: the first {size} lines are not those of a checkpoint")
    for covered, _ in anchors:
        if covered > size:
            raise SystemExit(f"missing: the log ends at {size}, a checkpoint covers {covered} lines")
    print(f"{size} lines, no fault")


if __name__ == "__main__":
    verify(sys.argv[1], sys.argv[2], [pathlib.Path(name).read_text() for name in sys.argv[3:]])
