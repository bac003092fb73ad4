package dev.fovea.io;

import dev.fovea.tensor.Backend;
import dev.fovea.tensor.Lifetime;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Proxy;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** A backend that only holds memory: enough for weights, which are never computed with here. */
final class StorageBackend {
    private StorageBackend() {}

    static Backend create() {
        Map<MemorySegment, Arena> slabs = new ConcurrentHashMap<>();
        Lifetime lifetime = new Lifetime(() -> {});
        InvocationHandler handler = (proxy, method, args) -> switch (method.getName()) {
            case "name", "toString" -> "storage";
            case "allocateSlab" -> {
                Arena arena = Arena.ofShared();
                MemorySegment slab = arena.allocate((long) args[0], 64);
                slabs.put(slab, arena);
                yield slab;
            }
            case "use" -> lifetime.use("backend");
            case "close" -> {
                lifetime.close();
                yield null;
            }
            case "releaseSlab" -> {
                slabs.remove((MemorySegment) args[0]).close();
                yield null;
            }
            default -> InvocationHandler.invokeDefault(proxy, method, args);
        };
        return (Backend)
                Proxy.newProxyInstance(Backend.class.getClassLoader(), new Class<?>[] {Backend.class}, handler);
    }
}
