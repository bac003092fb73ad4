/**
 * Languages that an answer is held to, and which tokens keep it within one. A JSON schema becomes byte automata that call each other
 * ({@link dev.fovea.text.grammar.Automaton}); a walk through the vocabulary's bytes says which tokens go on from where an answer is.
 */
@NullMarked
package dev.fovea.text.grammar;

import org.jspecify.annotations.NullMarked;
