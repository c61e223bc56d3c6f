"""s3ec_client.py write|read S3_ENDPOINT KMS_ENDPOINT KEY_ARN BUCKET FOLDER ACCESS_KEY SECRET: the S3 Encryption Client for Python.

write: puts python-FORMAT-SIZE for each file FOLDER/SIZE.bin. read: gets every object of the bucket that names a format.
Prints a JSON line [what, good] a check.
"""
import json
import pathlib
import sys

import boto3
from botocore.config import Config
from s3_encryption import S3EncryptionClient, S3EncryptionClientConfig
from s3_encryption.materials.kms_keyring import KmsKeyring
from s3_encryption.materials.materials import AlgorithmSuite, CommitmentPolicy

action, endpoint, kms_endpoint, key, bucket, folder, access, secret = sys.argv[1:]
common = dict(region_name="us-east-1", aws_access_key_id=access, aws_secret_access_key=secret)
kms = boto3.client("kms", endpoint_url=kms_endpoint, **common)


def plain():
    config = Config(s3={"addressing_style": "path"}, retries={"max_attempts": 1})
    return boto3.client("s3", endpoint_url=endpoint, config=config, **common)


def client(format):
    """The client hooks events of the one that it is given: each has its own."""
    more = {}
    if format == "s3ec-v2":
        more = dict(
            encryption_algorithm=AlgorithmSuite.ALG_AES_256_GCM_IV12_TAG16_NO_KDF,
            commitment_policy=CommitmentPolicy.FORBID_ENCRYPT_ALLOW_DECRYPT,
        )
    return S3EncryptionClient(plain(), S3EncryptionClientConfig(keyring=KmsKeyring(kms, key), **more))


def told(what, good):
    print(json.dumps([what, bool(good)]), flush=True)


clients = {format: client(format) for format in ("s3ec-v3", "s3ec-v2")}
if action == "write":
    for file in sorted(pathlib.Path(folder).glob("*.bin")):
        for format, s3 in clients.items():
            name = f"python-{format}-{file.stem}"
            s3.put_object(Bucket=bucket, Key=name, Body=file.read_bytes(), Metadata={"mine": "1"})
            told(f"{name} written", True)
else:
    for listed in plain().list_objects_v2(Bucket=bucket).get("Contents", []):
        name = listed["Key"]
        _, generation, number, size = name.split("-")[:4]
        format = f"{generation}-{number}"
        extra = {"EncryptionContext": {"team": "a"}} if name.endswith("-team") else {}
        try:
            got = clients[format].get_object(Bucket=bucket, Key=name, **extra)["Body"].read()
            told(f"{name} read", got == (pathlib.Path(folder) / f"{size}.bin").read_bytes())
        except Exception as error:  # each object is a check of its own
            told(f"{name} read: {type(error).__name__} {str(error)[:200]}", False)
