import com.google.crypto.tink.InsecureSecretKeyAccess;
import com.google.crypto.tink.RegistryConfiguration;
import com.google.crypto.tink.StreamingAead;
import com.google.crypto.tink.TinkJsonProtoKeysetFormat;
import com.google.crypto.tink.streamingaead.StreamingAeadConfig;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;

/**
 * TinkStreams DIR: for each case of DIR/cases.json opens what Sealgate sealed, whole and from any byte on, seals the same by Tink, and tries what
 * must fail. Prints a JSON array of what was tried and whether it held.
 */
public final class TinkStreams {
  private static final JsonArray outcomes = new JsonArray();

  public static void main(String[] args) throws Exception {
    StreamingAeadConfig.register();
    Path folder = Path.of(args[0]);
    for (JsonElement one : JsonParser.parseString(Files.readString(folder.resolve("cases.json"))).getAsJsonArray()) {
      JsonObject sealed = one.getAsJsonObject();
      String name = sealed.get("name").getAsString();
      byte[] associatedData = HexFormat.of().parseHex(sealed.get("associatedData").getAsString());
      StreamingAead tink =
          TinkJsonProtoKeysetFormat.parseKeyset(sealed.get("keyset").toString(), RegistryConfiguration.get(), InsecureSecretKeyAccess.get())
              .getPrimitive(RegistryConfiguration.get(), StreamingAead.class);
      read(folder.resolve(name + ".sealed"), Files.readAllBytes(folder.resolve(name + ".plain")), name, tink, associatedData);
      try (var out = tink.newEncryptingStream(Files.newOutputStream(folder.resolve(name + ".tink-java")), associatedData)) {
        out.write(Files.readAllBytes(folder.resolve(name + ".plain")));
      }
    }
    System.out.println(outcomes);
  }

  private static void read(Path file, byte[] plain, String name, StreamingAead tink, byte[] associatedData) throws Exception {
    byte[] sealed = Files.readAllBytes(file);
    byte[] other = Arrays.copyOf(associatedData, associatedData.length + 1);
    report(name + ": Tink opens what Sealgate sealed", Arrays.equals(open(tink, sealed, associatedData), plain));
    report(name + ": Tink reads from any byte on", seeks(tink, file, plain, associatedData));
    report(name + ": Tink refuses other associated data", refused(tink, sealed, other));
    report(name + ": Tink refuses a cut stream", refused(tink, Arrays.copyOf(sealed, sealed.length - 1), associatedData));
    sealed[sealed.length - 1] ^= 1;
    report(name + ": Tink refuses a changed byte", refused(tink, sealed, associatedData));
  }

  private static byte[] open(StreamingAead tink, byte[] sealed, byte[] associatedData) throws Exception {
    return tink.newDecryptingStream(new ByteArrayInputStream(sealed), associatedData).readAllBytes();
  }

  /** From the ends of the plaintext and a place in each eighth. Size and place are not known before a first read. */
  private static boolean seeks(StreamingAead tink, Path file, byte[] plain, byte[] associatedData) throws Exception {
    try (SeekableByteChannel channel = tink.newSeekableDecryptingChannel(FileChannel.open(file), associatedData)) {
      channel.read(ByteBuffer.allocate(1));
      boolean same = channel.size() == plain.length;
      for (int eighth = 0; eighth <= 8 && plain.length > 0; eighth++) {
        int from = (int) ((plain.length - 1L) * eighth / 8);
        ByteBuffer rest = ByteBuffer.allocate(Math.min(100, plain.length - from));
        channel.position(from);
        while (rest.hasRemaining() && channel.read(rest) >= 0) {}
        same &= Arrays.equals(rest.array(), Arrays.copyOfRange(plain, from, from + rest.capacity()));
      }
      return same;
    }
  }

  private static boolean refused(StreamingAead tink, byte[] sealed, byte[] associatedData) throws Exception {
    try {
      open(tink, sealed, associatedData);
      return false;
    } catch (IOException error) {
      return true;
    }
  }

  private static void report(String what, boolean good) {
    JsonArray outcome = new JsonArray();
    outcome.add(what);
    outcome.add(good);
    outcomes.add(outcome);
  }
}
