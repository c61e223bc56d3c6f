"""What a stock boto3 does, with its default settings. One line a check: `ok NAME` or `not ok NAME: reason`."""
import hashlib
import io
import os
import ssl
import sys
import urllib.request

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

endpoint, bucket, access, secret = sys.argv[1:5]
config = Config(signature_version="s3v4", retries={"max_attempts": 1})


def client(key=access, word=secret):
    return boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1", config=config,
                        aws_access_key_id=key, aws_secret_access_key=word)


s3 = client()
big = os.urandom(1024) * (12 * 1024)
# Where the store behind the gateway differs from S3.
lacks = os.environ.get("SEALGATE_LACKS", "").split(",")
checks = []


def by_url(request):
    trust = ssl.create_default_context(cafile=os.environ.get("AWS_CA_BUNDLE"))
    return urllib.request.urlopen(request, context=trust)


def check(function):
    checks.append(function)
    return function


def refused(code, call):
    try:
        call()
    except ClientError as error:
        assert error.response["Error"]["Code"] == code, error.response["Error"]
        return error.response
    raise AssertionError(f"{code} was expected")


@check
def put_get_head_delete():
    s3.put_object(Bucket=bucket, Key="a/b c+d", Body=b"hello", Metadata={"colour": "blue"}, ContentType="text/x")
    got = s3.get_object(Bucket=bucket, Key="a/b c+d")
    assert got["Body"].read() == b"hello" and got["Metadata"] == {"colour": "blue"}
    head = s3.head_object(Bucket=bucket, Key="a/b c+d")
    assert head["ContentLength"] == 5 and head["ContentType"] == "text/x"
    s3.delete_object(Bucket=bucket, Key="a/b c+d")
    refused("NoSuchKey", lambda: s3.get_object(Bucket=bucket, Key="a/b c+d"))


@check
def empty_object():
    s3.put_object(Bucket=bucket, Key="empty", Body=b"")
    assert s3.get_object(Bucket=bucket, Key="empty")["Body"].read() == b""


@check
def ranges():
    s3.put_object(Bucket=bucket, Key="ranged", Body=b"0123456789")
    for wanted, expected in (("bytes=2-4", b"234"), ("bytes=7-", b"789"), ("bytes=-3", b"789")):
        got = s3.get_object(Bucket=bucket, Key="ranged", Range=wanted)
        assert got["Body"].read() == expected and got["ResponseMetadata"]["HTTPStatusCode"] == 206
    refused("InvalidRange", lambda: s3.get_object(Bucket=bucket, Key="ranged", Range="bytes=50-"))


@check
def multipart_by_transfer_manager():
    s3.upload_fileobj(io.BytesIO(big), bucket, "big")
    got = s3.get_object(Bucket=bucket, Key="big")["Body"].read()
    assert hashlib.sha256(got).digest() == hashlib.sha256(big).digest()
    assert s3.head_object(Bucket=bucket, Key="big")["ETag"].endswith('-2"')


@check
def multipart_by_hand():
    upload = s3.create_multipart_upload(Bucket=bucket, Key="parts")["UploadId"]
    parts = []
    for number in (2, 1):
        body = bytes([number]) * (5 * 1024 * 1024 if number == 1 else 7)
        answer = s3.upload_part(Bucket=bucket, Key="parts", UploadId=upload, PartNumber=number, Body=body)
        parts.insert(0, {"PartNumber": number, "ETag": answer["ETag"], **{k: v for k, v in answer.items() if k.startswith("Checksum")}})
    assert len(s3.list_parts(Bucket=bucket, Key="parts", UploadId=upload)["Parts"]) == 2
    s3.complete_multipart_upload(Bucket=bucket, Key="parts", UploadId=upload, MultipartUpload={
        "Parts": [{"PartNumber": p["PartNumber"], "ETag": p["ETag"]} for p in parts]})
    assert s3.head_object(Bucket=bucket, Key="parts")["ContentLength"] == 5 * 1024 * 1024 + 7
    aborted = s3.create_multipart_upload(Bucket=bucket, Key="none")["UploadId"]
    s3.abort_multipart_upload(Bucket=bucket, Key="none", UploadId=aborted)
    refused("NoSuchKey" if "no-such-upload" in lacks else "NoSuchUpload", lambda: s3.list_parts(Bucket=bucket, Key="none", UploadId=aborted))


