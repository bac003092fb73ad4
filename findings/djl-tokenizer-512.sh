#!/usr/bin/env bash
# DJL 0.38.0, HuggingFaceTokenizer, the usual reader of tokenizer.json on the JVM: every prompt is cut to 512 tokens, whatever the file
# says. `"truncation": null` in tokenizer.json means that nothing is cut, and does in every other reader; here truncation is on unless
# it is switched off, and the length is an option `modelMaxLength` of 512, which is read from no file, neither from tokenizer_config.json
# nor from tokenizer.json: 2048 there is lowered to 512 too. One picture is often more image tokens than that: what comes behind it, the
# question, is lost. The Javadoc does not say so; a warning goes to the logger. `optTruncation(false)` of the builder switches it off.
# Seen: 3000 image tokens and a question: null 512, 2048 512, switched off 3001
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat >pom.xml <<'XML'
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>org.example</groupId>
  <artifactId>finding</artifactId>
  <version>1</version>
  <dependencies>
    <dependency>
      <groupId>ai.djl.huggingface</groupId>
      <artifactId>tokenizers</artifactId>
      <version>0.38.0</version>
    </dependency>
  </dependencies>
</project>
XML
cat >Main.java <<'JAVA'
import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import java.nio.file.Files;
import java.nio.file.Path;

public class Main {
    public static void main(String[] args) throws Exception {
        String prompt = "<image> ".repeat(3000) + "what?";
        String limit = "{\"direction\": \"Right\", \"max_length\": 2048, \"strategy\": \"LongestFirst\", \"stride\": 0}";
        Path none = tokenizer("null");
        System.out.printf("null %d, 2048 %d, switched off %d%n",
                HuggingFaceTokenizer.newInstance(none).encode(prompt).getIds().length,
                HuggingFaceTokenizer.newInstance(tokenizer(limit)).encode(prompt).getIds().length,
                HuggingFaceTokenizer.builder().optTokenizerPath(none).optTruncation(false).build().encode(prompt).getIds().length);
    }

    static Path tokenizer(String truncation) throws Exception {
        Path model = Files.createTempDirectory(Path.of("."), "model");
        Files.writeString(model.resolve("tokenizer_config.json"), "{\"model_max_length\": 131072}");
        return Files.writeString(model.resolve("tokenizer.json"), """
                {"version": "1.0", "truncation": %s, "padding": null, "added_tokens": [], "normalizer": null,
                 "pre_tokenizer": {"type": "WhitespaceSplit"}, "post_processor": null, "decoder": null,
                 "model": {"type": "WordLevel", "unk_token": "<unk>", "vocab": {"<image>": 0, "<unk>": 1, "what?": 2}}}
                """.formatted(truncation)).getParent();
    }
}
JAVA
export DJL_CACHE_DIR="$folder/cache" OPT_OUT_TRACKING=true
mvn -q -B -Dstyle.color=never org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies -DoutputDirectory=jars >/dev/null
seen=$(java -cp "jars/*" Main.java 2>/dev/null)
echo "$seen"
[ "$seen" = "null 512, 2048 512, switched off 3001" ]
