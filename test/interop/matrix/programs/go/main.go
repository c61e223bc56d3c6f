// main OPERATION: one operation of the matrix by the AWS SDK for Go v2, at the place that the environment names.
package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/feature/s3/manager"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
)

var (
	ctx    = context.Background()
	bucket = aws.String(os.Getenv("MATRIX_BUCKET"))
	client *s3.Client
)

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func expect(good bool, what string) {
	if !good {
		panic(what)
	}
}

func key(name string) *string { return aws.String("go/" + name) }

func random(size int) []byte {
	data := make([]byte, size)
	must(rand.Read(data))
	return data
}

func put(name string, data []byte) *s3.PutObjectOutput {
	return must(client.PutObject(ctx, &s3.PutObjectInput{Bucket: bucket, Key: key(name), Body: bytes.NewReader(data)}))
}

func get(name string, change ...func(*s3.GetObjectInput)) []byte {
	input := &s3.GetObjectInput{Bucket: bucket, Key: key(name)}
	for _, one := range change {
		one(input)
	}
	output := must(client.GetObject(ctx, input))
	defer output.Body.Close()
	return must(io.ReadAll(output.Body))
}

func refused(err error, codes ...string) {
	var failure smithy.APIError
	expect(errors.As(err, &failure), fmt.Sprintf("not refused: %v", err))
	for _, code := range codes {
		if failure.ErrorCode() == code {
			return
		}
	}
	panic("refused with " + failure.ErrorCode())
}

const part = 5 << 20

// The parts of an upload that was begun, broken off after its first part, and is continued from what ListParts says.
func resume() {
	data := random(2*part + 5000)
	begun := must(client.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: bucket, Key: key("resumed")}))
	upload := func(number int32, from, to int) {
		must(client.UploadPart(ctx, &s3.UploadPartInput{Bucket: bucket, Key: key("resumed"), UploadId: begun.UploadId,
			PartNumber: aws.Int32(number), Body: bytes.NewReader(data[from:to])}))
	}
	upload(1, 0, part)
	there := must(client.ListParts(ctx, &s3.ListPartsInput{Bucket: bucket, Key: key("resumed"), UploadId: begun.UploadId}))
	expect(len(there.Parts) == 1 && *there.Parts[0].PartNumber == 1 && *there.Parts[0].Size == part, "ListParts does not show the first part")
	upload(3, 2*part, len(data))
	upload(2, part, 2*part)
	there = must(client.ListParts(ctx, &s3.ListPartsInput{Bucket: bucket, Key: key("resumed"), UploadId: begun.UploadId}))
	var parts []types.CompletedPart
	for _, one := range there.Parts {
		parts = append(parts, types.CompletedPart{PartNumber: one.PartNumber, ETag: one.ETag, ChecksumCRC32: one.ChecksumCRC32})
	}
	must(client.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{Bucket: bucket, Key: key("resumed"), UploadId: begun.UploadId,
		MultipartUpload: &types.CompletedMultipartUpload{Parts: parts}}))
	expect(bytes.Equal(get("resumed"), data), "other bytes")
}

func fetch(request *http.Request) []byte {
	answer := must(http.DefaultClient.Do(request))
	defer answer.Body.Close()
	body := must(io.ReadAll(answer.Body))
	expect(answer.StatusCode == 200, fmt.Sprintf("%d %s", answer.StatusCode, body))
	return body
}

func presigned() {
	data := random(5000)
	signer := s3.NewPresignClient(client)
	up := must(signer.PresignPutObject(ctx, &s3.PutObjectInput{Bucket: bucket, Key: key("presigned")}))
	request := must(http.NewRequest("PUT", up.URL, bytes.NewReader(data)))
	for name, values := range up.SignedHeader {
		if !strings.EqualFold(name, "host") {
			request.Header[name] = values
		}
	}
	fetch(request)
	down := must(signer.PresignGetObject(ctx, &s3.GetObjectInput{Bucket: bucket, Key: key("presigned")}, s3.WithPresignExpires(time.Minute)))
	expect(bytes.Equal(fetch(must(http.NewRequest("GET", down.URL, nil))), data), "other bytes")
}

