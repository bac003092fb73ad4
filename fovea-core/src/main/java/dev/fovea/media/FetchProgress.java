package dev.fovea.media;

import java.util.Objects;
import java.util.OptionalLong;

/**
 * How much has come of a picture or clip that is being fetched.
 *
 * @param address without user, password and query
 * @param bytes that have come
 * @param total bytes, where the server says
 * @param isDone whether that is all
 */
public record FetchProgress(String address, long bytes, OptionalLong total, boolean isDone) {
    public FetchProgress {
        Objects.requireNonNull(address, "address");
        Objects.requireNonNull(total, "total");
    }
}
