"""pyarrow_fs.py OPERATION: by pyarrow's S3 file system, which is the AWS SDK for C++."""
import pathlib

import pyarrow as pa
from pyarrow import fs, parquet
from place import access_key, authority, bucket, ca, expect, main, region, sample, scheme, scratch, secret_key

s3 = fs.S3FileSystem(
    access_key=access_key,
    secret_key=secret_key,
    region=region,
    endpoint_override=authority,
    scheme=scheme,
    **({"tls_ca_file_path": ca} if ca else {}),
)
at = f"{bucket}/pyarrow"
mebibyte = 1024 * 1024


def write(name, data):
    with s3.open_output_stream(f"{at}/{name}") as stream:
        stream.write(data)


def read(name):
    with s3.open_input_stream(f"{at}/{name}") as stream:
        return stream.read()


def put():
    for size in (0, 1, 65_536, 1_000_000):
        write("put", sample(size))
        expect(s3.get_file_info(f"{at}/put").size == size, f"another size than {size}")
        expect(read("put") == sample(size), "other bytes")


def get():
    table = pa.table({"n": list(range(100_000)), "text": [f"row {n}" for n in range(100_000)]})
    parquet.write_table(table, f"{at}/table.parquet", filesystem=s3)
    expect(parquet.read_table(f"{at}/table.parquet", filesystem=s3).equals(table), "another table")
    some = parquet.read_table(f"{at}/table.parquet", filesystem=s3, columns=["n"])
    expect(some.column("n").to_pylist() == list(range(100_000)), "another column")


def sync():
    local = pathlib.Path(scratch) / "tree"
    (local / "below").mkdir(parents=True)
    for name in ("a", "b c", "below/d"):
        (local / name).write_bytes(sample(len(name) * 1_000))
    fs.copy_files(str(local), f"{at}/tree", source_filesystem=fs.LocalFileSystem(), destination_filesystem=s3)
    back = pathlib.Path(scratch) / "back"
    back.mkdir()
    fs.copy_files(f"{at}/tree", str(back), source_filesystem=s3, destination_filesystem=fs.LocalFileSystem())
    for name in ("a", "b c", "below/d"):
        expect((back / name).read_bytes() == (local / name).read_bytes(), name)


def multipart():
    data = sample(25 * mebibyte + 1)
    with s3.open_output_stream(f"{at}/multipart") as stream:
        for start in range(0, len(data), 3 * mebibyte):
            stream.write(data[start : start + 3 * mebibyte])
    expect(read("multipart") == data, "other bytes")


def ranges():
    data = sample(25 * mebibyte + 1)
    write("ranges", data)
    with s3.open_input_file(f"{at}/ranges") as file:
        for start, length in ((0, 1), (65_000, 1_000), (10 * mebibyte - 1, 2), (len(data) - 10, 100)):
            expect(file.read_at(length, start) == data[start : start + length], f"{length} at {start}")
        expect(file.size() == len(data), "another size")


def listings():
    sizes = {"a": 0, "b c": 100_000, "d+e": 7}
    for name, size in sizes.items():
        write(f"list/{name}", sample(size))
    found = s3.get_file_info(fs.FileSelector(f"{at}/list", recursive=True))
    expect({one.base_name: one.size for one in found} == sizes, str(found))


def copy():
    write("copied from", sample(200_000))
    s3.copy_file(f"{at}/copied from", f"{at}/copied")
    expect(read("copied") == sample(200_000), "other bytes")


def rename():
    write("renamed from", sample(200_000))
    s3.move(f"{at}/renamed from", f"{at}/renamed")
    expect(read("renamed") == sample(200_000), "other bytes")
    expect(s3.get_file_info(f"{at}/renamed from").type == fs.FileType.NotFound, "still there")


def delete():
    for name in ("gone", "below/gone-1", "below/gone-2"):
        write(f"deleted/{name}", b"x")
    s3.delete_file(f"{at}/deleted/gone")
    s3.delete_dir(f"{at}/deleted/below")
    for name in ("gone", "below/gone-1", "below/gone-2"):
        expect(s3.get_file_info(f"{at}/deleted/{name}").type == fs.FileType.NotFound, f"{name} is still there")


main(
    {
        "put": put,
        "get": get,
        "sync": sync,
        "multipart": multipart,
        "ranges": ranges,
        "listings with sizes": listings,
        "copy": copy,
        "rename": rename,
        "delete": delete,
    }
)
