import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.s3.S3Configuration;
import software.amazon.awssdk.services.s3.model.*;
import software.amazon.awssdk.services.s3.presigner.S3Presigner;

/** Matrix sync|async|crt OPERATION: one operation of the matrix, at the place that the environment names. */
public final class Matrix {
  private static final int PART = 5 << 20;
  private static final String BUCKET = System.getenv("MATRIX_BUCKET");
  private static final URI ENDPOINT = URI.create(System.getenv("MATRIX_ENDPOINT"));
  private static Calls s3;

  public static void main(String[] args) {
    int status = 0;
    try {
      s3 = Calls.of(args[0], ENDPOINT);
      switch (args[1]) {
        case "put" -> put();
        case "get" -> get();
        case "multipart" -> multipart();
        case "ranges" -> ranges();
        case "resumed uploads" -> resume();
        case "listings with sizes" -> listings();
        case "copy" -> copy();
        case "presigned" -> presigned();
        case "conditional writes" -> conditions();
        case "checksums" -> checksums();
        case "tags" -> tags();
        case "versions" -> versions();
        case "delete" -> deletes();
        default -> throw new IllegalArgumentException(args[1]);
      }
    } catch (Exception error) {
      error.printStackTrace();
      status = 1;
    }
    System.exit(status); // threads of the clients would keep the program
  }

  private static byte[] random(int size) {
    byte[] data = new byte[size];
    new Random(size).nextBytes(data);
    return data;
  }

  private static void expect(boolean good, String what) {
    if (!good) throw new IllegalStateException(what);
  }

  private static String key(String name) {
    return "java/" + name;
  }

  private static PutObjectResponse put(String name, byte[] data) {
    return s3.put(PutObjectRequest.builder().bucket(BUCKET).key(key(name)).build(), data);
  }

  private static byte[] get(String name) {
    return s3.get(GetObjectRequest.builder().bucket(BUCKET).key(key(name)).build());
  }

  private static void same(byte[] found, byte[] data, String what) {
    expect(Arrays.equals(found, data), what + ": " + found.length + " other bytes");
  }

  private static void refused(Runnable call, String... codes) {
    try {
      call.run();
    } catch (S3Exception error) {
      String code = error.awsErrorDetails() == null ? null : error.awsErrorDetails().errorCode();
      // The CRT client asks by HEAD first, whose refusal has no document.
      boolean missing = code == null && error.statusCode() == 404;
      expect(Arrays.asList(codes).contains(missing ? "NoSuchKey" : code), "refused with " + code + ", " + error.statusCode());
      return;
    }
    throw new IllegalStateException("not refused");
  }

  private static void put() {
    for (int size : new int[] {0, 1, 65_536, 1_000_000}) {
      put("put", random(size));
      long said = s3.head(HeadObjectRequest.builder().bucket(BUCKET).key(key("put")).build()).contentLength();
      expect(said == size, "HEAD says " + said + " of " + size);
      same(get("put"), random(size), "put " + size);
    }
  }

  private static void get() {
    put("get", random(12 << 20));
    same(get("get"), random(12 << 20), "get");
  }

  /** What the client cuts into parts itself, if it does; and parts cut here. */
  private static void multipart() {
    put("multipart", random(20 << 20));
    same(get("multipart"), random(20 << 20), "one put");
    byte[] data = random(2 * PART + 1234);
    complete("parts", upload("parts", data, 3, 1, 2));
    same(get("parts"), data, "parts");
  }

  private static void ranges() {
    byte[] data = random(2 * PART + 1234);
    complete("ranges", upload("ranges", data, 1, 2, 3));
    Map<String, int[]> ranges = new HashMap<>();
    ranges.put("bytes=0-0", new int[] {0, 1});
    ranges.put("bytes=65000-66000", new int[] {65_000, 66_001});
    ranges.put("bytes=" + (PART - 1) + "-" + PART, new int[] {PART - 1, PART + 1});
    ranges.put("bytes=-10", new int[] {data.length - 10, data.length});
    ranges.forEach((said, at) -> {
      byte[] found = s3.get(GetObjectRequest.builder().bucket(BUCKET).key(key("ranges")).range(said).build());
      same(found, Arrays.copyOfRange(data, at[0], at[1]), said);
    });
  }

