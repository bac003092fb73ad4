package dev.fovea.hub;

import java.io.IOException;
import java.net.http.HttpResponse.BodySubscriber;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow;
import org.jspecify.annotations.Nullable;

/**
 * Bytes of a file that one request asks for, beginning with a chunk. What has come stays when a connection breaks off.
 */
final class Part {
    private final Fetch fetch;
    private final long start;
    private final long end;
    private volatile long position;
    private volatile @Nullable IOException diskFailure;

    /** @param end behind the last byte */
    Part(Fetch fetch, long start, long end) {
        this.fetch = fetch;
        this.start = start;
        this.end = end;
        this.position = start;
    }

    Fetch fetch() {
        return fetch;
    }

    /** Of the byte that comes next. */
    long position() {
        return position;
    }

    long end() {
        return end;
    }

    boolean isDone() {
        return position >= end;
    }

    /** To be fetched anew. */
    void restart() {
        position = start;
    }

    /** Why bytes that came could not be written. */
    @Nullable
    IOException diskFailure() {
        return diskFailure;
    }

    private void write(ByteBuffer data) throws IOException {
        PartialFile file = fetch.partial();
        if (data.remaining() > end - position) {
            data.limit(data.position() + (int) (end - position));
        }
        if (!data.hasRemaining()) {
            return;
        }
        long from = position;
        long to = from + data.remaining();
        file.write(data, from);
        position = to;
        for (long chunk = from / PartialFile.CHUNK; chunk * PartialFile.CHUNK < to; chunk++) {
            long chunkEnd = Math.min(file.size(), (chunk + 1) * PartialFile.CHUNK);
            if (chunkEnd <= to) {
                file.come((int) chunk);
            }
        }
    }

    /** Takes a body that begins at {@link #position} and writes it as it comes; what goes beyond the end is left. */
    final class Writer implements BodySubscriber<Boolean> {
        private final CompletableFuture<Boolean> whole = new CompletableFuture<>();
        private Flow.@Nullable Subscription subscription;

        @Override
        public CompletionStage<Boolean> getBody() {
            return whole;
        }

        @Override
        public void onSubscribe(Flow.Subscription s) {
            subscription = s;
            s.request(Long.MAX_VALUE);
        }

        @Override
        public void onNext(List<ByteBuffer> buffers) {
            try {
                for (ByteBuffer buffer : buffers) {
                    if (buffer.hasRemaining() && isDone()) {
                        cancel();
                        whole.complete(true);
                        return;
                    }
                    write(buffer);
                }
            } catch (IOException e) {
                diskFailure = e;
                cancel();
                whole.completeExceptionally(e);
            }
        }

        private void cancel() {
            if (subscription != null) {
                subscription.cancel();
            }
        }

        @Override
        public void onError(Throwable failure) {
            whole.completeExceptionally(failure);
        }

        @Override
        public void onComplete() {
            whole.complete(isDone());
        }
    }
}
