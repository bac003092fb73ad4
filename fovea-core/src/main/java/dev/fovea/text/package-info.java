/** Text: tokenizers, chat templates, the streaming detokenizer. The only package that sees the tokenizer library. */
@NullMarked
package dev.fovea.text;

import org.jspecify.annotations.NullMarked;
