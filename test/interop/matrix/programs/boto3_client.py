"""boto3_client.py OPERATION: by boto3, a current one or the one of an old distribution."""
import os
import ssl
import urllib.request

import boto3
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import ClientError
from place import bucket, ca, endpoint, expect, main, sample

mebibyte = 1024 * 1024
parts = TransferConfig(multipart_threshold=5 * mebibyte, multipart_chunksize=5 * mebibyte)
s3 = boto3.client("s3", endpoint_url=endpoint, config=Config(signature_version="s3v4"))


def write(key, data, **more):
    return s3.put_object(Bucket=bucket, Key=key, Body=data, **more)


def read(key, **more):
    return s3.get_object(Bucket=bucket, Key=key, **more)["Body"].read()


def refused(code, action, **arguments):
    try:
        action(**arguments)
    except ClientError as error:
        status = str(error.response["ResponseMetadata"]["HTTPStatusCode"])
        found = error.response["Error"]["Code"]
        expect(code in (found, status), f"{found} {status} for {code}: {error}")
        return
    raise AssertionError(f"not refused with {code}")


def scratch_file(name, data):
    path = os.path.join(os.environ["MATRIX_SCRATCH"], name)
    with open(path, "wb") as file:
        file.write(data)
    return path


def put():
    for size in (0, 1, 65_536, 1_000_000):
        write("put", sample(size), Metadata={"name": "value"}, ContentType="text/x-matrix")
        head = s3.head_object(Bucket=bucket, Key="put")
        expect(head["ContentLength"] == size, f"size {head['ContentLength']} for {size}")
        expect(head["Metadata"] == {"name": "value"} and head["ContentType"] == "text/x-matrix", str(head))
        expect(read("put") == sample(size), "other bytes")


def get():
    write("get", sample(3 * mebibyte))
    path = scratch_file("get", b"")
    s3.download_file(bucket, "get", path, Config=parts)
    with open(path, "rb") as file:
        expect(file.read() == sample(3 * mebibyte), "other bytes")
    etag = s3.head_object(Bucket=bucket, Key="get")["ETag"]
    expect(read("get", IfMatch=etag) == sample(3 * mebibyte), "other bytes")
    refused("304", s3.get_object, Bucket=bucket, Key="get", IfNoneMatch=etag)


def multipart():
    data = sample(11 * mebibyte + 1)
    s3.upload_file(scratch_file("up", data), bucket, "multipart", Config=parts)
    path = scratch_file("down", b"")
    s3.download_file(bucket, "multipart", path, Config=parts)
    with open(path, "rb") as file:
        expect(file.read() == data, "other bytes")
    expect(s3.head_object(Bucket=bucket, Key="multipart")["ContentLength"] == len(data), "another size")


def ranges():
    data = sample(11 * mebibyte + 1)
    s3.upload_file(scratch_file("up", data), bucket, "ranges", Config=parts)
    for start, end in ((0, 0), (65_530, 65_540), (5 * mebibyte - 1, 5 * mebibyte), (len(data) - 5, len(data) - 1)):
        expect(read("ranges", Range=f"bytes={start}-{end}") == data[start : end + 1], f"{start}-{end}")
    expect(read("ranges", Range="bytes=-10") == data[-10:], "the end")
    refused("InvalidRange", s3.get_object, Bucket=bucket, Key="ranges", Range=f"bytes={len(data)}-")


def resumed():
    first, second = sample(5 * mebibyte), sample(1000)
    upload = s3.create_multipart_upload(Bucket=bucket, Key="resumed")["UploadId"]
    at = {"Bucket": bucket, "Key": "resumed", "UploadId": upload}
    s3.upload_part(**at, PartNumber=1, Body=first)
    listed = s3.list_parts(**at)["Parts"]
    expect([(one["PartNumber"], one["Size"]) for one in listed] == [(1, len(first))], str(listed))
    s3.upload_part(**at, PartNumber=2, Body=second)
    done = [{"PartNumber": one["PartNumber"], "ETag": one["ETag"]} for one in s3.list_parts(**at)["Parts"]]
    s3.complete_multipart_upload(**at, MultipartUpload={"Parts": done})
    expect(read("resumed") == first + second, "other bytes")


def listings():
    sizes = {"list/a": 0, "list/b c": 100_000, "list/d+e": 7, "list/sub/f": 65_537}
    for key, size in sizes.items():
        write(key, sample(size))
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix="list/", PaginationConfig={"PageSize": 2})
    found = {one["Key"]: one["Size"] for page in pages for one in page.get("Contents", [])}
    expect(found == sizes, str(found))
    old = s3.list_objects(Bucket=bucket, Prefix="list/", Delimiter="/")
    expect({one["Key"]: one["Size"] for one in old["Contents"]} == {k: v for k, v in sizes.items() if "sub" not in k}, str(old))
    expect([one["Prefix"] for one in old["CommonPrefixes"]] == ["list/sub/"], str(old))


