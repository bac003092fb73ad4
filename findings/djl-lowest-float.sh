#!/usr/bin/env bash
# DJL 0.38.0, Float16Utils, which fills float16 arrays for its engines: the lowest float becomes NaN. -Float.MAX_VALUE is what masks of
# attention and of forbidden tokens are usually filled with; in float16 it should be minus infinity, as all below -65520 should. Here half
# a step is added before the numbers are told apart, by which the largest 4096 floats of either sign pass for NaN, and one NaN in a row of
# scores makes the whole row of softmax NaN. -1e38 is right. From 65520 to 65536 the result is the largest finite number, and what lies
# half-way goes away from zero, not to even. The Javadoc says nothing of it, and no issue was found. Expected was rounding as IEEE 754 has
# it, by which Arrow 18.3.0 and TensorFlow's ndarray 1.0.0 agree on all these numbers.
# Seen: -Float.MAX_VALUE: DJL ffff, the others fc00; 65520: 7bff and 7c00; 1 and half a step: 3c01 and 3c00; 4096 positive floats become NaN
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat >pom.xml <<'XML'
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>org.example</groupId><artifactId>finding</artifactId><version>1</version>
  <dependencies>
    <dependency><groupId>ai.djl</groupId><artifactId>api</artifactId><version>0.38.0</version></dependency>
    <dependency><groupId>org.apache.arrow</groupId><artifactId>arrow-memory-core</artifactId><version>18.3.0</version></dependency>
    <dependency><groupId>org.tensorflow</groupId><artifactId>ndarray</artifactId><version>1.0.0</version></dependency>
  </dependencies>
</project>
XML
cat >Main.java <<'JAVA'
import ai.djl.util.Float16Utils;
import org.apache.arrow.memory.util.Float16;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.ndarray.buffer.FloatDataBuffer;
import org.tensorflow.ndarray.buffer.ShortDataBuffer;
import org.tensorflow.ndarray.buffer.layout.DataLayouts;

public class Main {
    public static void main(String[] args) {
        ShortDataBuffer halves = DataBuffers.ofShorts(1);
        FloatDataBuffer floats = DataLayouts.FLOAT16.applyTo(halves);
        for (float value : new float[] {-1e38f, -Float.MAX_VALUE, 65519, 65520, 1 + 0x1p-11f}) {
            floats.setFloat(value, 0);
            System.out.printf(
                    "%s: DJL %04x, Arrow %04x, TensorFlow %04x%n",
                    value, Float16Utils.floatToHalf(value), Float16.toFloat16(value), halves.getShort(0));
        }
        int nan = 0;
        for (int bits = 0; bits < Float.floatToRawIntBits(Float.POSITIVE_INFINITY); bits++) {
            if (Float.isNaN(Float16Utils.halfToFloat(Float16Utils.floatToHalf(Float.intBitsToFloat(bits))))) {
                nan++;
            }
        }
        System.out.println("positive finite floats that become NaN: " + nan);
    }
}
JAVA
mvn -q -B -Dstyle.color=never org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies -DoutputDirectory=lib >/dev/null
seen=$(java -cp 'lib/*' Main.java 2>/dev/null)
echo "$seen"
[ "$seen" = "-1.0E38: DJL fc00, Arrow fc00, TensorFlow fc00
-3.4028235E38: DJL ffff, Arrow fc00, TensorFlow fc00
65519.0: DJL 7bff, Arrow 7bff, TensorFlow 7bff
65520.0: DJL 7bff, Arrow 7c00, TensorFlow 7c00
1.0004883: DJL 3c01, Arrow 3c00, TensorFlow 3c00
positive finite floats that become NaN: 4096" ]
