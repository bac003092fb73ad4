package dev.fovea.backend.cuda.device;

import static org.assertj.core.api.Assumptions.assumeThat;

import dev.fovea.backend.cuda.device.LibrarySearch.Library;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/** The versions of NVRTC that this machine has; tests that need one are skipped where it has none. */
final class Compilers {
    private static final Map<Integer, Nvrtc> BY_MAJOR = find();

    private Compilers() {}

    private static Map<Integer, Nvrtc> find() {
        Map<Integer, Nvrtc> found = new LinkedHashMap<>();
        Nvrtc.development().ifPresent(nvrtc -> found.put(nvrtc.major(), nvrtc));
        for (LibrarySearch.Found library : LibrarySearch.here().find(Library.NVRTC)) {
            if (library.major() >= 12) {
                found.computeIfAbsent(library.major(), _ -> Nvrtc.open(library.file()));
            }
        }
        return found;
    }

    /** Some version. */
    static Nvrtc any() {
        assumeThat(BY_MAJOR)
                .as("NVRTC, which is not on this machine: pip install nvidia-cuda-nvrtc-cu12")
                .isNotEmpty();
        return BY_MAJOR.values().iterator().next();
    }

    /** The newest of a major version. */
    static Optional<Nvrtc> of(int major) {
        return Optional.ofNullable(BY_MAJOR.get(major));
    }
}
