package dev.fovea;

import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** A value that is made when it is first asked for. For one thread. */
final class Once<T> implements Supplier<T> {
    private final Supplier<T> maker;
    private @Nullable T made;

    Once(Supplier<T> maker) {
        this.maker = maker;
    }

    @Override
    public T get() {
        T value = made != null ? made : maker.get();
        made = value;
        return value;
    }
}
