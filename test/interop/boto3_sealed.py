"""The shared suite by a stock boto3: one JSON line for each step, of what the client saw.

boto3_sealed.py ENDPOINT BUCKET ACCESS_KEY SECRET_KEY
"""
import datetime
import hashlib
import io
import json
import os
import pathlib
import ssl
import sys
import tempfile
import urllib.error
import urllib.request

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.response import StreamingBody

endpoint, bucket, access, secret = sys.argv[1:5]
config = Config(signature_version="s3v4", retries={"max_attempts": 1}, s3={"addressing_style": "path"})
s3 = boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1", config=config,
                  aws_access_key_id=access, aws_secret_access_key=secret)
least = 5 * 1024 * 1024
other = '"00000000000000000000000000000000"'


def sample(size, seed=0):
    return hashlib.shake_256(str(seed).encode()).digest(size)


def digest(content):
    return f"{len(content)} bytes, {hashlib.sha256(content).hexdigest()}"


def plain(value):
    if isinstance(value, StreamingBody):
        return digest(value.read())
    if isinstance(value, datetime.datetime):
        return value.isoformat()
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items() if name != "ResponseMetadata"}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value


def add(step, status, headers, output):
    print(json.dumps({"step": step, "status": status, "headers": headers, "output": output}))


def ask(step, name, **given):
    given.setdefault("Bucket", bucket)
    try:
        answer = getattr(s3, name)(**given)
    except ClientError as error:
        answer = error.response
        answer["name"] = answer.pop("Error", {}).get("Code")
    meta = answer["ResponseMetadata"]
    add(step, meta["HTTPStatusCode"], meta["HTTPHeaders"], plain(answer))
    return answer


def by_url(step, method, name, headers={}, body=None, **given):
    url = s3.generate_presigned_url(name, Params={"Bucket": bucket, **given}, ExpiresIn=600)
    trust = ssl.create_default_context(cafile=os.environ.get("AWS_CA_BUNDLE"))
    request = urllib.request.Request(url, data=body, method=method, headers=headers)
    try:
        answer = urllib.request.urlopen(request, context=trust)
        content = digest(answer.read())
    except urllib.error.HTTPError as error:
        answer, content = error, "refused"
    seen = {key.lower(): value for key, value in answer.headers.items()}
    add(step, answer.status, seen, content)


def objects():
    body = sample(200_000)
    ask("put", "put_object", Key="object", Body=body, ContentType="text/x-shared", CacheControl="max-age=60",
        ContentDisposition='attachment; filename="a b"', ContentLanguage="de", Metadata={"colour": "blue"},
        Expires=datetime.datetime(2040, 1, 2), Tagging="team=red")
    head = ask("head", "head_object", Key="object")
    ask("get", "get_object", Key="object")
    for wanted in ("bytes=0-0", "bytes=65490-65500", "bytes=131000-", "bytes=-7", "bytes=5-900000", "bytes=200000-",
                   "bytes=-0", "bytes=9-3", "lines=1-2"):
        ask(f"range {wanted}", "get_object", Key="object", Range=wanted)
    ask("part 1 of an object of none", "get_object", Key="object", PartNumber=1)
    ask("overrides", "get_object", Key="object", ResponseContentType="image/png", ResponseCacheControl="no-store")
    before = head["LastModified"] - datetime.timedelta(days=1)
    for name, condition in {
        "the ETag": {"IfMatch": head["ETag"]}, "another ETag": {"IfMatch": other},
        "none of the ETag": {"IfNoneMatch": head["ETag"]}, "none of another": {"IfNoneMatch": other},
        "modified since then": {"IfModifiedSince": head["LastModified"]},
        "unmodified since before": {"IfUnmodifiedSince": before},
    }.items():
        ask(f"get if {name}", "get_object", Key="object", **condition)
        ask(f"head if {name}", "head_object", Key="object", **condition)
    ask("put if none, but there is", "put_object", Key="object", Body=b"x", IfNoneMatch="*")
    ask("put if another", "put_object", Key="object", Body=b"x", IfMatch=other)
    ask("put if none", "put_object", Key="once", Body=b"x", IfNoneMatch="*")
    ask("empty", "put_object", Key="empty", Body=b"")
    ask("get empty", "get_object", Key="empty")
    ask("a range of nothing", "get_object", Key="empty", Range="bytes=0-0")
    ask("nothing there", "get_object", Key="absent")
    ask("head of nothing there", "head_object", Key="absent")
    ask("a key of letters", "put_object", Key="a/b c+ü%~'", Body=b"k")
    ask("get a key of letters", "get_object", Key="a/b c+ü%~'")
    for algorithm in ("CRC32", "SHA1", "SHA256"):
        ask(f"{algorithm}", "put_object", Key=f"sum/{algorithm}", Body=body, ChecksumAlgorithm=algorithm)
        ask(f"get {algorithm}", "get_object", Key=f"sum/{algorithm}", ChecksumMode="ENABLED")
        ask(f"{algorithm} of a file", "put_object", Key="sum/file", Body=io.BytesIO(body), ChecksumAlgorithm=algorithm)
        ask(f"get {algorithm} of a file", "get_object", Key="sum/file")
    ask("a wrong checksum", "put_object", Key="sum/wrong", Body=b"hello", ChecksumCRC32="AAAAAA==")
    ask("tags", "get_object_tagging", Key="object")
    ask("tag", "put_object_tagging", Key="object", Tagging={"TagSet": [{"Key": "a", "Value": "1"}]})
    ask("tags again", "get_object_tagging", Key="object")
    ask("attributes", "get_object_attributes", Key="object", ObjectAttributes=["ETag", "ObjectSize", "StorageClass"])
    ask("delete", "delete_object", Key="empty")
    ask("delete some", "delete_objects", Delete={"Objects": [{"Key": "sum/SHA1"}, {"Key": "sum/nothing"}]})


