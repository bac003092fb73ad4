package dev.fovea.generate;

/**
 * A language that answers are held to, as a processor that bans what would leave it and a rule that ends an answer which nothing can
 * follow. One may serve many answers, by threads too. Give it as both.
 */
public interface Constraint extends LogitsProcessor, StopRule {}
