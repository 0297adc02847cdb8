import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.Executors;

/** The web server that comes with the JDK: nothing has to be fetched for it. */
public class Hello {
  public static void main(String[] args) throws IOException {
    int port = Integer.parseInt(System.getenv().getOrDefault("PORT", "5000"));
    String release = System.getenv().getOrDefault("RELEASE_VERSION", "v0");
    String commit = System.getenv().getOrDefault("SOURCE_VERSION", "unknown");
    String greeting = "Hello from Java, " + release + ", commit " + commit.substring(0, Math.min(12, commit.length())) + "\n";

    HttpServer server = HttpServer.create(new InetSocketAddress(port), 0);
    server.setExecutor(Executors.newFixedThreadPool(4));
    server.createContext("/", exchange -> {
      byte[] body = greeting.getBytes(StandardCharsets.UTF_8);
      exchange.getResponseHeaders().set("content-type", "text/plain; charset=utf-8");
      exchange.sendResponseHeaders(200, body.length);
      exchange.getResponseBody().write(body);
      exchange.close();
    });
    server.start();
    // On SIGTERM: no new request, and a second for those under way.
    Runtime.getRuntime().addShutdownHook(new Thread(() -> server.stop(1)));
  }
}
