/** Byte pair encodings, as tokenizer.json describes them and Hugging Face's tokenizers library computes them. */
@NullMarked
package dev.fovea.text.bpe;

import org.jspecify.annotations.NullMarked;
