package dev.fovea.text.bpe;

/** Cuts a text into words. Immutable. */
public interface PreTokenizer {

    /** Takes words, from one character to before another. */
    interface Words {
        void word(String text, int from, int end);
    }

    void split(String text, int from, int end, Words words);

    /** The text is one word. */
    PreTokenizer NONE = (text, from, end, words) -> words.word(text, from, end);

    /** The words of this, cut by another. */
    default PreTokenizer then(PreTokenizer next) {
        return (text, from, end, words) -> split(text, from, end, (t, f, e) -> next.split(t, f, e, words));
    }

    /** A space in front of each word that has none. */
    static PreTokenizer withSpace() {
        return (text, from, end, words) -> {
            if (text.charAt(from) == ' ') {
                words.word(text, from, end);
            } else {
                words.word(" " + text.substring(from, end), 0, end - from + 1);
            }
        };
    }
}
