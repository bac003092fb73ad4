#!/usr/bin/env bash
# Jinjava 2.8.4, the Jinja engine of the JVM, by which Jlama fills chat templates: `for message in messages if ...` visits all messages or
# none. Jinja's documentation has the condition filter the items one by one; a reader that knows no such thing was expected to refuse it.
# Here all that stands behind `in` is one expression, so that the `if` is the inline one without an else: it is asked once, before the loop,
# when `message` is not there yet. What asks for equality is false and drops every message, what asks for inequality is true and lets the
# system message through among the others. No error is thrown and renderForResult lists none.
# With the filters selectattr and rejectattr the messages are right. (Of loops, `else` is known: HubSpot/jinjava#1061.)
# Seen: == 'user' [], != 'system' [system user assistant], not == 'user' [system user assistant], selectattr [user]; errors 0
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat >pom.xml <<'XML'
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>org.example</groupId><artifactId>finding</artifactId><version>1</version>
  <dependencies>
    <dependency><groupId>com.hubspot.jinjava</groupId><artifactId>jinjava</artifactId><version>2.8.4</version></dependency>
  </dependencies>
</project>
XML
cat >Main.java <<'JAVA'
import com.hubspot.jinjava.Jinjava;
import java.util.List;
import java.util.Map;

public class Main {
    public static void main(String[] args) {
        List<Map<String, String>> messages = List.of(
                Map.of("role", "system", "content", "Be short."),
                Map.of("role", "user", "content", "What is this?"),
                Map.of("role", "assistant", "content", "A cat."));
        int errors = 0;
        for (String items : List.of(
                "messages if message['role'] == 'user'",
                "messages if message['role'] != 'system'",
                "messages if not message['role'] == 'user'",
                "messages | selectattr('role', 'equalto', 'user')")) {
            var result = new Jinjava().renderForResult(
                    "{% for message in " + items + " %}{{ message['role'] }} {% endfor %}", Map.of("messages", messages));
            System.out.println(items + ": [" + result.getOutput().trim() + "]");
            errors += result.getErrors().size();
        }
        System.out.println("errors " + errors);
    }
}
JAVA
mvn -q -B -Dstyle.color=never org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies -DoutputDirectory=jars >/dev/null
seen=$(java -cp "jars/*" Main.java 2>/dev/null)
echo "$seen"
[ "$seen" = "messages if message['role'] == 'user': []
messages if message['role'] != 'system': [system user assistant]
messages if not message['role'] == 'user': [system user assistant]
messages | selectattr('role', 'equalto', 'user'): [user]
errors 0" ]
