package dev.fovea.text.grammar;

import dev.fovea.text.Tokenizer;
import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.IntStream;

/**
 * The bytes of a vocabulary's tokens as a tree, laid out in the order of a walk: the first child of a node stands behind it, the next
 * one where that child's part of the tree ends. Node 0 is the root. Special tokens and those without a text are not in it.
 */
final class TokenTrie {
    /** The byte that leads to a node. */
    final byte[] label;

    /** Where the part of the tree below a node ends. */
    final int[] end;

    /** A token whose bytes lead to a node; -1 where none is. */
    final int[] token;

    /** Another token with the same bytes as a token; -1 where none is. */
    final int[] same;

    /** The bytes of each token; empty for those that are not in the tree. */
    final byte[][] bytes;

    private TokenTrie(byte[][] bytes) {
        this.bytes = bytes;
        int[] ids = IntStream.range(0, bytes.length)
                .filter(id -> bytes[id].length > 0)
                .boxed()
                .sorted(Comparator.comparing(id -> bytes[id], Arrays::compareUnsigned))
                .mapToInt(id -> id)
                .toArray();
        int nodes = 1;
        for (int i = 0; i < ids.length; i++) {
            nodes += bytes[ids[i]].length - (i == 0 ? 0 : common(bytes[ids[i - 1]], bytes[ids[i]]));
        }
        label = new byte[nodes];
        end = new int[nodes];
        token = new int[nodes];
        same = new int[bytes.length];
        Arrays.fill(token, -1);
        Arrays.fill(same, -1);
        fill(bytes, ids);
    }

    private void fill(byte[][] bytes, int[] ids) {
        int longest = Arrays.stream(bytes).mapToInt(b -> b.length).max().orElse(0);
        int[] path = new int[longest + 1]; // the nodes from the root to the last one
        int depth = 0;
        int next = 1;
        byte[] before = {};
        for (int id : ids) {
            byte[] now = bytes[id];
            int shared = common(before, now);
            while (depth > shared) {
                end[path[depth--]] = next;
            }
            while (depth < now.length) {
                label[next] = now[depth];
                path[++depth] = next++;
            }
            int node = path[depth];
            same[id] = token[node];
            token[node] = id;
            before = now;
        }
        while (depth >= 0) {
            end[path[depth--]] = next;
        }
    }

    private static int common(byte[] a, byte[] b) {
        int mismatch = Arrays.mismatch(a, b);
        return mismatch < 0 ? a.length : mismatch;
    }

    static TokenTrie of(Tokenizer tokenizer) {
        return new TokenTrie(
                IntStream.range(0, tokenizer.size()).mapToObj(tokenizer::bytes).toArray(byte[][]::new));
    }

    int tokens() {
        return bytes.length;
    }
}
