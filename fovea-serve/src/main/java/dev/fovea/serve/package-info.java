/**
 * Models over HTTP, as OpenAI's clients ask for them: {@link dev.fovea.serve.FoveaServer}, its {@link
 * dev.fovea.serve.ServeOptions} and {@link dev.fovea.serve.ApiKey}. docs/serve.md has every route, option, limit and error.
 */
@NullMarked
package dev.fovea.serve;

import org.jspecify.annotations.NullMarked;
