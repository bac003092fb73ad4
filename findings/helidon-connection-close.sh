#!/usr/bin/env bash
# Helidon SE 4.5.0: the web server answers a request that has `Connection: close` with the same header, and then leaves the
# connection open until the client closes it, or its own idle timeout does after five minutes. RFC 9112, 9.6, has the server close it
# behind the response. A client that reads up to the end, as HTTP/1.0's do and many scripts, waits that long.
# Seen: "connection: close" in the response, and the connection open ten seconds later.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
mkdir -p src/main/java
cat >pom.xml <<'XML'
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>org.example</groupId>
  <artifactId>finding</artifactId>
  <version>1</version>
  <properties>
    <maven.compiler.release>21</maven.compiler.release>
  </properties>
  <dependencies>
    <dependency>
      <groupId>io.helidon.webserver</groupId>
      <artifactId>helidon-webserver</artifactId>
      <version>4.5.0</version>
    </dependency>
  </dependencies>
  <build>
    <plugins>
      <plugin>
        <artifactId>maven-compiler-plugin</artifactId>
        <version>3.15.0</version>
      </plugin>
      <plugin>
        <groupId>org.codehaus.mojo</groupId>
        <artifactId>exec-maven-plugin</artifactId>
        <version>3.6.2</version>
      </plugin>
    </plugins>
  </build>
</project>
XML
cat >src/main/java/Main.java <<'JAVA'
import io.helidon.webserver.WebServer;
import io.helidon.webserver.http.HttpRouting;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;

public class Main {
    public static void main(String[] args) throws Exception {
        WebServer server = WebServer.builder()
                .port(0)
                .routing(HttpRouting.builder().get("/", (request, response) -> response.send("hello")))
                .build()
                .start();
        StringBuilder seen = new StringBuilder();
        try (Socket socket = new Socket("localhost", server.port())) {
            socket.setSoTimeout(10_000);
            socket.getOutputStream().write("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
                    .getBytes(StandardCharsets.US_ASCII));
            int next;
            while ((next = socket.getInputStream().read()) >= 0) {
                seen.append((char) next);
            }
            System.out.println("closed");
        } catch (SocketTimeoutException e) {
            System.out.println((seen.indexOf("Connection: close") > 0 ? "says close" : "says nothing") + ", open after 10 s");
        }
        System.exit(0);
    }
}
JAVA
seen=$(mvn -q -Dstyle.color=never compile exec:java -Dexec.mainClass=Main 2>/dev/null | grep -o 'says.*\|closed' || true)
echo "$seen"
[ "$seen" = "says close, open after 10 s" ]
