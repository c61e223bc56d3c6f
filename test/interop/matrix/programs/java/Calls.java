import java.net.URI;
import java.util.List;
import java.util.concurrent.CompletionException;
import java.util.function.Supplier;
import software.amazon.awssdk.core.async.AsyncRequestBody;
import software.amazon.awssdk.core.async.AsyncResponseTransformer;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.s3.S3AsyncClient;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.*;

/** What the operations ask of a client, be it the synchronous one, the asynchronous one or the CRT's. */
interface Calls {
  PutObjectResponse put(PutObjectRequest request, byte[] data);

  byte[] get(GetObjectRequest request);

  UploadPartResponse part(UploadPartRequest request, byte[] data);

  HeadObjectResponse head(HeadObjectRequest request);

  ListObjectsV2Response list(ListObjectsV2Request request);

  ListObjectVersionsResponse versions(ListObjectVersionsRequest request);

  CopyObjectResponse copy(CopyObjectRequest request);

  DeleteObjectResponse delete(DeleteObjectRequest request);

  DeleteObjectsResponse delete(DeleteObjectsRequest request);

  CreateMultipartUploadResponse create(CreateMultipartUploadRequest request);

  ListPartsResponse parts(ListPartsRequest request);

  CompleteMultipartUploadResponse complete(CompleteMultipartUploadRequest request);

  void tag(PutObjectTaggingRequest request);

  List<Tag> tags(GetObjectTaggingRequest request);

  void version(PutBucketVersioningRequest request);

  static Calls of(String kind, URI endpoint) {
    if (kind.equals("sync")) {
      return of(S3Client.builder().endpointOverride(endpoint).region(Region.US_EAST_1).forcePathStyle(true).build());
    }
    if (kind.equals("crt")) {
      return of(S3AsyncClient.crtBuilder().endpointOverride(endpoint).region(Region.US_EAST_1).forcePathStyle(true).build());
    }
    return of(S3AsyncClient.builder().endpointOverride(endpoint).region(Region.US_EAST_1).forcePathStyle(true).multipartEnabled(true).build());
  }

  private static Calls of(S3Client s3) {
    return new Calls() {
      public PutObjectResponse put(PutObjectRequest request, byte[] data) {
        return s3.putObject(request, RequestBody.fromBytes(data));
      }

      public byte[] get(GetObjectRequest request) {
        return s3.getObjectAsBytes(request).asByteArray();
      }

      public UploadPartResponse part(UploadPartRequest request, byte[] data) {
        return s3.uploadPart(request, RequestBody.fromBytes(data));
      }

      public HeadObjectResponse head(HeadObjectRequest request) {
        return s3.headObject(request);
      }

      public ListObjectsV2Response list(ListObjectsV2Request request) {
        return s3.listObjectsV2(request);
      }

      public ListObjectVersionsResponse versions(ListObjectVersionsRequest request) {
        return s3.listObjectVersions(request);
      }

      public CopyObjectResponse copy(CopyObjectRequest request) {
        return s3.copyObject(request);
      }

      public DeleteObjectResponse delete(DeleteObjectRequest request) {
        return s3.deleteObject(request);
      }

      public DeleteObjectsResponse delete(DeleteObjectsRequest request) {
        return s3.deleteObjects(request);
      }

      public CreateMultipartUploadResponse create(CreateMultipartUploadRequest request) {
        return s3.createMultipartUpload(request);
      }

      public ListPartsResponse parts(ListPartsRequest request) {
        return s3.listParts(request);
      }

      public CompleteMultipartUploadResponse complete(CompleteMultipartUploadRequest request) {
        return s3.completeMultipartUpload(request);
      }

      public void tag(PutObjectTaggingRequest request) {
        s3.putObjectTagging(request);
      }

      public List<Tag> tags(GetObjectTaggingRequest request) {
        return s3.getObjectTagging(request).tagSet();
      }

      public void version(PutBucketVersioningRequest request) {
        s3.putBucketVersioning(request);
      }
    };
  }

  private static Calls of(S3AsyncClient s3) {
    return new Calls() {
      public PutObjectResponse put(PutObjectRequest request, byte[] data) {
        return await(() -> s3.putObject(request, AsyncRequestBody.fromBytes(data)).join());
      }

      public byte[] get(GetObjectRequest request) {
        return await(() -> s3.getObject(request, AsyncResponseTransformer.toBytes()).join()).asByteArray();
      }

      public UploadPartResponse part(UploadPartRequest request, byte[] data) {
        return await(() -> s3.uploadPart(request, AsyncRequestBody.fromBytes(data)).join());
      }

      public HeadObjectResponse head(HeadObjectRequest request) {
        return await(() -> s3.headObject(request).join());
      }

      public ListObjectsV2Response list(ListObjectsV2Request request) {
        return await(() -> s3.listObjectsV2(request).join());
      }

      public ListObjectVersionsResponse versions(ListObjectVersionsRequest request) {
        return await(() -> s3.listObjectVersions(request).join());
      }

      public CopyObjectResponse copy(CopyObjectRequest request) {
        return await(() -> s3.copyObject(request).join());
      }

      public DeleteObjectResponse delete(DeleteObjectRequest request) {
        return await(() -> s3.deleteObject(request).join());
      }

      public DeleteObjectsResponse delete(DeleteObjectsRequest request) {
        return await(() -> s3.deleteObjects(request).join());
      }

      public CreateMultipartUploadResponse create(CreateMultipartUploadRequest request) {
        return await(() -> s3.createMultipartUpload(request).join());
      }

      public ListPartsResponse parts(ListPartsRequest request) {
        return await(() -> s3.listParts(request).join());
      }

      public CompleteMultipartUploadResponse complete(CompleteMultipartUploadRequest request) {
        return await(() -> s3.completeMultipartUpload(request).join());
      }

      public void tag(PutObjectTaggingRequest request) {
        await(() -> s3.putObjectTagging(request).join());
      }

      public List<Tag> tags(GetObjectTaggingRequest request) {
        return await(() -> s3.getObjectTagging(request).join()).tagSet();
      }

      public void version(PutBucketVersioningRequest request) {
        await(() -> s3.putBucketVersioning(request).join());
      }
    };
  }

  /** The failure itself, as the synchronous client throws it. */
  private static <T> T await(Supplier<T> call) {
    try {
      return call.get();
    } catch (CompletionException error) {
      throw error.getCause() instanceof RuntimeException cause ? cause : error;
    }
  }
}
