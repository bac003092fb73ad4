package dev.fovea;

import dev.fovea.error.OptionException;
import dev.fovea.models.EncodedImages;

/**
 * How many requests {@link Pipeline#batched} answers at once, and what they may take.
 *
 * <pre>{@code BatchOptions.DEFAULT.withRows(16).withQueue(100)}</pre>
 *
 * @param rows that are decoded at once: an answer each, and as many as it has beams for a beam search. A request that alone has more
 *     runs when no other does
 * @param queue requests that may wait for their turn; a further one gets a {@link dev.fovea.error.BusyException}
 * @param cacheBytes of keys and values of the running requests, counted by what each may come to need at most. Memory is taken as
 *     it is needed
 * @param prefixBytes of keys and values of prompts that ran before, for prompts of the same client that begin alike; 0 keeps none
 * @param encodingBytes of encoded pictures, for further questions of the same client about them; 0 keeps none
 */
public record BatchOptions(int rows, int queue, long cacheBytes, long prefixBytes, long encodingBytes) {
    /** 32 rows, 256 waiting requests, 4 GiB of keys and values and 512 MiB of those before, 128 MiB of pictures. */
    public static final BatchOptions DEFAULT = new BatchOptions(32, 256, 4L << 30, 512L << 20, EncodedImages.BUDGET);

    public BatchOptions {
        require("rows", rows, 1);
        require("queue", queue, 0);
        require("cacheBytes", cacheBytes, 1);
        require("prefixBytes", prefixBytes, 0);
        require("encodingBytes", encodingBytes, 0);
    }

    private static void require(String name, long value, long least) {
        if (value < least) {
            throw new OptionException(name + " is " + value + "; expected " + least + " or more");
        }
    }

    public BatchOptions withRows(int rows) {
        return new BatchOptions(rows, queue, cacheBytes, prefixBytes, encodingBytes);
    }

    public BatchOptions withQueue(int queue) {
        return new BatchOptions(rows, queue, cacheBytes, prefixBytes, encodingBytes);
    }

    public BatchOptions withCacheBytes(long cacheBytes) {
        return new BatchOptions(rows, queue, cacheBytes, prefixBytes, encodingBytes);
    }

    public BatchOptions withPrefixBytes(long prefixBytes) {
        return new BatchOptions(rows, queue, cacheBytes, prefixBytes, encodingBytes);
    }

    public BatchOptions withEncodingBytes(long encodingBytes) {
        return new BatchOptions(rows, queue, cacheBytes, prefixBytes, encodingBytes);
    }
}
