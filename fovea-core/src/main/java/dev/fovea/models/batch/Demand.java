package dev.fovea.models.batch;

/**
 * What a request asks of the batch.
 *
 * @param client who takes turns with others
 * @param rows that it decodes at once
 * @param positions that these may reach together
 */
public record Demand(String client, int rows, long positions) {}
