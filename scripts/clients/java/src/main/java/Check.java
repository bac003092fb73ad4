import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.core.http.StreamResponse;
import com.openai.models.chat.completions.ChatCompletionChunk;
import com.openai.models.chat.completions.ChatCompletionContentPart;
import com.openai.models.chat.completions.ChatCompletionContentPartImage;
import com.openai.models.chat.completions.ChatCompletionContentPartText;
import com.openai.models.chat.completions.ChatCompletionCreateParams;
import dev.langchain4j.data.message.ImageContent;
import dev.langchain4j.data.message.TextContent;
import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import dev.langchain4j.model.openai.OpenAiChatModel;
import dev.langchain4j.model.openai.OpenAiStreamingChatModel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/** OpenAI's client for Java, and LangChain4j's, against a server of the demo models. */
public final class Check {
    private static final String ANSWER = "An orange heart.";
    private static final String QUESTION = "What is in the center?";
    private static final String URL = System.getenv("FOVEA_URL");
    private static final String KEY = System.getenv("FOVEA_KEY");

    public static void main(String[] args) throws Exception {
        String base64 = Base64.getEncoder().encodeToString(Files.readAllBytes(Path.of(System.getenv("FOVEA_PICTURE"))));
        openAi("data:image/png;base64," + base64);
        langChain(base64);
        System.out.println("ok");
        System.exit(0); // the clients' threads are not daemons
    }

    private static void openAi(String picture) {
        OpenAIClient client = OpenAIOkHttpClient.builder().baseUrl(URL).apiKey(KEY).maxRetries(0).build();
        ChatCompletionCreateParams params = ChatCompletionCreateParams.builder()
                .model("demo")
                .addUserMessageOfArrayOfContentParts(List.of(
                        ChatCompletionContentPart.ofImageUrl(ChatCompletionContentPartImage.builder()
                                .imageUrl(ChatCompletionContentPartImage.ImageUrl.builder().url(picture).build())
                                .build()),
                        ChatCompletionContentPart.ofText(
                                ChatCompletionContentPartText.builder().text(QUESTION).build())))
                .build();
        check(client.chat().completions().create(params).choices().get(0).message().content().orElseThrow());
        StringBuilder text = new StringBuilder();
        try (StreamResponse<ChatCompletionChunk> chunks = client.chat().completions().createStreaming(params)) {
            chunks.stream().flatMap(c -> c.choices().stream()).forEach(c -> c.delta().content().ifPresent(text::append));
        }
        check(text.toString());
    }

    private static void langChain(String base64) throws Exception {
        UserMessage message = UserMessage.from(ImageContent.from(base64, "image/png"), TextContent.from(QUESTION));
        check(OpenAiChatModel.builder().baseUrl(URL).apiKey(KEY).modelName("demo").maxRetries(0).build()
                .chat(message).aiMessage().text());
        CompletableFuture<ChatResponse> whole = new CompletableFuture<>();
        StringBuilder text = new StringBuilder();
        OpenAiStreamingChatModel.builder().baseUrl(URL).apiKey(KEY).modelName("demo").build()
                .chat(List.of(message), new StreamingChatResponseHandler() {
                    @Override
                    public void onPartialResponse(String piece) {
                        text.append(piece);
                    }

                    @Override
                    public void onCompleteResponse(ChatResponse response) {
                        whole.complete(response);
                    }

                    @Override
                    public void onError(Throwable error) {
                        whole.completeExceptionally(error);
                    }
                });
        check(whole.get().aiMessage().text());
        check(text.toString());
    }

    private static void check(String answer) {
        if (!answer.equals(ANSWER)) {
            throw new AssertionError("the answer is \"" + answer + "\"");
        }
    }
}