func conditions() {
	name := "condition"
	put := func(data string, change func(*s3.PutObjectInput)) (*s3.PutObjectOutput, error) {
		input := &s3.PutObjectInput{Bucket: bucket, Key: key(name), Body: strings.NewReader(data)}
		change(input)
		return client.PutObject(ctx, input)
	}
	first := must(put("first", func(input *s3.PutObjectInput) { input.IfNoneMatch = aws.String("*") }))
	_, err := put("again", func(input *s3.PutObjectInput) { input.IfNoneMatch = aws.String("*") })
	refused(err, "PreconditionFailed")
	must(put("second", func(input *s3.PutObjectInput) { input.IfMatch = first.ETag }))
	_, err = put("third", func(input *s3.PutObjectInput) { input.IfMatch = first.ETag })
	refused(err, "PreconditionFailed")
	expect(string(get(name)) == "second", "other bytes")
}

func checksums() {
	for _, algorithm := range []types.ChecksumAlgorithm{"CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256"} {
		name, data := "checksum-"+string(algorithm), random(100_000)
		must(client.PutObject(ctx, &s3.PutObjectInput{Bucket: bucket, Key: key(name), Body: bytes.NewReader(data), ChecksumAlgorithm: algorithm}))
		got := get(name, func(input *s3.GetObjectInput) { input.ChecksumMode = types.ChecksumModeEnabled })
		expect(bytes.Equal(got, data), "other bytes")
	}
	_, err := client.PutObject(ctx, &s3.PutObjectInput{Bucket: bucket, Key: key("wrong"), Body: strings.NewReader("x"), ChecksumCRC32: aws.String("AAAAAA==")})
	refused(err, "BadDigest", "XAmzContentChecksumMismatch")
}

func tags() {
	must(client.PutObject(ctx, &s3.PutObjectInput{Bucket: bucket, Key: key("tagged"), Body: strings.NewReader("x"), Tagging: aws.String("a=1&b=two")}))
	said := must(client.GetObjectTagging(ctx, &s3.GetObjectTaggingInput{Bucket: bucket, Key: key("tagged")}))
	expect(len(said.TagSet) == 2, "not two tags")
	must(client.PutObjectTagging(ctx, &s3.PutObjectTaggingInput{Bucket: bucket, Key: key("tagged"),
		Tagging: &types.Tagging{TagSet: []types.Tag{{Key: aws.String("c"), Value: aws.String("3")}}}}))
	said = must(client.GetObjectTagging(ctx, &s3.GetObjectTaggingInput{Bucket: bucket, Key: key("tagged")}))
	expect(len(said.TagSet) == 1 && *said.TagSet[0].Value == "3", "not the new tag")
	must(client.DeleteObjectTagging(ctx, &s3.DeleteObjectTaggingInput{Bucket: bucket, Key: key("tagged")}))
}

func versions() {
	must(client.PutBucketVersioning(ctx, &s3.PutBucketVersioningInput{Bucket: bucket,
		VersioningConfiguration: &types.VersioningConfiguration{Status: types.BucketVersioningStatusEnabled}}))
	old := put("versions", []byte("old"))
	put("versions", []byte("newer"))
	of := func(id *string) func(*s3.GetObjectInput) {
		return func(input *s3.GetObjectInput) { input.VersionId = id }
	}
	expect(string(get("versions", of(old.VersionId))) == "old" && string(get("versions")) == "newer", "other bytes")
	listed := must(client.ListObjectVersions(ctx, &s3.ListObjectVersionsInput{Bucket: bucket, Prefix: key("versions")}))
	expect(len(listed.Versions) == 2 && *listed.Versions[0].Size == 5 && *listed.Versions[1].Size == 3, "the list of versions is wrong")
	gone := must(client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: bucket, Key: key("versions")}))
	_, err := client.GetObject(ctx, &s3.GetObjectInput{Bucket: bucket, Key: key("versions")})
	refused(err, "NoSuchKey")
	must(client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: bucket, Key: key("versions"), VersionId: gone.VersionId}))
	expect(string(get("versions")) == "newer", "not back")
}

