#!/usr/bin/env bash
# LangChain4j 1.19.0, AI Services with JSON schema: a method that returns List<Double>, say a box of four corners, asks the model for one
# shape and reads another. The list of supported types has no List<Double>, and for a type that is not there the documentation has the
# service fall back to prompting. It does not: the schema that goes out wants objects, {"values": [{"value": 12.5}]}, since a boxed number
# is described as if it were a record of the caller's, and the reader wants bare numbers. A model that is held to the schema, as in strict
# mode, always ends in an OutputParsingException; one that breaks it is taken. The same with Integer, Long, Float and Boolean and with Set;
# not with List<String>, nor with a List<Double> in a record.
# Seen: the schema wants objects; as asked: OutputParsingException; bare numbers: [12.5, 34.0]
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat >pom.xml <<'XML'
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>org.example</groupId><artifactId>finding</artifactId><version>1</version>
  <dependencies>
    <dependency><groupId>dev.langchain4j</groupId><artifactId>langchain4j</artifactId><version>1.19.0</version></dependency>
  </dependencies>
</project>
XML
cat >Main.java <<'JAVA'
import dev.langchain4j.data.message.AiMessage;
import dev.langchain4j.model.chat.Capability;
import dev.langchain4j.model.chat.ChatModel;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.service.AiServices;
import java.util.List;
import java.util.Set;

public class Main {
    interface Detector {
        List<Double> box(String question);
    }

    record Model(String answer) implements ChatModel {
        public Set<Capability> supportedCapabilities() {
            return Set.of(Capability.RESPONSE_FORMAT_JSON_SCHEMA);
        }
        public ChatResponse doChat(ChatRequest request) {
            String schema = request.responseFormat().jsonSchema().toString();
            System.out.print("wants objects: " + schema.contains("items = JsonObjectSchema") + ", ");
            return ChatResponse.builder().aiMessage(AiMessage.from(answer)).build();
        }
    }

    public static void main(String[] args) {
        for (String answer : List.of("{\"values\": [{\"value\": 12.5}, {\"value\": 34}]}", "{\"values\": [12.5, 34]}")) {
            try {
                System.out.println(AiServices.create(Detector.class, new Model(answer)).box("Where is the cat?"));
            } catch (RuntimeException e) {
                System.out.println(e.getClass().getSimpleName());
            }
        }
    }
}
JAVA
mvn -q -B -Dstyle.color=never org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies -DoutputDirectory=jars >/dev/null
seen=$(java -cp "jars/*" Main.java 2>/dev/null | paste -sd '|')
echo "$seen"
[ "$seen" = "wants objects: true, OutputParsingException|wants objects: true, [12.5, 34.0]" ]
