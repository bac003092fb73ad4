package dev.fovea.text;

/** A stream that ends with its tokenizer: calls after the close throw. */
record LeasedDetokenizer(Tokenizer tokenizer, StreamingDetokenizer stream) implements StreamingDetokenizer {
    @Override
    public String add(int id) {
        try (var _ = tokenizer.use("tokenizer")) {
            return stream.add(id);
        }
    }

    @Override
    public String flush() {
        try (var _ = tokenizer.use("tokenizer")) {
            return stream.flush();
        }
    }
}
