package dev.fovea.io;

import dev.fovea.error.InputException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Locale;

/** What lies in a file's place after a download that went wrong, or under a wrong name. */
final class StandIn {
    /** So many first bytes are enough to recognise one. */
    static final int HEAD_BYTES = 512;

    private StandIn() {}

    /** @throws InputException if the first bytes show that the file is not at all what its name says */
    static void refuse(Path file, byte[] head) {
        refuse(file, new String(head, StandardCharsets.ISO_8859_1));
    }

    /** @throws InputException if the beginning of the text shows that the file is not at all what its name says */
    static void refuse(Path file, String content) {
        String text =
                content.substring(0, Math.min(content.length(), HEAD_BYTES)).strip();
        String lower = text.toLowerCase(Locale.ROOT);
        if (text.startsWith("version https://git-lfs")) {
            throw new InputException(
                    file + " is a git-lfs pointer in place of the file itself" + announcedSize(text),
                    "run git lfs pull in its directory, or download the file itself");
        }
        if (lower.startsWith("<!doctype") || lower.startsWith("<html")) {
            throw new InputException(
                    file + " is an HTML page in place of the file itself",
                    "download it again; on Hugging Face file links have /resolve/ where pages have /blob/");
        }
        if (text.startsWith("GGUF")) {
            throw new InputException(file + " is a GGUF file under another name", ModelDirectory.SUPPORTED);
        }
        if (text.startsWith("PK\u0003\u0004")) {
            throw new InputException(
                    file + " is a zip archive, as PyTorch writes them, under another name", ModelDirectory.SUPPORTED);
        }
    }

    private static String announcedSize(String pointer) {
        return pointer.lines()
                .filter(line -> line.startsWith("size "))
                .findFirst()
                .map(line -> ", which has " + line.substring(5).strip() + " bytes")
                .orElse("");
    }
}
