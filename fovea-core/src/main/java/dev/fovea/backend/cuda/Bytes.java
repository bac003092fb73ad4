package dev.fovea.backend.cuda;

import java.util.Collection;
import java.util.List;

/** Some bytes of device memory. */
record Bytes(long address, long count) {
    /** Elements of a type by the prelude's name. */
    static Bytes of(String type, long address, long elements) {
        return new Bytes(address, elements * (type.equals("f32") ? Float.BYTES : Short.BYTES));
    }

    boolean meets(Bytes other) {
        return address < other.address + other.count && other.address < address + count;
    }

    /** Whether each byte is of one of them only. */
    static boolean areApart(List<Bytes> all) {
        for (int i = 0; i < all.size(); i++) {
            if (all.get(i).meetsAny(all.subList(i + 1, all.size()))) {
                return false;
            }
        }
        return true;
    }

    boolean meetsAny(Collection<Bytes> others) {
        return others.stream().anyMatch(this::meets);
    }
}
