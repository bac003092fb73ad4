package dev.fovea.models.florence2;

import dev.fovea.error.InputException;
import dev.fovea.error.OptionException;
import dev.fovea.error.Warnings;
import dev.fovea.generate.Sequence;
import dev.fovea.io.Config;
import dev.fovea.io.ModelDirectory;
import dev.fovea.io.Range;
import dev.fovea.media.DecodedImage;
import dev.fovea.media.Picture;
import dev.fovea.media.transforms.Resampler;
import dev.fovea.models.ConvertRgb;
import dev.fovea.models.FixedSizeImageProcessor;
import dev.fovea.models.Inputs;
import dev.fovea.models.ModelProcessor;
import dev.fovea.models.Parsed;
import dev.fovea.text.AddedToken;
import dev.fovea.text.ChatTemplates;
import dev.fovea.text.Tokenizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;

/**
 * Florence2Processor, Microsoft's and transformers'. They differ in that the latter trims the input of a task, takes
 * torchvision's resampler, and writes a placeholder for each of a picture's vectors into the prompt.
 */
final class Florence2Processor implements ModelProcessor {
    private static final int BINS = 1000;
    private static final Range COUNT = Range.of(0, 1 << 16);
    private static final Pattern LOCATION = Pattern.compile("<loc_[^>]*>?");
    private static final Pattern BIN = Pattern.compile("<loc_(0|[1-9]\\d{0,2})>");
    private static final Pattern LIKE_A_TASK = Pattern.compile("(<[A-Z][A-Za-z_]*>).*", Pattern.DOTALL);

    /** What Microsoft's code never grounds: black_list_of_phrase_grounding. */
    private static final Set<String> UNGROUNDED =
            Set.of(("it, I, me, mine, you, your, yours, he, him, his, she, her, hers, they, them,"
                            + " their, theirs, one, oneself, we, us, our, ours, its, myself, yourself, himself, herself, itself, ourselves,"
                            + " yourselves, themselves, this, that, these, those, who, whom, whose, which, what, all, another, any, anybody,"
                            + " anyone, anything, each, everybody, everyone, everything, few, many, nobody, none, several, some, somebody,"
                            + " someone, something, each other, one another, the image, image, images, the, a, an, a group, other objects,"
                            + " lots, a set")
                    .split(", "));

    private final boolean microsofts;
    private final Warnings warnings;
    private final Tokenizer tokenizer;
    private final FixedSizeImageProcessor images;
    private final ConvertRgb convertRgb;
    private final int imageTokens;
    private final String placeholders;
    private final PostProcessor postProcessor;

    Florence2Processor(ModelDirectory directory) {
        microsofts = Florence2Config.isMicrosofts(directory.config());
        warnings = directory.warnings();
        Config image = directory.imageProcessor();
        images = FixedSizeImageProcessor.ofClip(image, microsofts ? Resampler.PIL : Resampler.TORCHVISION);
        convertRgb = ConvertRgb.of(image);
        imageTokens = imageTokens(directory);
        postProcessor = microsofts
                ? new PostProcessor(true, UNGROUNDED, OcrRule.NONE)
                : directory
                        .processorConfig()
                        .flatMap(c -> c.optionalChild("post_processor_config"))
                        .map(Florence2Processor::postProcessor)
                        .orElse(new PostProcessor(false, UNGROUNDED, OcrRule.NONE));
        if (microsofts) {
            tokenizer = Tokenizer.open(directory.path(), addedTokens());
            placeholders = "";
        } else {
            tokenizer = Tokenizer.open(directory.path());
            int id = directory.config().integer("image_token_id", 51289);
            placeholders = tokenizer.piece(id).repeat(imageTokens);
        }
    }

    /** By the directory's own rules, which transformers' own class reads. */
    private static PostProcessor postProcessor(Config c) {
        c.ignore("forms of answers that have no rules", "pure_text", "bboxes", "polygons");
        c.ignore("forms of answers that have no rules", "description_with_bboxes", "description_with_polygons");
        c.ignore("forms of answers that have no rules", "description_with_bboxes_or_polygons");
        Set<String> ungrounded = c.optionalChild("phrase_grounding")
                .flatMap(p -> p.optionalStrings("banned_grounding_tokens"))
                .map(Set::copyOf)
                .orElse(Set.of());
        return new PostProcessor(
                false, ungrounded, c.optionalChild("ocr").map(OcrRule::of).orElse(OcrRule.NONE));
    }

    /** Vectors of a picture, of whatever size: the places of the tower's last map, and their mean. */
    static int imageTokens(ModelDirectory directory) {
        int more = directory
                .processorConfig()
                .map(c -> c.integer("num_additional_image_tokens", 0, COUNT))
                .orElse(0);
        return directory.imageProcessor().integer("image_seq_length", 577, COUNT) + more;
    }

