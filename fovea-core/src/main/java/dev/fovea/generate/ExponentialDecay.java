package dev.fovea.generate;

/**
 * transformers' {@code exponential_decay_length_penalty}: pushes answers to an end without a hard limit.
 *
 * @param start new tokens before it begins
 * @param factor base of the growth per token; above 1 makes the end likelier
 */
public record ExponentialDecay(int start, double factor) {}
