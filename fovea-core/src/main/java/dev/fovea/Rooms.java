package dev.fovea;

import dev.fovea.backend.cuda.device.Cuda;
import dev.fovea.backend.cuda.device.Gpu;
import dev.fovea.backend.split.LayerPlan;
import dev.fovea.error.MemoryException;
import dev.fovea.error.NativeException;
import dev.fovea.error.Warnings;
import dev.fovea.tensor.HostMemory;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Which devices have room for a model, as they are now. */
final class Rooms {
    /** A card hands memory out in pieces of so many bytes. */
    private static final long PIECE = 2L << 20;

    private Rooms() {}

    /** What weights take of a card: many of a little more than a piece take twice their bytes. */
    static Map<String, Long> onCard(Map<String, Long> weights) {
        Map<String, Long> taken = new LinkedHashMap<>(weights);
        taken.replaceAll((_, bytes) -> bytes < PIECE ? bytes : Math.ceilDiv(bytes, PIECE) * PIECE);
        return taken;
    }

    /**
     * Each GPU that can be used, all of them together where there are several, and the CPU where the system says how much it has.
     *
     * @param weights bytes of each on a card by name, in the model's order
     * @param copied bytes of these that the CPU does not leave in their files
     * @param further bytes that computing needs beside weights
     * @param warnings where a GPU that does not answer is named
     */
    static List<ModelInfo.Room> of(Map<String, Long> weights, long copied, long further, Warnings warnings) {
        Map<String, Long> onCard = onCard(weights);
        long all = sum(onCard) + further;
        Map<String, Long> free = free(warnings);
        List<ModelInfo.Room> rooms = new ArrayList<>();
        free.forEach((device, bytes) -> rooms.add(new ModelInfo.Room(device, all, bytes, all <= bytes)));
        if (free.size() > 1) {
            boolean isEnough = all <= sum(free) && isShared(onCard, free);
            rooms.add(new ModelInfo.Room(String.join(",", free.keySet()), all, sum(free), isEnough));
        }
        long onHost = copied + further;
        HostMemory.available()
                .ifPresent(bytes -> rooms.add(new ModelInfo.Room("cpu", onHost, bytes, HostMemory.holds(onHost))));
        return rooms;
    }

    private static long sum(Map<String, Long> bytes) {
        return bytes.values().stream().mapToLong(b -> b).sum();
    }

    /** Bytes by device. */
    private static Map<String, Long> free(Warnings warnings) {
        Map<String, Long> free = new LinkedHashMap<>();
        for (Gpu gpu : Cuda.usable()) {
            try {
                free.put("cuda:" + gpu.ordinal(), Cuda.freeBytes(gpu));
            } catch (NativeException e) {
                warnings.warn(e.getMessage());
            }
        }
        return free;
    }

    /** Layers are not torn apart. */
    private static boolean isShared(Map<String, Long> weights, Map<String, Long> free) {
        try {
            LayerPlan.of(weights, free.values().stream().mapToLong(b -> b).toArray());
            return true;
        } catch (MemoryException _) {
            return false;
        }
    }
}
