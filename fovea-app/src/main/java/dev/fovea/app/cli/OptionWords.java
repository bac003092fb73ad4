package dev.fovea.app.cli;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParseResult;

/**
 * Says options as they are typed: {@code --top-k} where requests, configuration files and the Java API say {@code top_k}. What a
 * file says keeps the file's words.
 */
final class OptionWords {
    /** In front of what is wrong in a request that is whole. */
    private static final Pattern OF_REQUEST = Pattern.compile("(?:the request's generate|processor options): (.*)");

    /** A key of a request, in which an option puts what a file holds. */
    private static final Pattern KEY_OF_REQUEST = Pattern.compile("the request's (\\w+)( .*)");

    private static final Pattern SUBJECT = Pattern.compile("(\\w+)((?: is | asks | has no effect|: ).*)");
    private static final Pattern WORD = Pattern.compile("\\w+");
    private static final Pattern OF_FILE = Pattern.compile("\\S*\\.jsonl?\\b.*");

    /** Where the engine's word is none of ours. */
    private static final Map<String, String> OTHERS = Map.of("parallel", "rows");

    private final Map<String, String> ofCommand = new LinkedHashMap<>();
    private final Map<String, String> typed = new LinkedHashMap<>();

    private OptionWords(CommandSpec command) {
        command.options().forEach(option -> ofCommand.put(key(option), option.longestName()));
    }

    /** Of a command line that was read; of its command, where it has one. */
    static OptionWords of(ParseResult line) {
        ParseResult command = line.hasSubcommand() ? line.subcommand() : line;
        OptionWords words = new OptionWords(command.commandSpec());
        for (OptionSpec option : command.matchedOptions()) {
            words.typed.put(key(option), option.longestName());
        }
        for (OptionSpec option : command.matchedOptions()) {
            if (option.getValue() instanceof Map<?, ?> pairs) {
                pairs.keySet()
                        .forEach(pair -> words.typed.putIfAbsent(key(pair + ""), option.longestName() + " " + pair));
            }
        }
        return words;
    }

    /** Of any command that asks a model. */
    static OptionWords ofRequests() {
        OptionWords words = new OptionWords(CommandSpec.forAnnotatedObject(new RequestOptions()));
        words.typed.putAll(words.ofCommand);
        return words;
    }

    /** Warnings about options. */
    static List<String> notes(List<String> warnings) {
        return warnings.isEmpty()
                ? warnings
                : warnings.stream().map(ofRequests()::problem).toList();
    }

    private static String key(OptionSpec option) {
        String key = key(option.longestName().replaceFirst("^-+", ""));
        return OTHERS.getOrDefault(key, key);
    }

    private static String key(String name) {
        return name.replace('-', '_');
    }

    /** What was wrong. */
    String problem(String text) {
        Matcher ofRequest = OF_REQUEST.matcher(text);
        if (ofRequest.matches()) {
            String rest = ofRequest.group(1);
            return WORD.matcher(rest).results().anyMatch(word -> typed.containsKey(word.group())) ? said(rest) : text;
        }
        return OF_FILE.matcher(text).matches() ? text : said(text);
    }

    /** What was wrong with a file that an option names, or with anything else. */
    String input(String text) {
        Matcher key = KEY_OF_REQUEST.matcher(text);
        return key.matches() && typed.containsKey(key.group(1)) ? typed.get(key.group(1)) + key.group(2) : text;
    }

    /** A word that may be any is an option's where the sentence is about it; one with an underscore always is. */
    private String said(String text) {
        Matcher subject = SUBJECT.matcher(text);
        return subject.matches() && typed.containsKey(subject.group(1))
                ? typed.get(subject.group(1)) + hint(subject.group(2))
                : hint(text);
    }

    /** What to do. */
    String hint(String text) {
        List<String> words =
                ofCommand.keySet().stream().filter(key -> key.contains("_")).toList();
        if (words.isEmpty()) {
            return text;
        }
        String any = words.stream().map(Pattern::quote).collect(Collectors.joining("|"));
        return Pattern.compile("(?<![\\w/.\"-])(?<!(?:--generate|--processor) )(" + any + ")(?![\\w/=\"-]|\\.\\w)")
                .matcher(text)
                .replaceAll(found -> ofCommand.get(found.group(1)));
    }
}
