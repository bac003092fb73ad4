package dev.fovea.text;

/**
 * Takes the spaces before punctuation and English contractions, as transformers' clean_up_tokenization does; as a
 * detokenizer, does the same to a stream.
 */
final class CleanUp implements StreamingDetokenizer {
    private static final String[][] RULES = {
        {" .", "."},
        {" ?", "?"},
        {" !", "!"},
        {" ,", ","},
        {" ' ", "'"},
        {" n't", "n't"},
        {" 'm", "'m"},
        {" 's", "'s"},
        {" 've", "'ve"},
        {" 're", "'re"},
    };

    /** The characters that a rule's pattern can go on after: no rule reaches over any other. */
    private static final String OPEN = " 'nvr";

    private final StreamingDetokenizer source;
    private final StringBuilder held = new StringBuilder();

    CleanUp(StreamingDetokenizer source) {
        this.source = source;
    }

    static String apply(String text) {
        for (String[] rule : RULES) {
            text = text.replace(rule[0], rule[1]);
        }
        return text;
    }

    @Override
    public String add(int id) {
        int old = held.length();
        held.append(source.add(id));
        for (int end = held.length(); end > old; end--) {
            if (OPEN.indexOf(held.charAt(end - 1)) < 0) {
                String certain = apply(held.substring(0, end));
                held.delete(0, end);
                return certain;
            }
        }
        return "";
    }

    @Override
    public String flush() {
        String rest = apply(held.append(source.flush()).toString());
        held.setLength(0);
        return rest;
    }
}