func deletes() {
	put("gone", []byte("x"))
	must(client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: bucket, Key: key("gone")}))
	_, err := client.GetObject(ctx, &s3.GetObjectInput{Bucket: bucket, Key: key("gone")})
	refused(err, "NoSuchKey")
	put("gone-1", []byte("x"))
	put("gone-2", []byte("x"))
	done := must(client.DeleteObjects(ctx, &s3.DeleteObjectsInput{Bucket: bucket,
		Delete: &types.Delete{Objects: []types.ObjectIdentifier{{Key: key("gone-1")}, {Key: key("gone-2")}}}}))
	expect(len(done.Deleted) == 2 && len(done.Errors) == 0, "not both deleted")
}

var operations = map[string]func(){
	"put": func() {
		for _, size := range []int{0, 1, 65_536, 1_000_000} {
			data := random(size)
			put("put", data)
			head := must(client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: bucket, Key: key("put")}))
			expect(*head.ContentLength == int64(size), fmt.Sprintf("HEAD says %d of %d bytes", *head.ContentLength, size))
			expect(bytes.Equal(get("put"), data), "other bytes")
		}
	},
	"get": func() {
		data := random(12 << 20)
		put("get", data)
		expect(bytes.Equal(get("get"), data), "other bytes")
		into := manager.NewWriteAtBuffer(nil)
		must(manager.NewDownloader(client).Download(ctx, into, &s3.GetObjectInput{Bucket: bucket, Key: key("get")}))
		expect(bytes.Equal(into.Bytes(), data), "other bytes in parallel")
	},
	"multipart": func() {
		data := random(3*part + 1234)
		must(manager.NewUploader(client).Upload(ctx, &s3.PutObjectInput{Bucket: bucket, Key: key("multipart"), Body: bytes.NewReader(data)}))
		expect(bytes.Equal(get("multipart"), data), "other bytes")
	},
	"ranges": func() {
		data := random(3*part + 1234)
		must(manager.NewUploader(client).Upload(ctx, &s3.PutObjectInput{Bucket: bucket, Key: key("ranges"), Body: bytes.NewReader(data)}))
		for said, expected := range map[string][]byte{
			"bytes=0-0": data[:1], "bytes=65000-66000": data[65_000:66_001], "bytes=5242879-5242880": data[part-1 : part+1],
			"bytes=-10": data[len(data)-10:], fmt.Sprintf("bytes=%d-", 3*part): data[3*part:],
		} {
			got := get("ranges", func(input *s3.GetObjectInput) { input.Range = aws.String(said) })
			expect(bytes.Equal(got, expected), said)
		}
	},
	"resumed uploads": resume,
	"listings with sizes": func() {
		sizes := map[string]int64{"go/list/a": 0, "go/list/b c": 100_000, "go/list/d+e": 7}
		for name, size := range sizes {
			put(strings.TrimPrefix(name, "go/"), random(int(size)))
		}
		pages := s3.NewListObjectsV2Paginator(client, &s3.ListObjectsV2Input{Bucket: bucket, Prefix: key("list/"), MaxKeys: aws.Int32(2)})
		seen := 0
		for pages.HasMorePages() {
			for _, one := range must(pages.NextPage(ctx)).Contents {
				expect(sizes[*one.Key] == *one.Size, fmt.Sprintf("%s has %d bytes", *one.Key, *one.Size))
				seen++
			}
		}
		expect(seen == len(sizes), "not all listed")
	},
	"copy": func() {
		data := random(200_000)
		put("copied from", data)
		must(client.CopyObject(ctx, &s3.CopyObjectInput{Bucket: bucket, Key: key("copied"), CopySource: aws.String(*bucket + "/go/copied%20from")}))
		expect(bytes.Equal(get("copied"), data), "other bytes")
	},
	"presigned":          presigned,
	"conditional writes": conditions,
	"checksums":          checksums,
	"tags":               tags,
	"versions":           versions,
	"delete":             deletes,
}

func main() {
	defer func() {
		if failure := recover(); failure != nil {
			fmt.Fprintln(os.Stderr, failure)
			os.Exit(1)
		}
	}()
	client = s3.NewFromConfig(must(config.LoadDefaultConfig(ctx)), func(options *s3.Options) {
		options.BaseEndpoint = aws.String(os.Getenv("MATRIX_ENDPOINT"))
		options.UsePathStyle = true
		options.DisableLogOutputChecksumValidationSkipped = true
	})
	operations[os.Args[1]]()
}
