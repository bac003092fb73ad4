package dev.fovea.tensor;

/**
 * Numbers of rows between which {@link Backend#linear} gives a row the same bits, whatever the other rows are.
 *
 * @param most {@link Integer#MAX_VALUE} where more rows change nothing, less than least where there are no such numbers
 */
public record SharedRows(int least, int most) {
    public static final SharedRows NONE = new SharedRows(1, 0);

    /** More rows than {@link Backend#FEW_ROWS}. */
    public static final SharedRows MANY = new SharedRows(Backend.FEW_ROWS + 1, Integer.MAX_VALUE);

    public boolean isUnbounded() {
        return most == Integer.MAX_VALUE;
    }
}
