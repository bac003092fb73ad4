package dev.fovea.video;

/**
 * 8-bit 4:2:0 and 4:2:2 to RGB with the integers of swscale on x86: each chroma sample serves all pixels of its block. The same on
 * every processor.
 */
final class YuvToRgb {
    /** By AVColorSpace: rv, bu, gu, gv. */
    private static final int[] BT709 = {117489, 138438, 13975, 34925};

    private static final int[] FCC = {104448, 132798, 24759, 53109};
    private static final int[] SMPTE240M = {117579, 136230, 16907, 35559};
    private static final int[] BT2020 = {110013, 140363, 12277, 42626};
    private static final int[] BT601 = {104597, 132201, 25675, 53279};

    private final int[] luma = new int[256];
    private final int[] redOfV = new int[256];
    private final int[] greenOfU = new int[256];
    private final int[] greenOfV = new int[256];
    private final int[] blueOfU = new int[256];

    private YuvToRgb(int[] coefficients, boolean full) {
        int scale = full ? 1 << 16 : (1 << 16) * 255 / 219;
        int offset = full ? 0 : 128;
        int rv = quantized(inRange(coefficients[0], full));
        int bu = quantized(inRange(coefficients[1], full));
        int gu = quantized(-inRange(coefficients[2], full));
        int gv = quantized(-inRange(coefficients[3], full));
        for (int i = 0; i < 256; i++) {
            luma[i] = ((i * 8 - offset) * quantized(scale)) >> 16;
            int chroma = i * 8 - 1024;
            redOfV[i] = chroma * rv >> 16;
            greenOfU[i] = chroma * gu >> 16;
            greenOfV[i] = chroma * gv >> 16;
            blueOfU[i] = chroma * bu >> 16;
        }
    }

    private static int inRange(int coefficient, boolean full) {
        return full ? (int) ((long) coefficient * 224 / 255) : coefficient;
    }

    private static int quantized(int coefficient) {
        return (int) (((long) coefficient * 8192 + 32768) >> 16);
    }

    /**
     * @param space AVColorSpace; untagged, as BT.601 whatever the size
     * @param full whether samples use all values from 0 to 255
     */
    static YuvToRgb of(int space, boolean full) {
        return new YuvToRgb(
                switch (space) {
                    case 1 -> BT709;
                    case 4 -> FCC;
                    case 7 -> SMPTE240M;
                    case 9, 10 -> BT2020;
                    default -> BT601;
                },
                full);
    }

    /**
     * @param rowsPerChroma rows that share a row of chroma: 2 in 4:2:0, 1 in 4:2:2
     * @return (height, width, 3)
     */
    byte[] convert(byte[] ys, byte[] u, byte[] v, int width, int height, int rowsPerChroma) {
        byte[] rgb = new byte[3 * width * height];
        int chromaWidth = (width + 1) / 2;
        for (int y = 0; y < height; y++) {
            row(ys, y * width, u, v, y / rowsPerChroma * chromaWidth, width, rgb);
        }
        return rgb;
    }

    private void row(byte[] samples, int start, byte[] us, byte[] vs, int chroma, int width, byte[] rgb) {
        int at = 3 * start;
        for (int x = 0; x < width; x++, at += 3) {
            int u = us[chroma + (x >> 1)] & 255;
            int v = vs[chroma + (x >> 1)] & 255;
            int y = luma[samples[start + x] & 255];
            rgb[at] = clamped(y + redOfV[v]);
            rgb[at + 1] = clamped(y + greenOfU[u] + greenOfV[v]);
            rgb[at + 2] = clamped(y + blueOfU[u]);
        }
    }

    private static byte clamped(int value) {
        return (byte) Math.clamp(value, 0, 255);
    }
}
