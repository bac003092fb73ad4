import dev.fovea.io.Config;
import dev.fovea.media.DecodedVideo;
import dev.fovea.media.VideoSource;
import dev.fovea.models.ProcessVisionInfo;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/** How long a clip takes to its resized frames, one a second: see "Video files" in docs/performance.md. */
final class VideoSpeed {
    private VideoSpeed() {}

    public static void main(String[] args) throws Exception {
        Config item = Config.ofOptions(Map.of("fps", 1.0, "max_frames", 768L), "video item");
        var process = (com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
        long start = System.nanoTime();
        long cpu = process.getProcessCpuTime();
        DecodedVideo clip =
                ProcessVisionInfo.video(VideoSource.of(Path.of(args[0])).open(), item);
        System.out.printf(
                "fovea %d frames of %d x %d, wall %.2f s, cpu %.2f s, %s%n",
                clip.frames().count(),
                clip.width(),
                clip.height(),
                (System.nanoTime() - start) / 1e9,
                (process.getProcessCpuTime() - cpu) / 1e9,
                Files.readAllLines(Path.of("/proc/self/status")).stream()
                        .filter(l -> l.startsWith("VmHWM"))
                        .findFirst()
                        .orElse("")
                        .replaceAll("\\s+", " "));
    }
}