  private static String upload(String name, byte[] data, int... numbers) {
    String id = s3.create(CreateMultipartUploadRequest.builder().bucket(BUCKET).key(key(name)).build()).uploadId();
    parts(name, id, data, numbers);
    return id;
  }

  private static void parts(String name, String id, byte[] data, int... numbers) {
    for (int number : numbers) {
      byte[] part = Arrays.copyOfRange(data, (number - 1) * PART, Math.min(data.length, number * PART));
      s3.part(UploadPartRequest.builder().bucket(BUCKET).key(key(name)).uploadId(id).partNumber(number).build(), part);
    }
  }

  private static List<Part> there(String name, String id) {
    return s3.parts(ListPartsRequest.builder().bucket(BUCKET).key(key(name)).uploadId(id).build()).parts();
  }

  private static void complete(String name, String id) {
    List<CompletedPart> parts = new ArrayList<>();
    for (Part one : there(name, id)) {
      parts.add(CompletedPart.builder().partNumber(one.partNumber()).eTag(one.eTag()).checksumCRC32(one.checksumCRC32()).build());
    }
    s3.complete(CompleteMultipartUploadRequest.builder().bucket(BUCKET).key(key(name)).uploadId(id).multipartUpload(list -> list.parts(parts)).build());
  }

  private static void resume() {
    byte[] data = random(2 * PART + 5000);
    String id = upload("resumed", data, 1);
    List<Part> there = there("resumed", id);
    expect(there.size() == 1 && there.get(0).size() == PART, "ListParts does not show the first part");
    parts("resumed", id, data, 3, 2);
    complete("resumed", id);
    same(get("resumed"), data, "resumed");
  }

  private static void listings() {
    Map<String, Integer> sizes = Map.of("java/list/a", 0, "java/list/b c", 100_000, "java/list/d+e", 7);
    sizes.forEach((key, size) -> put(key.substring("java/".length()), random(size)));
    Map<String, Integer> found = new HashMap<>();
    String token = null;
    do {
      ListObjectsV2Response page =
          s3.list(ListObjectsV2Request.builder().bucket(BUCKET).prefix(key("list/")).maxKeys(2).continuationToken(token).build());
      page.contents().forEach(one -> found.put(one.key(), one.size().intValue()));
      token = page.nextContinuationToken();
    } while (token != null);
    expect(found.equals(sizes), found.toString());
  }

  private static void copy() {
    put("copied from", random(200_000));
    s3.copy(CopyObjectRequest.builder().sourceBucket(BUCKET).sourceKey(key("copied from")).destinationBucket(BUCKET).destinationKey(key("copied")).build());
    same(get("copied"), random(200_000), "copied");
  }

  private static void presigned() throws Exception {
    try (S3Presigner signer =
        S3Presigner.builder().endpointOverride(ENDPOINT).region(Region.US_EAST_1)
            .serviceConfiguration(S3Configuration.builder().pathStyleAccessEnabled(true).build()).build()) {
      byte[] data = random(5000);
      var up = signer.presignPutObject(b -> b.signatureDuration(Duration.ofMinutes(1)).putObjectRequest(p -> p.bucket(BUCKET).key(key("presigned"))));
      var request = HttpRequest.newBuilder(up.url().toURI()).PUT(HttpRequest.BodyPublishers.ofByteArray(data));
      up.signedHeaders().forEach((name, values) -> {
        if (!name.equalsIgnoreCase("host")) values.forEach(value -> request.header(name, value));
      });
      fetch(request.build());
      var down = signer.presignGetObject(b -> b.signatureDuration(Duration.ofMinutes(1)).getObjectRequest(g -> g.bucket(BUCKET).key(key("presigned"))));
      same(fetch(HttpRequest.newBuilder(down.url().toURI()).build()), data, "presigned");
    }
  }

