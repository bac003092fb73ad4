package dev.fovea.media;

import java.net.InetAddress;

/** Which addresses are the public internet's. */
final class Addresses {
    private Addresses() {}

    /**
     * Whether anybody in the internet may have it: neither this machine's nor a private network's, nor one that stands for such an
     * address by translation or tunnel, nor one that is kept for examples.
     */
    static boolean isPublic(InetAddress address) {
        if (address.isAnyLocalAddress()
                || address.isLoopbackAddress()
                || address.isLinkLocalAddress()
                || address.isSiteLocalAddress()
                || address.isMulticastAddress()) {
            return false;
        }
        byte[] bytes = address.getAddress();
        return bytes.length == 4 ? isPublic4(bytes) : isPublic6(bytes);
    }

    private static boolean isPublic4(byte[] b) {
        int first = b[0] & 255;
        int second = b[1] & 255;
        int third = b[2] & 255;
        return switch (first) {
            case 0 -> false;
            case 100 -> (second & 0xc0) != 64; // shared by a provider's customers
            case 192 -> second != 0 || third != 0 && third != 2;
            case 198 -> (second & 0xfe) != 18 && (second != 51 || third != 100);
            case 203 -> second != 0 || third != 113;
            default -> first < 240;
        };
    }

    /** 2000::/3 without 6to4, Teredo and what is for documentation. */
    private static boolean isPublic6(byte[] b) {
        int first = (b[0] & 255) << 8 | b[1] & 255;
        int second = (b[2] & 255) << 8 | b[3] & 255;
        return (first & 0xe000) == 0x2000 && first != 0x2002 && (first != 0x2001 || second != 0 && second != 0xdb8);
    }
}
