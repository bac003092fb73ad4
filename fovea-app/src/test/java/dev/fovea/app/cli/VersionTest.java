package dev.fovea.app.cli;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class VersionTest {
    @Test
    void theBuildWritesItsVersionIntoTheResource() {
        assertThat(Version.number()).matches("\\d+\\.\\d+\\.\\d+.*");
    }
}
