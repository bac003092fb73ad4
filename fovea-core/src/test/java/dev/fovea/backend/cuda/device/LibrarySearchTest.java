package dev.fovea.backend.cuda.device;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fovea.backend.cuda.device.LibrarySearch.Found;
import dev.fovea.backend.cuda.device.LibrarySearch.Library;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LibrarySearchTest {
    @TempDir
    Path root;

    @ParameterizedTest
    @CsvSource({
        "NVRTC, usr/local/cuda/lib64/libnvrtc.so.12, 12",
        "NVRTC, usr/local/cuda-13.0/lib64/libnvrtc.so.13, 13",
        "NVRTC, usr/lib/x86_64-linux-gnu/libnvrtc.so.12, 12",
        "CUBLASLT, opt/cuda/lib64/libcublasLt.so.13, 13",
        "CUBLASLT, usr/local/cuda/targets/sbsa-linux/lib/libcublasLt.so.12.4.5.8, 12",
        "NVRTC, home/me/.local/lib/python3.12/site-packages/nvidia/cu13/lib/libnvrtc.so.13, 13"
    })
    void findsWhereSystemsHaveThem(Library library, String file, int major) throws IOException {
        Path there = make(file);
        assertThat(search(Map.of()).find(library)).containsExactly(new Found(there, major));
    }

    @ParameterizedTest
    @CsvSource({
        "LD_LIBRARY_PATH, x/a:%s, libnvrtc.so.12",
        "CUDA_HOME, %s, lib64/libnvrtc.so.12",
        "CUDA_PATH, %s, lib/libnvrtc.so.12",
        "VIRTUAL_ENV, %s, lib/python3.11/site-packages/nvidia/cuda_nvrtc/lib/libnvrtc.so.12",
        "VIRTUAL_ENV, %s, lib64/python3.13/site-packages/nvidia/cu13/lib/libnvrtc.so.13",
        "CONDA_PREFIX, %s, lib/libnvrtc.so.12",
        "CONDA_PREFIX, %s, targets/x86_64-linux/lib/libnvrtc.so.12"
    })
    @DisabledOnOs(OS.WINDOWS)
    void findsWhatVariablesName(String variable, String value, String file) throws IOException {
        Path there = make("some/where/" + file);
        Path folder = root.resolve("some/where");
        assertThat(search(Map.of(variable, value.formatted(folder))).find(Library.NVRTC))
                .extracting(Found::file)
                .containsExactly(there);
    }

    @Test
    @DisabledOnOs(OS.WINDOWS)
    void followsThePythonOnThePath() throws IOException {
        Path python = make("venv/bin/python3.12");
        assertThat(python.toFile().setExecutable(true)).isTrue();
        Files.createDirectories(root.resolve("bin"));
        Files.createSymbolicLink(root.resolve("bin/python3"), python);
        Path there = make("venv/lib/python3.12/site-packages/nvidia/cublas/lib/libcublasLt.so.12");
        assertThat(search(Map.of("PATH", root.resolve("bin").toString())).find(Library.CUBLASLT))
                .containsExactly(new Found(there, 12));
    }

    @Test
    @DisabledOnOs(OS.WINDOWS)
    void theDriverIsTheSystemsOwnBeforeThoseOfFolders() throws IOException {
        Path driver = make("usr/lib/wsl/lib/libcuda.so.1");
        assertThat(search(Map.of()).drivers()).containsExactly("libcuda.so.1", driver.toString());
        assertThat(new LibrarySearch(Map.of(), root, Optional.empty(), true).drivers())
                .containsExactly("nvcuda.dll");
    }

    @ParameterizedTest
    @CsvSource({
        "NVRTC, Lib/site-packages/nvidia/cuda_nvrtc/bin/nvrtc64_120_0.dll, 12",
        "NVRTC, Lib/site-packages/nvidia/cu13/bin/x86_64/nvrtc64_130_0.dll, 13",
        "CUBLASLT, Library/bin/cublasLt64_12.dll, 12"
    })
    void knowsTheNamesOfWindows(Library library, String file, int major) throws IOException {
        Path there = make("env/" + file);
        Map<String, String> variables =
                Map.of("VIRTUAL_ENV", root.resolve("env").toString());
        assertThat(new LibrarySearch(variables, root, Optional.empty(), true).find(library))
                .containsExactly(new Found(there, major));
    }

    @Test
    void takesTheNewestOfAFolderByItsShortestName() throws IOException {
        make("usr/local/cuda/lib64/libnvrtc.so.12");
        make("usr/local/cuda/lib64/libnvrtc.so.13.0.88");
        make("usr/local/cuda/lib64/libnvrtc.so.13");
        make("usr/local/cuda/lib64/libnvrtc.alt.so.13");
        make("usr/local/cuda/lib64/libnvrtc-builtins.so.13.0");
        make("usr/local/cuda/lib64/libnvrtc.so");
        assertThat(search(Map.of()).find(Library.NVRTC))
                .extracting(found -> found.file().getFileName().toString())
                .containsExactly("libnvrtc.so.13", "libnvrtc.so.13.0.88", "libnvrtc.so.12");
    }

    @Test
    void whatVariablesNameComesBeforeTheSystem() throws IOException {
        make("usr/local/cuda/lib64/libnvrtc.so.13");
        Path named = make("mine/lib64/libnvrtc.so.12");
        String toolkit = root.resolve("mine").toString();
        assertThat(search(Map.of("CUDA_HOME", toolkit)).find(Library.NVRTC))
                .first()
                .isEqualTo(new Found(named, 12));
    }

    @Test
    void findsTheBuiltInFunctionsBesideTheCompiler() throws IOException {
        Path nvrtc = make("lib/libnvrtc.so.13");
        Path builtins = make("lib/libnvrtc-builtins.so.13.0");
        make("lib/libnvrtc-builtins.alt.so.13.0");
        assertThat(LibrarySearch.nvrtcBuiltins(nvrtc)).isEqualTo(List.of(builtins));
    }

    private LibrarySearch search(Map<String, String> variables) {
        return new LibrarySearch(variables, root, Optional.of(root.resolve("home/me")), false);
    }

    private Path make(String file) throws IOException {
        Path path = root.resolve(file);
        Files.createDirectories(path.getParent());
        return Files.createFile(path);
    }
}
