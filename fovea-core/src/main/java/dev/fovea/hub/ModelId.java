package dev.fovea.hub;

import dev.fovea.error.InputException;
import dev.fovea.error.Quote;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A model by name: {@code org/name}, {@code org/name@revision}, {@code modelscope:org/name}, or the address of its page.
 *
 * @param site where it is published
 * @param name {@code org/name}; a few old models of Hugging Face have no organisation
 * @param revision branch, tag or commit, where one is named
 */
public record ModelId(Publisher site, String name, Optional<String> revision) {
    /** Where models are published. */
    public enum Publisher {
        HUGGING_FACE,
        MODEL_SCOPE
    }

    private static final String MODEL_SCOPE = "modelscope:";
    private static final Pattern ID = Pattern.compile("((?:\\w[\\w.-]{0,95}/)?\\w[\\w.-]{0,95}?)(?:@([\\w./-]+))?");
    private static final Pattern PAGE = Pattern.compile(
            "https://(huggingface\\.co|hf\\.co|(?:www\\.)?modelscope\\.(?:cn|ai)/models)/([\\w.-]+/[\\w.-]+)"
                    + "(?:/(?:tree|files|summary)(?:/([\\w./-]+))?)?/?");
    /** The branch that a model of ModelScope has. */
    static final String MODELSCOPE_BRANCH = "master";

    private static final Pattern COMMIT = Pattern.compile("[0-9a-f]{40}");

    /** @return empty where it cannot be a name */
    public static Optional<ModelId> parse(String text) {
        Matcher page = PAGE.matcher(text);
        if (page.matches()) {
            Publisher site = page.group(1).contains("modelscope") ? Publisher.MODEL_SCOPE : Publisher.HUGGING_FACE;
            return checked(site, page.group(2), page.group(3));
        }
        boolean modelScope = text.startsWith(MODEL_SCOPE);
        Matcher id = ID.matcher(modelScope ? text.substring(MODEL_SCOPE.length()) : text);
        if (!id.matches() || (modelScope && id.group(1).indexOf('/') < 0)) {
            return Optional.empty();
        }
        return checked(modelScope ? Publisher.MODEL_SCOPE : Publisher.HUGGING_FACE, id.group(1), id.group(2));
    }

    private static Optional<ModelId> checked(Publisher site, String name, String revision) {
        boolean escapes = name.contains("..") || name.contains("--") || (revision != null && revision.contains(".."));
        return escapes ? Optional.empty() : Optional.of(new ModelId(site, name, Optional.ofNullable(revision)));
    }

    /** @throws InputException where it is no name */
    public static ModelId of(String text) {
        return parse(text)
                .orElseThrow(() -> new InputException(Quote.of(text)
                        + " is no hub id; expected org/name[@revision] or modelscope:org/name[@revision]"));
    }

    /** The named revision, else the site's usual branch. */
    public String revisionOrDefault() {
        return revision.orElse(site == Publisher.HUGGING_FACE ? "main" : MODELSCOPE_BRANCH);
    }

    /** Whether it names one commit, which never changes. */
    public boolean isPinned() {
        return revision.filter(r -> COMMIT.matcher(r).matches()).isPresent();
    }

    @Override
    public String toString() {
        return (site == Publisher.MODEL_SCOPE ? MODEL_SCOPE : "")
                + name
                + revision.map(r -> "@" + r).orElse("");
    }
}