@check
def listings():
    for index in range(5):
        s3.put_object(Bucket=bucket, Key=f"list/{index}", Body=b"x")
    page = s3.list_objects_v2(Bucket=bucket, Prefix="list/", MaxKeys=2)
    assert page["KeyCount"] == 2 and page["IsTruncated"]
    rest = s3.list_objects_v2(Bucket=bucket, Prefix="list/", ContinuationToken=page["NextContinuationToken"])
    assert [entry["Key"] for entry in rest["Contents"]] == ["list/2", "list/3", "list/4"]
    assert len(s3.list_objects(Bucket=bucket, Prefix="list/")["Contents"]) == 5
    assert "list/" in [p["Prefix"] for p in s3.list_objects_v2(Bucket=bucket, Delimiter="/")["CommonPrefixes"]]
    assert bucket in [entry["Name"] for entry in s3.list_buckets()["Buckets"]]


@check
def copy():
    s3.put_object(Bucket=bucket, Key="source", Body=b"copy me", Metadata={"a": "1"})
    s3.copy_object(Bucket=bucket, Key="target", CopySource={"Bucket": bucket, "Key": "source"})
    got = s3.get_object(Bucket=bucket, Key="target")
    assert got["Body"].read() == b"copy me" and got["Metadata"] == {"a": "1"}


@check
def delete_objects():
    for name in ("x", "y"):
        s3.put_object(Bucket=bucket, Key=f"gone/{name}", Body=b"x")
    answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "gone/x"}, {"Key": "gone/y"}]})
    assert len(answer["Deleted"]) == 2
    assert s3.list_objects_v2(Bucket=bucket, Prefix="gone/")["KeyCount"] == 0


@check
def checksums():
    for algorithm in ("CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256"):
        try:
            s3.put_object(Bucket=bucket, Key="sum", Body=b"hello", ChecksumAlgorithm=algorithm)
        except Exception as error:
            if "crt" in str(error).lower():
                continue  # boto3 computes these two only with an extra package
            raise
        got = s3.get_object(Bucket=bucket, Key="sum", ChecksumMode="ENABLED")
        assert got["Body"].read() == b"hello"
        assert "kept-checksums" in lacks or got[f"Checksum{algorithm}"]


@check
def presigned():
    put = s3.generate_presigned_url("put_object", Params={"Bucket": bucket, "Key": "signed"}, ExpiresIn=60)
    with by_url(urllib.request.Request(put, data=b"by url", method="PUT")) as answer:
        assert answer.status == 200
    get = s3.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "signed"}, ExpiresIn=60)
    assert by_url(get).read() == b"by url"


@check
def conditional_writes():
    s3.put_object(Bucket=bucket, Key="once", Body=b"1", IfNoneMatch="*")
    refused("PreconditionFailed", lambda: s3.put_object(Bucket=bucket, Key="once", Body=b"2", IfNoneMatch="*"))
    s3.delete_object(Bucket=bucket, Key="once")


@check
def tags():
    s3.put_object(Bucket=bucket, Key="tagged", Body=b"x", Tagging="a=1")
    assert s3.get_object_tagging(Bucket=bucket, Key="tagged")["TagSet"] == [{"Key": "a", "Value": "1"}]


@check
def wrong_credentials():
    refused("SignatureDoesNotMatch", lambda: client(word="wrong").list_objects_v2(Bucket=bucket))
    refused("InvalidAccessKeyId", lambda: client(key="NOBODY").list_objects_v2(Bucket=bucket))


failed = 0
for function in checks:
    if os.environ.get("SEALGATE_TRUST") and function is wrong_credentials:
        print("ok wrong_credentials: a trusted listener asks for none")
        continue
    try:
        function()
        print(f"ok {function.__name__}")
    except Exception as error:  # every failure is a line of the report
        failed += 1
        print(f"not ok {function.__name__}: {type(error).__name__}: {error}")
sys.exit(1 if failed else 0)
