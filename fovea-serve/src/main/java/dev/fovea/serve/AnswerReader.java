package dev.fovea.serve;

import dev.fovea.Answer;
import dev.fovea.Processor;
import dev.fovea.ToolCallParser;
import dev.fovea.ToolCallParser.Part;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** An answer as OpenAI has it: the text up to the first stop text, and the calls of tools in it. One answer each. */
final class AnswerReader {
    private final StopFilter filter;
    private final Optional<ToolCallParser> calls;

    private AnswerReader(StopFilter filter, Optional<ToolCallParser> calls) {
        this.filter = filter;
        this.calls = calls;
    }

    /** For one answer; without tools, calls are text. */
    static AnswerReader of(Tools tools, List<String> stops, Processor processor) {
        Set<String> names = tools.names();
        Optional<ToolCallParser> calls =
                names.isEmpty() ? Optional.empty() : Optional.of(processor.toolCallParser(names));
        return new AnswerReader(new StopFilter(stops), calls);
    }

    /** What has become certain. */
    List<Part> add(String piece) {
        return parts(filter.add(piece));
    }

    /** The rest; the answer is over. */
    List<Part> flush() {
        List<Part> parts = new ArrayList<>(parts(filter.flush()));
        calls.ifPresent(parser -> parts.addAll(parser.flush()));
        return parts;
    }

    /** The parts of an answer that is whole. */
    List<Part> read(Answer.Candidate answer) {
        List<Part> parts = new ArrayList<>(add(answer.text()));
        parts.addAll(flush());
        return parts;
    }

    private List<Part> parts(String text) {
        if (text.isEmpty()) {
            return List.of();
        }
        return calls.isPresent() ? calls.get().add(text) : List.of(new Part.Text(text));
    }
}
