package dev.fovea.io.quantize;

import dev.fovea.io.Safetensors;
import dev.fovea.io.StoredType;
import dev.fovea.tensor.Shape;
import java.io.IOException;
import java.io.OutputStream;
import java.util.Map;

/** A weight on its way into a file, in another form than it has: made while its parts are written. */
interface PackedWeight {
    /** Bytes of codes that are packed at once. */
    int BATCH_BYTES = 1 << 24;

    /** Its parts by their names, in the order in which they are to be written. */
    Map<String, Safetensors.Part> parts();

    /** The bytes of a part. */
    interface Content {
        void writeTo(OutputStream out) throws IOException;
    }

    static Safetensors.Part part(StoredType type, Shape shape, Content content) {
        return new Safetensors.Part() {
            @Override
            public StoredType type() {
                return type;
            }

            @Override
            public Shape shape() {
                return shape;
            }

            @Override
            public void writeTo(OutputStream out) throws IOException {
                content.writeTo(out);
            }
        };
    }
}
