package dev.fovea.models.batch;

/**
 * What a batch may take.
 *
 * @param rows decoded at once; a request that alone has more runs when no other does
 * @param waiting requests that may wait for their turn
 * @param cacheBytes of keys and values of running requests
 * @param prefixBytes of keys and values of prompts that ran before
 */
public record Limits(int rows, int waiting, long cacheBytes, long prefixBytes) {}