  private static byte[] fetch(HttpRequest request) throws Exception {
    HttpResponse<byte[]> answer = HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofByteArray());
    expect(answer.statusCode() == 200, answer.statusCode() + " " + new String(answer.body()));
    return answer.body();
  }

  private static void conditions() {
    PutObjectRequest create = PutObjectRequest.builder().bucket(BUCKET).key(key("condition")).ifNoneMatch("*").build();
    String first = s3.put(create, "first".getBytes()).eTag();
    refused(() -> s3.put(create, "again".getBytes()), "PreconditionFailed");
    PutObjectRequest replace = PutObjectRequest.builder().bucket(BUCKET).key(key("condition")).ifMatch(first).build();
    s3.put(replace, "second".getBytes());
    refused(() -> s3.put(replace, "third".getBytes()), "PreconditionFailed");
    same(get("condition"), "second".getBytes(), "condition");
  }

  private static void checksums() {
    for (String algorithm : new String[] {"CRC32", "CRC32C", "SHA1", "SHA256"}) {
      String key = key("checksum-" + algorithm);
      byte[] data = random(100_000);
      s3.put(PutObjectRequest.builder().bucket(BUCKET).key(key).checksumAlgorithm(algorithm).build(), data);
      same(s3.get(GetObjectRequest.builder().bucket(BUCKET).key(key).checksumMode("ENABLED").build()), data, algorithm);
    }
    PutObjectRequest wrong = PutObjectRequest.builder().bucket(BUCKET).key(key("wrong")).checksumCRC32("AAAAAA==").build();
    refused(() -> s3.put(wrong, "x".getBytes()), "BadDigest", "XAmzContentChecksumMismatch");
  }

  private static void tags() {
    s3.put(PutObjectRequest.builder().bucket(BUCKET).key(key("tagged")).tagging("a=1&b=two").build(), "x".getBytes());
    GetObjectTaggingRequest ask = GetObjectTaggingRequest.builder().bucket(BUCKET).key(key("tagged")).build();
    expect(s3.tags(ask).size() == 2, "not two tags");
    s3.tag(PutObjectTaggingRequest.builder().bucket(BUCKET).key(key("tagged")).tagging(t -> t.tagSet(Tag.builder().key("c").value("3").build())).build());
    expect(s3.tags(ask).equals(List.of(Tag.builder().key("c").value("3").build())), "not the new tag");
  }

  private static void versions() {
    s3.version(PutBucketVersioningRequest.builder().bucket(BUCKET).versioningConfiguration(c -> c.status(BucketVersioningStatus.ENABLED)).build());
    String old = put("versions", "old".getBytes()).versionId();
    put("versions", "newer".getBytes());
    same(s3.get(GetObjectRequest.builder().bucket(BUCKET).key(key("versions")).versionId(old).build()), "old".getBytes(), "old version");
    List<ObjectVersion> listed = s3.versions(ListObjectVersionsRequest.builder().bucket(BUCKET).prefix(key("versions")).build()).versions();
    expect(listed.size() == 2 && listed.get(0).size() == 5 && listed.get(1).size() == 3, listed.toString());
    String marker = s3.delete(DeleteObjectRequest.builder().bucket(BUCKET).key(key("versions")).build()).versionId();
    refused(() -> get("versions"), "NoSuchKey");
    s3.delete(DeleteObjectRequest.builder().bucket(BUCKET).key(key("versions")).versionId(marker).build());
    same(get("versions"), "newer".getBytes(), "back");
  }

  private static void deletes() {
    List<ObjectIdentifier> two = new ArrayList<>();
    for (String name : new String[] {"gone", "gone-1", "gone-2"}) {
      put(name, "x".getBytes());
      if (!name.equals("gone")) two.add(ObjectIdentifier.builder().key(key(name)).build());
    }
    s3.delete(DeleteObjectRequest.builder().bucket(BUCKET).key(key("gone")).build());
    refused(() -> get("gone"), "NoSuchKey");
    DeleteObjectsResponse done = s3.delete(DeleteObjectsRequest.builder().bucket(BUCKET).delete(d -> d.objects(two)).build());
    expect(done.deleted().size() == 2 && done.errors().isEmpty(), done.toString());
  }
}
