package dev.fovea.text;

/**
 * A token outside the vocabulary that was learned: matched in the text before anything else.
 *
 * @param special dropped by {@code skipSpecialTokens}
 * @param normalized matched on the normalised text, not on the text as given
 * @param lstrip swallows the white space on its left
 * @param rstrip swallows the white space on its right
 * @param singleWord matched only where no letter or digit touches it
 */
public record AddedToken(
        String content, boolean special, boolean normalized, boolean lstrip, boolean rstrip, boolean singleWord) {

    /** Special, matched on the text as given: what transformers' add_special_tokens makes of a string. */
    public static AddedToken special(String content) {
        return new AddedToken(content, true, false, false, false, false);
    }

    /** The same, special. */
    AddedToken withSpecial() {
        return new AddedToken(content, true, normalized, lstrip, rstrip, singleWord);
    }
}
