"""A stock boto3's download_file, once: prints `failed CODE` or the size and SHA-256 of the file that came.

boto3_download.py ENDPOINT BUCKET KEY ACCESS_KEY SECRET_KEY
"""
import hashlib
import pathlib
import sys
import tempfile

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

endpoint, bucket, key, access, secret = sys.argv[1:6]
config = Config(signature_version="s3v4", retries={"max_attempts": 1}, s3={"addressing_style": "path"})
s3 = boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1", config=config,
                  aws_access_key_id=access, aws_secret_access_key=secret)
with tempfile.TemporaryDirectory() as folder:
    file = pathlib.Path(folder, "down")
    try:
        s3.download_file(bucket, key, str(file))
        content = file.read_bytes()
        print(f"{len(content)} bytes, {hashlib.sha256(content).hexdigest()}")
    except ClientError as error:
        print(f"failed {error.response['Error']['Code']}")
