"""tink_streams.py DIR: for each case of DIR/cases.json opens what Sealgate sealed, seals the same by Tink, and tries what must fail."""
import io
import json
import pathlib
import sys

from tink import json_proto_keyset_format, secret_key_access, streaming_aead

streaming_aead.register()
folder = pathlib.Path(sys.argv[1])


class Kept(io.BytesIO):
    def close(self):  # the encrypting stream closes its destination
        self.kept = self.getvalue()
        super().close()


def opened(primitive, sealed, data):
    with primitive.new_decrypting_stream(io.BytesIO(sealed), data) as stream:
        return stream.read()


def refused(primitive, sealed, data):
    try:
        opened(primitive, sealed, data)
    except Exception:
        return True
    return False


outcomes = []
for case in json.loads((folder / "cases.json").read_text()):
    name = case["name"]
    text = json.dumps(case["keyset"])
    keyset = json_proto_keyset_format.parse(text, secret_key_access.TOKEN)
    primitive = keyset.primitive(streaming_aead.StreamingAead)
    data = bytes.fromhex(case["associatedData"])
    plain = (folder / f"{name}.plain").read_bytes()
    sealed = (folder / f"{name}.sealed").read_bytes()
    outcomes.append([f"{name}: Tink opens what Sealgate sealed", opened(primitive, sealed, data) == plain])
    outcomes.append([f"{name}: Tink refuses other associated data", refused(primitive, sealed, data + b"x")])
    outcomes.append([f"{name}: Tink refuses a cut stream", refused(primitive, sealed[:-1], data)])
    sink = Kept()
    with primitive.new_encrypting_stream(sink, data) as stream:
        stream.write(plain)
    (folder / f"{name}.tink").write_bytes(sink.kept)
print(json.dumps(outcomes))