def copy():
    write("copied from", sample(200_000), Metadata={"name": "value"})
    s3.copy_object(Bucket=bucket, Key="copied", CopySource={"Bucket": bucket, "Key": "copied from"})
    expect(read("copied") == sample(200_000), "other bytes")
    expect(s3.head_object(Bucket=bucket, Key="copied")["Metadata"] == {"name": "value"}, "other metadata")
    data = sample(11 * mebibyte + 1)
    s3.upload_file(scratch_file("up", data), bucket, "large", Config=parts)
    s3.copy({"Bucket": bucket, "Key": "large"}, bucket, "large copy", Config=parts)
    expect(read("large copy") == data, "other bytes of the copy in parts")


def presigned():
    context = ssl.create_default_context(cafile=ca) if ca else None

    def ask(method, operation, data=None):
        url = s3.generate_presigned_url(operation, Params={"Bucket": bucket, "Key": "presigned"}, ExpiresIn=60)
        request = urllib.request.Request(url, data=data, method=method)
        if data is not None:
            request.add_header("Content-Type", "")
        with urllib.request.urlopen(request, context=context) as answer:
            return answer.read()

    ask("PUT", "put_object", sample(5_000))
    expect(ask("GET", "get_object") == sample(5_000), "other bytes")


def conditions():
    first = write("condition", b"first", IfNoneMatch="*")["ETag"]
    refused("PreconditionFailed", write, key="condition", data=b"again", IfNoneMatch="*")
    write("condition", b"second", IfMatch=first)
    refused("PreconditionFailed", write, key="condition", data=b"third", IfMatch=first)
    expect(read("condition") == b"second", "other bytes")


def checksums():
    for algorithm in ("CRC32", "SHA256"):
        write("checksum", sample(100_000), ChecksumAlgorithm=algorithm)
        expect(read("checksum", ChecksumMode="ENABLED") == sample(100_000), "other bytes")
    refused("400", write, key="checksum", data=b"x", ChecksumSHA256="A" * 43 + "=")
    refused("400", write, key="checksum", data=b"x", ContentMD5="1B2M2Y8AsgTpgAmY7PhCfg==")
    upload = {"ChecksumAlgorithm": "SHA256"}
    s3.upload_file(scratch_file("up", sample(6 * mebibyte)), bucket, "checksums", ExtraArgs=upload, Config=parts)
    expect(read("checksums", ChecksumMode="ENABLED") == sample(6 * mebibyte), "other bytes")


def tags():
    write("tags", b"x", Tagging="a=1&b=2")
    one = {"Bucket": bucket, "Key": "tags"}
    listed = lambda: {tag["Key"]: tag["Value"] for tag in s3.get_object_tagging(**one)["TagSet"]}
    expect(listed() == {"a": "1", "b": "2"}, str(listed()))
    s3.put_object_tagging(**one, Tagging={"TagSet": [{"Key": "c", "Value": "3"}]})
    expect(listed() == {"c": "3"}, str(listed()))
    s3.delete_object_tagging(**one)
    expect(listed() == {}, str(listed()))
    expect(read("tags") == b"x", "other bytes")


def versions():
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    first = write("versions", b"first")["VersionId"]
    second = write("versions", b"the second")["VersionId"]
    expect(first != second and read("versions", VersionId=first) == b"first", "not the first version")
    marker = s3.delete_object(Bucket=bucket, Key="versions")["VersionId"]
    refused("NoSuchKey", s3.get_object, Bucket=bucket, Key="versions")
    listed = s3.list_object_versions(Bucket=bucket, Prefix="versions")
    sizes = {one["VersionId"]: one["Size"] for one in listed["Versions"]}
    expect(sizes == {first: 5, second: 10}, str(sizes))
    expect([one["VersionId"] for one in listed["DeleteMarkers"]] == [marker], str(listed))
    s3.delete_object(Bucket=bucket, Key="versions", VersionId=marker)
    expect(read("versions") == b"the second", "not the second version")


def delete():
    for key in ("gone", "gone-1", "gone-2"):
        write(key, b"x")
    s3.delete_object(Bucket=bucket, Key="gone")
    refused("404", s3.head_object, Bucket=bucket, Key="gone")
    answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "gone-1"}, {"Key": "gone-2"}, {"Key": "never"}]})
    expect(len(answer["Deleted"]) == 3 and not answer.get("Errors"), str(answer))
    expect(s3.list_objects_v2(Bucket=bucket, Prefix="gone")["KeyCount"] == 0, "still there")


main(
    {
        "put": put,
        "get": get,
        "multipart": multipart,
        "ranges": ranges,
        "resumed uploads": resumed,
        "listings with sizes": listings,
        "copy": copy,
        "presigned": presigned,
        "conditional writes": conditions,
        "checksums": checksums,
        "tags": tags,
        "versions": versions,
        "delete": delete,
    }
)