def uploads():
    content = sample(2 * 8 * 1024 * 1024 + 70_001, 3)
    with tempfile.TemporaryDirectory() as folder:
        up, down = pathlib.Path(folder, "up"), pathlib.Path(folder, "down")
        up.write_bytes(content)
        s3.upload_file(str(up), bucket, "parts/file", ExtraArgs={"ContentType": "video/x", "Metadata": {"a": "1"}})
        s3.download_file(bucket, "parts/file", str(down))
        add("download_file", 200, {}, digest(down.read_bytes()))
    ask("get of a file", "get_object", Key="parts/file")
    for part in (1, 2, 3, 4):
        ask(f"part {part} of a file", "get_object", Key="parts/file", PartNumber=part)
        ask(f"head part {part} of a file", "head_object", Key="parts/file", PartNumber=part)
    ask("range of a file", "get_object", Key="parts/file", Range=f"bytes={8 * 1024 * 1024 - 5}-{8 * 1024 * 1024 + 5}")
    ask("attributes of a file", "get_object_attributes", Key="parts/file", ObjectAttributes=["ETag", "ObjectSize"])
    at = {"Key": "parts/hand"}
    at["UploadId"] = ask("create", "create_multipart_upload", Key="parts/hand", Metadata={"b": "2"})["UploadId"]
    last = ask("part 2 first", "upload_part", **at, PartNumber=2, Body=sample(7, 5))
    stale = ask("part 1", "upload_part", **at, PartNumber=1, Body=sample(least, 6))
    first = ask("part 1 again", "upload_part", **at, PartNumber=1, Body=sample(least, 7))
    ask("list parts", "list_parts", **at)

    def complete(step, *etags):
        parts = [{"PartNumber": number, "ETag": etag} for number, etag in etags]
        ask(step, "complete_multipart_upload", **at, MultipartUpload={"Parts": parts})

    complete("complete with a stale part", (1, stale["ETag"]), (2, last["ETag"]))
    complete("complete with a made-up ETag", (1, other), (2, last["ETag"]))
    complete("complete out of order", (2, last["ETag"]), (1, first["ETag"]))
    complete("complete", (1, first["ETag"]), (2, last["ETag"]))
    ask("get of parts", "get_object", **{"Key": "parts/hand"})
    at["UploadId"] = ask("create none", "create_multipart_upload", Key="parts/hand")["UploadId"]
    short = [ask(f"short part {n}", "upload_part", **at, PartNumber=n, Body=sample(9, n))["ETag"] for n in (1, 2)]
    complete("complete short parts", (1, short[0]), (2, short[1]))
    ask("abort", "abort_multipart_upload", **at)
    ask("parts of what is gone", "list_parts", **at)
    complete("complete what is gone", (1, short[0]))


def copies():
    def copy(step, key, source, **more):
        answer = ask(step, "copy_object", Key=key, CopySource={"Bucket": bucket, "Key": source}, **more)
        if "CopyObjectResult" in answer:
            ask(f"{step}: got", "get_object", Key=key)
            ask(f"{step}: its tags", "get_object_tagging", Key=key)

    copy("copy", "copy/1", "object")
    copy("copy of parts", "copy/parts", "parts/file")
    copy("copy with other metadata", "copy/2", "object", MetadataDirective="REPLACE", Metadata={"new": "yes"})
    copy("copy to itself", "copy/1", "copy/1")
    copy("copy of nothing there", "copy/3", "absent")
    copy("copy if another ETag", "copy/3", "object", CopySourceIfMatch=other)
    s3.copy({"Bucket": bucket, "Key": "parts/file"}, bucket, "copy/managed")
    ask("get a managed copy", "get_object", Key="copy/managed")
    at = {"Key": "copy/of-parts"}
    at["UploadId"] = ask("create for copies", "create_multipart_upload", **at)["UploadId"]
    parts = [{"PartNumber": number, "ETag": ask(
        f"copy part {number}", "upload_part_copy", **at, PartNumber=number, CopySourceRange=wanted,
        CopySource={"Bucket": bucket, "Key": "parts/file"})["CopyPartResult"]["ETag"]}
        for number, wanted in ((1, f"bytes=70000-{70000 + least}"), (2, "bytes=0-99"))]
    ask("complete copies", "complete_multipart_upload", **at, MultipartUpload={"Parts": parts})
    ask("get copies", "get_object", Key="copy/of-parts")


def listings():
    ask("list", "list_objects_v2")
    ask("list by folders", "list_objects_v2", Delimiter="/")
    page = ask("list two", "list_objects_v2", MaxKeys=2)
    ask("list on", "list_objects_v2", MaxKeys=3, ContinuationToken=page["NextContinuationToken"])
    ask("list the old way", "list_objects", Prefix="copy/")
    ask("list versions", "list_object_versions", Prefix="copy/")


ask("bucket", "create_bucket")
objects()
uploads()
copies()
by_url("put by URL", "PUT", "put_object", body=b"by url", Key="by-url")
by_url("get by URL", "GET", "get_object", Key="by-url")
by_url("range by URL", "GET", "get_object", {"Range": "bytes=3-"}, Key="by-url")
by_url("nothing there by URL", "GET", "get_object", Key="absent")
listings()
