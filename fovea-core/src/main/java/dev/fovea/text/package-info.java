/** Text: tokenizers, chat templates, the streaming detokenizer. */
@NullMarked
package dev.fovea.text;

import org.jspecify.annotations.NullMarked;
