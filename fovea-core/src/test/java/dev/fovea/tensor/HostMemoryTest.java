package dev.fovea.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.fovea.error.MemoryException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HostMemoryTest {
    private static final long MEMINFO = 3_000_000L << 10;

    @TempDir
    Path root;

    @AfterEach
    void forgetTheLimit() {
        System.clearProperty(HostMemory.LIMIT);
    }

    private void file(String path, String text) throws IOException {
        Path file = root.resolve(path);
        Files.createDirectories(file.getParent());
        Files.writeString(file, text);
    }

    private void machine(String group) throws IOException {
        file("proc/meminfo", "MemTotal:       4000000 kB\nMemFree:  10 kB\nMemAvailable:    3000000 kB\n");
        file("proc/self/cgroup", group);
    }

    /** Version 2. */
    private void group(String name, String limit, long used, long files) throws IOException {
        String at = "sys/fs/cgroup/" + name;
        file(at + "/memory.max", limit + "\n");
        file(at + "/memory.current", used + "\n");
        file(at + "/memory.stat", "anon 7\nfile 9\nfile_dirty 3\ninactive_file " + files + "\nactive_file 5\n");
    }

    private void groupOfFirstVersion(String name, long limit, long used) throws IOException {
        String at = "sys/fs/cgroup/memory/" + name;
        file(at + "/memory.limit_in_bytes", limit + "\n");
        file(at + "/memory.usage_in_bytes", used + "\n");
        file(at + "/memory.stat", "inactive_file 1\nactive_file 1\ntotal_inactive_file 20\ntotal_active_file 10\n");
    }

    @Test
    void ofAMachineWithoutGroups() throws IOException {
        assertThat(HostMemory.available(root)).isEmpty();
        machine("0::/\n");
        assertThat(HostMemory.available(root)).hasValue(MEMINFO);
    }

    @Test
    void ofAGroupAndThoseAroundIt() throws IOException {
        machine("0::/user/app\n");
        group("user/app", "max", 0, 0);
        assertThat(HostMemory.available(root)).hasValue(MEMINFO);
        group("user/app", "1000000", 900_000, 200_000);
        assertThat(HostMemory.available(root)).hasValue(300_005);
        group("user", "500000", 400_000, 10);
        assertThat(HostMemory.available(root)).hasValue(100_015);
        group("user", "500000", 600_000, 10);
        assertThat(HostMemory.available(root)).hasValue(0);
    }

    /** The process is told the name that its group has outside of the container, and sees the group at the root. */
    @Test
    void ofAContainer() throws IOException {
        machine("0::/docker/1234\n");
        group("", "1000000", 900_000, 0);
        assertThat(HostMemory.available(root)).hasValue(100_005);
        machine("0::/../../docker/1234\n");
        assertThat(HostMemory.available(root)).hasValue(MEMINFO);
    }

    @Test
    void ofTheFirstVersion() throws IOException {
        machine("9:name=systemd:/\n5:cpu,cpuacct:/other\n4:memory:/app\n0::/\n");
        groupOfFirstVersion("", Long.MAX_VALUE & -4096, 1_000_000);
        groupOfFirstVersion("app", Long.MAX_VALUE & -4096, 500_000);
        groupOfFirstVersion("other", 1, 1);
        assertThat(HostMemory.available(root)).hasValue(MEMINFO);
        groupOfFirstVersion("app", 900_000, 500_000);
        assertThat(HostMemory.available(root)).hasValue(400_030);
    }

    @Test
    void aPartIsSpared() {
        System.setProperty(HostMemory.LIMIT, "3200000");
        assumeTrue(HostMemory.available().getAsLong() == 3_200_000);
        assertThat(HostMemory.holds(3_100_000)).isTrue();
        assertThat(HostMemory.holds(3_100_001)).isFalse();
        assertThatThrownBy(() -> HostMemory.require(4_000_000_000L, "the weights need", "use fewer"))
                .isInstanceOf(MemoryException.class)
                .hasMessage("the weights need 4.0 GB; 0.0 GB of memory are free; use fewer");
    }

    @Test
    void manySmallPiecesCountTogether() {
        System.setProperty(HostMemory.LIMIT, "3200000");
        try (Arena arena = Arena.ofConfined()) {
            assertThat(HostMemory.allocate(arena, 50_000, 64).address() % 64).isZero();
            System.setProperty(HostMemory.LIMIT, "0");
            assertThatThrownBy(() -> HostMemory.allocate(arena, 1, 64)).isInstanceOf(MemoryException.class);
            System.setProperty(HostMemory.LIMIT, "3200000");
            assertThatCode(() -> HostMemory.allocate(arena, 1_000_000, 64)).doesNotThrowAnyException();
        }
    }

    /** More than any process may address. */
    @Test
    void whatTheSystemItselfRefuses() {
        System.setProperty(HostMemory.LIMIT, Long.toString(Long.MAX_VALUE));
        try (Arena arena = Arena.ofConfined()) {
            assertThatThrownBy(() -> HostMemory.allocate(arena, 1L << 60, 64))
                    .isInstanceOf(MemoryException.class)
                    .hasMessageContaining("the computation needs another 1152921504.6 GB");
        }
    }
}