    /** What Microsoft's processor adds to a BART tokenizer, in its order: ids follow from it. */
    private static List<AddedToken> addedTokens() {
        List<String> tokens = new ArrayList<>(List.of("<od>", "</od>", "<ocr>", "</ocr>"));
        IntStream.range(0, BINS).forEach(i -> tokens.add("<loc_" + i + ">"));
        tokens.addAll(
                List.of("<cap>", "</cap>", "<ncap>", "</ncap>", "<dcap>", "</dcap>", "<grounding>", "</grounding>"));
        tokens.addAll(List.of("<seg>", "</seg>", "<sep>", "<region_cap>", "</region_cap>"));
        tokens.addAll(List.of("<region_to_desciption>", "</region_to_desciption>", "<proposal>", "</proposal>"));
        tokens.addAll(List.of("<poly>", "</poly>", "<and>"));
        return tokens.stream().map(AddedToken::special).toList();
    }

    @Override
    public Tokenizer tokenizer() {
        return tokenizer;
    }

    @Override
    public Optional<ChatTemplates> chatTemplates() {
        return Optional.empty();
    }

    @Override
    public Inputs.Row process(Optional<String> text, List<DecodedImage> pictures, Config options) {
        FixedSizeImageProcessor processor = images.with(options);
        options.ignore("rows are never padded", "padding");
        if (pictures.size() != 1) {
            throw new InputException(
                    "Florence-2 takes one picture with each prompt; found " + pictures.size(),
                    pictures.isEmpty() ? "give a picture" : "ask about each picture in a request of its own");
        }
        String prompt = prompt(text.orElse(""));
        int[] ids = microsofts
                ? tokenizer.encode(prompt, true)
                : tokenizer.encode(
                        placeholders + edge(tokenizer.bosToken()) + prompt + edge(tokenizer.eosToken()), false);
        Inputs.Visual visual = processor.process(rgb(pictures.getFirst()), imageTokens);
        return new Inputs.Row(prompt, ids, List.of(visual), List.of());
    }

    /** convert_to_rgb of transformers: transparency over white; it was dropped in 4.49, which runs Microsoft's code. */
    private Picture rgb(DecodedImage image) {
        return microsofts ? image.rgb() : convertRgb.apply(image);
    }

    private static String edge(Optional<String> token) {
        return token.orElse("");
    }

    /** What the model reads instead of a task token; a text without one as it is: _construct_prompts. */
    private String prompt(String text) {
        checkLocations(text);
        Optional<Florence2Task> task = Florence2Task.of(text);
        if (task.isEmpty()) {
            Matcher own = LIKE_A_TASK.matcher(text);
            if (own.matches()) {
                warnings.warn(own.group(1)
                        + " is none of Florence-2's tasks, and asked as it stands, as fine-tuned models need it;"
                        + " the others are " + Florence2Task.tokens());
            }
            return text;
        }
        return task.get().question(text, input -> microsofts ? input : Whitespace.strip(input));
    }

    private static void checkLocations(String text) {
        Matcher found = LOCATION.matcher(text);
        while (found.find()) {
            if (!BIN.matcher(found.group()).matches()) {
                throw new InputException(
                        "malformed location token " + found.group() + " in the prompt; expected <loc_0> to <loc_"
                                + (BINS - 1) + ">",
                        "a place is floor(pixel * 1000 / side of the picture)");
            }
        }
    }

    @Override
    public String task(String text) {
        return Florence2Task.of(text).map(Florence2Task::token).orElse(text);
    }

    @Override
    public List<String> tasks() {
        return Arrays.stream(Florence2Task.values()).map(Florence2Task::token).toList();
    }

    @Override
    public Optional<Parsed> postProcess(String text, String task, int width, int height) {
        return Optional.of(postProcessor.parse(text, task, width, height));
    }

    @Override
    public Optional<Parsed> postProcess(Sequence answer, String task, int width, int height) {
        if (answer.tokenLogProbs().length != answer.ids().length) {
            throw new OptionException(
                    "the answer has " + answer.ids().length + " tokens and " + answer.tokenLogProbs().length
                            + " log-probabilities, from which scores are made",
                    "generate with output_scores");
        }
        // Token by token and not cleaned up, as the reference decodes here.
        List<String> pieces = Arrays.stream(answer.ids())
                .mapToObj(id -> tokenizer.decode(new int[] {id}, false, false))
                .toList();
        return Optional.of(postProcessor.parse(new ScoredText(pieces, answer.tokenLogProbs()), task, width, height));
    }
}
