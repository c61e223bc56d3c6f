"""object_store.py OPERATION: by obstore, which is Rust's object_store."""
import datetime
import ssl
import urllib.request

import obstore
from obstore.exceptions import AlreadyExistsError, PreconditionError
from obstore.store import S3Store
from place import access_key, bucket, ca, endpoint, expect, main, region, sample, secret_key

mebibyte = 1024 * 1024


def store_with(**more):
    return S3Store(
        bucket,
        prefix="obstore",
        endpoint=endpoint,
        region=region,
        access_key_id=access_key,
        secret_access_key=secret_key,
        virtual_hosted_style_request=False,
        client_options={} if ca else {"allow_http": True},
        **more,
    )


store = store_with()


def read(name, of=store):
    return bytes(of.get(name).bytes())


def missing(name):
    try:
        store.head(name)
    except FileNotFoundError:
        return True
    return False


def put():
    for size in (0, 1, 65_536, 1_000_000):
        store.put("put", sample(size), use_multipart=False)
        expect(store.head("put")["size"] == size, f"another size than {size}")
        expect(read("put") == sample(size), "other bytes")


def get():
    store.put("get", sample(3 * mebibyte), use_multipart=False)
    chunks = store.get("get").stream(min_chunk_size=100_000)
    expect(b"".join(bytes(chunk) for chunk in chunks) == sample(3 * mebibyte), "other bytes")
    etag = store.head("get")["e_tag"]
    expect(bytes(store.get("get", options={"if_match": etag}).bytes()) == sample(3 * mebibyte), "other bytes")


def multipart():
    data = sample(25 * mebibyte + 1)
    store.put("multipart", data, use_multipart=True, chunk_size=6 * mebibyte, max_concurrency=4)
    expect(read("multipart") == data, "other bytes")


def ranges():
    data = sample(25 * mebibyte + 1)
    store.put("ranges", data, use_multipart=True, chunk_size=6 * mebibyte)
    wanted = ((0, 1), (65_000, 66_000), (6 * mebibyte - 1, 6 * mebibyte + 1), (len(data) - 10, len(data)))
    for start, end in wanted:
        expect(bytes(store.get_range("ranges", start=start, end=end)) == data[start:end], f"{start} to {end}")
    many = store.get_ranges("ranges", starts=[start for start, _ in wanted], ends=[end for _, end in wanted])
    expect([bytes(one) for one in many] == [data[start:end] for start, end in wanted], "other ranges")
    last = store.get("ranges", options={"range": {"suffix": 10}})
    expect(bytes(last.bytes()) == data[-10:], "another end")


def listings():
    sizes = {"list/a": 0, "list/b c": 100_000, "list/d+e": 7}
    for name, size in sizes.items():
        store.put(name, sample(size), use_multipart=False)
    found = {one["path"]: one["size"] for page in store.list("list") for one in page}
    expect(found == sizes, str(found))


def copy():
    store.put("copied from", sample(200_000))
    store.copy("copied from", "copied")
    expect(read("copied") == sample(200_000), "other bytes")


def rename():
    store.put("renamed from", sample(200_000))
    store.rename("renamed from", "renamed")
    expect(read("renamed") == sample(200_000) and missing("renamed from"), "not renamed")


def presigned():
    context = ssl.create_default_context(cafile=ca) if ca else None
    minute = datetime.timedelta(minutes=1)

    def ask(method, data=None):
        url = obstore.sign(store, method, "presigned", expires_in=minute)
        request = urllib.request.Request(url, data=data, method=method)
        with urllib.request.urlopen(request, context=context) as answer:
            return answer.read()

    ask("PUT", sample(5_000))
    expect(ask("GET") == sample(5_000), "other bytes")


def conditions():
    first = store.put("condition", b"first", mode="create")
    try:
        store.put("condition", b"again", mode="create")
        raise AssertionError("created twice")
    except AlreadyExistsError:
        pass
    store.put("condition", b"second", mode={"e_tag": first["e_tag"]})
    try:
        store.put("condition", b"third", mode={"e_tag": first["e_tag"]})
        raise AssertionError("written over another object")
    except PreconditionError:
        pass
    expect(read("condition") == b"second", "other bytes")


def checksums():
    summed = store_with(checksum_algorithm="SHA256")
    summed.put("checksum", sample(100_000), use_multipart=False)
    expect(read("checksum") == sample(100_000), "other bytes")
    summed.put("checksums", sample(12 * mebibyte), use_multipart=True, chunk_size=5 * mebibyte)
    expect(read("checksums") == sample(12 * mebibyte), "other bytes")


def delete():
    for name in ("gone", "gone-1", "gone-2"):
        store.put(name, b"x")
    store.delete("gone")
    store.delete(["gone-1", "gone-2"])
    expect(missing("gone") and missing("gone-1") and missing("gone-2"), "still there")


main(
    {
        "put": put,
        "get": get,
        "multipart": multipart,
        "ranges": ranges,
        "listings with sizes": listings,
        "copy": copy,
        "rename": rename,
        "presigned": presigned,
        "conditional writes": conditions,
        "checksums": checksums,
        "delete": delete,
    }
)
