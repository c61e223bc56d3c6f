"""The place that the environment names, and what the Python programs of the matrix share."""
import os
import random
import sys

endpoint = os.environ["MATRIX_ENDPOINT"]
bucket = os.environ["MATRIX_BUCKET"]
scratch = os.environ["MATRIX_SCRATCH"]
region = os.environ["AWS_REGION"]
access_key = os.environ["AWS_ACCESS_KEY_ID"]
secret_key = os.environ["AWS_SECRET_ACCESS_KEY"]
ca = os.environ.get("AWS_CA_BUNDLE")
scheme, authority = endpoint.split("://")


def sample(size):
    return random.Random(size).randbytes(size)


def expect(good, what):
    if not good:
        raise AssertionError(what)


def main(operations):
    operations[sys.argv[1]]()
