package dev.fovea.app.cli;

import dev.fovea.error.OptionException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Width and height in pixels. */
record Size(int width, int height) {
    private static final Pattern FORM = Pattern.compile("([1-9]\\d{0,5})x([1-9]\\d{0,5})");

    /** @throws OptionException where the text of an option is not WxH */
    static Size parse(String option, String text) {
        Matcher size = FORM.matcher(text);
        if (!size.matches()) {
            throw new OptionException(option + " is " + text + "; expected WIDTHxHEIGHT in pixels, as 640x480");
        }
        return new Size(Integer.parseInt(size.group(1)), Integer.parseInt(size.group(2)));
    }

    @Override
    public String toString() {
        return width + "x" + height;
    }
}
