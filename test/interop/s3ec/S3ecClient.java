// S3ecClient write|read S3_ENDPOINT KMS_ENDPOINT KEY_ARN BUCKET FOLDER ACCESS_KEY SECRET: the S3 Encryption Client for Java.
// write: puts java-FORMAT-SIZE for each file FOLDER/SIZE.bin. read: gets every object of the bucket that names a format.
// Prints a JSON line [what, good] a check.
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.kms.KmsClient;
import software.amazon.awssdk.services.s3.S3AsyncClient;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.encryption.s3.CommitmentPolicy;
import software.amazon.encryption.s3.S3EncryptionClient;
import software.amazon.encryption.s3.algorithms.AlgorithmSuite;
import software.amazon.encryption.s3.materials.KmsKeyring;

public final class S3ecClient {
  public static void main(String[] args) throws Exception {
    String bucket = args[4];
    Path folder = Path.of(args[5]);
    var credentials = StaticCredentialsProvider.create(AwsBasicCredentials.create(args[6], args[7]));
    KmsClient kms = KmsClient.builder().endpointOverride(URI.create(args[2])).region(Region.US_EAST_1).credentialsProvider(credentials).build();
    S3Client plain = S3Client.builder().endpointOverride(URI.create(args[1])).region(Region.US_EAST_1).credentialsProvider(credentials).forcePathStyle(true).build();
    // Both clients are wrapped: the synchronous one for metadata calls, the asynchronous one for every body.
    S3AsyncClient async = S3AsyncClient.builder().endpointOverride(URI.create(args[1])).region(Region.US_EAST_1).credentialsProvider(credentials).forcePathStyle(true).build();
    KmsKeyring ring = KmsKeyring.builder().kmsClient(kms).wrappingKeyId(args[3]).build();
    S3EncryptionClient v3 =
        S3EncryptionClient.builderV4().wrappedClient(plain).wrappedAsyncClient(async).keyring(ring)
            .commitmentPolicy(CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT)
            .encryptionAlgorithm(AlgorithmSuite.ALG_AES_256_GCM_HKDF_SHA512_COMMIT_KEY).build();
    S3EncryptionClient v2 =
        S3EncryptionClient.builderV4().wrappedClient(plain).wrappedAsyncClient(async).keyring(ring)
            .commitmentPolicy(CommitmentPolicy.FORBID_ENCRYPT_ALLOW_DECRYPT)
            .encryptionAlgorithm(AlgorithmSuite.ALG_AES_256_GCM_IV12_TAG16_NO_KDF).build();
    Map<String, S3EncryptionClient> clients = Map.of("s3ec-v3", v3, "s3ec-v2", v2);
    if (args[0].equals("write")) {
      try (var files = Files.newDirectoryStream(folder, "*.bin")) {
        for (Path file : files) {
          String size = file.getFileName().toString().replace(".bin", "");
          for (var client : clients.entrySet()) {
            String name = "java-" + client.getKey() + "-" + size;
            client.getValue().putObject(b -> b.bucket(bucket).key(name).metadata(Map.of("mine", "1")), RequestBody.fromFile(file));
            told(name + " written", true);
          }
        }
      }
      // The pieces that this client makes of one GCM message when it uploads a large object.
      S3EncryptionClient parts =
          S3EncryptionClient.builderV4().wrappedClient(plain).wrappedAsyncClient(async).keyring(ring).enableMultipartPutObject(true)
              .commitmentPolicy(CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT)
              .encryptionAlgorithm(AlgorithmSuite.ALG_AES_256_GCM_HKDF_SHA512_COMMIT_KEY).build();
      String large = "java-s3ec-v3-20000000-parts";
      parts.putObject(b -> b.bucket(bucket).key(large).metadata(Map.of("mine", "1")), RequestBody.fromFile(folder.resolve("20000000.bin")));
      told(large + " written, ETag " + plain.headObject(b -> b.bucket(bucket).key(large)).eTag().replace("\"", ""), true);
    } else {
      for (var listed : plain.listObjectsV2(b -> b.bucket(bucket)).contents()) {
        String name = listed.key();
        String[] words = name.split("-");
        try {
          var got = clients.get(words[1] + "-" + words[2]).getObjectAsBytes(b -> {
            b.bucket(bucket).key(name);
            if (name.endsWith("-team")) b.overrideConfiguration(S3EncryptionClient.withAdditionalConfiguration(Map.of("team", "a")));
          });
          told(name + " read", Arrays.equals(got.asByteArray(), Files.readAllBytes(folder.resolve(words[3] + ".bin"))));
        } catch (RuntimeException error) {
          told(name + " read: " + error.getClass().getSimpleName() + " " + String.valueOf(error.getMessage()).replaceAll("[\"\\\\\\p{Cntrl}]", " "), false);
        }
      }
    }
    async.close();
  }

  private static void told(String what, boolean good) {
    System.out.println("[\"" + what + "\"," + good + "]");
  }
}
